"""Ten shapes as signed distances: negative inside, about one per unit length, in a frame that the shape fills.

All of it is arithmetic on whole arrays, so the pictures are the same on every machine.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float64]  # the frame is [-1, 1] each way


def _circle(x: Field, y: Field) -> Field:
    return np.hypot(x, y) - 0.9


def _box(x: Field, y: Field, width: float, height: float) -> Field:
    out: Field = np.maximum(np.abs(x) - width, np.abs(y) - height)
    return out


def _square(x: Field, y: Field) -> Field:
    return _box(x, y, 0.78, 0.78)


def _polygon(x: Field, y: Field, sides: int, apothem: float) -> Field:
    angles = 2 * np.pi * np.arange(sides) / sides - np.pi / 2
    edges = [x * np.cos(angle) + y * np.sin(angle) for angle in angles]
    out: Field = np.maximum.reduce(edges) - apothem
    return out


def _triangle(x: Field, y: Field) -> Field:
    return _polygon(x, y, 3, 0.52)


def _pentagon(x: Field, y: Field) -> Field:
    return _polygon(x, y, 5, 0.76)


def _star(x: Field, y: Field) -> Field:
    """Half-plane below the line from a tip (radius 1) to the next notch (radius 0.42), after folding ten times."""
    sector = np.pi / 5
    angle = np.abs((np.arctan2(y, x) + sector) % (2 * sector) - sector)
    radius = np.hypot(x, y)
    notch = 0.42 * np.cos(sector), 0.42 * np.sin(sector)
    normal = np.array([notch[1], 1 - notch[0]]) / np.hypot(notch[1], 1 - notch[0])
    out: Field = (radius * np.cos(angle) - 1) * normal[0] + radius * np.sin(angle) * normal[1]
    return out


def _cross(x: Field, y: Field) -> Field:
    return np.minimum(_box(x, y, 0.95, 0.28), _box(x, y, 0.28, 0.95))


def _ring(x: Field, y: Field) -> Field:
    return np.abs(np.hypot(x, y) - 0.7) - 0.22


def _crescent(x: Field, y: Field) -> Field:
    out: Field = np.maximum(np.hypot(x, y) - 0.95, 0.8 - np.hypot(x - 0.5, y))
    return out


def _heart(x: Field, y: Field) -> Field:
    """A square standing on its corner with a half disc on each of two sides."""
    side = 0.6
    u, v = (x + y) * np.sqrt(0.5), (y - x) * np.sqrt(0.5)
    corner = _box(u + 0.18, v + 0.18, side, side)
    lobes = np.minimum(np.hypot(u - side + 0.18, v + 0.18), np.hypot(u + 0.18, v - side + 0.18)) - side
    out: Field = np.minimum(corner, lobes)
    return out


def _arrow(x: Field, y: Field) -> Field:
    shaft = _box(x + 0.45, y, 0.5, 0.24)
    head = np.maximum(-x, (x + np.abs(y) * 1.1 - 0.98) / np.hypot(1, 1.1))
    out: Field = np.minimum(shaft, head)
    return out


OUTLINES: dict[str, Callable[[Field, Field], Field]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "pentagon": _pentagon,
    "star": _star,
    "cross": _cross,
    "ring": _ring,
    "crescent": _crescent,
    "heart": _heart,
    "arrow": _arrow,
}
