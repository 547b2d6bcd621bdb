"""Responses kept on disk: for the panels of a map, and for another measure of the same layers."""

import json
import os
from collections.abc import Sequence

from repsim_core import activations, datasets, models
from repsim_core.activations.store import SHARE as SHARE
from repsim_core.compute.program import program_digest
from repsim_core.compute.progress import Progress
from repsim_core.compute.store import BESIDE, Store
from repsim_core.models.zoo import FOLDER, MANIFEST, local_folder
from repsim_core.similarity.preprocessing import preprocessed
from repsim_core.types import Dataset, LayerActivations, digest
from repsim_ui.recipes import Recipe, network


def salt() -> str:
    """Digest of all that decides a number besides its recipe: the code, and which weights a name stands for."""
    # A child is told by its server, or an edit of a module in between would part the two.
    return os.environ.get("REPSIM_PROGRAM") or program_digest((FOLDER / MANIFEST, local_folder() / MANIFEST))


def layers_of(recipe: Recipe, side: str) -> list[str] | None:
    """The layers that were chosen by name; None where the recipe chooses them by a rule."""
    return list(recipe.rows if side == "a" else recipe.columns) if recipe.layers == "chosen" else None


def extracted(recipe: Recipe, side: str, progress: Progress | None = None) -> LayerActivations:
    """A forward pass over all stimuli."""
    model, data, layers = _asked(recipe, side)
    return activations.extract(model, data, layers, pooling=recipe.pooling, progress=progress)


def kept(store: Store, recipe: Recipe, side: str, layers: Sequence[str] | None = None) -> LayerActivations | None:
    """Responses of one side from the disk, or of some layers of it; None if they are not there."""
    return activations.remembered(store, _key(recipe, side), layers)


def kept_or_extracted(store: Store, recipe: Recipe, side: str, progress: Progress | None = None) -> LayerActivations:
    """From the disk, otherwise from the model; what is not too large is kept for the next time, layer by layer."""
    found = kept(store, recipe, side)
    if found is not None:
        return found
    model, data, layers = _asked(recipe, side)
    name = _key(recipe, side)
    return activations.stored(model, data, layers, store=store, pooling=recipe.pooling, name=name, progress=progress)


def compared(recipe: Recipe, found: LayerActivations) -> LayerActivations:
    """Responses as they are compared: scaled and reduced as the recipe asks."""
    return preprocessed(found, **recipe.preprocessing)  # type: ignore[arg-type]


def _asked(recipe: Recipe, side: str) -> tuple[models.Model, Dataset, list[str] | None]:
    """Model, stimuli and layers of one side."""
    data = datasets.load(recipe.data(side), n=recipe.n, seed=recipe.seed)
    model = network(recipe.model(side))
    layers = layers_of(recipe, side)
    if recipe.layers == "all":
        layers = [one.name for one in models.layers(model, data)]
    return model, data, layers


def _key(recipe: Recipe, side: str) -> str:
    chosen = [recipe.layers, *(layers_of(recipe, side) or ())]
    asked = [recipe.model(side), recipe.data(side), recipe.n, recipe.seed, recipe.pooling, chosen]
    return f"{BESIDE}{digest(salt(), json.dumps(asked))}"
