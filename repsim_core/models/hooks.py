"""Forward hooks that leave a network as they found it, also after an exception."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock, get_ident
from typing import Any

import torch
from torch import Tensor, nn

from repsim_core.errors import CaptureError, unknown_name

PREFERRED_KEYS = ("last_hidden_state", "logits", "out")  # Hugging Face's and torchvision's names of the main output
Keep = Callable[[str, Any], None]
COMING_AND_GOING = Lock()  # of hooks; a network cannot be copied meanwhile


def unwrapped(module: nn.Module) -> nn.Module:
    """The network inside ``DataParallel`` and its like, whose hooks fire once a replica."""
    parallel = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    return module.module if isinstance(module, parallel) else module


@contextmanager
def evaluation_mode(module: nn.Module, device: str | torch.device | None = None) -> Iterator[None]:
    """Evaluation mode without gradients, on ``device``; training flags and device come back submodule by submodule.

    One ``module.train(flag)`` on the way out would thaw a batch norm that was frozen on purpose.
    """
    flags = [(one, one.training) for one in module.modules()]
    home = next((parameter.device for parameter in module.parameters()), None)
    moved = device is not None and home is not None and torch.device(device) != home
    try:
        module.eval()
        if moved:
            module.to(device)
        with torch.inference_mode():
            yield
    finally:
        for one, flag in flags:
            one.training = flag
        if moved:
            module.to(home)


@contextmanager
def recording(module: nn.Module, layers: Sequence[str] | None, keep: Keep) -> Iterator[None]:
    """Call ``keep(name, output)`` whenever one of the layers has run; ``None`` stands for every submodule.

    The second call of one module within a forward pass is named ``name#2``. The output is the live one, which a later
    in-place layer may overwrite: ``keep`` must copy what it needs. Passes of other threads are not heard, since
    sessions share networks. Hooks are removed on the way out whatever happened; those in a copy of the network fall
    silent.
    """
    owner = get_ident()
    listening = True
    modules = named_layers(module)
    wanted = None if layers is None else set(layers)
    if wanted is not None:
        for name in wanted:
            if name not in modules and base_name(name) not in modules:
                raise unknown_name("layer", name, modules)
    calls: dict[str, int] = {}

    def hook(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def record(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if not listening or get_ident() != owner:
                return
            calls[name] = calls.get(name, 0) + 1
            called = name if calls[name] == 1 else f"{name}#{calls[name]}"
            if wanted is None or called in wanted:
                keep(called, output)

        return record

    def restart(_module: nn.Module, _inputs: Any) -> None:
        if get_ident() == owner:
            calls.clear()

    with COMING_AND_GOING:
        handles: list[Any] = [module.register_forward_pre_hook(restart)]
    try:
        with COMING_AND_GOING:
            for name, one in modules.items():
                if wanted is None or name in wanted or name in {base_name(layer) for layer in wanted}:
                    handles.append(one.register_forward_hook(hook(name)))
        yield
    finally:
        listening = False
        with COMING_AND_GOING:
            for handle in handles:
                handle.remove()


def named_layers(module: nn.Module) -> dict[str, nn.Module]:
    """Every submodule by its qualified name, as registered; a network without children is one layer, ``model``."""
    named = {name: one for name, one in module.named_modules() if name}
    return named or {"model": module}


def base_name(layer: str) -> str:
    """``"relu"`` for ``"relu#2"``, the second call of one module."""
    head, mark, count = layer.rpartition("#")
    return head if mark and count.isdigit() else layer


def chosen_tensor(layer: str, output: Any) -> tuple[Tensor, str]:
    """The tensor that stands for an output, and a note if there was a choice.

    A tensor is taken as it is; of a mapping the main output by its usual names, else its first tensor; of a tuple or
    list its first tensor.
    """
    if isinstance(output, Tensor):
        return output, ""
    if isinstance(output, Mapping):
        keys = [key for key in PREFERRED_KEYS if isinstance(output.get(key), Tensor)]
        keys += [key for key, value in output.items() if isinstance(value, Tensor)]
        if keys:
            return output[keys[0]], f"{keys[0]!r} of {len(output)} outputs"
    elif isinstance(output, (tuple, list)):
        for position, value in enumerate(output):
            if isinstance(value, Tensor):
                return value, f"output {position + 1} of {len(output)}"
    raise CaptureError(
        f"{layer} gave no tensor in the forward pass (a {type(output).__name__} without one); "
        "choose one of its children."
    )
