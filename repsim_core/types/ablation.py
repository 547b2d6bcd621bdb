"""What switching off units does: scores of units, and the grid of one layer and one class."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.errors import FormatError, InputError, ShapeError, unknown_name
from repsim_core.types.archive import packed, unpacked
from repsim_core.types.arrays import read_only

Floats = NDArray[np.float64]
GRID_FORMAT = "repsim-ablation-grid/1"
PER_IMAGE = ("predicted", "ranks", "cross_entropies", "probe_losses")
STORED_AS = {"labels": "image_classes"}  # the file has a member of its own by that name
GRID_ARRAYS = ("selectivity", "magnitude", "cell_of", "done", *PER_IMAGE, "values", "reasons", "labels")


@dataclass(frozen=True)
class Function:
    """Something a network does, and how its loss by an ablation is counted: positive is always worse."""

    name: str
    title: str
    family: Literal["performance", "decodability"]
    description: str


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        one.name: one
        for one in (
            Function(
                "rank_deficit",
                "Rank deficit",
                "performance",
                "Places that the true class loses among all outputs, mean over images of the class; gains count 0.",
            ),
            Function(
                "class_accuracy",
                "Loss of class accuracy",
                "performance",
                "Share of the images of the class that are recognised before, minus after.",
            ),
            Function(
                "cross_entropy",
                "Rise of cross-entropy",
                "performance",
                "Cross-entropy on images of the class after, minus before, in nats; negative is a gain.",
            ),
            Function("accuracy", "Loss of accuracy", "performance", "Accuracy on all images before, minus after."),
            Function(
                "others_accuracy",
                "Loss on other classes",
                "performance",
                "Accuracy on images of all other classes before, minus after.",
            ),
            Function(
                "decodability",
                "Loss of decodability",
                "decodability",
                "exp(−log-loss) of a linear probe, class against rest: from the whole layer, minus without the cell.",
            ),
        )
    }
)


@dataclass(frozen=True, eq=False)
class UnitScores:
    """Class selectivity and activation magnitude of every unit, in the unit's own scale."""

    selectivity: Floats  # (units,) (μ_c − μ_o) / √2
    magnitude: Floats  # (units,) (μ_c + μ_o) / √2
    target_class: int
    unit: Literal["scalar", "channel"]
    images: tuple[int, int]  # of the class, of the others

    def __post_init__(self) -> None:
        for name in ("selectivity", "magnitude"):
            object.__setattr__(self, name, read_only(np.asarray(getattr(self, name), dtype=np.float64)))

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a unit."""
        units = np.arange(len(self.selectivity))
        return pd.DataFrame({"unit": units, "selectivity": self.selectivity, "magnitude": self.magnitude})


@dataclass(frozen=True, eq=False)
class AblationGrid:
    """Cells of units of one layer, each switched off alone, and what that does to one class.

    Row 0 of the arrays per image is the intact network, row 1 + c the network without cell c. ``cell_of`` names the
    cell of every unit, −1 for a unit in none. Cells of a full grid are numbered ``bins · strip + quantile``, strips by
    selectivity, quantiles by magnitude, both rising. Arrays that could not be measured have no columns, and
    ``left_out`` says why; cells that are still to come are not ``done`` and NaN.
    """

    selectivity: Floats  # (units,)
    magnitude: Floats  # (units,)
    cell_of: NDArray[np.int32]  # (units,)
    done: NDArray[np.bool_]  # (cells,)
    predicted: NDArray[np.int32]  # (1 + cells, n) class with the largest output
    ranks: NDArray[np.float32]  # (1 + cells, n) outputs above that of the true class, half of the ties
    cross_entropies: NDArray[np.float32]  # (1 + cells, n) nats
    probe_losses: NDArray[np.float32]  # (1 + cells, n) held out, or (1 + cells, subsets)
    values: Floats  # (measures, places, cells)
    reasons: NDArray[np.str_]  # (measures, places, cells), "" where defined
    labels: NDArray[np.int64]  # (n,)
    bins: int
    unit: Literal["scalar", "channel"]
    unit_shape: tuple[int, ...]
    target_class: int
    class_names: tuple[str, ...]
    measures: tuple[str, ...]
    larger_is_more_similar: tuple[bool, ...]
    places: tuple[str, ...]  # the layer, then those downstream
    model: str
    dataset: str
    layer: str
    replacement: str
    probe: str  # "cross_validated", "subsets" or ""
    whole_pass: str = ""  # why each ablation took a whole forward pass, "" where only the rest of the network ran
    left_out: dict[str, str] = field(default_factory=dict)  # what could not be measured → why
    warnings: tuple[str, ...] = ()
    recipe: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cells, n = len(self.done), len(self.labels)
        expected = {"values": (len(self.measures), len(self.places), cells)} | {"magnitude": self.selectivity.shape}
        expected |= {"cell_of": self.selectivity.shape, "reasons": expected["values"]}
        for name in PER_IMAGE:
            array = np.asarray(getattr(self, name))
            if array.size and (len(array) != cells + 1 or (name != "probe_losses" and array.shape[1] != n)):
                raise ShapeError(f"{name} has shape {array.shape} for {cells} cells and {n} images.")
        for name, shape in expected.items():
            if np.shape(getattr(self, name)) != shape:
                raise ShapeError(f"{name} has shape {np.shape(getattr(self, name))}, but {shape} is needed.")
        for name in GRID_ARRAYS:
            object.__setattr__(self, name, read_only(np.asarray(getattr(self, name))))

    @property
    def class_name(self) -> str:
        """Name of the target class."""
        return self.class_names[self.target_class] if self.class_names else str(self.target_class)

    @property
    def cells(self) -> tuple[NDArray[np.intp], ...]:
        """Units of each cell."""
        return tuple(np.flatnonzero(self.cell_of == number) for number in range(len(self.done)))

    @property
    def counts(self) -> NDArray[np.int64]:
        """Units per cell, ``(cells,)``."""
        return np.bincount(self.cell_of[self.cell_of >= 0], minlength=len(self.done)).astype(np.int64)

    @property
    def functions(self) -> tuple[str, ...]:
        """Names of :data:`FUNCTIONS` that were measured."""
        found = [] if not self.predicted.size else [one for one, of in FUNCTIONS.items() if of.family == "performance"]
        if self.predicted.size and not (self.labels != self.target_class).any():
            found.remove("others_accuracy")
        return (*found, *(["decodability"] if self.probe_losses.size else []))

    @property
    def scores(self) -> Floats:
        """Class accuracy without each cell, ``(bins, bins)``: selectivity down, magnitude across."""
        return self.square(self.after("class_accuracy"))

    @property
    def baseline(self) -> float:
        """Class accuracy of the intact network."""
        return self.before("class_accuracy")

    def square(self, values: NDArray[Any]) -> NDArray[Any]:
        """Numbers of the cells as a grid: strips of selectivity down, quantiles of magnitude across."""
        return np.asarray(values).reshape(-1, self.bins)

    def before(self, function: str) -> float:
        """The intact network: an accuracy, a mean rank, a cross-entropy or a decodability."""
        return float(self._levels(function)[0])

    def after(self, function: str) -> Floats:
        """The network without each cell, ``(cells,)``."""
        return np.asarray(self._levels(function)[1:])

    def change(self, function: str) -> Floats:
        """Loss by each ablation, ``(cells,)``; positive is worse, NaN is still to come."""
        if function == "rank_deficit":
            return np.asarray(self._paired(function).mean(axis=1))
        levels = self._levels(function)
        return np.asarray(levels[1:] - levels[0] if function == "cross_entropy" else levels[0] - levels[1:])

    def standard_error(self, function: str) -> Floats:
        """Of :meth:`change`: from paired differences of the images; of subsets, both sides added in squares."""
        if function == "decodability" and self.probe == "subsets":
            scores, losses = self._levels(function), self.probe_losses.astype(np.float64)
            own = scores * losses.std(axis=1, ddof=1) / np.sqrt(losses.shape[1])
            return np.asarray(np.hypot(own[1:], own[0]))
        pairs = self._paired(function)
        if pairs.shape[1] < 2:
            return np.full(len(pairs), np.nan)
        return np.asarray(pairs.std(axis=1, ddof=1) / np.sqrt(pairs.shape[1]))

    def dissimilarity(self, measure: str, place: str | None = None) -> Floats:
        """How far each ablation moves the representation, ``(cells,)``: a distance, or minus a similarity."""
        values = self.similarity(measure, place)
        return -values if self.larger_is_more_similar[self.measures.index(measure)] else values

    def similarity(self, measure: str, place: str | None = None) -> Floats:
        """The measure as it is, between the intact representation and that without each cell, ``(cells,)``."""
        return np.asarray(self.values[self._index(measure, place)])

    def reason(self, measure: str, place: str | None = None) -> NDArray[np.str_]:
        """Why a similarity is undefined, ``(cells,)``."""
        return np.asarray(self.reasons[self._index(measure, place)])

    def confusion(self, cell: int | None = None) -> NDArray[np.int64]:
        """Images by true class (down) and predicted class (across), intact or without a cell."""
        if not self.predicted.size:
            raise InputError(f"{self.model} gave no class for these images: {self.left_out.get('performance', '')}")
        size = max(int(self.labels.max()), int(self.predicted.max())) + 1
        size = max(size, len(self.class_names))
        found = np.zeros((size, size), dtype=np.int64)
        row = self.predicted[0 if cell is None else cell + 1]
        np.add.at(found, (self.labels[row >= 0], row[row >= 0]), 1)
        return found

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a cell."""
        cells = np.arange(len(self.done))
        columns: dict[str, Any] = {
            "layer": self.layer,
            "class": self.class_name,
            "cell": cells,
            "selectivity_bin": cells // self.bins,
            "magnitude_bin": cells % self.bins,
            "units": self.counts,
        }
        for name in self.functions:
            columns |= {name: self.change(name), f"{name}_standard_error": self.standard_error(name)}
        for number, measure in enumerate(self.measures):
            for at, place in enumerate(self.places):
                columns[measure if at == 0 else f"{measure} at {place}"] = self.values[number, at]
                if (self.reasons[number, at] != "").any():
                    columns[f"{measure} at {place} undefined"] = self.reasons[number, at]
        return pd.DataFrame(columns)

    def to_bytes(self) -> bytes:
        """Content of an ``.npz`` file without a pickle."""
        return packed(grid_arrays(self, ""), {"format": GRID_FORMAT, "grid": grid_labels(self)})

    def save(self, path: str | Path) -> None:
        """Write ``path`` (``.npz``)."""
        Path(path).write_bytes(self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> "AblationGrid":
        """Read what :meth:`save` wrote; anything else is a :class:`FormatError`."""
        return cls.from_bytes(Path(path).read_bytes(), name=Path(path).name)

    @classmethod
    def from_bytes(cls, raw: bytes, *, name: str = "result") -> "AblationGrid":
        """Inverse of :meth:`to_bytes`."""
        try:
            arrays, labels = unpacked(raw, GRID_FORMAT)
            return grid_from(arrays, "", labels["grid"])
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(
                f"{name} is not a RepSim ablation grid ({error}); save one with AblationGrid.save."
            ) from error

    def _index(self, measure: str, place: str | None) -> tuple[int, int]:
        if measure not in self.measures:
            raise unknown_name("measure", measure, self.measures)
        if place is not None and place not in self.places:
            raise unknown_name("place", place, self.places)
        return self.measures.index(measure), 0 if place is None else self.places.index(place)

    def _measured(self, function: str) -> None:
        if function not in FUNCTIONS:
            raise unknown_name("function", function, FUNCTIONS)
        if function not in self.functions:
            why = self.left_out.get(FUNCTIONS[function].family, "")
            raise InputError(f"{FUNCTIONS[function].title} of {self.layer} was not measured. {why}".strip())

    def _images(self, function: str) -> NDArray[np.bool_]:
        if function in ("rank_deficit", "class_accuracy", "cross_entropy"):
            return np.asarray(self.labels == self.target_class)
        if function == "others_accuracy":
            return np.asarray(self.labels != self.target_class)
        return np.ones(len(self.labels), dtype=bool)

    def _per_image(self, function: str) -> Floats:
        """The quantity behind a function for each of its images, ``(1 + cells, images)``; NaN is still to come."""
        self._measured(function)
        if function == "decodability":
            return np.asarray(self.probe_losses, dtype=np.float64)
        here = self._images(function)
        source = {"rank_deficit": self.ranks, "cross_entropy": self.cross_entropies}.get(function)
        values = self.predicted[:, here] == self.labels[here] if source is None else source[:, here]
        values = values.astype(np.float64)
        values[1:][~self.done] = np.nan
        return np.asarray(values)

    def _levels(self, function: str) -> Floats:
        values = self._per_image(function).mean(axis=1)
        return np.asarray(np.exp(-values) if function == "decodability" else values)

    def _paired(self, function: str) -> Floats:
        """Differences whose mean is the change, ``(cells, images)``; of decodability to first order."""
        values = self._per_image(function)
        if function == "rank_deficit":
            return np.asarray(np.maximum(values[1:] - values[0], 0.0))
        if function == "decodability":
            scores = np.exp(-values.mean(axis=1))
            return np.asarray(values[1:] * scores[1:, None] - values[0] * scores[0])
        return np.asarray(values[1:] - values[0])


def grid_arrays(grid: AblationGrid, prefix: str) -> dict[str, Any]:
    """The arrays of a grid under names with a prefix."""
    arrays = {_stored(prefix, name): np.asarray(getattr(grid, name)) for name in GRID_ARRAYS}
    return arrays | {f"{prefix}reasons": grid.reasons.astype("U")}


def grid_labels(grid: AblationGrid) -> dict[str, Any]:
    """Everything else, in JSON's own types."""
    named: dict[str, Any] = {one.name: getattr(grid, one.name) for one in fields(grid) if one.name not in GRID_ARRAYS}
    plain: dict[str, Any] = json.loads(json.dumps(named, allow_nan=False))
    return plain


def grid_from(arrays: Mapping[str, Any], prefix: str, labels: Mapping[str, Any]) -> AblationGrid:
    """Inverse of both."""
    tuples = ("unit_shape", "class_names", "measures", "larger_is_more_similar", "places", "warnings")
    named: dict[str, Any] = {key: tuple(value) if key in tuples else value for key, value in labels.items()}
    return AblationGrid(**{name: arrays[_stored(prefix, name)] for name in GRID_ARRAYS} | named)


def _stored(prefix: str, name: str) -> str:
    return f"{prefix}{STORED_AS.get(name, name)}"
