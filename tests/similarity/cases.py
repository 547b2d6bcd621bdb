"""What the tests of all measures share: every measure under every choice, data, and changes of a representation."""

import itertools

import numpy as np

from repsim_core.similarity import MEASURES
from repsim_core.types import LayerActivations, Representation

SMALL = {"k": 3, "batch": 6}  # so that ten stimuli will do


def every_choice(entry):
    """Options of a measure: all combinations of its enumerations and switches, small numbers for the rest."""
    axes = {name: (False, True) for name, default in entry.options.items() if isinstance(default, bool)}
    axes |= entry.choices
    if entry.method is None:
        axes = {"metric": entry.choices["metric"]}  # the scale of distances changes no claim
    given = {name: value for name, value in SMALL.items() if entry.method is not None and name in entry.options}
    for values in itertools.product(*axes.values()):
        yield given | dict(zip(axes, values, strict=True))


VARIANTS = [(name, options) for name, entry in MEASURES.items() for options in every_choice(entry)]
NAMES = ["-".join([name, *(str(one) for one in options.values())]) for name, options in VARIANTS]
CANONICAL = ("cca", "svcca", "pwcca")  # refused below five stimuli a direction


def rotation(rng, p):
    return np.linalg.qr(rng.normal(size=(p, p)))[0]


CHANGED = {
    "rotation": lambda rng, x: x @ rotation(rng, x.shape[1]),
    "permutation": lambda rng, x: x[:, rng.permutation(x.shape[1])],
    "scaling": lambda rng, x: -2.5 * x,
    "translation": lambda rng, x: x + rng.normal(size=x.shape[1]) * 5,
    "invertible linear": lambda rng, x: x @ (rotation(rng, x.shape[1]) * np.geomspace(1, 50, x.shape[1])),
    "row scaling": lambda rng, x: x * rng.uniform(0.2, 5, size=(len(x), 1)),
    "row shift": lambda rng, x: x + rng.normal(size=(len(x), 1)) * 3,
}


def d1():
    """Data D1 of the reference file."""
    np.random.seed(1337)
    x = np.random.randn(100, 10)
    return x, np.random.randn(100, 10) + x


def activations(arrays, model="toy", ids=None):
    n = len(next(iter(arrays.values()), ()))
    ids = tuple(ids or (f"s{i}" for i in range(n)))
    return LayerActivations(model, "set", ids, {k: Representation(v, ids, model, k) for k, v in arrays.items()})
