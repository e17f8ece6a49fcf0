"""What is typed as a comment on an AI answer."""

import pytest
from pages.comments import TypedComments

from tests.fakes import FakeStorage, Shared


@pytest.fixture
def storage() -> FakeStorage:
    return FakeStorage(Shared())


def test_what_is_typed_goes_before_what_is_saved(storage: FakeStorage) -> None:
    """A comment that is being typed is shown again, an emptied one as well; without one, what the server has."""
    comments = TypedComments(storage)
    assert comments.shown("a", "saved") == "saved"
    comments.keep("a", "half a th")
    assert TypedComments(storage).shown("a", "saved") == "half a th"
    assert comments.shown("b", "another") == "another"
    comments.keep("a", "")
    assert comments.shown("a", "saved") == ""


def test_only_the_same_text_counts_as_saved(storage: FakeStorage) -> None:
    """What was typed is forgotten once the server shows it, trimmed as it does; an older text changes nothing."""
    comments = TypedComments(storage)
    comments.keep("a", " whole thought ")
    comments.saved("a", "half a thought")
    assert comments.shown("a", "half a thought") == " whole thought "
    comments.saved("a", "whole thought")
    assert storage.keys() == []
