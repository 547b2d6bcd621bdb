"""What leaves the page as a file: tables that a spreadsheet cannot run, results, recipes, figures, a program."""

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from repsim_core import __version__
from repsim_core.figures import for_export
from repsim_core.types import SimilarityMatrix
from repsim_ui.recipes import Recipe, as_python

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """CSV in UTF-8; text that a spreadsheet would run as a formula gets an apostrophe in front."""
    safe = frame.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]):
            safe[column] = [_harmless(one) for one in safe[column]]
    safe.columns = [_harmless(one) for one in safe.columns]
    text: str = safe.to_csv(index=False)
    return text.encode()


def recipe_json(recipe: Recipe, matrix: SimilarityMatrix) -> bytes:
    """The request and all that the core kept on how it was answered."""
    content = {"request": asdict(recipe), "answer": matrix.recipe, "repsim": __version__, "warnings": matrix.warnings}
    return json.dumps(content, indent=1, default=str).encode()


def html_bytes(fig: go.Figure, title: str) -> bytes:
    """A page with the figure that works without a network."""
    page: str = for_export(fig, title=title).to_html(include_plotlyjs=True, config=camera(title))
    return page.encode()


def camera(name: str) -> dict[str, Any]:
    """Plotly's configuration: the camera button writes an SVG of that name."""
    return {
        "toImageButtonOptions": {"format": "svg", "filename": file_stem(name)},
        "displaylogo": False,
        "modeBarButtonsToRemove": ["lasso2d", "select2d"],
    }


def file_stem(text: str) -> str:
    """Letters, digits and dashes only."""
    return "-".join("".join(one if one.isalnum() else " " for one in text).split()).lower() or "repsim"


def own_name(name: str) -> str:
    """A file name of this session: Streamlit tells large files apart by samples of their content and by their names.

    Without it one visitor could be given another's file of equal name, length, beginning, middle and end.
    """
    if "nonce" not in st.session_state:
        st.session_state["nonce"] = secrets.token_hex(4)
    stem, dot, ending = name.rpartition(".")
    return f"{stem}-{st.session_state['nonce']}{dot}{ending}"


def downloads(items: list[tuple[str, str, str, Callable[[], bytes]]], *, key: str) -> None:
    """One button per file: label, file name, MIME type, content when it is asked for."""
    with st.container(horizontal=True):
        for label, name, mime, content in items:
            own = own_name(name)
            st.download_button(label, data=content, file_name=own, mime=mime, key=f"{key}_{name}", on_click="ignore")


def result_files(recipe: Recipe, matrix: SimilarityMatrix) -> list[tuple[str, str, str, Callable[[], bytes]]]:
    """The files of a layer map."""
    stem = file_stem(f"{recipe.a} {recipe.b} {recipe.dataset} {recipe.measure}")
    return [
        ("CSV", f"{stem}.csv", "text/csv", lambda: csv_bytes(matrix.to_frame())),
        ("NPZ", f"{stem}.npz", "application/octet-stream", matrix.to_bytes),
        ("JSON recipe", f"{stem}.json", "application/json", lambda: recipe_json(recipe, matrix)),
        ("Python", f"{stem}.py", "text/x-python", lambda: as_python(recipe).encode()),
    ]


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell
