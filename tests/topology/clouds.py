"""Clouds whose homology is known, and small networks made of them."""

import numpy as np

from repsim_core.types import LayerActivations, Representation


def circle(n, radius=1.0, centre=(0.0, 0.0)):
    angle = 2 * np.pi * np.arange(n) / n
    return np.column_stack([np.cos(angle), np.sin(angle)]) * radius + centre


def sphere(n):
    """A Fibonacci lattice: nearly even, no two points close."""
    k = np.arange(n) + 0.5
    polar, angle = np.arccos(1 - 2 * k / n), np.pi * (1 + 5**0.5) * k
    return np.column_stack([np.cos(angle) * np.sin(polar), np.sin(angle) * np.sin(polar), np.cos(polar)])


def torus(around, along, large=2.0, small=1.0):
    u, v = (angle.ravel() for angle in np.meshgrid(*(2 * np.pi * np.arange(k) / k for k in (around, along))))
    return np.column_stack(
        [(large + small * np.cos(v)) * np.cos(u), (large + small * np.cos(v)) * np.sin(u), small * np.sin(v)]
    )


def network(layers, *, model="toy", labels=None):
    """Layers given as arrays over the same stimuli."""
    n = len(next(iter(layers.values())))
    stimuli = tuple(f"s{k}" for k in range(n))
    found = {name: Representation(values, stimuli, model, name) for name, values in layers.items()}
    return LayerActivations(model, "toys", stimuli, found)
