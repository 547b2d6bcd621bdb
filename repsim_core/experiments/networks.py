"""The RTD paper's experiments on networks: checkpoints against the network they became, domains against one another."""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core import activations, datasets, models
from repsim_core.compute.progress import Progress, no_progress
from repsim_core.errors import InputError
from repsim_core.models import Model
from repsim_core.similarity import score
from repsim_core.topology import rtd
from repsim_core.types import Dataset, Representation, ResultTable

OnPartial = Callable[[ResultTable], None]


def along_training(
    checkpoints: Sequence[str],
    layer: str,
    dataset: str,
    *,
    n: int,
    seed: int = 0,
    trials: int = 5,
    batch: int | None = None,
    progress: Progress | None = None,
    on_partial: OnPartial | None = None,
) -> ResultTable:
    """One layer of each checkpoint against the same layer of the last one, and how often their predictions differ.

    Returns
    -------
    ResultTable
        A line a checkpoint: ``epoch``, ``rtd``, ``standard_error``, ``cka`` (debiased), ``disagreement`` (share of
        stimuli whose predicted class is not that of the last checkpoint; NaN without classes) and its
        ``disagreement_error``.

    Raises
    ------
    InputError
        With fewer than two checkpoints.

    References
    ----------
    Barannikov et al. (2022), ICML, section on training dynamics. arXiv:2201.00058
    """
    if len(checkpoints) < 2:
        raise InputError(f"A training needs at least two checkpoints, got {len(checkpoints)}.")
    progress, data = progress or no_progress, datasets.load(dataset, n=n, seed=seed)
    progress(0, len(checkpoints))
    final, final_classes = _responses(models.load(checkpoints[-1]), data, layer)
    rows: list[dict[str, Any]] = []
    recipe = dict(checkpoints=list(checkpoints), layer=layer, dataset=dataset, n=n, seed=seed, trials=trials)
    for done, name in enumerate(checkpoints, start=1):
        model = models.load(name)
        responses, classes = _responses(model, data, layer)
        found = rtd(responses, final, trials=trials, batch=batch)
        differ = _share(classes != final_classes) if final_classes is not None else float("nan")
        rows.append(
            {
                "epoch": float(model.card.epochs or 0) if model.card else float("nan"),
                "rtd": found.value,
                "standard_error": found.standard_error,
                "cka": score(responses, final),
                "disagreement": differ,
                "disagreement_error": _share_error(differ, len(data)),
            }
        )
        progress(done, len(checkpoints))
        if on_partial is not None and done < len(checkpoints):
            on_partial(ResultTable(pd.DataFrame(rows), recipe))
    return ResultTable(pd.DataFrame(rows), recipe)


def between_domains(
    network: str,
    layer: str,
    domains: Sequence[str],
    *,
    n: int,
    seed: int = 0,
    trials: int = 5,
    batch: int | None = None,
    progress: Progress | None = None,
    on_partial: OnPartial | None = None,
) -> ResultTable:
    """One layer of a network on the same stimuli in several domains, each two of them, with its accuracy in both.

    Returns
    -------
    ResultTable
        A line a pair of domains: ``first``, ``second``, ``rtd``, ``standard_error``, ``cluster_part`` and
        ``loop_part`` (mean over subsets and directions; they add up to RTD), ``cka`` (debiased), ``accuracy_first``,
        ``accuracy_second`` (NaN where the data have no labels of the network's classes).

    References
    ----------
    Barannikov et al. (2022), ICML, section on distribution shift. arXiv:2201.00058
    """
    if len(domains) < 2:
        raise InputError(f"A shift needs at least two domains, got {len(domains)}.")
    progress, model = progress or no_progress, models.load(network)
    pairs = list(combinations(domains, 2))
    steps = len(domains) + len(pairs)
    progress(0, steps)
    responses: dict[str, Representation] = {}
    accuracy: dict[str, float] = {}
    for name in domains:
        data = datasets.load(name, n=n, seed=seed)
        responses[name], classes = _responses(model, data, layer)
        known = classes is not None and data.labels is not None and data.card.task == "classification"
        accuracy[name] = _share(classes == data.labels) if known else float("nan")
        progress(len(responses), steps)
    rows: list[dict[str, Any]] = []
    recipe = dict(network=network, layer=layer, domains=list(domains), n=n, seed=seed, trials=trials)
    for first, second in pairs:
        x, y = responses[first], responses[second]
        found = rtd(x, y, trials=trials, batch=batch)
        rows.append(
            {
                "first": first,
                "second": second,
                "rtd": found.value,
                "standard_error": found.standard_error,
                "cluster_part": float(found.cluster_part.mean()),
                "loop_part": float(found.loop_part.mean()),
                "cka": score(x, y),
                "accuracy_first": accuracy[first],
                "accuracy_second": accuracy[second],
            }
        )
        progress(len(domains) + len(rows), steps)
        if on_partial is not None and len(rows) < len(pairs):
            on_partial(ResultTable(pd.DataFrame(rows), recipe))
    return ResultTable(pd.DataFrame(rows), recipe)


def _responses(model: Model, data: Dataset, layer: str) -> tuple[Representation, NDArray[np.intp] | None]:
    """One layer, and the class that the last layer names for each stimulus; None if it has a single output."""
    last = models.layers(model, data)[-1].name
    found = activations.extract(model, data, [layer, last])
    outputs = found[last].values
    return found[layer], np.asarray(outputs.argmax(axis=1)) if outputs.shape[1] > 1 else None


def _share(holds: Any) -> float:
    return float(np.mean(holds))


def _share_error(share: float, n: int) -> float:
    """Standard error of a share of n stimuli."""
    return float(np.sqrt(share * (1 - share) / n))
