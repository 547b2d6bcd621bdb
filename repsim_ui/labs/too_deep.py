"""Too deep: the same network at 1×, 2×, 4× and 8×, with linear probes, with skips, and wider instead (Kornblith)."""

from functools import partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from repsim_core import figures
from repsim_core.claims import Finding, in_words, recorded
from repsim_core.figures.labs_kornblith import layer_maps, match_places
from repsim_ui.labs.lab import Choice, Lab, Number, Printed, Step, TryIt, View

FIGURE_3 = "Kornblith et al. 2019, figure 3"
DEPTHS = (1, 2, 4, 8)
NAMES = tuple(f"{one}×" for one in DEPTHS)
NONE = "none of them"
EARLIER, LATER = "in the first half of the depth", "in the second half"


def _plain(repeats: int) -> dict[str, str | list[str]]:
    """The layer map of a plain network with itself."""
    name = f"zoo/digits-plain-x{repeats}-s10"
    return {"a": name, "b": name, "ds": "digits", "n": "500", "m": "cka_biased", "run": "1"}


def _depths(found: Finding) -> pd.DataFrame:
    """Means over the seeds, a line a depth."""
    return found.tables["depth"].groupby("repeats").mean(numeric_only=True)


def _accuracy_bars(found: Finding) -> go.Figure:
    table = found.tables["depth"]
    by_depth = table.groupby("repeats")["accuracy"]
    return figures.named_bars(
        [f"{one}, {layers} layers" for one, layers in zip(NAMES, _depths(found)["layers"].astype(int), strict=True)],
        by_depth.mean().to_numpy(),
        title="share of test digits named rightly",
        spread=by_depth.std().to_numpy(),
        limits=(0.9, 1.0),
    )


def _maps(found: Finding) -> go.Figure:
    return layer_maps({name: found.arrays[f"x{one}"] for one, name in zip(DEPTHS, NAMES, strict=True)})


def _with_block(found: Finding) -> str:
    """The shallowest depth at which over half of the layers equal the last, by the rule."""
    share = _depths(found)["share"]
    return next((f"{one}×" for one in DEPTHS if share[one] > 0.5), NONE)


def _courses(found: Finding, column: str) -> pd.DataFrame:
    """Curves of seed 10, one a depth."""
    table = found.tables["courses"]
    own = table[table["seed"] == 10]
    return own.assign(network=own["repeats"].astype(str) + "×", data="digits").rename(
        columns={"probe": "probe_accuracy"}
    )[["network", "data", "layer", "depth", column]]


def _probe_curves(found: Finding) -> go.Figure:
    return figures.depth_curves(_courses(found, "probe_accuracy"), "probe_accuracy").update_yaxes(
        title_text="accuracy of a linear probe"
    )


def _lost(found: Finding) -> float:
    """Accuracy of the best probe minus that of the last, mean over the seeds at 8×."""
    deep = _depths(found).loc[8]
    return float(deep["best probe"] - deep["last probe"])


def _skips(found: Finding) -> pd.DataFrame:
    return found.tables["skips"].set_index("repeats")


def _apart(found: Finding) -> float:
    return float(found.by_data["digits"].mean)


def _kinds(found: Finding) -> str:
    return "layers of one kind" if _apart(found) > 0 else "layers of two kinds"


def _widths(found: Finding) -> pd.DataFrame:
    """Mean over the layers, a line a width, early and late apart."""
    table = found.tables["twins"]
    half = np.where(table["place"] < table["place"].nunique() / 2, "early half", "late half")
    means = table.assign(layers=half).groupby(["layers", "width"], sort=False)["cka"].mean()
    return means.reset_index().rename(columns={"cka": "CKA of twins"})


def _widest(found: Finding) -> str:
    means = found.tables["twins"].groupby("width")["cka"].mean()
    return str(int(means.idxmax()))


def _inserted(found: Finding) -> go.Figure:
    table = found.tables["matches"]
    deep = [one for one in table if one != "layer"]
    return match_places(
        found.arrays["matches"], list(table["layer"]), deep, titles=("shallow network", "best match in the deep one")
    )


STEPS = (
    Step(
        before="A plain stack of convolutions, each repeated 1, 2, 4 or 8 times, with no way around a layer.",
        question="Which depth names the most test digits rightly?",
        guess=Choice(NAMES, lambda found: f"{_depths(found)['accuracy'].idxmax()}×"),
        result=partial(recorded, "K3"),
        view=View(_accuracy_bars, lambda found: found.tables["depth"], "Accuracy of the network at each depth."),
        reading=lambda found: (
            ", ".join(f"{one}× {accuracy:.3f}" for one, accuracy in _depths(found)["accuracy"].items())
            + ", mean of 2 seeds"
        ),
        explain=lambda found: (
            f"From 1× to 8× accuracy goes from {found.values['accuracy x1']:.1%} to {found.values['accuracy x8']:.1%}. "
            "All of them trained, with a slow start and clipped gradients for the deepest."
        ),
        paper=Printed("94.1, 95.0, 93.2, 91.9 % at 1, 2, 4, 8×", FIGURE_3),
        try_it=TryIt("layer_map", _plain(1)),
    ),
    Step(
        before=(
            "Each map compares the layers of one network with one another; a bright square is a block of equal layers."
        ),
        question="At which depth do over half of the layers equal the last (CKA above 0.9)?",
        guess=Choice((*NAMES, NONE), _with_block),
        result=partial(recorded, "K3"),
        view=View(
            _maps, lambda found: found.tables["depth"], "Linear CKA between the layers of each of four networks."
        ),
        reading=lambda found: (
            "share of layers like the last: "
            + ", ".join(f"{one}× {share:.2f}" for one, share in _depths(found)["share"].items())
        ),
        explain=lambda found: (
            f"At 8× {found.values['share x8']:.0%} of the layers equal the last. The longest run of neighbours that "
            f"are all alike holds {_depths(found)['largest block'][8]:.0%} of the layers at 8× and "
            f"{_depths(found)['largest block'][1]:.0%} at 1×; at 8× it stands before the end, and the last layers turn "
            "away from it."
        ),
        paper=Printed("more than half of the layers at 8×", FIGURE_3),
        try_it=TryIt("layer_map", _plain(8)),
    ),
    Step(
        before="A linear probe on a layer says how well the digit can be read there.",
        question="Where in the 8× network is the best probe, from 0 (first layer) to 1 (last)?",
        guess=Number(0.0, 1.0, 0.05, lambda found: float(_depths(found)["depth of best probe"][8])),
        result=partial(recorded, "K3"),
        view=View(
            _probe_curves, lambda found: found.tables["courses"], "Accuracy of linear probes along four networks."
        ),
        reading=lambda found: "; ".join(
            f"seed {one.seed}: {one.best:.3f} at {one.place:.2f}"
            for one in found.tables["depth"]
            .query("repeats == 8")
            .rename(columns={"best probe": "best", "depth of best probe": "place"})
            .itertuples()
        ),
        explain=lambda found: (
            f"The digit is read best at {_depths(found)['depth of best probe'][8]:.0%} of the depth of the 8× "
            f"network, and at {_depths(found)['depth of best probe'][1]:.0%} of the 1× network. What comes after "
            "adds nothing for a linear reader."
        ),
        paper=Printed("probes level off before half depth at 8×, and rise to the end at 1×", FIGURE_3),
        try_it=TryIt("layer_map", _plain(8) | {"mview": "Within each"}),
    ),
    Step(
        before="Layers that do nothing would cost nothing.",
        question="How much accuracy has the probe of the last layer lost against the best one at 8×?",
        guess=Number(0.0, 0.2, 0.01, _lost, "{:.1%}"),
        result=partial(recorded, "K3"),
        view=View(
            lambda found: figures.depth_curves(_courses(found, "cka"), "cka").update_yaxes(
                title_text="CKA with the last layer"
            ),
            lambda found: found.tables["courses"],
            "CKA of every layer with the last, along four networks.",
        ),
        reading=lambda found: (
            f"best {_depths(found)['best probe'][8]:.3f}, last {_depths(found)['last probe'][8]:.3f}, mean of 2 seeds"
        ),
        explain=lambda found: (
            f"The last layers at 8× lose {_lost(found):.1%} of what a probe could read before them. They are no idle "
            "block: they still turn the representation, and what they turn it to is no better."
        ),
        try_it=TryIt("layer_map", _plain(4)),
    ),
    Step(
        before="With skips every pair of layers may be left out; a layer is inside a block or after its sum.",
        question="Which pairs are more alike on average in networks with skips?",
        guess=Choice(("layers of one kind", "layers of two kinds"), _kinds),
        result=partial(recorded, "K4"),
        view=View(_maps, lambda found: found.tables["skips"], "Linear CKA between the layers of networks with skips."),
        reading=lambda found: in_words(found.by_data["digits"]),
        explain=lambda found: (
            f"At 8× with skips {_skips(found)['share'][8]:.0%} of the layers equal the last. Kinds alternate along the "
            f"depth, so neighbours are of two kinds; at equal distance layers of one kind are "
            f"{_skips(found)['apart at equal distance'][8]:+.3f} closer at 8×; the paper's grid would make this large."
        ),
        paper=Printed("no block, but a grid of two kinds of layer", "Kornblith et al. 2019, figure 4"),
        try_it=TryIt(
            "layer_map",
            _plain(8) | {"a": "zoo/digits-skip-x8-s10", "b": "zoo/digits-skip-x8-s10"},
        ),
    ),
    Step(
        before="Ten networks of five convolutions and five of eight: where do the layers of the shallow ones sit?",
        question="How often does the best match go forward, or stay, from one layer to the next?",
        guess=Number(0.0, 1.0, 0.05, lambda found: found.by_data["digits"].mean, "{:.0%}"),
        result=partial(recorded, "K5"),
        view=View(
            _inserted,
            lambda found: found.tables["matches"],
            "Where layers of the shallow network match in the deep one.",
        ),
        reading=lambda found: in_words(found.by_data["digits"]),
        explain=lambda found: (
            f"In {found.by_data['digits'].mean:.1%} of the steps the match does not go back. A deeper network keeps "
            "the order of the shallow one and inserts layers between."
        ),
        paper=Printed("new layers are inserted between the twins", "Kornblith et al. 2019, figure 5"),
        try_it=TryIt(
            "layer_map",
            {"a": "zoo/digits-cnn-s10", "b": "zoo/digits-tiny10-s10", "ds": "digits", "n": "500", "m": "cka_biased"}
            | {"run": "1"},
        ),
    ),
    Step(
        before="Instead of depth, width: two seeds of each of four widths.",
        question="At which width do two seeds agree most?",
        guess=Choice(("4", "8", "16", "32"), _widest),
        result=partial(recorded, "K6"),
        view=View(
            lambda found: figures.tidy_curves(_widths(found), "width", "CKA of twins", "layers", log=True),
            lambda found: found.tables["twins"],
            "CKA of twins against width, for the early and the late half of the layers.",
        ),
        reading=lambda found: in_words(found.by_data["digits"]),
        explain=lambda found: (
            f"Twins of width 4 have {found.values['width 4']:.2f}, of width 32 {found.values['width 32']:.2f}. The "
            f"early half has {found.values['early half']:.2f} and the late half {found.values['late half']:.2f}, "
            "over all widths."
        ),
        paper=Printed("wider networks agree more, early layers first", "Kornblith et al. 2019, figure 6"),
        try_it=TryIt(
            "layer_map",
            {"a": "zoo/digits-cnn-w4-s10", "b": "zoo/digits-cnn-w4-s11", "ds": "digits", "n": "500", "m": "cka_biased"}
            | {"run": "1"},
        ),
    ),
)

LAB = Lab(
    id="too-deep",
    title="Too deep",
    paper="Kornblith et al. 2019",
    claim="In a network that is too deep a block of layers does the same; probes show that the rest is not needed.",
    minutes=12,
    steps=STEPS,
    claims=("K3", "K4", "K5", "K6"),
    pictured=1,
)
