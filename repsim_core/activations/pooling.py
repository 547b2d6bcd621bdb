"""From the output of a layer to one row of numbers a stimulus."""

from collections.abc import Mapping

from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

POOLINGS: Mapping[str, str] = {
    "flatten": "every number of the output is a unit",
    "mean": "mean over positions (or tokens): one unit a channel",
    "grid2": "mean over a 2 × 2 grid of positions, channels kept",
    "grid4": "mean over a 4 × 4 grid of positions, channels kept",
    "cls_token": "the first token of a sequence",
    "mean_token": "mean over the tokens after the first",
    "patch_tokens": "every number of the tokens after the first is a unit",
}


def pooled(output: Tensor, pooling: str) -> Tensor:
    """Output ``(n, ...)`` pooled; what a pooling cannot apply to is treated as :func:`applied` says.

    Convolutional maps are ``(n, channels, height, width)``, token sequences ``(n, tokens, width)``.
    """
    rule = applied(tuple(output.shape[1:]), pooling)
    if rule == "mean":
        return output.mean(dim=tuple(range(2, output.ndim))) if output.ndim != 3 else output.mean(dim=1)
    if rule.startswith("grid"):
        return adaptive_avg_pool2d(output, int(rule.removeprefix("grid")))
    if rule == "cls_token":
        return output[:, 0]
    if rule == "mean_token":
        return output[:, 1:].mean(dim=1)
    return output[:, 1:] if rule == "patch_tokens" else output


def applied(shape: tuple[int, ...], pooling: str) -> str:
    """The pooling that a response of this shape gets: what was asked where it makes sense, else its nearest kin.

    Vectors stay as they are; on maps ``patch_tokens`` becomes ``flatten`` and the other token poolings ``mean``; grids
    become ``flatten`` on maps no larger than the grid and ``mean`` on tokens; a single token is all there is
    (``flatten``) to those that leave the first one out.
    """
    if len(shape) < 2 or pooling == "flatten":
        return "flatten"
    tokens = len(shape) == 2
    if pooling.endswith(("_token", "_tokens")):
        if not tokens:
            return "flatten" if pooling == "patch_tokens" else "mean"
        return "flatten" if shape[0] < 2 and pooling != "cls_token" else pooling
    if pooling.startswith("grid"):
        side = int(pooling.removeprefix("grid"))
        if len(shape) != 3:
            return "mean"
        return pooling if min(shape[1:]) > side else "flatten"
    return "mean"


def pooled_shape(shape: tuple[int, ...], pooling: str) -> tuple[int, ...]:
    """Shape of one pooled response, without running anything."""
    # By rule, not on torch's meta device: the first mean there imports 120 MB for two seconds.
    rule = applied(shape, pooling)
    if rule == "flatten":
        return tuple(shape)
    if rule.startswith("grid"):
        side = int(rule.removeprefix("grid"))
        return (shape[0], side, side)
    if rule == "patch_tokens":
        return (shape[0] - 1, shape[1])
    return (shape[1],) if len(shape) == 2 else (shape[0],)
