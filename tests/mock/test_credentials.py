"""The three ways in which a socket's token may arrive."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pilito.carriers import CARRIERS, FirstMessageCarrier, SubprotocolCarrier, carrier_named
from pilito.manager import Carrier
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from mock_server.profiles import PROFILES
from mock_server.server import MockServer

EVERY_CARRIER = pytest.mark.parametrize("carrier", [carrier_named(name) for name in CARRIERS], ids=list(CARRIERS))
EVERY_PROFILE = pytest.mark.parametrize("profile", PROFILES)


@contextmanager
def dial(server: MockServer, carrier: Carrier, token: str) -> Iterator[ClientConnection]:
    """A plain client that dials the way the page does with this carrier."""
    dialled = carrier.dial(f"ws://127.0.0.1:{server.port}/ws/conversations/", token)
    offered = [Subprotocol(name) for name in dialled.protocols] or None
    with connect(dialled.url, subprotocols=offered, open_timeout=5) as client:
        if dialled.first_frame is not None:
            client.send(dialled.first_frame)
        yield client


@EVERY_CARRIER
@EVERY_PROFILE
def test_a_good_token_arrives(servers: Callable[..., MockServer], profile: str, carrier: Carrier) -> None:
    """Whatever carries a good token, the socket opens and the first data is its user's."""
    server = servers(profile, first_message=True)
    with dial(server, carrier, server.issue_tokens("omid@example.com")[0]) as client:
        frames = [json.loads(client.recv(timeout=5)) for _ in range(2 if PROFILES[profile].hello else 1)]
    assert frames[-1]["type"] == "conversations_list"
    assert frames[-1]["count"] == 3
    assert client.subprotocol == (SubprotocolCarrier.NAME if isinstance(carrier, SubprotocolCarrier) else None)


@EVERY_CARRIER
@EVERY_PROFILE
def test_a_bad_token_is_refused(servers: Callable[..., MockServer], profile: str, carrier: Carrier) -> None:
    """Whatever carries a bad token, no data comes: the handshake is refused, or the open socket says why and closes."""
    server = servers(profile, first_message=True)
    said = profile == "guide" or isinstance(carrier, FirstMessageCarrier)
    if not said:
        with pytest.raises(InvalidStatus), dial(server, carrier, "rubbish"):
            pass
        return
    with dial(server, carrier, "rubbish") as client:
        assert json.loads(client.recv(timeout=5))["type"] == "authentication_error"
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4001


@pytest.mark.parametrize("frame", ["", "[]", '{"type":"get_conversations"}', '{"type":"authenticate"}'])
def test_a_first_message_without_a_token_is_refused(servers: Callable[..., MockServer], frame: str) -> None:
    """A first frame that brings no token is what a missing token is."""
    server = servers("current", first_message=True)
    with connect(f"ws://127.0.0.1:{server.port}/ws/conversations/", open_timeout=5) as client:
        client.send(frame)
        assert json.loads(client.recv(timeout=5))["type"] == "authentication_error"


def test_nobody_is_held_without_the_setting(servers: Callable[..., MockServer]) -> None:
    """As long as nothing else is asked for, a socket without a token is refused as the backend does."""
    server = servers("current")
    with pytest.raises(InvalidStatus), dial(server, FirstMessageCarrier(), server.issue_tokens("sara@example.com")[0]):
        pass


def test_a_foreign_chat_is_refused_on_a_socket_that_is_open_already(servers: Callable[..., MockServer]) -> None:
    """After the first message no status can be answered any more: the socket is closed with 4403 instead."""
    server = servers("current", first_message=True)
    dialled = FirstMessageCarrier().dial("", server.issue_tokens("omid@example.com")[0])
    with connect(f"ws://127.0.0.1:{server.port}/ws/chat/nobody/", open_timeout=5) as client:
        client.send(str(dialled.first_frame))
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4403
