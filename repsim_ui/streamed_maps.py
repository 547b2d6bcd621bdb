"""A layer map over more stimuli than the memory holds, in a child process: planned, then streamed."""

from repsim_core import activations, datasets, models
from repsim_core.compute.memory import budget_bytes
from repsim_core.compute.worker import Report
from repsim_core.streaming import streamed_similarity, streaming_plan
from repsim_core.types import SimilarityMatrix
from repsim_ui.recipes import Recipe, network
from repsim_ui.responses import layers_of

SIDES = ("a", "b")


def streams(asked: Recipe) -> bool:
    """Whether the responses of a side are more than an extraction may hold, and the measure can do without them."""
    if asked.measure != "cka" or asked.preprocessing or asked.dataset_b:
        return False
    data = datasets.load(asked.dataset, n=2, seed=asked.seed)
    for side in SIDES:
        chosen = _layers(asked, side)
        infos = [one for one in models.layers(_model(asked, side), data) if one.name in chosen]
        if activations.needed_bytes(infos, asked.n, asked.pooling) > budget_bytes():
            return True
    return False


def streamed(asked: Recipe, report: Report) -> SimilarityMatrix:
    """Debiased CKA of a recipe, exact where it fits and minibatch estimates where not; its warnings say which."""
    data = datasets.load(asked.dataset, n=asked.n, seed=asked.seed)
    first, second = (_model(asked, side) for side in SIDES)
    plan = streaming_plan(
        first,
        second,
        data,
        layers_a=_layers(asked, "a"),
        layers_b=_layers(asked, "b"),
        pooling=asked.pooling,
        memory_bytes=budget_bytes(),
    )

    def told(done: int, total: int) -> None:
        report("stimuli, over all passes", done, total)

    return streamed_similarity(first, second, data, plan=plan, seed=asked.seed, progress=told).matrix


def _model(asked: Recipe, side: str) -> models.Model:
    return network(asked.model(side))


def _layers(asked: Recipe, side: str) -> list[str]:
    infos = models.layers(_model(asked, side), datasets.load(asked.dataset, n=2, seed=asked.seed))
    if asked.layers == "blocks":
        return list(activations.default_layers(infos))
    return layers_of(asked, side) or [one.name for one in infos]
