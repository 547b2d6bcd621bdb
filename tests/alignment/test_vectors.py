"""Singular vectors of two layers: cosines, signs, blocks, angles, the rule for k, refusals."""

import numpy as np
import pytest

from repsim_core.alignment import left_vectors, singular_vector_alignment
from repsim_core.errors import DegenerateError, FormatError, InputError, StimulusMismatchError
from repsim_core.types import Representation, SingularAlignment


def layer(rng, n=40, spectrum=(8, 4, 2, 1)):
    """Centred, with these singular values."""
    basis = np.linalg.qr(np.hstack([np.ones((n, 1)), rng.normal(size=(n, len(spectrum)))]))[0][:, 1:]
    return basis * np.array(spectrum, float), basis


def test_a_rotated_copy_has_the_same_vectors(rng):
    x, _ = layer(rng)
    found = singular_vector_alignment(x, x @ np.linalg.qr(rng.normal(size=(4, 4)))[0] + 5)
    assert found.k == 4
    assert found.cosines == pytest.approx(np.eye(4), abs=1e-12)
    assert found.principal_angles == pytest.approx(np.zeros(4), abs=1e-7)
    assert found.singular_values_x == pytest.approx([8, 4, 2, 1])


def test_stretching_other_directions_permutes_the_vectors(rng):
    x, basis = layer(rng)
    found = singular_vector_alignment(x, basis * np.array([1, 2, 4, 8.0]), k=4)
    assert found.cosines == pytest.approx(np.eye(4)[::-1], abs=1e-12)
    assert found.best_match.tolist() == [3, 2, 1, 0]
    top = singular_vector_alignment(x, basis * np.array([1, 2, 4, 8.0]), k=2)
    # The first two of one are the last two of the other: all angles are right.
    assert top.principal_angles == pytest.approx([np.pi / 2] * 2)


def test_cosines_are_those_of_the_definition_up_to_sign(rng):
    x, y = rng.normal(size=(30, 6)), rng.normal(size=(30, 50))
    found = singular_vector_alignment(x, y, k=5)
    u, v = (np.linalg.svd(one - one.mean(axis=0), full_matrices=False)[0][:, :5] for one in (x, y))
    assert np.abs(found.cosines) == pytest.approx(np.abs(u.T @ v), abs=1e-10)
    assert np.cos(found.principal_angles) == pytest.approx(np.linalg.svd(u.T @ v, compute_uv=False), abs=1e-10)
    assert found.vectors_x.T @ found.vectors_y == pytest.approx(found.cosines, abs=1e-12)
    swapped = singular_vector_alignment(y, x, k=5)
    assert np.abs(swapped.cosines) == pytest.approx(np.abs(found.cosines.T), abs=1e-10)


def test_signs_are_fixed_by_their_rules(rng):
    x, y = rng.normal(size=(30, 6)), rng.normal(size=(30, 5))
    vectors, values = left_vectors(x, 4)
    assert (vectors.max(axis=0) == np.abs(vectors).max(axis=0)).all()
    assert len(values) == 6
    cosines = singular_vector_alignment(x, y, k=5).cosines
    assert (cosines[np.abs(cosines).argmax(axis=0), range(5)] > 0).all()
    flipped = singular_vector_alignment(-x, -y, k=5)
    assert np.abs(flipped.cosines) == pytest.approx(np.abs(cosines))


def test_equal_singular_values_are_one_block_and_their_span_is_kept(rng):
    x, basis = layer(rng, spectrum=(8, 3, 3, 1))
    found = singular_vector_alignment(x, basis[:, [0, 1, 2]] * np.array([8, 3, 3.0]), k=3)
    assert found.blocks_x.tolist() == found.blocks_y.tolist() == [0, 1, 1]
    inner = found.cosines[1:, 1:]
    assert inner @ inner.T == pytest.approx(np.eye(2), abs=1e-9)  # a rotation within the block
    assert found.notes == ()
    cut = singular_vector_alignment(x, x, k=2)
    assert cut.notes[0] == "k = 2 cuts through directions of array/x that cannot be told apart; take another k."


def test_near_values_of_float32_are_a_block_and_of_float64_not(rng):
    x, _ = layer(rng, spectrum=(8, 3, 3 - 1e-5))
    assert singular_vector_alignment(x, x).blocks_x.tolist() == [0, 1, 2]
    assert singular_vector_alignment(x.astype("float32"), x).blocks_x.tolist() == [0, 1, 1]


def test_k_follows_its_rule(rng):
    x, _ = layer(rng, spectrum=(10, 1, 0.5))  # 100, 1, 0.25: one direction has 98.8 %, two 99.8 %
    y, _ = layer(rng, spectrum=(3, 3, 3, 3))
    found = singular_vector_alignment(x, y)
    assert found.k == 2
    assert found.recipe["rule"].startswith("the fewer directions")
    assert singular_vector_alignment(x, y, k=3).recipe["rule"] == ""
    many = rng.normal(size=(100, 60))
    assert singular_vector_alignment(many, many).k == 20


def test_unrelated_layers_have_the_chance_they_say(rng):
    found = singular_vector_alignment(rng.normal(size=(400, 20)), rng.normal(size=(400, 20)), k=20)
    assert np.sqrt((found.cosines**2).mean()) == pytest.approx(found.chance, rel=0.2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda x: singular_vector_alignment(x, x[:, :2], k=3),
            InputError,
            "array/y has 2 directions, but k = 3 was asked for; take 1 to 2",
        ),
        (lambda x: singular_vector_alignment(x, x, k=0), InputError, "has 4 directions, but k = 0 was asked for"),
        (lambda x: singular_vector_alignment(x, x[:9]), StimulusMismatchError, "40 and 9 stimuli"),
        (lambda x: singular_vector_alignment(x, 0 * x + 1), DegenerateError, "array/y does not vary"),
        (lambda x: singular_vector_alignment(x[:2], x[:2]), DegenerateError, "needs at least 3 stimuli, got 2"),
        (lambda x: left_vectors(x, 5), InputError, "array/x has 4 directions, but k = 5 was asked for; take 1 to 4"),
    ],
)
def test_what_cannot_be_compared_is_refused(rng, call, error, message):
    with pytest.raises(error, match=message):
        call(layer(rng)[0])


def test_a_result_comes_back_from_its_file(rng, tmp_path):
    x, _ = layer(rng)
    one = Representation(x, tuple(map(str, range(40))), "net", "fc")
    found = singular_vector_alignment(one, one)
    assert found.names == ("net/fc", "net/fc")
    found.save(tmp_path / "one.npz")
    again = SingularAlignment.load(tmp_path / "one.npz")
    assert again.to_bytes() == found.to_bytes()
    assert again.names == found.names
    assert again.to_frame()["cosine"].tolist() == found.cosines.ravel().tolist()
    (tmp_path / "no.npz").write_bytes(b"no")
    with pytest.raises(FormatError, match="not a RepSim singular alignment"):
        SingularAlignment.load(tmp_path / "no.npz")
