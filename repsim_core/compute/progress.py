"""Progress and executors: what every long function takes."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from typing import TypeVar

Progress = Callable[[int, int], None]
Item = TypeVar("Item")
Result = TypeVar("Result")


def mapped(function: Callable[[Item], Result], items: Iterable[Item], executor: Executor | None) -> Iterator[Result]:
    """Results in order: inline without an executor, otherwise as its tasks."""
    return map(function, items) if executor is None else executor.map(function, items)


def no_progress(_done: int, _total: int) -> None:
    """The progress of nobody watching."""
