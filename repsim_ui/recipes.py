"""What was asked for, in strings and numbers: the key of every cache, the content of every link, a Python program."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from repsim_core import __version__
from repsim_core.types import digest

LayerChoice = Literal["blocks", "all", "chosen"]
Option = tuple[str, float | bool | int | str]


@dataclass(frozen=True)
class Recipe:
    """One layer map. ``rows`` and ``columns`` name layers only if ``layers`` is "chosen"."""

    a: str
    b: str
    dataset: str
    n: int
    seed: int
    measure: str = "cka"
    pooling: str = "flatten"
    layers: LayerChoice = "blocks"
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()

    @property
    def key(self) -> str:
        """Equal for equal requests to the same version of RepSim."""
        return digest(__version__, json.dumps(asdict(self), sort_keys=True))

    def to_json(self) -> dict[str, Any]:
        """The same in JSON's own types."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Recipe":
        """Inverse of :meth:`to_json`."""
        options = tuple((name, value) for name, value in plain["options"])
        lists = {name: tuple(plain[name]) for name in ("rows", "columns")}
        return cls(**{**plain, **lists, "options": options})

    def query(self, **more: str | None) -> dict[str, str | list[str]]:
        """Parameters of the address that opens this map."""
        pairs: dict[str, str | list[str]] = {
            "a": self.a,
            "b": self.b,
            "ds": self.dataset,
            "n": str(self.n),
            "seed": str(self.seed),
            "m": self.measure,
            "pool": self.pooling,
            "layers": self.layers,
        }
        if self.layers == "chosen":
            pairs |= {"ra": list(self.rows), "rb": list(self.columns)}
        for name, value in self.options:
            pairs[f"o_{name}"] = str(value).lower() if isinstance(value, bool) else str(value)
        return pairs | {name: value for name, value in more.items() if value is not None}


def weights_of(model: str) -> Literal["DEFAULT"] | None:
    """A torchvision name stands for the architecture with random weights: nothing is downloaded from a page."""
    return None if model.startswith("torchvision/") else "DEFAULT"


def as_python(recipe: Recipe | Mapping[str, Any]) -> str:
    """A program that gives the same numbers without a browser."""
    asked = recipe if isinstance(recipe, Recipe) else Recipe(**recipe)
    lines = [
        "from repsim_core import activations, datasets, models, similarity",
        "",
        f"dataset = datasets.load({asked.dataset!r}, n={asked.n}, seed={asked.seed})",
        f"first = models.load({asked.a!r}, weights={weights_of(asked.a)!r})",
        f"second = models.load({asked.b!r}, weights={weights_of(asked.b)!r})",
    ]
    arguments = {"a": "", "b": ""}
    if asked.layers == "all":
        arguments = {
            "a": ", layers=[layer.name for layer in models.layers(first, dataset)]",
            "b": ", layers=[layer.name for layer in models.layers(second, dataset)]",
        }
    elif asked.layers == "chosen":
        arguments = {"a": f", layers={list(asked.rows)!r}", "b": f", layers={list(asked.columns)!r}"}
    options = "".join(f", {name}={value!r}" for name, value in asked.options)
    lines += [
        f"a = activations.extract(first, dataset{arguments['a']}, pooling={asked.pooling!r})",
        f"b = activations.extract(second, dataset{arguments['b']}, pooling={asked.pooling!r})",
        f"matrix = similarity.compare_layers(a, b, measure={asked.measure!r}{options})",
        "print(matrix.to_frame())",
    ]
    return "\n".join(lines) + "\n"
