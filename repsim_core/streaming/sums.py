"""Sums over batches from which debiased linear CKA follows exactly, or as the minibatch estimate.

Features are shifted by one common row near their mean, so that nothing cancels; what the shift leaves is taken out at
the end by the algebra of U-centring, which is blind to it:

    ⟨U(K), U(L)⟩ = ⟨K̃, L̃⟩ − 2/(n−2) K̃1·L̃1 + (1ᵀK̃1)(1ᵀL̃1)/((n−1)(n−2)),   K̃ = X Xᵀ with zero diagonal

Song et al. (2012), JMLR 13, equation 5.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from repsim_core.activations.device import Features, cross_products, gram_block, own_gram, weighted_sums
from repsim_core.similarity.embedding import within_bounds
from repsim_core.streaming.plan import TILE

Floats = NDArray[np.float64]


@dataclass(eq=False)
class Cells:
    """Sums of products of pairs of layers: every row with every column, and every layer with itself."""

    first: slice
    second: slice
    count: int
    cross: Floats = field(init=False)
    own: Floats = field(init=False)

    def __post_init__(self) -> None:
        indices = np.arange(self.count)
        self.cross = np.zeros((len(indices[self.first]), len(indices[self.second])))
        self.own = np.zeros(self.count)

    def add(self, stack: Floats, times: float = 1.0) -> None:
        """Add the products of vectors ``(layers, entries)``."""
        self.cross += times * (stack[self.first] @ stack[self.second].T)
        self.own += times * np.einsum("ij,ij->i", stack, stack)


class Moments:
    """Of each layer: squared length of every row, sum of the rows, scale, and the common row they are shifted by."""

    def __init__(self, features: list[Features], n: int) -> None:
        self.exponents = [_exponent(one) for one in features]
        some = [one[:: max(1, len(one) // 8)] for one in features]  # a row near the mean will do
        even = np.full((1, len(some[0])), 1 / len(some[0]))
        means = [np.ldexp(weighted_sums(even, one)[0], -e) for one, e in zip(some, self.exponents, strict=True)]
        self.shift = [one.new_tensor(mean) for one, mean in zip(features, means, strict=True)]
        self.norms = np.zeros((len(features), n))
        self.sums = [np.zeros(one.shape[1]) for one in features]
        self.eps = [float(np.finfo(str(one.dtype).removeprefix("torch.")).eps) for one in features]

    def add(self, features: list[Features], lengths: Floats, at: slice) -> None:
        """Take in a shifted batch and the squared lengths of its rows, ``(layers, b)``."""
        self.norms[:, at] = lengths
        for total, one in zip(self.sums, features, strict=True):
            total += one.sum(dim=0).double().cpu().numpy()

    def shifted(self, features: list[Features]) -> list[Features]:
        """The same features, scaled and shifted in place."""
        for one, exponent, shift in zip(features, self.exponents, self.shift, strict=True):
            _scaled(one, exponent).sub_(shift)
        return features

    def reason(self, k: int) -> str:
        """Why a layer has no similarity, or ""."""
        n, total = self.norms.shape[1], float(self.norms[k].sum())
        if not np.isfinite(total):
            return "non_finite"
        mean = np.asarray(self.shift[k].double().cpu().numpy()) + self.sums[k] / n
        left = max(0.0, total - float(self.sums[k] @ self.sums[k]) / n)
        constant = np.sqrt(left) <= 4 * self.eps[k] * np.sqrt(left + n * float(mean @ mean))
        return "zero_variance" if constant else ""


class GramSums:
    """Products of Gram matrices, block by block: each pair of stimuli once, no matrix kept."""

    def __init__(self, cells: Cells, n: int) -> None:
        self.cells, self.rows = cells, np.zeros((cells.count, n))
        self.held: list[Features] = []
        self.tile = np.empty((0, 0, 0))
        self.held_from = self.held_to = 0

    def hold(self, features: list[Features], at: slice, room: int) -> None:
        """Keep the responses of a batch for those to come; ``room`` stimuli fit."""
        if not self.held:
            self.held = [one.new_empty((room, one.shape[1])) for one in features]
        for buffer, one in zip(self.held, features, strict=True):
            buffer[at.start - self.held_from : at.stop - self.held_from] = one
        self.held_to = at.stop

    def restart(self, position: int) -> None:
        """Begin the next block at a stimulus."""
        self.held_from = self.held_to = position

    def own(self, stack: Floats, at: slice) -> None:
        """Add the Gram matrices of one batch, ``(layers, b, b)`` with zero diagonal."""
        self.rows[:, at] += stack.sum(axis=2)
        self.cells.add(stack.reshape(len(stack), -1))

    def against_held(self, features: list[Features], at: slice) -> None:
        """Add the blocks of a batch against what is held, which stand for both triangles."""
        count = self.held_to - self.held_from
        for start in range(0, count, TILE):
            stop = min(start + TILE, count)
            if self.tile.shape != (len(features), len(features[0]), stop - start):
                self.tile = np.empty((len(features), len(features[0]), stop - start))
            stack = self.tile
            for k, (x, y) in enumerate(zip(features, self.held, strict=True)):
                stack[k] = gram_block(x, y[start:stop])
            self.rows[:, at] += stack.sum(axis=2)
            self.rows[:, self.held_from + start : self.held_from + stop] += stack.sum(axis=1)
            self.cells.add(stack.reshape(len(stack), -1), 2.0)

    def inner(self, norms: Floats) -> tuple[Floats, Floats, Floats]:
        """⟨U(K), U(L)⟩ of all cells and of every layer, and ‖H K H‖² of every layer."""
        n, rows, cells = self.rows.shape[1], self.rows, self.cells
        totals = rows.sum(axis=1)
        a, b = cells.first, cells.second
        cross = _debiased(cells.cross, rows[a] @ rows[b].T, np.outer(totals[a], totals[b]), n)
        own = _debiased(cells.own, np.einsum("ij,ij->i", rows, rows), totals**2, n)
        whole = rows + norms
        size = cells.own + (norms**2).sum(axis=1) - 2 / n * (whole**2).sum(axis=1) + whole.sum(axis=1) ** 2 / n**2
        return cross, own, size


class UnitSums:
    """``XᵀY`` of pairs of narrow layers, with what centring needs: the rows weighted by the lengths of the others'."""

    def __init__(self, widths: list[int], narrow: NDArray[np.bool_], first: slice, second: slice) -> None:
        layers = np.arange(len(widths))
        chosen = [int(k) for k in layers[narrow]]
        crossed = {(i, j) for i in layers[first] for j in layers[second] if narrow[i] and narrow[j]}
        pairs = {(min(i, j), max(i, j)) for i, j in crossed} | {(k, k) for k in chosen}
        self.products = {(int(i), int(j)): np.zeros((widths[i], widths[j])) for i, j in sorted(pairs)}
        self.weighted = {k: np.zeros((len(chosen), widths[k])) for k in chosen}
        self.chosen, self.first, self.second, self.count = chosen, first, second, len(widths)

    def add(self, features: list[Features], norms: Floats) -> None:
        """Add a batch; ``norms`` are the squared lengths of its rows, a line a layer."""
        for (i, j), total in self.products.items():
            total += cross_products(features[i], features[j])
        for k, total in self.weighted.items():
            total += weighted_sums(np.ascontiguousarray(norms[self.chosen]), features[k])

    def inner(self, norms: Floats, sums: list[Floats]) -> tuple[Floats, Floats, Floats]:
        """As :meth:`GramSums.inner`; NaN in cells that are not ours."""
        n = norms.shape[1]
        square = np.full((self.count, self.count), np.nan)
        size = np.full(self.count, np.nan)
        totals = {k: float(sums[k] @ sums[k]) - float(norms[k].sum()) for k in self.chosen}
        place = {k: position for position, k in enumerate(self.chosen)}
        for (i, j), product in self.products.items():
            overlap = float(norms[i] @ norms[j])
            rows = float(sums[i] @ product @ sums[j]) + overlap
            rows -= float(sums[i] @ self.weighted[i][place[j]]) + float(sums[j] @ self.weighted[j][place[i]])
            found = _debiased(float(np.vdot(product, product)) - overlap, rows, totals[i] * totals[j], n)
            square[i, j] = square[j, i] = found
            if i == j:
                size[i] = float(np.linalg.norm(product - np.outer(sums[i], sums[i] / n)) ** 2)
        return square[self.first, self.second], np.diag(square).copy(), size


class BatchSums:
    """The minibatch estimate: numerators and denominators summed over batches, divided once."""

    def __init__(self, cells: Cells) -> None:
        self.cells, self.size = cells, np.zeros(cells.count)

    def add(self, stack: Floats) -> None:
        """Add the Gram matrices of one batch, ``(layers, b, b)`` with zero diagonal, which are used up."""
        self.size += np.einsum("ijk,ijk->i", stack, stack)
        self.cells.add(u_centred_stack(stack).reshape(len(stack), -1))


def cosines(
    first: slice, second: slice, cross: Floats, own: Floats, size: Floats, known: list[str], n: int, eps: Floats
) -> tuple[Floats, NDArray[np.str_]]:
    """Score and reason of every cell, from what ``inner`` gives and the reasons of layers that are known already."""
    # Round-off of the products grows with the root of n; what is left below it is not structure.
    flat = ~(np.sqrt(np.maximum(own, 0)) > 8 * np.sqrt(n) * eps * np.sqrt(np.maximum(size, 0)))
    why = [reason or ("no_structure" if no else "") for reason, no in zip(known, flat, strict=True)]
    reasons = np.array([[row or column for column in why[second]] for row in why[first]], dtype="<U32")
    with np.errstate(invalid="ignore", divide="ignore"):
        values = cross / np.sqrt(np.outer(own[first], own[second]))
    return np.asarray(within_bounds(np.where(reasons == "", values, np.nan), -1.0)), reasons


def grams_of(features: list[Features]) -> tuple[Floats, Floats]:
    """Gram matrix of each layer of one batch, ``(layers, b, b)`` with zero diagonal, and the diagonals."""
    count = len(features[0])
    stack = np.empty((len(features), count, count))
    for k, one in enumerate(features):
        stack[k] = own_gram(one)
    diagonals = np.einsum("ijj->ij", stack).copy()
    stack[:, range(count), range(count)] = 0.0
    return stack, diagonals


def u_centred_stack(stack: Floats) -> Floats:
    """U-centring in place of kernels ``(layers, b, b)`` with zero diagonal; b ≥ 4."""
    b = stack.shape[1]
    rows = stack.sum(axis=2)
    shift = rows / (b - 2) - rows.sum(axis=1, keepdims=True) / (2 * (b - 1) * (b - 2))
    stack -= shift[:, :, None]
    stack -= shift[:, None, :]
    stack[:, range(b), range(b)] = 0.0
    return stack


def _debiased(products: Floats | float, rows: Floats | float, totals: Floats | float, n: int) -> Floats:
    return np.asarray(products - 2 / (n - 2) * rows + totals / ((n - 1) * (n - 2)))


def _exponent(features: Features) -> int:
    """Power of two to divide by, so that squares neither overflow nor vanish; 0 unless the scale is extreme."""
    low, high = features.aminmax()
    peak = max(float(high), -float(low))
    return 0 if not np.isfinite(peak) or peak == 0 or 1e-9 < peak < 1e9 else int(np.frexp(peak)[1])


def _scaled(features: Features, exponent: int) -> Features:
    """Divided in place by ``2 ** exponent``, in two steps since the power itself may not be a float32."""
    half = exponent // 2
    return features if exponent == 0 else features.mul_(2.0**-half).mul_(2.0 ** (half - exponent))
