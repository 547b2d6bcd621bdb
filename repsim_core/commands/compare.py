"""``repsim compare``: all layers of two models."""

import argparse
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from repsim_core.commands.choices import DATA_HELP, MODEL_HELP, dataset_of, model_of
from repsim_core.commands.terminal import Bar, check_positive, check_target, remark, say
from repsim_core.compute.executor import task_executor
from repsim_core.errors import InputError
from repsim_core.types import SimilarityMatrix


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    compare = commands.add_parser("compare", help="compare all layers of two models")
    compare.add_argument("a", metavar="A", help=f"model A: {MODEL_HELP}")
    compare.add_argument("b", metavar="B", help="model B")
    compare.add_argument("--data", default=None, help=f"{DATA_HELP} (default: digits; for two files of responses, A)")
    compare.add_argument("--split", default="test", help="split of the dataset (default %(default)s)")
    compare.add_argument("--measure", default="cka", help="measure (default %(default)s)")
    compare.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="option of the measure, such as trials=3"
    )
    compare.add_argument("--n", type=int, default=None, help="stimuli, drawn with the seed (default: all)")
    compare.add_argument("--seed", type=int, default=0, help="seed of the draw (default %(default)s)")
    compare.add_argument("--layers-a", nargs="+", metavar="LAYER", default=None, help="default: one per block")
    compare.add_argument("--layers-b", nargs="+", metavar="LAYER", default=None, help="default: one per block")
    compare.add_argument("--architecture-a", default=None, metavar="NAME", help="of a file of weights")
    compare.add_argument("--architecture-b", default=None, metavar="NAME", help="of a file of weights")
    compare.add_argument(
        "--pooling", default="flatten", help="flatten, mean, grid2, grid4, cls_token, mean_token, patch_tokens"
    )
    compare.add_argument("--random", action="store_true", help="random weights instead of trained ones, for both")
    compare.add_argument("--out", type=Path, default=None, help="write .npz, .json or .csv")
    compare.add_argument("--html", type=Path, default=None, help="write the interactive map")
    compare.set_defaults(run=run)


def measure_options(given: argparse.Namespace) -> dict[str, Any]:
    """Options of the measure: numbers and true or false as what they are, the rest as text."""
    found: dict[str, Any] = {}
    for item in given.option:
        name, equals, text = item.partition("=")
        if not (name and equals):
            raise InputError(f"--option takes NAME=VALUE, got {item!r}; for instance --option trials=3.")
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found


def run(options: argparse.Namespace) -> None:
    """Write the matrix where it was wanted, or its table on standard output."""
    from repsim_core import activations, figures, similarity
    from repsim_core.models.recorded import Recorded

    measure = similarity.measure_named(options.measure)
    measure.checked_options(measure_options(options))
    for path, endings in ((options.out, (".npz", ".json", ".csv")), (options.html, (".html",))):
        check_target(path, endings)
    check_positive("--n", options.n)
    # Without trained weights the second network gets another seed: two draws, not the same one twice.
    first = model_of(options.a, random=options.random, seed=0, architecture=options.architecture_a)
    second = model_of(options.b, random=options.random, seed=1, architecture=options.architecture_b)
    own = options.a if isinstance(first, Recorded) and isinstance(second, Recorded) else "digits"
    data = dataset_of(options.data or own, n=options.n, seed=options.seed, split=options.split)
    bar = Bar()
    layers = []
    for name, model, chosen in ((options.a, first, options.layers_a), (options.b, second, options.layers_b)):
        bar.title = name
        layers.append(activations.extract(model, data, chosen, pooling=options.pooling, progress=bar))
        for note in layers[-1].notes:
            remark(f"repsim: {name}: {note}")
    bar.title = options.measure
    # A matrix product takes all cores by itself; cells that are tasks of their own need the pool.
    with task_executor() if measure.method is None or measure.method.counts_cells else nullcontext() as executor:
        matrix = similarity.compare_layers(
            layers[0], layers[1], measure.name, executor=executor, progress=bar, **measure_options(options)
        )
    if not matrix.defined.any() and matrix.warnings:
        raise InputError(matrix.warnings[-1])
    for warning in (*matrix.warnings, *similarity.doubts_about_stimuli(*layers)):
        remark(f"repsim: {warning}")
    if options.out is None and options.html is None:
        say(matrix.to_frame().to_csv(index=False), end="")
    if options.out is not None:
        options.out.write_bytes(_content(matrix, options.out.suffix))
    if options.html is not None:
        figure = figures.for_export(figures.similarity_heatmap(matrix))
        figure.write_html(options.html, include_plotlyjs=True)
    cells, undefined = f"{len(matrix.rows)} × {len(matrix.columns)} layers", int((~matrix.defined).sum())
    remark(f"{options.measure}: {cells}, n = {matrix.n_stimuli}, {undefined} undefined")


def _content(matrix: SimilarityMatrix, ending: str) -> bytes:
    if ending == ".npz":
        return matrix.to_bytes()
    return (matrix.to_json() if ending == ".json" else str(matrix.to_frame().to_csv(index=False))).encode()
