"""Barcodes and divergences: order, totals, files, and what is refused."""

import numpy as np
import pytest

from repsim_core.errors import FormatError, ShapeError
from repsim_core.types import PersistenceDiagram, TopologyDivergence
from repsim_core.types.archive import packed, unpacked


def diagram(**changes):
    content = {
        "births": np.array([0.5, 0.25, 1.0, 0.125]),
        "deaths": np.array([0.75, 1.25, np.inf, 0.375]),
        "dimension": 1,
        "birth_simplices": np.array([[0, 1], [2, 3], [4, 5], [6, 7]], np.int32),
        "death_simplices": np.array([[0, 1, -1], [2, 3, 4], [-1, -1, -1], [6, 7, 8]], np.int32),
        "recipe": {"of": "toy", "n": 9},
    }
    return PersistenceDiagram(**content | changes)


def divergence():
    finite = diagram(deaths=np.array([0.75, 1.25, 2.0, 0.375]))
    none = PersistenceDiagram(np.empty(0), np.empty(0), 1, np.empty((0, 2), np.int32), np.empty((0, 3), np.int32))
    return TopologyDivergence(
        sums=np.array([[2.5, 0.0], [4.5, 1.0]]),
        cluster_part=np.array([[0.5, 0.0], [1.5, 0.25]]),
        subsets=np.array([[0, 2], [1, 3]]),
        forward=(finite, finite),
        backward=(none, diagram()),
        recipe={"trials": 2, "batch": 2},
    )


def same(one, other):
    assert one.dimension == other.dimension
    assert one.recipe == other.recipe
    for name in ("births", "deaths", "birth_simplices", "death_simplices"):
        left, right = getattr(one, name), getattr(other, name)
        assert left.dtype == right.dtype
        assert np.array_equal(left, right)


def test_bars_stand_longest_first_and_then_by_birth_with_their_points():
    one = diagram()
    assert one.births.tolist() == [1.0, 0.25, 0.125, 0.5]
    assert one.lengths.tolist() == [np.inf, 1.0, 0.25, 0.25]
    assert one.birth_simplices.tolist() == [[4, 5], [2, 3], [6, 7], [0, 1]]
    assert one.death_simplices.tolist() == [[-1, -1, -1], [2, 3, 4], [6, 7, 8], [0, 1, -1]]
    assert len(one) == 4


def test_the_total_leaves_out_what_never_ends():
    assert diagram().total == 1.5


def test_a_diagram_is_a_private_read_only_copy():
    births = np.array([0.0])
    one = PersistenceDiagram(births, np.array([1.0]), 0, np.zeros((1, 1), np.int32), np.zeros((1, 2), np.int32))
    births[0] = 7
    assert one.births.tolist() == [0]
    with pytest.raises(ValueError, match="read-only"):
        one.deaths[0] = 2


def test_the_table_of_a_diagram_spells_its_points():
    frame = diagram().to_frame()
    assert frame["length"].tolist() == [np.inf, 1.0, 0.25, 0.25]
    assert frame["birth_simplex"].tolist() == ["4 5", "2 3", "6 7", "0 1"]
    assert frame["death_simplex"].tolist()[3] == "0 1 -1"


@pytest.mark.parametrize("name", ["deaths", "birth_simplices", "death_simplices"])
def test_bars_with_missing_parts_are_refused(name):
    with pytest.raises(ShapeError, match=f"{name} has 3 rows for 4 bars"):
        diagram(**{name: getattr(diagram(), name)[:3]})


def test_parts_and_values_of_a_divergence():
    one = divergence()
    assert one.values.tolist() == [1.25, 2.75]
    assert one.value == 2.0
    assert one.standard_error == pytest.approx(0.75)  # |2.75 − 1.25| / 2
    assert one.loop_part.tolist() == [[2.0, 0.0], [3.0, 0.75]]
    with pytest.raises(ValueError, match="read-only"):
        one.sums[0, 0] = 1


# files --------------------------------------------------------------------------------------------------------------


def test_a_diagram_survives_its_file_to_the_bit(tmp_path):
    one = diagram()
    one.save(tmp_path / "d.npz")
    same(one, PersistenceDiagram.load(tmp_path / "d.npz"))
    assert PersistenceDiagram.load(tmp_path / "d.npz").to_bytes() == one.to_bytes()


def test_a_divergence_survives_its_file_to_the_bit(tmp_path):
    one = divergence()
    one.save(tmp_path / "d.npz")
    other = TopologyDivergence.load(tmp_path / "d.npz")
    for name in ("sums", "cluster_part", "subsets"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    for left, right in zip(one.forward + one.backward, other.forward + other.backward, strict=True):
        same(left, right)
    assert other.recipe == one.recipe
    assert other.to_bytes() == one.to_bytes()


def lost(raw):
    """The same file without its births."""
    form = "repsim-persistence-diagram/1"
    try:
        arrays, labels = unpacked(raw, form)
    except FormatError:
        form = "repsim-topology-divergence/1"
        arrays, labels = unpacked(raw, form)
    kept = {name: array for name, array in arrays.items() if not name.endswith("births")}
    return packed(kept, labels | {"format": form})


DAMAGE = {
    "empty": lambda raw: b"",
    "text": lambda raw: b"hello",
    "cut": lambda raw: raw[: len(raw) // 2],
    "another format": lambda raw: packed({"births": np.zeros(1)}, {"format": "repsim-something/1"}),
    "no labels": lambda raw: packed({}, {}),
    "an array too few": lost,
    # Bit 0 of the flags in the first entry of the directory: the member claims to be encrypted.
    "encrypted": lambda raw: raw.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize(("one", "name"), [(diagram, "persistence diagram"), (divergence, "topology divergence")])
def test_a_damaged_file_is_named_and_refused(tmp_path, one, name, damage):
    whole = one()
    broken = DAMAGE[damage](whole.to_bytes())
    assert broken != whole.to_bytes()
    (tmp_path / "d.npz").write_bytes(broken)
    with pytest.raises(FormatError, match=f"d.npz is not a RepSim {name}"):
        type(whole).load(tmp_path / "d.npz")


def test_one_kind_of_result_is_not_read_as_the_other():
    with pytest.raises(FormatError, match="result is not a RepSim topology divergence"):
        TopologyDivergence.from_bytes(diagram().to_bytes())
    with pytest.raises(FormatError, match="result is not a RepSim persistence diagram"):
        PersistenceDiagram.from_bytes(divergence().to_bytes())
