"""``repsim layers``: the layers of a model, in execution order."""

import argparse

from repsim_core.commands.terminal import check_positive, remark, say
from repsim_core.compute.memory import readable_bytes


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    layers = commands.add_parser("layers", help="list the layers of a model, in execution order")
    layers.add_argument("model", metavar="MODEL", help="a name from `repsim models`, or torchvision/NAME")
    layers.add_argument("--data", default=None, help="dataset for the dry run (default: the model's own, or digits)")
    layers.add_argument("--n", type=int, default=1000, help="stimuli for the column of bytes (default %(default)s)")
    layers.add_argument("--random", action="store_true", help="random weights instead of trained ones")
    layers.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """One line a layer, with a star before those compared by default."""
    from repsim_core import activations, datasets, models

    check_positive("--n", options.n)
    model = models.load(options.model, weights=None if options.random else "DEFAULT")
    name = options.data or (model.card.dataset if model.card else "digits")
    infos = models.layers(model, datasets.load(name))
    chosen = set(activations.default_layers(infos))
    width = max(len(one.name) for one in infos)
    for one in infos:
        mark = "*" if one.name in chosen else " "
        shape = "×".join(map(str, one.shape))
        size = readable_bytes(one.bytes_for(options.n))
        head = f"{mark} {one.name:{width}}  {one.kind:20}  {shape:>14}"
        say(f"{head}  {one.parameters:>9,} parameters  {size:>8}  {one.note}")
    remark(f"* compared by default; bytes are for {options.n} stimuli, flattened")
