"""Files of recorded responses that cannot be compared: number 65 of the list."""

from typing import Any

import numpy as np

from tests.corpus import Bad
from tests.corpus.raw_zip import Part, raw_zip
from tests.corpus.safetensors_files import tensor, tensors
from tests.corpus.written import Make, N, claims, npy, npy_claiming, npz, responses, written


def _with(**beside: Any) -> Make:
    return npz(layer=responses(), **{name: np.array(values) for name, values in beside.items()})


_IDS = [f"s{i}" for i in range(N)]

RESPONSES = [
    Bad("65-n-0", "a.npz", npz(a=np.zeros((0, 5), "f4")), r"a of shape \(0, 5\) is empty"),
    Bad("65-n-1", "a.npz", npz(a=responses(1)), r"responses to 1 stimuli \(4 to 20,000 are read\)"),
    Bad("65-n-3", "a.npz", npz(a=responses(3)), r"responses to 3 stimuli \(4 to 20,000 are read\)"),
    Bad("65-n-20001", "a.npz", npz(a=responses(20_001, 1)), r"responses to 20,001 stimuli \(4 to 20,000"),
    Bad("65-d-0", "a.npz", npz(a=np.zeros((5, 0), "f4")), r"a of shape \(5, 0\) is empty"),
    Bad("65-d-200001", "a.npz", npz(a=np.zeros((4, 200_001), "i1")), r"a has 200,001 units a stimulus \(1 to 200,000"),
    Bad(
        "65-all-equal",
        "a.npz",
        npz(a=np.ones((N, 5), "f4"), b=np.full((N, 2), 3.0)),
        "no layer varies over its 8 stimuli",
    ),
    Bad("65-different-n", "a.npz", npz(a=responses(8), b=responses(7)), "a has 8 rows and b 7"),
    Bad("65-6-d", "a.npz", npz(a=np.zeros((N, 1, 1, 1, 1, 2), "f4")), r"a has 6 axes \(limit 5\)"),
    Bad("65-no-layer", "a.npz", npz(ids=np.array(_IDS)), "holds no layer, only ids"),
    Bad("65-only-scalar", "a.npz", npz(n=np.array(3)), "holds no layer, only n"),
    Bad("65-ids-repeat", "a.npz", _with(ids=["a"] * N), "the id a stands for two stimuli"),
    Bad("65-ids-short", "a.npz", _with(ids=_IDS[1:]), r"ids has shape \(7,\) for 8 stimuli"),
    Bad("65-ids-floats", "a.npz", _with(ids=np.arange(N) / 2), "ids are broken numbers"),
    Bad("65-ids-script", "a.npz", _with(ids=["<b>", *_IDS[1:]]), "the stimulus name <b> holds the character <"),
    Bad(
        "65-ids-bytes",
        "a.npz",
        _with(ids=np.array([b"\xff%d" % i for i in range(N)])),
        "ids holds bytes that are not UTF-8",
    ),
    Bad(
        "65-ids-no-unicode",
        "a.npz",
        written(
            lambda: raw_zip(
                [
                    Part(b"ids.npy", npy_claiming(claims("'<U1'", f"({N},)"), b"\xff\xff\xff\x7f" * N)),
                    Part(b"a.npy", npy(responses())),
                ]
            )
        ),
        "ids holds text that is not Unicode",
    ),
    Bad("65-ids-axes", "a.npz", _with(ids=[["a"]] * N), "ids is text with 2 axes"),
    Bad(
        "65-labels-one-hot",
        "a.npz",
        _with(labels=np.eye(N)),
        r"labels has shape \(8, 8\).*of one-hot rows, their argmax",
    ),
    Bad("65-labels-nan", "a.npz", _with(labels=np.full(N, np.nan)), "labels holds a number that is not finite"),
    Bad(
        "65-labels-beyond",
        "a.npz",
        _with(labels=np.arange(N), classes=["a", "b"]),
        "whole numbers from 0 to 1, one for each of its 2 classes",
    ),
    Bad(
        "65-labels-text-and-classes",
        "a.npz",
        _with(labels=_IDS, classes=_IDS),
        "labels has to be whole numbers from 0 to 7",
    ),
    Bad(
        "65-classes-axes",
        "a.npz",
        _with(labels=np.arange(N), classes=np.zeros((2, 2), int)),
        r"classes has shape \(2, 2\)",
    ),
    Bad(
        "65-ids-json",
        "a.safetensors",
        tensors({"__metadata__": {"ids": "[1, 2]"}, "a": tensor([4, 1], 0, 16)}, bytes(range(16))),
        "ids in its metadata is not a JSON list of texts",
    ),
]
