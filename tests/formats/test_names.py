"""What is shown of a name from a file, and which names are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repsim_core.errors import FormatError
from repsim_core.formats import checked_name, shown_name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("layer1.0.conv2", "layer1.0.conv2"),
        ("слой-1 層", "слой-1 層"),
        ("a\u202eb", "a\\u202eb"),  # right-to-left override
        ("a\x00b\x1b[31m\n", "a\\u0000b\\u001b[31m\\u000a"),
        ("\ud800", "\\ud800"),  # a lone surrogate cannot be written anywhere
        ("\U000e0041", "\\U000e0041"),  # an invisible tag
        ("", ""),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
        ("x" * 10_000, "x" * 79 + "…"),
    ],
)
def test_hidden_characters_are_escaped_and_long_names_cut(text, shown):
    assert shown_name(text) == shown


@given(st.text(), st.integers(1, 100))
def test_what_is_shown_is_printable_and_short(text, length):
    shown = shown_name(text, length)
    assert shown.isprintable()
    assert len(shown) <= length
    shown.encode()


@pytest.mark.parametrize(
    "name", ["layer1.0", "['params']['Dense_0']", "a/b:0", "block@1", "relu#2", "слой 1", "a&b", "x" * 300]
)
def test_names_of_every_framework_pass(name):
    assert checked_name("a.npz", "layer", name) == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "the layer name '' has 0 characters"),
        ("x" * 301, r"has 301 characters \(1 to 300 are allowed\); rename it"),
        ("<img src=x onerror=alert(1)>", "holds the character <; use letters"),
        ("`code`", "holds the character `"),
        ("$\\input{/etc/passwd}$", r"holds the character \$"),
        ("a\\b", r"holds the character \\"),
        ('a"b', 'holds the character "'),
        ("a\u200bb", r"a\\u200bb holds the character \\u200b"),
        ("a\nb", r"holds the character \\u000a"),
        ("../a", "holds a path or a link"),
        ("a/../b", "holds a path or a link"),
        ("/etc", "holds a path or a link"),
        ("[here](http://a.b)", "holds a path or a link"),
    ],
)
def test_names_that_mean_something_to_a_page_are_refused(name, message):
    with pytest.raises(FormatError, match=message) as caught:
        checked_name("a.npz", "layer", name)
    assert str(caught.value).isprintable()
