"""Layers of a network against its labels, now and along its training."""

import re
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from repsim_core import figures, models
from repsim_core.alignment import FORM_SENTENCES
from repsim_core.figures.topology import value_curves
from repsim_core.types import LayerAlignments
from repsim_ui import (
    alignment_cache,
    alignment_controls,
    alignment_files,
    alignment_panels,
    cache,
    charts,
    estimates,
    links,
    request,
    sentences,
    state,
)
from repsim_ui.alignment_controls import Asked
from repsim_ui.messages import plain, reason_sentence, shareable

HEIGHT = 460
PERMUTATIONS = 100
UNASKED = 8.0  # seconds; what is estimated below starts by itself
DOMINANT = 0.8  # of the stimuli in one class


def layers(choices: state.Choices) -> None:
    """All layers of A on one chart, and what lies behind one of their directions."""
    asked = alignment_controls.asked(choices)
    if asked is None:
        return
    st.caption(f"Form *{asked.form}*: {plain(FORM_SENTENCES[asked.form])}.")
    trained = alignment_controls.is_trained(choices.a)
    cache.dataset(choices.dataset, 2, 0)
    seconds = _seconds(choices, asked)
    states = [True, False] if trained else [False]
    parts = [
        request.of_kind(
            "alignment",
            asked.recipe(network=choices.a, trained=one, every=asked.every, permutations=PERMUTATIONS),
            f"{choices.a} on {asked.task}" + ("" if one else ", untrained"),
            seconds,
        )
        for one in states
    ]
    found = request.results(parts, HEIGHT, said=_said(seconds, f"All layers of {choices.a} against {asked.task}"))
    own = found[0].value
    if own is None or not len(own):
        if own is not None and found[0].complete:
            st.warning(_undefined(own))
        return
    initial = found[1].value if trained else None
    _doubts(own, asked)
    _overview(choices.a, own, initial, asked, trained)
    if found[0].complete:  # layers that are still to come keep their place in the address
        alignment_panels.behind(choices.a, trained, own, asked)


def _overview(name: str, own: LayerAlignments, initial: LayerAlignments | None, asked: Asked, trained: bool) -> None:
    links.keep_known("against", "Axis", ("threshold", "rank"), "threshold")
    links.start_with("against", "threshold")
    against = str(
        st.segmented_control(
            "Across",
            ["threshold", "rank"],
            key="against",
            bind="query-params",
            required=True,
            help="**threshold**: how strong a direction has to be; **rank**: how many directions, strongest first.",
        )
    )
    curves = figures.curves_of(own)
    if initial is not None:
        curves += [one for one in figures.curves_of(initial, reference=True) if one.depth > 0]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        charts.show(
            figures.alignment_curves(curves, against=against, scale=threshold_scale(own)),
            key="curves",
            alt="Share of the targets on the strong directions of every layer, against the threshold; a line a layer.",
            title=f"Alignment of {name} with {asked.task}",
            table=partial(alignment_files.directions, own),
            more=lambda: alignment_files.offer(own, asked, name, trained),
        )
    with right:
        charts.show(
            figures.layer_areas(own, initial),
            key="areas",
            alt="Area under the curve of every layer, trained and as initialised, with chance.",
            title=f"Areas of {name}",
            table=lambda: _both(own, initial),
        )
    with st.container(key="alignment_summary"):
        st.markdown(_summary(own, initial))
    st.caption(
        "Higher and further right is better aligned: most of the targets lie on strong directions, which gradient "
        "descent learns first. Grey dashes are the input, thin dashes the same network before training. The area is "
        "RepSim's own summary: 1 where one direction holds both layer and targets. Compare only at equal n."
    )


def training(choices: state.Choices) -> None:
    """The same at every checkpoint of a training."""
    asked = alignment_controls.asked(choices, with_every=False)
    if asked is None:
        return
    runs = _runs()
    own = re.sub(r"-epoch\d+$", "", choices.a)
    names = sorted(runs, key=lambda one: (one != own, len(runs[one]) < 3))
    if not names:
        st.info("The library of trained networks is empty.")
        return
    links.keep_known("anet", "Network", names, names[0], aloud=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Network", names, key="anet", bind="query-params", width=300)
        steps = [label for label, _, _ in runs[name]]
        links.keep_known("at", "Checkpoint", steps, steps[0], aloud=False)
        at = st.select_slider("Epoch", steps, key="at", bind="query-params", width=360)
    seconds = _seconds(choices, asked, name) * len(steps)
    recipe = asked.recipe(checkpoints=[list(one) for one in runs[name]])
    (found,) = request.results(
        [request.of_kind("alignment_training", recipe, f"training of {name} on {asked.task}", seconds)],
        HEIGHT,
        said=_said(seconds, f"{len(steps)} checkpoints of {name} against {asked.task}"),
    )
    if found.value is None:
        return
    table = found.value.to_frame()
    scale = float(np.sqrt(asked.n)) if asked.form == "published" else 1.0
    curves = [*_curves(table, at), *(one for one in _curves(table, steps[0], reference=True) if one.depth > 0)]
    left, right = st.columns(2, gap="medium")
    with left:
        charts.show(
            figures.alignment_curves(curves, scale=scale),
            key="checkpoint_curves",
            alt="Share of the targets on the strong directions of every layer at the chosen epoch.",
            title=f"{name} after epoch {at}",
            table=lambda: table[table["checkpoint"] == at],
        )
    areas = table.drop_duplicates(["checkpoint", "layer"]).pivot(index="checkpoint", columns="layer", values="area")
    order = list(dict.fromkeys(table["layer"]))
    with right:
        charts.show(
            value_curves(
                steps, {"area under the curve": {one: areas.loc[steps, one].to_numpy() for one in order}}, title="epoch"
            ).update_layout(height=460),
            key="checkpoint_areas",
            alt="Area under the curve of every layer against the epoch.",
            title=f"Areas of {name} along training",
            table=lambda: areas.loc[steps, order].reset_index(),
        )
    last = [one for one in order if one not in ("input", "head")][-1]
    st.markdown(
        f"{plain(last)}: area **{areas.loc[steps[0], last]:.3f}** at epoch {steps[0]}, "
        f"**{areas.loc[steps[-1], last]:.3f}** at the end; input {areas.loc[steps[0], 'input']:.3f}."
    )
    st.caption(
        "Move the slider to see the curves of each checkpoint; thin dashes are the first one. Not evenly spaced."
    )


def threshold_scale(found: LayerAlignments) -> float:
    """√n where rows have length 1, so that thresholds are singular values as in the paper; else 1."""
    one = next(iter(found.values()))
    published = one.recipe.get("normalise") and not one.recipe.get("centre")
    return float(np.sqrt(one.n_stimuli)) if published else 1.0


def _runs() -> dict[str, list[tuple[str, str, bool]]]:
    """Trained networks of the library → label, name and state of each moment, from the untrained one to the end."""
    cards = {card.name: card for card in models.available()}
    found = {}
    for name, card in cards.items():
        if re.search(r"-epoch\d+$", name) or not card.epochs:
            continue
        kept = [
            (one.epochs, one.name)
            for one in cards.values()
            if re.sub(r"-epoch\d+$", "", one.name) == name and one.name != name and one.epochs
        ]
        moments = [("0", name, False), *((f"{epoch:g}", one, True) for epoch, one in sorted(kept))]
        found[name] = [*moments, (f"{card.epochs:g}", name, True)]
    return found


def _curves(table: pd.DataFrame, at: str, *, reference: bool = False) -> list[figures.Curve]:
    own = table[table["checkpoint"] == at]
    return [
        figures.Curve(
            str(layer),
            float(rows["depth"].iloc[0]),
            rows["threshold"].to_numpy(),
            rows["share"].to_numpy(),
            float(rows["area"].iloc[0]),
            float(rows["chance area"].iloc[0]),
            reference,
        )
        for layer, rows in own.groupby("layer", sort=False)
    ]


def _seconds(choices: state.Choices, asked: Asked, name: str | None = None) -> float:
    """A rough estimate: a forward pass, then a decomposition a layer."""
    infos = cache.layer_infos(name or choices.a, choices.dataset)
    n = float(asked.n)
    decompositions = sum(min(n, one.units) ** 2 * max(n, one.units) * 1.5e-10 for one in infos[:400])
    return estimates.seconds(asked.n, [], [], infos) + decompositions * (1 if asked.every else 0.5) + 0.3


def _said(seconds: float, what: str) -> str:
    return "" if seconds < UNASKED else f"{what}: {sentences.duration(seconds)} here."


def _doubts(own: LayerAlignments, asked: Asked) -> None:
    """What is to be doubted about these numbers."""
    if missing := _undefined(own):
        st.info(missing)
    words, order = alignment_cache.answers(asked.dataset, asked.split, asked.n, asked.seed, asked.task)
    share, name = max((words.count(one) / len(words), one) for one in order)
    several = len(next(iter(own.values())).names) > 2
    if asked.form == "published" and (several or share > 0.6):
        st.warning(
            "In the published form a class against the rest is far from balanced and lies mostly on the constant "
            "direction, in an untrained network too. Compare with chance, or take the centred form."
        )
    elif share > DOMINANT:
        st.warning(f"{share:.0%} of the stimuli are {plain(name)}: a direction that separates the few may be weak.")
    for note in own.notes:
        st.caption(shareable(note))


def _undefined(own: LayerAlignments) -> str:
    if not own.reasons:
        return ""
    why = "; ".join(f"{name}: {reason_sentence(code)}" for name, code in own.reasons.items())
    return plain(f"{len(own.reasons)} of {len(own.depths)} layers are undefined and left out. {why}.")


def _summary(own: LayerAlignments, initial: LayerAlignments | None) -> str:
    hidden = [one for one in own if one not in ("input", "(input)")]
    if not hidden:
        return ""
    best = max(hidden, key=lambda one: own[one].area)
    one = own[best]
    words = (
        f"Best aligned is {plain(best)}: area **{one.area:.3f}**, chance {one.chance_area:.3f} "
        f"(p = {one.p_value:.2g}, {len(one.null_areas)} permutations)"
    )
    if initial is not None and best in initial:
        words += f", {initial[best].area:.3f} before training"
    top = min(2, one.rank)
    return (
        f"{words}. Its first {top} of {one.rank} directions hold {one.share_of_top(top):.1%} of the targets, all "
        f"together {one.captured:.1%}, spread over {one.effective_directions:.1f} effective directions. "
        f"n = {one.n_stimuli}."
    )


def _both(own: LayerAlignments, initial: LayerAlignments | None) -> pd.DataFrame:
    frame = own.to_frame()
    if initial is not None:
        frame["initial area"] = [initial[one].area if one in initial else np.nan for one in frame["layer"]]
    return frame
