"""Networks from ``torch.export`` files, rebuilt from a list of known operators (experimental)."""

from repsim_core.models.graph.imports import imported
from repsim_core.models.graph.load import canonical, from_graph_file

__all__ = ["canonical", "from_graph_file", "imported"]
