"""Weights from files for known architectures: what fits, what is adapted, and what keeps the rest from fitting."""

import json
import shutil

import numpy as np
import pytest
import safetensors.torch
import torch
import torchvision

from repsim_core import activations, datasets, models, uploads
from repsim_core.errors import BudgetError, FormatError, InputError, UnknownNameError
from repsim_core.limits import LIMITS
from repsim_core.models import torchvision_names, zoo
from repsim_core.models.known import architecture
from repsim_core.models.nearest import recognised
from repsim_core.models.skeleton import torchvision_skeleton
from repsim_core.models.weights_file import imported, stimuli

ENTRIES = zoo.entries()
FAMILIES = {entry.fields["architecture"]: name for name, entry in reversed(ENTRIES.items())}
# One network of several families of torchvision, the smallest of each; those above 100 MB are left to the shapes below.
NETWORKS = [
    "densenet121", "efficientnet_b0", "googlenet", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small",
    "regnet_y_400mf", "resnet18", "shufflenet_v2_x0_5", "squeezenet1_1", "swin_t",
]  # fmt: skip


def save(path, tensors, **metadata):
    if path.suffix == ".pt":
        torch.save(tensors, path)
    else:
        safetensors.torch.save_file({name: one.contiguous() for name, one in tensors.items()}, path, metadata or None)
    return path


def torchvision_state(name, **arguments):
    torch.manual_seed(3)
    extra = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    return torchvision.models.get_model(name, weights=None, **extra, **arguments).state_dict()


def resnet18(**arguments):
    return torchvision_state("resnet18", **arguments)


# the acceptance set --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["safetensors", "pt"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_weights_of_a_shipped_network_answer_as_it_does(family, form, tmp_path):
    shipped = models.load(FAMILIES[family])
    path = save(tmp_path / f"mine.{form}", shipped.module.state_dict())
    brought = models.from_file(path, FAMILIES[family])
    assert brought.weights_digest == shipped.weights_digest
    assert (brought.name, brought.card.architecture) == ("mine", FAMILIES[family])
    assert (brought.input_shape, brought.mean, brought.std) == (shipped.input_shape, shipped.mean, shipped.std)
    data = datasets.load(next(one for one in datasets.available() if one.input_shape == shipped.input_shape).name, n=9)
    theirs, ours = activations.extract(shipped, data), activations.extract(brought, data)
    assert list(ours) == list(theirs)
    for layer in theirs:
        assert np.array_equal(ours[layer].values, theirs[layer].values)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_state_dict_of_torchvision_is_recognised_and_answers_as_the_network_does(name, tmp_path):
    state = torchvision_state(name)
    brought = models.from_file(save(tmp_path / "w.safetensors", state))
    assert brought.card.architecture == f"torchvision/{name}"
    extra = {"init_weights": False} if name == "googlenet" else {}
    original = torchvision.models.get_model(name, weights=None, **extra)
    original.load_state_dict(state)
    picture = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert torch.equal(brought.module(picture), original.eval()(picture))
    published = models.published(f"torchvision/{name}")[0]
    assert (brought.input_shape, brought.resize) == ((3, published.side, published.side), published.resize)
    assert brought.mean == published.mean


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"mlp"}))
def test_an_architecture_of_the_zoo_is_recognised(family, tmp_path):
    shipped = models.load(FAMILIES[family])
    found = models.from_file(save(tmp_path / "w.safetensors", shipped.module.state_dict()))
    assert architecture(found.card.architecture).identity({}) == architecture(FAMILIES[family]).identity({})


def test_networks_that_differ_only_in_what_weights_do_not_show_are_not_guessed(tmp_path):
    path = save(tmp_path / "w.safetensors", models.load("zoo/low-mlp-tanh-s10").module.state_dict())
    message = (
        r"w\.safetensors fits 3 known architectures \(zoo/low-mlp-linear-s10, zoo/low-mlp-s10, zoo/low-mlp-tanh-s10\), "
        "which differ in what their weights do not show; name the one that it is"
    )
    with pytest.raises(FormatError, match=message):
        models.from_file(path)


def test_every_network_of_torchvision_is_told_from_the_others_by_names_and_shapes():
    for name in torchvision_names.networks():
        known = architecture(f"torchvision/{name}")
        found = recognised(known.skeleton({}), "w.pt")
        assert (found.architecture.name, found.arguments) == (known.name, {})


# what is adapted -----------------------------------------------------------------------------------------------------


def test_an_architecture_is_what_the_file_says_chosen_or_recognised(tmp_path):
    plain = save(tmp_path / "a.safetensors", resnet18())
    named = save(tmp_path / "b.safetensors", resnet18(), architecture="torchvision/resnet18")
    checkpoint = save(tmp_path / "c.pt", {"arch": "resnet18", "state_dict": resnet18(), "epoch": 3})
    wrong = save(tmp_path / "d.safetensors", resnet18(), architecture="torchvision/resnet34")
    unknown = save(tmp_path / "e.safetensors", resnet18(), architecture="my<script>net")
    notes = {path.stem: models.from_file(path).card.details["notes"] for path in (plain, named, checkpoint)}
    assert notes["a"][0] == "Recognised by its names and shapes as the architecture of torchvision/resnet18."
    assert notes["b"][0] == "The file itself names its architecture, torchvision/resnet18."
    assert notes["c"][:2] == (
        "The weights are those under 'state_dict'; left aside: arch, epoch.",
        "The file itself names its architecture, torchvision/resnet18.",
    )
    assert models.from_file(plain, "resnet18").card.architecture == "torchvision/resnet18"
    assert models.from_file(wrong).card.details["notes"][0] == (
        "The file names the architecture torchvision/resnet34, which it does not fit."
    )
    assert "which is not known" in models.from_file(unknown).card.details["notes"][0]


@pytest.mark.parametrize("classes", [1, 7, 1001])
@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "mobilenet_v3_small", "googlenet"])
def test_a_head_of_another_size_is_taken_and_said(name, classes, tmp_path):
    state = torchvision_state(name, num_classes=classes)
    model = models.from_file(save(tmp_path / "w.safetensors", state), f"torchvision/{name}")
    assert f"Its head has {classes:,} classes instead of 1,000." in model.card.details["notes"]
    with torch.inference_mode():
        assert model.module(torch.zeros(1, 3, 64, 64)).shape == (1, classes)
    assert all(torch.equal(model.module.state_dict()[one], value) for one, value in state.items())


def test_a_head_of_the_zoo_may_have_another_size_too(tmp_path):
    state = models.build("mlp", inputs=[13], outputs=9, depth=2, width=32, hidden_bias=True).state_dict()
    model = models.from_file(save(tmp_path / "w.pt", state), "zoo/wine-mlp-s10")
    assert model.card.details["notes"] == ("Its head has 9 classes instead of 3.",)
    assert model.card.details["arguments"] == {"outputs": 9}


def test_a_vision_transformer_may_have_been_trained_on_another_size():
    asked = {"image_size": 64, "num_classes": 3}  # shapes alone: its numbers would be 350 MB
    found = recognised(torchvision_skeleton("vit_b_32", asked), "w.pt")
    assert (found.architecture.name, found.arguments) == ("torchvision/vit_b_32", asked)
    assert found.notes == (
        "Its position codes belong to pictures of 64 pixels a side.",
        "Its head has 3 classes instead of 1,000.",
    )
    assert stimuli(found, None, None, None)[0].shape == (3, 64, 64)


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_auxiliary_heads_are_there_or_not(name):
    for there in (True, False):
        found = recognised(torchvision_skeleton(name, {"aux_logits": there}), "w.pt")
        assert (found.architecture.name, found.arguments) == (
            f"torchvision/{name}",
            {} if there else {"aux_logits": False},
        )
    assert stimuli(found, None, None, None)[1][-1].startswith("Its published weights also rescale their inputs")


def test_old_names_of_densenet_and_missing_batch_counters_are_read(tmp_path):
    state = torchvision_state("densenet121")
    old = {}
    for name, value in state.items():
        for part in ("norm1", "norm2", "conv1", "conv2"):
            name = name.replace(f".{part}.", f".{part[:-1]}.{part[-1]}.") if "denselayer" in name else name
        if not name.endswith("num_batches_tracked"):
            old[name] = value
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    model = models.from_file(save(tmp_path / "w.safetensors", old), "torchvision/densenet121")
    assert "Names of an older form of this architecture are read as today's." in model.card.details["notes"]
    assert any("lacks the 121 batch counters" in note for note in model.card.details["notes"])
    assert all(torch.equal(model.module.state_dict()[one], value) for one, value in state.items())


def test_half_precision_becomes_the_precision_of_the_network(tmp_path):
    state = {
        name: value.to(torch.bfloat16) for name, value in models.load("zoo/wine-mlp-s10").module.state_dict().items()
    }
    model = models.from_file(save(tmp_path / "w.safetensors", state))
    for name, value in state.items():
        assert torch.equal(model.module.state_dict()[name], value.float())


def test_the_pictures_it_was_trained_on_may_be_told(tmp_path):
    path = save(tmp_path / "w.safetensors", resnet18(num_classes=10))
    usual = models.from_file(path)
    assert (usual.input_shape, usual.resize, len(usual.mean)) == ((3, 224, 224), 256, 3)
    small = models.from_file(path, side=32, mean=(), std=())
    assert (small.input_shape, small.resize, small.mean, small.std) == ((3, 32, 32), 0, (), ())
    half = models.from_file(path, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
    assert (half.mean, half.std, half.resize) == ((0.5,) * 3, (0.25,) * 3, 256)


# what does not fit ---------------------------------------------------------------------------------------------------


def test_a_mismatch_is_explained_key_by_key_with_the_nearest_architecture(tmp_path):
    path = save(tmp_path / "w.pt", resnet18())
    message = (
        r"w\.pt does not fit torchvision/resnet50: 198 of its 320 tensors are missing \(layer1\.0\.conv3\.weight, "
        r"layer1\.0\.bn3\.weight, layer1\.0\.bn3\.bias, …\), 24 have another shape \(layer1\.0\.conv1\.weight is "
        r"\(64, 64, 3, 3\), wanted \(64, 64, 1, 1\); .*, …\); it fits torchvision/resnet18; choose that\."
    )
    with pytest.raises(FormatError, match=message) as caught:
        models.from_file(path, "torchvision/resnet50")
    assert "\n" not in str(caught.value)


def test_what_a_file_has_too_much_is_named_as_in_the_file(tmp_path):
    state = {f"module.{name}": value for name, value in (resnet18() | {"more.weight": torch.zeros(2)}).items()}
    message = (
        r"w\.pt does not fit torchvision/resnet18: 1 of the file are not in it \(module\.more\.weight\); choose an"
    )
    with pytest.raises(FormatError, match=message):
        models.from_file(save(tmp_path / "w.pt", state), "torchvision/resnet18")
    message = r"fits no known architecture; the nearest are torchvision/resnet18 \(99% of the tensors\); torchvision/"
    with pytest.raises(FormatError, match=message):
        models.from_file(tmp_path / "w.pt")


def test_the_nearest_is_offered_where_none_fits(tmp_path):
    state = resnet18()
    del state["fc.bias"]
    message = r"1 of its 122 tensors are missing \(fc\.bias\); choose another architecture, or bring the whole graph"
    with pytest.raises(FormatError, match=message):
        models.from_file(save(tmp_path / "w.pt", state), "torchvision/resnet18")
    with pytest.raises(FormatError, match=r"; the nearest is torchvision/resnet18 \(99% of the tensors\)\."):
        models.from_file(tmp_path / "w.pt", "torchvision/vgg11")


def test_a_head_with_two_sizes_is_no_head_of_another_size(tmp_path):
    state = resnet18(num_classes=7) | {"fc.bias": torch.zeros(8)}
    with pytest.raises(FormatError, match=r"2 have another shape \(fc\.weight is \(7, 512\), wanted \(1000, 512\)"):
        models.from_file(save(tmp_path / "w.pt", state), "torchvision/resnet18")


def test_names_that_nobody_knows_share_nothing(tmp_path):
    with pytest.raises(FormatError, match=r"w\.pt fits no known architecture\. Name its architecture"):
        models.from_file(save(tmp_path / "w.pt", {"a": torch.zeros(3)}))


def test_the_bytes_of_the_network_are_counted_before_any_is_taken(tmp_path, monkeypatch):
    path = save(tmp_path / "w.safetensors", {name: value.half() for name, value in resnet18().items()})
    monkeypatch.setattr("repsim_core.models.named_tensors.LIMITS", type(LIMITS)(parameter_bytes=30_000_000))
    monkeypatch.setattr("repsim_core.models.architectures.torch.manual_seed", None)  # nothing is built
    message = r"w\.safetensors: its tensors take 46,7\d\d,\d\d\d bytes \(limit 30,000,000\); take a smaller network"
    with pytest.raises(BudgetError, match=message):
        models.from_file(path, "torchvision/resnet18")
    monkeypatch.setattr("repsim_core.models.named_tensors.LIMITS", type(LIMITS)(parameter_bytes=20_000_000))
    with pytest.raises(BudgetError, match=r"take 23,\d\d\d,\d\d\d bytes \(limit 20,000,000\)"):
        models.from_file(path, "torchvision/resnet18")


def test_numbers_that_are_not_finite_are_named(tmp_path):
    state = models.load("zoo/wine-mlp-s10").module.state_dict()
    state["linear2.weight"][3, 4] = float("-inf")
    message = r"w\.safetensors: linear2\.weight holds 1 of 1,024 numbers that are not finite, the first at \(3, 4\)"
    with pytest.raises(FormatError, match=message):
        models.from_file(save(tmp_path / "w.safetensors", state))


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"side": 0}, r"Pictures of 0 pixels a side cannot be taken \(1 to 1024\)"),
        ({"side": 5000}, "Pictures of 5000 pixels a side cannot be taken"),
        ({"mean": (0.5,)}, r"have to be 3 numbers each, one a channel"),
        ({"mean": (0.5,) * 3, "std": (0.5, 0.5, 0.0)}, "the deviations above 0"),
        ({"mean": (0.5,) * 3, "std": (0.5, 0.5, float("nan"))}, "the deviations above 0"),
    ],
)
def test_pictures_that_cannot_be_are_refused(choices, message, tmp_path):
    path = save(tmp_path / "w.safetensors", resnet18())
    with pytest.raises(InputError, match=message):
        models.from_file(path, "torchvision/resnet18", **choices)


def test_unknown_architectures_absent_files_and_other_kinds_are_refused(tmp_path):
    path = save(tmp_path / "w.safetensors", {"w": torch.zeros(3)})
    with pytest.raises(UnknownNameError, match=r"No architecture named 'resnet19'\. Did you mean 'torchvision/resnet1"):
        models.from_file(path, "resnet19")
    with pytest.raises(FormatError, match=r"There is no file absent\.pt there; check the path"):
        models.from_file(tmp_path / "absent.pt")
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match=r"t\.csv is a csv file, not one of weights; save them: safetensors\.torch"):
        models.from_file(tmp_path / "t.csv")


def test_a_file_of_responses_becomes_a_model_of_them(tmp_path, rng):
    np.savez(tmp_path / "mine.npz", body=rng.normal(size=(9, 4)))
    found = models.from_file(tmp_path / "mine.npz")
    assert isinstance(found, models.Recorded)
    assert [one.name for one in found.layers()] == ["body"]


# uploads -------------------------------------------------------------------------------------------------------------

TOKEN = "abcDEF123456_-xyz"


@pytest.fixture
def upload(tmp_path, monkeypatch):
    """Imports a file as the sandboxed child does, and lays it where the server looks."""
    monkeypatch.setenv(uploads.ENVIRONMENT, str(tmp_path / "uploads"))
    folder = tmp_path / "uploads" / TOKEN
    folder.mkdir(parents=True)

    def bring(path, **choices):
        facts = json.loads(json.dumps(imported(path, folder, **choices), allow_nan=False))
        (folder / uploads.FACTS).write_text(json.dumps(facts))
        return facts

    return bring


def test_an_upload_is_imported_and_loaded_as_the_shipped_network(upload, tmp_path):
    shipped = models.load("zoo/digits-resnet-small-s10")
    facts = upload(save(tmp_path / "mine.pt", shipped.module.state_dict()), title="mine")
    assert (facts["kind"], facts["title"], facts["architecture"]) == ("weights", "mine", "zoo/digits-resnet-small-s10")
    assert [one["name"] for one in facts["layers"]] == [
        one.name for one in models.layers(shipped, datasets.load("digits", n=2))
    ]
    assert facts["card"]["parameters"] == shipped.card.parameters
    found = models.load(f"upload/{TOKEN}")
    assert (found.name, found.weights_digest) == (f"upload/{TOKEN}", shipped.weights_digest)
    assert found.card.details["notes"] == tuple(facts["notes"])
    data = datasets.load("digits", n=9)
    theirs, ours = activations.extract(shipped, data), activations.extract(found, data)
    assert all(np.array_equal(ours[layer].values, theirs[layer].values) for layer in theirs)


def test_choices_survive_an_import(upload, tmp_path):
    path = save(tmp_path / "w.safetensors", resnet18(num_classes=5))
    facts = upload(path, architecture="torchvision/resnet18", side=32, mean=[0.5] * 3, std=[0.25] * 3)
    assert facts["arguments"] == {"num_classes": 5}
    assert "Its head has 5 classes instead of 1,000." in facts["notes"]
    found = models.load(f"upload/{TOKEN}")
    assert (found.input_shape, found.mean, found.std, found.resize) == ((3, 32, 32), (0.5,) * 3, (0.25,) * 3, 0)
    assert found.weights_digest == models.from_file(path, "torchvision/resnet18").weights_digest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": "zoo/wine-mlp-s10/../x"}, "No architecture named"),
        ({"architecture": "torchvision/resnet18"}, "does not fit torchvision/resnet18"),
        ({"arguments": {"outputs": 10**9}}, r"takes no argument 'outputs' of 1000000000; bring the file again"),
        ({"arguments": {"__class__": 1}}, "takes no argument '__class__'"),
        ({"arguments": {"outputs": 4}}, "does not fit zoo/wine-mlp-s10"),
        ({"inputs": {"shape": ["x"], "mean": [], "std": []}}, "invalid literal"),
        ({"inputs": None}, "not subscriptable"),
    ],
)
def test_facts_that_were_tampered_with_are_refused(changes, message, upload, tmp_path):
    facts = upload(save(tmp_path / "w.pt", models.load("zoo/wine-mlp-s10").module.state_dict()))
    (uploads.folder(TOKEN) / uploads.FACTS).write_text(json.dumps(facts | changes))
    with pytest.raises(FormatError, match=rf"upload/{TOKEN} is not as its import left it \(.*{message}") as caught:
        models.load(f"upload/{TOKEN}")
    assert "\n" not in str(caught.value)


def test_a_canonical_file_that_was_replaced_is_refused(upload, tmp_path):
    upload(save(tmp_path / "w.pt", models.load("zoo/wine-mlp-s10").module.state_dict()))
    shutil.copy(zoo.FOLDER / "cancer-mlp-s10.safetensors", uploads.folder(TOKEN) / "weights.safetensors")
    with pytest.raises(FormatError, match="is not as its import left it"):
        models.load(f"upload/{TOKEN}")


def test_uploads_that_are_no_models_or_run_only_in_the_sandbox_are_refused(upload, tmp_path):
    facts = upload(save(tmp_path / "w.pt", models.load("zoo/wine-mlp-s10").module.state_dict()), title="w")
    path = uploads.folder(TOKEN) / uploads.FACTS
    path.write_text(json.dumps(facts | {"kind": "dataset"}))
    with pytest.raises(InputError, match="The upload w is a dataset, not a model; choose another model"):
        models.load(f"upload/{TOKEN}")
    path.write_text(json.dumps(facts | {"kind": "graph"}))
    with pytest.raises(InputError, match="The upload w is a graph, which only runs in the sandbox"):
        models.load(f"upload/{TOKEN}")
    with pytest.raises(InputError, match="has its own weights and no random ones"):
        models.load(f"upload/{TOKEN}", weights=None)
    with pytest.raises(InputError, match="There is no upload 'abc' here"):
        models.load("upload/abc")


def test_recorded_responses_are_loaded_by_the_name_of_their_upload(tmp_path, monkeypatch, rng):
    from repsim_core.activations.from_file import imported as imported_responses

    monkeypatch.setenv(uploads.ENVIRONMENT, str(tmp_path / "uploads"))
    folder = tmp_path / "uploads" / TOKEN
    folder.mkdir(parents=True)
    np.savez(tmp_path / "mine.npz", body=rng.normal(size=(9, 4)))
    (folder / uploads.FACTS).write_text(json.dumps(imported_responses(tmp_path / "mine.npz", folder)))
    found = models.load(f"upload/{TOKEN}")
    assert isinstance(found, models.Recorded)
    assert found.name == f"upload/{TOKEN}"
