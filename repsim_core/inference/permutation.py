r"""Permutation tests: what scores come out when the stimuli of one side are shuffled.

.. math:: p = (1 + \#\{\mathrm{null} \ge \mathrm{seen}\}) / (B + 1)

with the *same* B permutations for every pair of layers, so that the best of many pairs has its own null. Shuffled
freely, the question is "is there any relation?"; within classes, "is there more than the classes explain?".
"""

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor
from functools import partial
from math import lgamma, log
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from repsim_core.compute.progress import Progress, mapped, no_progress
from repsim_core.errors import DegenerateError, InputError, ShapeError
from repsim_core.inference.stacks import Stack, norms, stacked_stimuli
from repsim_core.types import PermutationTest

Order = NDArray[np.intp]
FEWEST = 19  # permutations for p = 0.05
_GATHERED = 2**21  # numbers of permuted matrices held at once, 8 MB of float32


def embedding_permutation_test(
    a: Stack,
    b: Stack,
    *,
    permutations: int = 199,
    seed: int = 0,
    classes: Sequence[Hashable] | None = None,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    executor: Executor | None = None,
    progress: Progress | None = None,
    on_partial: Callable[[PermutationTest], None] | None = None,
) -> PermutationTest:
    """Test of every pair of layers whose score is the cosine of two n × n matrices (CKA, RSA, distance correlation…).

    Parameters
    ----------
    a, b
        Stacks ``(layers, n, n)`` of one dtype, of any scale. float32 halves the time; the pairing as it came is scored
        in the same arithmetic. A layer that is 0 or not finite is undefined: its cells are NaN.
    permutations, seed
        How many shuffles; those of a smaller number are the first of a larger one.
    classes
        A label for each stimulus, to shuffle within classes alone.
    rows, columns
        Names of the layers.
    executor, progress, on_partial
        A shuffle is a task; ``progress(done, total)`` counts them, and ``on_partial`` gets the test so far after 19,
        39, 79, … of them.

    Raises
    ------
    ShapeError, InputError, DegenerateError
        The last (``too_few_stimuli``, ``single_member_class``) where so few orders exist that none can be rare.

    Notes
    -----
    An embedding moves with its stimuli, so a shuffle is ``G[π][:, π]`` and norms stay: O(n² M) to gather and
    O(n² L M) for the products, one block of rows after the other.

    References
    ----------
    Phipson and Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9 (p is never 0). Westfall and Young (1993) (maximum).
    """
    n = stacked_stimuli(a, b)
    with np.errstate(invalid="ignore"):
        lengths = np.outer(norms(a), norms(b))
    scored = partial(_shuffled_cosines, a, b, lengths, _Shuffles(n, seed, classes))
    layers = {"rows": tuple(rows), "columns": tuple(columns)}
    recipe = {"permutations": permutations, "seed": seed, "within_classes": classes is not None, "n": n}
    build = partial(_built, layers, True, 16 * float(np.finfo(a.dtype).eps), recipe)
    return _run(scored, permutations, build, executor, progress, on_partial)


def score_permutation_test(
    score: Callable[[Order], ArrayLike],
    n: int,
    *,
    larger_is_more_similar: bool = True,
    permutations: int = 199,
    seed: int = 0,
    classes: Sequence[Hashable] | None = None,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    executor: Executor | None = None,
    progress: Progress | None = None,
    on_partial: Callable[[PermutationTest], None] | None = None,
) -> PermutationTest:
    """Test of any score of n stimuli.

    Parameters
    ----------
    score
        Called with an order ``(n,)`` of the stimuli of the second side; returns one score or those of all pairs of
        layers ``(rows, columns)``. What does not depend on the order (decompositions, distances) should be done before.
        NaN, or a ``DegenerateError`` under a shuffle, makes the cell undefined.
    larger_is_more_similar
        False for distances: small is then extreme.
    permutations, seed, classes, rows, columns, executor, progress, on_partial
        As in :func:`embedding_permutation_test`.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(40, 1))
    >>> score_permutation_test(lambda order: abs(np.corrcoef(x[:, 0], x[order, 0])[0, 1]), 40).p.item()
    0.005
    """
    scored = partial(_shuffled_score, score, _Shuffles(n, seed, classes))
    layers = {"rows": tuple(rows), "columns": tuple(columns)}
    recipe = {"permutations": permutations, "seed": seed, "within_classes": classes is not None, "n": n}
    build = partial(_built, layers, larger_is_more_similar, 1e-12, recipe)
    return _run(scored, permutations, build, executor, progress, on_partial)


class _Shuffles:
    """Order number k of n stimuli, within classes if there are any; number 0 leaves them as they came."""

    def __init__(self, n: int, seed: int, classes: Sequence[Hashable] | None) -> None:
        self.n, self.seed = n, seed
        codes, counts = np.zeros(n, np.intp), np.array([n])
        if classes is not None:
            if len(classes) != n:
                raise ShapeError(f"{len(classes)} class labels for {n} stimuli; give one a stimulus.")
            codes, counts = _coded(classes)
        if classes is None and n < 4:
            raise DegenerateError(
                f"A permutation test needs at least 4 stimuli, got {n}: they have too few orders for p = 0.05.",
                "too_few_stimuli",
            )
        if sum(lgamma(one + 1) for one in counts) < log(FEWEST + 1) - 1e-9:
            raise DegenerateError(
                f"{n} stimuli in classes of {', '.join(map(str, counts))} have fewer than {FEWEST + 1} orders within "
                "classes, so p = 0.05 cannot be reached; take more stimuli a class.",
                "too_few_stimuli",
            )
        self.codes, self.base = codes, np.argsort(codes, kind="stable")

    def __getitem__(self, k: int) -> Order:
        order = np.arange(self.n)
        if k:
            drawn = np.random.default_rng((self.seed, k)).random(self.n)
            order[self.base] = np.lexsort((drawn, self.codes))
        return order


def _coded(classes: Sequence[Hashable]) -> tuple[Order, NDArray[np.intp]]:
    labels = classes.tolist() if isinstance(classes, np.ndarray) else classes
    numbers: dict[Hashable, int] = {}
    codes = np.array([numbers.setdefault(one, len(numbers)) for one in labels], np.intp)
    counts = np.bincount(codes)
    alone = [name for name, count in zip(numbers, counts, strict=True) if count == 1]
    if alone:
        raise DegenerateError(
            f"{len(alone)} of {len(counts)} classes have one member, first {alone[0]!r}, which cannot be shuffled "
            "within its class; leave those stimuli out or join classes.",
            "single_member_class",
        )
    return codes, counts


def _shuffled_cosines(
    a: Stack, b: Stack, lengths: NDArray[np.float64], shuffles: _Shuffles, k: int
) -> NDArray[np.floating[Any]]:
    """Cosines ``(L, M)`` after shuffle k: gathered and multiplied while the gathered rows are in the cache."""
    order, n = shuffles[k], shuffles.n
    product = np.zeros((len(a), len(b)))
    height = max(1, min(n, _GATHERED // (len(b) * n)))
    for start in range(0, n, height):
        part = slice(start, min(start + height, n))
        gathered = np.empty((len(b), part.stop - start, n), b.dtype)
        for one, out in zip(b, gathered, strict=True):
            # The bounds check of plain take costs three times the gather itself.
            np.take(np.take(one, order[part], axis=0), order, axis=1, out=out, mode="clip")
        with np.errstate(invalid="ignore"):  # an undefined layer
            product += a[:, part].reshape(len(a), -1) @ gathered.reshape(len(b), -1).T
    return np.asarray(product / lengths, a.dtype)


def _shuffled_score(
    score: Callable[[Order], ArrayLike], shuffles: _Shuffles, k: int
) -> NDArray[np.floating[Any]] | str:
    try:
        found = np.asarray(score(shuffles[k]), np.float64)
    except DegenerateError as error:
        if k == 0:
            raise
        return error.reason
    if found.ndim not in (0, 2):
        raise ShapeError(f"score: expected one number or (rows, columns) of them, got shape {found.shape}.")
    return found.reshape(1, 1) if found.ndim == 0 else found


def _run(
    scored: Callable[[int], NDArray[np.floating[Any]] | str],
    permutations: int,
    build: Callable[[list[NDArray[np.floating[Any]] | str]], PermutationTest],
    executor: Executor | None,
    progress: Progress | None,
    on_partial: Callable[[PermutationTest], None] | None,
) -> PermutationTest:
    if not isinstance(permutations, int | np.integer) or permutations < FEWEST:
        raise InputError(
            f"With {permutations!r} permutations p cannot fall to 0.05, since the least is 1/(permutations + 1); "
            f"take {FEWEST} or more."
        )
    progress = progress or no_progress
    found: list[NDArray[np.floating[Any]] | str] = []
    pause = FEWEST
    for done, one in enumerate(mapped(scored, range(permutations + 1), executor)):
        found.append(one)
        progress(done, permutations)
        if done == pause < permutations:
            pause = 2 * pause + 1
            if on_partial is not None:
                on_partial(build(found))
    return build(found)


def _built(
    layers: dict[str, tuple[str, ...]],
    larger_is_more_similar: bool,
    precision: float,
    recipe: dict[str, Any],
    found: list[NDArray[np.floating[Any]] | str],
) -> PermutationTest:
    """The test of what was found so far; an undefined shuffle makes its cells NaN with the reason."""
    seen = found[0]
    assert not isinstance(seen, str)  # number 0 raises
    scores = np.stack([np.full_like(seen, np.nan) if isinstance(one, str) else one for one in found])
    reasons = np.where(np.isnan(scores[0]), "undefined", "").astype("<U32")
    said = next((one for one in found if isinstance(one, str)), "undefined_when_shuffled")
    broken = (reasons == "") & np.isnan(scores).any(axis=0)
    reasons[broken] = said
    scores[:, reasons != ""] = np.nan
    largest = float(np.abs(scores[np.isfinite(scores)]).max(initial=0.0))
    return PermutationTest(
        scores=scores,
        larger_is_more_similar=larger_is_more_similar,
        reasons=reasons,
        tolerance=precision * largest,
        recipe=recipe | {"permutations_done": len(found) - 1},
        **layers,
    )
