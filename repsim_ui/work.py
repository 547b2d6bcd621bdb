"""What a child process does for a page: from a recipe in JSON to a result. Nothing here knows Streamlit.

A new kind of job is a function here (or in any module of RepSim) and a line in :data:`KINDS`.
"""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Protocol, cast

from repsim_core.compute.children import Nursery
from repsim_core.compute.worker import Result
from repsim_ui.uploads_owners import OWNERS


class Readable(Protocol):
    """A class of results."""

    def from_bytes(self, raw: bytes) -> Result:
        """Inverse of ``to_bytes``."""


@dataclass(frozen=True)
class Kind:
    """The function of the child and the class of its result, each as "module:name"."""

    work: str
    result: str

    def read(self, raw: bytes) -> Any:
        """The result in its file's bytes."""
        module, _, name = self.result.partition(":")
        return cast(Readable, getattr(import_module(module), name)).from_bytes(raw)


KINDS = {
    "import": Kind("repsim_ui.uploads_work:imported", "repsim_ui.uploads_work:Facts"),
    "inspection": Kind("repsim_ui.uploads_work:inspected", "repsim_ui.uploads_work:Facts"),
    "responses": Kind("repsim_ui.uploads_work:responses", "repsim_ui.uploads_work:Responses"),
    "ablation": Kind("repsim_ui.ablation_work:study", "repsim_core.types:AblationStudy"),
    "lesion": Kind("repsim_ui.ablation_work:lesion", "repsim_core.types:AblationGrid"),
    "layer_map": Kind("repsim_ui.layer_maps:work", "repsim_core.types:SimilarityMatrix"),
    "significance": Kind("repsim_ui.map_jobs:significance", "repsim_core.types:PermutationTest"),
    "halves": Kind("repsim_ui.map_jobs:halves", "repsim_core.types:SubsampleSpread"),
    "curve": Kind("repsim_ui.map_jobs:curve", "repsim_core.types:StimulusCurve"),
    "profiles": Kind("repsim_ui.map_jobs:profiles", "repsim_core.types:ResultTable"),
    "twins": Kind("repsim_ui.map_jobs:twins", "repsim_core.types:ResultTable"),
    "networks": Kind("repsim_ui.map_jobs:networks", "repsim_core.types:NetworkMatrix"),
    "training": Kind("repsim_ui.network_experiments:training", "repsim_core.types:ResultTable"),
    "domains": Kind("repsim_ui.network_experiments:domains", "repsim_core.types:ResultTable"),
    "alignment": Kind("repsim_ui.alignment_work:layers", "repsim_core.types:LayerAlignments"),
    "alignment_training": Kind("repsim_ui.alignment_work:training", "repsim_core.types:ResultTable"),
    "alignment_vectors": Kind("repsim_ui.alignment_work:vectors", "repsim_core.types:SingularAlignment"),
    "alignment_descent": Kind("repsim_ui.alignment_work:descent", "repsim_core.types:ResultTable"),
    "alignment_transfer": Kind("repsim_ui.alignment_work:transfer", "repsim_core.types:ResultTable"),
    "diagrams": Kind("repsim_ui.topology_work:diagrams", "repsim_core.types.diagrams:LayerDiagrams"),
    "diagram_training": Kind("repsim_ui.topology_work:training", "repsim_core.types.diagrams:LayerDiagrams"),
    "diagram_noise": Kind("repsim_ui.topology_work:noise", "repsim_core.types.diagram_results:NoiseLengths"),
    "diagram_distances": Kind(
        "repsim_ui.topology_work:distances", "repsim_core.types.diagram_results:DiagramComparison"
    ),
    "diagram_networks": Kind("repsim_ui.topology_work:networks", "repsim_core.types:SimilarityMatrix"),
}
PRELOAD = (
    "repsim_ui.ablation_work",
    "gudhi.representations",
    "repsim_ui.topology_work",
    "torch",
    "repsim_core.kernels.cone",
    "repsim_core.kernels.trees",
    "sklearn.datasets",
    "repsim_core.datasets",
    "repsim_ui.layer_maps",
    "repsim_ui.map_jobs",
    "repsim_ui.network_experiments",
    "repsim_ui.alignment_work",
    "torchvision.models",  # seconds, which an upload of weights would wait for
    "torch._dynamo",
    "repsim_ui.uploads_work",
    *(owner.partition(":")[0] for owner in OWNERS.values()),
)


@cache
def nursery() -> Nursery:
    """Where the children of this server come from, so far not started."""
    return Nursery(PRELOAD)
