"""What a measure is: how it is computed, what it may be told, and what it claims."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.compute.progress import mapped
from repsim_core.errors import DegenerateError, InputError, unknown_name

Floats = NDArray[np.float64]
ROTATIONS = frozenset({"rotation", "permutation", "scaling", "translation"})
CHANGES = (*sorted(ROTATIONS), "invertible linear", "row scaling", "row shift")  # what a claim may speak of


@dataclass(frozen=True)
class Work:
    """Where cells are computed, and who is told of each."""

    executor: Executor | None = None
    step: Callable[[], None] = lambda: None

    def each_pair(
        self, value: Callable[[Any], float], rows: Sequence[Any], columns: Sequence[Any], *, symmetric: bool
    ) -> Floats:
        """``value((row, column))`` of every cell, a task each; half of them where both sides are one."""
        half = symmetric and rows is columns
        cells = [(i, j) for i in range(len(rows)) for j in range(i if half else 0, len(columns))]
        found = np.zeros((len(rows), len(columns)))
        tasks = ((rows[i], columns[j]) for i, j in cells)
        for (i, j), one in zip(cells, mapped(value, tasks, self.executor), strict=True):
            found[i, j] = one
            if half:
                found[j, i] = one
            self.step()
        return found


@dataclass(frozen=True)
class Method:
    """Work done once a layer, then all pairs from what it left.

    ``layer(values, *, label, **options)`` raises :class:`DegenerateError` where the measure is undefined.
    ``cells(rows, columns, options, work)`` gives values and chance levels, both ``(rows, columns)``.
    ``numbers(n, units, options)`` counts the float64 numbers kept a layer, ``working(n, units)`` those that come and
    go while one is summarised.
    """

    layer: Callable[..., Any]
    cells: Callable[[Sequence[Any], Sequence[Any], Mapping[str, Any], Work], tuple[Floats, Floats]]
    numbers: Callable[[int, int, Mapping[str, Any]], int]
    working: Callable[[int, int], int]
    counts_cells: bool = False  # each cell is a task of its own, and progress counts it


def copies(count: float) -> Callable[[int, int], int]:
    """Working memory of float64 copies of the responses, and an n × n matrix."""
    return lambda n, units: round(count * n * units) + n * n


@dataclass(frozen=True)
class Claims:
    """What holds under given options: tested in both directions."""

    bounds: tuple[float, float]
    x_invariant_to: frozenset[str]  # changes of the first representation alone
    chance: str  # what unrelated representations score: the mean over all pairings of the stimuli
    minimum_stimuli: int
    y_invariant_to: frozenset[str] | None = None  # as for the first unless said
    metric: bool = False  # the distance, or 1 − the similarity, obeys the triangle inequality
    biased: bool = False  # pulled towards its best value where units outnumber stimuli
    jackknife: bool = False  # its embeddings are U-centred kernels, whose exact standard error is known
    direction: str = ""  # of an asymmetric measure: how a cell reads

    @property
    def invariant_to(self) -> frozenset[str]:
        """Changes of either representation that leave the value as it was."""
        return self.x_invariant_to if self.y_invariant_to is None else self.x_invariant_to & self.y_invariant_to


@dataclass(frozen=True)
class Measure:
    """A measure of likeness and its claims; without a method it averages over subsets of the stimuli.

    Properties such as ``bounds`` are those of the default options; :meth:`claims_of` has them for any.
    """

    name: str
    title: str
    description: str
    method: Method | None
    claims: Callable[[Mapping[str, Any]], Claims]
    symmetric: bool
    larger_is_more_similar: bool
    cost: str
    reference: str
    options: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # the values an option may take, first default
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # for a slider; not a limit
    help: Mapping[str, str] = field(default_factory=dict)  # what an option means, a sentence each
    warning: str = ""  # a doubt to stand beside every result

    def claims_of(self, options: Mapping[str, Any]) -> Claims:
        """Claims under some options; the others at their defaults."""
        return self.claims(self.checked_options(options))

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and largest value."""
        return self.claims_of({}).bounds

    @property
    def invariant_to(self) -> frozenset[str]:
        """Changes of either representation that leave the value as it was."""
        return self.claims_of({}).invariant_to

    @property
    def chance(self) -> str:
        """What unrelated representations score."""
        return self.claims_of({}).chance

    @property
    def minimum_stimuli(self) -> int:
        """Fewest stimuli for which it is defined."""
        return self.claims_of({}).minimum_stimuli

    @property
    def metric(self) -> bool:
        """Does the distance, or 1 − the similarity, obey the triangle inequality?"""
        return self.claims_of({}).metric

    @property
    def embedding(self) -> Callable[..., Any] | None:
        """Work done once a layer, or None for the family that has to see both."""
        return None if self.method is None else self.method.layer

    @property
    def unit(self) -> str:
        """What its progress counts."""
        if self.method is None:
            return "cells of all subsets compared"
        return "layers and cells compared" if self.method.counts_cells else "layers compared"

    def checked_options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Defaults with what was given on top; an unknown option is refused with the known ones."""
        for name, value in given.items():
            if name not in self.options:
                if not self.options:
                    raise InputError(f"{self.name} takes no options, got {name!r}; leave it out.")
                raise unknown_name(f"option of {self.name}", name, self.options)
            if name in self.choices and value not in self.choices[name]:
                raise unknown_name(name, str(value), self.choices[name])
            _refuse_other_kind(f"{self.name}: {name}", value, self.options[name])
        return dict(self.options) | dict(given)


def _refuse_other_kind(name: str, value: Any, default: Any) -> None:
    """Numbers for numbers, whole ones for whole ones, true or false for a switch."""
    switch = isinstance(value, (bool, np.bool_))
    if isinstance(default, bool):
        right, wanted = switch, "true or false"
    elif isinstance(default, int):
        right, wanted = isinstance(value, (int, np.integer)) and not switch, "a whole number"
    elif isinstance(default, float):
        right, wanted = isinstance(value, (int, float, np.integer, np.floating)) and not switch, "a number"
    else:
        return
    if not right:
        raise InputError(f"{name} must be {wanted}, got {value!r}.")


def whole_number(value: Any, name: str, least: int) -> int:
    """An integer of at least ``least``, or an :class:`InputError`."""
    if value < least:
        raise InputError(f"{name} must be a whole number of {least} or more, got {value!r}.")
    return int(value)


def no_structure(label: str, n: int, instead: str) -> DegenerateError:
    """Refusal of a layer whose stimuli are all equally alike."""
    return DegenerateError(
        f"{label}: all pairs of its {n} stimuli are equally alike, so the measure is 0/0; {instead}.", "no_structure"
    )
