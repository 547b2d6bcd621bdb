"""All layers of a model against the same targets."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any

from numpy.typing import ArrayLike

from repsim_core.alignment.label import label_alignment
from repsim_core.alignment.targets import Targets
from repsim_core.compute.progress import Progress, mapped, no_progress
from repsim_core.errors import DegenerateError, InputError
from repsim_core.types import LabelAlignment, LayerActivations, LayerAlignments, Representation

INPUT = "input"


def align_layers(
    activations: LayerActivations,
    targets: ArrayLike | Targets,
    *,
    inputs: Representation | None = None,
    target: str = "target",
    executor: Executor | None = None,
    progress: Progress | None = None,
    on_partial: Callable[[LayerAlignments], None] | None = None,
    **options: Any,
) -> LayerAlignments:
    """Label alignment of every layer of a model.

    Parameters
    ----------
    activations
        Responses of the layers, in execution order.
    targets
        As :func:`label_alignment` takes them, for all layers alike.
    inputs
        The stimuli themselves as a representation; they come first, with depth 0.
    target
        What the targets are called.
    executor, progress
        A layer is a task; ``progress(done, total)`` counts them.
    on_partial
        Called with the layers so far after each but the last.
    options
        Those of :func:`label_alignment`.

    Returns
    -------
    LayerAlignments
        A layer without a value is left out, its reason kept.

    Raises
    ------
    InputError
        If there is no layer, and whatever is wrong with the targets.

    References
    ----------
    Imani, Hu and White (2022). arXiv:2112.07806
    """
    layers: dict[str, Representation] = dict(activations)
    if not layers:
        raise InputError("There are no layers to align; extract at least one.")
    depths = {name: (number + 1) / len(layers) for number, name in enumerate(layers)}
    if inputs is not None:
        name = INPUT if INPUT not in layers else "(input)"
        layers, depths = {name: inputs, **layers}, {name: 0.0, **depths}
    recipe = dict(activations.recipe) | {"target": target} | {key: options[key] for key in sorted(options)}

    def so_far() -> LayerAlignments:
        notes = _notes(found, activations)
        seen = {name: depths[name] for name in layers if name in found or name in reasons}
        return LayerAlignments(
            activations.model, activations.dataset, target, dict(found), dict(reasons), seen, recipe, notes
        )

    progress = progress or no_progress
    progress(0, len(layers))
    found: dict[str, LabelAlignment] = {}
    reasons: dict[str, str] = {}
    task = partial(_one, targets, options)
    for done, (name, result) in enumerate(zip(layers, mapped(task, layers.values(), executor), strict=True), start=1):
        if isinstance(result, str):
            reasons[name] = result
        else:
            found[name] = result
        progress(done, len(layers))
        if on_partial is not None and done < len(layers):
            on_partial(so_far())
    return so_far()


_OF_THE_LAYER = ("zero_variance", "zero_row", "non_finite")


def _one(targets: ArrayLike | Targets, options: Mapping[str, Any], x: Representation) -> LabelAlignment | str:
    try:
        return label_alignment(x, targets, **options)
    except DegenerateError as error:
        # NaN may stand in the targets too, which is the same for all layers: an error, not a reason.
        if error.reason in _OF_THE_LAYER and not str(error).startswith("The target"):
            return error.reason
        raise


def _notes(found: Mapping[str, LabelAlignment], activations: LayerActivations) -> tuple[str, ...]:
    notes = list(activations.notes)
    wide = [name for name, one in found.items() if one.rank >= one.n_stimuli - 1]
    if wide:
        notes.append(
            f"{len(wide)} of {len(found)} layers have at least as many directions as stimuli less one "
            f"(n = {len(activations.stimuli)}), first {wide[0]}: all targets lie in their span, "
            "so only the order of the directions says something."
        )
    return tuple(notes)
