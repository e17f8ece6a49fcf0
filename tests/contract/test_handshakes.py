"""Every recorded handshake: what a token, an origin or a path leads to, in each version, server and mode."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

import httpx
import pytest

from mock_server.server import MockServer
from mock_server.timing import Timing
from tests.contract.clients import Client, RefusedError
from tests.contract.http_calls import HttpCalls
from tests.contract.recordings import Line, handshakes, or_skip

OWN = "http://localhost:3000"
PATHS = {"unknown-path": "/ws/nothing/", "chat-no-id": "/ws/chat/", "chat-badchars": "/ws/chat/a-b/"}
TOKENS = {"access", "bad_signature", "bearer", "empty", "expired", "expired_still_cached", "garbage", "missing"}
TOKENS |= {"no_such_user", "refresh", "revoked"}
ORIGINS = {"none": None, "evil": "https://evil.example", "null": "null", "5173": "http://localhost:5173"}


def _groups() -> list[Any]:
    found: dict[tuple[str, str, int], list[Line]] = defaultdict(list)
    for row in handshakes():
        found[(row["version"], row["server"], row["debug"])].append(row)
    return [pytest.param((key, rows), id="-".join(map(str, key))) for key, rows in found.items()]


def _path(server: MockServer, name: str) -> str:
    chats = server.backend.store.conversations.values()
    own, other = (next(chat.id for chat in chats if chat.owner.id == number) for number in (1, 2))
    known = {
        **PATHS,
        "chat-own": f"/ws/chat/{own}/",
        "chat-other-user": f"/ws/chat/{other}/",
        "chat-unknown-id": "/ws/chat/zzzzzz/",
        "chat-undefined": "/ws/chat/undefined/",
        "chat-no-slash": f"/ws/chat/{own}",
        "conversations-no-slash": "/ws/conversations",
        "wizard": "/ws/wizard-status/",
    }
    return known.get(name, f"/ws/{name}/")


def _dial(server: MockServer, calls: HttpCalls, case: str) -> Client:
    place, _, what = case.partition(":")
    known = what in TOKENS or what == "subprotocol-offered" or what.startswith("origin-")
    assert known, f"handshake case {case!r}: say in tests/contract/test_handshakes.py what {what!r} is"
    origin: str | None = OWN
    if what.startswith("origin-"):
        name = what.removeprefix("origin-")
        origin = ORIGINS.get(name, server.url)
    protocol = "chat" if "subprotocol" in what else None
    tokens = {"access": server.issue_tokens("sara@example.com")[0], "empty": ""}
    plain = what.startswith("origin-") or protocol or what == "access"
    token = tokens["access"] if plain else "" if what == "empty" else calls.token(what, tokens)
    token = f"Bearer%20{tokens['access']}" if what == "bearer" else token
    query = "" if what == "missing" else f"?token={token}"
    return Client(f"ws://127.0.0.1:{server.port}{_path(server, place)}{query}", origin=origin, protocol=protocol)


def _frames(seen: Line | None) -> list[str]:
    return [frame["type"] for frame in (seen or {}).get("frames", [])]


def _hold(server: MockServer, calls: HttpCalls, row: Line) -> None:
    seen, page = row["py"], row.get("chromium")
    try:
        client = _dial(server, calls, row["case"])
    except RefusedError as refused:
        assert (refused.status, refused.body) == (seen.get("status"), seen.get("body", "")), row["case"]
        return
    assert seen.get("opened"), f"{row['case']}: opened, recorded {seen}"
    close = seen.get("close") or (page or {}).get("close")
    code = None if "subprotocol" in row["case"] or not close else close["code"]
    if code is not None:
        client.wait_for_end()
    client.settle()
    assert client.subprotocol is None, f"{row['case']}: the server selects a subprotocol"
    types = [frame.get("type") for frame in client.heard]
    for recorded in (_frames(seen), _frames(page)):
        assert types[: len(recorded)] == recorded, row["case"]
    assert client.code == code, f"{row['case']}: ends with {client.code}, recorded {code}"
    client.close()


@pytest.mark.parametrize("group", or_skip(_groups(), "handshakes"))
def test_handshakes_end_as_recorded(group: tuple[tuple[str, str, int], list[Line]]) -> None:
    """Each case opens, is refused with the same status, or says the same and closes with the same code."""
    (version, flavour, debug), rows = group
    timing = replace(Timing().scaled(0.1), window=60.0)
    with (
        MockServer(
            profile=version, server=flavour, debug=bool(debug), strict=True, timing=timing, conversations=10
        ) as server,
        httpx.Client(base_url=server.url) as http,
    ):
        for row in rows:
            server.backend.gate.dials.clear()
            owner = server.backend.store.users[1]
            calls = HttpCalls(server, http, owner)
            if row["case"] == "rate-limit":
                _count(server, row["py"])
            else:
                _hold(server, calls, row)


def _count(server: MockServer, recorded: list[str | int]) -> None:
    found: list[str | int] = []
    for _ in recorded:
        try:
            access, _ = server.issue_tokens("sara@example.com")
            url = f"ws://127.0.0.1:{server.port}/ws/conversations/?token={access}"
            Client(url, origin=OWN).close()
            found.append("open")
        except RefusedError as refused:
            found.append(refused.status)
    assert found == recorded
