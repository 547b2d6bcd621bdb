"""Small n lies: what biased CKA says of layers that have nothing in common."""

from functools import partial

import pandas as pd
import plotly.graph_objects as go

from repsim_core import figures
from repsim_core.claims import DERIVED, IN_THE_CODE, Finding, recorded
from repsim_core.claims.bias import FEW, LAYER, SIZES, A, B
from repsim_core.claims.bias import WIDTH as UNITS
from repsim_core.inference import independent_cka, stimuli_for_bias
from repsim_ui.labs.lab import Choice, Lab, Number, Printed, Step, TryIt, View

BIASED, DEBIASED = "biased", "debiased"
SHUFFLED, LOW = 50, 0.05
PAIR = {"a": A, "b": B, "ds": "digits", "run": "1", "la": LAYER, "lb": LAYER}
TIMES = ("about 10", "about 50", "about 300", "about 2000")


def _table(name: str) -> pd.DataFrame:
    return recorded("B1").tables[name]


def _spread(scores: pd.DataFrame, kind: str) -> str:
    one = scores[kind]
    return f"{one.mean():.3f} ± {one.std():.3f} (SD over {len(one)} draws), n = {FEW}, {UNITS} units"


def _bars(scores: pd.DataFrame) -> go.Figure:
    return figures.named_bars(
        [f"CKA, {one}" for one in scores],
        scores.mean().to_numpy(),
        title="mean over the draws",
        spread=scores.std().to_numpy(),
        line=independent_cka(FEW, UNITS, UNITS),
        line_name="p/(n + p)",
        limits=(-0.1, 1.05),
    )


def _curves(table: pd.DataFrame) -> go.Figure:
    fig = figures.tidy_curves(table, "n", "mean", "CKA", spread="SD", log=True)
    return fig.update_layout(xaxis_title_text="stimuli", yaxis_title_text="CKA")


def _row(table: pd.DataFrame, kind: str, n: int) -> pd.Series:
    return table.query("CKA == @kind and n == @n").iloc[0]


def _at(table: pd.DataFrame, kind: str, n: int) -> float:
    return float(_row(table, kind, n)["mean"])


def _said(table: pd.DataFrame, kind: str, n: int) -> str:
    one = _row(table, kind, n)
    return f"{kind} {one['mean']:.3f} ± {one['SD']:.3f}"


def _widths(finding: Finding) -> pd.DataFrame:
    """Mean and SD over seeds, a line an estimator and a width."""
    table = finding.tables["scores"].melt(["seed", "units"], ["biased", "debiased", "expected"], "CKA", "value")
    grouped = table.groupby(["CKA", "units"])["value"]
    return pd.DataFrame({"mean": grouped.mean(), "SD": grouped.std()}).reset_index()


def _needed(table: pd.DataFrame) -> int:
    """Stimuli at which unrelated layers of these effective units have a biased CKA of 0.05."""
    return stimuli_for_bias(LOW, float(table["units of A"].iloc[0]), float(table["units of B"].iloc[0]))


def _about(n: int) -> str:
    return TIMES[0] if n < 25 else TIMES[1] if n < 120 else TIMES[2] if n < 800 else TIMES[3]


STEPS = (
    Step(
        before=f"Two layers of {UNITS} units answer to {FEW} stimuli with independent random numbers.",
        question="What does biased CKA, the published formula, say of them?",
        guess=Number(0.0, 1.0, 0.05, lambda scores: float(scores[BIASED].mean())),
        result=partial(_table, "draws"),
        view=View(_bars, lambda scores: scores, "Biased and debiased CKA of independent layers, mean over the draws."),
        reading=lambda scores: _spread(scores, BIASED),
        explain=lambda scores: (
            f"With fewer stimuli than units each stimulus looks equally unlike all others in both layers, and biased "
            "CKA "
            f"takes that for likeness: {scores[BIASED].mean():.2f}. The debiased form says "
            f"{scores[DEBIASED].mean():.3f} of the same numbers."
        ),
        paper=Printed("p/(n + p) for independent features", "Murphy et al. 2024", DERIVED),
        try_it=TryIt("layer_map", PAIR | {"m": "cka_biased", "n": str(FEW), "tab": "Shuffles"}),
    ),
    Step(
        before="More units make more room for chance.",
        question="At 100 stimuli, from which width on is biased CKA of independent layers above 0.9?",
        guess=Choice(("10 units", "100 units", "1000 units", "never"), lambda found: _wide(found)),
        result=partial(recorded, "B1"),
        view=View(
            lambda found: figures.tidy_curves(
                _widths(found), "units", "mean", "CKA", spread="SD", log=True
            ).update_layout(yaxis_title_text="CKA"),
            _widths,
            "Biased CKA, debiased CKA and the expectation of the biased one against the number of units.",
        ),
        reading=lambda found: (
            f"{found.values['biased_10']:.3f}, {found.values['biased_100']:.3f}, {found.values['biased_1000']:.3f}, "
            f"{found.values['biased_10000']:.3f} at 10, 100, 1000, 10 000 units, mean over 5 seeds of 5 draws"
        ),
        explain=lambda found: (
            f"The expectation is p/(n + p), one half at as many units as stimuli: {found.values['biased_100']:.2f}. "
            "The "
            f"debiased form stays at {found.values['debiased_1000']:.3f} even with 1000 units."
        ),
        paper=Printed("0.085, 0.498, 0.909, 0.990 at 10, 100, 1000, 10 000 units", "Murphy et al. 2024", IN_THE_CODE),
        try_it=TryIt("layer_map", PAIR | {"m": "cka_biased", "n": "100"}),
    ),
    Step(
        before=f"Back to {UNITS} units: the number of stimuli grows from {SIZES[0]} to {SIZES[-1]}.",
        question="How many stimuli does biased CKA need to fall below 0.1?",
        guess=Choice(("50", "200", "500", "more than 500"), lambda table: _below(table)),
        result=partial(_table, "stimuli"),
        view=View(
            _curves,
            lambda table: table,
            "Biased CKA, debiased CKA and the expectation of the biased one against the number of stimuli.",
        ),
        reading=lambda table: (
            f"{_said(table, BIASED, SIZES[-1])}, {_said(table, DEBIASED, SIZES[-1])} (SD over 20 draws) at n = "
            f"{SIZES[-1]}"
        ),
        explain=lambda table: (
            f"The bias falls as slowly as p/(n + p): at n = {SIZES[-1]} it still is "
            f"{_at(table, BIASED, SIZES[-1]):.2f}. "
            f"The debiased form scatters at small n, {_said(table, DEBIASED, SIZES[0])} at n = {SIZES[0]}, but "
            "around 0."
        ),
        try_it=TryIt("layer_map", PAIR | {"m": "cka_biased", "n": "200", "tab": "Stimuli needed"}),
    ),
    Step(
        before=f"Real layers: {LAYER} of two trained networks, {SHUFFLED} digits, shuffled on one side so that "
        "nothing is shared.",
        question="What does biased CKA say of them?",
        guess=Number(0.0, 1.0, 0.05, lambda table: _at(table, "biased, shuffled", SHUFFLED)),
        result=partial(_table, "shuffled"),
        view=View(_curves, lambda table: table, "CKA of two trained layers, paired and shuffled, against n."),
        reading=lambda table: (
            f"{_said(table, 'biased, shuffled', SHUFFLED)}, {_said(table, 'debiased, shuffled', SHUFFLED)} "
            f"(SD over 10 shuffles), n = {SHUFFLED}"
        ),
        explain=lambda table: (
            f"Trained layers use few directions, so their chance level is lower than that of noise, but "
            f"{_at(table, 'biased, shuffled', SHUFFLED):.2f} is no 0. Paired they have "
            f"{_at(table, 'biased, paired', SHUFFLED):.2f}, which means little until it is compared with that."
        ),
        try_it=TryIt("layer_map", PAIR | {"m": "cka_biased", "n": str(SHUFFLED), "tab": "Shuffles"}),
    ),
    Step(
        before="The chance level depends on the directions a layer really uses, its effective units, not on the "
        "units it has.",
        question=f"How many digits bring the chance level of {LAYER} down to {LOW:g}?",
        guess=Choice(TIMES, lambda table: _about(_needed(table))),
        result=partial(_table, "shuffled"),
        view=View(_curves, lambda table: table, "CKA of two trained layers, paired and shuffled, against n."),
        reading=lambda table: (
            f"{_needed(table)} for {table['units of A'].iloc[0]:.0f} and {table['units of B'].iloc[0]:.0f} effective "
            "units; "
            f"{_said(table, 'biased, shuffled', 500)} measured at n = 500"
        ),
        explain=lambda table: (
            f"Solving p/(n + p) = {LOW:g} for effective units gives {_needed(table)} stimuli. Taking the debiased form "
            f"costs nothing and needs none of them: {_said(table, 'debiased, shuffled', SHUFFLED)} at n = {SHUFFLED}."
        ),
        try_it=TryIt("layer_map", PAIR | {"m": "cka", "n": "500", "tab": "Stimuli needed"}),
    ),
)


def _wide(found: Finding) -> str:
    wide = [units for units in (10, 100, 1000) if found.values[f"biased_{units}"] > 0.9]
    return f"{wide[0]} units" if wide else "never"


def _below(table: pd.DataFrame) -> str:
    low = [n for n in SIZES if _at(table, BIASED, n) < 0.1]
    return next((one for one in ("50", "200", "500") if low and int(one) >= low[0]), "more than 500")


LAB = Lab(
    id="small-n",
    title="Small n lies",
    paper="Murphy et al. 2024; Kornblith et al. 2019",
    claim="Biased CKA calls unrelated layers alike when stimuli are few; the debiased form does not.",
    minutes=8,
    steps=STEPS,
    claims=("B1", "K10"),
    pictured=1,
)
