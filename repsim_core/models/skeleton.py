"""Names and shapes of a network's tensors, without memory for any of them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

Skeleton = dict[str, tuple[int, ...]]
COUNTER = "num_batches_tracked"  # of a batch norm; old files lack it, and in evaluation nothing reads it

_MAKERS = (torch.empty, torch.ones, torch.zeros, torch.full, torch.rand, torch.randn)


class _OnMeta(TorchFunctionMode):
    """Parameters are made on the meta device, while the arithmetic of a constructor stays real.

    Under ``torch.device("meta")`` itself every tensor is empty, and networks that compute their widths with tensors
    (RegNet) cannot be built.
    """

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if function in _MAKERS and kwargs.get("device") is None:
            kwargs["device"] = "meta"
        return function(*args, **kwargs)


def on_meta(maker: Callable[[], nn.Module]) -> nn.Module:
    """What ``maker`` builds, its parameters without memory; the global generator is left where it was."""
    with torch.random.fork_rng(devices=[]), _OnMeta():
        return maker()


def skeleton(maker: Callable[[], nn.Module]) -> Skeleton:
    """Name → shape of every tensor in the state dict of what ``maker`` builds."""
    return {name: tuple(value.shape) for name, value in on_meta(maker).state_dict().items()}


def torchvision_network(name: str, arguments: Mapping[str, Any], *, initialised: bool = True) -> nn.Module:
    """A network of torchvision with random weights, or with any at all where they are about to be replaced."""
    import torchvision

    # Inception and GoogLeNet are told which initialisation to use, or they warn about it.
    extra = {"init_weights": initialised} if name in ("googlenet", "inception_v3") else {}
    module: nn.Module = torchvision.models.get_model(name, weights=None, **extra, **arguments)
    return module


def torchvision_skeleton(name: str, arguments: Mapping[str, Any]) -> Skeleton:
    """Names and shapes of a network of torchvision."""
    return skeleton(lambda: torchvision_network(name, arguments, initialised=False))


def trunk_names(names: Iterable[str]) -> list[str]:
    """Names without the counters of batch norms."""
    return [name for name in names if not name.endswith(COUNTER)]
