"""Singular vectors of a layer of A against those of a layer of B, and the stimuli that load highest on a vector."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from repsim_core import activations, figures
from repsim_core.alignment import RULE
from repsim_core.types import SingularAlignment
from repsim_ui import (
    alignment_cache,
    alignment_controls,
    alignment_panels,
    cache,
    charts,
    estimates,
    links,
    request,
    state,
)
from repsim_ui.alignment_controls import Asked
from repsim_ui.messages import plain

HEIGHT = 480
SIDES = ("A", "B")


def page(choices: state.Choices) -> None:
    """Any layer of A, any of B."""
    asked = alignment_controls.asked(choices, with_form=False, with_layers=False)
    if asked is None:
        return
    infos = {side: cache.layer_infos(name, choices.dataset) for side, name in (("la", choices.a), ("lb", choices.b))}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for key, label in (("la", "Layer of A"), ("lb", "Layer of B")):
            names = [one.name for one in infos[key] if one.usable]
            blocks = list(activations.default_layers(infos[key]))
            first = blocks[-2] if len(blocks) > 1 else blocks[-1]  # the last one before the head
            links.keep_known(key, "Layer", names, first, aloud=False)
            st.selectbox(
                label, [first, *(one for one in names if one != first)], key=key, bind="query-params", width=220
            )
        links.keep_whole_number("k", "Vectors", 0, 20, 0)
        k = int(
            st.number_input(
                "Vectors k", 0, 20, step=1, key="k", bind="query-params", width=130, help=f"0 takes {RULE}."
            )
        )
    layers = {key: st.session_state[key] for key in ("la", "lb")}
    cost = estimates.seconds(asked.n, [], [], [*infos["la"], *infos["lb"]]) + 0.3
    recipe = asked.recipe(
        a=choices.a,
        b=choices.b,
        a_trained=alignment_controls.is_trained(choices.a),
        b_trained=alignment_controls.is_trained(choices.b),
        layer_a=layers["la"],
        layer_b=layers["lb"],
        k=k or None,
    )
    for name in ("task", "form"):
        recipe.pop(name)  # the vectors of two layers know of no labels
    (found,) = request.results(
        [request.of_kind("alignment_vectors", recipe, f"{layers['la']} × {layers['lb']}", cost)], HEIGHT
    )
    if found.value is not None:
        links.keep_known("va", "Vector", [str(one + 1) for one in range(found.value.k)], "1", aloud=False)
        links.keep_known("vb", "Vector", [str(one + 1) for one in range(found.value.k)], "1", aloud=False)
        st.session_state.pop("marked_vectors", None)  # a full run: the address decides
        _linked(found.value, asked, layers)


@st.fragment
def _linked(found: SingularAlignment, asked: Asked, layers: dict[str, str]) -> None:
    def clicked() -> None:
        points = st.session_state["cosines"].selection.points
        if points:
            st.session_state["va"], st.session_state["vb"] = (str(int(points[0][one]) + 1) for one in ("y", "x"))
        else:
            chosen()

    def chosen() -> None:
        st.session_state["marked_vectors"] = int(st.session_state["va"]), int(st.session_state["vb"])

    for note in found.notes:
        st.warning(plain(note))
    numbers = [str(one + 1) for one in range(found.k)]
    left, right = st.columns([1, 1], gap="medium")
    with right, st.container(horizontal=True):
        for key, label in (("va", "Vector of A"), ("vb", "Vector of B")):
            st.selectbox(label, numbers, key=key, bind="query-params", on_change=chosen, width="stretch")
    va, vb = int(st.session_state["va"]), int(st.session_state["vb"])
    marked = st.session_state.setdefault("marked_vectors", (va, vb))

    def pick(fig: go.Figure) -> go.Figure:
        return figures.add_cosine_picks(fig, found, marked)

    with left:
        charts.show(
            figures.cosine_matrix(found),
            key="cosines",
            alt="Cosine of every singular vector of the layer of A with every one of the layer of B.",
            title=f"Singular vectors of {found.names[0]} and {found.names[1]}",
            table=found.to_frame,
            pick=pick,
            on_select=clicked,
            selection_mode="points",
        )
        angles = np.degrees(found.principal_angles)
        st.caption(
            f"k = {found.k}"
            + (f": {plain(found.recipe['rule'])}" if found.recipe["rule"] else "")
            + ". Chance: a root "
            f"mean square cosine of {found.chance:.3f}. Principal angles between the spans: "
            + ", ".join(f"{one:.0f}°" for one in angles)
            + ". Dotted frames hold directions that cannot be told apart: only their span means something. A "
            "vector has no sign of its own; it is turned so that its largest entry, or cosine, is positive."
        )
    with right:
        with st.container(key="cosine_sentence"):
            st.markdown(
                f"Vector {va} of A and {vb} of B: cosine **{found.cosines[va - 1, vb - 1]:.3f}**. Nearest to vector "
                f"{va} of A is vector {found.best_match[va - 1] + 1} of B "
                f"({found.cosines[va - 1, found.best_match[va - 1]]:.3f})."
            )
        data = alignment_cache.half(asked.dataset, asked.split, asked.n, asked.seed)
        sides = zip(SIDES, layers.values(), (va, vb), (found.vectors_x, found.vectors_y), strict=True)
        for side, layer, number, vectors in sides:
            loadings = vectors[:, number - 1]
            st.markdown(f"{side}: {plain(layer)}, vector {number}: highest entries above, lowest below")
            alignment_panels.extremes(data, alignment_panels.both_ends(loadings), loadings, key=f"ends_{side}")
    _along(found, asked, va, vb)


def _along(found: SingularAlignment, asked: Asked, va: int, vb: int) -> None:
    data = alignment_cache.half(asked.dataset, asked.split, asked.n, asked.seed)
    words, order = alignment_cache.answers(asked.dataset, asked.split, asked.n, asked.seed, asked.task)
    sides = (("A", found.vectors_x[:, va - 1], va), ("B", found.vectors_y[:, vb - 1], vb))
    for slot, (side, loadings, number) in zip(st.columns(2, gap="medium"), sides, strict=True):
        with slot:
            frame = pd.DataFrame({"stimulus": data.stimuli, "answer": words, "entry": loadings})
            charts.show(
                figures.stimuli_along(
                    loadings, words, data.stimuli, title=f"entry in vector {number} of {side}", order=order
                ),
                key=f"along_{side}",
                alt="Every stimulus by its entry in the singular vector, a row for each answer.",
                title=f"Vector {number} of {side}",
                table=frame.copy,
            )
