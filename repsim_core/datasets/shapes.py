"""Procedural pictures, 32 × 32 in colour: ten shapes in three domains that share every other choice.

Image i of a split has the same shape, place, size, angle and colours in each domain, and the same stimulus id, so the
domains can be compared picture by picture.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from repsim_core.datasets.outlines import OUTLINES, Field
from repsim_core.datasets.source import Content, Source
from repsim_core.types import DatasetCard

SIDE = 32
SIZES = {"train": 4000, "test": 1000}
CLASSES = tuple(OUTLINES)
_STREAM = {"train": 0, "test": 1, "noise": 2}
_CHOICES = 16  # uniform numbers per image, in the order they are used below


@lru_cache
def _latents(split: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Class of each image, (n,), and its uniform numbers, (n, 16); every image has a generator of its own."""
    n = SIZES[split]
    seeds = [np.random.SeedSequence((_STREAM[split], i)) for i in range(n)]
    draws = np.stack([np.random.Generator(np.random.PCG64(seed)).random(_CHOICES) for seed in seeds])
    return np.arange(n, dtype=np.int64) % len(CLASSES), draws


def _grid() -> tuple[Field, Field]:
    centre = np.arange(SIDE) + 0.5 - SIDE / 2
    x, y = np.meshgrid(centre, -centre)
    return x[None], y[None]


def _between(low: float, high: float, u: Field) -> Field:
    return (low + (high - low) * u)[:, None, None]


@lru_cache
def _distances(split: str) -> Field:
    """Signed distance of every pixel to the outline, in pixels, (n, 32, 32)."""
    labels, u = _latents(split)
    x, y = _grid()
    radius = _between(8.0, 12.0, u[:, 0])
    x, y = x - _between(-1, 1, u[:, 1]) * (15 - radius), y - _between(-1, 1, u[:, 2]) * (15 - radius)
    angle = _between(0, 2 * np.pi, u[:, 3])
    along, across = (x * np.cos(angle) + y * np.sin(angle)) / radius, (y * np.cos(angle) - x * np.sin(angle)) / radius
    out = np.empty_like(along)
    for index, outline in enumerate(OUTLINES.values()):
        rows = labels == index
        out[rows] = outline(along[rows], across[rows]) * radius[rows]
    return out


def _colour(hue: Field, saturation: Field, value: Field) -> Field:
    """RGB of hue, saturation and value, all (n,): (n, 3, 1, 1)."""
    wheel = (hue[:, None] * 6 + np.array([5.0, 3.0, 1.0])) % 6
    share = np.clip(np.minimum(wheel, 4 - wheel), 0, 1)
    out: Field = value[:, None] * (1 - saturation[:, None] * share)
    return out[:, :, None, None]


def _colours(u: Field) -> tuple[Field, Field, Field]:
    """Of the shape, and of both ends of the background: hues apart, one light and the other dark."""
    light = u[:, 7] > 0.5
    hue = u[:, 4]
    other = hue + 0.25 + 0.5 * u[:, 5]
    front = _colour(hue, 0.5 + 0.5 * u[:, 6], np.where(light, 0.85, 0.45) + 0.15 * u[:, 8])
    value = np.where(light, 0.15, 0.7) + 0.25 * u[:, 10]
    first = _colour(other, 0.3 + 0.5 * u[:, 9], value)
    second = _colour(other + 0.1, 0.3 + 0.5 * u[:, 9], np.clip(value + 0.3 * (u[:, 11] - 0.5), 0, 1))
    return front, first, second


def _wave(u: Field, turn: Field, wavelength: Field) -> Field:
    """Sine stripes in [0, 1], (n, 32, 32)."""
    x, y = _grid()
    angle = _between(0, np.pi, turn)
    phase = (x * np.cos(angle) + y * np.sin(angle)) / _between(4.0, 8.0, wavelength) + u[:, None, None]
    return 0.5 + 0.5 * np.clip(2.5 * np.sin(2 * np.pi * phase), -1, 1)


def _noise(split: str, cells: int) -> Field:
    """Random grey values on a coarse grid, (n, 32, 32), one generator per image."""
    seeds = [np.random.SeedSequence((_STREAM[split], i, _STREAM["noise"])) for i in range(SIZES[split])]
    coarse = np.stack([np.random.Generator(np.random.PCG64(seed)).random((cells, cells)) for seed in seeds])
    return coarse.repeat(SIDE // cells, axis=1).repeat(SIDE // cells, axis=2)


def _plain(split: str) -> Field:
    """One colour on a gradient."""
    _, u = _latents(split)
    x, y = _grid()
    front, first, second = _colours(u)
    angle = _between(0, 2 * np.pi, u[:, 12])
    slope = np.clip(0.5 + (x * np.cos(angle) + y * np.sin(angle)) / SIDE, 0, 1)[:, None]
    inside = np.clip(0.5 - _distances(split), 0, 1)[:, None]
    return inside * front + (1 - inside) * (first + (second - first) * slope)


def _texture(split: str) -> Field:
    """Stripes or checks in two tones on coarse noise."""
    _, u = _latents(split)
    front, first, second = _colours(u)
    stripes = _wave(u[:, 13], u[:, 14], u[:, 15])
    crossed = _wave(u[:, 12], u[:, 14] + 0.5, u[:, 15])
    pattern = np.where((u[:, 11] > 0.5)[:, None, None], stripes, np.abs(stripes - crossed))[:, None]
    grain = _noise(split, 16)[:, None]
    inside = np.clip(0.5 - _distances(split), 0, 1)[:, None]
    tone = front * (1 - 0.45 * pattern)
    return inside * tone + (1 - inside) * (first + (second - first) * 0.5) * (0.55 + 0.6 * grain)


def _sketch(split: str) -> Field:
    """A dark line on light paper."""
    _, u = _latents(split)
    thickness = _between(0.6, 1.3, u[:, 13])
    line = np.clip(thickness + 0.5 - np.abs(_distances(split)), 0, 1)[:, None]
    tint = _colour(u[:, 9], np.full(len(u), 0.6), np.ones(len(u)))
    paper = 0.88 + 0.1 * tint + 0.04 * (_noise(split, 32)[:, None] - 0.5)
    ink = _colour(u[:, 4], 0.5 * u[:, 6], 0.1 + 0.2 * u[:, 8])
    return line * ink + (1 - line) * paper


_PAINTERS = {"shapes": _plain, "shapes_texture": _texture, "shapes_sketch": _sketch}
_DESCRIPTIONS = {
    "shapes": "Ten shapes in one colour on a gradient",
    "shapes_texture": "The pictures of shapes with striped or checked fillings on noise",
    "shapes_sketch": "The pictures of shapes as dark outlines on paper",
}


@lru_cache
def _content(name: str, split: str) -> Content:
    labels, _ = _latents(split)
    # Whole grey levels: a last bit of a sine that differs between machines does not survive the rounding.
    levels = np.rint(np.clip(_PAINTERS[name](split), 0, 1) * 255).astype(np.uint8)
    stimuli = tuple(f"shapes/{split}/{i:04d}" for i in range(len(labels)))
    return Content((levels / np.float32(255)).astype(np.float32), labels, stimuli)


def _source(name: str) -> Source:
    card = DatasetCard(
        name,
        "image",
        "classification",
        (3, SIDE, SIDE),
        SIZES,
        CLASSES,
        _DESCRIPTIONS[name],
        "generated by RepSim from fixed seeds",
    )
    return Source(card, lambda split: _content(name, split))


SOURCES = tuple(_source(name) for name in _PAINTERS)
