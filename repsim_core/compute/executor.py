"""Where the pieces of a long computation run: threads of this process, or the workers of a cluster."""

import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module

from threadpoolctl import threadpool_limits

from repsim_core.errors import InputError

PATIENCE = 10  # seconds a scheduler may take to answer


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def task_executor(threads: int | None = None) -> Iterator[Executor]:
    """An executor for independent pieces, closed on the way out.

    Parameters
    ----------
    threads
        Of the pool in this process; by default ``REPSIM_THREADS``, which a job is given by its server, else the cores.

    Yields
    ------
    concurrent.futures.Executor
        A thread pool, with one BLAS thread a piece so that the two do not fight; with ``REPSIM_CLUSTER=tcp://host:8786``
        the workers of that Dask scheduler. What is sent there must be picklable: functions at the top of a module.

    Raises
    ------
    InputError
        If ``REPSIM_CLUSTER`` is set and cannot be used.

    Examples
    --------
    >>> with task_executor(2) as pool:
    ...     list(pool.map(abs, [-1, 2]))
    [1, 2]
    """
    if address := os.environ.get("REPSIM_CLUSTER"):
        with _cluster(address) as pool:
            yield pool
        return
    count = threads or int(os.environ.get("REPSIM_THREADS") or cores())
    with threadpool_limits(1 if count > 1 else None, user_api="blas"), ThreadPoolExecutor(count) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # what nobody waits for any more
            raise


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        distributed, settings = import_module("distributed"), import_module("dask.config")
    except ImportError as error:
        raise InputError(
            f"REPSIM_CLUSTER={address} needs Dask: pip install 'repsim-dashboard[cluster]', or unset it."
        ) from error
    try:
        client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(f"No Dask scheduler answers at REPSIM_CLUSTER={address}; start one, or unset it.") from error
    # Each piece takes its own responses along, which Dask would advise against at every call. Pieces have no side
    # effects: one whose worker died runs again on another.
    with (
        settings.set({"distributed.admin.large-graph-warning-threshold": "1TB"}),
        client,
        client.get_executor(retries=2) as pool,
    ):
        yield pool
