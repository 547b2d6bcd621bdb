"""Which layers match, and why?"""

import streamlit as st

from repsim_core.activations import POOLINGS, needed_bytes
from repsim_core.compute.memory import readable_bytes
from repsim_core.similarity import MEASURES
from repsim_ui import cache, controls, estimates, explore, progress, sentences, state
from repsim_ui.links import keep_known
from repsim_ui.messages import plain, shown_to_the_user

MAP_HEIGHT = 420

st.title("Layer map")
st.caption("Which layers of two networks represent the same stimuli alike? Every layer of A against every layer of B.")
choices = state.choices()

keep_known("m", "Measure", MEASURES, "cka")
keep_known("pool", "Pooling", POOLINGS, "flatten")
keep_known("layers", "Choice of layers", controls.LAYER_CHOICES, "blocks")
left, middle, right = st.columns([2, 2, 3])
measure = left.selectbox("Measure", list(MEASURES), key="m", bind="query-params", required=True)
pooling = middle.selectbox(
    "Pooling", list(POOLINGS), key="pool", bind="query-params", required=True, help=controls.pooling_help(POOLINGS)
)
layers = right.segmented_control(
    "Layers",
    controls.LAYER_CHOICES,
    default="blocks",
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

job = cache.jobs().find(recipe.key)
asked = st.session_state["arrived"] and st.query_params.get("run") == "1"
first = [one for one in infos[choices.a] if one.name in rows]
second = [one for one in infos[choices.b] if one.name in columns]
cost = estimates.seconds(choices.n, first, second, [*infos[choices.a], *infos[choices.b]])
slot = st.empty()

if job is not None and job.state == "failed" and not asked:
    asked = progress.failed(job)
elif job is None or job.state == "cancelled":
    with slot.container(border=True):
        held = needed_bytes(first, choices.n, pooling) + needed_bytes(second, choices.n, pooling)
        st.markdown(
            f"{len(rows)} × {len(columns)} = {len(rows) * len(columns)} cells on {choices.n} stimuli: "
            f"{sentences.duration(cost)} here, {readable_bytes(held)} of responses."
            + (" It was cancelled." if job is not None else "")
        )
        asked = st.button("Compute", key="compute") or asked
if asked:
    job = cache.submit_matrix(recipe, state.visitor())
    st.query_params["run"] = "1"
    if cost < estimates.CHEAP:
        with slot.skeleton(height=MAP_HEIGHT):
            job.finished.wait(estimates.CHEAP)
    if job.state == "failed":
        st.rerun()
if job is None or job.state in ("failed", "cancelled"):
    st.stop()
if job.active:
    with slot.container():
        progress.follow(job, MAP_HEIGHT)
    st.stop()

st.query_params["run"] = "1"
for name, sentences_of_one in notes.items():
    for sentence in sentences_of_one:
        st.caption(plain(f"{name}: {sentence}"))
with slot.container():
    explore.layer_map(recipe, job.result, job.seconds)
