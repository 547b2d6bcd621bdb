"""PNG and JPEG files as arrays of bytes: what a file is, is told by its content, and its size before it is decoded."""

import io
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from repsim_core.errors import BudgetError, FormatError
from repsim_core.limits import LIMITS

FORMATS = ("PNG", "JPEG")
SUFFIXES = (".png", ".jpg", ".jpeg")
LARGEST_SIDE = 224  # pixels; larger pictures are reduced, as networks of this size see them
_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_OTHERS = {
    b"GIF8": "a GIF",
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript document",
    b"\xc5\xd0\xd3\xc6": "a PostScript document",
    b"BM": "a BMP",
    b"II*\x00": "a TIFF",
    b"MM\x00*": "a TIFF",
    b"SIMPLE": "a FITS",
    b"<svg": "an SVG drawing",
    b"<?xml": "an SVG drawing or other XML",
}


@dataclass(frozen=True)
class Header:
    """What is known before a picture is decoded."""

    width: int
    height: int
    grey: bool


def is_picture(raw: bytes) -> bool:
    """Whether the first bytes are those of a PNG or a JPEG."""
    return raw.startswith(_STARTS)


def header(raw: bytes, what: str) -> Header:
    """Size of a picture and whether it is grey.

    Raises
    ------
    FormatError
        If it is no PNG or JPEG by its content, or damaged.
    BudgetError
        If it has more pixels than one picture may have.
    """
    if raw[:8] == _STARTS[0] and len(raw) >= 24:  # Pillow would warn first
        _check_size(int.from_bytes(raw[16:20], "big"), int.from_bytes(raw[20:24], "big"), what)
    with _opened(raw, what) as image:
        _check_size(*image.size, what)
        return Header(*image.size, _is_grey(image))


def common_shape(headers: Sequence[Header], side: int | None = None) -> tuple[int, int, int]:
    """One shape (channels, height, width) for a set of pictures.

    One channel if all are grey. Pictures that are all of one size and at most 224 pixels a side keep it; otherwise they
    become squares with the median of their shorter sides, at most 224, or with ``side``.
    """
    channels = 1 if all(one.grey for one in headers) else 3
    sizes = {(one.height, one.width) for one in headers}
    if side is None and len(sizes) == 1 and max(next(iter(sizes))) <= LARGEST_SIDE:
        return (channels, *next(iter(sizes)))
    shorter = int(np.median([min(one.width, one.height) for one in headers]))
    square = min(shorter, LARGEST_SIDE) if side is None else side
    return channels, square, square


def decoded(raw: bytes, what: str, shape: tuple[int, int, int]) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """First frame as ``(channels, height, width)``, cut to the middle where the proportions differ, and what was done.

    Colour profiles, EXIF and its orientation are dropped. Transparent pixels are laid on white.
    """
    channels, height, width = shape
    done: list[str] = []
    with _opened(raw, what) as image:
        _check_size(*image.size, what)
        grey = _is_grey(image)
        image.draft("L" if grey else "RGB", (width, height))
        try:
            image.load()
        except Exception as error:  # any damage; Pillow raises many kinds
            raise FormatError(f"{what} is damaged ({_reason(error)}); save or download it again.") from error
        plain = _plain(image, done)
    if channels == 1:
        plain = plain.convert("L")
    elif plain.mode != "RGB":
        plain = plain.convert("RGB")
    if plain.size != (width, height):
        done.append(f"scaled to {height} × {width}, the middle of them where the proportions differ")
        plain = ImageOps.fit(plain, (width, height), Image.Resampling.BILINEAR)
    pixels = np.asarray(plain)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1), tuple(done)


def counted(done: Iterable[Sequence[str]], total: int) -> tuple[str, ...]:
    """What was done to how many of the pictures, a sentence each."""
    counts = Counter(one for each in done for one in each)
    return tuple(f"{count} of {total} pictures are {what}." for what, count in counts.items())


def _plain(image: Image.Image, done: list[str]) -> Image.Image:
    """The picture in mode L or RGB."""
    if image.mode in ("L", "RGB"):
        return image
    if image.mode.startswith("I"):
        done.append("reduced from 16 bits to 8")
        return Image.fromarray((np.asarray(image).astype(np.int64).clip(0, 65535) // 257).astype(np.uint8))
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        done.append("transparent, and laid on white")
        layers = image.convert("RGBA")
        white = Image.new("RGBA", layers.size, "white")
        flat = Image.alpha_composite(white, layers)
        return flat.convert("L" if image.mode == "LA" else "RGB")
    if image.mode == "CMYK":
        done.append("turned from CMYK to RGB")
    return image.convert("L" if image.mode == "1" else "RGB")


def _is_grey(image: Image.Image) -> bool:
    return image.mode in ("1", "L", "LA") or image.mode.startswith("I")


def _opened(raw: bytes, what: str) -> Image.Image:
    if not is_picture(raw):
        found = next((name for start, name in _OTHERS.items() if raw.startswith(start)), "something else")
        if raw[8:12] == b"WEBP":
            found = "a WebP"
        raise FormatError(f"{what} is {found}, not a PNG or a JPEG; save the picture as PNG or JPEG.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return Image.open(io.BytesIO(raw), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BudgetError(_too_large("more", what)) from error
    except Exception as error:  # any damage; Pillow raises many kinds
        raise FormatError(f"{what} is damaged ({_reason(error)}); save or download it again.") from error


def _check_size(width: int, height: int, what: str) -> None:
    if width * height > LIMITS.image_pixels or max(width, height) > LIMITS.image_side:
        raise BudgetError(_too_large(f"{width} × {height}", what))


def _too_large(size: str, what: str) -> str:
    pixels = f"{LIMITS.image_pixels:,}".replace(",", " ")
    return f"{what} has {size} pixels (limit {LIMITS.image_side} a side and {pixels} in all); make it smaller."


def _reason(error: Exception) -> str:
    if str(error).startswith("cannot identify"):
        return "no picture can be read from it"
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:120]
