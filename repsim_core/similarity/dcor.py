"""Distance correlation: the cosine of centred matrices of Euclidean distances."""

import numpy as np

from repsim_core.linalg import Array, at_least, distances_of_gram, h_centred, wide_gram
from repsim_core.similarity.cka import kernel_claims
from repsim_core.similarity.embedding import Embedding, cosine_method, kernel_embedding, square_numbers
from repsim_core.similarity.measure import Measure, copies


def distance_embedding(x: Array, *, label: str = "x", debiased: bool = True) -> Embedding:
    """U-centred Euclidean distances, or H-centred ones for the biased form; O(n² p).

    The cosine of two of these is the *squared* distance correlation (Székely and Rizzo 2013, equation 3.8).
    """
    at_least(len(x), 4 if debiased else 2, "Unbiased distance correlation" if debiased else "Distance correlation")
    distances = np.sqrt(distances_of_gram(wide_gram(x, label)))
    return kernel_embedding(
        distances if debiased else h_centred(distances),
        label,
        debiased=debiased,
        eps=float(np.finfo(np.float64).eps),
        instead="take more varied stimuli",
    )


ENTRIES = (
    Measure(
        name="dcor",
        title="Distance correlation, squared",
        description="Are stimuli as far apart in one layer as in the other? Zero in the limit only if independent.",
        method=cosine_method(distance_embedding, square_numbers, copies(1.2)),
        claims=kernel_claims,
        symmetric=True,
        larger_is_more_similar=True,
        cost="n² · units a layer, n² a cell",
        reference="Székely and Rizzo (2013), J. Multivariate Analysis 117",
        options={"debiased": True},
        help={"debiased": "U-centred distances, which score 0 on average for unrelated layers."},
    ),
)
