"""The state of a live list, and the strings."""

import ast
import re
import string
from pathlib import Path
from typing import Any

import pytest
from pages.live_list import PAGE_SIZE, REQUEST_ID, Listing
from pages.strings import LANGUAGES

FRONTEND = Path(__file__).parents[2] / "frontend"


def listing() -> Listing:
    return Listing("rows", ("search", "status", "priority", "tags"))


def frame(ids: list[Any], filters: Any = None, **pagination: Any) -> dict[str, Any]:
    return {"type": "rows_list", "rows": [{"id": i} for i in ids], "filters": filters or {}, "pagination": pagination}


def test_the_first_push_is_shown_until_the_answer_comes() -> None:
    """On the first look the unasked page is shown at once, and the answer takes its place."""
    found = listing()
    asked = found.request()
    assert not found.take(frame([1, 2], count=9, total_pages=1))
    assert [row["id"] for row in found.rows] == [1, 2]
    assert found.take(frame([3], {REQUEST_ID: asked[REQUEST_ID]}, count=1, total_pages=1, has_next=False))
    assert [row["id"] for row in found.rows] == [3]
    assert asked["page_size"] == PAGE_SIZE


def test_an_answer_to_an_earlier_question_is_old() -> None:
    """Only the answer to the last question counts."""
    found = listing()
    first = found.request()
    second = found.request()
    assert not found.take(frame([1], {REQUEST_ID: first[REQUEST_ID]}))
    assert not found.loaded
    assert found.take(frame([2], {REQUEST_ID: second[REQUEST_ID]}))


def test_a_push_while_filtered_changes_only_rows_that_are_shown() -> None:
    """News about a shown row is taken; a row that the filter may not want is not."""
    found = listing()
    found.choose("status", "closed")
    asked = found.request()
    found.take(frame([1, 2], {REQUEST_ID: asked[REQUEST_ID]}))
    push = {"rows": [{"id": 9}, {"id": 2, "title": "news"}], "filters": {}}
    assert not found.take(push)
    assert found.rows == [{"id": 1}, {"id": 2, "title": "news"}]


def test_duplicates_and_rubbish_are_left_out() -> None:
    """Each id once; what is no row, no list, no pagination does no harm."""
    found = listing()
    found.take(frame([1, 1, 2, None, [], 2]))
    assert [row["id"] for row in found.rows] == [1, 2]
    for rubbish in (None, 3, {"a": 1}, ["x"]):
        found.take({"rows": rubbish, "filters": 3, "pagination": "x"})
    found.take({})


def test_the_address_keeps_what_is_asked_for() -> None:
    """Filters and page go into the address and come back; unknown names and bad pages do not."""
    found = listing()
    found.from_query({"search": "x", "page": "3", "evil": "1"})
    assert found.query() == {"search": "x", "page": "3"}
    assert found.request()["page"] == 3
    for bad in ("0", "-1", "x", "99999999", "²", "9" * 5000):
        found.from_query({"page": bad, "priority": bad})
        assert found.page == 1
        assert found.request()["priority"] in (bad, 0, 99999999)
    found.from_query({"page": "۳"})
    assert found.page == 3
    found.from_query({})
    assert found.choose("priority", "2")
    assert found.request()["priority"] == 2
    assert found.choose("tags", "VIP")
    assert found.request()["tags"] == ["VIP"]
    assert not found.choose("evil", "1")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same() -> None:
    """English and Persian have the same keys with the same placeholders, and nothing is empty."""
    english, persian = LANGUAGES["en"], LANGUAGES["fa"]
    assert english.keys() == persian.keys()
    for key in english:
        assert placeholders(english[key]) == placeholders(persian[key]), key
        assert english[key].strip()
        assert persian[key].strip()


def used_keys() -> set[str]:
    """Literal keys handed to the catalogue anywhere in the frontend."""
    found = set()
    for path in FRONTEND.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                key = node.args[0].value
                if name in ("text", "_text") and isinstance(key, str) and re.fullmatch(r"[a-z]+\.[\w.-]+", key):
                    found.add(key)
    return found


def test_every_key_that_is_used_exists() -> None:
    """No page asks for a string that the catalogue has not got."""
    keys = LANGUAGES["en"].keys()
    missing = {key for key in used_keys() if key not in keys and f"{key}.other" not in keys}
    assert len(used_keys()) > 50
    assert not missing


@pytest.mark.parametrize(
    "reason",
    [
        "requested",
        "unauthorized",
        "forbidden",
        "refused",
        "replaced",
        "exhausted",
        "offline",
        "frozen",
        "throttled",
        "queued",
        "lost",
        "none",
    ],
)
def test_the_badge_has_words_for_every_reason(reason: str) -> None:
    """Every reason of the connection is said in words."""
    assert f"badge.{reason}" in LANGUAGES["en"]
