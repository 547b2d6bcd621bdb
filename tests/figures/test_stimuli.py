"""Sheets of stimuli: pairs, and pictures too large to be shown whole."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from repsim_core.figures.stimuli import stimuli_grid, stimuli_pairs


def pixels(figure):
    raw = base64.b64decode(figure.data[0].source.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(raw)))


def test_a_shifted_picture_stands_below_its_clean_one():
    clean = np.zeros((3, 1, 8, 8), np.float32)
    clean[1] = 1
    figure = stimuli_pairs(clean, 1 - clean, ["a", "b", "c"])
    sheet = pixels(figure)
    tall = wide = 56  # eight pixels, seven fold
    gap, line = 5, 18
    tops = [sheet[0, k * (wide + gap), 0] for k in range(3)]
    below = [sheet[tall + line, k * (wide + gap), 0] for k in range(3)]
    assert tops == [0, 255, 0]
    assert below == [255, 0, 255]
    assert [one.text for one in figure.layout.annotations] == ["a", "b", "c", "shifted", "shifted", "shifted"]


@pytest.mark.parametrize("side", [224, 225, 512])
def test_large_pictures_are_reduced_by_averages(side):
    board = np.indices((side, side)).sum(axis=0) % 2  # black and white by turns
    sheet = pixels(stimuli_grid(np.broadcast_to(board, (2, 1, side, side)).astype(np.float32), ["a", "b"], columns=2))
    factor = side // 112
    assert sheet.shape[0] < 112 + 80
    shown = sheet[: side // factor, : side // factor, 0]
    # Blocks of an even side hold as many white pixels as black ones: 127.5, cut to 127.
    assert (shown == 127).all()
