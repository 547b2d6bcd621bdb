"""NumPy files whose header lies: numbers 33 to 38, 43 and 44 of the list."""

import io
import pickle

import numpy as np

from tests.corpus import Bad
from tests.corpus.raw_zip import Part, raw_zip
from tests.corpus.written import N, claims, npy, npy_claiming, npz, responses, written


def _object_array() -> bytes:
    out = io.BytesIO()
    np.save(out, np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
    return out.getvalue()


_FOUR = np.zeros(4, "<f4").tobytes()
_NOT_NUMPY = "its header is not the dictionary numpy.save writes"

ARRAYS = [
    Bad(
        "33-no-body",
        "a.npy",
        written(npy_claiming(claims("'<f4'", "(1000, 100000)"))),
        "claims 400,000,000 bytes of numbers, but 0 follow",
    ),
    Bad(
        "33-too-large",
        "a.npy",
        written(npy_claiming(claims("'<f4'", "(1000000000,)"))),
        r"takes 4,000,000,000 bytes \(limit 2,000,000,000\)",
    ),
    Bad(
        "33-in-npz",
        "a.npz",
        written(raw_zip([Part(b"a.npy", npy_claiming(claims("'<f4'", "(1000, 1000)")))])),
        "a: its header claims 4,000,000 bytes of numbers, but 0 follow",
    ),
    Bad(
        "34-huge",
        "a.npy",
        written(npy_claiming(claims("'<f4'", "(8589934592, 8589934592)"))),
        "has an axis beyond 2,147,483,648",
    ),
    Bad(
        "34-product",
        "a.npy",
        written(npy_claiming(claims("'<f4'", "(2147483647, 2147483647)"))),
        r"\(limit 2,000,000,000\)",
    ),
    Bad(
        "34-negative",
        "a.npy",
        written(npy_claiming(claims("'<f4'", "(-1, 4)"))),
        r"its shape \(-1, 4\) is not made of whole",
    ),
    Bad("34-minus-zero", "a.npy", written(npy_claiming(claims("'<f4'", "(-0, 4)"))), "is not made of whole numbers"),
    Bad("34-boolean", "a.npy", written(npy_claiming(claims("'<f4'", "(True, 4)"))), "is not made of whole numbers"),
    Bad(
        "34-zero", "a.npy", written(npy_claiming(claims("'<f4'", "(0, 1000000000000000000)"))), "is empty; leave it out"
    ),
    Bad("34-no-tuple", "a.npy", written(npy_claiming(claims("'<f4'", "'x'"))), "is not made of whole numbers"),
    Bad(
        "34-64-axes",
        "a.npy",
        written(npy_claiming(claims("'<f4'", "(" + "1," * 64 + ")"), _FOUR[:4])),
        r"has 64 axes \(limit 5\)",
    ),
    Bad("35-object", "a.npy", written(_object_array), r"holds '\|O', Python objects, which only a pickle can hold"),
    Bad(
        "35-object-inside",
        "a.npy",
        written(npy_claiming(claims("[('a', '<f4'), ('b', '|O')]", "(4,)"))),
        "is a structured array",
    ),
    Bad("36-void", "a.npy", written(npy_claiming(claims("'|V0'", "(1000000000000,)"))), r"holds '\|V0', raw bytes"),
    Bad(
        "36-long-text",
        "a.npy",
        written(npy_claiming(claims("'<U1000000'", "(4,)"))),
        "holds '<U1000000', text; save numbers",
    ),
    Bad(
        "36-long-ids",
        "a.npz",
        written(raw_zip([Part(b"ids.npy", npy_claiming(claims("'<U1000000'", "(4,)")))])),
        r"texts of 1,000,000 characters \(limit 300\)",
    ),
    Bad(
        "37-long-header",
        "a.npy",
        written(npy_claiming(claims("'<f4'", "(4,)") + " " * 500_000, version=(2, 0))),
        r"has a header of 500,\d+ bytes \(limit 10,000\)",
    ),
    Bad(
        "37-version",
        "a.npy",
        written(npy_claiming(claims("'<f4'", "(1,)"), _FOUR[:4], version=(9, 9))),
        r"an array of version 9\.9",
    ),
    Bad(
        "37-brackets",
        "a.npy",
        written(npy_claiming("{'descr': '<f4', 'shape': ((((4,), 'fortran_order': False}", _FOUR)),
        _NOT_NUMPY,
    ),
    Bad("37-many-brackets", "a.npy", written(npy_claiming("(" * 9000)), _NOT_NUMPY),
    Bad(
        "37-call",
        "a.npy",
        written(npy_claiming("{'descr': len('<f4'), 'fortran_order': False, 'shape': (1,)}")),
        _NOT_NUMPY,
    ),
    Bad("37-repeated", "a.npy", written(npy_claiming(claims("'<f4'", "(4,)", "'shape': (2,)"), _FOUR)), _NOT_NUMPY),
    Bad("37-more-keys", "a.npy", written(npy_claiming(claims("'<f4'", "(4,)", "'code': 'x'"), _FOUR)), _NOT_NUMPY),
    Bad(
        "37-fields-elsewhere",
        "a.npy",
        written(npy_claiming("{'descr': '<f4', 'fortran_order': False, 'shape': [1]}")),
        _NOT_NUMPY,
    ),
    Bad("37-fewer-keys", "a.npy", written(npy_claiming("{'descr': '<f4', 'shape': (4,)}", _FOUR)), _NOT_NUMPY),
    Bad(
        "37-order",
        "a.npy",
        written(npy_claiming("{'descr': '<f4', 'fortran_order': 'no', 'shape': (4,)}", _FOUR)),
        "fortran_order is neither True nor False",
    ),
    Bad("37-no-descr", "a.npy", written(npy_claiming(claims("True", "(4,)"), _FOUR)), "names no kind of number"),
    Bad("37-cut", "a.npy", written(npy(responses())[:40]), "ends within its header"),
    Bad("37-ten-bytes", "a.npy", written(npy(responses())[:10]), "is no NumPy array"),
    Bad("38-trailing", "a.npy", written(npy(responses()) + b"x"), "claims 160 bytes of numbers, but 161 follow"),
    Bad("38-short", "a.npy", written(npy(responses())[:-1]), "claims 160 bytes of numbers, but 159 follow"),
    Bad("43-dates", "a.npz", npz(a=np.zeros((N, 2), "M8[s]")), "a holds '<M8.s.', dates"),
    Bad("43-spans", "a.npz", npz(a=np.zeros((N, 2), "m8[s]")), "a holds '<m8.s.', time spans"),
    Bad("43-complex", "a.npz", npz(a=np.zeros((N, 2), "c8")), "a holds '<c8', complex numbers"),
    Bad("43-structured", "a.npz", npz(a=np.zeros(N, [("x", "f4"), ("y", "f4")])), "a is a structured array"),
    Bad("43-text", "a.npz", npz(a=np.array(["x"] * N)), "a holds '<U1', text"),
    Bad("43-wide", "a.npz", npz(a=np.zeros((N, 2), np.longdouble)), "a holds '<f16', numbers of a width not read here"),
    Bad("43-bfloat16", "a.npz", npz(a=np.zeros((N, 2), "V2")), r"raw bytes \(bfloat16, perhaps\)"),
    Bad("44-pickle", "a.npy", written(pickle.dumps({"a": 1}, 3)), "is a Python pickle"),
    Bad(
        "44-pickle-in-npz",
        "a.npz",
        written(raw_zip([Part(b"a.npy", pickle.dumps({"a": list(range(50))}, 4))])),
        "a is a Python pickle",
    ),
]
