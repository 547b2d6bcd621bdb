"""What the alignment of the shipped networks was when it was recorded, and which claims of the paper it bears out.

``scripts/record_alignment.py`` writes the file; the tests compute a part of it again and check every claim.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from repsim_core.experiments.tasks import ALL

FILE = Path(__file__).with_name("recorded_alignment.json")
RELATED, UNRELATED = "related", "unrelated"
# Source, dataset, task → what it has to do with what the source was trained on, said before anything was computed:
# related if the answer is a function of classes it learnt, or the classes are the same in another drawing.
_BINARY = {"four and up": RELATED, "six and up": RELATED, "odd": UNRELATED, "bright": UNRELATED}
_TEN = {"odd": RELATED, "five and up": RELATED, "bright": UNRELATED}
TRANSFERS: tuple[tuple[str, str, dict[str, str]], ...] = (
    *((f"zoo/low-mlp-{one}", "digits", _BINARY) for one in ("s10", "tanh-s10", "sgd-s10", "d2-s10", "d6-s10")),
    *((f"zoo/digits-cnn-{seed}", "digits", _TEN) for seed in ("s10", "s11")),
    ("zoo/shapes-cnn-s10", "shapes_sketch", {ALL: RELATED, "bright": UNRELATED}),
    ("zoo/digits04-cnn-s10", "digits_5_9", {ALL: RELATED}),
)


@dataclass(frozen=True)
class Claim:
    """A claim of the paper, in how many networks or tasks the zoo shows it, and the numbers of those that do not."""

    name: str
    claim: str
    held: int
    tried: int
    numbers: str

    @property
    def verdict(self) -> str:
        """``shown``, ``partly`` or ``not here``."""
        return "shown" if self.held == self.tried else "partly" if 2 * self.held > self.tried else "not here"


@cache
def recorded() -> dict[str, pd.DataFrame]:
    """The tables ``families`` and ``transfers`` as they were written."""
    content = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: pd.DataFrame(content[name]) for name in ("families", "transfers")}


def last_layers(families: pd.DataFrame) -> pd.DataFrame:
    """The line of the last hidden layer of each network and form."""
    rows = families.groupby(["model", "form"], sort=False)["place"].idxmax()
    return families.loc[rows].reset_index(drop=True)


def last_hidden_gains(transfers: pd.DataFrame) -> pd.DataFrame:
    """The last layer before the head for each source, dataset, task and form, with what training added to both."""
    rows = transfers[transfers["layer"] != "head"]
    rows = rows.loc[rows.groupby(["source", "dataset", "task", "form"], sort=False)["depth"].idxmax()]
    return rows.assign(
        **{
            "area gained": rows["area"] - rows["initial area"],
            "score gained": rows["score"] - rows["initial score"],
        }
    ).reset_index(drop=True)


def claims(form: str = "published") -> list[Claim]:
    """Every claim with its count, from the recorded tables."""
    families = recorded()["families"].query("form == @form")
    last = last_layers(families)
    ordered = _rising(families)
    low = last[last["dataset"] == "digits_low"]
    usual = low[(low["activation"] == "relu") & (low["optimiser"] == "adam") & (low["width"] == 128)]
    shuffled = last[last["dataset"] == "digits_low_shuffled"]
    start = families[(families["dataset"] == "digits_low_shuffled") & (families["place"] == 0)]
    found = [
        _counted(
            "training",
            "Training raises the alignment of the last hidden layer",
            last["trained"] > last["initial"],
            last["model"] + ": " + last["initial"].map("{:.3f}".format) + " → " + last["trained"].map("{:.3f}".format),
        ),
        _counted(
            "layers",
            "Layers nearer the output are more aligned (rank correlation of place and area at least 0.9)",
            ordered["rho"] >= 0.9,
            ordered["model"] + ": ρ = " + ordered["rho"].map("{:.2f}".format) + ", " + ordered["areas"],
        ),
        _depth(usual),
        _counted(
            "shuffled",
            "A network trained on shuffled labels aligns with them (last hidden layer over ten times the input)",
            shuffled["trained"].to_numpy() > 10 * start["trained"].to_numpy(),
            shuffled["model"]
            + ": input "
            + start["trained"].map("{:.3f}".format).to_numpy()
            + ", last hidden layer "
            + shuffled["trained"].map("{:.3f}".format),
        ),
    ]
    gains = last_hidden_gains(recorded()["transfers"].query("form == @form"))
    words = (
        gains["source"].str.removeprefix("zoo/")
        + " on "
        + gains["dataset"]
        + ", "
        + gains["task"]
        + ": area "
        + gains["area gained"].map("{:+.3f}".format)
        + ", score "
        + gains["score gained"].map("{:+.3f}".format)
    )
    for relation, sign, verb in ((RELATED, 1, "gains"), (UNRELATED, -1, "loses")):
        own = gains["relation"] == relation
        for name, of in (("area gained", "alignment"), ("score gained", "the score from 100 labels")):
            found.append(
                _counted(
                    f"{relation} {of.split()[-1]}",
                    f"On {'a' if sign > 0 else 'an'} {relation} task {of} {verb} by training on the source",
                    sign * gains.loc[own, name] > 0,
                    words[own],
                )
            )
    return found


def _rising(families: pd.DataFrame) -> pd.DataFrame:
    """Rank correlation of place and area over input and hidden layers, a line a trained network."""
    rows = []
    for model, own in families.groupby("model", sort=False):
        own = own.sort_values("place")
        rho = _rank_correlation(own["place"], own["trained"])
        rows.append({"model": model, "rho": rho, "areas": " ".join(f"{one:.3f}" for one in own["trained"])})
    return pd.DataFrame(rows)


def _depth(usual: pd.DataFrame) -> Claim:
    ordered = usual.sort_values("depth")
    rho = _rank_correlation(ordered["depth"], ordered["trained"])
    areas = ", ".join(f"{d}: {a:.3f}" for d, a in zip(ordered["depth"], ordered["trained"], strict=True))
    held = int(rho >= 0.8)
    claim = "Deeper networks end higher (rank correlation of hidden layers and last area at least 0.8)"
    return Claim("depth", claim, held, 1, f"hidden layers and area: {areas}; ρ = {rho:.2f}")


def _rank_correlation(one: pd.Series, other: pd.Series) -> float:
    from scipy.stats import spearmanr  # here, since importing it takes a while

    return float(spearmanr(one, other).statistic)


def _counted(name: str, claim: str, holds: "pd.Series[bool] | np.ndarray", words: "pd.Series[str]") -> Claim:
    """How often it holds; the numbers of the exceptions, or of all where there is none."""
    mask = np.asarray(holds, dtype=bool)
    shown = words[~mask] if not mask.all() else words
    return Claim(name, claim, int(mask.sum()), len(mask), "; ".join(one.removeprefix("zoo/") for one in shown))
