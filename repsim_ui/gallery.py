"""Pairs of the zoo worth opening first: a question each, without the answer."""

from collections.abc import Iterable
from dataclasses import dataclass

from repsim_ui.recipes import Recipe


@dataclass(frozen=True)
class Card:
    """A pair, on the data it was made for, and what to look at."""

    title: str
    question: str
    look: str
    a: str
    b: str
    dataset: str = "digits"
    n: int = 500
    measure: str = "cka"


CARDS = (
    Card(
        "Same network, two seeds",
        "Do two trainings of one architecture arrive at the same layers?",
        "A bright diagonal means that each layer has a twin at its own depth.",
        "zoo/digits-cnn-s10",
        "zoo/digits-cnn-s11",
    ),
    Card(
        "Before and after training",
        "Which layers did training change most?",
        "Rows are the untrained network: where they darken, training has rewritten the layer.",
        "zoo/digits-cnn-s10-epoch00",
        "zoo/digits-cnn-s10",
    ),
    Card(
        "Convolutions and attention",
        "Do a residual network and a vision transformer build similar stages?",
        "Follow the best matches: do they climb together, or does one hurry ahead?",
        "zoo/digits-resnet-small-s10",
        "zoo/digits-vit-small-s10",
    ),
    Card(
        "Too deep to use its depth",
        "What happens inside a plain network with each layer repeated eight times?",
        "Compared with itself: a large bright block is a run of layers that barely change anything.",
        "zoo/digits-plain-x8-s10",
        "zoo/digits-plain-x8-s10",
    ),
    Card(
        "Right and shuffled labels",
        "Does a network that memorised noise still share layers with one that learned?",
        "Compare the first layers with the last ones.",
        "zoo/low-mlp-s10",
        "zoo/low-mlp-shuffled-s10",
        "digits_low",
    ),
    Card(
        "Transfer",
        "How much of a network for digits 0 to 4 survives training on 5 to 9?",
        "Layers that stay bright on the diagonal were reused.",
        "zoo/digits04-cnn-s10",
        "zoo/digits59-cnn-s10-finetuned",
        "digits_5_9",
        n=400,
    ),
)


def shown(models: Iterable[str]) -> list[Card]:
    """Cards whose two models are there."""
    known = set(models)
    return [card for card in CARDS if {card.a, card.b} <= known]


def recipe(card: Card) -> Recipe:
    """The request behind a card."""
    return Recipe(card.a, card.b, card.dataset, card.n, 0, card.measure)
