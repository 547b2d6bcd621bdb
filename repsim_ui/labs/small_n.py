"""Small n lies: what biased CKA says of layers that have nothing in common."""

from functools import partial

import pandas as pd
import plotly.graph_objects as go

from repsim_core import figures
from repsim_core.claims.bias import scores_against_stimuli, unrelated_scores
from repsim_core.claims.claim import IN_THE_CODE
from repsim_core.inference import independent_cka
from repsim_ui.labs.lab import Choice, Lab, Number, Printed, Step, TryIt, View

UNITS, FEW, DRAWS = 200, 20, 20
SIZES = (10, 20, 50, 100, 200, 500)
BIASED, DEBIASED = "biased", "debiased"


def _independent() -> pd.DataFrame:
    """Scores of every draw at n = 20."""
    scores = [unrelated_scores(FEW, UNITS, seed=0, draw=draw) for draw in range(DRAWS)]
    return pd.DataFrame(scores, columns=[BIASED, DEBIASED])


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


STEPS = (
    Step(
        before=f"Two layers of {UNITS} units answer to {FEW} stimuli with independent random numbers.",
        question="What does biased CKA, the published formula, say of them?",
        guess=Number(0.0, 1.0, 0.05, lambda scores: scores[BIASED].mean()),
        result=_independent,
        view=View(_bars, lambda scores: scores, "Biased and debiased CKA of independent layers, mean over the draws."),
        reading=lambda scores: _spread(scores, BIASED),
        explain=lambda scores: (
            f"With fewer stimuli than units every pair of stimuli looks equally unlike in both layers, and biased CKA "
            f"takes that for likeness: {scores[BIASED].mean():.2f}. The closed form p/(n + p) gives "
            f"{independent_cka(FEW, UNITS, UNITS):.2f}."
        ),
        paper=Printed(
            "0.085, 0.498, 0.909, 0.990 for 10, 100, 1000, 10 000 units at n = 100", "Murphy et al. 2024", IN_THE_CODE
        ),
        try_it=TryIt("layer_map", {"m": "cka_biased", "n": str(FEW), "run": "1"}),
    ),
    Step(
        before="The debiased form leaves out the diagonal, each stimulus compared with itself.",
        question="How many stimuli does biased CKA need to call these layers unlike, below 0.1?",
        guess=Choice(("50", "200", "500", "more than 500"), lambda table: _needed(table)),
        result=partial(scores_against_stimuli, SIZES, UNITS, 5),
        view=View(
            lambda table: figures.tidy_curves(table, "n", "mean", "CKA", spread="SD", log=True),
            lambda table: table,
            "Biased CKA, debiased CKA and the expectation of the biased one against the number of stimuli.",
        ),
        reading=lambda table: (
            "; ".join(f"{one.CKA} {one.mean:.3f} ± {one.SD:.3f}" for one in table[table["n"] == SIZES[-1]].itertuples())
            + f" at n = {SIZES[-1]}"
        ),
        explain=lambda table: (
            f"The bias falls like p/(n + p): at n = {SIZES[-1]} it still is {_at(table, BIASED, SIZES[-1]):.2f}. "
            f"The debiased form is near 0 at every n, {_at(table, DEBIASED, SIZES[0]):.2f} already at n = {SIZES[0]}."
        ),
        try_it=TryIt("layer_map", {"m": "cka", "n": str(FEW), "run": "1"}),
    ),
)


def _at(table: pd.DataFrame, kind: str, n: int) -> float:
    return float(table.query("CKA == @kind and n == @n")["mean"].iloc[0])


def _needed(table: pd.DataFrame) -> str:
    low = [n for n in SIZES if _at(table, BIASED, n) < 0.1]
    return next((one for one in ("50", "200", "500") if low and int(one) >= low[0]), "more than 500")


LAB = Lab(
    id="small-n",
    title="Small n lies",
    paper="Murphy et al. 2024; Kornblith et al. 2019",
    claim="Biased CKA calls unrelated layers alike when stimuli are few; the debiased form does not.",
    minutes=6,
    steps=STEPS,
    claims=("B1",),
    pictured=1,
)
