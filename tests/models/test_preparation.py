import numpy as np
import pytest

from repsim_core import models
from repsim_core.errors import InputError
from repsim_core.models import Preparation, prepared_as
from repsim_core.models.preparation import preparation


def test_a_name_carries_its_preparation_and_back():
    for text, wanted in (("", Preparation()), ("~norm:off", Preparation(False)), ("~side:96", Preparation(side=96))):
        assert preparation(f"torchvision/resnet18@X{text}") == ("torchvision/resnet18@X", wanted)
        assert str(wanted) == text


def test_another_size_is_what_the_network_sees():
    own = models.load("torchvision/squeezenet1_1", weights=None)
    other = prepared_as(own, Preparation(side=96))
    assert other.name == "torchvision/squeezenet1_1~side:96"
    assert other.prepare(np.zeros((2, 3, 32, 32), np.float32)).shape == (2, 3, 96, 96)
    assert other.card.input_shape == (3, 96, 96)
    assert other.module is own.module
    assert prepared_as(models.load("zoo/shapes-cnn-s10"), Preparation(side=48)).card.test_score is None
    assert "enlarged from 32×32 to 96×96" in other.conversions((3, 32, 32))[0]


def test_without_normalisation_pixels_are_as_they_are(rng):
    from dataclasses import replace

    own = replace(models.load("torchvision/squeezenet1_1", weights=None), mean=(0.5,) * 3, std=(0.25,) * 3)
    pixels = rng.random((2, 3, 64, 64)).astype(np.float32)
    assert own.prepare(pixels).min() < 0
    np.testing.assert_array_equal(prepared_as(own, Preparation(normalised=False)).prepare(pixels).numpy(), pixels)


def test_what_a_network_cannot_do_is_refused():
    with pytest.raises(InputError, match="'norm:on' in the name of a network is no preparation; write ~norm:off"):
        preparation("zoo/x~norm:on")
    for wrong in ("side:3", "side:513", "side:-1", "side:", "side:9999999999"):
        with pytest.raises(InputError, match="from 4 to 512 pixels"):
            preparation(f"zoo/x~{wrong}")
    with pytest.raises(InputError, match="does not normalise its stimuli"):
        prepared_as(models.load("zoo/shapes-cnn-s10"), Preparation(normalised=False))
    with pytest.raises(InputError, match="low-mlp-s10 is made for pictures of 8 × 8 and cannot run on 12 × 12"):
        prepared_as(models.load("zoo/low-mlp-s10"), Preparation(side=12))
    with pytest.raises(InputError, match="takes vectors, not pictures"):
        prepared_as(models.load("zoo/wine-mlp-s10"), Preparation(side=12))
