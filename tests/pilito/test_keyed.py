"""From one list of rows to the next, and the one text that has changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pilito.keyed import leaf, plan

KEYS = st.lists(st.sampled_from("abcdefghijkl"), unique=True)


def carried_out(old: list[str], new: list[str]) -> list[str]:
    """What the document shows after the steps, taken one by one."""
    found = plan(old, new)
    rows = [key for key in old if key not in found.removed]
    for key, neighbour in found.placed:
        if key in rows:
            rows.remove(key)
        rows.insert(len(rows) if neighbour is None else rows.index(neighbour), key)
    return rows


@given(KEYS, KEYS)
def test_the_steps_lead_from_any_list_to_any_other(old: list[str], new: list[str]) -> None:
    """Carried out in their order, the steps give the new list, and nothing is moved twice."""
    assert carried_out(old, new) == new
    placed = [key for key, _ in plan(old, new).placed]
    assert len(placed) == len(set(placed))


@pytest.mark.parametrize(
    ("old", "new", "touched"),
    [
        ("abcd", "abcd", 0),
        ("abcd", "dabc", 1),
        ("abcd", "bcda", 1),
        ("abcd", "abxcd", 1),
        ("abcd", "acd", 1),
        ("abcd", "dcba", 3),
        ("", "abc", 3),
    ],
)
def test_as_few_rows_are_touched_as_can_be(old: str, new: str, touched: int) -> None:
    """What keeps its order stays: one row that jumps is one step, in either direction."""
    found = plan(list(old), list(new))
    assert len(found.removed) + len(found.placed) == touched


ROW = '<li class="row"><a href="/x"><span>{}</span><p>{}</p></a></li>'


def test_one_changed_text_is_found() -> None:
    """A text that alone makes the difference is named by its element, and found again for the next change."""
    found = leaf(ROW.format("one", "two"), ROW.format("one", "three"))
    assert found is not None
    assert found.number == 4
    assert found.text(ROW.format("one", "four")) == "four"
    assert found.text(ROW.format("other", "four")) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ROW.format("a", "b"), ROW.format("x", "y")),
        (ROW.format("a", "b"), ROW.format("a", "b").replace("/x", "/y")),
        (ROW.format("a", "b"), ROW.format("a", "<b>b</b>")),
        (ROW.format("a", "b"), ROW.format("a", "b &amp; c")),
        ("<li>a<b>c</b></li>", "<li>x<b>c</b></li>"),
        ("<li><b>c</b>a</li>", "<li><b>c</b>x</li>"),
        ("<li>a</li>", "<li class='x'>a</li>"),
    ],
)
def test_what_is_more_than_one_text_is_made_anew(old: str, new: str) -> None:
    """Attributes, markup, signs that need parsing, two texts, and text beside elements are no leaf."""
    assert leaf(old, new) is None


TEXT = st.text(alphabet="ab1 ", max_size=4)


@given(TEXT, TEXT, TEXT, TEXT)
def test_a_leaf_is_never_wrong(one: str, two: str, three: str, four: str) -> None:
    """Where a leaf is found, its text in its place gives the new markup."""
    old, new = ROW.format(one, two), ROW.format(three, four)
    found = leaf(old, new) if old != new else None
    if found is not None:
        assert f"{found.before}{found.text(new)}{found.after}" == new
        assert found.number == (3 if one != three else 4)
