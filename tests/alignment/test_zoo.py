"""Alignment of the shipped networks: what was recorded, a part of it computed again, and the claims of the paper."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from repsim_core import activations, datasets, models
from repsim_core.alignment import FORMS, few_label_probe, label_alignment
from repsim_core.errors import InputError, UnknownNameError
from repsim_core.experiments import recorded_alignment
from repsim_core.experiments.alignment import (
    Network,
    checkpoint_curves,
    family_areas,
    network_alignments,
    stimuli_as_layer,
    transfer,
)
from repsim_core.experiments.tasks import TASKS, task_answers, task_targets, tasks_for

# Areas come from float32 responses, whose last bits differ between machines; a probe may tip a stimulus or two.
AREA, SCORE = 1e-3, 0.01


def cards(*names):
    return [card for card in models.available() if card.name in names]


# recorded -----------------------------------------------------------------------------------------------------------


def test_every_trained_mlp_that_ships_is_recorded_in_both_forms():
    shipped = {card.name for card in models.available() if card.architecture == "mlp" and card.epochs}
    for _, own in recorded_alignment.recorded()["families"].groupby("form"):
        assert set(own["model"]) <= shipped
        assert own["model"].nunique() == 24
        assert not own[["trained", "initial", "chance"]].isna().any().any()


@pytest.mark.parametrize("name", ["low-mlp-d2-s10", "low-mlp-shuffled-s10", "wine-mlp-s10", "diabetes-mlp-s10"])
def test_areas_come_out_as_recorded(name):
    again = family_areas(cards(f"zoo/{name}")).frame
    before = recorded_alignment.recorded()["families"].query("model == @again.model[0]").reset_index(drop=True)
    assert (
        again[["form", "layer", "place", "n"]].to_numpy().tolist()
        == before[["form", "layer", "place", "n"]].to_numpy().tolist()
    )
    for column in ("trained", "initial", "chance"):
        assert again[column].to_numpy() == pytest.approx(before[column].to_numpy(), abs=AREA)


def test_a_transfer_comes_out_as_recorded():
    source, data = "zoo/low-mlp-d2-s10", datasets.load("digits")
    again = transfer(source, data, ["six and up", "bright"], form="centred").frame
    recorded = recorded_alignment.recorded()["transfers"]
    for _, row in again.iterrows():
        of = (recorded["source"] == source) & (recorded["task"] == row["task"]) & (recorded["layer"] == row["layer"])
        before = recorded[of & (recorded["form"] == "centred")].iloc[0]
        for column in ("area", "initial area", "chance area"):
            assert row[column] == pytest.approx(before[column], abs=AREA)
        for column in ("score", "initial score"):
            assert row[column] == pytest.approx(before[column], abs=SCORE)


# claims -------------------------------------------------------------------------------------------------------------


def test_trained_beats_initialisation_in_every_trained_mlp():
    for form in FORMS:
        last = recorded_alignment.last_layers(recorded_alignment.recorded()["families"].query("form == @form"))
        raised = last["trained"] > last["initial"]
        if form == "centred":
            assert raised.all()
        else:
            # Rare classes and numbers far from 0 lie on the constant direction, which training weakens.
            assert set(last.loc[~raised, "dataset"]) == {"diabetes", "clusters_12"}
        digits = last[last["dataset"] == "digits_low"]
        assert (digits["trained"] > 3 * digits["initial"]).all()


def test_the_other_claims_are_counted_and_what_does_not_hold_is_named():
    centred = {one.name: one for one in recorded_alignment.claims("centred")}
    published = {one.name: one for one in recorded_alignment.claims("published")}
    for one in ("layers", "depth", "shuffled"):
        assert centred[one].verdict == published[one].verdict == "shown"
    for one in ("training", "related alignment", "unrelated alignment"):
        assert centred[one].verdict == "shown"
    assert (published["training"].held, published["training"].tried) == (20, 24)
    assert published["training"].numbers.count("→") == 4
    # Parity: the layers lose alignment with it and still serve a linear model better than at initialisation.
    assert centred["unrelated labels"].verdict == "partly"
    assert centred["unrelated labels"].numbers.count(", odd: area -") == 4
    assert (centred["related labels"].held, centred["related labels"].tried) == (15, 16)


# tasks --------------------------------------------------------------------------------------------------------------


def test_tasks_answer_what_they_ask():
    data = datasets.load("digits", n=80, seed=3)
    labels = data.labels
    assert (task_answers(data, "odd")[0] == labels % 2).all()
    assert (task_answers(data, "four and up")[0] == (labels >= 4)).all()
    assert (task_answers(data, "class 7")[0] == (labels == 7)).all()
    assert task_targets(data, "class 7").names == ("7 against the rest",)
    assert task_targets(data, "brightness").values[:, 0] == pytest.approx(data.inputs.mean(axis=(1, 2, 3)), rel=1e-6)
    assert task_answers(data, "bright")[0].sum() == 40
    shuffled = task_answers(data, "shuffled")[0]
    assert np.bincount(shuffled).tolist() == np.bincount(labels).tolist()
    assert (shuffled != labels).sum() > 40
    turned = datasets.load("digits_rotated", n=80)
    digit, angle = (task_answers(turned, one)[0] for one in ("digit", "angle"))
    assert (digit * 4 + angle == turned.labels).all()


def test_every_dataset_offers_tasks_that_work_and_no_other():
    for card in datasets.available():
        known = tasks_for(card)
        if card.task == "none":
            assert known == []
            continue
        data = datasets.load(card.name)
        for task in known[: len(TASKS)]:
            assert task_targets(data, task).n_stimuli == len(data)
    with pytest.raises(UnknownNameError, match="No task for wine named 'bright'"):
        task_targets(datasets.load("wine"), "bright")
    with pytest.raises(InputError, match="clusters_1"):
        task_targets(datasets.load("clusters_1"))


# networks -----------------------------------------------------------------------------------------------------------


def test_a_network_starts_from_its_input_as_it_is_given():
    data = datasets.load("digits_low", n=60)
    model = models.load("zoo/low-mlp-s10")
    assert stimuli_as_layer(model, data).values == pytest.approx(2 * data.inputs.reshape(60, -1) - 1)
    found = network_alignments(Network(model.name), data, form="centred")
    assert list(found) == ["input", "act1", "act2", "act3", "head"]
    layer = activations.extract(model, data, ["act2"])["act2"]
    assert found["act2"].area == pytest.approx(label_alignment(layer, data.labels, **FORMS["centred"]).area)
    every = network_alignments(Network(model.name), data, every=True)
    assert "linear2" in every


def test_the_untrained_network_is_the_checkpoint_before_the_first_epoch():
    data = datasets.load("digits_low", n=60)
    one = network_alignments(Network("zoo/low-mlp-s10", trained=False), data)
    other = network_alignments(Network("zoo/low-mlp-s10-epoch00"), data)
    assert [each.area for each in one.values()] == [each.area for each in other.values()]


def test_checkpoints_hold_every_direction_of_every_layer():
    data = datasets.load("digits", n=40)
    names = ["zoo/digits-cnn-s10-epoch00", "zoo/digits-cnn-s10"]
    found = checkpoint_curves([(one, Network(one)) for one in names], data, form="centred").frame
    for name in names:
        alone = network_alignments(Network(name), data, form="centred")
        own = found[found["checkpoint"] == name]
        for layer in alone:
            rows = own[own["layer"] == layer]
            assert rows["share"].tolist() == pytest.approx(alone[layer].shares.tolist())
            assert rows["area"].iloc[0] == alone[layer].area


def test_transfer_is_alignment_and_probe_of_both_states():
    data = datasets.load("digits", n=200)
    found = transfer("zoo/low-mlp-d1-s10", data, ["odd", "brightness"], labelled=40, draws=2).frame
    assert found["layer"].tolist() == ["input", "act1", "head"] * 2
    assert found["score name"].tolist() == ["accuracy"] * 3 + ["R²"] * 3
    row = found[(found["task"] == "odd") & (found["layer"] == "act1")].iloc[0]
    for prefix, weights in (("", "DEFAULT"), ("initial ", None)):
        x = activations.extract(models.load("zoo/low-mlp-d1-s10", weights=weights), data, ["act1"])["act1"]
        assert row[f"{prefix}area"] == pytest.approx(label_alignment(x, data.labels % 2, **FORMS["centred"]).area)
        assert row[f"{prefix}score"] == few_label_probe(x, data.labels % 2, labelled=40, draws=2).mean
    with ThreadPoolExecutor(2) as pool:
        again = transfer("zoo/low-mlp-d1-s10", data, ["odd", "brightness"], labelled=40, draws=2, executor=pool).frame
    assert again.equals(found)
    inputs = found[found["layer"] == "input"]
    assert (inputs["area"] == inputs["initial area"]).all()


@pytest.mark.parametrize("seed", [10, 11, 12, 13, 14])
def test_the_last_pooling_of_a_good_cnn_is_aligned_above_its_start_and_its_input(seed):
    data = datasets.load("digits", n=300)
    trained, initial = (
        network_alignments(Network(f"zoo/digits-cnn-s{seed}", state), data, form="centred", layers=["pool"])
        for state in (True, False)
    )
    assert trained["pool"].areas.mean() > initial["pool"].areas.mean()
    assert trained["pool"].areas.mean() > trained["input"].areas.mean()
