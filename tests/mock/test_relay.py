"""Several processes of the mock over a real Redis: a login and a push with one are good for the others."""

import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
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


class Redis:
    """A Redis of our own that keeps nothing; it can be killed, and started again at the same port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        assert REDIS is not None
        flags = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
        self._command = [REDIS, "--port", str(self.port), *flags]
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        until(lambda: _answers(self.port))

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Pair:
    """Two processes of the mock, started by one command: their addresses, and what they say on stderr."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.process = process
        self.urls: list[str] = []
        for line in process.stdout:
            self.urls += [url.replace("localhost", "127.0.0.1") for url in re.findall(r"http://\S+", line)]
            if len(self.urls) == 2:
                return
        raise AssertionError("the mock has not started")

    def said(self) -> str:
        """The next line on stderr."""
        assert self.process.stderr is not None
        return self.process.stderr.readline().strip()

    def push(self, number: int, chat: str, content: str) -> None:
        order = {"event": "customer_message", "conversation": chat, "content": content}
        httpx.post(f"{self.urls[number]}/__mock__/push", json=order, timeout=10).raise_for_status()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    found = Redis(tmp_path)
    yield found
    found.kill()


@pytest.fixture
def pair(redis: Redis) -> Iterator[Pair]:
    flags = ["--port", "0", "--processes", "2", "--conversations", "9", "--redis", redis.url]
    command = [sys.executable, "-m", "mock_server", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Pair(process)
        finally:
            process.terminate()


@needs_redis
def test_two_processes_share_their_pushes_and_outlive_their_redis(pair: Pair, redis: Redis) -> None:
    """A socket of one process, opened with the other's token, gets once what the other pushes.

    Without Redis each goes on alone, and says so; with it again, they are together as before.
    """
    with ExitStack() as stack:
        login = {"email_or_username": "sara@example.com", "password": "demo-sara"}
        token = httpx.post(f"{pair.urls[0]}/api/v1/usr/login", json=login).json()["access_token"]
        sockets = [
            stack.enter_context(connect(f"{url.replace('http', 'ws', 1)}/ws/conversations/?token={token}"))
            for url in pair.urls
        ]
        lists = [_next_list(one) for one in sockets]
        assert [row["id"] for row in lists[0]["conversations"]] == [row["id"] for row in lists[1]["conversations"]]
        chat = lists[0]["conversations"][-1]["id"]

        def shared(word: str) -> None:
            for number in range(2):
                pair.push(number, chat, f"{word} {number}")
                assert [_newest(one) for one in sockets] == [f"{word} {number}"] * 2

        shared("together")
        redis.kill()
        lost = "mock_server: Redis at 127.0.0.1 is lost (ConnectionError); pushes stay in this process until it is back"
        assert [pair.said(), pair.said()] == [lost] * 2
        for number, one in enumerate(sockets):
            pair.push(number, chat, f"alone {number}")
            assert _newest(one) == f"alone {number}"
        redis.start()
        assert [pair.said(), pair.said()] == ["mock_server: Redis at 127.0.0.1 is back"] * 2
        shared("again")
        for one in sockets:
            one.send("")
            assert "Invalid JSON" in str(one.recv(timeout=5))  # nothing came twice


@needs_redis
def test_several_processes_end_together(pair: Pair) -> None:
    """Told to end, all of them do, and the command's exit code is zero."""
    pair.process.terminate()
    assert pair.process.wait(timeout=20) == 0
    until(lambda: not any(_answers(int(url.rpartition(":")[2])) for url in pair.urls))


def test_several_processes_need_a_redis(capsys: pytest.CaptureFixture[str]) -> None:
    """Without one between them the start fails with a sentence; so does a number that is none."""
    assert main(["--processes", "2"]) == 2
    assert "--processes: several need --redis URL" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--processes", "0"])
    assert "must be a number from 1 to 64, not '0'" in capsys.readouterr().err


def _newest(one: Any) -> str:
    text: str = _next_list(one)["conversations"][0]["last_message"]["content"]
    return text


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
