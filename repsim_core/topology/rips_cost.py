"""What a Vietoris–Rips computation will take, before it is begun."""

from typing import NamedTuple

from repsim_core.compute.memory import budget_bytes, readable_bytes
from repsim_core.errors import BudgetError, InputError

LARGEST_DIMENSION = 2
LONGEST = 600.0  # seconds
# Per n² and n³, measured on Gaussian clouds in 64 dimensions on one core. Regular clouds, such as grids, may take more.
BYTES = (40, 70, 200)
SECONDS = ((2e-9, 0.0), (2e-8, 1e-10), (2e-8, 1.6e-8))


class Cost(NamedTuple):
    """An estimate."""

    seconds: float
    bytes: int


def rips_cost(n: int, max_dimension: int = 1) -> Cost:
    """Seconds on one core and bytes at the peak for n points, distances included; right to a factor of three or so.

    Examples
    --------
    >>> rips_cost(300, 1).seconds < 0.1 < rips_cost(1000, 1).seconds
    True
    """
    square, cube = SECONDS[checked_dimension(max_dimension)]
    return Cost(square * n**2 + cube * n**3, BYTES[max_dimension] * n * n)


def largest_n(max_dimension: int = 1) -> int:
    """The most points that :func:`affordable` lets through."""
    low, high = 1, 2**31
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _fits(middle, max_dimension) else (low, middle)
    return low


def affordable(n: int, max_dimension: int = 1) -> Cost:
    """The estimate, or a refusal that has the nearest n that fits.

    Raises
    ------
    BudgetError
        Above the memory that one request may take, above ten minutes, or above what the kernel can number.
    """
    cost = rips_cost(n, max_dimension)
    if _fits(n, max_dimension):
        return cost
    limit = f"limits {readable_bytes(budget_bytes())} and {LONGEST:.0f} s"
    raise BudgetError(
        f"Persistence up to dimension {max_dimension} of {n} points takes about {readable_bytes(cost.bytes)} and "
        f"{cost.seconds:.0f} s ({limit}). Take {largest_n(max_dimension)} points or fewer, or landmarks of them."
    )


def checked_dimension(max_dimension: int) -> int:
    """0, 1 or 2."""
    if max_dimension not in range(LARGEST_DIMENSION + 1):
        raise InputError(f"max_dimension must be 0, 1 or 2, got {max_dimension!r}.")
    return int(max_dimension)


def _fits(n: int, max_dimension: int) -> bool:
    from repsim_core.kernels.edges import LARGEST_N  # here, with numba, which takes a while

    seconds, held = rips_cost(n, max_dimension)
    return n <= LARGEST_N and held <= budget_bytes() and seconds <= LONGEST
