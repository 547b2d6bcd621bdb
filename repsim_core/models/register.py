"""All networks by name: "zoo/...", "torchvision/...", "timm/...", "huggingface/..." and "upload/...".

Nothing here imports torch; what loads a network does.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from repsim_core.errors import InputError, unknown_name
from repsim_core.models import torchvision_names, zoo
from repsim_core.types import ModelCard

if TYPE_CHECKING:
    from repsim_core.models.model import Model

Source = Literal["zoo", "torchvision", "timm", "huggingface"]


def available(source: Source = "zoo") -> list[ModelCard]:
    """Cards of the networks of one source.

    Parameters
    ----------
    source
        "zoo": what ships, then what was trained on this machine. "torchvision": its classification networks, with
        their published weights in ``details["weights"]``. "timm" and "huggingface": what these optional packages
        offer, nothing where they are not installed.

    Notes
    -----
    The zoo and torchvision are listed from tables, without importing torch; timm and transformers are imported.

    Examples
    --------
    >>> all(card.name.startswith("zoo/") for card in available())
    True
    >>> len(available("torchvision")) >= 80
    True
    """
    if source == "zoo":
        return [entry.card for entry in zoo.entries().values()]
    if source == "torchvision":
        return torchvision_names.cards()
    if source == "timm":
        from repsim_core.models import timm_names

        return timm_names.cards()
    if source == "huggingface":
        from repsim_core.models import hugging_face

        return hugging_face.cards()
    raise unknown_name("source of models", source, ("zoo", "torchvision", "timm", "huggingface"))


def load(
    name: str,
    *,
    weights: str | None = "DEFAULT",
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> "Model":
    """Load a network in evaluation mode.

    Parameters
    ----------
    name : str
        A name of :func:`available`, or "upload/<token>" for what somebody brought.
    weights : str or None
        "DEFAULT" for trained weights, None for random ones; for torchvision also the name of one of its sets,
        "IMAGENET1K_V2" (see :func:`repsim_core.models.published`), and for timm one of its tags. A member of the zoo
        without weights is what it was before its training.
    seed : int
        Of random weights. A member of the zoo has a seed of its own.
    progress
        Called with bytes done and bytes in all while published weights of torchvision are downloaded.

    Returns
    -------
    Model

    Raises
    ------
    UnknownNameError
        If there is no such network or no such set of weights.
    FormatError
        If a file of weights is not the one that was promised.
    InputError
        If published weights cannot be had, or a package is not installed.

    Notes
    -----
    The global random generator is left as it was.

    Examples
    --------
    >>> load("torchvision/squeezenet1_1", weights=None).input_shape
    (3, 64, 64)
    """
    source = name.partition("/")[0]
    if source == "upload":
        if weights is None:
            raise InputError(f"{name} is a file that somebody brought: it has its own weights and no random ones.")
        from repsim_core.models.uploaded import load_upload

        return load_upload(name)
    if source == "timm":
        from repsim_core.models import timm_names

        return timm_names.load_timm(name, weights, seed=seed)
    if source == "huggingface":
        from repsim_core.models import hugging_face

        return hugging_face.load_hugging_face(name, weights, seed=seed)
    members = zoo.entries()
    if name in members:
        return zoo.load_member(members[name], weights)
    if source == "torchvision":
        from repsim_core.models import classifiers

        if name in classifiers.names():
            return classifiers.load_classifier(name, weights, seed=seed, progress=progress)
    raise unknown_name(
        "model", name, [*members, *(torchvision_names.PREFIX + one for one in torchvision_names.networks())]
    )
