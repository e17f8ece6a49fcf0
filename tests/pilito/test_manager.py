"""The manager on virtual time, with sockets in the test's hand."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pilito.events import State
from pilito.exceptions import EncodeError
from pilito.manager import WebSocketManager
from pilito.ports import Denied, Issued

from tests.fakes import pass_time
from tests.pilito.connection import World, scenario


@scenario
async def test_connect_twice_opens_one_socket_and_says_so_once() -> None:
    """connect() while connecting or open opens nothing, and one line says so, not one for each call."""
    world = await World().ready()
    for _ in range(5):
        world.manager.connect()
    await pass_time()
    assert len(world.connector.sockets) == 1
    assert world.console.count("Already") == 1


@scenario
async def test_a_frame_reaches_the_listeners_of_its_type() -> None:
    """Each listener of a frame's type hears it; one that raises is reported and the others still run."""
    world = await World().ready()
    heard: list[str] = []
    errors = world.heard("error")

    def broken(_: Any) -> None:
        raise ValueError("boom")

    world.manager.on_message("news", broken)
    world.manager.on_message("news", lambda message: heard.append(message["text"]))
    world.manager.on_message("other", lambda _: heard.append("wrong"))
    world.connector.last.frame('{"type":"news","text":"hello"}')
    assert heard == ["hello"]
    assert "boom" in errors[0]["message"]
    assert world.manager.state is State.READY


@scenario
async def test_frames_of_one_turn_are_delivered_in_order() -> None:
    """A batch with frames of every kind comes out in order, each once, whatever it does to the connection's clock."""
    world = await World().ready()
    heard: list[int] = []
    errors = world.heard("error")
    world.manager.on_message("n", lambda message: heard.append(message["n"]))
    texts: list[str | None] = [json.dumps({"type": "n", "n": number}) for number in range(5)]
    world.connector.last.frames([*texts[:2], "{", *texts[2:4], None, '{"error":"Invalid JSON format"}', texts[4]])
    assert heard == [0, 1, 2, 3, 4]
    assert len(errors) == 2
    assert world.manager.state is State.READY


@scenario
async def test_a_batch_ends_where_the_connection_ends() -> None:
    """Behind a frame that ends the connection, or a listener that does, nothing of the batch is delivered."""
    for ending in ('{"type":"authentication_error"}', '{"type":"stop"}'):
        world = await World().ready()
        heard: list[Any] = []
        world.manager.on_message("x", heard.append)
        world.manager.on_message("stop", _disconnecting(world.manager))
        world.connector.last.frames(['{"type":"x"}', '{"type":"x"}', ending, '{"type":"x"}'])
        assert len(heard) == 2
        assert world.manager.state is not State.READY


def _disconnecting(manager: WebSocketManager) -> Callable[[Any], None]:
    return lambda _: manager.disconnect()


@scenario
async def test_falling_behind_is_told_and_forgotten_with_the_socket() -> None:
    """behind is an event and a property; a new socket has nothing to catch up with; an old one says nothing."""
    world = await World().ready()
    heard = world.heard("behind")
    world.connector.last.sink.socket_behind(world.manager.generation - 1, True)
    assert not world.manager.behind
    world.connector.last.sink.socket_behind(world.manager.generation, True)
    assert world.manager.behind
    world.connector.last.close(1006)
    await pass_time(3)
    assert not world.manager.behind
    assert [detail["behind"] for detail in heard] == [True, False]


@scenario
async def test_a_listener_that_removes_itself_silences_nobody() -> None:
    """A listener that undoes itself, and one that is undone during the call, leave the rest alone."""
    world = await World().ready()
    heard: list[str] = []
    undo: dict[str, Callable[[], None]] = {}

    def first(_: Any) -> None:
        heard.append("first")
        undo["first"]()
        undo["third"]()

    undo["first"] = world.manager.on_message("x", first)
    world.manager.on_message("x", lambda _: heard.append("second"))
    undo["third"] = world.manager.on_message("x", lambda _: heard.append("third"))
    for _ in range(2):
        world.connector.last.frame('{"type":"x"}')
    assert heard == ["first", "second", "second"]


@scenario
async def test_once_and_off() -> None:
    """once() hears one event, off() ends listening, and an unknown event is an error."""
    world = World()
    once: list[Any] = []
    never: list[Any] = []
    world.manager.once("connecting", once.append)
    world.manager.on("connecting", never.append)
    world.manager.off("connecting", never.append)
    await world.ready()
    world.manager.disconnect()
    await world.ready()
    assert (len(once), len(never)) == (1, 0)
    with pytest.raises(ValueError, match="nonsense"):
        world.manager.on("nonsense", never.append)


@scenario
async def test_lifecycle_names_in_frames_are_only_frames() -> None:
    """Server frames named error, connected or disconnected never reach the lifecycle listeners."""
    world = await World().ready()
    heard = [world.heard(name) for name in ("error", "connected", "disconnected")]
    for name in ("error", "connected", "disconnected"):
        world.connector.last.frame(json.dumps({"type": name}))
    assert heard == [[], [], []]


@scenario
async def test_send_tells_sent_from_not_sent() -> None:
    """send() is true only when the frame went out: not before READY, not while closing, and never with bad data."""
    world = World()
    message = {"type": "get_conversations"}
    assert not world.manager.send(message)
    world.manager.connect()
    await pass_time()
    world.connector.last.accept(hello=False)
    assert not world.manager.send(message)
    world.connector.last.frame('{"type":"conversations_list"}')
    assert world.manager.send(message)
    world.connector.last.open = False
    assert not world.manager.send(message)
    with pytest.raises(EncodeError):
        world.manager.send({"type": "x", "value": float("nan")})
    with pytest.raises(EncodeError):
        world.manager.send([])  # type: ignore[arg-type]
    assert world.connector.last.sent == ['{"type":"get_conversations"}']


@scenario
async def test_disconnect_before_the_token_arrives_makes_no_socket() -> None:
    """connect(); disconnect() at once: no socket is ever created, and one event is heard."""
    world = World()
    heard = world.heard("disconnected")
    world.manager.connect()
    world.manager.disconnect()
    await pass_time(100)
    assert world.connector.sockets == []
    assert len(heard) == 1


@scenario
async def test_disconnect_while_dialling_is_final_at_once() -> None:
    """disconnect() while the server stalls: one event now, and the socket's late end is absorbed."""
    world = World()
    heard = world.heard("disconnected")
    world.manager.connect()
    await pass_time()
    socket = world.connector.last
    world.manager.disconnect()
    assert world.manager.state is State.CLOSED
    assert len(heard) == 1
    socket.close(1006)
    await pass_time(100)
    assert (len(heard), len(world.connector.sockets)) == (1, 1)


@scenario
async def test_disconnect_in_the_listener_of_the_disconnect() -> None:
    """disconnect() inside the disconnected listener: no recursion, one event, no later dial, whoever closed first."""
    for by_server in (False, True):
        world = await World().ready()
        heard: list[Any] = []

        def again(detail: Any, world: World = world, heard: list[Any] = heard) -> None:
            heard.append(detail)
            world.manager.disconnect()

        world.manager.on("disconnected", again)
        if by_server:
            world.connector.last.close(1006)
        else:
            world.manager.disconnect()
        await pass_time(500)
        assert len(heard) == 1
        assert world.manager.state is State.CLOSED
        assert len(world.connector.sockets) == 1


@scenario
async def test_disconnect_and_connect_at_once() -> None:
    """disconnect(); connect() gives one new socket, and the old one's late close changes nothing."""
    world = await World().ready()
    old = world.connector.last
    world.manager.disconnect()
    world.manager.connect()
    await pass_time()
    world.connector.last.accept()
    old.close(1006)
    assert world.manager.state is State.READY
    assert len(world.connector.sockets) == 2
    assert old.closed_with == (1000, "Client disconnect")


@scenario
async def test_the_token_is_asked_for_at_each_dial() -> None:
    """A rotated token is used by the next dial, percent-encoded, and no line shows it."""
    world = await World().ready()
    world.tokens.answer = Issued("a+b/ü")
    world.connector.last.close(1012)
    await pass_time(3)
    assert "token=a%2Bb%2F%C3%BC&" in world.connector.last.url
    assert not any("a%2Bb" in line or "TOKEN" in line for _, line in world.console.lines)


@scenario
async def test_no_token_no_socket() -> None:
    """Without a token nothing is dialled and auth_error is heard once."""
    world = World()
    heard = world.heard("auth_error")
    world.tokens.answer = Denied()
    world.manager.connect()
    await pass_time(100)
    assert (world.connector.sockets, len(heard)) == ([], 1)


@scenario
async def test_the_guides_lines_are_on_the_console() -> None:
    """The console shows connecting, connected, confirmed, received and the schedule."""
    world = await World().ready()
    world.connector.last.frame('{"type":"conversations_list"}')
    world.connector.last.close(1006)
    lines = [text for _, text in world.console.lines]
    assert lines[:4] == [
        "Connecting to WebSocket: ws://shop.test/ws/conversations/?token=[redacted]",
        "WebSocket connected: ws://shop.test/ws/conversations/?token=[redacted]",
        "Connection established confirmed: hi",
        "Received message: conversations_list",
    ]
    assert lines[-1].startswith("Scheduling reconnect attempt 1 in ")


@scenario
async def test_a_flood_does_not_flood_the_console() -> None:
    """A thousand frames in a second print a few lines, and their number afterwards."""
    world = await World().ready()
    for _ in range(1000):
        world.connector.last.frame('{"type":"x"}')
    await pass_time(1.1)
    world.connector.last.frame('{"type":"x"}')
    assert world.console.count("Received message") < 30
    assert world.console.count("Received 980 more messages") == 1


MALFORMED = [
    "{",
    "42",
    "[]",
    "null",
    '"x"',
    "",
    "NaN",
    '{"a":NaN}',
    "[" * 100_000,
    '{"a":' * 5000,
    "9" * 5000,
    "\ud800",
    None,
]


@scenario
async def test_malformed_frames_are_reported_and_survived() -> None:
    """Whatever is not a JSON object is reported as an error, and the connection lives."""
    world = await World().ready()
    errors = world.heard("error")
    for text in MALFORMED:
        world.connector.last.frame(text)
    world.connector.last.frame("x" * (9 * 1024 * 1024))
    assert len(errors) == len(MALFORMED) + 1
    assert world.manager.state is State.READY
    assert not any("x" * 50 in error["message"] for error in errors)


@scenario
async def test_a_released_manager_has_nothing_left() -> None:
    """release() in any phase, even inside a listener, leaves no timer, no socket and no proxy."""
    for phase in ("closed", "authenticating", "connecting", "ready", "waiting", "inside"):
        world = World()
        manager = world.manager
        if phase != "closed":
            manager.connect()
        if phase in ("connecting", "ready", "waiting", "inside"):
            await pass_time()
        if phase in ("ready", "waiting", "inside"):
            world.connector.last.accept()
        if phase == "inside":
            manager.on_message("x", _releasing(manager))
            world.connector.last.frame('{"type":"x"}')
        elif phase == "waiting":
            world.connector.last.close()
            manager.release()
        else:
            manager.release()
        assert world.clock.pending == 0, phase
        assert world.connector.released, phase
        dialled = len(world.connector.sockets)
        await pass_time(1000)
        assert len(world.connector.sockets) == dialled, phase
        assert world.clock.failures == []


def _releasing(manager: WebSocketManager) -> Callable[[Any], None]:
    return lambda _: manager.release()
