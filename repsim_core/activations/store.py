"""Responses kept on disk, one file a layer, addressed by all that decides their numbers."""

import hashlib
import json
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from repsim_core.activations import layer_file
from repsim_core.activations.device import device as device_named
from repsim_core.activations.extract import assembled, extract, requested
from repsim_core.activations.layer_file import halved, widened
from repsim_core.compute.memory import readable_bytes
from repsim_core.compute.program import program_digest
from repsim_core.compute.progress import Progress, no_progress
from repsim_core.compute.store import BESIDE, Label, Store
from repsim_core.errors import BudgetError, InputError
from repsim_core.models import Model
from repsim_core.models.model import weights_digest
from repsim_core.models.recorded import Recorded
from repsim_core.types import Dataset, LayerActivations, Representation, digest

SHARE = 8  # an eighth of the store for one request, so that it does not push everything else out
HALF_NOTE = "Kept in half precision, 11 bits of each number; computed with in float32."

log = logging.getLogger("repsim.store")


def stored(
    model: Model,
    dataset: Dataset,
    layers: Sequence[str] | None = None,
    *,
    store: Store,
    half: bool = False,
    pooling: str = "flatten",
    batch_size: int = 128,
    memory_bytes: int | None = None,
    device: str | None = None,
    name: str = "",
    progress: Progress | None = None,
) -> LayerActivations:
    """As :func:`extract`, from the disk where a layer is there; only the missing ones are run, once, and then kept.

    Parameters
    ----------
    model, dataset, layers, pooling, batch_size, memory_bytes, device, progress
        As in :func:`extract`; the model must be one of :func:`repsim_core.models.load`.
    store
        The folder, such as :func:`repsim_core.compute.store.default_store`. A request of more than an eighth of its
        limit is not kept.
    half
        Keep float16, which halves files: each layer is scaled by a power of two, so nothing overflows. What comes back
        is float32 with 11 bits of each number; CKA moves by about 1e-6.
    name
        A further key under which :func:`remembered` finds the same layers without the model.

    Returns
    -------
    LayerActivations
        Equal to the bit to what :func:`extract` gave when the layer was run, unless ``half``. Large layers are mapped
        from the disk. What was not kept, and why, is in ``notes``. Recorded responses are on the disk already and are
        not kept twice.

    Raises
    ------
    InputError
        For a bare module, whose code has no digest; otherwise as :func:`extract`.

    Notes
    -----
    The address of a layer is the digest of the weights as they are now, the structure of the network, the layer, the
    dataset's name, its stimuli (ids and inputs), pooling, preprocessing, stored dtype, device and the version of this
    code and of torch. Processes and threads that want the same pass take turns: the first runs it, the others read.
    """
    if not isinstance(model, Model):
        raise InputError(
            f"{type(model).__name__} is a bare module: its code has no digest, so its responses cannot be found again; "
            "use extract, or a model of models.load."
        )
    if isinstance(model, Recorded):
        return extract(model, dataset, layers, pooling=pooling, memory_bytes=memory_bytes, progress=progress)
    infos, shapes = requested(model, dataset, layers, pooling, memory_bytes)
    progress = progress or no_progress
    common = _common(model, dataset, pooling, half, device)
    keys = {layer: f"{BESIDE}{digest(common, layer)}" for layer in shapes}
    size = (2 if half else 4) * len(dataset) * sum(int(np.prod(shape, dtype=np.int64)) for shape in shapes.values())
    problem = _problem(model, store, size)
    found: dict[str, NDArray[Any]] = {}

    def missing() -> list[str]:
        """Layers that are not on the disk."""
        for layer in [] if problem else [one for one in shapes if one not in found]:
            kept = layer_file.kept(store, keys[layer])
            if kept is not None:
                found[layer] = kept
        return [layer for layer in shapes if layer not in found]

    if missing():
        with nullcontext() if problem else store.turn(f"{BESIDE}{digest(common)}", lambda: progress(0, len(dataset))):
            if layers_to_run := missing():
                began = time.monotonic()
                fresh = extract(
                    model,
                    dataset,
                    layers_to_run,
                    pooling=pooling,
                    batch_size=batch_size,
                    memory_bytes=memory_bytes,
                    device=device,
                    progress=progress,
                )
                each = (time.monotonic() - began) / len(fresh)
                for layer, one in fresh.items():
                    found[layer] = widened(*halved(one.values)) if half else one.values
                    title = f"{model.name}/{layer}"
                    problem = problem or _kept(store, keys[layer], title, one.values, each, half)
    notes = [*([HALF_NOTE] if half else []), *([problem] if problem else [])]
    result = assembled(model, dataset, infos, shapes, found, pooling, {"stored": "float16"} if half else {}, notes)
    if name and not problem:
        _name(store, name, result, keys)
    return result


def remembered(store: Store, name: str, layers: Sequence[str] | None = None) -> LayerActivations | None:
    """What :func:`stored` gave under a name, or some layers of it, without the model; None where any is missing."""
    found = store.get(name)
    if found is None:
        return None
    labels = json.loads(found[1])
    stimuli, model = tuple(labels["stimuli"]), labels["model"]
    representations: dict[str, Representation] = {}
    for layer, shape, key in labels["layers"]:
        if layers is not None and layer not in layers:
            continue
        values = layer_file.kept(store, key)
        if values is None:
            return None
        representations[layer] = Representation(values, stimuli, model, layer, tuple(shape), owned=True)
    if layers is not None and set(layers) - representations.keys():
        return None
    notes, recipe = tuple(labels["notes"]), labels["recipe"]
    return LayerActivations(model, labels["dataset"], stimuli, representations, labels["pooling"], recipe, notes)


def _common(model: Model, dataset: Dataset, pooling: str, half: bool, device: str | None) -> str:
    """All that decides the numbers of a layer but its name."""
    place = device_named(device)
    inputs = np.ascontiguousarray(dataset.inputs)
    parts = {
        "weights": weights_digest(model.module),  # as they are now: somebody may have trained on
        "structure": f"{type(model.module).__module__}.{type(model.module).__qualname__} {model.module!r}",
        "dataset": [dataset.name, dataset.split, dataset.digest],
        "inputs": [inputs.shape, hashlib.sha256(inputs.data).hexdigest()],
        "preprocessing": [model.input_shape, model.mean, model.std, model.resize, model.interpolation],
        "pooling": pooling,
        "dtype": "float16" if half else "as computed",
        "device": place.type if place else "home",
        "program": program_digest(),
        "torch": torch.__version__,
    }
    return digest(json.dumps(parts))


def _problem(model: Model, store: Store, size: int) -> str:
    """Why nothing of this request is kept, as a sentence, or ""."""
    if store.problem:
        return f"Not kept on disk: {store.problem}"
    if size > store.limit // SHARE:
        allowed = f"an eighth of the store ({readable_bytes(store.limit // SHARE)} of REPSIM_CACHE_GB)"
        return f"Not kept on disk: {readable_bytes(size)} is more than {allowed}."
    if any(one._forward_hooks or one._forward_pre_hooks for one in model.module.modules()):
        return "Not kept on disk: the network has hooks of its own, which may change what it computes."
    return ""


def _kept(store: Store, key: str, title: str, values: NDArray[Any], seconds: float, half: bool) -> str:
    """Write one layer; why that failed, or ""."""
    try:
        layer_file.keep(store, key, title, values, seconds, half=half)
    except (OSError, BudgetError) as error:
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        log.warning("%s is not kept: %s.", title, reason)
        return f"Not kept on disk: {reason}."
    return ""


def _name(store: Store, name: str, found: LayerActivations, keys: Mapping[str, str]) -> None:
    labels = {
        "model": found.model,
        "dataset": found.dataset,
        "stimuli": found.stimuli,
        "pooling": found.pooling,
        "recipe": found.recipe,
        "notes": found.notes,
        "layers": [(one.layer, one.unit_shape, keys[one.layer]) for one in found.values()],
    }
    with suppress(OSError, BudgetError):  # a disk that takes nothing costs time, no result
        store.put(json.dumps(labels).encode(), Label(name, "responses", found.model, time.time()))
