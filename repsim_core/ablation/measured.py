"""A layer with everything about it that does not depend on the class, and from there the grid of a class."""

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from repsim_core import __version__
from repsim_core.ablation.cell import ProbeSettings, Task, cell_measures
from repsim_core.ablation.grams import larger_is_more_similar
from repsim_core.ablation.layer import ReadyLayer
from repsim_core.ablation.performance import Answers, answers, class_count, class_labels, class_outputs, unsuitable
from repsim_core.ablation.probes import fold_count, subset_count, unit_scale
from repsim_core.ablation.settings import Settings
from repsim_core.ablation.units import channel_of
from repsim_core.compute.progress import Progress, mapped
from repsim_core.errors import InputError
from repsim_core.types import AblationGrid, UnitScores

Floats = NDArray[np.float64]


class Measured:
    """A ready layer with what is computed of it once, whatever the class: its Gram matrix and its answers."""

    def __init__(self, ready: ReadyLayer, asked: Settings) -> None:
        self.ready, self.asked = ready, asked
        self.whole = ready.cloud()
        self.places = (ready.info.name, *ready.downstream)
        self.labels = class_labels(ready.dataset)
        self.owner = channel_of(ready.info.shape) if asked.unit == "channel" else None
        classes = class_count(ready.dataset)
        self.no_performance = unsuitable(ready.outputs.shape, ready.dataset, ready.outputs)
        self.intact = None if self.no_performance else self._answers(ready.outputs)
        self.class_count = classes

    def grid(
        self,
        scores: UnitScores,
        cells: list[NDArray[np.intp]],
        executor: Executor | None,
        progress: Progress,
        on_partial: Callable[[AblationGrid], None],
        bins: int | None = None,
    ) -> AblationGrid:
        """Every cell measured: the network's answers first, then similarity and probes."""
        ready, asked = self.ready, self.asked
        inside = self.labels == scores.target_class
        scalars = [one if self.owner is None else np.flatnonzero(np.isin(self.owner, one)) for one in cells]
        count, n = len(cells), len(self.labels)
        progress(0, 2 * count)
        found: list[Answers] = []
        down: list[dict[str, NDArray[Any]]] = []
        need_outputs = self.intact is not None or bool(ready.downstream)
        if need_outputs:
            passes = ready.ablated(scalars, asked.replacement, seed=asked.seed, batch_size=asked.batch_size)
            for number, (outputs, behind) in enumerate(passes):
                if self.intact is not None:
                    found.append(self._answers(outputs))
                down.append(behind)
                progress(number + 1, 2 * count)
        probe, left_out = self._probe(inside)
        task = Task(
            ready.values,
            ready.info.name,
            self.whole,
            asked,
            ready.order(asked.seed) if asked.replacement == "permute" else None,
            inside,
            probe,
            {name: ready.downstream[name] for name in ready.downstream},
        )
        values = np.full((len(asked.measures), len(self.places), count), np.nan)
        reasons = np.full(values.shape, "", dtype="<U32")
        width = 0 if probe is None else n if probe.kind == "cross_validated" else probe.count
        losses = np.full((count + 1, width), np.nan, dtype=np.float32)
        done = np.zeros(count, dtype=bool)
        cell_of = np.full(len(scores.selectivity), -1, dtype=np.int32)
        for number, units in enumerate(cells):
            cell_of[units] = number
        if self.no_performance:
            left_out = {"performance": self.no_performance} | left_out

        def grid() -> AblationGrid:
            return self._result(
                scores,
                cell_of,
                done.copy(),
                found,
                losses.copy(),
                values.copy(),
                reasons.copy(),
                left_out,
                asked.bins if bins is None else bins,
                probe,
            )

        if probe is not None:
            losses[0] = task.losses(self.whole, np.empty(0, np.intp), asked.seed)
        work = [(task, scalars[k], down[k] if down else {}, asked.seed + 1 + k) for k in range(count)]
        for k, (numbers, why, loss) in enumerate(mapped(cell_measures, work, executor)):
            values[:, :, k], reasons[:, :, k] = numbers, why
            if probe is not None:
                losses[k + 1] = loss
            done[k] = True
            progress(count + k + 1, 2 * count)
            if k + 1 < count:
                on_partial(grid())
        return grid()

    def _answers(self, outputs: NDArray[Any]) -> Answers:
        return answers(class_outputs(outputs, class_count(self.ready.dataset)), self.labels)

    def _probe(self, inside: NDArray[np.bool_]) -> tuple["ProbeSettings | None", dict[str, str]]:
        asked = self.asked
        if asked.probe is None:
            return None, {"decodability": "It was not asked for."}
        try:
            folds = fold_count(inside)
        except InputError as error:
            return None, {"decodability": str(error)}
        units = self.ready.values.shape[1]
        count = folds if asked.probe == "cross_validated" else asked.subsets or subset_count(units)
        return ProbeSettings(asked.probe, count, unit_scale(self.whole.trace, len(inside))), {}

    def _result(
        self,
        scores: UnitScores,
        cell_of: NDArray[np.int32],
        done: NDArray[np.bool_],
        found: list[Answers],
        losses: NDArray[np.float32],
        values: Floats,
        reasons: NDArray[np.str_],
        left_out: dict[str, str],
        bins: int,
        probe: "ProbeSettings | None",
    ) -> AblationGrid:
        ready, asked = self.ready, self.asked
        rows = [] if self.intact is None else [self.intact, *found]

        def stacked(name: str, dtype: Any) -> NDArray[Any]:
            return np.stack([getattr(one, name) for one in rows]) if rows else np.empty((0, 0), dtype)

        return AblationGrid(
            scores.selectivity,
            scores.magnitude,
            cell_of,
            done,
            stacked("predicted", np.int32),
            stacked("ranks", np.float32),
            stacked("cross_entropies", np.float32),
            losses if losses.size else np.empty((0, 0), np.float32),
            values,
            reasons,
            self.labels.astype(np.int64),
            bins,
            asked.unit,
            tuple(ready.info.shape),
            scores.target_class,
            tuple(ready.dataset.class_names),
            asked.measures,
            tuple(larger_is_more_similar(one) for one in asked.measures),
            self.places,
            ready.name,
            ready.dataset.name,
            ready.info.name,
            asked.replacement,
            asked.probe or "" if probe is not None else "",
            ready.tail.whole_pass,
            left_out,
            self._warnings(scores),
            {
                "n": len(self.labels),
                "seed": asked.seed,
                "dataset_seed": ready.dataset.seed,
                "split": ready.dataset.split,
                "stimuli": ready.dataset.digest,
                "ridge": asked.ridge,
                "probe_count": 0 if probe is None else probe.count,
                "torch": torch.__version__,
                "repsim": __version__,
            },
        )

    def _warnings(self, scores: UnitScores) -> tuple[str, ...]:
        said = []
        images, _ = scores.images
        if images < 20:
            said.append(f"Only {images} images of the class: numbers of it move in steps of {1 / images:.2g}.")
        if self.intact is not None:
            right = float(np.mean(self.intact.predicted == self.labels))
            if right < 1.5 / self.class_count:
                said.append(
                    f"The intact network is right on {right:.0%} of the images, near chance: it has little to lose."
                )
        return tuple(said)
