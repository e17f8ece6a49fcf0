"""Tokens are taken out of text, values and archives, whole or cut, and the rest stays."""

import base64
import json
import zipfile
from pathlib import Path

import pytest
from _pytest._io.saferepr import saferepr

from mock_server.journal import Journal
from mock_server.redaction import redact, redact_bytes, redact_value, redact_zip
from mock_server.seed import USERS
from mock_server.tokens import TokenIssuer

ACCESS, REFRESH = TokenIssuer().issue(USERS[0])


@pytest.mark.parametrize(
    "text",
    [
        ACCESS,
        f"ws://localhost/ws/conversations/?_=000&token={REFRESH}&page=2",
        "ws://localhost/ws/?token=rubbish-of-a-test",
        json.dumps({"access_token": "opaque", "refresh": ACCESS}),
        json.dumps(json.dumps({"refresh_token": "opaque"})),
        f"Tab(tokens=['{ACCESS}', '{REFRESH}'])",
        '{"type": "authenticate", "token": "opaque"}',
        ACCESS[:60],
        base64.b64encode(f'{{"token":"{ACCESS}"}}'.encode()).decode(),
        base64.b64encode(ACCESS.encode()).decode(),
        f"Bearer {ACCESS}",
        "502 for url: https://api.telegram.org/bot123456:opaque-rubbish_X/sendMessage",
    ],
)
def test_nothing_of_a_token_stays(text: str) -> None:
    """A token is taken out wherever it stands, in text and in bytes alike."""
    shown = redact(text)
    assert "[token]" in shown
    for part in ("eyJ", "opaque", "rubbish", *ACCESS.split(".")):
        assert part not in shown
    assert redact_bytes(text.encode()) == shown.encode()


@pytest.mark.parametrize(
    "text",
    [
        "mock_server.testing.plugin",
        "سلام، وقت بخیر 🌸",
        "a.b.c",
        '{"type": "refresh", "page": 2}',
        "ey, John. How. Are",
    ],
)
def test_what_is_no_token_stays(text: str) -> None:
    """Names with dots, messages and frames are left as they are."""
    assert redact(text) == text
    assert redact_bytes(text.encode()) == text.encode()


@pytest.mark.parametrize("room", range(30, len(ACCESS), 17))
def test_nothing_of_a_token_stays_that_pytest_has_shortened(room: int) -> None:
    """The middle of a long local variable is left out by pytest; both its ends are parts of a token."""
    shown = redact(saferepr([ACCESS], maxsize=room))
    assert not any(ACCESS[start : start + 12] in shown for start in range(len(ACCESS) - 12))


def test_long_runs_take_no_time() -> None:
    """A megabyte without a dot, as in a picture, is searched once and not once for each character."""
    run = "a" * 1_000_000
    assert redact(run) == run


def test_values_are_redacted_inside() -> None:
    """Strings in lists and objects are redacted, keys too; numbers stay."""
    assert redact_value({"a": [1, None, f"x {ACCESS}"], ACCESS: True}) == {"a": [1, None, "x [token]"], "[token]": True}


def test_an_archive_is_written_again(tmp_path: Path) -> None:
    """Every file of an archive is redacted and keeps its name; what is no archive is refused and left alone."""
    path = tmp_path / "trace.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("trace.network", f'{{"url":"/ws/?token={ACCESS}"}}')
        archive.writestr("resources/picture.png", b"\x89PNG\x00\xff")
    redact_zip(path)
    with zipfile.ZipFile(path) as archive:
        assert archive.read("trace.network") == b'{"url":"/ws/?token=[token]"}'
        assert archive.read("resources/picture.png") == b"\x89PNG\x00\xff"
    assert [found.name for found in tmp_path.iterdir()] == ["trace.zip"]
    other = tmp_path / "other.zip"
    other.write_text("no archive")
    with pytest.raises(zipfile.BadZipFile):
        redact_zip(other)
    assert other.read_text() == "no archive"


def test_a_token_at_the_cut_of_the_journal() -> None:
    """The journal shortens long frames, and a token that the cut goes through leaves nothing behind."""
    journal = Journal()
    journal.add("frame", text="x" * 1980 + " " + ACCESS)
    (entry,) = journal.entries()
    assert "eyJ" not in entry["text"]
