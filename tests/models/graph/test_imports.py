"""What the sandboxed import leaves behind: the same network, without what the file tells of its author."""

import json
import zipfile

import torch

from repsim_core.models.graph import canonical, from_graph_file, imported
from tests.corpus.exported import doctored, nodes, program


def test_the_canonical_file_is_the_same_network(small_file, tmp_path):
    eager, path = small_file
    facts = imported(path, tmp_path, title="net.pt2", unknown_choice=1)
    again = from_graph_file(tmp_path / "graph.pt2", name="upload/abc")
    assert again.weights_digest == from_graph_file(path).weights_digest
    quick = canonical(tmp_path / "graph.pt2", "upload/abc")
    assert (quick.name, quick.weights_digest) == (again.name, again.weights_digest)
    batch = torch.rand(4, 1, 8, 8)
    assert torch.equal(again.module(batch), eager(batch))
    assert torch.equal(quick.module(batch), eager(batch))
    assert json.loads(json.dumps(facts)) == facts
    assert (facts["kind"], facts["title"], facts["architecture"]) == ("graph", "net.pt2", "Small")
    assert facts["inputs"] == {"shape": [1, 8, 8], "mean": [], "std": []}
    assert facts["card"]["parameters"] == sum(one.numel() for one in eager.parameters())
    assert [one["name"] for one in facts["layers"]][:3] == ["conv", "norm", "relu"]
    assert facts["layers"][0] == {"name": "conv", "kind": "Conv2d", "shape": [4, 8, 8], "parameters": 40}
    assert facts["sizes"] == {"bytes": (tmp_path / "graph.pt2").stat().st_size, "nodes": len(nodes(program()))}
    assert "experimental" in facts["notes"][0]


def test_the_authors_paths_and_inputs_are_left_out(tmp_path):
    path = tmp_path / "net.pt2"
    doctored(add={"extra/secret.txt": b"token"})(path)
    assert b"corpus/exported.py" in path.read_bytes()  # torch wrote where the lines of the network are
    imported(path, tmp_path)
    made = (tmp_path / "graph.pt2").read_bytes()
    for trace in (b"exported.py", b"File ", b"token", b"stack_trace", b"torch_fn"):
        assert trace not in made
    with zipfile.ZipFile(tmp_path / "graph.pt2") as archive:
        names = {one.partition("/")[2] for one in archive.namelist()}
    assert not any(one.startswith(("data/sample_inputs", "extra")) for one in names)
    assert {"models/model.json", "data/weights/model_weights_config.json", "archive_format"} <= names
