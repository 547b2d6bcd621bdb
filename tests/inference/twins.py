"""Definitions in plain NumPy, and data whose truth is known."""

import numpy as np


def h_centred(kernel):
    n = len(kernel)
    h = np.eye(n) - 1 / n
    return h @ kernel @ h


def u_centred(kernel):
    """Entry by entry, as Székely and Rizzo define it."""
    n = len(kernel)
    k = kernel - np.diag(np.diag(kernel))
    result = k - k.sum(0) / (n - 2) - k.sum(1)[:, None] / (n - 2) + k.sum() / ((n - 1) * (n - 2))
    return result - np.diag(np.diag(result))


def embedded(x, form=u_centred):
    x = x - x.mean(0)
    return form(x @ x.T)


def cosine(a, b):
    return np.sum(a * b) / np.sqrt(np.sum(a * a) * np.sum(b * b))


def related(rng, n, p, truth):
    """Gaussian pair whose population CKA is ``truth``: y = x + s·noise has ‖Σxy‖²/(‖Σx‖‖Σy‖) = 1/(1 + s²)."""
    x = rng.normal(size=(n, p))
    return x, (x + np.sqrt(1 / truth - 1) * rng.normal(size=(n, p)) if truth else rng.normal(size=(n, p)))


def stack(*layers, dtype=np.float64, form=u_centred):
    return np.stack([embedded(one, form) for one in layers]).astype(dtype)


def d1():
    """Data D1 of the reference file."""
    np.random.seed(1337)
    x = np.random.randn(100, 10)
    return x, np.random.randn(100, 10) + x
