"""What a sandboxed child does with an upload: import it, look at its layers, give responses. No Streamlit here."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from repsim_core import activations, datasets, models, uploads
from repsim_core.compute import sandbox
from repsim_core.compute.worker import Partial, Report
from repsim_core.errors import FormatError, RepsimError
from repsim_core.limits import LIMITS
from repsim_core.types import LayerActivations, LayerInfo, ModelCard, Representation
from repsim_core.types.archive import packed, unpacked
from repsim_ui.uploads_owners import OWNERS

LARGEST_FACTS = 4_000_000  # bytes of JSON
RESPONSES_FORMAT = "repsim-responses/1"


@dataclass(frozen=True)
class Facts:
    """What a child found, in JSON's types."""

    values: Mapping[str, Any]

    def to_bytes(self) -> bytes:
        """Strict JSON."""
        return json.dumps(dict(self.values), allow_nan=False).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Facts":
        """Inverse of :meth:`to_bytes`; FormatError for what is no JSON object."""
        try:
            values = json.loads(raw, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise FormatError("The import answered with something that is not JSON; upload the file again.") from error
        if not isinstance(values, dict):
            raise FormatError("The import answered with something that is no table of facts; upload the file again.")
        return cls(values)


@dataclass(frozen=True, eq=False)
class Responses:
    """Layers of a network as a file."""

    layers: LayerActivations

    def to_bytes(self) -> bytes:
        """Content of an ``.npz`` file without a pickle."""
        found = self.layers
        labels = {"model": found.model, "dataset": found.dataset, "stimuli": found.stimuli, "pooling": found.pooling}
        each = [[one.layer, one.unit_shape] for one in found.values()]
        arrays = {str(number): one.values for number, one in enumerate(found.values())}
        return packed(arrays, labels | {"format": RESPONSES_FORMAT, "layers": each, "notes": found.notes})

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Responses":
        """Inverse of :meth:`to_bytes`."""
        arrays, of = unpacked(raw, RESPONSES_FORMAT)
        try:
            stimuli, model = tuple(str(one) for one in of["stimuli"]), str(of["model"])
            each = {
                str(layer): Representation(arrays[str(k)], stimuli, model, str(layer), tuple(int(one) for one in shape))
                for k, (layer, shape) in enumerate(of["layers"])
            }
            notes = tuple(str(one) for one in of["notes"])
            return cls(LayerActivations(model, str(of["dataset"]), stimuli, each, str(of["pooling"]), {}, notes))
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(f"The responses are not as they should be ({error}); compute them again.") from error


def imported(recipe: dict[str, Any], report: Report, partial: Partial) -> Facts:
    """Check an upload, write its canonical file, and tell what it is."""
    _only_inside()
    module, _, name = OWNERS[recipe["purpose"]].partition(":")
    report("reading the file", 0, 1)
    found = getattr(import_module(module), name)(Path(recipe["path"]), Path(recipe["folder"]), **recipe["choices"])
    report("reading the file", 1, 1)
    return Facts(found)


def inspected(recipe: dict[str, Any], report: Report, partial: Partial) -> Facts:
    """Card, conversions and layers of a network on a dataset, by a dry run on two stimuli."""
    _only_inside()
    report("loading the network", 0, 1)
    model = models.load(recipe["model"])
    stimuli = datasets.load(recipe["dataset"], n=2, seed=0)
    conversions = model.conversions(stimuli.card.input_shape)
    infos = models.layers(model, stimuli)
    return Facts({"conversions": list(conversions), "layers": [asdict(one) for one in infos]})


def responses(recipe: dict[str, Any], report: Report, partial: Partial) -> Responses:
    """Responses of some layers."""
    _only_inside()
    data = datasets.load(recipe["dataset"], n=recipe["n"], seed=recipe["seed"])
    report(f"stimuli through {recipe['model']}", 0, len(data))
    model = models.load(recipe["model"])
    found = activations.extract(
        model,
        data,
        recipe["layers"],
        pooling=recipe["pooling"],
        progress=lambda done, total: report(f"stimuli through {recipe['model']}", done, total),
    )
    return Responses(found)


def layer_infos(facts: Facts) -> list[LayerInfo]:
    """Layers out of what :func:`inspected` found, each field of its type."""
    try:
        return [
            LayerInfo(
                str(one["name"])[: LIMITS.tensor_name_length],
                str(one["kind"])[: LIMITS.shown_name_length],
                tuple(_whole(size) for size in one["shape"]),
                _whole(one["parameters"]),
                _whole(one["dtype_bytes"]),
                str(one["note"])[:1000],
                bool(one["usable"]),
            )
            for one in facts.values["layers"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"The layers are not as they should be ({error}); upload the file again.") from error


def conversions(facts: Facts) -> tuple[str, ...]:
    """Sentences out of what :func:`inspected` found."""
    found = facts.values.get("conversions")
    if not isinstance(found, list):
        raise FormatError("The conversions are not as they should be; upload the file again.")
    return tuple(str(one)[:1000] for one in found)


def graph_card(name: str) -> ModelCard:
    """Card of a graph out of what its import found."""
    facts = uploads.facts(name)
    try:
        of = facts["card"]
        return ModelCard(
            name=name,
            family="upload",
            architecture=str(facts["architecture"])[: LIMITS.shown_name_length],
            dataset=str(of["dataset"])[: LIMITS.shown_name_length],
            input_shape=tuple(_whole(size) for size in facts["inputs"]["shape"]),
            parameters=_whole(of["parameters"]),
            description=str(of["description"])[:1000],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"The card of {name} is not as it should be ({error}); upload the file again.") from error


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < np.iinfo(np.int64).max:
        raise ValueError(f"{value!r} is no count")
    return value


def _only_inside() -> None:
    if not sandbox.inside():
        raise RepsimError("Uploads are opened in the sandbox alone.")


def _no_number(name: str) -> float:
    raise ValueError(name)
