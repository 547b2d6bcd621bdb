"""The command line: ``repsim models``, ``datasets``, ``layers`` and ``compare``."""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

from repsim_core import __version__
from repsim_core.compute.executor import task_executor
from repsim_core.compute.memory import readable_bytes
from repsim_core.errors import InputError, RepsimError
from repsim_core.types import SimilarityMatrix


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when done, 2 with one line on standard error when the input has to change."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except RepsimError as error:
        print(f"repsim: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("repsim: stopped, nothing was written", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has seen enough, as `head` has
        sys.stdout = None
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="repsim", description="Compare what two neural networks represent, layer by layer."
    )
    parser.add_argument("--version", action="version", version=f"repsim {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    models = commands.add_parser("models", help="list the trained networks that ship")
    models.set_defaults(run=_models)
    datasets = commands.add_parser("datasets", help="list the datasets that ship")
    datasets.set_defaults(run=_datasets)

    layers = commands.add_parser("layers", help="list the layers of a model, in execution order")
    layers.add_argument("model", metavar="MODEL", help="a name from `repsim models`, or torchvision/NAME")
    layers.add_argument("--data", default=None, help="dataset for the dry run (default: the model's own, or digits)")
    layers.add_argument("--n", type=int, default=1000, help="stimuli for the column of bytes (default %(default)s)")
    layers.add_argument("--random", action="store_true", help="random weights instead of trained ones")
    layers.set_defaults(run=_layers)

    compare = commands.add_parser("compare", help="compare all layers of two models")
    compare.add_argument("a", metavar="A", help="model A: a name from `repsim models`, or torchvision/NAME")
    compare.add_argument("b", metavar="B", help="model B")
    compare.add_argument("--data", default="digits", help="dataset (default %(default)s)")
    compare.add_argument("--split", default="test", help="split of the dataset (default %(default)s)")
    compare.add_argument("--measure", default="cka", help="measure (default %(default)s)")
    compare.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="option of the measure, such as trials=3"
    )
    compare.add_argument("--n", type=int, default=None, help="stimuli, drawn with the seed (default: all)")
    compare.add_argument("--seed", type=int, default=0, help="seed of the draw (default %(default)s)")
    compare.add_argument("--layers-a", nargs="+", metavar="LAYER", default=None, help="default: one per block")
    compare.add_argument("--layers-b", nargs="+", metavar="LAYER", default=None, help="default: one per block")
    compare.add_argument("--pooling", default="flatten", help="flatten, mean, grid2, grid4, cls_token, mean_token")
    compare.add_argument("--random", action="store_true", help="random weights instead of trained ones, for both")
    compare.add_argument("--out", type=Path, default=None, help="write .npz, .json or .csv")
    compare.add_argument("--html", type=Path, default=None, help="write the interactive map")
    compare.set_defaults(run=_compare)
    return parser


def _models(_options: argparse.Namespace) -> None:
    from repsim_core import models

    cards = models.available()
    width = max(len(card.name) for card in cards)
    for card in cards:
        reached = "untrained" if card.test_score is None else f"{card.score_name} {card.test_score:.3f}"
        print(f"{card.name:{width}}  {card.dataset:14}  {card.parameters:>9,} parameters  {reached}")
    print("torchvision/NAME        every classification network of torchvision", file=sys.stderr)


def _datasets(_options: argparse.Namespace) -> None:
    from repsim_core import datasets

    cards = datasets.available()
    width = max(len(card.name) for card in cards)
    for card in cards:
        sizes = ", ".join(f"{split} {size}" for split, size in card.sizes.items())
        shape = "×".join(map(str, card.input_shape))
        print(f"{card.name:{width}}  {card.kind:8}  {shape:>8}  {sizes:32}  {card.description}")


def _layers(options: argparse.Namespace) -> None:
    from repsim_core import activations, datasets, models

    _positive("--n", options.n)
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
        print(f"{head}  {one.parameters:>9,} parameters  {size:>8}  {one.note}")
    print(f"* compared by default; bytes are for {options.n} stimuli, flattened", file=sys.stderr)


def _options(given: argparse.Namespace) -> dict[str, Any]:
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


def _compare(options: argparse.Namespace) -> None:
    from repsim_core import activations, datasets, figures, models, similarity

    measure = similarity.measure_named(options.measure)
    measure.checked_options(_options(options))
    for path, endings in ((options.out, (".npz", ".json", ".csv")), (options.html, (".html",))):
        _check_target(path, endings)
    if options.n is not None:
        _positive("--n", options.n)
    data = datasets.load(options.data, n=options.n, seed=options.seed, split=options.split)
    weights: Literal["DEFAULT"] | None = None if options.random else "DEFAULT"
    bar = _Bar()
    layers = []
    for side, name, chosen in (("A", options.a, options.layers_a), ("B", options.b, options.layers_b)):
        # Without trained weights the second network gets another seed: two draws, not the same one twice.
        model = models.load(name, weights=weights, seed=0 if side == "A" else 1)
        bar.title = f"{side} {name}"
        layers.append(activations.extract(model, data, chosen, pooling=options.pooling, progress=bar))
        for note in layers[-1].notes:
            print(f"repsim: {name}: {note}", file=sys.stderr)
    bar.title = options.measure
    # A matrix product takes all cores by itself; cells that are tasks of their own need the pool.
    with task_executor() if measure.method is None or measure.method.counts_cells else nullcontext() as executor:
        matrix = similarity.compare_layers(
            layers[0], layers[1], measure.name, executor=executor, progress=bar, **_options(options)
        )
    if not matrix.defined.any() and matrix.warnings:
        raise InputError(matrix.warnings[-1])
    for warning in (*matrix.warnings, *similarity.doubts_about_stimuli(*layers)):
        print(f"repsim: {warning}", file=sys.stderr)
    if options.out is None and options.html is None:
        print(matrix.to_frame().to_csv(index=False), end="")
    if options.out is not None:
        options.out.write_bytes(_content(matrix, options.out.suffix))
    if options.html is not None:
        figure = figures.for_export(figures.similarity_heatmap(matrix))
        figure.write_html(options.html, include_plotlyjs=True)
    cells, undefined = f"{len(matrix.rows)} × {len(matrix.columns)} layers", int((~matrix.defined).sum())
    print(f"{options.measure}: {cells}, n = {matrix.n_stimuli}, {undefined} undefined", file=sys.stderr)


def _content(matrix: SimilarityMatrix, ending: str) -> bytes:
    if ending == ".npz":
        return matrix.to_bytes()
    return (matrix.to_json() if ending == ".json" else str(matrix.to_frame().to_csv(index=False))).encode()


class _Bar:
    """Progress on a terminal; silent where nobody watches."""

    title = ""

    def __call__(self, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        filled = round(30 * done / max(total, 1))
        end = "\n" if done == total else ""
        print(f"\r{self.title:32.32} [{'#' * filled:30}] {done}/{total}", end=end, file=sys.stderr, flush=True)


def _positive(option: str, value: int) -> None:
    if value < 1:
        raise InputError(f"{option} must be 1 or more, got {value}.")


def _check_target(path: Path | None, endings: tuple[str, ...]) -> None:
    """Refuse a place that cannot be written before the work, not after it."""
    if path is None:
        return
    if path.suffix not in endings:
        raise InputError(f"{path} must end in {' or '.join(endings)}.")
    if not path.parent.is_dir():
        raise InputError(f"The folder of {path} does not exist; make it first.")


if __name__ == "__main__":
    sys.exit(main())
