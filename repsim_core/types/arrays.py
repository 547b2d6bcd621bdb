"""Read-only arrays and digests, shared by every type."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Stimuli = tuple[str, ...]


def read_only(array: NDArray[Any], *, copy: bool = True) -> NDArray[Any]:
    """C-contiguous read-only array; a private copy unless the caller gives up a buffer it owns."""
    owned = np.array(array, order="C") if copy else np.ascontiguousarray(array)
    owned.flags.writeable = False
    return owned


def digest(*parts: bytes | str) -> str:
    """BLAKE2b of length-prefixed parts: ``("ab", "c")`` and ``("a", "bc")`` differ."""
    hasher = hashlib.blake2b(digest_size=16)
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        hasher.update(len(raw).to_bytes(8, "little"))
        hasher.update(raw)
    return hasher.hexdigest()
