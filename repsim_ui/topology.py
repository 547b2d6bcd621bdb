"""Diagrams of both networks: the request, a small diagram of every layer, and what lies behind the chosen ones."""

from functools import partial

import streamlit as st

from repsim_core import topology
from repsim_core.figures.diagrams import diagram_multiples, multiples_drawn, scale_top
from repsim_core.types.diagrams import PENDING, LayerDiagrams
from repsim_ui import charts, exports, links, request, topology_panels
from repsim_ui.messages import plain, reason_sentence, shown_to_the_user
from repsim_ui.topology_controls import Asked
from repsim_ui.topology_recipes import KIND, DiagramRecipe

HEIGHT = 440
Study = dict[str, LayerDiagrams]  # "a" and "b", the same object twice where both sides are one network
HOW_TO_READ = """
Balls grow around the stimuli of a layer. A bar of H₀ is a cluster until it meets another one, a bar of H₁ a loop from
when it closes until it is filled, a bar of H₂ a cavity. In a diagram a bar is a point, birth across and death up: the
higher above the diagonal, the longer it lived. Points near the diagonal are what any cloud of that many points has; the
grey band says up to where. Distances are divided by a scale of each layer, so layers compare; numbers of points must be
equal, because more points make more and shorter bars.
"""


def diagrams(asked: Asked) -> Study:
    """What there is of both networks; stops the page as long as there is nothing."""
    parts = [
        request.of_kind(KIND, one.to_json(), _title(one), asked.seconds(side)) for side, one in asked.sides.items()
    ]
    found = request.results(parts, HEIGHT, said=asked.said)
    values = {side: one.value for side, one in zip(asked.sides, found, strict=True) if one.value is not None}
    if not values:
        st.stop()
    if all(one.complete for one in found):
        st.caption(f"Computed in {sum(one.job.seconds for one in found if one.job is not None):.1f} s.")
    if asked.a == asked.b:
        return {"a": values["a"], "b": values["a"]}
    return values


def layers(asked: Asked) -> None:
    """A small diagram a layer, and the chosen layers at large."""
    study = diagrams(asked)
    for sentence in dict.fromkeys(_undefined(one) for one in study.values()):
        if sentence:
            st.info(sentence)
    opened = st.session_state.pop("opened", False)
    if cell := st.session_state.pop("cell", None):
        st.session_state["la"], st.session_state["lb"] = cell
    for key, side in (("la", "a"), ("lb", "b")):
        names = asked.layers(side)
        links.keep_known(key, "Layer", names, names[0], aloud=not opened)
    _explore(asked, study)
    with st.expander("How to read this"):
        st.markdown(HOW_TO_READ)


@st.fragment
def _explore(asked: Asked, study: Study) -> None:
    shown = {side: study[side] for side in asked.sides if side in study}
    every = [bar for one in shown.values() for layer in one.done for bar in one.diagrams[layer][0]]
    top = scale_top(every)
    for slot, (side, found) in zip(st.columns(len(shown), gap="medium"), shown.items(), strict=True):
        with slot:
            _multiples(side, (asked.a if side == "a" else asked.b), found, top, 4 if len(shown) > 1 else 8)
    st.caption(
        "One scale for all. Components (blue circles) are born at 0, loops (orange diamonds) later; the higher above "
        "the diagonal, the longer a bar lived. Click a panel, or use the boxes, to see a layer at large."
    )
    with shown_to_the_user():
        topology_panels.close_up(asked, study)


def _multiples(side: str, recipe: DiagramRecipe, found: LayerDiagrams, top: float, columns: int) -> None:
    st.subheader(f"{side.upper()}: {plain(recipe.model.split('/', 1)[-1])}", anchor=False)
    drawn = diagram_multiples(found, columns=columns, top=top)
    key = f"multiples_{side}"

    def clicked() -> None:
        points = st.session_state[key].selection.points
        if points:
            st.session_state[f"l{side}"] = found.layers[int(drawn.data[int(points[0]["curve_number"])].meta)]

    charts.show(
        drawn,
        key=key,
        alt=f"A small persistence diagram of every layer of model {side.upper()}, in order, on one scale.",
        title=f"Persistence diagrams of {recipe.model} on {recipe.dataset}, {found.points} points",
        table=partial(topology.summary_table, found),
        more=partial(_files, recipe, found),
        on_select=clicked,
        selection_mode="points",
    )
    words = [f"{len(found.done)} of {len(found.layers)} layers", f"{found.points} points", _subsets(found)]
    most = multiples_drawn(found)
    longest = max((len(bar) for layer in found.done for bar in found.diagrams[layer][0]), default=0)
    if longest > most:
        words.append(f"the {most} longest bars of each dimension drawn")
    st.caption(plain("; ".join(words)) + ".")


def _files(recipe: DiagramRecipe, found: LayerDiagrams) -> None:
    stem = exports.file_stem(f"diagrams {recipe.model} {recipe.dataset}")
    exports.downloads(
        [
            ("Bars as CSV", f"{stem}.csv", "text/csv", lambda: exports.csv_bytes(found.to_frame())),
            ("NPZ", f"{stem}.npz", "application/octet-stream", found.to_bytes),
            ("Python", f"{stem}.py", "text/x-python", lambda: recipe.as_python().encode()),
        ],
        key="diagram_files",
    )
    st.caption("The same numbers in Python:")
    st.code(recipe.as_python(), language="python", wrap_lines=True)


def _subsets(found: LayerDiagrams) -> str:
    count = len(found.subsets)
    return "one subset" if count == 1 else f"the first of {count} subsets"


def _undefined(found: LayerDiagrams) -> str:
    """Why some layers have no diagrams, or ""."""
    missing = {layer: code for layer, code in found.reasons.items() if code != PENDING}
    if not missing:
        return ""
    why = "; ".join(f"{layer}: {reason_sentence(code)}" for layer, code in missing.items())
    return plain(f"{len(missing)} of {len(found.layers)} layers of {found.model} are undefined: {why}.")


def _title(recipe: DiagramRecipe) -> str:
    return f"diagrams of {recipe.model} on {recipe.dataset}, {recipe.size} points"
