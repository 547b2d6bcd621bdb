"""All networks by name: "zoo/..." ships with RepSim, "torchvision/..." comes from torchvision."""

from typing import Literal

from repsim_core.errors import unknown_name
from repsim_core.models import classifiers, zoo
from repsim_core.models.model import Model
from repsim_core.types import ModelCard


def available() -> list[ModelCard]:
    """Cards of the zoo: what ships, then what was trained on this machine.

    Examples
    --------
    >>> all(card.name.startswith("zoo/") for card in available())
    True
    """
    return [entry.card for entry in zoo.entries().values()]


def load(name: str, *, weights: Literal["DEFAULT"] | None = "DEFAULT", seed: int = 0) -> Model:
    """Load a network in evaluation mode.

    Parameters
    ----------
    name : str
        "zoo/<member>" of :func:`available`, or "torchvision/<name>" for any of its classification networks.
    weights : "DEFAULT" or None
        Trained, or random. A member of the zoo without weights is what it was before its training.
    seed : int
        Of random torchvision weights. A member of the zoo has a seed of its own.

    Returns
    -------
    Model

    Raises
    ------
    UnknownNameError
        If there is no such network.
    FormatError
        If a file of weights is not the one that was promised.
    InputError
        If published weights cannot be had.

    Notes
    -----
    The global random generator is left as it was.

    Examples
    --------
    >>> load("torchvision/squeezenet1_1", weights=None).input_shape
    (3, 64, 64)
    """
    members = zoo.entries()
    if name in members:
        return zoo.load_member(members[name], weights)
    known = classifiers.names()
    if name not in known:
        raise unknown_name("model", name, [*members, *known])
    return classifiers.load_classifier(name, weights, seed=seed)
