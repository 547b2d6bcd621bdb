"""Files that are none of ours: each is named for what it is, with the line that exports what we take."""

import io
import pickle
import tarfile

import numpy as np

from tests.corpus import Bad
from tests.corpus.raw_zip import Part, raw_zip
from tests.corpus.written import written


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.npy"))
    return out.getvalue()


KINDS = [
    Bad("1-empty", "weights.pt", written(b""), r"is empty \(0 bytes\)"),
    Bad("2-text", "weights.pt", written(b"these are no weights\n"), "is a text file.*safetensors.torch.save_file"),
    Bad("T6-hdf5", "model.h5", written(b"\x89HDF\r\n\x1a\n" + bytes(500)), r"is an HDF5 file \(Keras.*numpy.savez"),
    Bad(
        "T6-onnx", "model.onnx", written(b"\x08\x08\x12\x07pytorch\x1a\x052.1.0"), "is an ONNX model.*torch.export.save"
    ),
    Bad(
        "T6-joblib",
        "model.joblib",
        written(pickle.dumps({"a": [1]}, 4)),
        r"is a Python pickle \(or joblib.*can run any",
    ),
    Bad("T6-pickle-2", "w.pt", written(pickle.dumps({"a": 1}, 2)), "is a Python pickle, .*safetensors.torch.save_file"),
    Bad("T6-gzip", "d.zip", written(b"\x1f\x8b\x08" + bytes(40)), r"is a gzip archive.*only \.zip archives are read"),
    Bad("T6-tar", "d.zip", written(_tar), r"is a tar archive.*only \.zip archives are read"),
    Bad("T6-7z", "d.zip", written(b"7z\xbc\xaf\x27\x1c" + bytes(40)), "is a 7z archive"),
    Bad("T6-rar", "d.zip", written(b"Rar!\x1a\x07\x01\x00" + bytes(40)), "is a RAR archive"),
    Bad("T6-png", "a.png", written(b"\x89PNG\r\n\x1a\n" + bytes(40)), "is a single PNG picture.*one folder of PNG"),
    Bad("T6-eps", "a.png", written(b"%!PS-Adobe-3.0 EPSF-3.0\n"), "is a PostScript document"),
    Bad("T6-html", "w.pt", written(b"<!doctype html><title>404</title>"), "is a web page or XML.*in place of the file"),
    Bad("T6-json", "w.json", written(b'{"a": [1, 2]}'), "is a JSON file"),
    Bad(
        "T6-lfs",
        "w.safetensors",
        written(b"version https://git-lfs.github.com/spec/v1\n"),
        "Git LFS pointer.*git lfs pull",
    ),
    Bad("T6-program", "w.pt", written(b"\x7fELF" + bytes(60)), "is a program"),
    Bad("T6-script", "w.pt", written(b"#!/bin/sh\necho\n"), "is a script"),
    Bad("T6-random", "w.pt", written(np.random.default_rng(1).bytes(5000)), "is of no known form"),
    Bad("T6-keras", "m.keras", written(raw_zip([Part(b"config.json"), Part(b"model.weights.h5")])), "is a Keras model"),
    Bad("T6-office", "d.zip", written(raw_zip([Part(b"[Content_Types].xml")])), "is an office document"),
]
