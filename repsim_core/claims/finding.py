"""What a claim measured: a number for each seed on each dataset, how many of them hold, and the verdict."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.errors import FormatError, InputError, ShapeError
from repsim_core.types.archive import packed, unpacked
from repsim_core.types.arrays import read_only

FORMAT = "repsim-finding/1"
NOT_ATTEMPTED = "not attempted"
VERDICTS = ("reproduced", "partly", "not here", NOT_ATTEMPTED)
DIGITS = 9  # significant ones kept in a record


@dataclass(frozen=True, eq=False)
class Measured:
    """One number a seed (or a network, or a pair) on one dataset, and which of them pass the rule.

    Made by :func:`repsim_core.claims.measured` where the rule is a threshold on the number; directly where it has
    several conditions.
    """

    data: str  # "digits"
    number: str  # what was measured, with its unit: "share of twins found by linear CKA"
    labels: tuple[str, ...]  # "zoo/digits-cnn-s10", or "seed 10"
    values: NDArray[np.float64]  # (labels,), NaN where undefined
    holds: NDArray[np.bool_]  # (labels,), whether each passes the rule; NaN never does
    mean_holds: bool
    partly: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))  # the weaker rule, or (0,)
    mean_partly: bool = False
    untrained: tuple[str, ...] = ()  # labels of networks that did not train
    needed: int = 5  # seeds that a full verdict needs; 1 where the rules ask for one run
    undefined: tuple[str, ...] = ()  # "seed 12: zero_variance", a reason for each NaN

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        for name, dtype in (("values", np.float64), ("holds", bool), ("partly", bool)):
            object.__setattr__(self, name, read_only(np.asarray(getattr(self, name), dtype)))
        count = len(self.labels)
        if self.values.shape != (count,) or self.holds.shape != (count,) or self.partly.shape not in ((count,), (0,)):
            raise ShapeError(
                f"{self.data}, {self.number}: {count} labels, but values {self.values.shape}, holds {self.holds.shape} "
                f"and partly {self.partly.shape}."
            )
        if not count:
            raise ShapeError(f"{self.data}, {self.number}: no seed was measured; leave the dataset out instead.")
        object.__setattr__(self, "mean_holds", bool(self.mean_holds))
        object.__setattr__(self, "mean_partly", bool(self.mean_partly))

    @property
    def n(self) -> int:
        """Seeds, undefined ones included."""
        return len(self.labels)

    @property
    def held(self) -> int:
        """Seeds that pass the rule."""
        return int(self.holds.sum())

    @property
    def mean(self) -> float:
        """Mean over the defined seeds, NaN without one."""
        finite = self.values[np.isfinite(self.values)]
        return float(finite.mean()) if finite.size else float("nan")

    @property
    def spread(self) -> float:
        """Standard deviation over the defined seeds (n − 1), NaN for fewer than two."""
        finite = self.values[np.isfinite(self.values)]
        return float(finite.std(ddof=1)) if finite.size > 1 else float("nan")


@dataclass(frozen=True, eq=False)
class Finding:
    """The answer to one claim.

    ``by_data`` has one :class:`Measured` a dataset, digits first. ``values`` are further numbers that sentences use,
    ``tables`` tidy tables and ``arrays`` larger arrays that figures are drawn from.

    Raises
    ------
    InputError
        For a verdict that is none of :data:`VERDICTS`.
    """

    id: str
    verdict: str
    by_data: Mapping[str, Measured]
    values: Mapping[str, float] = field(default_factory=dict)
    note: str = ""  # why it came out so, in one or two sentences; always there for partly and not here
    recipe: dict[str, Any] = field(default_factory=dict)  # n, batch, trials, centring, estimator, seeds
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise InputError(f"{self.id}: {self.verdict!r} is no verdict; take one of {', '.join(VERDICTS)}.")
        object.__setattr__(self, "arrays", {name: read_only(np.asarray(one)) for name, one in self.arrays.items()})

    @property
    def undefined(self) -> int:
        """How many numbers are NaN, over all datasets."""
        return sum(int(np.isnan(one.values).sum()) for one in self.by_data.values())

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a seed: data, number, seed, value, holds."""
        rows = [
            {"claim": self.id, "data": data, "number": one.number, "seed": label, "value": value, "holds": bool(holds)}
            for data, one in self.by_data.items()
            for label, value, holds in zip(one.labels, one.values, one.holds, strict=True)
        ]
        return pd.DataFrame(rows, columns=["claim", "data", "number", "seed", "value", "holds"])

    def to_json(self) -> str:
        """All but ``arrays``, as text that shows what changed when a record is made again."""
        content = {
            "format": FORMAT,
            "id": self.id,
            "verdict": self.verdict,
            "note": self.note,
            "by_data": {data: _fields(one) for data, one in self.by_data.items()},
            "values": dict(self.values),
            "tables": {name: {str(key): list(one[key]) for key in one} for name, one in self.tables.items()},
            "arrays": sorted(self.arrays),
            "recipe": self.recipe,
        }
        return json.dumps(_plain(content), indent=1, allow_nan=False, ensure_ascii=False) + "\n"

    def save(self, path: str | Path) -> None:
        """Write ``path`` (``.json``), and the arrays, if there are any, beside it (``.npz``)."""
        path = Path(path)
        path.write_text(self.to_json(), encoding="utf-8")
        if self.arrays:
            path.with_suffix(".npz").write_bytes(packed(self.arrays, {"format": FORMAT}))

    @classmethod
    def load(cls, path: str | Path) -> "Finding":
        """Read what :meth:`save` wrote; anything else is a :class:`FormatError`."""
        path = Path(path)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content.pop("format") != FORMAT:
                raise ValueError("another format")
            names = content.pop("arrays")
            arrays = unpacked(path.with_suffix(".npz").read_bytes(), FORMAT)[0] if names else {}
            by_data = {data: _measured(one) for data, one in content.pop("by_data").items()}
            tables = {name: pd.DataFrame(one) for name, one in content.pop("tables").items()}
            values = {name: _number(one) for name, one in content.pop("values").items()}
            return cls(
                by_data=by_data, tables=tables, values=values, arrays={name: arrays[name] for name in names}, **content
            )
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise FormatError(f"{path.name} is not a RepSim finding ({error}); save one with Finding.save.") from error

    def differences(self, other: "Finding", tolerance: float = 1e-6) -> list[str]:
        """What the seeds' numbers, ``values`` and the verdict differ in, beyond ``tolerance``; empty if in nothing."""
        found = [] if self.verdict == other.verdict else [f"verdict: {self.verdict} and {other.verdict}"]
        sides = [_numbers(one) for one in (self, other)]
        for name in sorted(sides[0].keys() | sides[1].keys()):
            a, b = (one.get(name) for one in sides)
            if a is None or b is None or not np.isclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True):
                found.append(f"{name}: {a} and {b}")
        return found


def _numbers(finding: Finding) -> dict[str, float]:
    seeds = {
        f"{data}, {label}": float(value)
        for data, one in finding.by_data.items()
        for label, value in zip(one.labels, one.values, strict=True)
    }
    return seeds | {name: float(value) for name, value in finding.values.items()}


def _fields(one: Measured) -> dict[str, Any]:
    return {
        "data": one.data,
        "number": one.number,
        "labels": list(one.labels),
        "values": list(one.values),
        "holds": list(one.holds),
        "mean_holds": one.mean_holds,
        "partly": list(one.partly),
        "mean_partly": one.mean_partly,
        "untrained": list(one.untrained),
        "needed": one.needed,
        "undefined": list(one.undefined),
    }


def _measured(content: dict[str, Any]) -> Measured:
    tuples = {name: tuple(content[name]) for name in ("labels", "untrained", "undefined")}
    return Measured(**content | tuples | {"values": np.array([_number(one) for one in content["values"]])})


def _number(one: float | None) -> float:
    return float("nan") if one is None else one


def _plain(content: Any) -> Any:
    """Strict JSON: numbers to nine digits, NaN as null."""
    if isinstance(content, Mapping):
        return {str(key): _plain(one) for key, one in content.items()}
    if isinstance(content, (list, tuple, np.ndarray)):
        return [_plain(one) for one in content]
    if isinstance(content, (bool, np.bool_)):
        return bool(content)
    if isinstance(content, (float, np.floating)):
        return float(f"{float(content):.{DIGITS}g}") if np.isfinite(content) else None
    return int(content) if isinstance(content, np.integer) else content
