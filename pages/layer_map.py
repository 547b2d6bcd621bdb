"""Which layers match, and why?"""

import streamlit as st

from repsim_core.activations import POOLINGS, needed_bytes
from repsim_core.compute.memory import readable_bytes
from repsim_core.similarity import MEASURES
from repsim_ui import cache, controls, estimates, explore, progress, sentences, state
from repsim_ui.links import keep_known, start_with
from repsim_ui.messages import plain, shown_to_the_user

MAP_HEIGHT = 420

st.title("Layer map")
st.caption("Which layers of two networks represent the same stimuli alike? Every layer of A against every layer of B.")
choices = state.choices()

keep_known("m", "Measure", MEASURES, "cka")
keep_known("pool", "Pooling", POOLINGS, "flatten")
keep_known("layers", "Choice of layers", controls.LAYER_CHOICES, "blocks")
start_with("layers", "blocks")
left, middle, right = st.columns([2, 2, 3])
measure = left.selectbox("Measure", list(MEASURES), key="m", bind="query-params")
pooling = middle.selectbox(
    "Pooling", list(POOLINGS), key="pool", bind="query-params", help=controls.pooling_help(POOLINGS)
)
layers = right.segmented_control(
    "Layers",
    controls.LAYER_CHOICES,
    key="layers",
    bind="query-params",
    required=True,
    help="One layer per block, every layer, or those you choose.",
)
options = controls.measure_options(MEASURES[measure])
st.markdown(sentences.claim(MEASURES[measure]))

with shown_to_the_user():
    cache.dataset(choices.dataset, choices.n, choices.seed)
    notes = {name: cache.conversions(name, choices.dataset) for name in (choices.a, choices.b)}
    infos = {name: cache.layer_infos(name, choices.dataset) for name in (choices.a, choices.b)}
    recipe = controls.recipe(choices, measure, pooling, layers, options, infos)
    rows, columns = cache.chosen_layers(recipe, "a"), cache.chosen_layers(recipe, "b")
if not rows or not columns:
    st.info("Choose at least one layer of each model.")
    st.stop()

first = [one for one in infos[choices.a] if one.name in rows]
second = [one for one in infos[choices.b] if one.name in columns]
cost = estimates.seconds(choices.n, first, second, [*infos[choices.a], *infos[choices.b]])


def ask() -> None:
    """Somebody pressed Compute or Try again."""
    st.session_state["asked"] = recipe.key


slot = st.empty()
linked = st.session_state["arrived"] and st.query_params.get("run") == "1"
job = cache.jobs().find(recipe.key)
asked = st.session_state.pop("asked", None) == recipe.key
if asked or (linked and (job is None or job.state != "done")):
    job = cache.submit_matrix(recipe, state.visitor(), cost, retry=asked)
    if cost < estimates.CHEAP:
        with slot.skeleton(height=MAP_HEIGHT):
            job.finished.wait(estimates.CHEAP)

if job is None or job.state == "cancelled":
    if "run" in st.query_params:
        del st.query_params["run"]
    held = needed_bytes(first, choices.n, pooling) + needed_bytes(second, choices.n, pooling)
    with slot.container(border=True):
        st.markdown(
            f"{len(rows)} × {len(columns)} = {len(rows) * len(columns)} cells on {choices.n} stimuli: "
            f"{sentences.duration(cost)} here, {readable_bytes(held)} of responses."
            + (" The last run was cancelled." if job is not None else "")
        )
        st.button("Compute", key="compute", on_click=ask)
    st.stop()

st.query_params["run"] = "1"
with slot.container():
    if job.state == "failed":
        progress.failed(job, ask)
    elif job.active:
        progress.follow(job, MAP_HEIGHT)
    else:
        explore.layer_map(recipe, job.result, job.seconds)
        for sentence in dict.fromkeys([f"{name}: {one}" for name, steps in notes.items() for one in steps]):
            st.caption(plain(sentence))
