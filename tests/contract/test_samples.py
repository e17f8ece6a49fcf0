"""Single recorded frames of many versions: the mock writes the same fields, types and fixed words in that version."""

from typing import Any

import pytest

from mock_server.backend import Backend, Settings
from mock_server.profiles import profile
from tests.contract.recordings import Line, or_skip, samples
from tests.contract.shapes import differences
from tests.contract.small_frames import said

LISTS = {"conversations_list": "conversations", "customers_list": "customers", "recent_messages": "messages"}
MESSAGES = ("chat_message", "ai_message")
VERSIONS: dict[str, Backend] = {}


def _backend(version: str) -> Backend:
    if version not in VERSIONS:
        VERSIONS[version] = Backend(Settings(profile(version), False, "uvicorn", 30, 1))
    return VERSIONS[version]


def _written(backend: Backend, frame: dict[str, Any]) -> dict[str, Any]:
    """The mock's frame of the same type, to the same question where there was one."""
    user = next(iter(backend.store.users.values()))
    conversation = next(iter(backend.store.conversations.values()))
    match frame["type"]:
        case "conversations_list":
            return backend.conversations_list(user, frame["filters"])
        case "customers_list":
            return backend.customers_list(user, frame["filters"])
        case "recent_messages":
            return backend.recent_messages(conversation, None)
    row = backend.serializer.message(conversation.messages[0], conversation.customer)
    more = ("conversation_id", "is_ai_response") if frame["type"] == "ai_message" else ("external_send_result",)
    return {"type": frame["type"], "message": row, **{name: frame[name] for name in more}}


def kind_of(row: Line) -> str:
    frame = row["frame"]
    return str(frame.get("type")) if isinstance(frame, dict) else "no object"


ROWS = [row for row in samples() if kind_of(row) in (*LISTS, *MESSAGES)]
SMALL = [row for row in samples() if kind_of(row) not in (*LISTS, *MESSAGES)]


def name_of(row: Line | None) -> str:
    return f"{row['version']}-{kind_of(row)}" if row else "none"


@pytest.mark.parametrize("sample", or_skip(ROWS, "samples"), ids=name_of)
def test_rows_and_messages_are_written_as_in_that_version(sample: Line) -> None:
    """Each recorded list and message has the fields and types that the mock writes in the version that sent it."""
    frame = sample["frame"]
    written = _written(_backend(sample["version"]), frame)
    rows = LISTS.get(frame["type"], "")
    if rows:  # long lists were cut when they were recorded: a text stands for the rows that are left out
        frame = {**frame, rows: [row for row in frame[rows] if isinstance(row, dict)]}
    if rows and not (frame[rows] and written[rows]):  # another shop: nothing to compare but the frame around them
        frame, written = {**frame, rows: []}, {**written, rows: []}
    if rows:
        written = {**written, rows: written[rows][: len(frame[rows])]}
    assert not differences(frame, written, loose=True)


@pytest.mark.parametrize("sample", or_skip(SMALL, "samples"), ids=name_of)
def test_small_frames_are_said_as_in_that_version(sample: Line) -> None:
    """Each recorded greeting, error, answer and farewell is one that the mock says, field by field, words included."""
    version, frame = sample["version"], sample["frame"]
    alike = [mocked for mocked in said(version) if mocked.get("type") == frame.get("type")]
    assert alike, f"{version} of the mock never says {frame}; tests/contract/small_frames.py should make it"
    closest = min((differences(frame, mocked) for mocked in alike), key=lambda found: len(found))
    assert not closest, "; ".join(closest)
