"""Medians of several runs, interleaved, so that a slow moment of the machine hits every side alike."""

import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, the figure to reach, what came out."""

    question: str
    target: str
    measured: str
    met: bool


def rounds(sides: Mapping[str, Callable[[], object]], repeats: int, *, warm_up: int = 1) -> dict[str, list[float]]:
    """Seconds of each side in each of ``repeats`` rounds, after the rounds that warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(warm_up + repeats):
        for name, run in sides.items():
            start = time.perf_counter()
            run()
            if turn >= warm_up:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def ratio(longer: Sequence[float], shorter: Sequence[float]) -> float:
    """Median over the rounds of the ratio within a round: a slow minute of the machine cancels."""
    return statistics.median(one / other for one, other in zip(longer, shorter, strict=True))


def peak_bytes(work: Callable[[], object]) -> int:
    """Peak resident memory of a fresh process that runs ``work``, imports and weights included."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_report_peak, args=(work, sender))
    process.start()
    peak = int(receiver.recv())
    process.join()
    return peak


def _report_peak(work: Callable[[], object], sender: object) -> None:
    work()
    sender.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)  # type: ignore[attr-defined]
