import numpy as np
import pytest
import torch
from torch import nn

from repsim_core.errors import ShapeError
from repsim_core.models import Model
from repsim_core.models.model import weights_digest


def model(shape, mean=(), std=()):
    return Model("toy", nn.Identity(), None, shape, "", mean, std)


def test_stimuli_of_the_right_shape_pass_untouched():
    x = np.random.default_rng(0).random((4, 1, 8, 8)).astype(np.float32)
    assert np.array_equal(model((1, 8, 8)).prepare(x).numpy(), x)
    assert model((1, 8, 8)).conversions((1, 8, 8)) == ()


def test_the_tensor_is_a_copy_and_may_come_from_read_only_memory():
    x = np.zeros((2, 3), dtype=np.float32)
    x.flags.writeable = False
    model((3,)).prepare(x).add_(1)
    assert x.max() == 0


def test_grey_is_repeated_and_colour_becomes_luminance():
    grey = torch.rand(2, 1, 4, 4)
    assert torch.equal(model((3, 4, 4)).prepare(grey), grey.repeat(1, 3, 1, 1))
    assert model((3, 4, 4)).conversions((1, 4, 4)) == ("Grey values are repeated in three colour channels.",)
    colour = torch.zeros(1, 3, 2, 2)
    colour[:, 1] = 1  # pure green has luminance 0.587
    assert model((1, 2, 2)).prepare(colour).flatten().tolist() == pytest.approx([0.587] * 4)
    assert model((1, 2, 2)).conversions((3, 2, 2)) == ("Colours are reduced to their luminance.",)


def test_sizes_are_interpolated():
    # Four pixels to one with antialiasing: their mean. A constant stays constant when enlarged.
    assert model((1, 1, 1)).prepare(np.array([[[[0.0, 1.0], [1.0, 0.0]]]])).item() == pytest.approx(0.5)
    assert torch.allclose(model((1, 9, 9)).prepare(torch.full((1, 1, 4, 4), 0.3)), torch.full((1, 1, 9, 9), 0.3))
    assert model((1, 64, 64)).conversions((1, 8, 8)) == ("Inputs are enlarged from 8×8 to 64×64.",)
    assert model((1, 8, 8)).conversions((1, 32, 32)) == ("Inputs are reduced from 32×32 to 8×8.",)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("shape", [(300, 260), (224, 301), (256, 256)])
def test_large_pictures_are_resized_and_cropped_as_the_transforms_of_the_weights_do(rng, interpolation, shape):
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms._presets import ImageClassification

    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    theirs = ImageClassification(crop_size=224, resize_size=232, interpolation=InterpolationMode(interpolation))
    # A coarse picture enlarged: bicubic never leaves [0, 1], where ours is held as a picture's grey values are.
    pictures = torch.from_numpy(0.3 + 0.4 * rng.random((2, 3, *shape))).float()
    ours = Model("toy", nn.Identity(), None, (3, 224, 224), "", mean, std, 232, interpolation)
    assert torch.allclose(ours.prepare(pictures), theirs(pictures), atol=1e-6)
    resized = f"The shorter side is resized from {min(shape)} to 232 ({interpolation}), and the middle 224×224 is kept"
    assert ours.conversions((3, *shape))[0].startswith(resized)


def test_small_pictures_are_enlarged_whole_so_that_nothing_is_cut():
    ours = Model("toy", nn.Identity(), None, (3, 224, 224), "", resize=256)
    assert ours.conversions((3, 8, 8)) == ("Inputs are enlarged from 8×8 to 224×224.",)
    edge = torch.zeros(1, 3, 8, 8)
    edge[:, :, 0] = 1
    assert ours.prepare(edge)[0, 0, 0].min() == 1
    assert ours.conversions((3, 224, 224)) == ()


def test_normalisation_comes_last_and_per_channel():
    out = model((3, 1, 1), (0.5, 0.25, 0.0), (0.5, 0.25, 2.0)).prepare(np.ones((1, 1, 1, 1)))
    assert out.flatten().tolist() == [1.0, 3.0, 0.5]
    assert model((1, 1, 1), (0.5,), (0.25,)).conversions((1, 1, 1)) == (
        "Pixels are normalised by mean 0.5 and standard deviation 0.25.",
    )


def test_every_conversion_has_its_sentence():
    assert len(model((3, 64, 64), (0.5,) * 3, (0.2,) * 3).conversions((1, 8, 8))) == 3


@pytest.mark.parametrize(
    ("wanted", "given", "way_out"),
    [
        ((1, 8, 8), (13,), "choose a dataset of pictures, or a model made for"),
        ((13,), (1, 8, 8), "choose a dataset of vectors of 13 numbers"),
        ((13,), (10,), "choose a dataset of vectors of 13 numbers"),
        ((3, 8, 8), (2, 8, 8), "choose a dataset of pictures"),
    ],
)
def test_no_way_between_two_shapes_is_refused_with_both(wanted, given, way_out):
    import re

    message = re.escape(f"toy takes inputs of shape {wanted}, but these stimuli have shape {given}; {way_out}")
    with pytest.raises(ShapeError, match=message):
        model(wanted).conversions(given)
    with pytest.raises(ShapeError, match=message):
        model(wanted).prepare(np.zeros((2, *given)))


def test_the_digest_changes_with_one_bit_of_a_weight_or_buffer():
    net = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    before = weights_digest(net)
    assert weights_digest(net) == before
    with torch.no_grad():
        net[0].weight[0, 0] = torch.nextafter(net[0].weight[0, 0], torch.tensor(9.0))
    changed = weights_digest(net)
    assert changed != before
    net[1].running_mean += 1
    assert weights_digest(net) not in (before, changed)
