"""Two processes of the mock over a real Redis: a login and a push with one are good for the other."""

import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from mock_server.cli import main
from tests.mock.conftest import until

REDIS = shutil.which("redis-server")
needs_redis = pytest.mark.skipif(
    REDIS is None, reason="no redis-server on the PATH; Debian: apt-get install redis-server"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis of our own that keeps nothing."""
    port = free_port()
    assert REDIS is not None
    flags = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(tmp_path)]
    with subprocess.Popen([REDIS, *flags], stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: _answers(port))
            yield f"redis://127.0.0.1:{port}"
        finally:
            process.kill()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def mock(url: str) -> Iterator[str]:
    """A mock in a process of its own; yields its address."""
    command = [sys.executable, "-m", "mock_server", "--port", "0", "--conversations", "9", "--redis", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found, "the mock has not started"
            yield found[0].replace("localhost", "127.0.0.1")
        finally:
            process.kill()


@needs_redis
def test_two_processes_share_their_pushes(redis_url: str) -> None:
    """A socket of one process, opened with the other's token, gets once what the other one pushes."""
    with ExitStack() as stack:
        first, second = stack.enter_context(mock(redis_url)), stack.enter_context(mock(redis_url))
        login = {"email_or_username": "sara@example.com", "password": "demo-sara"}
        token = httpx.post(f"{first}/api/v1/usr/login", json=login).json()["access_token"]
        sockets = [
            stack.enter_context(connect(f"{url.replace('http', 'ws', 1)}/ws/conversations/?token={token}"))
            for url in (first, second)
        ]
        lists = [_next_list(one) for one in sockets]
        assert [row["id"] for row in lists[0]["conversations"]] == [row["id"] for row in lists[1]["conversations"]]
        chat = lists[0]["conversations"][-1]["id"]
        for number, url in enumerate((first, second)):
            order = {"event": "customer_message", "conversation": chat, "content": f"from {number}"}
            httpx.post(f"{url}/__mock__/push", json=order).raise_for_status()
            for one in sockets:
                assert _next_list(one)["conversations"][0]["last_message"]["content"] == f"from {number}"
        for one in sockets:
            one.send("")
            assert "Invalid JSON" in str(one.recv(timeout=5))  # nothing came twice


def _next_list(one: Any) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = json.loads(one.recv(timeout=10))
        if frame.get("type") == "conversations_list":
            return frame


def test_without_a_redis_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Where no Redis answers, the start fails with one sentence that shows no password."""
    assert main(["--port", "0", "--redis", f"redis://:secret@127.0.0.1:{free_port()}"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("mock_server: --redis: no Redis at 127.0.0.1 (ConnectionError); start one")
    assert "secret" not in told


def test_an_address_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """An address of another kind is refused before anything starts."""
    with pytest.raises(SystemExit):
        main(["--redis", "localhost:6379"])
    assert "must be an address such as redis://127.0.0.1:6379, not 'localhost:6379'" in capsys.readouterr().err
