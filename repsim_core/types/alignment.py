"""How far the singular vectors of a layer point at targets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from repsim_core.errors import FormatError, InputError, unknown_name
from repsim_core.types.archive import packed, unpacked
from repsim_core.types.arrays import read_only

FORMAT = "repsim-label-alignment/1"
LAYERS_FORMAT = "repsim-layer-alignments/1"
_FAULTS = (ValueError, KeyError, TypeError, IndexError)
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LabelAlignment:
    """Energy of targets on the left singular vectors of one layer, strongest direction first.

    Energies are ``(uᵢᵀ y)²`` where the targets were taken as they are, so that they sum up to at most ``‖y‖²``; they
    are divided by ``‖y‖²`` where both sides were centred. Several targets share the decomposition: ``parts`` has a row
    each, and ``energies`` is their sum.
    """

    singular_values: Floats  # (r,) descending, above round-off
    parts: Floats  # (targets, r)
    totals: Floats  # (targets,) what each curve reaches at threshold 0
    chance_parts: Floats  # (targets, r) mean of ``parts`` over all n! pairings of stimuli and targets
    names: tuple[str, ...]  # of the targets
    norm: float  # Frobenius norm of what was decomposed; √n for rows of length 1
    n_stimuli: int
    band: Floats  # (2, r) pointwise 5 % and 95 % quantiles of cumulative energies under permutation, or (2, 0)
    null_areas: Floats  # (permutations,)
    vectors: Floats  # (n, kept) the strongest left singular vectors, the largest entry of each positive
    model: str = "array"
    layer: str = "array"
    complete: bool = True  # False: only the strongest directions were computed
    recipe: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            object.__setattr__(self, name, read_only(np.asarray(getattr(self, name), dtype=np.float64)))

    @property
    def energies(self) -> Floats:
        """Energy of all targets together on each direction, ``(r,)``."""
        return np.asarray(self.parts.sum(axis=0))

    @property
    def total(self) -> float:
        """Squared norm of all targets together: the curve at threshold 0, null space included."""
        return float(self.totals.sum())

    @property
    def rank(self) -> int:
        """Number of directions."""
        return len(self.singular_values)

    @property
    def shares(self) -> Floats:
        """Energies over their total, in [0, 1]."""
        return np.asarray(self.energies / self.total)

    @property
    def chance(self) -> Floats:
        """Mean energy on each direction over all n! pairings of stimuli and targets, ``(r,)``."""
        return np.asarray(self.chance_parts.sum(axis=0))

    @property
    def thresholds(self) -> Floats:
        """Singular values over the norm of the layer, in [0, 1]: thresholds that layers of any size share."""
        return np.asarray(self.singular_values / self.norm)

    def curve(self, thresholds: ArrayLike) -> Floats:
        """Energy on the directions with a singular value of at least each threshold; the total at 0 and below.

        NaN below the smallest singular value if only the strongest directions were computed.
        """
        return self._above(self.energies, self.total, thresholds)

    def chance_curve(self, thresholds: ArrayLike) -> Floats:
        """The mean of :meth:`curve` over all n! pairings of stimuli and targets."""
        return self._above(self.chance, self.total, thresholds)

    def random_subspace_curve(self, thresholds: ArrayLike) -> Floats:
        """The mean of :meth:`curve` for random directions of the same spectrum: total · directions / dimensions.

        Dimensions are n, or n − 1 where both sides were centred and the constant direction is out of reach.
        """
        dimensions = self.n_stimuli - (1 if self.recipe.get("centre") else 0)
        return self._above(np.full(self.rank, self.total / dimensions), self.total, thresholds)

    @property
    def area(self) -> float:
        r"""Area under the curve over ``norm · total``: ``Σ σᵢ energyᵢ / (norm · total)``, in [0, 1]. RepSim's own."""
        return float(self.thresholds @ self.energies / self.total)

    @property
    def areas(self) -> Floats:
        """The area of each target by itself, ``(targets,)``."""
        return np.asarray(self.parts @ self.thresholds / self.totals)

    @property
    def chance_area(self) -> float:
        """The mean area over all n! pairings of stimuli and targets."""
        return float(self.thresholds @ self.chance / self.total)

    @property
    def captured(self) -> float:
        """Share of the targets in the span of all directions; R² of a linear fit where both sides were centred."""
        return float(self.shares.sum())

    @property
    def effective_directions(self) -> float:
        """``exp(−Σ π log π)`` of the captured energy: over how many directions the targets are spread; at least 1.

        NaN where nothing is captured.
        """
        energies = self.energies
        if not energies.sum() > 0:
            return float("nan")
        share = energies[energies > 0] / energies.sum()
        return float(np.exp(-np.sum(share * np.log(share))))

    @property
    def p_value(self) -> float:
        """Share of permutations with an area at least as large, never 0; NaN without permutations."""
        count = len(self.null_areas)
        return float((1 + np.sum(self.null_areas >= self.area)) / (count + 1)) if count else float("nan")

    def share_of_top(self, k: int) -> float:
        """Share of the targets in the span of the k strongest directions."""
        if not 1 <= k <= self.rank:
            raise InputError(
                f"{self.layer} has {self.rank} directions, but k = {k} was asked for; take 1 to {self.rank}."
            )
        return float(self.shares[:k].sum())

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a target and direction."""
        targets, directions = np.indices(self.parts.shape)
        return pd.DataFrame(
            {
                "model": self.model,
                "layer": self.layer,
                "target": np.array(self.names, dtype=object)[targets.ravel()],
                "direction": directions.ravel() + 1,
                "singular_value": self.singular_values[directions.ravel()],
                "energy": self.parts.ravel(),
                "share": (self.parts / self.totals[:, None]).ravel(),
                "chance": (self.chance_parts / self.totals[:, None]).ravel(),
            }
        )

    def labels(self) -> dict[str, Any]:
        """What is not an array, in JSON's own types."""
        plain = ("norm", "n_stimuli", "model", "layer", "complete", "recipe")
        return {"names": list(self.names)} | {name: getattr(self, name) for name in plain}

    def to_bytes(self) -> bytes:
        """Content of an ``.npz`` file without a pickle."""
        return packed({name: getattr(self, name) for name in _ARRAYS}, {"format": FORMAT} | self.labels())

    def save(self, path: str | Path) -> None:
        """Write ``path`` (``.npz``)."""
        Path(path).write_bytes(self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> "LabelAlignment":
        """Read what :meth:`save` wrote; anything else is a :class:`FormatError`."""
        return cls.from_bytes(Path(path).read_bytes(), name=Path(path).name)

    @classmethod
    def from_bytes(cls, raw: bytes, *, name: str = "result") -> "LabelAlignment":
        """Inverse of :meth:`to_bytes`."""
        try:
            arrays, labels = unpacked(raw, FORMAT)
            return cls._of(arrays, labels)
        except _FAULTS as error:
            raise FormatError(f"{name} is not a RepSim label alignment ({error}).") from error

    @classmethod
    def _of(cls, arrays: Mapping[str, Any], labels: Mapping[str, Any]) -> "LabelAlignment":
        return cls(**{one: arrays[one] for one in _ARRAYS}, **{**labels, "names": tuple(labels["names"])})

    def _above(self, energies: Floats, total: float, thresholds: ArrayLike) -> Floats:
        wanted = np.asarray(thresholds, dtype=np.float64)
        if np.isnan(wanted).any():
            raise InputError("A threshold is NaN; give numbers of the scale of the singular values.")
        # Descending, so the number of values ≥ τ is found in the ascending negatives.
        count = np.searchsorted(-self.singular_values, -wanted, side="right")
        summed = np.concatenate([[0.0], np.cumsum(energies)])[count]
        if not self.complete:
            summed = np.where(wanted < self.singular_values[-1], np.nan, summed)
        return np.asarray(np.where(wanted <= 0, total, summed))


_ARRAYS = ("singular_values", "parts", "totals", "chance_parts", "band", "null_areas", "vectors")


@dataclass(frozen=True, eq=False)
class LayerAlignments(Mapping[str, LabelAlignment]):
    """Layer → :class:`LabelAlignment` of one model to the same targets, in execution order.

    Layers without a value are named in ``reasons``; ``depths`` gives every layer its place, 0 for the input and 1 for
    the last layer.
    """

    model: str
    dataset: str
    target: str
    alignments: dict[str, LabelAlignment]
    reasons: dict[str, str] = field(default_factory=dict)
    depths: dict[str, float] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __getitem__(self, layer: str) -> LabelAlignment:
        if layer not in self.alignments:
            raise unknown_name("layer", layer, self.alignments)
        return self.alignments[layer]

    def __contains__(self, layer: object) -> bool:
        return layer in self.alignments

    def __iter__(self) -> Iterator[str]:
        return iter(self.alignments)

    def __len__(self) -> int:
        return len(self.alignments)

    def to_frame(self) -> pd.DataFrame:
        """The summary numbers, one line a layer; NaN with its reason where a layer has none."""
        rows = []
        for layer in self.depths:
            row: dict[str, Any] = {"model": self.model, "layer": layer, "depth": self.depths[layer]}
            one = self.alignments.get(layer)
            if one is not None:
                row |= {
                    "area": one.area,
                    "chance area": one.chance_area,
                    "p": one.p_value,
                    "share of direction 1": one.share_of_top(1),
                    "share of the first 2": one.share_of_top(min(2, one.rank)),
                    "captured": one.captured,
                    "effective directions": one.effective_directions,
                    "directions": one.rank,
                    "n": one.n_stimuli,
                }
            rows.append(row | {"reason": self.reasons.get(layer, "")})
        return pd.DataFrame(rows)

    def to_bytes(self) -> bytes:
        """Content of an ``.npz`` file without a pickle."""
        arrays = {
            f"{number}_{name}": getattr(one, name) for number, one in enumerate(self.values()) for name in _ARRAYS
        }
        labels = {name: getattr(self, name) for name in ("model", "dataset", "target", "reasons", "depths", "recipe")}
        labels |= {"format": LAYERS_FORMAT, "notes": list(self.notes), "layers": list(self)}
        return packed(arrays, labels | {"each": [one.labels() for one in self.values()]})

    def save(self, path: str | Path) -> None:
        """Write ``path`` (``.npz``)."""
        Path(path).write_bytes(self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> "LayerAlignments":
        """Read what :meth:`save` wrote; anything else is a :class:`FormatError`."""
        return cls.from_bytes(Path(path).read_bytes(), name=Path(path).name)

    @classmethod
    def from_bytes(cls, raw: bytes, *, name: str = "result") -> "LayerAlignments":
        """Inverse of :meth:`to_bytes`."""
        try:
            arrays, labels = unpacked(raw, LAYERS_FORMAT)
            layers, each = labels.pop("layers"), labels.pop("each")
            found = {
                layer: LabelAlignment._of({one: arrays[f"{number}_{one}"] for one in _ARRAYS}, each[number])
                for number, layer in enumerate(layers)
            }
            return cls(**{**labels, "notes": tuple(labels["notes"])}, alignments=found)
        except _FAULTS as error:
            raise FormatError(f"{name} is not a set of RepSim layer alignments ({error}).") from error
