"""Findings as they ship: one file a claim, written by ``repsim labs --all``, read in milliseconds."""

from functools import lru_cache
from pathlib import Path

from repsim_core.claims.finding import Finding
from repsim_core.claims.register import claim_named, claims
from repsim_core.claims.verdict import not_attempted

FOLDER = Path(__file__).with_name("recorded")
NO_RECORD = "It has not been run; `repsim labs {id} --record` does."


@lru_cache(maxsize=64)
def recorded(id: str) -> Finding:
    """The shipped finding of a claim; ``not attempted`` where there is none.

    Raises
    ------
    UnknownNameError
        If there is no such claim.
    FormatError
        If its file is damaged.
    """
    path = FOLDER / f"{id}.json"
    if id.isalnum() and path.is_file():  # without the register, which imports every paper's module
        return Finding.load(path)
    return not_attempted(claim_named(id).id, NO_RECORD.format(id=id))


def recorded_findings() -> dict[str, Finding]:
    """The shipped finding of every claim."""
    return {id: recorded(id) for id in claims()}


def write_record(finding: Finding) -> Path:
    """Keep a finding as the one that ships; its path."""
    path = FOLDER / f"{finding.id}.json"
    finding.save(path)
    recorded.cache_clear()
    return path
