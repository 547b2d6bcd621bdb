"""Do the top directions know the labels? Alignment in training, along layers, on shuffled labels, in transfer."""

from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from repsim_core import figures
from repsim_core.claims import Finding, in_words, recorded
from repsim_core.claims.claim import IN_THE_PAPER
from repsim_core.figures.labs_imani import before_and_after
from repsim_core.types import LayerAlignments
from repsim_ui.labs.lab import Choice, Lab, Number, Printed, Step, TryIt, View

PAPER = "Imani, Hu and White 2022"
NETWORK, DATA, N, LAST = "zoo/low-mlp-s10", "digits_low", 898, "act3"
STATE = {"a": NETWORK, "ds": DATA, "n": str(N), "half": "training half", "form": "published", "run": "1"}
TRAINED, UNTRAINED = "the trained one", "the untrained one"
HELPS, HURTS = "helps", "hurts"
FEW, MANY = 10, 1000


@dataclass(frozen=True, eq=False)
class States:
    """One network, trained and as its seed made it, against the labels it was trained on."""

    trained: LayerAlignments
    initial: LayerAlignments


@cache
def _states() -> States:
    from repsim_core import datasets
    from repsim_core.experiments.alignment import Network, network_alignments

    data = datasets.load(DATA, split="train")
    return States(*(network_alignments(Network(NETWORK, one), data) for one in (True, False)))


def _curves(found: States) -> go.Figure:
    kept = [one for one in figures.curves_of(found.trained) if one.name == LAST]
    kept += [one for one in figures.curves_of(found.initial, reference=True) if one.name == LAST]
    return figures.alignment_curves(kept, scale=float(np.sqrt(N)))


def _areas(found: States) -> pd.DataFrame:
    names = [one for one in found.trained if one != "head"]
    rows = [
        {"layer": one, "as initialised": found.initial[one].area, "trained": found.trained[one].area} for one in names
    ]
    return pd.DataFrame(rows)


def _area(found: States, *, trained: bool = True, layer: str = LAST) -> float:
    return float((found.trained if trained else found.initial)[layer].area)


def _further(found: States) -> str:
    return TRAINED if _area(found) > _area(found, trained=False) else UNTRAINED


def _factors(found: Finding) -> go.Figure:
    table = found.tables["networks"]
    names = (
        table["optimiser"] + ", " + table["activation"].str.replace("_", " ") + ", width " + table["width"].astype(str)
    )
    return before_and_after(
        list(names), table["initial"].to_numpy(), table["trained"].to_numpy(), title="area of the last hidden layer"
    )


def _depths(found: Finding) -> pd.DataFrame:
    """Mean area over the seeds at each layer of each depth."""
    means = found.tables["layers"].groupby(["depth", "place"])["trained"].mean().reset_index()
    return means.assign(depth=means["depth"].astype(str) + " hidden").rename(
        columns={"place": "layer (0 is the input)", "trained": "area", "depth": "network"}
    )


def _last_areas(found: Finding) -> dict[str, float]:
    """Mean area of the last hidden layer by depth."""
    return {name.removeprefix("depth_"): one for name, one in found.values.items()}


def _shuffled(found: Finding) -> pd.DataFrame:
    table = found.tables["layers"]
    return table.assign(seed="seed " + table["seed"].astype(int).astype(str)).rename(
        columns={"place": "layer (0 is the input)", "trained": "area"}
    )


@dataclass(frozen=True, eq=False)
class Descent:
    """What gradient descent on each layer has not learnt, by the formula, and by descending on the last hidden one."""

    steps: NDArray[np.float64]
    closed: dict[str, NDArray[np.float64]]
    measured: NDArray[np.float64]  # after 0, 1, … steps
    apart: float  # the largest difference of both

    def left(self, layer: str, step: int) -> float:
        """Share of the labels not yet learnt."""
        return float(self.closed[layer][int(np.searchsorted(self.steps, step))])


@cache
def _descent() -> Descent:
    from repsim_core import activations, datasets, models
    from repsim_core.alignment import FORMS, dataset_targets, descended_losses, descent_curve

    data = datasets.load(DATA, split="train")
    layer = activations.extract(models.load(NETWORK), data, [LAST])[LAST]
    measured = descended_losses(layer, dataset_targets(data), MANY // 5, **FORMS["published"])
    aligned = {name: one for name, one in _states().trained.items() if name != "head"}
    steps = np.unique(np.concatenate([[0, FEW], np.geomspace(1, MANY, 60).round()]))
    closed = {name: descent_curve(one, steps) for name, one in aligned.items()}
    apart = float(np.abs(measured - descent_curve(aligned[LAST], np.arange(len(measured)))).max())
    return Descent(steps, closed, measured, apart)


def _descending(found: Descent) -> go.Figure:
    at = np.unique(np.concatenate([[0], np.geomspace(1, len(found.measured) - 1, 16).round()]).astype(int))
    return figures.descent_curves(found.steps, found.closed, (at.astype(float), found.measured[at]))


def _rules(found: Finding) -> go.Figure:
    table = found.tables["rules"]
    parts = [(rule, state) for rule in ("related", "unrelated") for state in ("raw", "initial", "trained")]
    words = {"raw": "the input", "initial": "untrained layer", "trained": "trained layer"}
    own = table.groupby(["rule", "state"])["error"]
    return figures.named_bars(
        [f"{rule}, from {words[state]}" for rule, state in parts],
        np.array([own.mean()[one] for one in parts]),
        spread=np.array([own.std()[one] for one in parts]),
        title="error with 100 labels / variance",
        line=1.0,
        line_name="knows nothing",
    )


def _transfer(found: Finding) -> str:
    better = found.values["error unrelated trained"] < found.values["error unrelated initial"]
    return HELPS if better else HURTS


STEPS = (
    Step(
        before=(
            "Three hidden layers learnt whether a digit is below five. Take the singular directions of the last one: "
            "how much of the labels lies on directions at least so strong?"
        ),
        question="Whose curve reaches further right, where the strong directions are?",
        guess=Choice((TRAINED, UNTRAINED), _further),
        result=_states,
        view=View(
            _curves, _areas, "Share of the labels on strong directions of the last hidden layer, trained and untrained."
        ),
        reading=lambda found: (
            f"area {_area(found):.3f} trained, {_area(found, trained=False):.3f} untrained, n = {N}, one network"
        ),
        explain=lambda found: (
            f"The first two directions of the trained layer hold {found.trained[LAST].share_of_top(2):.1%} of the "
            f"labels, before training {found.initial[LAST].share_of_top(2):.1%}. Gradient descent learns what lies on "
            "strong directions first, so such a layer is quick to read."
        ),
        paper=Printed("alignment emerges in training; the area is ours", PAPER),
        try_it=TryIt("alignment", STATE),
    ),
    Step(
        before="The same network, every layer.",
        question="Which layer is most aligned with the labels?",
        guess=Choice(
            ("input", "act1", "act2", "act3"), lambda found: str(_areas(found).set_index("layer")["trained"].idxmax())
        ),
        result=_states,
        view=View(
            lambda found: before_and_after(
                list(_areas(found)["layer"]),
                _areas(found)["as initialised"].to_numpy(),
                _areas(found)["trained"].to_numpy(),
                title="area",
            ),
            _areas,
            "Area of the input and of each hidden layer, as initialised and trained.",
        ),
        reading=lambda found: ", ".join(f"{one.layer} {one.trained:.3f}" for one in _areas(found).itertuples()),
        explain=lambda found: (
            f"From {_area(found, layer='input'):.3f} at the input to {_area(found):.3f} in the last hidden layer. "
            f"Untrained, alignment falls with every layer, to {_area(found, trained=False):.3f}."
        ),
        paper=Printed("layers nearer the output are more aligned", PAPER),
        try_it=TryIt("alignment", STATE | {"against": "rank"}),
    ),
    Step(
        before="Two optimisers, four activations (one of them none at all) and three widths make 24 networks.",
        question="In what share of them did training raise the alignment of the last hidden layer?",
        guess=Number(0.0, 1.0, 0.05, lambda found: found.by_data["digits"].mean, "{:.0%}"),
        result=partial(recorded, "A1"),
        view=View(
            _factors,
            lambda found: found.tables["networks"],
            "Area of the last hidden layer before and after training in 24 networks, mean over seeds.",
        ),
        reading=lambda found: in_words(found.by_data["digits"]),
        explain=lambda found: (
            f"Over all of them the area went from {found.values['initial']:.3f} to {found.values['trained']:.3f}. "
            "It takes neither a nonlinearity nor a particular optimiser; the lines that grow least say who needs more."
        ),
        paper=Printed("for all architectures and optimisers tried", PAPER),
        try_it=TryIt("alignment", STATE | {"aview": "Families"}),
    ),
    Step(
        before="The same task with 1, 2, 3, 4 and 6 hidden layers.",
        question="How many hidden layers end with the most aligned last one?",
        guess=Choice(
            ("1", "2", "3", "4", "6"), lambda found: max(_last_areas(found), key=lambda one: _last_areas(found)[one])
        ),
        result=partial(recorded, "A2"),
        view=View(
            lambda found: figures.tidy_curves(_depths(found), "layer (0 is the input)", "area", "network"),
            lambda found: found.tables["layers"],
            "Area against the place of the layer, a line a depth, mean over seeds.",
        ),
        reading=lambda found: in_words(found.by_data["digits"]),
        explain=lambda found: (
            "Mean areas of the last hidden layer are "
            + ", ".join(f"{one:.3f} ({depth})" for depth, one in _last_areas(found).items())
            + ". Along each network the area rises from layer to layer: "
            f"{in_words(recorded('A3').by_data['digits']) if recorded('A3').by_data else 'not recorded'}."
        ),
        paper=Printed("more depth, more alignment", PAPER),
        try_it=TryIt("alignment", STATE | {"a": "zoo/low-mlp-d6-s10"}),
    ),
    Step(
        before="Now the labels are shuffled: none belongs to its picture. The network learns them by heart.",
        question="How many times as aligned as the input is the last hidden layer with these labels?",
        guess=Number(0.0, 500.0, 10.0, lambda found: found.by_data["digits"].mean, "{:.0f}"),
        result=partial(recorded, "A4"),
        view=View(
            lambda found: figures.tidy_curves(_shuffled(found), "layer (0 is the input)", "area", "seed"),
            lambda found: found.tables["layers"],
            "Area against the place of the layer with shuffled labels, a line a seed.",
        ),
        reading=lambda found: in_words(found.by_data["digits"]),
        explain=lambda found: (
            f"The input has {found.values['place_0']:.4f}, the last hidden layer {found.values['place_3']:.3f}. "
            "Alignment tells what a network was trained on, not whether that was worth learning."
        ),
        paper=Printed("even shuffled labels become aligned", PAPER),
        try_it=TryIt("alignment", STATE | {"a": "zoo/low-mlp-shuffled-s10", "ds": "digits_low_shuffled"}),
    ),
    Step(
        before=(
            "A linear model on each layer descends from 0. How much of the labels it has not learnt yet follows from "
            "the spectrum alone."
        ),
        question=f"After {FEW} steps on the last hidden layer, what share is still to be learnt?",
        guess=Number(0.0, 1.0, 0.05, lambda found: found.left(LAST, FEW), "{:.0%}"),
        result=_descent,
        view=View(
            _descending,
            lambda found: pd.DataFrame({"steps": found.steps} | found.closed),
            "Share of the labels not yet learnt against steps, a line a layer, with measured points.",
        ),
        reading=lambda found: (
            f"formula and descent differ by {found.apart:.1e} at most over {len(found.measured) - 1} steps, n = {N}"
        ),
        explain=lambda found: (
            f"After {FEW} steps {found.left(LAST, FEW):.1%} is left on the last hidden layer and "
            f"{found.left('input', FEW):.1%} on the input; after {MANY} steps {found.left('input', MANY):.1%} of it. "
            "Each direction is learnt at the speed of its squared singular value."
        ),
        paper=Printed("label energy on large singular values is learnt first; the exact form is derived", PAPER),
        try_it=TryIt("alignment", STATE | {"atab": "Speed", "layer": LAST}),
    ),
    Step(
        before=(
            "A network learnt one rule over six numbers. Its last layer and 100 labels have to serve for another rule: "
            "one that shares the condition (related), or nothing (unrelated)."
        ),
        question="On the unrelated rule, does the trained layer help or hurt against the untrained one?",
        guess=Choice((HELPS, HURTS), _transfer),
        result=partial(recorded, "A6"),
        view=View(
            _rules,
            lambda found: found.tables["rules"],
            "Error of a ridge regression on 100 labels from the input, the untrained and the trained layer.",
        ),
        reading=lambda found: in_words(found.by_data["six variables"]),
        explain=lambda found: (
            f"Related: {found.values['error related initial']:.2f} untrained, "
            f"{found.values['error related trained']:.2f} trained; unrelated: "
            f"{found.values['error unrelated initial']:.2f} and {found.values['error unrelated trained']:.2f}. "
            f"The area goes with it: {found.values['area related initial']:.3f} to "
            f"{found.values['area related trained']:.3f}, and {found.values['area unrelated initial']:.3f} to "
            f"{found.values['area unrelated trained']:.3f}."
        ),
        paper=Printed("alignment goes with positive and negative transfer", PAPER, IN_THE_PAPER),
        try_it=TryIt("alignment", {"a": NETWORK, "ds": "digits", "n": "899", "aview": "Transfer", "run": "1"}),
    ),
)

LAB = Lab(
    id="label-directions",
    title="Do the top directions know the labels?",
    paper=PAPER,
    claim="Training turns the strong directions of a layer towards the labels, most in the last layers.",
    minutes=12,
    steps=STEPS,
    claims=("A1", "A2", "A3", "A4", "A5", "A6"),
    pictured=1,
)
