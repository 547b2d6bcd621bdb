"""Sizes that depend on the batch: a grammar of whole numbers, one symbol and five functions, read and never evaluated.

Torch writes them as SymPy does, ``Mul(Integer(4), Symbol('s77', positive=True, integer=True))``, and reads them back by
``eval``. Here they are cut into tokens and become a small tree.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

from repsim_core.errors import FormatError
from repsim_core.formats import shown_name

LONGEST = 300  # characters
_TOKEN = re.compile(
    r"\s*(?:(?P<symbol>Symbol\('(s[0-9]+)'(?:, (?:positive|integer|nonnegative)=True)*\))|"
    r"(?P<function>(?:Mul|Add|FloorDiv|Mod|Min|Max|Integer)\()|(?P<bare>s[0-9]+)\b|(?P<number>[0-9]{1,18})\b|"
    r"(?P<sign>//|[-+*(),]))"
)
_FUNCTIONS: dict[str, Callable[..., int]] = {
    "Mul": lambda *parts: prod(parts),
    "Add": lambda *parts: sum(parts),
    "FloorDiv": lambda a, b: a // b,
    "Mod": lambda a, b: a % b,
    "Min": min,
    "Max": max,
    "Integer": lambda a: a,
    "-": lambda a: -a,
}
_BINARY = {"+": "Add", "*": "Mul", "//": "FloorDiv"}
Tree = int | str | tuple[Any, ...]


@dataclass(frozen=True)
class Size:
    """A whole number as a formula in the batch size."""

    tree: Tree
    symbols: frozenset[str]

    def at(self, batch: int) -> int:
        """Its value for a batch; FormatError where the formula divides by zero or misuses a function."""
        try:
            return _value(self.tree, batch)
        except (ArithmeticError, TypeError) as error:
            raise FormatError(f"a size formula of the graph fails at batch {batch} ({error})") from error


def size(text: str) -> Size:
    """The formula that a text writes.

    Examples
    --------
    >>> size("Mul(Integer(4), Symbol('s77', positive=True, integer=True))").at(3)
    12
    """
    if len(text) > LONGEST:
        raise FormatError(f"a size expression has {len(text):,} characters (limit {LONGEST})")
    tokens: list[str] = []
    symbols: set[str] = set()
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _refused(text)
        at = found.end()
        if found["symbol"] or found["bare"]:
            symbols.add(found[2] or found["bare"])
            tokens.append("s")
        else:
            tokens.append(found[0].strip())
    reader = _Reader(tokens, text)
    tree = reader.sum()
    if reader.rest:
        raise _refused(text)
    return Size(tree, frozenset(symbols))


class _Reader:
    """Recursive descent over tokens, last token first so that the next one is at the end."""

    def __init__(self, tokens: list[str], text: str) -> None:
        self.rest, self._text = tokens[::-1], text

    def sum(self) -> Tree:
        tree = self._product()
        while self.rest and self.rest[-1] in ("+", "-"):
            sign = self.rest.pop()
            right = self._product()
            tree = ("Add", tree, right if sign == "+" else ("-", right))
        return tree

    def _product(self) -> Tree:
        tree = self._factor()
        while self.rest and self.rest[-1] in ("*", "//"):
            tree = (_BINARY[self.rest.pop()], tree, self._factor())
        return tree

    def _factor(self) -> Tree:
        token = self.rest.pop() if self.rest else ""
        if token == "-":
            return ("-", self._factor())
        if token == "s":
            return "s"
        if token.isdigit():
            return int(token)
        if token == "(":
            tree = self.sum()
            self._expect(")")
            return tree
        if not token.endswith("("):
            raise _refused(self._text)
        parts = [self.sum()]
        while self.rest and self.rest[-1] == ",":
            self.rest.pop()
            parts.append(self.sum())
        self._expect(")")
        return (token[:-1], *parts)

    def _expect(self, token: str) -> None:
        if not self.rest or self.rest.pop() != token:
            raise _refused(self._text)


def _value(tree: Tree, batch: int) -> int:
    if isinstance(tree, int):
        return tree
    if isinstance(tree, str):
        return batch
    return _FUNCTIONS[tree[0]](*(_value(one, batch) for one in tree[1:]))


def _refused(text: str) -> FormatError:
    return FormatError(
        f"the size expression {shown_name(text)!r} is not made of whole numbers, one symbol and + - * // alone"
    )
