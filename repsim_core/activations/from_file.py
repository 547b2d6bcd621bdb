"""Responses that were recorded elsewhere, in any framework."""

from pathlib import Path
from typing import Any

from repsim_core.activations.to_file import write
from repsim_core.formats import recorded_responses, shown_name
from repsim_core.models.recorded import layer_infos
from repsim_core.types import LayerActivations, Representation
from repsim_core.uploads import CANONICAL


def from_file(path: str | Path, *, drop_rows: bool = False) -> LayerActivations:
    """Responses out of ``.npz``, ``.npy`` or ``.safetensors``: layer name → array, one row a stimulus.

    Parameters
    ----------
    path
        May hold beside the layers: ``ids`` (text or whole numbers), without which rows are only comparable by their
        place; ``labels`` and ``classes``, which :func:`repsim_core.models.from_file` keeps.
    drop_rows
        Leave out, in all layers, the stimuli with a response that is not finite. Otherwise they stay, cells of their
        layers are undefined, and a note says how many numbers and which is the first.

    Returns
    -------
    LayerActivations
        float32 or float64, flattened; the shape of a unit is kept. ``notes`` say what was converted and what to doubt.

    Raises
    ------
    FormatError
        For a file that is not one of responses, layers with different numbers of rows, repeated ids.
    BudgetError
        Beyond 20,000 stimuli, 200,000 units a layer or 1 GB in all, and below four stimuli.
    """
    found, name = recorded_responses(path, drop_rows=drop_rows), shown_name(Path(path).stem)
    layers = {
        layer: Representation(one.reshape(len(one), -1), found.stimuli, name, layer, one.shape[1:] or (1,), owned=True)
        for layer, one in found.layers.items()
    }
    recipe = {"file": shown_name(Path(path).name), "n": len(found.stimuli)}
    return LayerActivations(name, name, found.stimuli, layers, "flatten", recipe, found.notes)


def imported(path: str | Path, folder: str | Path, *, drop_rows: bool = False, **_: Any) -> dict[str, Any]:
    """Check an upload, write it into a folder in canonical form, and tell what it is, in JSON's types.

    To be run in a sandbox: the upload is opened here. The canonical file, ``activations.npz``, is read again by
    :func:`repsim_core.models.recorded.recorded` through the checks that every file gets.
    """
    found = recorded_responses(path, drop_rows=drop_rows)
    # Row numbers are made again when it is read, unless some rows are gone.
    ids = found.stimuli if found.has_ids or drop_rows else None
    write(Path(folder) / CANONICAL["activations"], found.layers, ids, found.labels, found.classes)
    infos = layer_infos(found)
    layers = [{"name": one.name, "shape": list(one.shape), "dtype_bytes": one.dtype_bytes} for one in infos]
    task = "none" if found.labels is None else "classification" if found.classes else "regression"
    card = {
        "description": f"{len(layers)} layers recorded on {len(found.stimuli)} stimuli",
        "size": len(found.stimuli),
        "task": task,
        "classes": list(found.classes),
        "has_ids": found.has_ids,
    }
    title = shown_name(Path(path).stem)
    return {
        "kind": "activations",
        "title": title,
        "card": card,
        "notes": list(found.notes),
        "layers": layers,
    }
