"""The objects that travel between the parts: frozen, with read-only arrays and the labels that explain them."""

from repsim_core.types.ablation import FUNCTIONS, AblationGrid, Function, UnitScores
from repsim_core.types.ablation_study import AblationStudy, Average, Relations
from repsim_core.types.alignment import LabelAlignment, LayerAlignments
from repsim_core.types.arrays import Stimuli, digest, read_only
from repsim_core.types.diagram_results import DiagramComparison, NoiseLengths, Outliers, Smoothness
from repsim_core.types.diagrams import LayerDiagrams
from repsim_core.types.inference import PermutationTest, StimulusCurve, SubsampleSpread
from repsim_core.types.library import Dataset, DatasetCard, LayerInfo, ModelCard
from repsim_core.types.matrix import SimilarityMatrix
from repsim_core.types.networks import NetworkMatrix
from repsim_core.types.representation import LayerActivations, Representation
from repsim_core.types.singular import SingularAlignment
from repsim_core.types.suspect_rows import DuplicatedRows, OutlyingRows
from repsim_core.types.table import ResultTable
from repsim_core.types.topology import PersistenceDiagram, TopologyDivergence

__all__ = [
    "FUNCTIONS",
    "AblationGrid",
    "AblationStudy",
    "Average",
    "Dataset",
    "DatasetCard",
    "DiagramComparison",
    "DuplicatedRows",
    "Function",
    "LabelAlignment",
    "LayerActivations",
    "LayerAlignments",
    "LayerDiagrams",
    "LayerInfo",
    "ModelCard",
    "NetworkMatrix",
    "NoiseLengths",
    "Outliers",
    "OutlyingRows",
    "PermutationTest",
    "PersistenceDiagram",
    "Relations",
    "Representation",
    "ResultTable",
    "SimilarityMatrix",
    "SingularAlignment",
    "Smoothness",
    "Stimuli",
    "StimulusCurve",
    "SubsampleSpread",
    "TopologyDivergence",
    "UnitScores",
    "digest",
    "read_only",
]
