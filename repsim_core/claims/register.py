"""All claims by their id, in the order of the papers."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from repsim_core.claims.claim import Claim
from repsim_core.errors import InputError, unknown_name

# Each has ``CLAIMS``, a tuple of claims. One line a module.
MODULES: tuple[str, ...] = (
    "kornblith",
    "barannikov",
    "swider",
    "hayne",
    "imani",
    "bias",
    "invariance",
    "davari",
)


@cache
def claims() -> Mapping[str, Claim]:
    """Every claim; the papers' modules are imported by the first call."""
    found: dict[str, Claim] = {}
    for name in MODULES:
        for one in import_module(f"repsim_core.claims.{name}").CLAIMS:
            if one.id in found:
                raise InputError(f"Two claims are called {one.id}; give one of them another id.")
            found[one.id] = one
    return MappingProxyType(found)


def claim_named(id: str) -> Claim:
    """One claim, or the nearest ids."""
    if id not in claims():
        raise unknown_name("claim", id, claims())
    return claims()[id]
