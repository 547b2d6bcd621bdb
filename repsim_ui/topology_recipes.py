"""What the Topology page asks for: the diagrams of one network, as the key of a result and as a Python program."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from repsim_core import __version__
from repsim_core.types import digest
from repsim_ui.recipes import LayerChoice, Recipe, dataset_in_python, network_in_python

KIND = "diagrams"


@dataclass(frozen=True)
class DiagramRecipe:
    """Diagrams of the layers of one network. ``chosen`` names layers only if ``layers`` is "chosen"."""

    model: str
    dataset: str
    n: int
    seed: int
    pooling: str = "flatten"
    layers: LayerChoice = "blocks"
    chosen: tuple[str, ...] = ()
    size: int = 300
    repeats: int = 3
    max_dimension: int = 1
    metric: str = "euclidean"
    neighbours: int = 10
    scale: str = "quantile"  # "none" keeps the unit of the responses
    outlier_rule: str = "none"
    percent: int = 5  # of the points, to be removed

    @property
    def key(self) -> str:
        """Under which the job of these diagrams is found."""
        return digest(__version__, KIND, json.dumps(self.to_json(), sort_keys=True))

    @property
    def options(self) -> dict[str, Any]:
        """Keywords of ``topology.layer_diagrams``."""
        return {
            "size": self.size,
            "repeats": self.repeats,
            "seed": self.seed,
            "max_dimension": self.max_dimension,
            "metric": self.metric,
            "neighbours": self.neighbours,
            "scale": None if self.scale == "none" else self.scale,
            "outlier_rule": self.outlier_rule,
            "share": self.percent / 100,
        }

    def responses(self) -> Recipe:
        """The request for the responses of this network alone."""
        return Recipe(
            self.model,
            self.model,
            self.dataset,
            self.n,
            self.seed,
            pooling=self.pooling,
            layers=self.layers,
            rows=self.chosen,
            columns=self.chosen,
        )

    def to_json(self) -> dict[str, Any]:
        """The same in JSON's own types."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "DiagramRecipe":
        """Inverse of :meth:`to_json`."""
        return cls(**{**plain, "chosen": tuple(plain["chosen"])})

    def as_python(self) -> str:
        """A program that gives the same diagrams without a browser."""
        layers = ""
        if self.layers == "all":
            layers = ", layers=[layer.name for layer in models.layers(model, dataset)]"
        elif self.layers == "chosen":
            layers = f", layers={list(self.chosen)!r}"
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        lines = [
            "from repsim_core import activations, datasets, models, topology",
            "",
            f"dataset = {dataset_in_python(self.dataset, self.n, self.seed)}",
            f"model = {network_in_python(self.model)}",
            f"found = activations.extract(model, dataset{layers}, pooling={self.pooling!r})",
            f"diagrams = topology.layer_diagrams(found, labels=dataset.labels{options})",
            "print(topology.summary_table(diagrams))",
        ]
        return "\n".join(lines) + "\n"
