"""Whose turn it is: sessions in turn, quick requests past long ones, a session's last wish before its older ones."""

from collections.abc import Mapping, Sequence

from repsim_ui.job import Job

QUICK = 3.0  # seconds; what is estimated below has a slot of its own and does not wait for long computations
MOST_PER_SESSION = 2  # waiting requests
MOST_WAITING = 32


def quick(job: Job) -> bool:
    """Whether it may use the slot for short work."""
    return job.expected is not None and job.expected < QUICK


def next_job(queued: Sequence[Job], running: Sequence[Job], served: Mapping[str, int], slots: int) -> Job | None:
    """The request that starts now, None if nothing may.

    ``served`` holds the turn at which each session was last served. The session with the fewest computations goes
    first, among those the one served longest ago; within a session the oldest request.
    """
    free = len(running) < slots
    candidates = [job for job in queued if free or (quick(job) and len(running) == slots)]

    def rank(job: Job) -> tuple[int, int]:
        sessions = job.watchers or {"": None}
        return min((sum(one in each.watchers for each in running), served.get(one, -1)) for one in sessions)

    return min(candidates, key=rank, default=None)  # the first of equals: the oldest


def order(queued: Sequence[Job], running: Sequence[Job], served: Mapping[str, int]) -> list[Job]:
    """Everything that waits in the order it will start, as far as that can be known."""
    left, turns, found = list(queued), dict(served), list[Job]()
    while left:
        job = next_job(left, running, turns, len(running) + 1)
        assert job is not None  # there is a free slot and something waits
        left.remove(job)
        found.append(job)
        turns |= dict.fromkeys(job.watchers, max(turns.values(), default=0) + 1)
    return found


def superseded(queued: Sequence[Job], session: str) -> list[Job]:
    """Waiting requests of this session alone that its newer ones push out."""
    own = [job for job in queued if list(job.watchers) == [session]]
    return own[: max(0, len(own) - MOST_PER_SESSION)]
