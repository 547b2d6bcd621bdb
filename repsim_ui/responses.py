"""Responses kept on disk: for the panels of a map, and for another measure of the same layers."""

import io
import json
import os
import time
import zipfile
from contextlib import suppress

import numpy as np

from repsim_core import activations, datasets, models
from repsim_core.compute.program import program_digest
from repsim_core.compute.progress import Progress
from repsim_core.compute.store import BESIDE, Label, Store
from repsim_core.errors import BudgetError
from repsim_core.models.zoo import FOLDER, MANIFEST, local_folder
from repsim_core.types import LayerActivations, Representation, digest
from repsim_ui.recipes import Recipe, weights_of

SHARE = 8  # an eighth of the store for one side of a map, so that it does not push everything else out


def salt() -> str:
    """Digest of all that decides a number besides its recipe: the code, and which weights a name stands for."""
    # A child is told by its server, or an edit of a module in between would part the two.
    return os.environ.get("REPSIM_PROGRAM") or program_digest((FOLDER / MANIFEST, local_folder() / MANIFEST))


def name_of(recipe: Recipe, side: str) -> str:
    """The model of a side."""
    return recipe.a if side == "a" else recipe.b


def layers_of(recipe: Recipe, side: str) -> list[str] | None:
    """The layers that were chosen by name; None where the recipe chooses them by a rule."""
    return list(recipe.rows if side == "a" else recipe.columns) if recipe.layers == "chosen" else None


def extracted(recipe: Recipe, side: str, progress: Progress | None = None) -> LayerActivations:
    """A forward pass over all stimuli."""
    data = datasets.load(recipe.dataset, n=recipe.n, seed=recipe.seed)
    name = name_of(recipe, side)
    model = models.load(name, weights=weights_of(name))
    layers = layers_of(recipe, side)
    if recipe.layers == "all":
        layers = [one.name for one in models.layers(model, data)]
    return activations.extract(model, data, layers, pooling=recipe.pooling, progress=progress)


def kept(store: Store, recipe: Recipe, side: str) -> LayerActivations | None:
    """Responses of one side from the disk, None if they are not there."""
    found = store.get(_key(recipe, side))
    return None if found is None else _from_bytes(found[1])


def kept_or_extracted(store: Store, recipe: Recipe, side: str, progress: Progress | None = None) -> LayerActivations:
    """From the disk, otherwise from the model; what is not too large is kept for the next time."""
    found = kept(store, recipe, side)
    if found is not None:
        return found
    began = time.monotonic()
    found = extracted(recipe, side, progress)
    seconds = time.monotonic() - began
    if small(store, found):
        label = Label(_key(recipe, side), "responses", name_of(recipe, side), time.time(), seconds)
        with suppress(OSError, BudgetError):  # a disk that takes nothing costs time, no result
            store.put(_to_bytes(found), label)
    return found


def small(store: Store, found: LayerActivations) -> bool:
    """Whether they may be kept."""
    return sum(one.values.nbytes for one in found.values()) <= store.limit // SHARE


def _key(recipe: Recipe, side: str) -> str:
    chosen = [recipe.layers, *(layers_of(recipe, side) or ())]
    asked = [name_of(recipe, side), recipe.dataset, recipe.n, recipe.seed, recipe.pooling, chosen]
    return f"{BESIDE}{digest(salt(), json.dumps(asked))}"


def _to_bytes(found: LayerActivations) -> bytes:
    labels = {
        "model": found.model,
        "dataset": found.dataset,
        "stimuli": found.stimuli,
        "pooling": found.pooling,
        "recipe": found.recipe,
        "notes": found.notes,
        "layers": [(one.layer, one.unit_shape) for one in found.values()],
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("labels.json", json.dumps(labels))
        for number, one in enumerate(found.values()):
            with archive.open(f"{number}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, one.values, allow_pickle=False)
    return out.getvalue()


def _from_bytes(raw: bytes) -> LayerActivations:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        labels = json.loads(archive.read("labels.json"))
        stimuli = tuple(labels["stimuli"])
        representations = {}
        for number, (layer, shape) in enumerate(labels["layers"]):
            with archive.open(f"{number}.npy") as member:
                values = np.lib.format.read_array(member, allow_pickle=False)
            representations[layer] = Representation(values, stimuli, labels["model"], layer, tuple(shape), owned=True)
    return LayerActivations(
        labels["model"],
        labels["dataset"],
        stimuli,
        representations,
        labels["pooling"],
        labels["recipe"],
        tuple(labels["notes"]),
    )
