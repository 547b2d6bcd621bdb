"""One function shows every chart: text that is legible in the theme, an alternative text, its table, its export."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from repsim_core.figures import coloured, for_export
from repsim_ui import exports

LIGHT, DARK = "#31333f", "#e6eaf1"


def text_colour() -> str:
    """Streamlit's light theme draws tick labels at 3.7 : 1; these two pass on their backgrounds."""
    return LIGHT if st.context.theme.type == "light" else DARK


def show(
    fig: go.Figure,
    *,
    key: str,
    alt: str,
    title: str,
    table: Callable[[], pd.DataFrame] | None = None,
    more: Callable[[], None] | None = None,
    pick: Callable[[go.Figure], go.Figure] | None = None,
    **options: Any,
) -> None:
    """Draw ``fig`` with *Show as table* and *Export* below it.

    ``alt`` is a fixed sentence: a change of it remounts the chart. ``pick`` adds what only the page needs and the
    export must not have; ``more`` draws what else the export offers. Further ``options`` go to ``st.plotly_chart``.
    """
    drawn = go.Figure(fig)
    if pick is not None:
        drawn = pick(drawn)
    st.plotly_chart(
        coloured(drawn, text_colour()), key=key, alt=alt, config=_tools(title, options.get("on_select")), **options
    )
    with st.container(horizontal=True, key=f"{key}_tools"):
        if table is not None:
            with st.popover("Show as table", key=f"{key}_table", on_change="rerun", type="tertiary") as opened:
                if opened.open:
                    frame = table()
                    st.dataframe(frame, hide_index=True)
                    st.download_button(
                        "CSV",
                        data=lambda: exports.csv_bytes(frame),
                        file_name=exports.own_name(f"{exports.file_stem(title)}.csv"),
                        mime="text/csv",
                        key=f"{key}_csv",
                        on_click="ignore",
                    )
        # A dialog: a popover takes the click of Plotly's camera for one outside of it and closes under the picture.
        if st.button("Export", key=f"{key}_export", type="tertiary", icon=":material/ios_share:"):
            _export(fig, key, title, alt, more)


@st.dialog("Export", width="large")
def _export(fig: go.Figure, key: str, title: str, alt: str, more: Callable[[], None] | None) -> None:
    st.caption("As it will be printed. The camera in the corner of the picture saves it as SVG.")
    st.plotly_chart(for_export(fig, title=title), theme=None, key=f"{key}_print", alt=alt, config=exports.camera(title))
    st.download_button(
        "HTML, works offline (5 MB)",
        data=lambda: exports.html_bytes(fig, title),
        file_name=exports.own_name(f"{exports.file_stem(title)}.html"),
        mime="text/html",
        key=f"{key}_html",
        on_click="ignore",
    )
    if more is not None:
        more()


def _tools(title: str, on_select: object) -> dict[str, Any]:
    tools = exports.camera(title)
    if on_select is not None and on_select != "ignore":
        tools.pop("modeBarButtonsToRemove")
    return tools
