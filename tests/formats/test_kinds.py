"""What PyTorch and others write is told by its content, whatever the file is called."""

import io
import pickle
import tarfile
import zipfile
from collections import deque

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from repsim_core.errors import BudgetError, FormatError
from repsim_core.formats import kind, member_chunks, read_member, recorded_responses, zip_members
from repsim_core.formats.npy import array_from, npy_array
from repsim_core.formats.tensors import safetensors_arrays, safetensors_header, tensor_array
from tests.corpus.raw_zip import Part, raw_zip
from tests.corpus.safetensors_files import tensor, tensors
from tests.corpus.written import claims, npy, npy_claiming, responses

NET = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU(inplace=True))


def test_files_of_pytorch_are_told_apart_by_content(tmp_path):
    batch = torch.zeros(2, 1, 5, 5)
    path = tmp_path / "photo.png"
    torch.save(NET.state_dict(), path)
    assert kind(path) == "pt"
    with path.open("wb") as stream:  # a stream has no name to call the folder inside after
        torch.save(NET.state_dict(), stream)
    assert kind(path) == "pt"
    save_file(NET.state_dict(), path)
    assert kind(path) == "safetensors"
    graph = torch.export.export(NET.eval(), (batch,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    graph_path = tmp_path / "graph.pt2"  # PyTorch looks at this ending
    torch.export.save(graph, graph_path)
    assert kind(graph_path.rename(path)) == "pt2"


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")  # deprecated, and refused here all the same
def test_torchscript_is_refused_with_the_line_that_exports_a_graph(tmp_path):
    path = tmp_path / "net.pt"
    torch.jit.trace(NET.eval(), torch.zeros(1, 1, 5, 5)).save(str(path))
    with pytest.raises(FormatError, match=r"net\.pt is a TorchScript archive.*torch\.export\.save\(torch\.export\.exp"):
        kind(path)


def test_the_form_of_pytorch_before_1_6_is_refused(tmp_path):
    path = tmp_path / "net.pt"
    torch.save(NET.state_dict(), path, _use_new_zipfile_serialization=False)
    with pytest.raises(FormatError, match=r"a checkpoint in PyTorch's form from before 1\.6.*save_file"):
        kind(path)


def test_a_tar_of_pickles_as_pytorch_0_1_wrote_it_is_refused(tmp_path):
    path = tmp_path / "net.pt"
    with tarfile.open(path, "w") as archive:
        raw = pickle.dumps(3)
        entry = tarfile.TarInfo("storages")
        entry.size = len(raw)
        archive.addfile(entry, io.BytesIO(raw))
    with pytest.raises(FormatError, match="is a tar archive"):
        kind(path)


def test_a_torch_package_is_refused(tmp_path):
    path = tmp_path / "net.pt"
    path.write_bytes(raw_zip([Part(b"net/.data/extern_modules"), Part(b"net/model.pkl")]))
    with pytest.raises(FormatError, match=r"is a torch\.package archive.*can run any program"):
        kind(path)


@pytest.mark.parametrize(
    "text", ["a,b\n1,2\n", "\ufeffa;b\r\n1;2\r\n", "a\tb\n1\t2", "größe,länge\n1,2\n", "x" * 4090 + ",ä" * 20]
)
def test_tables_are_told_by_their_first_line(tmp_path, text):
    path = tmp_path / "table"
    path.write_text(text, encoding="utf-8")
    assert kind(path) == "csv"


def test_arrays_and_pictures(tmp_path):
    path = tmp_path / "a"
    with path.open("wb") as stream:
        np.savez(stream, a=np.zeros(3))
    assert kind(path) == "npz"
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))
    assert kind(path) == "npy"
    path.write_bytes(raw_zip([Part(b"cat/1.png", b"\x89PNG")]))
    assert kind(path) == "zip"


def test_a_file_of_another_kind_is_no_file_of_responses(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match=r"table\.csv is a csv file, not one of recorded responses; save them: numpy"):
        recorded_responses(path)


def test_members_are_those_of_the_standard_library_and_of_pytorch(tmp_path):
    saved, packed = tmp_path / "net.pt", tmp_path / "more.zip"
    torch.save(NET.state_dict(), saved)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("cat")
        archive.writestr("cat/1.txt", "meow" * 100_000)
        archive.writestr("größe.txt", "1")
        archive.writestr(zipfile.ZipInfo("empty.txt"), "")
    for path in (saved, packed):
        members = zip_members(path)
        with zipfile.ZipFile(path) as archive:
            assert list(members) == [one for one in archive.namelist() if not one.endswith("/")]
            for name, member in members.items():
                assert read_member(path, member) == archive.read(name)
                assert member.is_stored == (archive.getinfo(name).compress_type == zipfile.ZIP_STORED)


def test_names_of_old_windows_zips_are_read_in_their_code_page(tmp_path):
    path = tmp_path / "old.zip"
    path.write_bytes(raw_zip([Part("größe.png".encode("cp437"), b"1")]))
    assert list(zip_members(path)) == ["größe.png"]


def test_a_member_beyond_the_limit_of_its_reader_is_refused_unread(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(raw_zip([Part(b"a.png", b"12345")]))
    member = zip_members(path)["a.png"]
    assert read_member(path, member, 5) == b"12345"
    with pytest.raises(BudgetError, match=r"a\.zip: a\.png unpacks to 5 bytes \(limit 4\)"):
        next(member_chunks(path, member, 4))


def test_a_file_cut_after_its_directory_was_read_is_noticed(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(raw_zip([Part(b"a.png", b"12345" * 100)]))
    member = zip_members(path)["a.png"]
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(FormatError, match=r"a\.png ends too early"):
        read_member(path, member)


def test_an_array_that_changes_while_it_is_read_is_noticed(tmp_path):
    """The size is taken first, so a file that grows or shrinks meanwhile cannot fill more than was counted."""
    raw = npy(responses())
    for content in (raw[:-1], raw + b"x"):
        with pytest.raises(FormatError, match=r"a\.npy changed while it was read; give it again"):
            array_from([content], len(raw), "a.npy")
    save_file({"a": torch.zeros(8)}, tmp_path / "a.safetensors")
    entry = safetensors_header(tmp_path / "a.safetensors")["a"]
    (tmp_path / "a.safetensors").write_bytes(bytes(50))
    with pytest.raises(FormatError, match=r"a\.safetensors: a changed while it was read"):
        tensor_array(tmp_path / "a.safetensors", "a", entry)


def test_truth_values_are_zero_or_one_whatever_their_bytes(tmp_path):
    """NumPy takes a byte of 7 for True and then counts it as 7 in places."""
    path = tmp_path / "a.npy"
    path.write_bytes(npy_claiming(claims("'|b1'", "(4,)"), b"\0\7\xff\1"))
    assert npy_array(path).view(np.uint8).tolist() == [0, 1, 1, 1]
    tensors({"a": tensor([4], 0, 4, "BOOL")}, b"\0\7\xff\1")(path)
    assert safetensors_arrays(path)["a"].view(np.uint8).tolist() == [0, 1, 1, 1]


def test_a_tensor_beyond_two_gigabytes_is_refused_before_it_is_allocated(tmp_path):
    """A file of holes: two gigabytes that take no room on the disk."""
    path = tmp_path / "a.safetensors"
    size = 2_000_000_008
    tensors({"a": tensor([size // 8], 0, size, "F64")})(path)
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size + size)
    with pytest.raises(BudgetError, match=r"a\.safetensors: a takes 2,000,000,008 bytes \(limit 2,000,000,000\)"):
        safetensors_arrays(path)


def test_text_with_control_characters_is_of_no_known_form(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"a,b\n1,\x002\n")
    with pytest.raises(FormatError, match=r"table\.csv is of no known form"):
        kind(path)


def test_a_bomb_is_stopped_before_ten_megabytes_came_out(tmp_path):
    """A member that promises little and would unpack to much: the inflate counts."""
    path = tmp_path / "a.zip"
    path.write_bytes(raw_zip([Part(b"a.bin", bytes(20_000_000), method=8, size=900_000)]))
    came = [0]
    pieces = (came.append(len(one)) for one in member_chunks(path, zip_members(path)["a.bin"]))
    with pytest.raises(FormatError, match="unpacks to more than the 900,000 bytes it promised"):
        deque(pieces)
    assert sum(came) <= 900_000
