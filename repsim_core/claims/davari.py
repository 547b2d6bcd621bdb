"""CKA can be moved while nothing that is read out of a layer changes (Davari et al. 2023)."""

from repsim_core.claims.claim import Claim

CLAIMS: tuple[Claim, ...] = ()
