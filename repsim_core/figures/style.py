"""What every figure shares: colours that survive colour-blindness, and labels that stay text."""

from collections.abc import Sequence
from typing import Any

import numpy as np

# Okabe and Ito (2008): distinguishable with every common colour deficiency. Symbols repeat the message without colour.
OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999")
SYMBOLS = ("circle", "square", "diamond", "cross", "x", "triangle-up", "triangle-down", "pentagon", "star", "hexagon")
FIRST, SECOND = OKABE_ITO[0], OKABE_ITO[5]  # model A and model B, wherever both are drawn
MARK = "#D55E00"
HATCH = "#808080"
GRID = "rgba(128, 128, 128, 0.25)"  # legible on white and on black


def escaped(text: object) -> str:
    """A name as Plotly text: its labels are a small HTML, and names come from uploads."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shortened(name: str, longest: int = 16) -> str:
    """The end of a layer name, where layers differ; the full name is on hover."""
    return escaped(name if len(name) <= longest else "…" + name[1 - longest :])


def shape_text(shape: Sequence[int]) -> str:
    """``8 × 28 × 28``."""
    return " × ".join(str(one) for one in shape)


def every_kth(count: int, most: int = 45) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Positions that get a tick label: all of them up to ``most``, then every k-th."""
    return np.arange(0, count, max(1, -(-count // most)))


def plain_axis(title: str | None = None, **more: Any) -> dict[str, Any]:
    """An axis that is legible in both themes."""
    return {"title": {"text": title}, "gridcolor": GRID, "zeroline": False, "automargin": True} | more
