"""The stimuli behind a bar of a barcode: thumbnails, or rows of a table."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from repsim_core import figures
from repsim_core.types import Dataset
from repsim_ui import charts, library


def show(data: Dataset, rows: Sequence[int], *, key: str, alt: str, columns: int, height: int) -> None:
    """Some stimuli of a dataset side by side."""
    chosen = list(rows)
    few = Dataset(
        data.card,
        data.split,
        data.inputs[chosen],
        None if data.labels is None else data.labels[chosen],
        tuple(data.stimuli[k] for k in chosen),
        data.seed,
    )
    if data.card.kind == "image":
        charts.show(
            figures.stimuli_grid(few.inputs, library.captions(few), columns=columns).update_layout(height=height),
            key=key,
            alt=alt,
            title="Stimuli of a bar",
            table=lambda: pd.DataFrame({"stimulus": few.stimuli, "label": library.captions(few)}),
        )
    else:
        st.dataframe(library.rows_table(few), hide_index=True, key=f"{key}_rows")
