"""What a lab is: steps that ask first, then show, then explain. Nothing here draws or computes by itself.

``small_n.py`` is the worked example. A lab is a module with ``LAB = Lab(...)`` and one line in ``catalogue.py``.

* ``Step.result`` is a function without arguments that returns the step's result: ``recorded("K1")`` for what is
  packaged, or a pure computation of the core that takes less than about a second. The page calls it once and keeps it.
* Every other function takes that result: ``guess.answer``, ``view.figure``, ``view.table``, ``reading``, ``explain``.
* No number is typed in a sentence: ``explain`` and ``reading`` are filled from the result. What a paper prints is typed
  once, in ``Printed``, with its table or figure and how sure it is.
* Figures come from ``repsim_core.figures``; a new one goes to a module ``repsim_core/figures/labs_*.py``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from repsim_core.claims.claim import IN_THE_PAPER


@dataclass(frozen=True)
class Choice:
    """A guess among a few answers; ``answer`` says which of ``options`` the result shows."""

    options: tuple[str, ...]
    answer: Callable[[Any], str]


@dataclass(frozen=True)
class Number:
    """A guess on a slider; ``answer`` is the measured number, in the same unit.

    ``form`` formats guess and answer alike, such as ``"{:.2f}"`` or ``"{:.0%}"`` (of a share from 0 to 1).
    """

    low: float
    high: float
    step: float
    answer: Callable[[Any], float]
    form: str = "{:.2f}"


@dataclass(frozen=True)
class View:
    """The figure of a step and its table twin; ``alt`` is a fixed sentence for those who do not see it."""

    figure: Callable[[Any], go.Figure]
    table: Callable[[Any], pd.DataFrame]
    alt: str


@dataclass(frozen=True)
class Printed:
    """What the paper reports, where, and how sure that is: one of ``repsim_core.claims.SURE``."""

    text: str  # "99.3 % of the layers"
    where: str  # "Kornblith et al. 2019, table 2"
    sure: str = IN_THE_PAPER


@dataclass(frozen=True)
class TryIt:
    """The page that shows the same thing with every control, in exactly the state of the step.

    ``query`` has the parameters of that page's address as text (``a``, ``b``, ``ds``, ``n``, ``seed``, ``m``, ...); say
    ``run="1"`` where the page should compute at once.
    """

    page: str  # "layer_map"
    query: Mapping[str, str | list[str]]

    def __hash__(self) -> int:
        return hash(self.page)


@dataclass(frozen=True)
class Step:
    """A question, a guess, what the run shows, and why."""

    question: str  # ends with a question mark
    guess: Choice | Number
    result: Callable[[], Any]
    view: View
    reading: Callable[[Any], str]  # the measured number with spread and n: "0.924 ± 0.002 (SD over 20 draws), n = 20"
    explain: Callable[[Any], str]  # two sentences
    try_it: TryIt | None = None
    paper: Printed | None = None  # None where no paper prints a number for it
    before: str = ""  # what has to be known to guess, one or two sentences


@dataclass(frozen=True)
class Lab:
    """A finding in four to seven steps; the page adds the last one, the verdicts of its claims."""

    id: str  # in the address: "small-n"
    title: str
    paper: str
    claim: str  # one sentence
    minutes: int
    steps: tuple[Step, ...]
    claims: tuple[str, ...]  # ids of repsim_core.claims whose verdicts end the lab
    pictured: int = field(default=0)  # the step whose figure is the thumbnail
