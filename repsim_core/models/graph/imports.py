"""An uploaded graph made canonical: checked, run once, and written again without what it tells of its author."""

import json
import zipfile
from pathlib import Path
from typing import Any, cast

import torch

from repsim_core.formats import member_chunks
from repsim_core.models.dry_run import layers as dry_run
from repsim_core.models.graph.archive import open_archive
from repsim_core.models.graph.load import from_graph_file, without_sources
from repsim_core.types import ModelCard
from repsim_core.uploads import CANONICAL

_LEFT_OUT = ("data/sample_inputs/", "extra/", ".data/serialization_id")


def imported(path: str | Path, folder: str | Path, *, title: str = "", **_: Any) -> dict[str, Any]:
    """Check an uploaded graph and write its canonical form, ``graph.pt2``, into ``folder``.

    Returns
    -------
    dict
        In JSON's types: kind, title, card, inputs, notes, layers that ran and sizes.

    Raises
    ------
    FormatError, BudgetError
        As :func:`from_graph_file`.

    Notes
    -----
    Sample inputs, extra files, stack traces and the paths in them are left out; the network is the same, and so is its
    digest. Call it in the sandbox: the graph is run.
    """
    path, target = Path(path), Path(folder) / CANONICAL["graph"]
    model = from_graph_file(path, name=title or None)
    infos = dry_run(model, torch.zeros(2, *model.input_shape))
    rewrite(path, target)
    card = cast(ModelCard, model.card)
    return {
        "kind": "graph",
        "title": model.name,
        "architecture": card.architecture,
        "inputs": {"shape": list(model.input_shape), "mean": [], "std": []},
        "card": {"parameters": card.parameters, "description": card.description, "dataset": ""},
        "notes": list(card.details["notes"]),
        "layers": [
            {"name": one.name, "kind": one.kind, "shape": list(one.shape), "parameters": one.parameters}
            for one in infos
        ],
        "sizes": {"bytes": target.stat().st_size, "nodes": card.details["nodes"]},
    }


def rewrite(path: Path, target: Path) -> None:
    """The archive once more, stored, with nothing but the network in it."""
    archive = open_archive(path)
    description = f"models/{archive.model}.json"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as made:
        for name, member in archive.members.items():
            if name.startswith(_LEFT_OUT):
                continue
            with made.open(zipfile.ZipInfo(f"graph/{name}"), "w") as copy:
                if name == description:
                    copy.write(json.dumps(without_sources(archive.document(name))).encode())
                    continue
                for piece in member_chunks(path, member):
                    copy.write(piece)
