"""What does label alignment cost against one economical decomposition a layer, and what memory does it take?"""

from collections.abc import Iterator

import numpy as np

from benchmarks.measurement import Row, peak_bytes, ratio, rounds
from repsim_core.alignment import FORMS, align_layers, label_alignment
from repsim_core.types import LayerActivations, Representation

LAYERS, STIMULI, UNITS, CLASSES = 30, 5000, 256, 10
MANY, WIDE = 50_000, 512


def rows() -> Iterator[Row]:
    """One line for time, one for memory."""
    # Memory first: a process begins with the peak of the one it comes from.
    whole, without = peak_bytes(_long), peak_bytes(_responses)
    yield Row(
        f"Peak memory for n = {MANY} × {WIDE}, {CLASSES} classes, beyond the {4e-6 * MANY * WIDE:.0f} MB of responses",
        "≤ 250 MB",
        f"{(whole - without) / 1e6:.0f} MB",
        whole - without <= 250e6,
    )
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, STIMULI)
    stimuli = tuple(map(str, range(STIMULI)))
    spectrum = np.arange(1, UNITS + 1) ** -0.5
    layers = {
        f"layer{k}": Representation(
            (np.maximum(rng.normal(size=(STIMULI, UNITS)), 0) * spectrum).astype("float32"), stimuli, "net", f"layer{k}"
        )
        for k in range(LAYERS)
    }
    activations = LayerActivations("net", "random", stimuli, layers)

    def economical() -> None:
        for one in layers.values():
            np.linalg.svd(one.values.astype(np.float64), full_matrices=False)

    sides = {
        form: (lambda options=options: align_layers(activations, labels, **options)) for form, options in FORMS.items()
    }
    seconds = rounds({**sides, "svd": economical}, 1)
    for form in FORMS:
        found = ratio(seconds[form], seconds["svd"])
        yield Row(
            f"{LAYERS} layers of {UNITS} units, n = {STIMULI}, {CLASSES} classes, {form} form, against one economical "
            "decomposition a layer",
            "≤ 1.5 × the time",
            f"{found:.2f} × ({seconds[form][0]:.1f} s against {seconds['svd'][0]:.1f} s)",
            found <= 1.5,
        )


def _responses() -> tuple[Representation, np.ndarray]:
    rng = np.random.default_rng(0)
    values = rng.random((MANY, WIDE), dtype=np.float32)
    x = Representation(values, tuple(map(str, range(MANY))), owned=True)
    return x, rng.integers(0, CLASSES, MANY)


def _long() -> None:
    label_alignment(*_responses())
