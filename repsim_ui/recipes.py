"""What was asked for, in strings and numbers: the key of every cache, the content of every link, a Python program."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from repsim_core import __version__, models, uploads
from repsim_core.errors import InputError
from repsim_core.models.preparation import preparation, prepared_as
from repsim_core.similarity.preprocessing import DIMENSIONS
from repsim_core.types import digest
from repsim_core.uploads import PREFIX

if TYPE_CHECKING:
    from repsim_core.models import Model

MARK = "@"
PUBLISHED = ("torchvision/", "timm/", "huggingface/")
LayerChoice = Literal["blocks", "all", "chosen"]
Option = tuple[str, float | bool | int | str]


@dataclass(frozen=True)
class Recipe:
    """One layer map.

    ``rows`` and ``columns`` name layers only if ``layers`` is "chosen"; ``dataset_b`` is what B sees, "" for what A
    sees. ``scaling``, ``reduction`` and ``dimensions`` are those of :mod:`repsim_core.similarity.preprocessing`.
    """

    a: str
    b: str
    dataset: str
    n: int
    seed: int
    measure: str = "cka"
    pooling: str = "flatten"
    layers: LayerChoice = "blocks"
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    dataset_b: str = ""
    scaling: str = "none"
    reduction: str = "none"
    dimensions: int = DIMENSIONS

    def model(self, side: str) -> str:
        """The network of side "a" or "b"."""
        return self.a if side == "a" else self.b

    def data(self, side: str) -> str:
        """What the network of a side sees."""
        return self.dataset if side == "a" else self.dataset_b or self.dataset

    @property
    def preprocessing(self) -> dict[str, str | int]:
        """What differs from responses as they are, as keywords of ``similarity.preprocessed``."""
        asked: dict[str, str | int] = {}
        if self.scaling != "none":
            asked["scaling"] = self.scaling
        if self.reduction != "none":
            asked |= {"reduction": self.reduction, "dimensions": self.dimensions, "seed": self.seed}
        return asked

    @property
    def key(self) -> str:
        """Equal for equal requests to the same version of RepSim."""
        return digest(__version__, json.dumps(asdict(self), sort_keys=True))

    def to_json(self) -> dict[str, Any]:
        """The same in JSON's own types."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Recipe":
        """Inverse of :meth:`to_json`."""
        options = tuple((name, value) for name, value in plain["options"])
        lists = {name: tuple(plain[name]) for name in ("rows", "columns")}
        return cls(**{**plain, **lists, "options": options})

    def query(self, **more: str | None) -> dict[str, str | list[str]]:
        """Parameters of the address that opens this map."""
        pairs: dict[str, str | list[str]] = {
            "a": self.a,
            "b": self.b,
            "ds": self.dataset,
            "n": str(self.n),
            "seed": str(self.seed),
            "m": self.measure,
            "pool": self.pooling,
            "layers": self.layers,
        }
        if self.layers == "chosen":
            pairs |= {"ra": list(self.rows), "rb": list(self.columns)}
        for name, value in self.options:
            pairs[f"o_{self.measure}_{name}"] = str(value).lower() if isinstance(value, bool) else str(value)
        if self.dataset_b:
            pairs["dsb"] = self.dataset_b
        pairs |= {name: str(value) for name, value in self.preprocessing.items() if name != "seed"}
        return pairs | {name: value for name, value in more.items() if value is not None}


def weights_of(model: str) -> str | None:
    """Published weights are named behind the network, ``torchvision/resnet18@IMAGENET1K_V2``.

    A name alone stands for the architecture with random weights: nothing is downloaded by a choice in a box.
    """
    named = preparation(model)[0].partition(MARK)[2]
    return named or (None if model.startswith(PUBLISHED) else "DEFAULT")


def network(model: str) -> "Model":
    """The network of a name in a recipe."""
    named, wanted = preparation(model)
    base = named.partition(MARK)[0]
    loaded = models.load(base, weights=weights_of(model))
    loaded = loaded if base == named else replace(loaded, name=named)
    return loaded if named == model else prepared_as(loaded, wanted)


def network_in_python(model: str) -> str:
    """The expression that loads it without a server."""
    named, wanted = preparation(model)
    if named.startswith(PREFIX):
        loaded = f"models.from_file({_file(named)!r})"
    else:
        loaded = f"models.load({named.partition(MARK)[0]!r}, weights={weights_of(model)!r})"
    return loaded if named == model else f"models.prepared_as({loaded}, models.{wanted!r})"


def dataset_in_python(name: str, n: int, seed: int) -> str:
    """The expression that loads these stimuli without a server."""
    if name.startswith(PREFIX):
        _, *more = name.split("~")
        shift = next((one for one in more if not one.startswith("classes:")), None)
        classes = next((one for one in more if one.startswith("classes:")), "classes:").removeprefix("classes:")
        options = (f", classes=[{classes}]" if classes else "") + (f", shift={shift!r}" if shift else "")
        return f"datasets.from_file({_file(name)!r}, n={n}, seed={seed}{options})"
    return f"datasets.load({name!r}, n={n}, seed={seed})"


def _file(name: str) -> str:
    """What the visitor called the file."""
    try:
        return str(uploads.facts(name.partition("~")[0])["title"])
    except InputError:
        return "the file you uploaded"


def as_python(recipe: Recipe | Mapping[str, Any]) -> str:
    """A program that gives the same numbers without a browser."""
    asked = recipe if isinstance(recipe, Recipe) else Recipe(**recipe)
    lines = [
        "from repsim_core import activations, datasets, models, similarity",
        "",
        f"dataset = {dataset_in_python(asked.dataset, asked.n, asked.seed)}",
        *([f"data_b = {dataset_in_python(asked.dataset_b, asked.n, asked.seed)}"] if asked.dataset_b else []),
        f"first = {network_in_python(asked.a)}",
        f"second = {network_in_python(asked.b)}",
    ]
    arguments, seen = {"a": "", "b": ""}, "data_b" if asked.dataset_b else "dataset"
    if asked.layers == "all":
        arguments = {
            "a": ", layers=[layer.name for layer in models.layers(first, dataset)]",
            "b": f", layers=[layer.name for layer in models.layers(second, {seen})]",
        }
    elif asked.layers == "chosen":
        arguments = {"a": f", layers={list(asked.rows)!r}", "b": f", layers={list(asked.columns)!r}"}
    options = "".join(f", {name}={value!r}" for name, value in asked.options)
    steps = "".join(f", {name}={value!r}" for name, value in asked.preprocessing.items())
    lines += [
        f"a = activations.extract(first, dataset{arguments['a']}, pooling={asked.pooling!r})",
        f"b = activations.extract(second, {seen}{arguments['b']}, pooling={asked.pooling!r})",
        *([f"a, b = (similarity.preprocessed(one{steps}) for one in (a, b))"] if steps else []),
        f"matrix = similarity.compare_layers(a, b, measure={asked.measure!r}{options})",
        "print(matrix.to_frame())",
    ]
    return "\n".join(lines) + "\n"
