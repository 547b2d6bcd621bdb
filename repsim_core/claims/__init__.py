"""What the papers claim, measured on the networks and data that ship, with a verdict by rules stated beforehand.

A claim is declared with its rule in the module of its paper and run by one function, which returns a
:class:`Finding`. Records of all findings ship; ``repsim labs --all`` computes them again.
"""

from repsim_core.claims.claim import DERIVED, FROM_MEMORY, IN_THE_CODE, IN_THE_PAPER, RECOMPUTED, SURE, Claim
from repsim_core.claims.finding import NOT_ATTEMPTED, VERDICTS, Finding, Measured
from repsim_core.claims.recorded import recorded, recorded_findings, write_record
from repsim_core.claims.register import claim_named, claims
from repsim_core.claims.table import in_words, verdict_table
from repsim_core.claims.verdict import found, measured, not_attempted, verdict_of

__all__ = [
    "DERIVED",
    "FROM_MEMORY",
    "IN_THE_CODE",
    "IN_THE_PAPER",
    "NOT_ATTEMPTED",
    "RECOMPUTED",
    "SURE",
    "VERDICTS",
    "Claim",
    "Finding",
    "Measured",
    "claim_named",
    "claims",
    "found",
    "in_words",
    "measured",
    "not_attempted",
    "recorded",
    "recorded_findings",
    "verdict_of",
    "verdict_table",
    "write_record",
]
