"""Recorded responses in place of a network: found by id, compared as the network's, refused where it must run."""

import numpy as np
import pytest

from repsim_core import ablation, activations, datasets, models, similarity
from repsim_core.compute.store import Store
from repsim_core.datasets.recorded import recorded as recorded_stimuli
from repsim_core.errors import InputError, StimulusMismatchError
from repsim_core.models.recorded import Recorded, recorded
from repsim_core.types import Dataset

NAME = "zoo/digits-cnn-s10"


@pytest.fixture(scope="module")
def network():
    return models.load(NAME)


@pytest.fixture(scope="module")
def data():
    return datasets.load("digits", n=80)


@pytest.fixture(scope="module")
def path(network, data, tmp_path_factory):
    """All responses of a shipped network to 80 digits."""
    target = tmp_path_factory.mktemp("recorded") / "mine.npz"
    activations.to_file(activations.extract(network, data), target, labels=data.labels, classes=data.class_names)
    return target


def test_layers_are_those_of_the_file_and_all_are_compared(path, network, data):
    model = recorded(path)
    infos = models.layers(model, data)
    expected = activations.extract(network, data)
    assert [(one.name, one.shape) for one in infos] == [(name, one.unit_shape) for name, one in expected.items()]
    assert activations.default_layers(infos) == list(expected)
    assert {one.kind for one in infos} == {"recorded"}
    assert activations.needed_bytes(infos, 80) == sum(one.values.nbytes for one in expected.values())


@pytest.mark.parametrize("pooling", ["flatten", "mean", "grid2"])
def test_responses_are_those_of_the_network_on_any_part_of_the_stimuli(path, network, data, pooling):
    model = recorded(path)
    rows = [40, 3, 77, 12, 5]
    ids = tuple(data.stimuli[row] for row in rows)
    for some in (data, Dataset(data.card, data.split, data.inputs[rows], data.labels[rows], ids)):
        expected, found = (activations.extract(one, some, pooling=pooling) for one in (network, model))
        assert found.layers == expected.layers
        assert found.stimuli == some.stimuli
        for name, one in expected.items():
            assert found[name].unit_shape == one.unit_shape
            assert np.allclose(found[name].values, one.values, rtol=1e-5, atol=1e-6)  # other batches, other sums


def test_chosen_layers_alone_are_given_in_the_order_of_the_file(path, data):
    found = activations.extract(recorded(path), data, ["head", "conv1"])
    assert found.layers == ("conv1", "head")
    with pytest.raises(InputError, match=r"No layer named 'haed'\. Did you mean 'head'"):
        activations.extract(recorded(path), data, ["haed"])


def test_the_memory_limit_holds_for_them_too(path, data):
    with pytest.raises(InputError, match=r"7 layers × 80 stimuli need .* \(limit"):
        activations.extract(recorded(path), data, memory_bytes=1000)


def test_a_file_and_a_shipped_network_compare_on_the_dataset_of_its_ids(path, data, network):
    a, b = activations.extract(recorded(path), data), activations.extract(network, data)
    found, expected = similarity.compare_layers(a, b).values, similarity.compare_layers(b, b).values
    assert np.allclose(found, expected, rtol=0, atol=1e-12)  # the second is computed by halves


def test_stimuli_that_were_not_recorded_are_refused_with_their_number(path):
    message = r"mine holds responses to 80 stimuli; \d+ of the 899 of digits are not among them, the first 'digits/\d+'"
    with pytest.raises(StimulusMismatchError, match=message + r"\. Choose mine as the dataset too, or save the ids"):
        activations.extract(recorded(path), datasets.load("digits"))


def test_without_ids_the_refusal_says_so(tmp_path, data, rng):
    np.savez(tmp_path / "bare.npz", layer=rng.normal(size=(80, 4)))
    with pytest.raises(StimulusMismatchError, match="It has no ids, so its rows only fit files of as many rows"):
        activations.extract(recorded(tmp_path / "bare.npz"), data)


def test_its_own_stimuli_have_ids_and_labels_and_no_inputs(path, data):
    own = recorded_stimuli(path)
    assert own.inputs.shape == (80, 0)
    assert own.stimuli == data.stimuli
    assert np.array_equal(own.labels, data.labels)
    assert own.class_names == data.class_names
    assert (own.card.task, own.card.input_shape, dict(own.card.sizes)) == ("classification", (0,), {"all": 80})
    part = recorded_stimuli(path, n=30, seed=1)
    assert len(part) == 30
    assert activations.extract(recorded(path), part)["head"].values.shape == (30, 10)


def test_targets_and_no_labels_make_other_tasks(tmp_path, rng):
    np.savez(tmp_path / "a.npz", layer=rng.normal(size=(8, 4)), labels=rng.normal(size=8))
    np.savez(tmp_path / "b.npz", layer=rng.normal(size=(8, 4)))
    assert recorded_stimuli(tmp_path / "a.npz").card.task == "regression"
    bare = recorded_stimuli(tmp_path / "b.npz")
    assert bare.card.task == "none"
    assert bare.card.description.endswith("without ids")


def test_a_network_cannot_be_shown_them(path, network):
    with pytest.raises(InputError, match="mine comes from recorded responses, which hold no stimuli to show"):
        activations.extract(network, recorded_stimuli(path))


@pytest.mark.parametrize(
    "use",
    [
        lambda model, data: model.module,
        lambda model, data: model.prepare(data.inputs),
        lambda model, data: ablation.ablation_grid(model, "conv3", data, "4", measures=["cka"]),
    ],
)
def test_what_has_to_run_the_network_is_refused_with_the_reason(path, data, use):
    with pytest.raises(InputError, match="mine is a file of recorded responses: the network itself is not here"):
        use(recorded(path), data)


def test_the_digest_is_that_of_the_content(path, tmp_path, rng):
    assert recorded(path).weights_digest == recorded(path, "other name").weights_digest
    values = rng.normal(size=(8, 4))
    digests = set()
    for place in [None, (0, 0), (7, 3)]:
        changed = values.copy()
        if place:
            changed[place] += 1e-9
        np.savez(tmp_path / "a.npz", layer=changed)
        digests.add(recorded(tmp_path / "a.npz").weights_digest)
    np.savez(tmp_path / "a.npz", layer=values, ids=np.arange(8))
    digests.add(recorded(tmp_path / "a.npz").weights_digest)
    assert len(digests) == 4


def test_stored_gives_them_without_keeping_them_twice(path, data, tmp_path):
    store = Store(tmp_path / "store", 10**8)
    found = activations.stored(recorded(path), data, store=store)
    assert np.array_equal(found["head"].values, activations.extract(recorded(path), data)["head"].values)
    assert not [one for one in (tmp_path / "store").rglob("*") if one.is_file() and one.stat().st_size > 1000]


def test_notes_of_the_file_are_notes_of_the_responses(tmp_path, rng):
    np.savez(tmp_path / "a.npz", layer=rng.normal(size=(8, 4)), dead=np.zeros((8, 3)))
    model = recorded(tmp_path / "a.npz")
    found = activations.extract(model, recorded_stimuli(tmp_path / "a.npz"))
    assert "dead: the same response to every stimulus; its cells are undefined." in found.notes
    assert model.card.details["notes"] == list(found.notes)


def test_from_file_makes_one(path):
    model = models.from_file(path)
    assert isinstance(model, Recorded)
    assert model.name == "mine"
    assert model.conversions((3, 32, 32)) == ()
