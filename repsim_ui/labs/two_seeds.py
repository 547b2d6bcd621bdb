"""Same architecture, two seeds: which measure finds the corresponding layer? (Kornblith et al. 2019)."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from repsim_core import figures
from repsim_core.claims import Finding, in_words, recorded
from repsim_core.claims.kornblith_directions import values_of_indices
from repsim_core.claims.kornblith_indices import CKA, INDICES, matches
from repsim_core.figures.labs_kornblith import beside_print, match_places
from repsim_core.types import LayerActivations, Representation, SimilarityMatrix
from repsim_ui.labs.lab import Choice, Lab, Number, Printed, Step, TryIt, View

TABLE_2 = "Kornblith et al. 2019, table 2"
A, B, N, FEW = "zoo/digits-cnn-s10", "zoo/digits-cnn-s11", 300, 50
ALONE = "only its twin, the third"
LAYERS = ["conv1", "conv2", "conv3", "conv4", "conv5", "pool"]
CHOSEN: dict[str, str | list[str]] = {"layers": "chosen", "ra": LAYERS, "rb": LAYERS, "ds": "digits", "n": str(N)}
STATE = CHOSEN | {"a": A, "b": B}
TWINS = STATE | {"mview": "Twins", "nets": [f"zoo/digits-cnn-s{seed}" for seed in (12, 13, 14)], "run": "1"}
UNRELATED, RELATED = "shuffled stimuli", "the same stimuli"
CONTEST = ("CCA, mean ρ", "SVCCA, mean ρ", "linear regression", CKA)


@cache
def _pair() -> tuple[LayerActivations, LayerActivations]:
    """Responses of two seeds to the same pictures, all layers but the head."""
    from repsim_core import datasets, models
    from repsim_core.claims.kornblith_nets import responses

    data = datasets.load("digits", n=N)
    first, second = (responses(models.load(name), data) for name in (A, B))
    return first, second


def _map() -> SimilarityMatrix:
    from repsim_core.similarity import compare_layers

    return compare_layers(*_pair(), "cka_biased")


def _shuffled(layers: LayerActivations, seed: int) -> LayerActivations:
    """The same ids with the rows of other stimuli."""
    order = np.random.default_rng(seed).permutation(len(layers.stimuli))
    rows = {
        name: Representation(one.values[order], one.stimuli, one.model, name, one.unit_shape)
        for name, one in layers.items()
    }
    return LayerActivations(layers.model, layers.dataset, layers.stimuli, rows)


def _shuffle() -> pd.DataFrame:
    """Mean over the twins of both estimators, as they are and shuffled."""
    from repsim_core.similarity import compare_layers

    first, second = _pair()
    rows: list[dict[str, Any]] = []
    for what, other in ((RELATED, second), (UNRELATED, _shuffled(second, 0))):
        for title, measure in (("debiased", "cka"), ("biased", "cka_biased")):
            matrix = compare_layers(first, other, measure)
            twins, chance = matrix.values.diagonal(), float(matrix.chance.diagonal().mean())
            found = {"mean": twins.mean(), "SD": twins.std(ddof=1), "chance": chance}
            rows.append({"stimuli": what, "CKA": title} | found)
    return pd.DataFrame(rows)


def _cell(table: pd.DataFrame, stimuli: str, kind: str) -> pd.Series:
    chosen: pd.Series = table[(table["stimuli"] == stimuli) & (table["CKA"] == kind)].iloc[0]
    return chosen


def _shuffle_bars(table: pd.DataFrame) -> go.Figure:
    return figures.named_bars(
        [f"{one.CKA}, {one.stimuli}" for one in table.itertuples()],
        table["mean"].to_numpy(),
        title="mean CKA of the six twins",
        spread=table["SD"].to_numpy(),
        limits=(-0.05, 1.05),
    )


def _unlike(table: pd.DataFrame) -> float:
    return float(_cell(table, UNRELATED, "debiased")["mean"])


def _theorem() -> pd.DataFrame:
    """CCA and regression of the first convolutions at few stimuli, with the right partner and with a shuffled one."""
    first, second = _pair()
    layer, rows = first.layers[0], slice(FEW)
    partners = {RELATED: second, UNRELATED: _shuffled(second, 0)}
    found = [
        {"stimuli": what} | values_of_indices(first[layer].values[rows], one[layer].values[rows])
        for what, one in partners.items()
    ]
    return pd.DataFrame(found)


def _theorem_bars(table: pd.DataFrame) -> go.Figure:
    long = table.melt(id_vars="stimuli", var_name="index", value_name="value")
    return figures.named_bars(
        [f"{one['index']}, {one['stimuli']}" for _, one in long.iterrows()],
        long["value"].to_numpy(),
        title="value of the index",
        limits=(0, 1.05),
    )


def _said(value: float) -> str:
    return "near 0" if value < 0.25 else "about one half" if value < 0.75 else "1, as for the right stimuli"


def _indices(found: Finding) -> pd.DataFrame:
    table = found.tables["indices"]
    return table[(table["data"] == "digits") & (table["features"] == "flattened")]


def _index(found: Finding, name: str, column: str = "found", features: str = "flattened") -> float:
    table = found.tables["indices"]
    row = table[(table["data"] == "digits") & (table["features"] == features) & (table["index"] == name)]
    return float(row[column].iloc[0])


def _index_bars(found: Finding) -> go.Figure:
    table = _indices(found)
    return beside_print(
        table["index"].tolist(),
        table["found"].to_numpy(),
        table["printed"].to_numpy(np.float64),
        errors=table["standard error"].to_numpy(np.float64),
        chance=1 / 6,
        title="layers that find their twin",
    )


def _best(found: Finding) -> str:
    table = _indices(found)
    return str(table.loc[table["found"].idxmax(), "index"])


def _places(found: Finding) -> go.Figure:
    layers = list(found.tables["digits"]["layer"])
    return match_places(found.arrays["digits"], layers, layers, titles=("layer of one seed", "best match in another"))


def _directions(found: Finding, data: str, count: int) -> float:
    table = found.tables["directions"]
    return float(table[(table["data"] == data) & (table["directions"] == count)]["share"].iloc[0])


def _needed(found: Finding) -> int:
    table = found.tables["directions"]
    own = table[(table["data"] == "digits") & (table["share"] >= 0.8)]
    return int(own["directions"].min())


def _twins_by_data(found: Finding) -> pd.DataFrame:
    """Mean over the pairs of networks, a line a layer and kind of network."""
    table = found.tables["twins"].melt(
        id_vars=["pair", "layer", "place"], value_vars=["trained", "untrained"], var_name="networks", value_name="CKA"
    )
    means = table.groupby(["networks", "place", "layer"], sort=False)["CKA"].agg(["mean", "std"]).reset_index()
    return means.assign(place=means["place"] + 1).rename(
        columns={"mean": "CKA of twins", "std": "SD", "place": "depth"}
    )


def _random_filters(found: Finding) -> str:
    """What the first half of untrained networks says."""
    more = found.values["trained minus untrained, first half"] > 0
    return "training makes the early layers alike" if more else "random filters of two seeds are as alike, or more"


def _third(matrix: SimilarityMatrix) -> str:
    """The layers that the third one of A is most like."""
    place = int(np.nanargmax(matrix.values[2]))
    return ("the second", "the fourth")[place > 2] if place != 2 else ALONE


STEPS = (
    Step(
        before="A and B have the same five convolutions and saw the same digits; only their random start differs.",
        question="Which layer of B does linear CKA find most like the third convolution of A?",
        guess=Choice(("the second", ALONE, "the fourth"), _third),
        result=_map,
        view=View(
            figures.similarity_heatmap,
            SimilarityMatrix.to_frame,
            "Linear CKA of every layer of seed 10 with every layer of seed 11.",
        ),
        reading=lambda matrix: (
            f"CKA with its twin {matrix.values[2, 2]:.3f}, with its neighbours {matrix.values[2, 1]:.3f} and "
            f"{matrix.values[2, 3]:.3f}, n = {matrix.n_stimuli}"
        ),
        explain=lambda matrix: (
            f"Of the {len(matrix.rows)} layers {matches(matrix.values).trace():.0f} are most like their twin in this "
            f"pair. Twins have {np.diag(matrix.values).mean():.2f} on average, layers beside them "
            f"{np.mean([*np.diag(matrix.values, 1), *np.diag(matrix.values, -1)]):.2f}: near, but not the same."
        ),
        paper=Printed("the highest value of a row is on the diagonal", "Kornblith et al. 2019, figure 2"),
        try_it=TryIt("layer_map", STATE | {"m": "cka_biased", "run": "1"}),
    ),
    Step(
        before="Now all ordered pairs of ten seeds. Picking a layer of B blindly is right once in six times.",
        question="How many layers find their twin by linear CKA?",
        guess=Number(0.0, 1.0, 0.05, lambda found: found.by_data["digits"].mean, "{:.0%}"),
        result=lambda: recorded("K1"),
        view=View(
            _places,
            lambda found: pd.DataFrame(found.arrays["digits"], columns=found.tables["digits"]["layer"]),
            "Share of the best matches of each layer that fall on each layer of another seed.",
        ),
        reading=lambda found: in_words(found.by_data["digits"]),
        explain=lambda found: (
            f"{found.values['digits mean']:.0%} find the twin and {found.values['digits within one']:.0%} the twin "
            f"or a layer beside it, with chance at {found.values['digits chance']:.0%}. Nine layers after the "
            f"paper's Tiny-10 reach {found.values['digits_Tiny-10 mean']:.0%} and networks on pictures of shapes "
            f"{found.values['shapes mean']:.0%}: neighbours in networks this small are nearly equal."
        ),
        paper=Printed("99.3 % of the layers", TABLE_2),
        try_it=TryIt("layer_map", TWINS | {"measures": ["cka_biased", "cka"]}),
    ),
    Step(
        before="A measure compares what two layers say of the same stimulus. Shuffle B's, and nothing is shared.",
        question="What is left of debiased CKA between twins when the stimuli of B are shuffled?",
        guess=Number(0.0, 1.0, 0.05, _unlike),
        result=_shuffle,
        view=View(
            _shuffle_bars,
            lambda table: table,
            "Mean CKA of twins, debiased and biased, with the same stimuli and with shuffled ones.",
        ),
        reading=lambda table: (
            f"{_unlike(table):.3f} ± {_cell(table, UNRELATED, 'debiased')['SD']:.3f} (SD over 6 layers), n = {N}"
        ),
        explain=lambda table: (
            f"Debiased CKA falls from {_cell(table, RELATED, 'debiased')['mean']:.2f} to {_unlike(table):.3f}. The "
            f"biased form keeps {_cell(table, UNRELATED, 'biased')['mean']:.3f}; its chance level at this n is "
            f"{_cell(table, UNRELATED, 'biased')['chance']:.3f}."
        ),
        try_it=TryIt("layer_map", STATE | {"m": "cka", "run": "1"}),
    ),
    Step(
        before=f"CCA may stretch every direction as it likes. Take {FEW} stimuli and a layer of thousands of units.",
        question="What does CCA say of a layer and its twin with shuffled stimuli?",
        guess=Choice(
            ("near 0", "about one half", "1, as for the right stimuli"), lambda table: _said(table["CCA"].iloc[1])
        ),
        result=_theorem,
        view=View(
            _theorem_bars,
            lambda table: table,
            "CCA, regression and CKA of the first convolution with its twin, right and shuffled.",
        ),
        reading=lambda table: (
            f"CCA {table['CCA'].iloc[1]:.3f}, regression {table['regression'].iloc[1]:.3f}, debiased CKA "
            f"{table['CKA'].iloc[1]:.3f} with shuffled stimuli, n = {FEW}"
        ),
        explain=lambda table: (
            f"With at least as many units as stimuli any layer fits any other: CCA is {table['CCA'].iloc[0]:.2f} for "
            f"the right stimuli and {table['CCA'].iloc[1]:.2f} for the wrong ones. Theorem 1 says so of every index "
            f"that ignores invertible maps; CKA still tells {table['CKA'].iloc[0]:.2f} from "
            f"{table['CKA'].iloc[1]:.2f}."
        ),
        paper=Printed("one value for all representations of full rank", "Kornblith et al. 2019, theorem 1"),
        try_it=TryIt("layer_map", STATE | {"n": str(FEW), "m": "cca", "run": "1"}),
    ),
    Step(
        before="Fourteen indices, the same ten networks.",
        question="Which of these finds the most twins?",
        guess=Choice(CONTEST, lambda found: max(CONTEST, key=lambda name: _index(found, name))),
        result=lambda: recorded("K2"),
        view=View(_index_bars, _indices, "Share of twins found by each index, here and in table 2 of the paper."),
        reading=lambda found: (
            f"linear CKA {_index(found, CKA):.0%} ± {_index(found, CKA, 'standard error'):.0%} (jackknife), regression "
            f"{_index(found, 'linear regression'):.0%}, HSIC {_index(found, 'HSIC, linear'):.0%}"
        ),
        explain=lambda found: (
            f"Of all {len(INDICES)} indices {_best(found)} finds the most, {_index(found, _best(found)):.0%}. CCA is "
            f"undefined for {_index(found, 'CCA, mean ρ', 'undefined'):.0%} of the rows, where a layer has more units "
            f"than there are pictures; with the mean over positions it finds "
            f"{_index(found, 'CCA, mean ρ', 'found', 'mean over positions'):.0%} and CKA "
            f"{_index(found, CKA, 'found', 'mean over positions'):.0%}."
        ),
        paper=Printed("CKA 99.3 %, regression 45.4 %, HSIC 22.2 %, SVCCA 9.9 %, CCA 1.4 %", TABLE_2),
        try_it=TryIt(
            "layer_map",
            TWINS | {"measures": ["cca", "svcca", "linear_regression", "cka_biased", "procrustes"]},
        ),
    ),
    Step(
        before="CKA weighs every pair of principal directions by the variance of both.",
        question="How much of it do the first ten directions of the average pool hold?",
        guess=Number(0.0, 1.0, 0.05, lambda found: found.by_data["digits"].mean, "{:.0%}"),
        result=lambda: recorded("K8"),
        view=View(
            lambda found: figures.tidy_curves(found.tables["directions"], "directions", "share", "data"),
            lambda found: found.tables["directions"],
            "Share of CKA's numerator in the first k directions of both networks, for k from 1 to 20.",
        ),
        reading=lambda found: in_words(found.by_data["digits"]),
        explain=lambda found: (
            f"{_needed(found)} directions of each network hold four fifths, one alone "
            f"{_directions(found, 'digits', 1):.0%}; the pool has 64. What two seeds share is what they say loudly."
        ),
        paper=Printed("only the directions of large variance are shared", "Kornblith et al. 2019, figure 8"),
        try_it=TryIt(
            "layer_map", STATE | {"m": "cka_biased", "la": "pool", "lb": "pool", "tab": "Spectra", "run": "1"}
        ),
    ),
    Step(
        before="One network learns the digits 0 to 4, another 5 to 9. Both are shown all ten.",
        question="Where are they least alike?",
        guess=Choice(
            ("in the first third of the layers", "in the last third"),
            lambda found: (
                "in the last third"
                if found.values["first third"] > found.values["last third"]
                else "in the first third of the layers"
            ),
        ),
        result=lambda: recorded("K7"),
        view=View(
            lambda found: figures.tidy_curves(_twins_by_data(found), "depth", "CKA of twins", "networks", spread="SD"),
            lambda found: found.tables["twins"],
            "CKA of twins of networks trained on different digits, and of untrained networks, along depth.",
        ),
        reading=lambda found: in_words(found.by_data["digits"]),
        explain=lambda found: (
            f"Twins have {found.values['first third']:.2f} in the first third and {found.values['last third']:.2f} "
            f"in the last. In the first half they are {found.values['trained minus untrained, first half']:+.3f} from "
            f"those of untrained networks: {_random_filters(found)}."
        ),
        paper=Printed("early layers are alike, late ones are not", "Kornblith et al. 2019, figure 7"),
        try_it=TryIt(
            "layer_map",
            CHOSEN | {"a": "zoo/digits04-cnn-s10", "b": "zoo/digits59-cnn-s10", "m": "cka_biased", "run": "1"},
        ),
    ),
)

LAB = Lab(
    id="two-seeds",
    title="Same architecture, two seeds",
    paper="Kornblith et al. 2019",
    claim="CKA finds the corresponding layer of a network trained from another seed; CCA does not.",
    minutes=15,
    steps=STEPS,
    claims=("K1", "K2", "K7", "K8", "K9", "K10"),
    pictured=1,
)
