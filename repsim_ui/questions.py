"""The pages in the order of the navigation, each with the question it answers."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "pages"


@dataclass(frozen=True)
class Question:
    """One page: its file in ``pages/``, its title and its question."""

    file: str
    title: str
    asked: str

    @property
    def path(self) -> Path:
        """Where the script is."""
        return FOLDER / self.file


QUESTIONS = (
    Question("start.py", "Start", "What can be found out here, within a minute?"),
    Question("models.py", "Models & data", "What exactly is compared, and will it run?"),
    Question("layer_map.py", "Layer map", "Which layers of two networks match, and why?"),
    Question("divergence.py", "Divergence", "Where do two clouds differ in shape, and in which direction?"),
    Question("topology.py", "Topology", "Which clusters and holes does a layer have, and which layers share them?"),
    Question("alignment.py", "Alignment", "Do the strong directions of a layer carry the labels?"),
    Question("ablation.py", "Ablation", "Does a class depend on its selective units or on its strong ones?"),
    Question("labs.py", "Labs", "What did the papers find, and can it be seen again here?"),
)
