"""What happened is written down, line by line and with its time, whichever way a token came; the token is not."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.mock.conftest import until

LIST = "/ws/conversations/"
SARA = {"email_or_username": "sara@example.com", "password": "demo-sara"}
Entry = dict[str, Any]


class Journaled:
    """A mock in a process of its own that writes ``file``; ``tokens`` are all that it has handed out here."""

    def __init__(self, url: str, file: Path) -> None:
        self.file = file
        self._sockets = url.replace("http", "ws", 1)
        self.api = httpx.Client(base_url=url, timeout=10)
        self.tokens: list[str] = []

    def login(self) -> tuple[str, str]:
        body = self.api.post("/api/v1/usr/login", json=SARA).json()
        return self._kept(body)

    def refresh(self, refresh: str) -> tuple[str, str]:
        body = self.api.post("/api/v1/usr/refresh-access", json={"refresh": refresh}).json()
        return self._kept(body["data"])

    def _kept(self, pair: dict[str, str]) -> tuple[str, str]:
        self.tokens += [pair["access_token"], pair["refresh_token"]]
        return pair["access_token"], pair["refresh_token"]

    def dial(self, query: str = "", *protocols: str) -> ClientConnection:
        offered = [Subprotocol(name) for name in protocols] or None
        return connect(f"{self._sockets}{LIST}{query}", subprotocols=offered, close_timeout=0.2, proxy=None)

    def written(self) -> list[Entry]:
        return [json.loads(line) for line in self.file.read_text(encoding="utf-8").splitlines()]

    def gone(self) -> int:
        return sum(entry["event"] == "gone" for entry in self.written())


@pytest.fixture
def mock(tmp_path: Path) -> Iterator[Journaled]:
    file = tmp_path / "journal.jsonl"
    flags = ["--port", "0", "--conversations", "3", "--first-message", "--journal", str(file)]
    with subprocess.Popen([sys.executable, "-m", "mock_server", *flags], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, "the mock has not started"
        journaled = Journaled(found[0].replace("localhost", "127.0.0.1"), file)
        yield journaled
        journaled.api.close()
        process.kill()


def drain(socket: ClientConnection) -> None:
    """Read until the server closes."""
    try:
        while True:
            socket.recv(timeout=10)
    except ConnectionClosed:
        return


def test_everything_is_written_with_its_time_and_without_tokens(mock: Journaled) -> None:
    """Calls, connections of every carrier, frames, faults, refusals and closes, the same in the file and over HTTP."""
    access, refresh = mock.login()
    with mock.dial(f"?token={access}") as socket:
        socket.send(
            json.dumps({"type": "get_conversations", "filters": {"_rid": 1, "mine": access, "token": "opaque"}})
        )
        socket.send(b"\x00\x01")
        drain(socket)
    with mock.dial("", "pilito.token", access) as socket:
        socket.recv(timeout=10)
        socket.close(4321)
    with mock.dial() as socket:
        socket.send(json.dumps({"type": "authenticate", "token": access}))
        socket.recv(timeout=10)
        order = {"fault": "close", "code": 4000, "reason": f"bye {refresh[:60]}"}
        assert mock.api.post("/__mock__/fault", json=order).json() == {"hit": 1}
        drain(socket)
    access, _ = mock.refresh(refresh)
    mock.api.post("/__mock__/fault", json={"fault": "refuse", "status": 429, "times": 1})
    with pytest.raises(Exception, match="HTTP 429"):
        mock.dial(f"?token={access}")
    until(lambda: mock.gone() == 3)

    entries = mock.written()
    assert entries == mock.api.get("/__mock__/journal").json()
    times = [datetime.fromisoformat(entry["time"]) for entry in entries]
    assert times == sorted(times)
    assert all(moment.tzinfo for moment in times)
    sockets = [(entry["event"], entry["code"]) for entry in entries if entry["event"] in ("close", "gone")]
    assert sockets == [("close", 1006), ("gone", 1006), ("gone", 4321), ("close", 4000), ("gone", 4000)]
    assert [entry["event"] for entry in entries].count("open") == 3
    assert [entry["name"] for entry in entries if entry["event"] == "fault"] == ["close", "refuse"]
    assert [entry["status"] for entry in entries if entry["event"] == "refuse"] == [429]
    calls = [(entry["method"], entry["path"], entry["status"]) for entry in entries if entry["event"] == "http"]
    assert calls == [("POST", "/api/v1/usr/login", 200), ("POST", "/api/v1/usr/refresh-access", 200)]
    heard = [entry["text"] for entry in entries if entry["event"] == "frame" and entry["direction"] == "in"]
    assert len(heard) == 3
    assert '"_rid": 1' in heard[0]
    assert heard[1:] == ["<2 bytes>", '{"type": "authenticate", "token": "[token]"}']
    said = [entry["text"] for entry in entries if entry["event"] == "frame" and entry["direction"] == "out"]
    assert sum("connection_established" in text for text in said) == 3

    text = mock.file.read_text(encoding="utf-8")
    assert "opaque" not in text
    for token in mock.tokens:
        for part in token.split("."):
            assert part[:30] not in text
