"""What a file is, told by its content and never by its name."""

from pathlib import Path
from typing import Literal

from repsim_core.errors import FormatError
from repsim_core.formats.names import shown_name
from repsim_core.formats.zip_directory import Member
from repsim_core.formats.zips import zip_members

Kind = Literal["safetensors", "npz", "npy", "pt", "pt2", "zip", "csv"]

SAVE_WEIGHTS = 'safetensors.torch.save_file(model.state_dict(), "weights.safetensors")'
SAVE_GRAPH = (
    "torch.export.save(torch.export.export(model.eval(), (x,), "
    'dynamic_shapes=({0: torch.export.Dim("batch")},)), "model.pt2")'
)
SAVE_ACTIVATIONS = 'numpy.savez("activations.npz", **{"layer name": array})'
SAVE_IMAGES = "a .zip with one folder of PNG or JPEG files a class"

_BAD_PICKLE = f"reading it can run any program; save the weights alone: {SAVE_WEIGHTS}"
_ARCHIVE = f"only .zip archives are read; unpack it and give the file itself, or {SAVE_IMAGES}"
_IMAGE = f"pictures come as a set: {SAVE_IMAGES}"
_FOREIGN = f"record its responses and save them: {SAVE_ACTIVATIONS}"

# First bytes → (what it is, what to do). Longer marks first where one begins another.
_MARKS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "a checkpoint in PyTorch's form from before 1.6", _BAD_PICKLE),
    (0, b"\x80\x02", "a Python pickle", _BAD_PICKLE),
    (0, b"\x80\x03", "a Python pickle", _BAD_PICKLE),
    (0, b"\x80\x04", "a Python pickle (or joblib file)", _BAD_PICKLE),
    (0, b"\x80\x05", "a Python pickle (or joblib file)", _BAD_PICKLE),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file (Keras, MATLAB)", _FOREIGN),
    (4, b"TFL3", "a TensorFlow Lite model", _FOREIGN),
    (0, b"GGUF", "a GGUF model", _FOREIGN),
    (0, b"MATLAB 5.0", "a MATLAB file", _FOREIGN),
    (0, b"PAR1", "a Parquet table", "export it as CSV"),
    (0, b"SQLite format 3", "a database", "export the table as CSV"),
    (257, b"ustar", "a tar archive", _ARCHIVE),
    (0, b"\x1f\x8b", "a gzip archive", _ARCHIVE),
    (0, b"BZh", "a bzip2 archive", _ARCHIVE),
    (0, b"\xfd7zXZ\x00", "an xz archive", _ARCHIVE),
    (0, b"\x28\xb5\x2f\xfd", "a zstd archive", _ARCHIVE),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", _ARCHIVE),
    (0, b"Rar!\x1a\x07", "a RAR archive", _ARCHIVE),
    (0, b"\x89PNG\r\n\x1a\n", "a single PNG picture", _IMAGE),
    (0, b"\xff\xd8\xff", "a single JPEG picture", _IMAGE),
    (0, b"GIF8", "a single GIF picture", _IMAGE),
    (8, b"WEBP", "a single WebP picture", _IMAGE),
    (0, b"II*\x00", "a single TIFF picture", _IMAGE),
    (0, b"MM\x00*", "a single TIFF picture", _IMAGE),
    (0, b"%PDF", "a PDF document", _IMAGE),
    (0, b"%!PS", "a PostScript document", _IMAGE),
    (0, b"\x7fELF", "a program", f"weights come as {SAVE_WEIGHTS}"),
    (0, b"MZ", "a program", f"weights come as {SAVE_WEIGHTS}"),
    (0, b"#!", "a script", f"weights come as {SAVE_WEIGHTS}"),
    (
        0,
        b"version https://git-lfs",
        "a Git LFS pointer, not the file it points to",
        "run `git lfs pull` and take the file",
    ),
)


def kind(path: str | Path) -> Kind:
    """What a file is, by its content.

    Returns
    -------
    str
        "safetensors"; "npz" and "npy" (NumPy); "pt" (a zip written by ``torch.save``) and "pt2" (by
        ``torch.export.save``); "zip" (of pictures, presumably); "csv". Only the container is told: each has a reader
        that checks the content.

    Raises
    ------
    FormatError
        For everything else, with what it is and the line of code that exports what RepSim reads; and for a zip whose
        structure is refused by :func:`repsim_core.formats.zip_members`.
    """
    path = Path(path)
    file = shown_name(path.name)
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        head = stream.read(4096)
    if not head:
        raise FormatError(f"{file} is empty (0 bytes); save or download it again.")
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(path, zip_members(path), file)
    for at, mark, what, way in _MARKS:
        if head[at : at + len(mark)] == mark:
            raise _refused(file, what, way)
    if _is_onnx(head):
        raise _refused(file, "an ONNX model", f"export the graph from PyTorch instead: {SAVE_GRAPH}")
    if head[8:9] == b"{" or 0 < int.from_bytes(head[:8], "little") <= size - 8:
        return "safetensors"
    return _text(head, file)


def _refused(file: str, what: str, way: str) -> FormatError:
    return FormatError(f"{file} is {what}, which RepSim does not read; {way}.")


def _archive(path: Path, members: dict[str, Member], file: str) -> Kind:
    """What a zip holds, by the names of its members."""
    inner = {name.partition("/")[2] for name in members}  # torch puts all below one folder
    names = set(members) | inner
    if ".data/extern_modules" in names:
        raise _refused(file, "a torch.package archive", _BAD_PICKLE)
    if "constants.pkl" in names or any(one.startswith("code/") for one in inner):
        way = f"it is a program; export the graph ({SAVE_GRAPH}) or save the weights ({SAVE_WEIGHTS})"
        raise _refused(file, "a TorchScript archive", way)
    if names & {"archive_format", "serialized_exported_program.json"}:
        return "pt2"
    if "data.pkl" in names:
        return "pt"
    if any(one.endswith(".npy") for one in members):
        return "npz"
    if any(one.endswith(".weights.h5") for one in members):
        raise _refused(file, "a Keras model", _FOREIGN)
    if names & {"[Content_Types].xml", "META-INF/MANIFEST.MF"}:
        raise _refused(file, "an office document or a Java archive", f"pack the pictures: {SAVE_IMAGES}")
    return "zip"


def _is_onnx(head: bytes) -> bool:
    """ModelProto: field 1 (ir_version) is a small number, then a field from 2 to 8 or 14."""
    return (
        len(head) > 3
        and head[0] == 0x08
        and 1 <= head[1] < 32
        and head[2] in (0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42, 0x72)
    )


def _text(head: bytes, file: str) -> Kind:
    """A table, or the refusal of other text and of bytes nobody knows."""
    way = f"weights come as {SAVE_WEIGHTS}, responses as {SAVE_ACTIVATIONS}, pictures as {SAVE_IMAGES}, tables as CSV"
    try:
        text = head.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:  # not just a character cut in two
            raise _refused(file, "of no known form", way) from error
        text = head[: error.start].decode()
    if any(ord(one) < 32 and one not in "\t\r\n\f" for one in text):
        raise _refused(file, "of no known form", way)
    start = text.lstrip()
    if start.startswith("<"):
        raise _refused(file, "a web page or XML", f"was the page saved in place of the file? {way}")
    if start.startswith(("{", "[")):
        raise _refused(file, "a JSON file", way)
    line = start.partition("\n")[0]
    if any(mark in line for mark in ",;\t"):
        return "csv"
    raise _refused(file, "a text file", way)
