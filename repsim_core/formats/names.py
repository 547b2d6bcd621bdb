"""Names that came from a file: what may be shown of them, and which are refused."""

from repsim_core.errors import FormatError
from repsim_core.limits import LIMITS

_MARKUP = set('<>"`$\\')  # would mean something in HTML, Markdown or LaTeX


def shown_name(text: str, length: int = LIMITS.shown_name_length) -> str:
    r"""What may be shown of a name from a file: hidden characters as escapes, no more than ``length`` characters.

    Examples
    --------
    >>> shown_name("a\u202egnp.exe")
    'a\\u202egnp.exe'
    >>> shown_name("layer" * 40, 12)
    'layerlayerl…'
    """
    pieces: list[str] = []
    room = length
    for character in text[: length + 1]:
        piece = _escaped(character)
        if len(piece) > room:
            break
        pieces.append(piece)
        room -= len(piece)
    if len(pieces) == len(text):
        return "".join(pieces)
    while pieces and room < 1:
        room += len(pieces.pop())
    return "".join(pieces) + "…"


def _escaped(character: str) -> str:
    # Not printable: control, invisible, reordering, private, unassigned, lone surrogates, separators but the space.
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def checked_name(file: str, kind: str, name: str, longest: int = LIMITS.tensor_name_length) -> str:
    """The name itself if it may stand in pages and tables; otherwise a :class:`FormatError`.

    Letters, marks and digits of every script are fine, and so is most punctuation; refused are hidden characters,
    what is markup in HTML, Markdown or LaTeX, paths that climb, and names that are empty or too long.
    """
    if not 1 <= len(name) <= longest:
        raise FormatError(
            f"{file}: the {kind} name {shown_name(name)!r} has {len(name)} characters (1 to {longest} are allowed); "
            "rename it and save again."
        )
    wrong = [one for one in name if one in _MARKUP or not one.isprintable()]
    climbs = ".." in name.split("/") or name.startswith("/") or "](" in name
    if wrong or climbs:
        found = f"the character {_escaped(wrong[0])}" if wrong else "a path or a link"
        raise FormatError(
            f"{file}: the {kind} name {shown_name(name)} holds {found}; use letters, digits, spaces and . _ - / : # @."
        )
    return name
