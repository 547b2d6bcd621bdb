"""A ``torch.export`` file as a :class:`Model`. ``torch.export.load`` is never called on it; nothing is unpickled."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from repsim_core.errors import BudgetError, CaptureError, FormatError, InputError
from repsim_core.formats import SAVE_GRAPH, kind, shown_name
from repsim_core.limits import LIMITS
from repsim_core.models.graph.archive import Archive, open_archive
from repsim_core.models.graph.builder import built
from repsim_core.models.graph.checks import check
from repsim_core.models.graph.schema import MAJOR, checked
from repsim_core.models.graph.signature import signature
from repsim_core.models.graph.weights import tensors
from repsim_core.models.model import Model, weights_digest
from repsim_core.types import ModelCard, digest

OLDEST = (2, 10)  # earlier files pickle their weights
NOTE = "Imported graphs are experimental: rebuilt from the operators in the file, in evaluation mode."


def from_graph_file(path: str | Path, *, name: str | None = None) -> Model:
    """The network of a ``.pt2`` file, rebuilt from a list of known operators, with its own layer names.

    Parameters
    ----------
    path
        Written by ``torch.export.save``, with an open batch: see :data:`repsim_core.formats.SAVE_GRAPH`.
    name
        Of the model; by default that of the file.

    Returns
    -------
    Model
        ``input_shape`` is that of the graph; ``mean`` and ``std`` are empty, so pictures go in as pixels in [0, 1].

    Raises
    ------
    FormatError
        For everything that is not a plain network in evaluation mode with one float32 input, each in its words.
    BudgetError
        For too many nodes, weights or bytes.

    Notes
    -----
    Description and weights are read as JSON and raw numbers. Of what ``torch.export.load`` would run or unpickle
    (sample inputs, guards, symbolic expressions, custom objects, compiled code) nothing is opened. The operators
    themselves are torch's own code on untrusted arguments: inside the app they run in the sandbox alone.
    """
    path = Path(path)
    with _about(shown_name(path.name)):
        if (what := kind(path)) != "pt2":
            raise FormatError(f"it is a {what} file, wanted an exported graph: {SAVE_GRAPH}.")
        return _model(open_archive(path), name or path.stem)


def canonical(path: str | Path, name: str) -> Model:
    """The network of a file that :func:`imported` wrote, without a second dry run: for use in the sandbox alone.

    The description and the weights are checked as those of any file; the dry run, which costs seconds, has been done.
    """
    path = Path(path)
    with _about(shown_name(path.name)):
        return _model(open_archive(path), name, dry_run=False)


def _model(archive: Archive, name: str, *, dry_run: bool = True) -> Model:
    program = description(archive)
    graph = program["graph_module"]["graph"]
    signed = signature(program)
    weights = tensors(archive, "data/weights", "weights")
    constants = tensors(archive, "data/constants", "constants")
    if twice := set(weights) & set(constants):
        raise FormatError(f"{shown_name(min(twice))} is both a weight and a constant; export again")
    held = {one: (tensor, True) for one, tensor in weights.items()}
    held |= {one: (tensor, False) for one, tensor in constants.items()}
    found = built(program, signed, held)
    if dry_run:
        check(found, signed, graph)
    kind_of = type(found.network).__name__
    card = ModelCard(
        name=name,
        family="imported",
        architecture=kind_of,
        dataset="",
        input_shape=signed.input_shape,
        parameters=sum(one.numel() for one in found.network.parameters()),
        description=f"{kind_of}, imported as a graph of {len(graph['nodes'])} operators. {NOTE}",
        details={"nodes": len(graph["nodes"]), "torch": program.get("torch_version", ""), "notes": [NOTE]},
    )
    parts: list[bytes | str] = [json.dumps(program, sort_keys=True), weights_digest(found.network)]
    for one, tensor in sorted(constants.items()):
        parts += [one, tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()]
    return Model(name, found.network, card, signed.input_shape, digest(*parts))


def description(archive: Archive) -> dict[str, Any]:
    """The checked description of the network, without what it says of its author's files.

    Raises
    ------
    FormatError
        For another major version of the format, for any entry this version does not know, and for guards.
    """
    where = f"models/{archive.model}.json"
    raw = archive.document(where)
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    major = version.get("major") if isinstance(version, dict) else None
    written = shown_name(str(raw.get("torch_version", "unknown"))) if isinstance(raw, dict) else "unknown"
    if major != MAJOR:
        raise FormatError(
            f"it is of version {shown_name(str(major))} of the export format (torch {written}), wanted {MAJOR}; "
            f"export it with torch {_floor()} to {torch.__version__.partition('+')[0]}: {SAVE_GRAPH}"
        )
    _count(raw)
    found: dict[str, Any] = checked(raw, "ExportedProgram", archive.model)
    numbers = written.split(".")[:2]
    if len(numbers) != 2 or not all(one.isdigit() for one in numbers) or tuple(map(int, numbers)) < OLDEST:
        raise FormatError(
            f"it was exported by torch {written}, wanted {_floor()} or later "
            f"(this is {torch.__version__.partition('+')[0]}): {SAVE_GRAPH}"
        )
    if found.get("guards_code"):
        raise FormatError(
            "it carries guards, which are lines of Python to be executed; "
            f"export it with an open batch and no other condition: {SAVE_GRAPH}"
        )
    return without_sources(found)


def _count(raw: dict[str, Any]) -> None:
    """BudgetError for too many nodes, before they are looked at one by one."""
    try:
        count = len(raw["graph_module"]["graph"]["nodes"])
    except (KeyError, TypeError):
        return  # the schema says what is wrong
    if count > LIMITS.graph_nodes:
        raise BudgetError(f"the graph has {count:,} nodes (limit {LIMITS.graph_nodes:,}); export a smaller network.")


def without_sources(program: dict[str, Any]) -> dict[str, Any]:
    """The same description, in place, without the lines and paths of its author's programs."""
    for node in program["graph_module"]["graph"]["nodes"]:
        node["metadata"] = {key: text for key, text in node["metadata"].items() if key == "nn_module_stack"}
    return program


def _floor() -> str:
    return ".".join(map(str, OLDEST))


@contextmanager
def _about(file: str) -> Iterator[None]:
    """Refusals begin with the name of the file, and end with a full stop."""
    try:
        yield
    except (FormatError, BudgetError, CaptureError) as error:
        text = str(error).rstrip(".")
        if not text.startswith(file):
            text = f"{file}: {text}"
        kind_of = BudgetError if isinstance(error, BudgetError) else FormatError
        raise kind_of(f"{text}.") from error
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}).") from error
