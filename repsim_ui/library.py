"""Model cards, layer trees and stimuli as tables and figures."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from repsim_core import figures
from repsim_core.compute.memory import readable_bytes
from repsim_core.datasets.subset import subset
from repsim_core.types import Dataset, LayerInfo, ModelCard

SAMPLES, PAIRS = 24, 8


def facts(card: ModelCard) -> list[tuple[str, str]]:
    """What is known of a model, one line each; unknown facts are left out."""
    lines = [
        ("Architecture", card.architecture),
        ("Source", card.name.split("/", 1)[0] + f", family {card.family}"),
        ("Trained on", card.dataset),
        ("Parameters", f"{card.parameters:,}".replace(",", " ")),
        ("Input", " × ".join(str(one) for one in card.input_shape)),
        ("Seed", "" if card.seed is None else str(card.seed)),
        ("Epochs", "" if card.epochs is None else f"{card.epochs:g}"),
        ("Train " + card.score_name, "" if card.train_score is None else f"{card.train_score:.3f}"),
        ("Test " + card.score_name, "" if card.test_score is None else f"{card.test_score:.3f}"),
    ]
    return [(what, value) for what, value in lines if value]


def layer_table(infos: list[LayerInfo], n: int, search: str = "") -> pd.DataFrame:
    """Layers in execution order; ``search`` keeps those whose name or kind contains it."""
    wanted = search.strip().lower()
    rows = [
        {
            "layer": one.name,
            "kind": one.kind,
            "shape": " × ".join(str(size) for size in one.shape),
            "parameters": one.parameters,
            f"bytes for {n} stimuli": readable_bytes(one.bytes_for(n)) if one.usable else "",
            "note": one.note,
        }
        for one in infos
        if wanted in f"{one.name} {one.kind}".lower()
    ]
    return pd.DataFrame(rows, columns=["layer", "kind", "shape", "parameters", f"bytes for {n} stimuli", "note"])


def balance(data: Dataset) -> tuple[go.Figure, pd.DataFrame] | None:
    """Stimuli per class, or per interval of a regression target; None without labels."""
    if data.labels is None:
        return None
    if not np.issubdtype(data.labels.dtype, np.integer):
        table = pd.DataFrame({"stimulus": data.stimuli, "target": data.labels})
        return figures.target_histogram(data.labels), table
    counts = np.bincount(data.labels, minlength=len(data.class_names))
    names = list(data.class_names) or [str(k) for k in range(len(counts))]
    return figures.class_balance(counts.tolist(), names), pd.DataFrame({"class": names, "stimuli": counts})


def samples(data: Dataset) -> Dataset:
    """24 stimuli with every class in its share."""
    return _rows(data, subset(data.labels, len(data), min(SAMPLES, len(data)), seed=0, name=data.name))


def pairs(clean: Dataset, shifted: Dataset) -> tuple[Dataset, Dataset]:
    """Eight stimuli as they are, and the same ones shifted."""
    rows = subset(clean.labels, len(clean), min(PAIRS, len(clean)), seed=0, name=clean.name)
    return tuple(_rows(one, rows) for one in (clean, shifted))  # type: ignore[return-value]


def change_table(clean: Dataset, shifted: Dataset) -> pd.DataFrame:
    """How far each stimulus was moved, on average over its inputs."""
    flat = [one.inputs.reshape(len(one), -1) for one in (clean, shifted)]
    return pd.DataFrame(
        {
            "stimulus": clean.stimuli,
            "label": captions(clean),
            "mean, clean": flat[0].mean(axis=1),
            "mean, shifted": flat[1].mean(axis=1),
            "mean change": np.abs(flat[1] - flat[0]).mean(axis=1),
        }
    )


def _rows(data: Dataset, rows: NDArray[np.intp]) -> Dataset:
    labels = None if data.labels is None else data.labels[rows]
    return Dataset(data.card, data.split, data.inputs[rows], labels, tuple(data.stimuli[k] for k in rows), data.seed)


def captions(data: Dataset) -> list[str]:
    """The class or target of each stimulus, or its id."""
    if data.labels is None:
        return list(data.stimuli)
    if data.class_names:
        return [data.class_names[int(one)] for one in data.labels]
    return [f"{one:.3g}" for one in data.labels]


def rows_table(data: Dataset) -> pd.DataFrame:
    """Stimuli as rows: id, label, features."""
    frame = pd.DataFrame(data.inputs.reshape(len(data), -1))
    frame.columns = [f"feature {k + 1}" for k in range(frame.shape[1])]
    frame.insert(0, "stimulus", data.stimuli)
    if data.labels is not None:
        frame.insert(1, "label", captions(data))
    return frame
