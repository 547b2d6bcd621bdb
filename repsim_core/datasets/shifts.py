"""Shifted stimuli: the same ids and labels, other pixels. What is random about a stimulus depends on its id alone."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import InputError, unknown_name
from repsim_core.types import Stimuli

DOMAINS = {"plain": "shapes", "texture": "shapes_texture", "sketch": "shapes_sketch"}
Inputs = NDArray[np.float32]


@dataclass(frozen=True)
class Kind:
    """One kind of shift: its range, an amount that shows, and the kinds of dataset it is for."""

    description: str
    low: float
    high: float
    usual: float
    of: Callable[[Inputs, Stimuli, float], Inputs]
    data: tuple[str, ...] = ("image",)


@dataclass(frozen=True)
class Shift:
    """A kind of shift and its severity, or the name of a domain."""

    kind: str
    amount: float = 0.0
    domain: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.domain or format(self.amount, 'g')}"


def shift_named(text: str) -> Shift:
    """The shift that a text such as "noise:0.2" or "domain:sketch" stands for.

    Raises
    ------
    UnknownNameError
        For a kind or a domain that does not exist.
    InputError
        If the severity is missing, no number, or outside the range of its kind.

    Examples
    --------
    >>> str(shift_named("rotation:45.0"))
    'rotation:45'
    """
    kind, colon, given = text.partition(":")
    if kind == "domain":
        if given not in DOMAINS:
            raise unknown_name("domain", given, DOMAINS)
        return Shift(kind, domain=given)
    if kind not in SHIFTS:
        raise unknown_name("shift", kind, [*SHIFTS, "domain"])
    known = SHIFTS[kind]
    try:
        amount = float(given)
    except ValueError:
        amount = np.nan
    if not colon or not known.low <= amount <= known.high:
        raise InputError(
            f"The shift {text!r} needs a severity from {known.low:g} to {known.high:g}; write {kind}:{known.usual:g}."
        )
    return Shift(kind, float(f"{amount:g}"))


def shifted(inputs: Inputs, stimuli: Stimuli, shift: Shift, data: str, name: str) -> Inputs:
    """Inputs of a dataset of this kind ("image", "tabular", "points") after a shift; pictures stay in [0, 1].

    Raises
    ------
    InputError
        If the shift is not for such data.
    """
    if shift.kind == "domain":
        raise InputError(f"{name} has no domains; only {', '.join(DOMAINS.values())} are drawn in several.")
    kind = SHIFTS[shift.kind]
    if data not in kind.data:
        fitting = ", ".join(one for one, each in SHIFTS.items() if data in each.data)
        raise InputError(f"{shift.kind} is for pictures, and {name} has none; choose {fitting}.")
    moved = kind.of(inputs, stimuli, shift.amount)
    return np.clip(moved, 0, 1).astype(np.float32) if data == "image" else moved.astype(np.float32)


def _generator(what: str, stimulus: str) -> np.random.Generator:
    digest = hashlib.sha256(f"{what}/{stimulus}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def _noise(inputs: Inputs, stimuli: Stimuli, amount: float) -> Inputs:
    draws = [_generator("noise", one).standard_normal(inputs.shape[1:], dtype=np.float32) for one in stimuli]
    return inputs + np.float32(amount) * np.stack(draws)


def _blur(inputs: Inputs, _: Stimuli, amount: float) -> Inputs:
    from scipy.ndimage import gaussian_filter

    out: Inputs = gaussian_filter(inputs, sigma=(0, 0, amount, amount), mode="nearest")
    return out


def _brightness(inputs: Inputs, _: Stimuli, amount: float) -> Inputs:
    return inputs + np.float32(amount)


def _contrast(inputs: Inputs, _: Stimuli, amount: float) -> Inputs:
    mean = inputs.mean(axis=(1, 2, 3), keepdims=True)
    out: Inputs = mean + np.float32(amount) * (inputs - mean)
    return out


def _rotation(inputs: Inputs, _: Stimuli, amount: float) -> Inputs:
    from scipy.ndimage import rotate

    out: Inputs = rotate(inputs, amount, axes=(3, 2), reshape=False, order=1, mode="nearest")
    return out


def _translation(inputs: Inputs, stimuli: Stimuli, amount: float) -> Inputs:
    from scipy.ndimage import shift

    out = np.empty_like(inputs)
    for row, one in enumerate(stimuli):
        angle = _generator("translation", one).uniform(0, 2 * np.pi)
        by = amount * inputs.shape[2] * np.sin(angle), amount * inputs.shape[3] * np.cos(angle)
        out[row] = shift(inputs[row], (0, *by), order=1, mode="nearest")
    return out


SHIFTS: Mapping[str, Kind] = {
    "noise": Kind(
        "Gaussian noise, its own for every stimulus: standard deviation where pixels go from 0 to 1, or of a table's "
        "features as they are",
        0,
        10,
        0.2,
        _noise,
        ("image", "tabular", "points"),
    ),
    "blur": Kind("Gaussian blur: standard deviation in pixels", 0, 20, 1, _blur),
    "brightness": Kind("Added to every pixel, which goes from 0 to 1", -1, 1, 0.3, _brightness),
    "contrast": Kind("Factor on the distance of every pixel from the mean of its picture", 0, 5, 0.5, _contrast),
    "rotation": Kind("Degrees counter-clockwise, the edge continued", -180, 180, 30, _rotation),
    "translation": Kind(
        "Way as a share of the side, in a direction of its own for every stimulus, the edge continued",
        0,
        0.5,
        0.1,
        _translation,
    ),
}
