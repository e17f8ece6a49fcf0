"""How a token gets everywhere, and how to look for it."""

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

from e2e.tab import CONVERSATIONS, Tab
from mock_server.server import MockServer
from mock_server.testing.waiting import eventually

SARA = "sara@example.com"
SHORTEST = 24  # characters of a token that would be a leak


def provoke(tab: Tab, server: MockServer) -> list[str]:
    """Log in, have a socket refused, a token refreshed and a session ended; returns every token there was."""
    tab.expected += [r"Failed to load resource", r"WebSocket connection to .* failed"]
    tab.give_session().open("/conversations").ready()
    server.fault("refuse", status=403, endpoint=CONVERSATIONS, times=1)
    server.fault("revoke", user=SARA, refresh=False)
    server.fault("close", code=1012, endpoint=CONVERSATIONS)
    eventually(lambda: _retried(tab) and server.state()["refreshes"] == 1, seconds=30)
    tab.ready()
    tokens = [*tab.tokens, *_stored(tab)]
    server.fault("revoke", user=SARA)
    server.fault("close", code=1012, endpoint=CONVERSATIONS)
    eventually(lambda: _retried(tab) and "/login" in tab.page.url, seconds=30)
    tab.log_in().ready()
    return [*tokens, *_stored(tab)]


def _retried(tab: Tab) -> bool:
    tab.page.evaluate("document.querySelectorAll('[data-retry]').forEach((button) => button.click())")
    return True


def _stored(tab: Tab) -> list[str]:
    return [token for key in ("access_token", "refresh_token") if (token := tab.stored(key))]


def spellings(token: str) -> Iterator[bytes]:
    """Every piece of a token by itself, as text and as base64 at each alignment."""
    for part in token.split("."):
        for start in range(0, len(part) - SHORTEST + 1, SHORTEST):
            piece = part[start : start + SHORTEST].encode()
            yield piece
            for shift in range(3):
                yield base64.b64encode(b"x" * shift + piece)[2 * shift : -4]


def shown(data: bytes, tokens: list[str]) -> list[bytes]:
    """The pieces of tokens that can be read in some data. The header, which every token shares, is no secret."""
    return [piece for token in tokens for piece in spellings(token.partition(".")[2]) if piece in data]


def painted(tab: Tab) -> bytes:
    """Every text that a screenshot can show: the document as laid out, with what style sheets and controls put in."""
    devtools = tab.page.context.new_cdp_session(tab.page)
    found = devtools.send("DOMSnapshot.captureSnapshot", {"computedStyles": ["content"]})
    devtools.detach()
    return json.dumps(found["strings"]).encode()


def artefacts(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder, and what is in its archives."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            yield path.name, path.name.encode() + data
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    for info in archive.infolist():
                        yield f"{path.name}:{info.filename}", info.filename.encode() + archive.read(info)
