"""What all commands say and ask: progress, remarks, and refusals before the work instead of after it."""

import sys
from pathlib import Path

from repsim_core.errors import InputError


class Bar:
    """Progress on a terminal; silent where nobody watches."""

    title = ""

    def __call__(self, done: int, total: int) -> None:
        """Draw what is done of the total."""
        if not sys.stderr.isatty():
            return
        filled = round(30 * done / max(total, 1))
        end = "\n" if done == total else ""
        # Over the line that stands there.
        line = f"\r{self.title:32.32} [{'#' * filled:30}] {done}/{total}"
        print(line, end=end, file=sys.stderr, flush=True)  # noqa: T201


def say(text: str, end: str = "\n") -> None:
    """The answer, on standard output."""
    print(text, end=end)  # noqa: T201


def remark(text: str) -> None:
    """One line on standard error."""
    print(text, file=sys.stderr)  # noqa: T201


def check_positive(option: str, value: int | None) -> None:
    """Refuse 0 and below; None is a choice not made."""
    if value is not None and value < 1:
        raise InputError(f"{option} must be 1 or more, got {value}.")


def check_target(path: Path | None, endings: tuple[str, ...]) -> None:
    """Refuse a place that cannot be written before the work, not after it."""
    if path is None:
        return
    if path.suffix not in endings:
        raise InputError(f"{path} must end in {' or '.join(endings)}.")
    if not path.parent.is_dir():
        raise InputError(f"The folder of {path} does not exist; make it first.")
