"""The claims of Kornblith, Norouzi, Lee and Hinton (2019), "Similarity of neural network representations revisited"."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from repsim_core.claims.claim import Claim
from repsim_core.claims.finding import Finding
from repsim_core.claims.kornblith_nets import PAPER


def _later(module: str, function: str) -> Callable[..., Finding]:
    """A function of a module beside this one, imported by the first call."""

    def run(**options: Any) -> Finding:
        measured: Finding = getattr(import_module(f"repsim_core.claims.kornblith_{module}"), function)(**options)
        return measured

    return run


CLAIMS = (
    Claim(
        "K1",
        PAPER,
        "table 2",
        "Linear CKA finds the corresponding layer of a network trained from another seed",
        "at least 95 % of the layers find their twin",
        _later("twins", "twins_of_linear_cka"),
        partly="at least 3 times chance, and the lower jackknife bound above twice chance",
        printed="99.3 % of the layers",
    ),
    Claim(
        "K2",
        PAPER,
        "table 2",
        "More layers find their twin by CKA than by regression, HSIC, CCA, SVCCA or PWCCA, in this order",
        "linear CKA above regression, HSIC and each CCA index (jackknife z, p < 0.05), groups in the printed order",
        _later("twins", "indices_in_order"),
        partly="CKA above the CCA family only",
        printed="CKA 99.3 %, regression 45.4 %, HSIC 22.2 %, CCA family 1.4 to 15.1 %",
    ),
    Claim(
        "K3",
        PAPER,
        "figure 3",
        "In a network 8 times too deep over half of the layers equal the last, and probes level off early",
        "at 8×, not at 1×, over ½ of the layers with CKA > 0.9 to the last, accuracy ≥ 0.7, best probe early (< ½)",
        _later("depth", "block_of_equal_layers"),
        partly="share above ½ at 4× or 8×, in a network that did not train",
        printed="accuracy 94.1, 95.0, 93.2, 91.9 % at 1, 2, 4, 8×",
    ),
    Claim(
        "K4",
        PAPER,
        "figure 4",
        "Skips remove the block and leave a grid of two kinds of layer",
        "share like the last at most ½, and mean CKA within a kind of layer above that across kinds",
        _later("depth", "skips_make_a_grid"),
    ),
    Claim(
        "K5",
        PAPER,
        "figure 5",
        "Layers have twins in a deeper network, and new layers are inserted between them",
        "best match never goes back in 80 % of the steps",
        _later("across", "twins_across_depths"),
        partly="in 60 % of the steps",
    ),
    Claim(
        "K6",
        PAPER,
        "figure 6",
        "Wider networks agree more, early layers first",
        "Spearman(width, mean CKA of twins) ≥ 0.8, early half above late half",
        _later("across", "wider_agree_more"),
    ),
    Claim(
        "K7",
        PAPER,
        "figure 7",
        "Networks of different data are alike early and not late; untrained ones are least alike",
        "first third above last third, and trained above untrained in the first half",
        _later("across", "different_data"),
    ),
    Claim(
        "K8",
        PAPER,
        "figure 8",
        "Only the directions of large variance are shared, about ten at the average pool",
        "the first 10 directions hold at least 80 % of CKA's numerator",
        _later("directions", "large_directions_are_shared"),
    ),
    Claim(
        "K9",
        PAPER,
        "appendix F, figures F.6 and F.7",
        "Layers with and without batch norm are alike, and CKA within classes is like CKA of all",
        "share of twins above twice chance; Spearman of the two maps ≥ 0.8",
        _later("across", "with_and_without_norm"),
    ),
    Claim(
        "K10",
        PAPER,
        "theorem 1",
        "With as many units as stimuli, CCA and regression are 1 for anything",
        "1 to 1e-9 for two random matrices, n = 50, 60 units",
        _later("directions", "few_stimuli_say_nothing"),
        quick=True,
        tolerance=1e-9,
    ),
)
