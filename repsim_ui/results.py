"""Results of jobs on disk: found by the key of their request, read by their kind, remembered over a restart."""

import logging
from collections.abc import Mapping
from typing import Any

from repsim_core.compute.store import Label, Store
from repsim_core.errors import FormatError
from repsim_ui.job import Job
from repsim_ui.work import Kind

log = logging.getLogger("repsim.jobs")


class Results:
    """What the store holds for this program; ``salt`` begins every name, so those of another one are not found."""

    def __init__(self, store: Store, kinds: Mapping[str, Kind], salt: str) -> None:
        self.store, self.kinds, self.salt = store, kinds, salt
        self._earlier = [label for label in store.labels() if label.key.startswith(f"{salt}-")]

    def name(self, key: str) -> str:
        """Under which the store has the result of this request."""
        return f"{self.salt}-{key}"

    def find(self, key: str) -> Job | None:
        """The request as a finished job, None if its result is not there or cannot be read."""
        found = self._read(self.name(key))
        if found is None:
            return None
        job = self._past(found[0])
        job.result = found[1]
        return job

    def partial(self, job: Job) -> Any:
        """The newest partial result of a job, None if there is none."""
        found = self._read(f"{self.name(job.key)}.partial")
        return None if found is None else found[1]

    def earlier(self) -> list[Job]:
        """Jobs that were finished when this server started, without their results."""
        return [self._past(label) for label in self._earlier]

    def _read(self, name: str) -> tuple[Label, Any] | None:
        found = self.store.get(name)
        if found is None:
            return None
        label, raw = found
        try:
            return label, self.kinds[label.kind].read(raw)
        except (FormatError, KeyError) as error:
            log.warning("%s cannot be read (%s); it is removed and will be computed again.", name, error)
            self.store.discard(name)
            return None

    def _past(self, label: Label) -> Job:
        key = label.key.removeprefix(f"{self.salt}-")
        job = Job(key, label.kind, {}, label.title, state="done", seconds=label.seconds, created=label.created)
        job.finished.set()
        return job
