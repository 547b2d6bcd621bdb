"""The claims of Barannikov, Trofimov, Balabin and Burnaev (2022), "Representation topology divergence"."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from repsim_core.claims.claim import IN_THE_CODE, Claim
from repsim_core.claims.finding import Finding

PAPER = "Barannikov et al. 2022"


def _later(module: str, function: str) -> Callable[..., Finding]:
    """A function of a module beside this one, imported by the first call."""

    def run(**options: Any) -> Finding:
        measured: Finding = getattr(import_module(f"repsim_core.claims.barannikov_{module}"), function)(**options)
        return measured

    return run


CLAIMS = (
    Claim(
        "R1",
        PAPER,
        "clusters notebook",
        "RTD orders clouds by their number of clusters, CKA does not",
        "every value within 1e-3 of the printed one, both taus exact",
        _later("clouds", "clusters_in_order"),
        printed="Kendall's tau: RTD 1.0, linear CKA 0.238",
        sure=IN_THE_CODE,
        quick=True,
    ),
    Claim(
        "R2",
        PAPER,
        "rings notebook",
        "RTD orders rings, CKA does not",
        "every value within 1e-3 of the printed one, both taus exact",
        _later("clouds", "rings_in_order"),
        printed="Kendall's tau: RTD 0.8, linear CKA −0.2",
        sure=IN_THE_CODE,
        quick=True,
    ),
    Claim(
        "R3",
        PAPER,
        "definition",
        "RTD of a cloud with itself is 0, and rotation, translation and scaling do not change it",
        "0, and 1e-6 relative",
        _later("clouds", "zero_and_invariant"),
        quick=True,
        tolerance=1e-6,
    ),
    Claim(
        "R4",
        PAPER,
        "training dynamics",
        "Along a training RTD follows the disagreement of predictions better than CKA",
        "Pearson(RTD, disagreement) ≥ 0.8 and above that of 1 − CKA, paired interval over seeds above 0",
        _later("training", "follows_disagreement"),
        partly="Pearson(RTD, disagreement) ≥ 0.8",
        printed="plots for VGG-11 and ResNet-20",
    ),
    Claim(
        "R5",
        PAPER,
        "ensembles",
        "Independent networks differ more than snapshots of one",
        "RTD larger, CKA smaller and disagreement larger between independent networks than between snapshots",
        _later("training", "independent_differ_more"),
        partly="RTD larger",
        printed="RTD 30–32 against 21–24, CKA 0.90–0.91 against 0.96–0.97, disagreements 73–87 against 45–60 of 1000",
        sure=IN_THE_CODE,
    ),
    Claim(
        "R6",
        PAPER,
        "distribution shift",
        "A shift of the data raises RTD as accuracy falls",
        "Spearman(RTD, loss of accuracy) ≥ 0.9",
        _later("change", "shift_raises_rtd"),
        partly="≥ 0.6",
        printed="figures for blur, rotation, noise, zoom and brightness",
    ),
    Claim(
        "R7",
        PAPER,
        "fine-tuning",
        "Fine-tuning is asymmetric on the target data and not on the source data",
        "target ratio of the two directions ≥ 3, source ratio ≤ 1.5",
        _later("change", "fine_tuning"),
        partly="target ratio ≥ 1.5",
        printed="target data 169.68 and 5.68 back; source data 62.36 and 62.12",
        sure=IN_THE_CODE,
    ),
    Claim(
        "R8",
        PAPER,
        "CKA and RTD of a moved class",
        "CKA can be moved while the function stays, and one direction of RTD stays with it",
        "CKA ≤ 0.2 with predictions ≥ 95 % equal, one directed RTD within 20 %",
        _later("change", "moved_cka"),
        partly="CKA ≤ 0.2 with predictions ≥ 95 % equal",
        printed="CKA 0.90 to 0.06, predictions 95.9 % equal; RTD 30.63, 30.64 to 28.95, 66.20",
        sure=IN_THE_CODE,
    ),
)
