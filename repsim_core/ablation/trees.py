"""Outputs that are tuples, lists or dicts of tensors: the same structure, leaf by leaf."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from repsim_core.errors import CaptureError


def mapped_tensors(function: Callable[[Tensor], Any], tree: Any) -> Any:
    """The same structure with every tensor changed; what is neither tensor nor structure stays."""
    if isinstance(tree, Tensor):
        return function(tree)
    if type(tree) in (tuple, list):
        return type(tree)(mapped_tensors(function, one) for one in tree)
    if type(tree) is dict:
        return {key: mapped_tensors(function, one) for key, one in tree.items()}
    return tree


def cloned(tensor: Tensor) -> Tensor:
    """A copy without history."""
    return tensor.detach().clone()


def joined_rows(trees: Sequence[Any]) -> Any:
    """Structures of equal form with their tensors joined along the first axis."""
    first = trees[0]
    if isinstance(first, Tensor):
        return torch.cat(list(trees))
    if type(first) in (tuple, list):
        return type(first)(joined_rows(parts) for parts in zip(*trees, strict=True))
    if type(first) is dict:
        return {key: joined_rows([one[key] for one in trees]) for key in first}
    return first


def _leaves(tree: Any) -> list[Any]:
    if type(tree) in (tuple, list):
        return [leaf for one in tree for leaf in _leaves(one)]
    return [leaf for one in tree.values() for leaf in _leaves(one)] if type(tree) is dict else [tree]


def has_rows(name: str, small: Any, large: Any, sizes: tuple[int, int]) -> bool:
    """Whether an output has a row a stimulus; refuses one that depends on the stimuli in another way."""
    pairs = list(zip(_leaves(small), _leaves(large), strict=True))
    tensors = [(one, other) for one, other in pairs if isinstance(one, Tensor)]
    if all(one.ndim and (len(one), len(other)) == sizes and one.shape[1:] == other.shape[1:] for one, other in tensors):
        if all(one == other for one, other in pairs if not isinstance(one, Tensor)):
            return bool(tensors)
    elif all(one.shape == other.shape and torch.equal(one, other) for one, other in tensors):
        return False
    raise CaptureError(f"{name} has no row per stimulus")
