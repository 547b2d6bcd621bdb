"""The shape of layers: outliers, numbers of points, depth, fine-tuning, seeds and architectures (Świder 2024)."""

from functools import partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from repsim_core import figures
from repsim_core.claims import Finding, in_words, recorded
from repsim_ui.labs.lab import Choice, Lab, Number, Printed, Step, TryIt, View

WHERE = "Świder 2024, abstract"
UNIT = "distance / that of two layers"
TENTH = 0.1
NEVER = "not by 400"
MUCH, LITTLE, SAME = "outliers, by half as much again or more", "as many at random", "both about the same"
SHALLOW, DEEP = "the shallow one", "the deep one"
THIRDS = ("in the first third", "in the middle", "in the last third")
SIDES = {
    "unequal": "100 against 300 of one layer",
    "equal": "300 against 300 others of one layer",
    "lof": "5 % outliers removed",
    "random": "5 % removed at random",
    "train_test": "training against test",
}


def _topology(a: str, b: str, **more: str) -> TryIt:
    """The distances of components of two networks, as the claims measure them."""
    state = {"a": f"zoo/{a}", "b": f"zoo/{b}", "ds": "digits", "n": "500", "points": "300", "subs": "1", "upto": "H0"}
    shown = {"tview": "Distances", "dim": "H0", "dist": "sliced_wasserstein", "run": "1"}
    return TryIt("topology", state | shown | more)


def _networks(found: Finding, *names: str) -> pd.DataFrame:
    """Effects over the distance of two layers, a line a network."""
    table = found.tables["layers"]
    over = table.assign(**{name: table[name] / table["between"] for name in names})
    return over.groupby(["data", "network"], sort=False)[list(names)].mean()


def _bars(*names: str, line: float) -> View:
    def figure(found: Finding) -> go.Figure:
        own = _networks(found, *names)
        parts = [(data, name) for data in own.index.unique("data") for name in names]
        return figures.named_bars(
            [f"{SIDES[name]}, {data}" for data, name in parts],
            np.array([own.loc[data, name].mean() for data, name in parts]),
            spread=np.array([own.loc[data, name].std() for data, name in parts]),
            title=UNIT,
            line=line,
            line_name="two layers" if line == 1 else "limit of the rule",
        )

    return View(
        figure,
        lambda found: _networks(found, *names).reset_index(),
        "Distances of diagrams in units of the distance of two layers, mean and spread over networks.",
    )


def _sizes(found: Finding) -> pd.DataFrame:
    """Distance over n within a layer and between layers, mean over the networks on digits."""
    table = found.tables["sizes"]
    means = table[table["data"] == "digits"].groupby("n")[["within", "between"]].mean()
    words = {"within": "one layer, other stimuli", "between": "two layers, the same stimuli"}
    long = means.rename(columns=words).stack().rename("distance / n").reset_index()
    return long.rename(columns={"level_1": "of"})


def _ratio(found: Finding, n: int) -> float:
    table = found.tables["sizes"]
    own = table[(table["data"] == "digits") & (table["n"] == n)]
    return float(own["within"].mean() / own["between"].mean())


def _settled(found: Finding) -> str:
    every = sorted(found.tables["sizes"]["n"].unique())
    return next((str(n) for n in every if all(_ratio(found, m) < TENTH for m in every if m >= n)), NEVER)


def _removed(found: Finding) -> str:
    over = found.values["lof_digits"] / found.values["random_digits"]
    return MUCH if over >= 1.5 else LITTLE if over < 2 / 3 else SAME


def _series(found: Finding) -> pd.DataFrame:
    return found.tables["networks"].rename(columns={"layers": "hidden layers", "mean_step": "mean step"})


def _thirds(found: Finding) -> "pd.Series[float]":
    """Mean movement in each third of the layers."""
    table = found.tables["layers"]
    third = np.minimum((table["place"] - 1) * 3 // int(table["place"].max()), 2)
    return table["distance"].groupby(third).mean()


def _tuned(found: Finding) -> pd.DataFrame:
    table = found.tables["layers"]
    return table.assign(seed="seed " + table["seed"].astype(int).astype(str), layer=table["place"])


def _pairs(found: Finding) -> go.Figure:
    parts = [(name, data) for data in found.by_data for name in ("seeds", "architectures")]
    words = {"seeds": "another seed", "architectures": "another architecture"}
    return figures.named_bars(
        [f"{words[name]}, {data}" for name, data in parts],
        np.array([found.values[f"{name}_{data}"] for name, data in parts]),
        title="mean distance at matched relative depth",
    )


STEPS = (
    Step(
        before="A layer's 300 answers are points. Their clusters, merging as balls grow, make a diagram; take the same "
        "layer with 100 other points.",
        question="How far apart are the two diagrams, if two layers of one network are 1 apart?",
        guess=Number(0.0, 3.0, 0.1, lambda found: found.values["unequal_digits"]),
        result=partial(recorded, "S2"),
        view=_bars("unequal", "equal", line=1),
        reading=lambda found: "; ".join(map(in_words, found.by_data.values())),
        explain=lambda found: (
            f"Fewer points make fewer and longer bars: 100 points are {found.values['unequal_digits']:.2f} away from "
            f"300 on digits and {found.values['unequal_shapes']:.2f} on shapes, about as far as another layer. With "
            f"300 against 300 others it is {found.values['equal_digits']:.3f} and {found.values['equal_shapes']:.3f}."
        ),
        paper=Printed("compare equal numbers of elements only", WHERE),
        try_it=_topology("digits-cnn-s10", "digits-cnn-s10", pointsb="100", unequal="true"),
    ),
    Step(
        before="Now equal numbers on both sides, of different stimuli.",
        question="From how many points on is a layer nearer to itself than a tenth of the distance of two layers?",
        guess=Choice(("25", "50", "100", "200", "400", NEVER), _settled),
        result=partial(recorded, "S2"),
        view=View(
            lambda found: figures.tidy_curves(_sizes(found), "n", "distance / n", "of", log=True),
            lambda found: found.tables["sizes"],
            "Distance over the number of points against that number, within a layer and between layers.",
        ),
        reading=lambda found: (
            ", ".join(f"n = {n}: {_ratio(found, n):.3f}" for n in sorted(found.tables["sizes"]["n"].unique()))
            + ", within over between, digits"
        ),
        explain=lambda found: (
            f"At 25 points a layer is {_ratio(found, 25):.2f} of the way to another layer from itself; at 400 "
            f"{_ratio(found, 400):.2f}. The distance of two layers grows like n, that of a layer from itself slower."
        ),
        paper=Printed("stable from a few hundred points on", WHERE),
        try_it=_topology("digits-cnn-s10", "digits-cnn-s11", points="100", subs="3"),
    ),
    Step(
        before="The local outlier factor names the 5 % of points that stand most apart.",
        question="What moves a diagram more: taking out outliers, or as many points at random?",
        guess=Choice((MUCH, SAME, LITTLE), _removed),
        result=partial(recorded, "S1"),
        view=_bars("lof", "random", line=0.2),
        reading=lambda found: "; ".join(map(in_words, found.by_data.values())),
        explain=lambda found: (
            f"Outliers move the diagrams of digits by {found.values['lof_digits']:.3f} of the distance of two layers, "
            f"random points by {found.values['random_digits']:.3f}. Most of what removing outliers does is that there "
            "are fewer points."
        ),
        paper=Printed("outliers have little effect", WHERE),
        try_it=_topology("digits-cnn-s10", "digits-cnn-s10", out="lof", share="5", tview="Layers"),
    ),
    Step(
        before="Networks of one kind and several depths; a step is the distance from one layer to the next.",
        question="Which network moves in smaller steps?",
        guess=Choice(
            (SHALLOW, DEEP), lambda found: DEEP if found.values["step_deep"] < found.values["step_shallow"] else SHALLOW
        ),
        result=partial(recorded, "S5"),
        view=View(
            lambda found: figures.tidy_curves(_series(found), "hidden layers", "mean step", "series", log=True),
            lambda found: found.tables["networks"],
            "Mean distance of consecutive layers against the number of layers, a line for each series of networks.",
        ),
        reading=lambda found: "; ".join(map(in_words, found.by_data.values())),
        explain=lambda found: (
            f"The mean step falls from {found.values['step_shallow']:.1f} in the shallowest to "
            f"{found.values['step_deep']:.1f} in the deepest network. The whole path goes from "
            f"{found.values['path_shallow']:.0f} to {found.values['path_deep']:.0f}."
        ),
        paper=Printed("more layers change more smoothly", WHERE),
        try_it=_topology("digits-plain-x1-s10", "digits-plain-x8-s10"),
    ),
    Step(
        before="A network learnt the digits 0 to 4, then all ten, every layer free to change.",
        question="Where did fine-tuning change the topology most?",
        guess=Choice(THIRDS, lambda found: THIRDS[int(_thirds(found).idxmax())]),
        result=partial(recorded, "S6"),
        view=View(
            lambda found: figures.tidy_curves(_tuned(found), "layer", "distance", "seed"),
            lambda found: found.tables["layers"],
            "Distance of each layer before fine-tuning from itself after it, a line a seed.",
        ),
        reading=lambda found: "; ".join(map(in_words, found.by_data.values())),
        explain=lambda found: (
            f"The first third of the layers moved by {found.values['early']:.2f}, the others by "
            f"{found.values['late']:.2f} in the mean. "
            f"By thirds it is {', '.join(f'{one:.2f}' for one in _thirds(found))}."
        ),
        paper=Printed("alike at first, different in the middle and at the end", WHERE),
        try_it=_topology("digits04-cnn-s10", "digits-cnn-s10-finetuned"),
    ),
    Step(
        before="Six architectures on digits, two to five seeds of each, layers met at the same relative depth.",
        question="In what share of pairs is another seed nearer than another architecture?",
        guess=Number(0.0, 1.0, 0.05, lambda found: found.by_data["digits"].mean, "{:.0%}"),
        result=partial(recorded, "S4"),
        view=View(
            _pairs,
            lambda found: pd.concat([one.assign(data=data) for data, one in found.tables.items()]),
            "Mean distance of networks of one architecture, and of two.",
        ),
        reading=lambda found: "; ".join(map(in_words, found.by_data.values())),
        explain=lambda found: (
            f"Two seeds are {found.values['seeds_digits']:.1f} apart on digits, two architectures "
            f"{found.values['architectures_digits']:.1f}; on shapes {found.values['seeds_shapes']:.1f} and "
            f"{found.values['architectures_shapes']:.1f}. The architecture shapes the clouds more than the seed does."
        ),
        paper=Printed("similar architectures have similar topology", WHERE),
        try_it=_topology("digits-cnn-s10", "digits-tiny10-s10"),
    ),
    Step(
        before="The network learnt its training half nearly by heart.",
        question="How far are its training stimuli from test stimuli, if two layers are 1 apart?",
        guess=Number(0.0, 1.0, 0.05, lambda found: found.values["train_test_digits"]),
        result=partial(recorded, "S7"),
        view=_bars("train_test", "equal", line=0.5),
        reading=lambda found: "; ".join(map(in_words, found.by_data.values())),
        explain=lambda found: (
            f"Training and test stimuli are {found.values['train_test_digits']:.3f} apart, two sets of test stimuli "
            f"{found.values['equal_digits']:.3f}. The clusters of a layer are those of the task, not of the pictures "
            "it was trained on."
        ),
        paper=Printed("training and test data agree", WHERE),
    ),
)

LAB = Lab(
    id="shape-of-layers",
    title="The shape of layers",
    paper="Świder 2024",
    claim=(
        "Similar architectures have similar topology, deeper networks change it more smoothly, and only equal numbers "
        "of points compare."
    ),
    minutes=12,
    steps=STEPS,
    claims=("S1", "S2", "S3", "S4", "S5", "S6", "S7"),
    pictured=3,
)
