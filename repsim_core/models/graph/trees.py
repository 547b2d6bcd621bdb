"""Structure of inputs and outputs: plain tuples, lists and dicts. Torch's reader imports modules the file names."""

import json
from typing import Any

from repsim_core.errors import FormatError
from repsim_core.formats import shown_name

LONGEST = 20_000  # characters
_LEAF: dict[str, Any] = {"type": None, "context": None, "children_spec": []}
Tree = None | tuple[str, tuple[str, ...], tuple[Any, ...]]  # None is a leaf; kind, keys of a dict, children


def tree(text: str, what: str) -> Tree:
    """Structure that a text describes.

    Raises
    ------
    FormatError
        For any class but tuple, list and dict: enums, defaultdicts, named tuples and outputs of other libraries.
    """
    try:
        version, root = json.loads(text if len(text) <= LONGEST else "")
    except (ValueError, TypeError, RecursionError) as error:
        raise FormatError(f"the structure of the {what} cannot be read") from error
    if version != 1:
        raise FormatError(f"the structure of the {what} is written in version {version!r:.20}, wanted 1")
    return _node(root, what)


def leaves(structure: Tree) -> int:
    """Number of tensors in a structure."""
    return 1 if structure is None else sum(leaves(one) for one in structure[2])


def filled(structure: Tree, values: list[Any]) -> Any:
    """The structure with its leaves; ``values`` is emptied from the front."""
    if structure is None:
        return values.pop(0)
    kind, keys, children = structure
    parts = [filled(one, values) for one in children]
    if kind == "dict":
        return dict(zip(keys, parts, strict=True))
    return tuple(parts) if kind == "tuple" else parts


def _node(node: Any, what: str) -> Tree:
    if not isinstance(node, dict) or set(node) != set(_LEAF) or not isinstance(node["children_spec"], list):
        raise FormatError(f"the structure of the {what} cannot be read")
    if node == _LEAF:
        return None
    kind, context = node["type"], node["context"]
    children = tuple(_node(one, what) for one in node["children_spec"])
    if kind in ("builtins.tuple", "builtins.list") and context == "null":
        return kind.removeprefix("builtins."), (), children
    if kind in ("builtins.dict", "collections.OrderedDict") and isinstance(context, str):
        try:
            keys = json.loads(context)
        except ValueError:
            keys = None
        named = isinstance(keys, list) and all(isinstance(one, str) for one in keys)
        if named and len(set(keys)) == len(keys) == len(children):
            return "dict", tuple(keys), children
    raise FormatError(
        f"the {what} of the network is a {shown_name(str(kind))}; wrap the network so that it returns a tensor, "
        "or a plain tuple, list or dict of tensors"
    )
