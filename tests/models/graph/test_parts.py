"""The small grammars and tables, each by itself."""

import pytest
import torch

from repsim_core.errors import FormatError
from repsim_core.models.graph.names import module_stack, qualified, value_name
from repsim_core.models.graph.operators import ARITHMETIC, ATEN, DROPPED, FIXED
from repsim_core.models.graph.schema import RECORDS, UNIONS
from repsim_core.models.graph.sizes import size
from repsim_core.models.graph.trees import filled, leaves, tree

S = "Symbol('s77', positive=True, integer=True)"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (S, 5),
        ("s0", 5),
        ("12", 12),
        (f"Mul(Integer(4), {S})", 20),
        (f"Add(Integer(-3), Mul(Integer(2), {S}))", 7),
        (f"FloorDiv({S}, Integer(2))", 2),
        (f"Min(Integer(3), Max({S}, 1), Mod({S}, 4))", 1),
        ("2*(s0 + 1) - s0//2", 10),
        ("-s0 + 6", 1),
    ],
)
def test_formulas_have_the_values_of_arithmetic(text, value):
    assert size(text).at(5) == value
    assert size(text).symbols <= {"s0", "s77"}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "s",
            "u0",
            "s0.real",
            "s0 s1",
            "1 2",
            "(s0",
            "s0)",
            "s0 +",
            "1.5",
            "0x10",
            "s0**2",
            "s0/2",
            "[1]",
            "f(1)",
        ),
        *("Symbol('x')", "Symbol('s0', commutative=False)", "__import__('os')", "lambda: 1", "Mul()", "Mul", "'s0'"),
        *("1" * 19, "s0;s0", "s0\n#", "Function('f')(s0)", "s0 if s0 else 1", "Integer"),
    ],
)
def test_everything_else_is_no_size(text):
    with pytest.raises(FormatError, match=r"is not made of whole numbers, one symbol and \+ - \* // alone"):
        size(text)


@pytest.mark.parametrize("text", ["s0//(s0-s0)", "Mod(s0, 0)", "FloorDiv(s0)", "FloorDiv(1, 2, 3)"])
def test_a_formula_without_a_value_is_refused(text):
    with pytest.raises(FormatError, match=r"a size formula of the graph fails at batch 3 \("):
        size(text).at(3)


def test_deep_brackets_are_refused_by_their_length():
    with pytest.raises(FormatError, match=r"has 2,001 characters \(limit 300\)"):
        size("(" * 1000 + "1" + ")" * 1000)
    assert size("(" * 149 + "1" + ")" * 149).at(0) == 1


@pytest.mark.parametrize("name", ["", "a b", "a.b", "1a", "def", "a" * 256, "ä", "a\n"])
def test_names_of_values_are_identifiers(name):
    with pytest.raises(FormatError, match="which is no identifier"):
        value_name(name)
    assert value_name("p_layer1_0_weight") == "p_layer1_0_weight"


def test_names_of_modules_may_be_odd_but_not_hidden():
    assert qualified("") == ()
    assert qualified("block1-0.größe.conv@1") == ("block1-0", "größe", "conv@1")
    for name in ("a..b", ".a", "a\u202eb", "a<b>", "a\nb", "x" * 301, ".".join("a" * 65)):
        with pytest.raises(FormatError, match="which is no name that can be shown"):
            qualified(name)


def test_calls_around_a_node():
    text = "L__self__,,models.Net;L__self__a@1,a,torch.nn.modules.linear.Linear;k,a.b,odd[int]"
    assert module_stack(text) == (
        ("L__self__", (), "Net"),
        ("L__self__a@1", ("a",), "Linear"),
        ("k", ("a", "b"), "Module"),
    )
    assert module_stack("") == ()


def test_structures_are_filled_from_their_leaves():
    leaf = '{"type": null, "context": null, "children_spec": []}'
    inner = f'{{"type": "builtins.list", "context": "null", "children_spec": [{leaf}, {leaf}]}}'
    for kind in ("builtins.dict", "collections.OrderedDict"):
        text = f'[1, {{"type": "{kind}", "context": "[\\"out\\", \\"all\\"]", "children_spec": [{leaf}, {inner}]}}]'
        found = tree(text, "output")
        assert leaves(found) == 3
        assert filled(found, [1, 2, 3]) == {"out": 1, "all": [2, 3]}
    assert filled(tree(f"[1, {leaf}]", "output"), [7]) == 7


@pytest.mark.parametrize("context", ["null", "[1, 2]", '["a"]', '["a", "a"]', "{", "7"])
def test_keys_of_a_structure_are_distinct_words(context):
    leaf = {"type": None, "context": None, "children_spec": []}
    import json

    text = json.dumps([1, {"type": "builtins.dict", "context": context, "children_spec": [leaf, leaf]}])
    with pytest.raises(FormatError, match=r"the output of the network is a builtins\.dict; wrap the network"):
        tree(text, "output")


def _overloads():
    for name in sorted(ATEN):
        packet, which = name.split(".")
        yield name, getattr(getattr(torch.ops.aten, packet), which)


def test_every_listed_operator_exists_and_writes_at_most_its_first_argument():
    for name, function in _overloads():
        written = [k for k, one in enumerate(function._schema.arguments) if one.alias_info and one.alias_info.is_write]
        assert written in ([], [0]), name
        assert all(one.name != "out" for one in function._schema.arguments), name


def test_no_listed_operator_draws_random_numbers_or_takes_a_path():
    for name, function in _overloads():
        if torch.Tag.nondeterministic_seeded in function.tags:
            assert name in FIXED, name
        assert not {"generator", "filename", "storage", "fd"} & {one.name for one in function._schema.arguments}, name
        assert not name.startswith(("empty", "new_empty", "resize", "set_", "from_", "as_strided")), name


def test_what_must_be_fixed_is_an_argument_of_its_operator():
    known = dict(_overloads())
    for name, fixed in FIXED.items():
        assert set(fixed) <= {one.name for one in known[name]._schema.arguments}
    assert not DROPPED & set(ARITHMETIC)


def test_the_table_is_the_schema_of_the_installed_torch():
    """A new torch that adds an entry makes this fail: look at what it means before it is let in."""
    import dataclasses

    from torch._export.serde import schema

    assert schema.SCHEMA_VERSION[0] == 8
    for name, fields in (*RECORDS.items(), *UNIONS.items()):
        theirs = {one.name for one in dataclasses.fields(getattr(schema, name))} - {"_type"}
        assert set(fields) == theirs, name
