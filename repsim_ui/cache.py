"""The only module that caches. Keys are strings and integers: Streamlit hashes large arrays from a sample."""

import atexit
import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from repsim_core import __version__, activations, datasets, experiments, models, similarity, topology
from repsim_core.compute.worker import LARGEST_RESULT
from repsim_core.datasets.subset import subset
from repsim_core.errors import Cancelled, InputError, RepsimError
from repsim_core.types import (
    Dataset,
    LayerActivations,
    LayerInfo,
    ModelCard,
    Representation,
    TopologyDivergence,
    digest,
)
from repsim_core.uploads import Uploads
from repsim_ui import sandboxed, uploads_work
from repsim_ui.job import Job
from repsim_ui.jobs import Jobs
from repsim_ui.recipes import Recipe, network
from repsim_ui.responses import SHARE, compared, kept, salt
from repsim_ui.sandboxed import Held

SWEEP_SECONDS = 30.0
MOST_EXAMPLES = 200  # an example matrix of 200 is 160 kB; more is not read any better


log = logging.getLogger("repsim.uploads")


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The supervisor of long work, one for the server."""
    found = Jobs(present=_present, salt=salt())
    atexit.register(found.close)
    return found


def _present(watcher: str) -> bool:
    """Whether a browser tab still is connected; its name begins with its session."""
    return not runtime.exists() or bool(runtime.get_instance().is_active_session(watcher.split("/")[0]))


@st.cache_resource(show_spinner=False)
def uploads() -> Uploads:
    """What visitors of this server brought; a thread removes what is too old, or whose session has ended."""
    log.info("%s", sandboxed.offered())
    found = Uploads()
    threading.Thread(target=_sweep, args=(found, threading.Event()), name="repsim-uploads", daemon=True).start()
    return found


def _sweep(found: Uploads, never: threading.Event) -> None:
    while not never.wait(SWEEP_SECONDS):
        try:
            found.sweep(_present)
        except Exception:  # the next round is as needed as this one
            log.exception("Uploads could not be looked at.")


def in_sandbox(
    kind: str, recipe: Mapping[str, Any], held: Held | None = None, told: Callable[[Job], None] | None = None
) -> Any:
    """The result of a short job in the sandbox, waited for; ``told`` is called while it runs.

    Raises
    ------
    InputError
        What the job refused.
    RepsimError
        Anything else that ended it.
    """
    key = digest(__version__, kind, json.dumps(recipe, sort_keys=True))
    job = jobs().submit(key, kind, dict(recipe), kind, _watcher(), 1.0, held=held)
    try:
        while not job.finished.wait(0.1):
            if told is not None:
                told(job)
    except BaseException:  # a click elsewhere: nobody waits for it any more
        jobs().cancel(key, _watcher())
        raise
    if job.state == "done":
        return job.result
    jobs().dismiss(key)
    if job.state == "cancelled":
        raise Cancelled("It was stopped.")
    if job.callers_fault:
        raise InputError(job.error)
    log.warning("A job in the sandbox (%s) failed: %s", kind, job.error_kind)
    ours = job.stopped is not None or job.error_kind in ("Crash", "Busy", "MemoryError")
    raise RepsimError(job.error if ours else f"The process that opened it ended with {job.error_kind}.")


def _watcher() -> str:
    context = get_script_run_ctx(suppress_warning=True)
    return f"{context.session_id if context is not None else ''}/short"


@st.cache_resource(show_spinner=False, max_entries=64)
def _inspected(model: str, data: str) -> uploads_work.Facts:
    found: uploads_work.Facts = in_sandbox("inspection", {"model": model, "dataset": data})
    return found


@st.cache_resource(show_spinner=False, max_entries=16)
def dataset(name: str, n: int | None, seed: int) -> Dataset:
    """A dataset; its arrays are read-only, so everyone may share it."""
    return datasets.load(name, n=n, seed=seed)


@st.cache_resource(show_spinner=False, max_entries=64)
def layer_infos(model: str, data: str) -> list[LayerInfo]:
    """Layers in execution order, found by a run on two stimuli."""
    if sandboxed.is_graph(model):
        return uploads_work.layer_infos(_inspected(model, data))
    return models.layers(network(model), dataset(data, 2, 0))


@st.cache_resource(show_spinner=False, max_entries=64)
def card(model: str) -> ModelCard:
    """What is known of a model."""
    known = {one.name: one for one in models.available()}
    if sandboxed.is_graph(model):
        return uploads_work.graph_card(model)
    found = known.get(model) or network(model).card
    if found is None:
        raise InputError(f"{model} has no card; choose a network of the library.")
    return found


@st.cache_resource(show_spinner=False, max_entries=64)
def conversions(model: str, data: str) -> tuple[str, ...]:
    """What is done to the stimuli so that the model accepts them; a ShapeError if nothing helps."""
    if sandboxed.is_graph(model):
        return uploads_work.conversions(_inspected(model, data))
    return tuple(network(model).conversions(dataset(data, 2, 0).card.input_shape))


@st.cache_resource(show_spinner=False, max_entries=64)
def normalisation(model: str) -> tuple[float, ...]:
    """Means that are subtracted from the channels of a picture, or nothing."""
    return network(model).mean


def chosen_layers(recipe: Recipe, side: str) -> list[str]:
    """Layers of one side of a map."""
    infos = layer_infos(recipe.model(side), recipe.data(side))
    if recipe.layers == "blocks":
        return list(activations.default_layers(infos))
    if recipe.layers == "all":
        return [one.name for one in infos]
    return list(recipe.rows if side == "a" else recipe.columns)


def submit_matrix(recipe: Recipe, watcher: str, seconds: float | None = None, *, retry: bool = True) -> Job:
    """The job of a map, started if it is not there; ``seconds`` is what it is estimated to take."""
    title = json.dumps(recipe.query())
    return jobs().submit(recipe.key, "layer_map", recipe.to_json(), title, watcher, seconds, retry=retry)


def _layer(recipe: Recipe, side: str, layer: str) -> Representation:
    """Responses of one layer for the panels, which are drawn here, not in the child that made the map.

    The child kept what it extracted on disk, a layer a file. Where the store has it no more, all layers of the map are
    extracted here, so that the next click finds them; what is too large to be kept, one layer at a time.
    """
    found = kept(jobs().store, recipe, side, [layer])
    if found is not None:
        return compared(recipe, found)[layer]
    name, data, chosen = recipe.model(side), recipe.data(side), chosen_layers(recipe, side)
    infos = [one for one in layer_infos(name, data) if one.name in chosen]
    most = LARGEST_RESULT // 2 if sandboxed.is_graph(name) else jobs().store.limit // SHARE
    if activations.needed_bytes(infos, recipe.n, recipe.pooling) > most:
        chosen = [layer]
    found = responses(name, data, recipe.n, recipe.seed, recipe.pooling, tuple(chosen))
    return compared(recipe, replace(found, representations={layer: found[layer]}))[layer]


@st.cache_resource(show_spinner=False, max_entries=6)
def responses(model: str, data: str, n: int, seed: int, pooling: str, layers: tuple[str, ...]) -> LayerActivations:
    """Responses of some layers, without the disk."""
    if sandboxed.is_graph(model):
        asked = {"model": model, "dataset": data, "n": n, "seed": seed, "pooling": pooling, "layers": list(layers)}
        found: LayerActivations = in_sandbox("responses", asked).layers
        return found
    return activations.extract(network(model), dataset(data, n, seed), list(layers), pooling=pooling)


def example_rows(data: Dataset) -> NDArray[np.intp]:
    """At most 200 stimuli with every class in its share, sorted by class."""
    rows = subset(data.labels, len(data), min(len(data), MOST_EXAMPLES), seed=0, name=data.name)
    return rows if data.labels is None else rows[np.argsort(data.labels[rows], kind="stable")]


@st.cache_data(show_spinner=False, max_entries=64)
def examples(recipe: Recipe, side: str, layer: str) -> NDArray[np.float32]:
    """Similarity of the example stimuli to one another."""
    rows = example_rows(dataset(recipe.dataset, recipe.n, recipe.seed))
    return similarity.example_similarity(similarity.subset(_layer(recipe, side, layer), rows))


@st.cache_data(show_spinner=False, max_entries=128)
def spectrum(recipe: Recipe, side: str, layer: str) -> dict[str, Any]:
    """Singular values and the numbers that sum them up."""
    found = similarity.spectrum(_layer(recipe, side, layer))
    return {
        "singular_values": np.array(found.singular_values),
        "effective_rank": float(found.effective_rank),
        "participation_ratio": float(found.participation_ratio),
        "first_share": float(found.first_share),
    }


@st.cache_data(show_spinner=False, max_entries=64)
def projections(recipe: Recipe, row: str, column: str) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Both clouds in the plane, B turned onto A, with the share of each direction."""
    return similarity.aligned_projection(_layer(recipe, "a", row), _layer(recipe, "b", column))


# Divergence: what lies behind one cell, and the experiments of the paper.


@st.cache_data(show_spinner=False, max_entries=64)
def one_subset(
    recipe: Recipe, row: str, column: str, trial: int
) -> tuple[TopologyDivergence, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Both cross-barcodes of one subset, and both distances of the stimuli behind every bar."""
    x, y, options = _divergence_of(recipe, row, column)
    return experiments.one_subset(x, y, trial, **options)


@st.cache_data(show_spinner=False, max_entries=32)
def all_subsets(recipe: Recipe, row: str, column: str) -> TopologyDivergence:
    """RTD of one pair of layers over every subset of the map."""
    x, y, options = _divergence_of(recipe, row, column)
    return topology.rtd(x, y, **options)


@st.cache_data(show_spinner=False, max_entries=64)
def rtd_of_batches(recipe: Recipe, row: str, column: str, batch: int) -> pd.DataFrame:
    """RTD of one pair of layers for several batch sizes."""
    x, y, options = _divergence_of(recipe, row, column)
    sizes = experiments.sensible_batches(recipe.n, batch)
    return experiments.rtd_of_batches(
        x, y, sizes, **{key: options[key] for key in options.keys() - {"trials", "batch"}}
    )


@st.cache_data(show_spinner=False, max_entries=8)
def ordered_clouds(family: str) -> experiments.Order:
    """Clusters or rings, each measure against the true order."""
    return experiments.ordered_clouds(family)


def _divergence_of(recipe: Recipe, row: str, column: str) -> tuple[Representation, Representation, dict[str, Any]]:
    return _layer(recipe, "a", row), _layer(recipe, "b", column), dict(recipe.options)
