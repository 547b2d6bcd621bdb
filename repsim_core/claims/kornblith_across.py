"""Twins across depths, widths, data and normalisation (K5, K6, K7, K9; figures 5 to 7, F.6, F.7)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.claims.finding import Finding, Measured
from repsim_core.claims.kornblith_indices import CKA, INDICES, index_scores, matches
from repsim_core.claims.kornblith_nets import further_seed, responses, seed_networks
from repsim_core.claims.verdict import found, measured
from repsim_core.compute.progress import Progress, no_progress
from repsim_core.types import LayerActivations

Floats = NDArray[np.float64]
FRESH = (10, 11, 12, 13, 14)
WIDTHS = (4, 8, 16, 32)  # of 64 none ships, and a pair takes minutes to train
RISING, RISING_PARTLY, ORDERED, ALIKE_MAPS = 0.8, 0.6, 0.8, 0.8


def cka_map(a: LayerActivations, b: LayerActivations) -> Floats:
    """Linear CKA, as published, of every layer of ``a`` with every layer of ``b``."""
    return index_scores(a, b, INDICES[CKA])


def never_decreasing(scores: Floats) -> float:
    """Share of steps from a layer to the next at which the place of the best match does not fall.

    Examples
    --------
    >>> never_decreasing(np.array([[0.9, 0.1, 0.0], [0.2, 0.1, 0.8], [0.1, 0.7, 0.3]]))
    0.5
    """
    return float(np.mean(np.diff(np.nanargmax(scores, axis=1)) >= 0))


def twins_across_depths(*, progress: Progress | None = None) -> Finding:
    """K5: layers of the shallow networks in the deep ones: share of steps at which the best match does not go back."""
    from repsim_core import datasets

    progress, data = progress or no_progress, datasets.load("digits")
    shallow, deep = (
        {label: responses(net, data) for label, net in seed_networks(study).items()}
        for study in ("digits", "digits, Tiny-10")
    )
    shares, where = {}, []
    for done, (label, one) in enumerate(shallow.items()):
        progress(done, len(shallow))
        maps = [cka_map(one, other) for other in deep.values()]
        shares[label] = float(np.mean([never_decreasing(scores) for scores in maps]))
        where.append(np.mean([matches(scores) for scores in maps], axis=0))
    progress(len(shallow), len(shallow))
    sample = measured(
        "digits",
        "share of steps at which the best match does not go back",
        shares,
        holds=lambda share: share >= RISING,
        partly=lambda share: share >= RISING_PARTLY,
    )
    place = np.mean(where, axis=0)
    first, second = (next(iter(side.values())).layers for side in (shallow, deep))
    table = pd.DataFrame(place, columns=list(second)).assign(layer=first)
    recipe = {"measure": "cka_biased", "shallow": "zoo/digits-cnn", "deep": "zoo/digits-tiny10", "pairs": "all"}
    return found("K5", [sample], tables={"matches": table}, arrays={"matches": place}, recipe=recipe)


def width_network(width: int, seed: int) -> Any:
    """The network of a width: of the zoo, or of 32 trained by the recipe of its neighbours of width 8."""
    from repsim_core import models

    if width == 32:
        return further_seed("zoo/digits-cnn-w8-s10", seed, width=width)
    return models.load(f"zoo/digits-cnn-s{seed}" if width == 16 else f"zoo/digits-cnn-w{width}-s{seed}")


def wider_agree_more(*, progress: Progress | None = None) -> Finding:
    """K6: Spearman of width with the mean CKA of twins of two seeds, and the early half against the late half."""
    from scipy.stats import spearmanr

    from repsim_core import datasets

    progress, data, rows = progress or no_progress, datasets.load("digits"), []
    for done, width in enumerate(WIDTHS):
        progress(done, len(WIDTHS))
        first, second = (responses(width_network(width, seed), data) for seed in (10, 11))
        twins = cka_map(first, second).diagonal()
        rows += [
            {"width": width, "layer": name, "place": k, "cka": one}
            for k, (name, one) in enumerate(zip(first, twins, strict=True))
        ]
    progress(len(WIDTHS), len(WIDTHS))
    table = pd.DataFrame(rows)
    means = table.groupby("width")["cka"].mean()
    order = float(spearmanr(WIDTHS, [means[one] for one in WIDTHS]).statistic)
    places = table["place"] < table["place"].nunique() / 2
    early, late = float(table[places]["cka"].mean()), float(table[~places]["cka"].mean())
    holds = order >= ORDERED and early > late
    sample = Measured(
        "digits",
        "Spearman of width and mean CKA of twins",
        ("seeds 10 and 11",),
        np.array([order]),
        np.array([holds]),
        holds,
    )
    return found(
        "K6",
        [sample],
        values={"early half": early, "late half": late} | {f"width {one}": float(means[one]) for one in WIDTHS},
        tables={"twins": table},
        recipe={"measure": "cka_biased", "widths": list(WIDTHS), "seeds": [10, 11]},
        note=(
            "There is one pair of networks of each width, so one order and no spread; the fifth width of the rule, 64, "
            "does not ship and is left out."
        ),
    )


def thirds(twins: Floats) -> tuple[float, float]:
    """Mean of the first and of the last third."""
    count = max(1, round(len(twins) / 3))
    return float(twins[:count].mean()), float(twins[-count:].mean())


def different_data(*, progress: Progress | None = None) -> Finding:
    """K7: twins of networks of digits 0 to 4 and of 5 to 9, first third minus last, and untrained networks."""
    from repsim_core import datasets

    progress, data, rows = progress or no_progress, datasets.load("digits"), []
    low = {seed: further_or_member("zoo/digits04-cnn-s10", seed) for seed in FRESH}
    high = {seed: further_or_member("zoo/digits59-cnn-s10", seed) for seed in FRESH}
    difference, holds = {}, []
    for done, (seed, other) in enumerate(zip(FRESH, (*FRESH[1:], FRESH[0]), strict=True)):
        progress(done, len(FRESH))  # never one seed on both sides: they start from the same weights
        label = f"seeds {seed} and {other}"
        first, second = responses(low[seed], data), responses(high[other], data)
        twins = cka_map(first, second).diagonal()
        fresh = cka_map(*(responses(untrained("zoo/digits04-cnn-s10", one), data) for one in (seed, other))).diagonal()
        rows += [
            {"pair": label, "layer": name, "place": k, "trained": one, "untrained": none}
            for k, (name, one, none) in enumerate(zip(first, twins, fresh, strict=True))
        ]
        start, end = thirds(twins)
        half = len(twins) // 2
        difference[label] = start - end
        holds.append(start > end and twins[:half].mean() > fresh[:half].mean())
    progress(len(FRESH), len(FRESH))
    table = pd.DataFrame(rows)
    means = table.groupby("place")[["trained", "untrained"]].mean()
    start, end = thirds(means["trained"].to_numpy())
    half = len(means) // 2
    above = float((means["trained"] - means["untrained"])[:half].mean())
    sample = Measured(
        "digits",
        "CKA of twins, first third minus last third",
        tuple(difference),
        np.array(list(difference.values())),
        holds=np.array(holds),
        mean_holds=start > end and above > 0,
    )
    return found(
        "K7",
        [sample],
        values={"first third": start, "last third": end, "trained minus untrained, first half": above},
        tables={"twins": table},
        recipe={"measure": "cka_biased", "stimuli": "all ten digits, test half", "seeds": list(FRESH)},
        note=(
            "Early layers are alike and late ones are not, as in the paper. But two untrained networks are more "
            "alike still at every depth: random convolutions of this size keep most of what is in the picture."
        ),
    )


def further_or_member(member: str, seed: int) -> Any:
    """The member where it has this seed, else its recipe with the seed."""
    from repsim_core import models

    return models.load(member) if member.endswith(f"-s{seed}") else further_seed(member, seed)


def untrained(member: str, seed: int) -> Any:
    """A network of the same architecture as its seed makes it."""
    from repsim_core.claims.fresh import recipe_of
    from repsim_core.models import build
    from repsim_core.models.architectures import seeded

    recipe = recipe_of(member)
    return seeded(lambda: build(recipe.architecture, **recipe.arguments), seed)


def within_class_map(a: LayerActivations, b: LayerActivations, classes: NDArray[Any]) -> Floats:
    """Debiased CKA of every pair of layers among the stimuli of one class, averaged over the classes."""
    from repsim_core.similarity import compare_layers, subset

    maps = []
    for one in np.unique(classes):
        rows = np.flatnonzero(classes == one)
        maps.append(compare_layers(_rows(a, rows, subset), _rows(b, rows, subset), "cka").values)
    return np.asarray(np.mean(maps, axis=0))


def _rows(layers: LayerActivations, rows: NDArray[Any], subset: Any) -> LayerActivations:
    chosen = {name: subset(one, rows) for name, one in layers.items()}
    return LayerActivations(layers.model, layers.dataset, next(iter(chosen.values())).stimuli, chosen)


def with_and_without_norm(*, progress: Progress | None = None) -> Finding:
    """K9: twins of a network with and one without batch norm, and how the map within classes follows the map of all."""
    from scipy.stats import spearmanr

    from repsim_core import datasets, models
    from repsim_core.similarity import compare_layers

    progress, data, shares, orders = progress or no_progress, datasets.load("digits"), {}, {}
    assert data.labels is not None  # digits have labels
    for done, (seed, other) in enumerate(zip(FRESH, (*FRESH[1:], FRESH[0]), strict=True)):
        progress(done, len(FRESH))
        plain = responses(further_or_member("zoo/digits-cnn-nonorm-s10", seed), data)
        normed = responses(models.load(f"zoo/digits-cnn-s{other}"), data)
        label = f"seeds {seed} and {other}"
        scores = cka_map(normed, plain)
        shares[label] = float((matches(scores).trace() + matches(scores.T).trace()) / (2 * len(scores)))
        whole = compare_layers(normed, plain, "cka").values
        inside = within_class_map(normed, plain, data.labels)
        orders[label] = float(spearmanr(whole.ravel(), inside.ravel()).statistic)
    progress(len(FRESH), len(FRESH))
    chance = 1 / len(scores)
    return found(
        "K9",
        [judged_norm(shares, orders, chance)],
        values={"mean order": float(np.mean(list(orders.values()))), "chance": chance},
        tables={"pairs": pd.DataFrame({"pair": list(shares), "twins": shares.values(), "order": orders.values()})},
        recipe={"measure": "cka_biased for twins, cka for both maps", "networks": "zoo/digits-cnn, digits-cnn-nonorm"},
    )


def judged_norm(shares: Mapping[str, float], orders: Mapping[str, float], chance: float) -> Measured:
    """Each pair and the mean by both conditions."""
    twins, order = np.array(list(shares.values())), np.array(list(orders.values()))
    return Measured(
        "digits",
        "share of twins found with against without batch norm",
        tuple(shares),
        twins,
        holds=(twins > 2 * chance) & (order >= ALIKE_MAPS),
        mean_holds=bool(twins.mean() > 2 * chance and order.mean() >= ALIKE_MAPS),
    )
