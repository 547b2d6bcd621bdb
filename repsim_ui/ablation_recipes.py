"""What the Ablation page asks for: as the key of a result, and as a Python program."""

from dataclasses import asdict, dataclass
from typing import Any

from repsim_core.ablation import PAPER_MEASURES
from repsim_ui.recipes import dataset_in_python, network_in_python

KIND, LESION = "ablation", "lesion"
MEASURES = ("cka", *PAPER_MEASURES)


@dataclass(frozen=True)
class AblationRecipe:
    """Grids of some layers and classes of one network."""

    model: str
    dataset: str
    n: int
    seed: int
    layers: tuple[str, ...]
    classes: tuple[str, ...]
    bins: int = 4
    unit: str = "scalar"
    replacement: str = "zero"
    probe: str = "cross_validated"
    ridge: float = 1.0

    @property
    def options(self) -> dict[str, Any]:
        """Keywords of ``ablation.ablation_study``."""
        return {
            "bins": self.bins,
            "unit": self.unit,
            "replacement": self.replacement,
            "probe": self.probe,
            "ridge": self.ridge,
            "measures": list(MEASURES),
        }

    def to_json(self) -> dict[str, Any]:
        """In JSON's own types."""
        return asdict(self) | {"layers": list(self.layers), "classes": list(self.classes)}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "AblationRecipe":
        """Inverse of :meth:`to_json`."""
        return cls(**plain | {"layers": tuple(plain["layers"]), "classes": tuple(plain["classes"])})

    def as_python(self) -> str:
        """A program that gives the same numbers without a browser."""
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        lines = [
            "from repsim_core import ablation, datasets, models",
            "",
            f"dataset = {dataset_in_python(self.dataset, self.n, self.seed)}",
            f"model = {network_in_python(self.model)}",
            f"study = ablation.ablation_study(model, dataset, {list(self.layers)!r}, {list(self.classes)!r}{options})",
            "print(study.to_frame())",
            "print(ablation.relate(study.grids).to_frame())",
        ]
        return "\n".join(lines) + "\n"
