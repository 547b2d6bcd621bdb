"""Maps in fresh processes, each with what was announced and what it took: ``growth.py '[[n, channels, measure]]'``."""

import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from repsim_core import activations, similarity
from repsim_core.errors import BudgetError
from repsim_core.types import Dataset, DatasetCard

UNITS = {"GB": 1e9, "MB": 1e6, "kB": 1e3, "B": 1}


def pictures(n):
    inputs = np.random.default_rng(0).random((n, 1, 16, 16), dtype=np.float32)
    card = DatasetCard("noise", "image", "none", inputs.shape[1:], {"test": n}, (), "", "")
    return Dataset(card, "test", inputs, None, tuple(map(str, range(n))))


def network(channels, seed):
    torch.manual_seed(seed)
    convolutions = nn.Conv2d(1, channels, 3, padding=1), nn.Conv2d(channels, 16, 3, padding=1)
    return nn.Sequential(convolutions[0], nn.ReLU(), convolutions[1], nn.ReLU(), nn.Flatten(), nn.Linear(4096, 100))


def status(key):
    """Bytes of VmRSS or VmHWM."""
    (line,) = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith(f"{key}:")]
    return int(line.split()[1]) * 1024


def announced(work, *arguments, **options):
    """Bytes that the refusal names."""
    try:
        work(*arguments, memory_bytes=1, **options)
    except BudgetError as error:
        number, unit = re.search(r"need ([\d.]+) (\w+)", str(error)).groups()
        return float(number) * UNITS[unit]
    raise AssertionError("not refused")


def layer_map(n, channels, **options):
    """Bytes announced for the responses of both networks and for their comparison, and what the refusals took."""
    models, data = (network(channels, 0), network(channels, 1)), pictures(n)
    highest = status("VmHWM")
    expected = sum(announced(activations.extract, one, data) for one in models)
    refused = status("VmHWM") - highest
    a, b = (activations.extract(one, data) for one in models)
    highest = status("VmHWM")
    expected += announced(similarity.compare_layers, a, b, **options)
    refused += status("VmHWM") - highest
    similarity.compare_layers(a, b, **options)
    return expected, refused


def grown(n, channels, **options):
    """The same in a child, with the bytes that it grew by."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        layer_map(20, 2, **options)  # libraries load what they load at the first call
        before = status("VmRSS")
        expected, refused = layer_map(n, channels, **options)
        os.write(writing, json.dumps([expected, refused, status("VmHWM") - before]).encode())
        os._exit(0)
    os.close(writing)
    os.wait()
    with os.fdopen(reading) as said:
        return json.load(said)


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.stdout.write(json.dumps([grown(n, channels, measure=m) for n, channels, m in json.loads(sys.argv[1])]))
