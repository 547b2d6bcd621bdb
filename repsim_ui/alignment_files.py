"""What leaves the Alignment page as files: numbers, the whole result, its recipe, and a program that makes it again."""

import json
from collections.abc import Callable

import pandas as pd
import streamlit as st

from repsim_core import __version__
from repsim_core.experiments.tasks import ALL
from repsim_core.types import LayerAlignments
from repsim_ui import exports
from repsim_ui.alignment_controls import Asked

CITATION = "Imani, Hu and White (2022), Representation alignment in neural networks, TMLR. arXiv:2112.07806"


def offer(own: LayerAlignments, asked: Asked, name: str, trained: bool) -> None:
    """Downloads of all layers, and the program."""
    exports.downloads(files(own, asked, name, trained), key="alignment_files")
    st.caption("The same numbers in Python:")
    st.code(as_python(asked, name, trained), language="python", wrap_lines=True)
    st.caption(CITATION)


def files(
    own: LayerAlignments, asked: Asked, name: str, trained: bool
) -> list[tuple[str, str, str, Callable[[], bytes]]]:
    """Label, file name, MIME type and content of each."""
    stem = exports.file_stem(f"alignment {name} {asked.dataset} {asked.task} {asked.form}")
    return [
        ("CSV", f"{stem}.csv", "text/csv", lambda: exports.csv_bytes(directions(own))),
        ("NPZ", f"{stem}.npz", "application/octet-stream", own.to_bytes),
        ("JSON recipe", f"{stem}.json", "application/json", lambda: recipe_json(own)),
        ("Python", f"{stem}.py", "text/x-python", lambda: as_python(asked, name, trained).encode()),
    ]


def directions(own: LayerAlignments) -> pd.DataFrame:
    """A line a layer, target and direction."""
    return pd.concat([one.to_frame() for one in own.values()], ignore_index=True)


def recipe_json(own: LayerAlignments) -> bytes:
    """All that the core kept on how it was computed."""
    content = {"answer": own.recipe, "reasons": own.reasons, "notes": own.notes, "repsim": __version__}
    return json.dumps(content | {"reference": CITATION}, indent=1, default=str).encode()


def as_python(asked: Asked, name: str, trained: bool) -> str:
    """A program that gives the same numbers without a browser."""
    task = "" if asked.task == ALL else f", {asked.task!r}"
    more = f", pooling={asked.pooling!r}" if asked.pooling != "flatten" else ""
    more += ", every=True" if asked.every else ""
    return "\n".join(
        [
            "from repsim_core import datasets",
            "from repsim_core.experiments.alignment import Network, network_alignments",
            "",
            f"data = datasets.load({asked.dataset!r}, n={asked.n}, seed={asked.seed}, split={asked.split!r})",
            f"network = Network({name!r}, trained={trained})",
            f"found = network_alignments(network, data{task}, form={asked.form!r}{more})",
            "print(found.to_frame())",
            "",
        ]
    )
