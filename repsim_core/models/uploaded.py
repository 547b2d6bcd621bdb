"""Networks that visitors of the dashboard brought, by the name "upload/<token>"."""

from typing import Any

from repsim_core import uploads
from repsim_core.compute import sandbox
from repsim_core.errors import InputError
from repsim_core.formats import shown_name
from repsim_core.models.model import Model


def load_upload(name: str) -> Model:
    """What was imported under this name: weights, a graph, or recorded responses.

    Raises
    ------
    InputError
        If there is no such upload, it is no model, or it is a graph and this process is not in the sandbox.
    FormatError
        If its canonical file is not as the import left it.
    """
    facts: dict[str, Any] = uploads.facts(name)
    kind = facts.get("kind")
    title = shown_name(str(facts.get("title", name)))
    if kind not in ("weights", "graph", "activations"):
        raise InputError(f"The upload {title} is a {kind}, not a model; choose another model.")
    path = uploads.folder(name) / uploads.CANONICAL[kind]
    if kind == "weights":
        from repsim_core.models.weights_file import canonical

        return canonical(path, facts, name)
    if kind == "activations":
        from repsim_core.models.recorded import recorded

        return recorded(path, name, title)
    if not sandbox.inside():
        raise InputError(f"The upload {title} is a graph, which only runs in the sandbox; use it in the dashboard.")
    from repsim_core.models import graph

    return graph.canonical(path, name)
