"""The verdicts on all claims as one Markdown table, made from the records and never typed."""

from repsim_core.claims.claim import Claim
from repsim_core.claims.finding import Finding, Measured
from repsim_core.claims.recorded import recorded_findings
from repsim_core.claims.register import claims

HEAD = ("| claim | paper, where | what it says | measured here | verdict |", "|---|---|---|---|---|")


def verdict_table() -> str:
    """One line a claim: id, paper, statement, what was measured on each dataset, verdict."""
    records = recorded_findings()
    return "\n".join([*HEAD, *(_line(one, records[id]) for id, one in claims().items())]) + "\n"


def _line(claim: Claim, finding: Finding) -> str:
    numbers = "; ".join(in_words(one) for one in finding.by_data.values()) or finding.note
    cells = (claim.id, f"{claim.paper}, {claim.where}", claim.statement, numbers, f"**{finding.verdict}**")
    return "| " + " | ".join(one.replace("|", "\\|") for one in cells) + " |"


def in_words(one: Measured) -> str:
    """``digits: share of twins 0.962 ± 0.03 (SD over 5), 4 of 5 hold``."""
    spread = f" ± {one.spread:.2g} (SD over {one.n})" if one.spread == one.spread else ""
    return f"{one.data}: {one.number} {one.mean:.3g}{spread}, {one.held} of {one.n} hold"
