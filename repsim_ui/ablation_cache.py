"""What the Ablation page keeps between runs. Keys are strings and integers, as in :mod:`repsim_ui.cache`."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from repsim_core import ablation
from repsim_core.types import Representation
from repsim_ui import cache


@st.cache_resource(show_spinner=False, max_entries=3)
def layer(model: str, data: str, n: int, seed: int, name: str) -> Representation:
    """Responses of one layer."""
    return cache.responses(model, data, n, seed, "flatten", (name,))[name]


@st.cache_data(show_spinner=False, max_entries=64)
def drive(
    model: str, data: str, n: int, seed: int, name: str, unit: str, units: tuple[int, ...]
) -> NDArray[np.float64]:
    """Mean activation of some units for every stimulus, ``(n,)``."""
    found = layer(model, data, n, seed, name)
    chosen = np.asarray(units)
    if unit == "channel":
        chosen = np.flatnonzero(np.isin(ablation.channel_of(found.unit_shape), chosen))
    return np.asarray(found.values[:, chosen].mean(axis=1, dtype=np.float64))
