"""Work for children: each function does one thing that real work may do, or should not."""

import ctypes
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from repsim_core.errors import DegenerateError, FormatError


@dataclass(frozen=True)
class Number:
    """The smallest result there is."""

    value: float

    def to_bytes(self):
        return json.dumps(self.value).encode()

    @classmethod
    def from_bytes(cls, raw):
        try:
            return cls(json.loads(raw))
        except ValueError as error:
            raise FormatError(f"{raw!r} is no number.") from error


def note(recipe, letter="x"):
    """Leaves one letter in the file it is given: how often, and in which order, jobs ran."""
    if "counter" in recipe:
        with open(recipe["counter"], "a") as file:
            file.write(letter)


def answer(recipe, report, partial):
    note(recipe, "(")
    steps = recipe.get("steps", 1)
    for step in range(steps):
        report("steps", step, steps)
        time.sleep(recipe.get("seconds", 0) / steps)
    report("steps", steps, steps)
    note(recipe, ")")
    return Number(recipe.get("value", 42))


def chatter(recipe, report, partial):
    for step in range(recipe["steps"]):
        report("steps", step, recipe["steps"])
    return Number(1)


def intruder(recipe, report, partial):
    """Says what no child of ours would say, past what it was given to speak with."""
    report.__self__._server.sendall(recipe["says"].encode())
    time.sleep(recipe.get("stays", 60))
    os._exit(3)


def wait_for_file(recipe, report, partial):
    note(recipe)
    report("waiting", 0, 1)
    while not Path(recipe["file"]).exists():
        time.sleep(0.005)
    return Number(1)


def spin(recipe, report, partial):
    """BLAS, which no Python signal handler interrupts."""
    x = np.ones((600, 600))
    report("spinning", 1, 2)
    while True:
        x = x @ x / 600


def refine(recipe, report, partial):
    for step in range(1, 4):
        partial(Number(step))
        report("subsets", step, 3)
        if step == recipe.get("stop_after"):
            time.sleep(60)
    return Number(4)


def degenerate(recipe, report, partial):
    raise DegenerateError("nothing varies", "zero_variance")


def broken(recipe, report, partial):
    raise ZeroDivisionError("division by zero")


def lost_file(recipe, report, partial):
    """Fails below an installed package, with a path of this server in its message."""
    return Number(np.load(recipe["file"]))


def segfault(recipe, report, partial):
    ctypes.string_at(0)


def killed(recipe, report, partial):
    os.kill(os.getpid(), signal.SIGKILL)


def silent_exit(recipe, report, partial):
    os._exit(3)


def greedy(recipe, report, partial):
    held = []
    while True:
        held.append(np.ones(4_000_000))  # 32 MB
        time.sleep(0.02)


def noisy(recipe, report, partial):
    for _ in range(200):
        sys.stderr.write("x" * 50_000 + "\n")
        sys.stdout.write("y" * 100)
    sys.stderr.write("the last words\n")
    return Number(1)


def large(recipe, report, partial):
    class Large:
        def to_bytes(self):
            return b"0" * recipe["bytes"]

    return Large()


def surroundings(recipe, report, partial):
    import torch

    return Number(torch.get_num_threads() + 100 * os.nice(0))
