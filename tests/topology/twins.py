"""Slow twins of the kernels and the inputs they are compared on."""

import itertools

import gudhi
import numpy as np
from gudhi.sklearn import RipsPersistence
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist


def bars(diagram):
    """Births and deaths in one order. No engine here does arithmetic on the values, so multisets compare exactly."""
    return sorted(zip(diagram.births.tolist(), diagram.deaths.tolist(), strict=True))


def cone_twin(w, other, dimension=1):
    """Bars of the cone, each of its cells put into a simplex tree with the value the definition gives it."""
    n = len(w)
    smaller = np.minimum(w, other)
    tree = gudhi.SimplexTree()
    for size in range(1, dimension + 3):
        for cell in itertools.combinations(range(n), size):
            tree.insert(cell, smaller[np.ix_(cell, cell)].max())
        for base in itertools.combinations(range(n), size - 1):
            tree.insert([*base, n], w[np.ix_(base, base)].max() if len(base) > 1 else 0.0)
    return intervals(tree, dimension)


def published(w, other, *, symmetric=False):
    """The 2n × 2n matrix of the published code: zeros, w (half of it unless ``symmetric``), the minimum."""
    coned = w if symmetric else np.where(np.tri(len(w), k=-1, dtype=bool), np.inf, w)
    return np.block([[np.zeros_like(w), coned.T], [coned, np.minimum(w, other)]])


def defined(w, other, *, symmetric=False):
    """The (2n + 1)² matrix of the paper: w in the place of the zeros, and the apex near to those n points alone."""
    matrix = published(w, other, symmetric=symmetric)
    matrix[: len(w), : len(w)] = w
    apex = np.repeat([0.0, np.inf], len(w))
    return np.block([[matrix, apex[:, None]], [apex[None, :], np.zeros((1, 1))]])


def rips_twin(distances, dimension=1):
    """Bars of Vietoris–Rips in float64, every simplex built."""
    longest = distances[np.isfinite(distances)].max()
    rips = gudhi.RipsComplex(distance_matrix=distances, max_edge_length=longest)
    return intervals(rips.create_simplex_tree(max_dimension=dimension + 1), dimension)


def ripser_twin(distances):
    """Bars of Vietoris–Rips in dimension 1 by Ripser: for many points, and for values that float32 holds exactly."""
    longest = float(distances[np.isfinite(distances)].max())
    engine = RipsPersistence(
        homology_dimensions=1,
        homology_coeff_field=2,
        input_type="full distance matrix",
        threshold=longest,
        num_collapses=0,
    )
    (found,) = engine.fit_transform([distances])
    return sorted(map(tuple, found.tolist()))


def intervals(tree, dimension):
    tree.persistence(homology_coeff_field=2, min_persistence=0, persistence_dim_max=False)
    return sorted(map(tuple, tree.persistence_intervals_in_dimension(dimension).tolist()))


def joined(edges, n):
    """Component of each of n points in a graph given by its adjacency matrix or its list of edges."""
    rows, columns = np.nonzero(edges) if isinstance(edges, np.ndarray) else (list(zip(*edges, strict=True)) or [[], []])
    return connected_components(csr_array((np.ones(len(rows)), (rows, columns)), shape=(n, n)), directed=False)[1]


def kruskal(w):
    """Edges of a minimum spanning tree in ascending order."""
    found = []
    for i, j in sorted(itertools.combinations(range(len(w)), 2), key=lambda edge: w[edge]):
        parts = joined(found, len(w))
        if parts[i] != parts[j]:
            found.append((i, j))
    return found


def rank_mod_2(vectors):
    """Rank of vectors over the field of two elements, each the bits of one integer."""
    pivots = {}
    for vector in vectors:
        while vector and vector.bit_length() in pivots:
            vector ^= pivots[vector.bit_length()]
        if vector:
            pivots[vector.bit_length()] = vector
    return len(pivots)


def loops(w, radius):
    """A basis of the cycles of the graph of w up to a radius, each the bits of its edges."""
    n = len(w)
    path = {}  # point → edges to the root of its tree
    for root in range(n):
        queue = [] if root in path else [root]
        path.setdefault(root, 0)
        for i in queue:
            for j in range(n):
                if j not in path and w[i, j] <= radius:
                    path[j] = path[i] ^ edge_bit(i, j, n)
                    queue.append(j)
    near = [(i, j) for i, j in itertools.combinations(range(n), 2) if w[i, j] <= radius]
    return [cycle for i, j in near if (cycle := path[i] ^ path[j] ^ edge_bit(i, j, n))]


def edge_bit(i, j, n):
    return 1 << (min(i, j) * n + max(i, j))


def open_loops(w, other, radius):
    """dim coker(H₁ R(w) → H₁ R(min)) at one radius, by linear algebra: Z₁(min) over B₁(min) + Z₁(w)."""
    n, smaller = len(w), np.minimum(w, other)
    filled = [
        edge_bit(i, j, n) ^ edge_bit(j, k, n) ^ edge_bit(i, k, n)
        for i, j, k in itertools.combinations(range(n), 3)
        if max(smaller[i, j], smaller[j, k], smaller[i, k]) <= radius
    ]
    return rank_mod_2(loops(smaller, radius)) - rank_mod_2(filled + loops(w, radius))


def matrix(upper, n):
    """Symmetric matrix of an upper triangle listed by rows."""
    w = np.zeros((n, n))
    w[np.triu_indices(n, 1)] = upper
    return w + w.T


@st.composite
def spaces(draw, n):
    """A distance matrix of n points rich in ties: a grid with equal points, a line, or no metric at all."""
    kind = draw(st.sampled_from(["grid", "taxi", "line", "any", "distinct"]))
    if kind == "any":
        size = n * (n - 1) // 2
        return matrix(draw(st.lists(st.integers(0, 4), min_size=size, max_size=size)), n)
    if kind == "distinct":
        return matrix(np.array(draw(st.permutations(range(n * (n - 1) // 2)))) + 1.0, n)
    point = st.integers(0, 6) if kind == "line" else st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 1))
    points = np.array(draw(st.lists(point, min_size=n, max_size=n)), dtype=float).reshape(n, -1)
    return cdist(points, points, "cityblock" if kind == "taxi" else "euclidean")


@st.composite
def pairs(draw, least=1, most=8):
    """Two distance matrices of equally many points."""
    n = draw(st.integers(least, most))
    return draw(spaces(n)), draw(spaces(n))
