"""One claim of a paper: what it says, where, by which rule it is judged here, and the function that measures it."""

from collections.abc import Callable
from dataclasses import dataclass

from repsim_core.claims.finding import Finding
from repsim_core.errors import InputError

# How sure a printed number is, in these words only.
IN_THE_PAPER = "read in the paper's own material"
IN_THE_CODE = "read in the authors' code or printed output"
FROM_MEMORY = "from memory"
DERIVED = "derived"  # proved and checked numerically
RECOMPUTED = "recomputed"  # our implementation of the authors' formula on the authors' data
SURE = (IN_THE_PAPER, IN_THE_CODE, FROM_MEMORY, DERIVED, RECOMPUTED)


@dataclass(frozen=True)
class Claim:
    """A claim and the rule of its verdict, both written before the run.

    ``run`` is a function of the paper's module, ``run(*, progress=None) -> Finding``; it imports torch, models and
    datasets inside, so that reading the register stays quick. Set ``quick`` where it takes less than about 3 s on one
    core: the tests compute these again and compare them with their record to ``tolerance`` (relative, and absolute
    where numbers are near 0).

    Examples
    --------
    >>> from repsim_core.claims import claim_named
    >>> claim_named("B1").where
    'arXiv 2405.01012'
    """

    id: str  # "K1"
    paper: str  # "Kornblith et al. 2019"
    where: str  # "table 2"
    statement: str  # one sentence with the paper's finding, no full stop
    rule: str  # reproduced if ...
    run: Callable[..., Finding]
    partly: str = ""  # partly if ...; empty where the row of the rule gives none
    printed: str = ""  # the paper's own number, "99.3 %"; empty where none is known
    sure: str = IN_THE_PAPER  # how sure statement and printed number are
    quick: bool = False
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        if self.sure not in SURE:
            raise InputError(f"{self.id}: {self.sure!r} is not how a number is known; take one of {', '.join(SURE)}.")
