"""Clusters and rings: RTD follows their order, others do not; then training, ensembles, shifts (Barannikov et al.)."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from repsim_core import datasets, figures
from repsim_core.claims import Finding, in_words, recorded
from repsim_core.claims.claim import IN_THE_CODE, IN_THE_PAPER
from repsim_core.figures.labs_barannikov import clouds_and_course
from repsim_ui.labs.lab import Choice, Lab, Number, Printed, Step, TryIt, View

PAPER = "Barannikov et al. 2022"
TAU = "Kendall's tau with k: 1 when a number only rises with k, −1 when it only falls, 0 without order."
MAKERS: dict[str, Callable[[int], np.ndarray]] = {"clusters": datasets.clusters, "rings": datasets.rings}
SHOWN = {"clusters": (2, 4, 12), "rings": (1, 3, 5)}
TITLES = {"cka_biased": "CKA, linear", "svcca": "SVCCA", "rtd": "RTD", "rtd_lite": "RTD-Lite"}


def _figure(family: str, measures: Sequence[str]) -> Callable[[Finding], go.Figure]:
    """Three clouds of the family above the course of some measures."""

    def drawn(found: Finding) -> go.Figure:
        values = found.tables["values"]
        clouds = {f"k = {k}": MAKERS[family](k) for k in SHOWN[family]}
        groups = np.repeat(np.arange(5), 100) if family == "rings" else np.repeat(np.arange(60), 5) % SHOWN[family][-1]
        return clouds_and_course(
            clouds,
            groups.astype(np.intp),
            [f"k = {k}" for k in values["k"]],
            {TITLES[one]: values[one].to_numpy(np.float64) for one in measures},
            title="compared with the first cloud",
        )

    return drawn


def _values(found: Finding) -> pd.DataFrame:
    return found.tables["values"]


def _tau(name: str) -> Callable[[Finding], float]:
    return lambda found: found.values[f"tau {name}"]


def _ends(found: Finding, name: str) -> str:
    """Value at the first and the last k."""
    table = _values(found)
    first, last = table.iloc[0], table.iloc[-1]
    return f"{first[name]:.4g} at k = {first['k']:.0f} and {last[name]:.4g} at k = {last['k']:.0f}"


def _clouds_page(family: str, k: int) -> TryIt:
    return TryIt("divergence", {"view": "Clusters and rings", "family": family, "k": str(k)})


def _parts(found: Finding) -> go.Figure:
    table = _values(found)
    return figures.stacked_parts(
        [f"{k}" for k in table["k"]],
        table["cluster_part"].to_numpy(),
        table["loop_part"].to_numpy(),
        title="k, clusters in the second cloud",
    )


def _direction(tau: float) -> str:
    return "it rises" if tau > 0.5 else "it falls" if tau < -0.5 else "neither"


def _courses(found: Finding) -> go.Figure:
    """Mean over the seeds of RTD, 1 − CKA and disagreement, by epoch."""
    table = found.tables["courses"].assign(unlike=lambda one: 1 - one["cka"])
    means, spread = (getattr(table.groupby("epoch"), how)() for how in ("mean", "std"))
    names = {"RTD": "rtd", "1 − CKA": "unlike", "other class predicted": "disagreement"}
    panels = {
        "RTD to the last": {"RTD": means["rtd"].to_numpy()},
        "share, and 1 − CKA": {one: means[names[one]].to_numpy() for one in ("1 − CKA", "other class predicted")},
    }
    errors = {one: spread[column].to_numpy() for one, column in names.items()}
    return figures.value_curves([f"{one:g}" for one in means.index], panels, errors=errors, title="epoch")


def _closer(found: Finding) -> str:
    return "RTD" if found.values["difference, low"] > 0 else "1 − CKA" if found.values["difference, high"] < 0 else BOTH


BOTH = "both about equally"


def _pairs(found: Finding) -> go.Figure:
    """Mean over the five runs with its deviation: snapshots beside independent networks, a panel a number."""
    table = found.tables["pairs"]
    kinds = ["snapshots", "independent"]
    by_kind = table.groupby("pairs")[["rtd", "cka", "disagreement"]]
    means, spread = by_kind.mean().loc[kinds], by_kind.std().loc[kinds]
    names = {"RTD": "rtd", "CKA, linear": "cka", "other class predicted": "disagreement"}
    return figures.value_curves(
        kinds,
        {title: {title: means[column].to_numpy()} for title, column in names.items()},
        errors={title: spread[column].to_numpy() for title, column in names.items()},
    )


def _ratio(found: Finding) -> float:
    return found.values["rtd, independent"] / found.values["rtd, snapshots"]


def _shift(found: Finding) -> go.Figure:
    """RTD and loss of accuracy against the angle, mean over the networks of each set."""
    table = found.tables["courses"]
    turned = table[table["kind"] == "rotation"]
    means, spread = (getattr(turned.groupby(["data", "level"])[["rtd", "loss"]], how)() for how in ("mean", "std"))
    sets = list(dict.fromkeys(turned["data"]))
    steps = [f"{one:g}°" for one in sorted(turned["level"].unique())]
    panels = {
        "RTD to the upright pictures": {f"RTD, {one}": means.loc[one]["rtd"].to_numpy() for one in sets},
        "loss of accuracy": {f"loss, {one}": means.loc[one]["loss"].to_numpy() for one in sets},
    }
    errors = {f"RTD, {one}": spread.loc[one]["rtd"].to_numpy() for one in sets}
    errors |= {f"loss, {one}": spread.loc[one]["loss"].to_numpy() for one in sets}
    return figures.value_curves(steps, panels, errors=errors, title="turned by")


def _most_lost(found: Finding) -> float:
    """Largest loss of accuracy on shapes at any angle, mean over the networks."""
    table = found.tables["courses"]
    turned = table[(table["kind"] == "rotation") & (table["data"] == "shapes")]
    return float(turned.groupby("level")["loss"].mean().max())


STEPS = (
    Step(
        before=f"300 points in one cluster are moved apart into k clusters, and each is compared with the first. {TAU}",
        question="What is the tau of linear CKA with the number of clusters?",
        guess=Number(-1.0, 1.0, 0.1, _tau("cka_biased")),
        result=partial(recorded, "R1"),
        view=View(
            _figure("clusters", ("cka_biased", "svcca")), _values, "Three of the clouds, and CKA and SVCCA against k."
        ),
        reading=lambda found: f"tau {found.values['tau cka_biased']:.3f}: {_ends(found, 'cka_biased')}",
        explain=lambda found: (
            f"CKA is near 0 for every k, {_ends(found, 'cka_biased')}, and what is left has no order. SVCCA has tau "
            f"{found.values['tau svcca']:.2f}: measures of linear subspaces do not see that points have come apart."
        ),
        paper=Printed("tau 0.238 for linear CKA, 0.143 for SVCCA", f"{PAPER}, clusters notebook", IN_THE_CODE),
        try_it=_clouds_page("clusters", 2),
    ),
    Step(
        before="RTD adds up how long each cluster and each loop is there in one space and not in the other.",
        question="And the tau of RTD?",
        guess=Number(-1.0, 1.0, 0.1, _tau("rtd")),
        result=partial(recorded, "R1"),
        view=View(_figure("clusters", ("rtd",)), _values, "Three of the clouds, and RTD against k."),
        reading=lambda found: f"tau {found.values['tau rtd']:.3f}: {_ends(found, 'rtd')}",
        explain=lambda found: (
            f"RTD is {_ends(found, 'rtd')}, with tau {found.values['tau rtd']:.2g}. The largest distance from the "
            f"authors' own numbers is {np.max(found.by_data['clusters'].values):.1e}."
        ),
        paper=Printed("tau 1.0", f"{PAPER}, clusters notebook", IN_THE_CODE),
        try_it=_clouds_page("clusters", 4),
    ),
    Step(
        before="RTD-Lite is the cheap preview: it counts the clusters alone, by minimum spanning trees.",
        question="What does RTD-Lite do as the number of clusters grows?",
        guess=Choice(("it rises", "it falls", "neither"), lambda found: _direction(found.values["tau rtd_lite"])),
        result=partial(recorded, "R1"),
        view=View(_parts, _values, "Cluster part and loop part of RTD for every k."),
        reading=lambda found: f"tau {found.values['tau rtd_lite']:.3f}: {_ends(found, 'rtd_lite')}",
        explain=lambda found: (
            f"The cluster part is {_ends(found, 'cluster_part')}; the loop part is {_ends(found, 'loop_part')}. The "
            "order is all in the loops, so the preview may not stand in for RTD."
        ),
        try_it=_clouds_page("clusters", 12),
    ),
    Step(
        before=(
            "Five rings of 100 points, of five radii for k = 1, all on top of each other for k = 5. The base is k = 1."
        ),
        question="What is the tau of RTD here?",
        guess=Number(-1.0, 1.0, 0.1, _tau("rtd")),
        result=partial(recorded, "R2"),
        view=View(_figure("rings", ("rtd", "rtd_lite")), _values, "Three of the clouds of rings, and RTD against k."),
        reading=lambda found: (
            f"RTD {found.values['tau rtd']:.2f}, RTD-Lite {found.values['tau rtd_lite']:.2f}, linear CKA "
            f"{found.values['tau cka_biased']:.2f}"
        ),
        explain=lambda found: (
            f"RTD has tau {found.values['tau rtd']:.2f}: one step of the order is missed. Linear CKA, of which a "
            f"perfect similarity would have −1, has {found.values['tau cka_biased']:.2f}."
        ),
        paper=Printed("tau 0.8 for RTD, −0.2 for linear CKA", f"{PAPER}, rings notebook", IN_THE_CODE),
        try_it=_clouds_page("rings", 3),
    ),
    Step(
        before="Now networks: checkpoints of a training against the network it became, five seeds.",
        question="Which goes along more closely with the share of predictions that still differ?",
        guess=Choice(("RTD", "1 − CKA", BOTH), _closer),
        result=partial(recorded, "R4"),
        view=View(
            _courses, lambda found: found.tables["courses"], "RTD, 1 − CKA and disagreement with the last, by epoch."
        ),
        reading=lambda found: in_words(found.by_data["digits"]),
        explain=lambda found: (
            f"Pearson's correlation with disagreement is {found.values['mean of RTD']:.3f} for RTD and "
            f"{found.values['mean of 1 − CKA']:.3f} for 1 − CKA, means over the seeds. The difference lies between "
            f"{found.values['difference, low']:+.3f} and {found.values['difference, high']:+.3f} (95 %, paired over "
            "seeds)."
        ),
        paper=Printed("RTD follows disagreement better (plots)", f"{PAPER}, training dynamics", IN_THE_PAPER),
        try_it=TryIt(
            "divergence",
            {"view": "Along training", "net": "zoo/digits-cnn-s10", "layer": "pool", "n": "300", "run": "1"},
        ),
    ),
    Step(
        before="An ensemble wants networks that differ: snapshots of one run, or independent runs?",
        question="How many times larger is RTD between independent networks than between snapshots?",
        guess=Number(0.5, 3.0, 0.1, _ratio, "{:.1f}"),
        result=partial(recorded, "R5"),
        view=View(
            _pairs, lambda found: found.tables["pairs"], "RTD, CKA and disagreement of snapshots and independents."
        ),
        reading=lambda found: in_words(found.by_data["digits"]),
        explain=lambda found: (
            f"RTD is {found.values['rtd, independent']:.1f} between independent networks and "
            f"{found.values['rtd, snapshots']:.1f} between snapshots; CKA {found.values['cka, independent']:.2f} and "
            f"{found.values['cka, snapshots']:.2f}. They name different digits for "
            f"{found.values['disagreement, independent']:.1%} and {found.values['disagreement, snapshots']:.1%} of "
            "the pictures."
        ),
        paper=Printed("RTD 30–32 against 21–24, CKA 0.90–0.91 against 0.96–0.97", f"{PAPER}, ensembles", IN_THE_CODE),
        try_it=TryIt(
            "divergence",
            {"a": "zoo/digits-cnn-cyclic-1", "b": "zoo/digits-cnn-cyclic-4", "ds": "digits", "n": "300", "run": "1"}
            | {"la": "pool", "lb": "pool"},
        ),
    ),
    Step(
        before="Turn the pictures, or add noise: the average pool of a network moves, and accuracy falls.",
        question="What is Spearman's correlation of RTD with the loss of accuracy?",
        guess=Number(-1.0, 1.0, 0.1, lambda found: found.by_data["digits"].mean),
        result=partial(recorded, "R6"),
        view=View(_shift, lambda found: found.tables["courses"], "RTD and loss of accuracy against the angle."),
        reading=lambda found: in_words(found.by_data["digits"]),
        explain=lambda found: (
            f"Over angles and strengths of noise it is {found.by_data['digits'].mean:.2f} on digits and "
            f"{found.by_data['shapes'].mean:.2f} on shapes. Shapes are drawn in every orientation: no angle costs more "
            f"than {_most_lost(found):.0%} of their accuracy, so there is little for RTD to follow."
        ),
        paper=Printed("RTD rises as accuracy falls (figures)", f"{PAPER}, distribution shift", IN_THE_PAPER),
        try_it=TryIt(
            "divergence",
            {"view": "Between domains", "net": "zoo/shapes-cnn-s10", "layer": "pool", "n": "300", "run": "1"},
        ),
    ),
)

LAB = Lab(
    id="clusters-and-rings",
    title="Clusters and rings",
    paper=PAPER,
    claim="RTD follows the topology of point clouds and of representations where other measures do not.",
    minutes=12,
    steps=STEPS,
    claims=("R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8"),
    pictured=1,
)
