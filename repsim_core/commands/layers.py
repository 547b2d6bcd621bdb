"""``repsim layers``: the layers of a model, in execution order."""

import argparse

from repsim_core.commands.choices import MODEL_HELP, dataset_of, model_of
from repsim_core.commands.terminal import check_positive, remark, say
from repsim_core.compute.memory import readable_bytes


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    layers = commands.add_parser("layers", help="list the layers of a model, in execution order")
    layers.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    layers.add_argument("--data", default=None, help="dataset for the dry run (default: the model's own, or digits)")
    layers.add_argument("--architecture", default=None, metavar="NAME", help="of a file of weights")
    layers.add_argument("--n", type=int, default=1000, help="stimuli for the column of bytes (default %(default)s)")
    layers.add_argument("--random", action="store_true", help="random weights instead of trained ones")
    layers.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """One line a layer, with a star before those compared by default."""
    from repsim_core import activations, models
    from repsim_core.models.recorded import Recorded

    check_positive("--n", options.n)
    model = model_of(options.model, random=options.random, architecture=options.architecture)
    if isinstance(model, Recorded):
        infos = model.layers()
    else:
        infos = models.layers(model, dataset_of(options.data or (model.card.dataset if model.card else "") or "digits"))
    chosen = set(activations.default_layers(infos))
    width = max(len(one.name) for one in infos)
    for one in infos:
        mark = "*" if one.name in chosen else " "
        shape = "×".join(map(str, one.shape))
        size = readable_bytes(one.bytes_for(options.n))
        head = f"{mark} {one.name:{width}}  {one.kind:20}  {shape:>14}"
        say(f"{head}  {one.parameters:>9,} parameters  {size:>8}  {one.note}")
    remark(f"* compared by default; bytes are for {options.n} stimuli, flattened")
