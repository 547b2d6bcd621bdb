"""One outlier, one dominant direction: how CKA is moved while nothing that is read out of a layer changes."""

from functools import partial

import pandas as pd
import plotly.graph_objects as go

from repsim_core import figures
from repsim_core.claims import DERIVED, Finding, recorded
from repsim_core.claims.davari import SCALES, UNITS, N
from repsim_core.similarity import MEASURES
from repsim_ui.labs.lab import Choice, Lab, Number, Printed, Step, TryIt, View

NEAR, FAR = 10.0, 100.0
LOUD = SCALES[-1]
PAGE = {"a": "zoo/digits-cnn-s10", "b": "zoo/digits-cnn-s11", "ds": "digits", "n": "500", "run": "1"}


def _at(found: Finding, reach: float, column: str = "CKA", data: str = "digits") -> pd.Series:
    table = found.tables["curves"]
    return table[(table["data"] == data) & (table["reach"] == reach)][column]


def _means(found: Finding, columns: tuple[str, ...], data: str = "digits") -> pd.DataFrame:
    """Mean and SD over networks at every reach, a line a curve."""
    table = found.tables["curves"].query("data == @data")
    grouped = table.groupby("reach")
    return pd.concat(
        [
            pd.DataFrame(
                {"curve": one, "moved by": list(grouped.groups), "mean": grouped[one].mean().to_numpy()}
            ).assign(SD=grouped[one].std().to_numpy())
            for one in columns
        ],
        ignore_index=True,
    )


def _curves(found: Finding, columns: tuple[str, ...] = ("CKA", "limit")) -> go.Figure:
    fig = figures.tidy_curves(_means(found, columns), "moved by", "mean", "curve", spread="SD", log=True)
    return fig.update_layout(
        yaxis={"range": [-0.05, 1.08], "title_text": "mean over networks"},
        xaxis_title_text="moved by, root mean square distances",
    )


def _spread(values: pd.Series) -> str:
    return f"{values.mean():.3f} ± {values.std():.3f} (SD over {len(values)} networks), n = {N}"


def _measures(found: Finding) -> pd.DataFrame:
    table = found.tables["measures"].query("data == 'digits'")
    grouped = table.groupby("measure", sort=False)["value"]
    frame = pd.DataFrame({"measure": list(grouped.groups), "mean": grouped.mean().to_numpy()})
    frame["SD"] = grouped.std().to_numpy()
    return frame.assign(measure=[MEASURES[one].title for one in frame["measure"]])


def _bars(found: Finding) -> go.Figure:
    table = _measures(found)
    return figures.named_bars(
        list(table["measure"]),
        table["mean"].to_numpy(),
        title="likeness of the layer to itself after the move",
        spread=table["SD"].to_numpy(),
        limits=(0, 1.08),
    )


def _of(found: Finding, measure: str) -> float:
    return float(found.tables["measures"].query("data == 'digits' and measure == @measure")["value"].mean())


def _debiased(found: Finding) -> str:
    return DEBIASED[0] if _of(found, "cka") < 0.1 else DEBIASED[1] if _of(found, "cka") < 0.9 else DEBIASED[2]


DEBIASED = ("no, it falls below 0.1 as well", "in part, it stays between 0.1 and 0.9", "yes, it stays above 0.9")


def _loud_curves(table: pd.DataFrame) -> go.Figure:
    means = pd.concat(
        [
            table.groupby("scale")[one].agg(["mean", "std"]).reset_index().assign(index=name)
            for one, name in (("CKA", "CKA, debiased"), ("CCA", "CCA, mean"))
        ]
    ).rename(columns={"std": "SD"})
    means["scale"] = means["scale"].map(lambda one: f"{one:g}")
    fig = figures.tidy_curves(means, "scale", "mean", "index", spread="SD")
    return fig.update_layout(
        yaxis_range=[-0.05, 1.08], xaxis_type="category", xaxis_title_text="scale of the coordinate"
    )


def _loudest(table: pd.DataFrame, one: str = "CKA") -> pd.Series:
    return table[table["scale"] == LOUD][one]


STEPS = (
    Step(
        before=f"The layer that the head reads, {N} digits, five networks. One of the {N} digits moves away from all "
        "others, "
        f"by {NEAR:g} times the root mean square distance from the mean.",
        question="Biased linear CKA of the layer before and after?",
        guess=Number(0.0, 1.0, 0.05, lambda found: float(_at(found, NEAR).mean())),
        result=partial(recorded, "D1"),
        view=View(_curves, partial(_means, columns=("CKA", "limit")), "CKA against how far one stimulus was moved."),
        reading=lambda found: _spread(_at(found, NEAR)),
        explain=lambda found: (
            f"CKA weighs stimuli by their squared distance from the mean, so one point counts for more the further "
            "it is: "
            f"{_at(found, NEAR).mean():.2f} at {NEAR:g}, {_at(found, 30.0).mean():.2f} at 30. "
            f"It ends at the limit of the dashed curve, {_at(found, NEAR, 'limit').mean():.3f}."
        ),
        paper=Printed(
            "ρ/(1 − ρ) · ‖mean of the moved‖²/E‖x‖² · √(participation ratio) as the limit",
            "its limit, for Davari et al. 2023",
            DERIVED,
        ),
        try_it=TryIt("layer_map", PAGE | {"m": "cka_biased", "la": "pool", "lb": "pool", "tab": "Spectra"}),
    ),
    Step(
        before=f"The same digit, now {FAR:g} root mean squares away.",
        question="For how many of the 500 digits does the network now say another class?",
        guess=Choice(
            ("none", "1 to 5", "6 to 50", "more than 50"),
            lambda found: _counted((1 - float(_at(found, FAR, "same predictions").min())) * N),
        ),
        result=partial(recorded, "D1"),
        view=View(
            partial(_curves, columns=("CKA", "same predictions")),
            partial(_means, columns=("CKA", "same predictions")),
            "CKA, and the share of stimuli with the same prediction, against how far one stimulus was moved.",
        ),
        reading=lambda found: (
            f"at least {_at(found, FAR, 'same predictions').min():.1%} of the predictions stay; CKA "
            f"{_spread(_at(found, FAR))}"
        ),
        explain=lambda found: (
            f"The digit moved along a direction that the head does not read, so every network says what it said: "
            f"{_at(found, FAR, 'same predictions').mean():.1%} the same. "
            f"CKA went from 1 to {_at(found, FAR).mean():.3f} all the same."
        ),
        try_it=TryIt("layer_map", PAGE | {"m": "cka_biased", "la": "pool", "lb": "pool", "tab": "Examples"}),
    ),
    Step(
        before="The debiased form leaves out the diagonal: each stimulus compared with itself.",
        question="Is debiased CKA safe from one outlier?",
        guess=Choice(DEBIASED, _debiased),
        result=partial(recorded, "D1"),
        view=View(_bars, _measures, "Each measure of a layer with itself after one stimulus was moved far away."),
        reading=lambda found: (
            f"debiased {_of(found, 'cka'):.2f}, biased {_of(found, 'cka_biased'):.2f}, mean over 5 networks, one of "
            f"{N} moved by {FAR:g}"
        ),
        explain=lambda found: (
            f"Without the diagonal the outlier's own length is gone and only its products with the others are left, so "
            f"debiased CKA falls to {_of(found, 'cka'):.2f} instead of {_of(found, 'cka_biased'):.2f}. Ranks and "
            "neighbours "
            f"hardly notice: {MEASURES['rsa'].title} {_of(found, 'rsa'):.3f}, mutual neighbours "
            f"{_of(found, 'mutual_knn'):.3f}."
        ),
        try_it=TryIt("layer_map", PAGE | {"m": "rsa", "la": "pool", "lb": "pool"}),
    ),
    Step(
        before="Now all digits 0 move together by 10 root mean squares, again along a direction that the head does "
        "not read.",
        question="CKA of the layer before and after?",
        guess=Number(0.0, 1.0, 0.05, lambda found: float(_at(found, NEAR).mean())),
        result=partial(recorded, "D2"),
        view=View(
            partial(_curves, columns=("CKA", "same predictions", "limit")),
            partial(_means, columns=("CKA", "same predictions", "limit")),
            "CKA and the share of same predictions against how far one class was moved.",
        ),
        reading=lambda found: _spread(_at(found, NEAR)),
        explain=lambda found: (
            f"A whole class keeps more of the likeness than one point, since its mean was away from the others "
            "before: the limit "
            f"is {_at(found, NEAR, 'limit').mean():.2f}. The classes are as separable as they were, and "
            f"{_at(found, NEAR, 'same predictions').mean():.1%} of the predictions are the same."
        ),
        paper=Printed(
            "CKA changes while linear separability stays; no number in the abstract", "Davari et al. 2023, abstract"
        ),
        try_it=TryIt("layer_map", PAGE | {"m": "cka", "la": "pool", "lb": "pool", "tab": "Projection"}),
    ),
    Step(
        before=f"Two unrelated layers of {UNITS} random units share a single unit, which is scaled by {LOUD:g} in "
        "both.",
        question="Debiased CKA of the two layers?",
        guess=Number(0.0, 1.0, 0.05, lambda table: float(_loudest(table).mean())),
        result=lambda: recorded("D1").tables["shared unit"],
        view=View(
            _loud_curves, lambda table: table, "CKA and CCA of two layers that share one unit, against its scale."
        ),
        reading=lambda table: (
            f"{_loudest(table).mean():.3f} ± {_loudest(table).std():.1g} (SD over {len(_loudest(table))} draws), n = "
            f"{N}"
        ),
        explain=lambda table: (
            f"One loud direction carries the score: {_loudest(table).mean():.2f}, although {UNITS - 1} of {UNITS} "
            "units have "
            f"nothing in common. CCA, which gives every direction the same weight, says "
            f"{_loudest(table, 'CCA').mean():.2f} at any scale."
        ),
        try_it=TryIt("layer_map", PAGE | {"m": "cka", "la": "head", "lb": "head", "tab": "Spectra"}),
    ),
)


def _counted(changed: float) -> str:
    count = round(changed)
    return "none" if count == 0 else "1 to 5" if count <= 5 else "6 to 50" if count <= 50 else "more than 50"


LAB = Lab(
    id="one-outlier",
    title="One outlier, one dominant direction",
    paper="Davari et al. 2023",
    claim="A single stimulus, or a single loud unit, moves CKA as far as one likes while predictions stay.",
    minutes=8,
    steps=STEPS,
    claims=("D1", "D2", "D3"),
    pictured=0,
)
