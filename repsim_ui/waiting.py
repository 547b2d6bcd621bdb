"""Whose turn it is: sessions in turn, quick requests past long ones, a session's last wish before its older ones."""

from collections.abc import Mapping, Sequence

from repsim_ui.job import Job

QUICK = 3.0  # seconds; what is estimated below has a slot of its own and does not wait for long computations
MOST_PER_SESSION = 2  # waiting requests
MOST_WAITING = 32


class Line:
    """Who waits and who is served: ``slots`` places for any work and one more for quick work. The caller locks."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.queued: list[Job] = []
        self.running: list[Job] = []
        self._served: dict[str, int] = {}  # the turn at which each session was served last
        self._turn = 0

    @property
    def active(self) -> list[Job]:
        """Everything that waits or is served."""
        return [*self.queued, *self.running]

    @property
    def full(self) -> bool:
        """Whether nobody else may wait."""
        return len(self.queued) >= MOST_WAITING

    def join(self, job: Job, session: str) -> list[Job]:
        """Wait at the end; the session's older wishes that this one pushes out."""
        self.queued.append(job)
        return superseded(self.queued, session)

    def start(self) -> Job | None:
        """The request whose turn it is, from now on among the running; None if nothing may start."""
        job = next_job(self.queued, self.running, self._served, self.slots)
        if job is not None:
            self.queued.remove(job)
            self.running.append(job)
            self._turn += 1
            self._served |= dict.fromkeys(job.watchers, self._turn)
        return job

    def rejoin(self, job: Job) -> None:
        """Wait once more, from now on before the others of its sessions."""
        self.queued.insert(0, job)

    def place(self, job: Job) -> int:
        """Place in the queue, 1 for the next; 0 if it does not wait."""
        ordered = self._ordered()
        return ordered.index(job) + 1 if job in ordered else 0

    def seconds_until_start(self, job: Job) -> float | None:
        """How long it will wait, None as long as somebody before it has no estimate."""
        ordered = self._ordered()
        before = [*self.running, *(ordered[: ordered.index(job)] if job in ordered else [])]
        times = [one.remaining() for one in before]
        known = [one for one in times if one is not None]
        return sum(known) / self.slots if len(known) == len(times) else None

    def _ordered(self) -> list[Job]:
        return order(self.queued, self.running, self._served)


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
