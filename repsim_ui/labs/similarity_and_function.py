"""Does similarity see function? Units switched off by selectivity and magnitude (Hayne, Jung and Carter 2024)."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from repsim_core import figures
from repsim_core.claims import Finding, in_words, recorded
from repsim_core.claims.claim import IN_THE_CODE
from repsim_core.claims.hayne import AUTHORS, FORTY, interval
from repsim_core.figures.ablation_cells import correlation_intervals
from repsim_core.figures.labs_hayne import cell_means, lost_against_moved
from repsim_core.types import FUNCTIONS, Average
from repsim_ui.labs.lab import Choice, Lab, Number, Printed, Step, TryIt, View

PAPER = "Hayne, Jung and Carter 2024"
SOURCE = f"{PAPER}, averages of the authors' released result files"
READ = "0.402 (AlexNet), 0.589 (MobileNetV2), 0.588 (ResNet-50)"
BINS = 4
CORNERS = {
    "selective and active": (-1, -1),
    "selective, hardly active": (-1, 0),
    "active, not selective": (0, -1),
    "neither": (0, 0),
}
NO_CORNER = "none of the corners"
CKA, PROCRUSTES = "cka_biased", "procrustes"
FAMILY = ("ridge_pwcca", "ridge_cca_squared", "ridge_cca")
PAPER_MEASURES = (CKA, PROCRUSTES, *FAMILY)
DECODABILITY, PERFORMANCE = "loss of decodability", "rank deficit"
STATE = {"a": "zoo/digits-cnn-s10", "ds": "digits", "n": "300", "cls": "3", "layer": "conv3", "run": "1"}


def _square(found: Finding, function: str) -> NDArray[np.float64]:
    """Mean loss of the cells over networks, layers and classes, selectivity down and magnitude across."""
    means = found.tables["cells"].groupby("cell")[function].mean()
    return np.asarray(means.to_numpy(np.float64).reshape(BINS, BINS))


def _grid(function: str) -> View:
    title = FUNCTIONS[function].title
    return View(
        lambda found: cell_means(_square(found, function), title),
        lambda found: found.tables["cells"],
        f"{title} when each of 16 cells of units is switched off, mean over networks, layers and classes.",
    )


def _corner(found: Finding, function: str) -> str:
    place = int(_square(found, function).argmax())
    ends = {name: (row % BINS) * BINS + column % BINS for name, (row, column) in CORNERS.items()}
    return next((name for name, end in ends.items() if end == place), NO_CORNER)


def _each(found: Finding, function: str) -> str:
    """The four corners in words."""
    square = _square(found, function)
    return ", ".join(f"{name} {square[place]:+.3f}" for name, place in CORNERS.items())


def _rho(found: Finding, measure: str, function: str) -> float:
    from repsim_core.ablation import spearman  # here, since torch comes with it

    own = found.tables["example"]
    return spearman(own[measure].to_numpy(), own[function].to_numpy())


def _scatter(found: Finding) -> go.Figure:
    own = found.tables["example"]
    return lost_against_moved(
        1 + own[CKA].to_numpy(),  # the table has minus a similarity
        {DECODABILITY: own["decodability"].to_numpy(), PERFORMANCE: own["rank_deficit"].to_numpy()},
        title="1 − CKA",
        names=[f"selectivity {k // BINS + 1}, magnitude {k % BINS + 1}" for k in own["cell"]],
    )


def _followed(found: Finding) -> str:
    read, answered = _rho(found, CKA, "decodability"), _rho(found, CKA, "rank_deficit")
    return DECODABILITY if read > answered else PERFORMANCE


def _averages(found: Finding, plan: str, functions: Sequence[str]) -> dict[tuple[str, str], Average]:
    """Means over the networks of a plan with their interval."""
    table = found.tables["averages"]
    own = table[(table["plan"] == plan) & table["function"].isin(functions)]
    averages = {}
    for (measure, function), rows in own.groupby(["measure", "function"]):
        values = rows["mean_rho"].to_numpy(np.float64)
        averages[str(measure), str(function)] = Average(
            float(values.mean()), *interval(values), float("nan"), len(values), int(rows["undefined"].sum())
        )
    return averages


def _coefficients(plan: str, functions: Sequence[str]) -> View:
    return View(
        lambda found: correlation_intervals(_averages(found, plan, functions), PAPER_MEASURES, functions),
        lambda found: found.tables["averages"],
        "Mean rank correlation of five measures with what is lost, with intervals over networks.",
    )


def _mean(found: Finding, plan: str, function: str, measures: Sequence[str] = PAPER_MEASURES) -> float:
    return float(np.mean([found.values[f"{plan} {function} {one}"] for one in measures]))


def _ahead(found: Finding) -> str:
    lead = _lead(found, "decodability") + _lead(found, "rank_deficit")
    return "CKA and Procrustes" if lead > 0 else "the CCA family"


def _lead(found: Finding, function: str) -> float:
    """CKA and Procrustes less the CCA family."""
    return _mean(found, "digits", function, (CKA, PROCRUSTES)) - _mean(found, "digits", function, FAMILY)


def _winners(found: Finding) -> int:
    """How many measures follow decodability better than rank deficit."""
    of = [
        found.values[f"digits decodability {one}"] > found.values[f"digits rank_deficit {one}"]
        for one in PAPER_MEASURES
    ]
    return sum(of)


def _forms(found: Finding) -> go.Figure:
    plans = {"digits": "held out, soft", AUTHORS: "on the fitted images, hard"}
    return figures.named_bars(
        [f"{one}, {words}" for one in PAPER_MEASURES for words in plans.values()],
        np.array([found.values[f"{plan} decodability {one}"] for one in PAPER_MEASURES for plan in plans]),
        title="mean rank correlation with the loss of decodability",
    )


def _undefined(found: Finding, plan: str) -> str:
    """How many coefficients of decodability could be had."""
    table = found.tables["averages"]
    own = table[(table["plan"] == plan) & (table["function"] == "decodability")]
    return f"{int(own['coefficients'].sum())} coefficients, {int(own['undefined'].sum())} undefined"


STEPS = (
    Step(
        before=(
            "Units are cut into 16 cells: four strips by how selective they are for a class, each by how active they "
            "are. One cell at a time is switched off."
        ),
        question="Which corner costs the class most places among the answers?",
        guess=Choice((*CORNERS, NO_CORNER), lambda found: _corner(found, "rank_deficit")),
        result=partial(recorded, "H4"),
        view=_grid("rank_deficit"),
        reading=lambda found: f"{_each(found, 'rank_deficit')}; {in_words(found.by_data['digits'])}",
        explain=lambda found: (
            "Without its most selective and most active units the class loses "
            f"{_square(found, 'rank_deficit')[-1, -1]:.2f} places in the mean; the largest loss of another cell is "
            f"{_square(found, 'rank_deficit').ravel()[:-1].max():.2f}. "
            "Digits have nine other classes to fall behind, the paper's networks a thousand."
        ),
        paper=Printed("56.6 places in AlexNet, cells beside it 7.9 to 15.1", f"{PAPER}, ablation grids", IN_THE_CODE),
        try_it=TryIt("ablation", STATE | {"abview": "One layer"}),
    ),
    Step(
        before="The other nine classes are still there.",
        question="Which corner costs the other classes most accuracy?",
        guess=Choice((*CORNERS, NO_CORNER), lambda found: _corner(found, "others_accuracy")),
        result=partial(recorded, "H4"),
        view=_grid("others_accuracy"),
        reading=lambda found: _each(found, "others_accuracy"),
        explain=lambda found: (
            f"Units that are active for others and not for the class cost the others "
            f"{_square(found, 'others_accuracy')[0, -1]:.1%} of their accuracy, those that are selective for the class "
            f"{_square(found, 'others_accuracy')[-1, -1]:.1%}. Magnitude hurts whoever it serves."
        ),
        try_it=TryIt("ablation", STATE | {"abview": "One layer", "fn": "others_accuracy"}),
    ),
    Step(
        before="A linear probe reads the class from the units that are left.",
        question="Which corner costs the probe most?",
        guess=Choice((*CORNERS, NO_CORNER), lambda found: _corner(found, "decodability")),
        result=partial(recorded, "H4"),
        view=_grid("decodability"),
        reading=lambda found: _each(found, "decodability"),
        explain=lambda found: (
            f"The most that is lost is {_square(found, 'decodability').max():.4f} of a score that is at most 1: the "
            "other units still say what the class is. What a network answers and what can be read from it differ."
        ),
        try_it=TryIt("ablation", STATE | {"abview": "One layer", "abtab": "Units"}),
    ),
    Step(
        before="One network, its middle layer, the digit 3: 16 cells, and how far each moved the layer by 1 − CKA.",
        question="What does 1 − CKA follow better?",
        guess=Choice((DECODABILITY, PERFORMANCE), _followed),
        result=partial(recorded, "H1"),
        view=View(
            _scatter,
            lambda found: found.tables["example"],
            "What was lost against 1 − CKA, a point for each of 16 cells.",
        ),
        reading=lambda found: (
            f"rank correlation over 16 cells: {_rho(found, CKA, 'decodability'):.2f} with decodability, "
            f"{_rho(found, CKA, 'rank_deficit'):.2f} with rank deficit"
        ),
        explain=lambda found: (
            f"One grid has 16 points, so its two coefficients, {_rho(found, CKA, 'decodability'):.2f} and "
            f"{_rho(found, CKA, 'rank_deficit'):.2f}, are rough. The next steps average over every class, layer and "
            "network."
        ),
        try_it=TryIt("ablation", STATE | {"abview": "One layer", "am": CKA}),
    ),
    Step(
        before="Five networks, five layers, ten classes: 250 grids.",
        question="Which measures follow better what is lost?",
        guess=Choice(("CKA and Procrustes", "the CCA family"), _ahead),
        result=partial(recorded, "H2"),
        view=_coefficients("digits", ("decodability", "rank_deficit")),
        reading=lambda found: "; ".join(map(in_words, found.by_data.values())),
        explain=lambda found: (
            f"The lead of CKA and Procrustes is {_lead(found, 'rank_deficit'):+.3f} for rank deficit and "
            f"{_lead(found, 'decodability'):+.3f} for decodability, on digits. "
            "In the paper the lead is larger for decodability."
        ),
        paper=Printed(
            "+0.119 and −0.005 (AlexNet), +0.107 and +0.084 (MobileNetV2), +0.357 and +0.070 (ResNet-50)",
            SOURCE,
            IN_THE_CODE,
        ),
        try_it=TryIt("ablation", STATE | {"abview": "The paper's question"}),
    ),
    Step(
        before="The paper finds that all five measures follow decodability better than performance.",
        question="For how many of the five does that hold here, with rank deficit among ten classes?",
        guess=Number(0, 5, 1, _winners, "{:.0f}"),
        result=partial(recorded, "H1"),
        view=_coefficients("digits", ("decodability", "rank_deficit", "cross_entropy")),
        reading=lambda found: "; ".join(map(in_words, found.by_data.values())),
        explain=lambda found: (
            f"Mean coefficients are {_mean(found, 'digits', 'decodability'):.3f} for decodability and "
            f"{_mean(found, 'digits', 'rank_deficit'):.3f} for rank deficit; with forty classes "
            f"{_mean(found, FORTY, 'decodability'):.3f} and {_mean(found, FORTY, 'rank_deficit'):.3f}. For the rise "
            f"of cross-entropy it is {_mean(found, 'digits', 'cross_entropy'):+.3f} on digits, so the rule is met "
            "there for the wrong reason: similarity does not follow that at all."
        ),
        paper=Printed(
            f"decodability {READ}; performance 0.179 (AlexNet), 0.135 (MobileNetV2), 0.381 (ResNet-50)",
            SOURCE,
            IN_THE_CODE,
        ),
        try_it=TryIt("ablation", STATE | {"abview": "The paper's question", "fn": "cross_entropy"}),
    ),
    Step(
        before="The authors score hard decisions on the very images that were fitted; our default is the log-loss of "
        "held-out ones.",
        question="What is the mean coefficient of decodability in the authors' form?",
        guess=Number(-0.5, 1.0, 0.05, lambda found: _mean(found, AUTHORS, "decodability")),
        result=partial(recorded, "H1"),
        view=View(
            _forms,
            lambda found: found.tables["averages"],
            "Rank correlation of five measures with the loss of decodability in two forms.",
        ),
        reading=lambda found: f"{_undefined(found, AUTHORS)}; ours: {_undefined(found, 'digits')}",
        explain=lambda found: (
            f"Ours gives {_mean(found, 'digits', 'decodability'):.3f}, the authors' form "
            f"{_mean(found, AUTHORS, 'decodability'):.3f}. The claim depends on the probe: the smallest lead of "
            f"decodability over rank deficit is {found.values[AUTHORS]:+.3f} in their form and "
            f"{found.by_data['digits'].mean:+.3f} in ours."
        ),
        paper=Printed(READ, SOURCE, IN_THE_CODE),
        try_it=TryIt("ablation", STATE | {"abview": "One layer", "layer": "conv5", "probe": "subsets"}),
    ),
)

LAB = Lab(
    id="similarity-and-function",
    title="Does similarity see function?",
    paper=PAPER,
    claim="Switch units off cell by cell: a measure that sees function moves most where most is lost.",
    minutes=14,
    steps=STEPS,
    claims=("H1", "H2", "H3", "H4", "H5"),
    pictured=0,
)
