"""Thumbnails beside the pointer: the stimuli behind a point of a chart, while the pointer is on it.

Plotly's own hover label holds text alone. The browser draws the pictures it got with the chart; nothing is asked of the
server while the pointer moves.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from repsim_core.figures import thumbnail
from repsim_core.types import Dataset

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

MOST_PICTURES = 400  # a fifth of a megabyte of digits, two of shapes in colour

_JS = """
export default function ({ data, parentElement }) {
  const box = document.createElement("div");
  box.className = "repsim-hover";
  box.setAttribute("aria-hidden", "true");  // a click says the same in words
  Object.assign(box.style, {
    position: "fixed", display: "none", gap: "6px", padding: "6px", borderRadius: "6px", zIndex: 1000000,
    pointerEvents: "none", background: "rgba(128, 132, 149, 0.92)",
  });
  document.body.appendChild(box);
  const own = {};
  const show = (event) => {
    const point = event.points[0];
    const rows = (data.points[String(point.curveNumber)] || [])[point.pointIndex ?? point.pointNumber];
    const found = (rows || []).map((row) => data.pictures[String(row)]).filter(Boolean);
    if (!found.length) { box.style.display = "none"; return; }
    box.replaceChildren(...found.map((source) => {
      const picture = document.createElement("img");
      picture.src = source;
      picture.alt = "";
      Object.assign(picture.style, { width: "64px", height: "64px", imageRendering: "pixelated" });
      return picture;
    }));
    const width = 64 * found.length + 6 * (found.length + 1), at = event.event;
    box.style.display = "flex";
    box.style.left = `${Math.max(4, Math.min(at.clientX - width / 2, innerWidth - width - 4))}px`;
    box.style.top = at.clientY > 150 ? `${at.clientY - 136}px` : `${at.clientY + 56}px`;
  };
  const hide = () => { box.style.display = "none"; };
  // The chart comes after this element or is drawn anew: look for it as long as we are here.
  const timer = setInterval(() => {
    const chart = document.querySelector(`.st-key-${data.chart} .js-plotly-plot`);
    if (own.chart === chart) return;
    hide();
    own.chart = chart;
    if (chart && chart.on) { chart.on("plotly_hover", show); chart.on("plotly_unhover", hide); }
  }, 300);
  return () => {
    clearInterval(timer);
    if (own.chart && own.chart.removeListener) {
      own.chart.removeListener("plotly_hover", show);
      own.chart.removeListener("plotly_unhover", hide);
    }
    box.remove();
  };
}
"""


def thumbnails(chart: str, data: Dataset, points: Mapping[int, Sequence[Sequence[int]]]) -> None:
    """Pictures of stimuli over the chart of this key; nothing for data that are no pictures.

    ``points``: number of the trace → for each of its points the rows of ``data`` behind it.
    """
    if data.card.kind != "image":
        return
    ranked = (point for rank in zip_longest(*points.values(), fillvalue=()) for point in rank)
    rows = list(dict.fromkeys(int(row) for point in ranked for row in point))  # the first points of every trace first
    _component()(
        key=f"{chart}_hover",
        data={
            "chart": chart,
            "pictures": {str(row): thumbnail(np.asarray(data.inputs[row])) for row in rows[:MOST_PICTURES]},
            "points": {str(trace): [[int(row) for row in point] for point in each] for trace, each in points.items()},
        },
        height=0,
    )


@cache
def _component() -> "ComponentRenderer":
    return st.components.v2.component("repsim_hover", js=_JS)
