"""Linear regression: what share of one layer's variance a linear map of the other explains."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from repsim_core.linalg import Array
from repsim_core.similarity.decomposition import Decomposition, decomposed
from repsim_core.similarity.measure import ROTATIONS, Claims, Floats, Measure, Method, Work, copies

BLOCK_NUMBERS = 2**22  # 32 MB of float64 side by side in one product
PREDICTED: Mapping[str, str] = {
    "x": "the first layer (rows of a matrix) from the second (columns)",
    "y": "the second layer (columns) from the first (rows)",
}


def regression_layer(x: Array, *, label: str = "x", predicted: str = "x") -> Decomposition:
    """The thin decomposition: it serves as what is predicted and as what predicts."""
    return decomposed(x, label=label)


def regression_cells(
    rows: Sequence[Decomposition], columns: Sequence[Decomposition], options: Mapping[str, Any], _work: Work
) -> tuple[Floats, Floats]:
    """R² of every pair (Kornblith et al. 2019, equation 10), and rank of the predictor over n − 1."""
    if options["predicted"] == "x":
        return explained(rows, columns), np.tile(_chance(columns), (len(rows), 1))
    return explained(columns, rows).T, np.tile(_chance(rows)[:, None], (1, len(columns)))


def explained(targets: Sequence[Decomposition], predictors: Sequence[Decomposition]) -> Floats:
    r"""R² of each target from each predictor, ``⟨U_x S_x² U_xᵀ, U_y U_yᵀ⟩ / tr S_x²``.

    As vectors of n² numbers all pairs are one product, n² a pair, where ``‖S_x U_xᵀ U_y‖²`` would be n · rank² a pair.
    Formed some stimuli at a time, so no n × n matrices are held.
    """
    n = len(targets[0].left)
    energies = [one.singular_values**2 for one in targets]
    values = np.zeros((len(targets), len(predictors)))
    step = max(1, BLOCK_NUMBERS // (n * (len(targets) + len(predictors))))
    for start in range(0, n, step):
        part = slice(start, start + step)
        pairs = zip(targets, energies, strict=True)
        left = np.stack([((one.left[part] * energy) @ one.left.T).ravel() for one, energy in pairs])
        right = np.stack([(one.left[part] @ one.left.T).ravel() for one in predictors])
        values += left @ right.T
    return np.asarray(values / np.array([energy.sum() for energy in energies])[:, None])


def _chance(predictors: Sequence[Decomposition]) -> Floats:
    return np.array([one.rank for one in predictors]) / (len(predictors[0].left) - 1)


def _numbers(n: int, units: int, _options: Mapping[str, Any]) -> int:
    return n * min(n, units)


def direction_of(options: Mapping[str, Any]) -> str:
    """How a cell reads."""
    return "row predicted from column" if options["predicted"] == "x" else "column predicted from row"


def _claims(options: Mapping[str, Any]) -> Claims:
    own, other = ROTATIONS, ROTATIONS | {"invertible linear"}
    first, second = (own, other) if options["predicted"] == "x" else (other, own)
    chance = "rank of the predicting layer / (n − 1), exactly: 1 where its units outnumber the stimuli"
    return Claims((0.0, 1.0), first, chance, 2, second, biased=True, direction=direction_of(options))


ENTRIES = (
    Measure(
        name="linear_regression",
        title="Linear regression, R²",
        description="Share of one layer's variance that the best linear map of the other explains, in sample.",
        method=Method(regression_layer, regression_cells, _numbers, copies(1.2)),
        claims=_claims,
        symmetric=False,
        larger_is_more_similar=True,
        cost="n · units · min(n, units) a layer, n² a cell",
        reference="Kornblith, Norouzi, Lee and Hinton (2019), ICML, equation 10. arXiv:1905.00414",
        options={"predicted": "x"},
        choices={"predicted": tuple(PREDICTED)},
        help={"predicted": "; ".join(f"{name}: {text}" for name, text in PREDICTED.items())},
    ),
)
