"""Are the results of a device those of the CPU? Every network of the zoo on both, and the largest difference.

python scripts/check_device.py                     the device of REPSIM_DEVICE, or cuda
python scripts/check_device.py cuda:1 --only 'digits-vit-*' --n 512
"""

import argparse
import os
import sys
from fnmatch import fnmatch
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from repsim_core import activations, datasets, models
from repsim_core.activations.device import device as device_named
from repsim_core.errors import InputError
from repsim_core.streaming import streamed_similarity, streaming_plan

MOST = 1e-5


def differences(name: str, device: str, n: int) -> tuple[float, float]:
    """Largest difference of a response, over the largest of its layer, and of a cell of the layer map."""
    model = models.load(name)
    card = model.card
    data = datasets.load(card.dataset if card else "digits", n=n, seed=0)
    here, there = (activations.extract(model, data, device=place) for place in ("cpu", device))
    responses = max(
        float(np.abs(one.values - other.values).max() / max(np.abs(one.values).max(), np.finfo(np.float32).tiny))
        for one, other in zip(here.values(), there.values(), strict=True)
    )
    plans = [streaming_plan(model, model, data, device=place) for place in ("cpu", device)]
    matrices = [streamed_similarity(model, model, data, plan=plan).matrix for plan in plans]
    first, second = (one.values for one in matrices)
    if not np.array_equal(matrices[0].reasons, matrices[1].reasons):
        return responses, float("inf")
    return responses, float(np.nanmax(np.abs(first - second), initial=0.0))


def main() -> int:
    """0 if no cell differs by more than 1e-5."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("device", nargs="?", default=os.environ.get("REPSIM_DEVICE") or "cuda")
    parser.add_argument("--only", default="*", help="pattern of names, without zoo/")
    parser.add_argument("--n", type=int, default=256, help="stimuli")
    asked = parser.parse_args()
    os.environ.pop("REPSIM_DEVICE", None)
    try:
        place = device_named(asked.device)
    except InputError as error:
        print(error)
        return 2
    names = [one.name for one in models.available() if one.name.startswith("zoo/")]
    names = [name for name in names if fnmatch(name.removeprefix("zoo/"), asked.only)]
    if not names:
        print(f"No network of the zoo is called {asked.only!r}.")
        return 2
    worst = {"response": (0.0, ""), "cell": (0.0, "")}
    for name in names:
        responses, cells = differences(name, asked.device, asked.n)
        print(f"{name:40} responses {responses:.1e}   cells {cells:.1e}", flush=True)
        for kind, value in (("response", responses), ("cell", cells)):
            worst[kind] = max(worst[kind], (value, name))
    for kind, (value, name) in worst.items():
        print(f"Largest difference of a {kind} between the CPU and {place}: {value:.1e} ({name})")
    return int(worst["cell"][0] > MOST)


if __name__ == "__main__":
    sys.exit(main())
