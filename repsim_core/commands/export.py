"""``repsim export``: the responses of a model as a file that RepSim and everything else can read."""

import argparse
from pathlib import Path

from repsim_core.commands.choices import DATA_HELP, MODEL_HELP, dataset_of, model_of
from repsim_core.commands.terminal import Bar, check_positive, check_target, remark
from repsim_core.compute.memory import readable_bytes


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    export = commands.add_parser("export", help="write the responses of a model to a file")
    export.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    export.add_argument("out", metavar="OUT", type=Path, help="file to write: .npz or .safetensors")
    export.add_argument("--data", default="digits", help=f"{DATA_HELP} (default %(default)s)")
    export.add_argument("--split", default="test", help="split of the dataset (default %(default)s)")
    export.add_argument("--n", type=int, default=None, help="stimuli, drawn with the seed (default: all)")
    export.add_argument("--seed", type=int, default=0, help="seed of the draw (default %(default)s)")
    export.add_argument("--layers", nargs="+", metavar="LAYER", default=None, help="default: one per block")
    export.add_argument(
        "--pooling", default="flatten", help="flatten, mean, grid2, grid4, cls_token, mean_token, patch_tokens"
    )
    export.add_argument("--architecture", default=None, metavar="NAME", help="of a file of weights")
    export.add_argument("--random", action="store_true", help="random weights instead of trained ones")
    export.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Layers, ids, labels and class names."""
    from repsim_core import activations

    check_target(options.out, activations.ENDINGS)
    check_positive("--n", options.n)
    model = model_of(options.model, random=options.random, architecture=options.architecture)
    data = dataset_of(options.data, n=options.n, seed=options.seed, split=options.split)
    bar = Bar()
    bar.title = options.model
    found = activations.extract(model, data, options.layers, pooling=options.pooling, progress=bar)
    activations.to_file(found, options.out, labels=data.labels, classes=data.class_names)
    for note in found.notes:
        remark(f"repsim: {note}")
    size = readable_bytes(options.out.stat().st_size)
    remark(f"{options.out}: {len(found)} layers × {len(data)} stimuli, {size}")
