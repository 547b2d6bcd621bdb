"""``repsim models`` and ``repsim datasets``: what ships, and what can be had."""

import argparse

from repsim_core.commands.terminal import Bar, remark, say


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands."""
    commands.add_parser("models", help="list the trained networks that ship").set_defaults(run=run_models)
    datasets = commands.add_parser("datasets", help="list the datasets that ship and those that can be downloaded")
    datasets.add_argument("--download", metavar="NAME", default=None, help="fetch one, such as torchvision/cifar10")
    datasets.set_defaults(run=run_datasets)


def run_models(_options: argparse.Namespace) -> None:
    """One line a network."""
    from repsim_core import models

    cards = models.available()
    width = max(len(card.name) for card in cards)
    for card in cards:
        reached = "untrained" if card.test_score is None else f"{card.score_name} {card.test_score:.3f}"
        say(f"{card.name:{width}}  {card.dataset:14}  {card.parameters:>9,} parameters  {reached}")
    remark("torchvision/NAME        every classification network of torchvision")


def run_datasets(options: argparse.Namespace) -> None:
    """One line a dataset, after the download that was asked for."""
    from repsim_core import datasets

    if options.download is not None:
        bar = Bar()
        bar.title = options.download
        datasets.download(options.download, bar)
    cards = datasets.available(downloadable=True)
    width = max(len(card.name) for card in cards)
    for card in cards:
        sizes = ", ".join(f"{split} {size}" for split, size in card.sizes.items())
        shape = "×".join(map(str, card.input_shape))
        say(f"{card.name:{width}}  {card.kind:8}  {shape:>8}  {sizes:32}  {card.absent or card.description}")
