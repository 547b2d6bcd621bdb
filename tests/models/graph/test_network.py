"""What an imported graph is: layers, calls, hooks, ablation, structure of outputs, and where batches end."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from repsim_core.ablation import ablation_grid
from repsim_core.ablation.tail import INPUT, Tail
from repsim_core.activations import extract
from repsim_core.errors import FormatError, InputError
from repsim_core.models import Model, layers
from repsim_core.models.graph import from_graph_file
from repsim_core.models.graph.program import State, Value
from repsim_core.models.hooks import recording
from repsim_core.types import Dataset, DatasetCard
from tests.corpus.exported import Small, doctored, export, members, node, nodes, small, write


def imported_from(network, path, shape=(2, 4), **options):
    export(network.eval(), (torch.rand(*shape),), path, **options)
    return from_graph_file(path)


def pictures(n=24, shape=(1, 8, 8), classes=3):
    card = DatasetCard("toy", "image", "classification", shape, {"all": n}, tuple("abc"), "", "")
    inputs = np.random.default_rng(0).random((n, *shape), dtype=np.float32)
    return Dataset(card, "all", inputs, np.arange(n) % classes, tuple(f"s{i}" for i in range(n)))


def test_the_small_network_is_the_eager_one_for_every_batch(small_file):
    eager, path = small_file
    graph = from_graph_file(path).module
    for count in (1, 2, 7, 130):
        batch = torch.rand(count, 1, 8, 8)
        assert torch.equal(graph(batch), eager(batch))


def test_a_module_called_again_is_named_by_its_call(small_file):
    names = [one.name for one in layers(from_graph_file(small_file[1]), torch.rand(2, 1, 8, 8))]
    assert names == ["conv", "norm", "relu", "block", "block.0", "block.1", "block.2", "relu#2", "head"]


def test_what_a_hook_keeps_is_not_overwritten_in_place(small_file):
    eager, path = small_file
    responses = extract(from_graph_file(path), pictures(), ["norm", "relu"])
    assert responses["norm"].values.min() < 0  # the ReLU behind it works in place
    assert np.array_equal(responses["norm"].values, extract(eager, pictures(), ["norm"])["norm"].values)


def test_hooks_leave_the_network_as_it_was(small_file):
    graph = from_graph_file(small_file[1]).module
    batch = torch.rand(2, 1, 8, 8)
    before = graph(batch)
    with recording(graph, None, lambda name, output: output.zero_() if name == "block" else None):
        assert not torch.equal(graph(batch), before)  # in place on the live output: the rest of the pass sees it
    assert torch.equal(graph(batch), before)


@pytest.mark.parametrize("layer", ["norm", "relu", "block.0", "relu#2"])
def test_the_part_after_a_layer_runs_alone_as_in_the_eager_network(layer, small_file):
    eager, path = small_file
    ours, theirs = (Tail(one, layer, torch.rand(3, 1, 8, 8)) for one in (from_graph_file(path).module, eager))
    assert ours.whole_pass == theirs.whole_pass == ""
    # The size of the batch is read off the input, so that is kept as well.
    assert set(ours._needed) == {*theirs._needed, INPUT}


def test_ablation_gives_the_numbers_of_the_eager_network(small_file):
    options = {"bins": 2, "downstream": ["head"], "measures": ["cka_biased"], "probe": None}
    eager = Reshaped()
    eager.load_state_dict(small_file[0].state_dict())
    theirs = Model("small", eager.eval(), None, (1, 8, 8), "")
    models = (from_graph_file(small_file[1]), theirs)
    ours, expected = (ablation_grid(one, "block.1", pictures(), 1, **options) for one in models)
    assert np.array_equal(ours.cell_of, expected.cell_of)
    assert ours.whole_pass == ""
    assert ours.values.shape == (1, 2, 4)
    assert np.ptp(ours.cross_entropies[:, 0]) > 0
    np.testing.assert_allclose(ours.values, expected.values, rtol=1e-6)
    np.testing.assert_allclose(ours.cross_entropies, expected.cross_entropies, rtol=1e-5)  # float32


class Reshaped(Small):
    """The small network without ``view``, which fails on channels last; an imported ``view`` does not."""

    def forward(self, x):
        out = self.relu(self.norm(self.conv(x)))
        out = nn.functional.max_pool2d(self.relu(self.block(out) - out * self.scale), 2)
        return self.head(out.flatten(1)) + torch.tensor([1.0, 2.0, 3.0])


@pytest.mark.parametrize(("name", "layer"), [("swin", "features.1.0"), ("vit", "encoder.layers.encoder_layer_0.mlp.1")])
def test_ablation_of_transformers_needs_no_whole_pass(name, layer, exported):
    graph = from_graph_file(exported(name)[1])
    assert Tail(graph.module, layer, torch.rand(3, 3, 32, 32)).whole_pass == ""


class Shapes(nn.Module):
    """Two calls in a row, a shared weight, a part that is never called by itself, and outputs in a dictionary."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.relu = nn.Linear(4, 4), nn.Linear(4, 4), nn.ReLU()
        self.second.weight = self.first.weight
        self.holder = nn.Module()
        self.holder.inner = nn.Sequential(nn.Linear(4, 4), nn.Identity())

    def forward(self, x):
        out = self.second(self.first(self.first(x)))
        out = self.relu(self.relu(self.holder.inner(out)))
        return {"hidden": [out, x], "logits": out.reshape(x.shape[0] * 2, 2).view(-1, 4) + x.shape[0]}


def test_structures_calls_and_shared_weights_survive(tmp_path):
    eager = Shapes()
    graph = imported_from(eager, tmp_path / "shapes.pt2")
    batch = torch.rand(5, 4)
    ours, theirs = graph.module(batch), eager(batch)
    assert list(ours) == ["hidden", "logits"]
    assert torch.equal(ours["logits"], theirs["logits"])
    assert torch.equal(ours["hidden"][0], theirs["hidden"][0])
    assert ours["hidden"][1] is batch
    names = [one.name for one in layers(graph, batch)]
    assert names == ["first", "first#2", "second", "holder.inner", "holder.inner.0", "relu", "relu#2"]
    assert graph.module.first.weight is graph.module.second.weight
    assert graph.card.parameters == sum(one.numel() for one in eager.parameters())


def test_strict_and_decomposed_exports_are_taken(tmp_path, small_file):
    eager, _ = small_file
    batch = torch.rand(4, 1, 8, 8)
    strict = imported_from(small(), tmp_path / "strict.pt2", (2, 1, 8, 8), strict=True)
    torch.testing.assert_close(strict.module(batch), eager(batch), rtol=1e-6, atol=1e-6)
    program = torch.export.export(small(), (torch.rand(2, 1, 8, 8),), dynamic_shapes=({0: torch.export.Dim("n")},))
    torch.export.save(program.run_decompositions(), tmp_path / "core.pt2")
    core = from_graph_file(tmp_path / "core.pt2")
    torch.testing.assert_close(core.module(batch), eager(batch), rtol=1e-6, atol=1e-6)
    assert {one.name for one in layers(core, batch)} >= {"conv", "norm", "block.0", "head"}


def test_a_module_that_changes_its_input_in_place_returns_it(tmp_path):
    class Bump(nn.Module):
        def forward(self, x):
            x[:, 0].mul_(3.0)
            x.add_(1.0)
            return x

    eager = nn.Sequential(nn.Linear(4, 4), Bump(), nn.Linear(4, 2))
    graph = imported_from(eager, tmp_path / "bump.pt2")
    batch = torch.rand(3, 4)
    found = {}
    with recording(graph.module, None, lambda name, output: found.update({name: output.clone()})):
        assert torch.equal(graph.module(batch), eager(batch))
    assert list(found) == ["0", "1", "2"]
    assert torch.equal(found["1"], eager[:2](batch))
    assert torch.equal(found["0"], eager[0](batch))


def test_a_tensor_changed_in_place_may_go_by_its_older_name(tmp_path):
    def edit(document):
        changed = node(document, "relu_")["outputs"][0]["as_tensor"]["name"]
        for one in nodes(document):
            for argument in one["inputs"]:
                if argument["arg"] == {"as_tensor": {"name": changed}}:
                    argument["arg"] = {"as_tensor": {"name": "batch_norm"}}

    path = tmp_path / "older.pt2"
    doctored(edit)(path)
    graph = from_graph_file(path)
    batch = torch.rand(3, 1, 8, 8)
    assert torch.equal(graph.module(batch), small()(batch))
    assert "relu" in [one.name for one in layers(graph, batch)]


def test_a_call_that_is_interrupted_is_not_passed_off_as_the_layer(tmp_path):
    """Torch may move an operator out of its module: what is left of the module is not its output."""

    def edit(document):
        inside = [one for one in nodes(document) if ",block.0," in one["metadata"]["nn_module_stack"]]
        node(document, "linear")["metadata"] = dict(inside[0]["metadata"])

    path = tmp_path / "moved.pt2"
    doctored(edit)(path)
    graph = from_graph_file(path)
    batch = torch.rand(3, 1, 8, 8)
    assert torch.equal(graph.module(batch), small()(batch))
    names = [one.name for one in layers(graph, batch)]
    assert "block" not in names
    assert "block.0" not in names
    assert {"block.1", "block.2", "conv"} <= set(names)


def test_nodes_without_a_place_stand_where_their_neighbours_do(tmp_path):
    def edit(document):
        found = node(document, "dropout")["metadata"]
        found["nn_module_stack"] = "_empty_nn_module_stack_from_metadata_hook,_empty_hook,_empty_hook"

    path = tmp_path / "odd.pt2"
    doctored(edit)(path)
    graph = from_graph_file(path)
    batch = torch.rand(3, 1, 8, 8)
    assert torch.equal(graph.module(batch), small()(batch))
    assert "block.2" not in [one.name for one in layers(graph, batch)]


def test_other_inputs_are_refused_as_the_network_runs(small_file, tmp_path):
    graph = from_graph_file(small_file[1])
    with pytest.raises(InputError, match=r"the graph was exported for inputs of shape \(1, 8, 8\)"):
        graph.module(torch.rand(2, 1, 9, 8))
    with pytest.raises(InputError, match=r"cannot run on inputs of shape \(3, 8, 8\): the graph was exported for"):
        layers(graph.module, torch.rand(2, 3, 8, 8))
    few = ({0: torch.export.Dim("batch", min=1, max=200)},)
    limited = imported_from(nn.Sequential(nn.Linear(4, 2)), tmp_path / "few.pt2", dynamic_shapes=few).module
    assert limited(torch.rand(200, 4)).shape == (200, 2)
    for count in (0, 201):
        with pytest.raises(InputError, match=rf"exported for batches of 1 to 200, not {count}"):
            limited(torch.rand(count, 4))


def test_a_copy_has_its_own_buffers_and_the_same_weights(small_file):
    graph = from_graph_file(small_file[1]).module
    shared = {id(one): one for one in graph.parameters()}
    twin = copy.deepcopy(graph, shared)
    twin.norm.running_mean += 100
    twin._buffers["lifted_tensor_0"] += 1
    batch = torch.rand(2, 1, 8, 8)
    assert torch.equal(graph(batch), small()(batch))
    assert not torch.equal(twin(batch), graph(batch))
    assert twin.conv.weight is graph.conv.weight
    steps = [one for line, _ in twin.conv._lines for one in line.steps]
    assert [type(one) for one in steps[0].arguments[:3]] == [Value, State, State]
    assert steps[0].arguments[1].owner is twin.conv


def test_the_digest_is_of_weights_constants_and_operators(small_file, tmp_path):
    path = tmp_path / "net.pt2"
    digest = from_graph_file(small_file[1]).weights_digest
    doctored(lambda one: one.update(verifiers=[]) and None)(path)
    assert from_graph_file(path).weights_digest != digest
    for name in ("small/data/weights/weight_2", "small/data/constants/tensor_0"):
        content = dict(members())
        raw = bytearray(content[name])
        raw[0] ^= 1
        write(path, content | {name: bytes(raw)})
        assert from_graph_file(path).weights_digest != digest

    def other_paths(document):
        for one in nodes(document):
            one["metadata"]["stack_trace"] = "elsewhere"

    doctored(other_paths)(path)
    assert from_graph_file(path).weights_digest == digest


def test_the_main_output_needs_a_row_a_stimulus(tmp_path):
    class Summed(nn.Module):
        def forward(self, x):
            return x.sum(dim=0), x

    with pytest.raises(FormatError, match=r"its output has shape \(4,\) for 2 stimuli, wanted a row each; export"):
        imported_from(Summed(), tmp_path / "summed.pt2")


def test_a_weight_changed_through_another_name_is_found_by_running(tmp_path):
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("seen", torch.zeros(4))

        def forward(self, x):
            nn.functional.dropout(self.seen, training=False).add_(1.0)  # the same tensor, and no schema says so
            return x + self.seen

    with pytest.raises(FormatError, match=r"it changes its own weights as it runs: it was exported in training mode"):
        imported_from(Counting(), tmp_path / "counting.pt2")


def test_weights_and_new_tensors_follow_the_network_to_another_device(tmp_path):
    class Zeros(nn.Module):
        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(4, 4)

        def forward(self, x):
            return self.lin(x) + torch.ones(4) + torch.tensor([1.0, 2.0, 3.0, 4.0])

    elsewhere = imported_from(Zeros(), tmp_path / "zeros.pt2").module.to("meta")
    assert elsewhere(torch.empty(3, 4, device="meta")).device.type == "meta"


def test_an_output_that_is_a_number_is_refused(tmp_path):
    class Counted(nn.Module):
        def forward(self, x):
            return x * 2, x.shape[0]

    with pytest.raises(FormatError, match=r"its outputs include a sym int; wrap the network so that"):
        imported_from(Counted(), tmp_path / "counted.pt2")
