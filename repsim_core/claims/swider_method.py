"""Choices of method for the claims of Świder, whose data, distance and degrees are unknown: all of them ours.

Euclidean distances over their 0.9 quantile, degree 0, sliced Wasserstein distance, the same stimuli for all networks.
"""

PAPER = "Świder 2024"
WHERE = "abstract"  # all that is known of the paper
N = 300
SEED = 0  # of the stimuli
KIND, DEGREE, SCALE = "sliced_wasserstein", 0, "quantile"
METHOD = {"distance": KIND, "degree": DEGREE, "scale": SCALE, "metric": "euclidean", "stimuli seed": SEED}
