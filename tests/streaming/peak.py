"""A fresh process that streams once and says what its plan promised and what it took: ``peak.py n '{"key": 0}'``."""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from repsim_core.streaming import streamed_similarity, streaming_plan
from repsim_core.types import Dataset, DatasetCard


def pictures(n):
    inputs = np.random.default_rng(0).random((n, 1, 16, 16), dtype=np.float32)
    card = DatasetCard("noise", "image", "none", inputs.shape[1:], {"test": n}, (), "", "")
    return Dataset(card, "test", inputs, None, tuple(map(str, range(n))))


def network(seed):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 64, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(64, 32, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8192, 100),
        nn.ReLU(),
        nn.Linear(100, 10),
    )


def status(key):
    """Bytes of VmRSS or VmHWM; the peak of getrusage would begin with that of the parent process."""
    (line,) = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith(f"{key}:")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    torch.set_num_threads(1)
    pair, options = (network(0), network(1)), json.loads(sys.argv[2])
    few = pictures(20)  # libraries load what they load at the first call
    streamed_similarity(*pair, few, plan=streaming_plan(*pair, few, **options))
    data = pictures(int(sys.argv[1]))
    before = status("VmRSS")
    plan = streaming_plan(*pair, data, **options)
    streamed_similarity(*pair, data, plan=plan)
    sys.stdout.write(json.dumps([plan.bytes, status("VmHWM") - before]))
