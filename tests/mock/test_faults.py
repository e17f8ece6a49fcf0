"""What a plain client sees of the faults of frames, of the service and of users, and of the scenarios."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from mock_server.errors import MockError
from mock_server.faults import ARGUMENTS
from mock_server.scenarios import SCENARIOS
from mock_server.server import MockServer
from mock_server.timing import Timing
from tests.mock.conftest import Client, until
from tests.mock.test_sockets import LIST, chat_of, close_of

Dial = Callable[..., Client]
Servers = Callable[..., MockServer]
PAGE = {"type": "get_conversations", "filters": {"page_size": 1}}


def texts(client: Client, count: int) -> list[str]:
    return [str(client.socket.recv(timeout=5)) for _ in range(count)]


def silent(client: Client) -> bool:
    try:
        client.socket.recv(timeout=0.2)
    except TimeoutError:
        return True
    return False


def test_delay_answers_the_handshake_late(server: MockServer, dial: Dial) -> None:
    """delay holds the handshake back for its seconds, then goes on as usual."""
    server.fault("delay", seconds=0.3, times=1)
    before = time.monotonic()
    dial(server).skip(2)
    assert time.monotonic() - before >= 0.3


def test_rate_limit_refuses_the_next_connection_of_that_user(server: MockServer, dial: Dial) -> None:
    """rate_limit counts a user's connections over all endpoints; another user has an allowance of their own."""
    server.fault("rate_limit", per_minute=3)
    for path in (LIST, "/ws/customers/", chat_of(server)):
        dial(server, path)
    with pytest.raises(InvalidStatus) as refused:
        dial(server)
    assert refused.value.response.status_code == 403
    dial(server, token=server.issue_tokens("omid@example.com")[0]).skip(2)


@pytest.mark.parametrize(("flavour", "code"), [("daphne", 1011), ("uvicorn", None)])
def test_poison_ends_a_socket_as_a_crash_does(servers: Servers, dial: Dial, flavour: str, code: int | None) -> None:
    """poison is 1011 under daphne and a cut under uvicorn."""
    server = servers("guide", server=flavour)
    client = dial(server).skip(2)
    server.fault("poison")
    assert close_of(client)[0] == code


def test_kick_closes_with_1000(server: MockServer, dial: Dial) -> None:
    """kick is what the first tab sees when a second one takes over."""
    client = dial(server).skip(2)
    server.fault("kick")
    assert close_of(client)[0] == 1000


def test_a_fault_is_aimed_at_one_tab(server: MockServer, dial: Dial) -> None:
    """tab counts the sockets of one path in the order in which they came."""
    first, second = dial(server).skip(2), dial(server).skip(2)
    assert server.fault("close", code=4400, tab=2) == 1
    assert close_of(second)[0] == 4400
    assert first.ask("") == {"error": "Invalid JSON format"}


def test_garble_is_no_json(server: MockServer, dial: Dial) -> None:
    """garble cuts a frame so that it cannot be read, and counts frames."""
    client = dial(server).skip(2)
    server.fault("garble", times=1)
    client.send(PAGE)
    with pytest.raises(ValueError, match=r"."):
        json.loads(client.socket.recv(timeout=5))
    assert client.ask(PAGE)["type"] == "conversations_list"


def test_huge_is_still_json(server: MockServer, dial: Dial) -> None:
    """huge grows a frame to its size and leaves its meaning alone."""
    client = dial(server).skip(2)
    server.fault("huge", size=500_000, times=1)
    client.send(PAGE)
    (text,) = texts(client, 1)
    assert len(text) == 500_000
    assert json.loads(text)["type"] == "conversations_list"


def test_duplicate_sends_twice(server: MockServer, dial: Dial) -> None:
    """duplicate sends the same frame twice."""
    client = dial(server).skip(2)
    server.fault("duplicate", times=1)
    client.send(PAGE)
    one, two = texts(client, 2)
    assert one == two


def test_reorder_swaps_neighbours(server: MockServer, dial: Dial) -> None:
    """reorder lets the next frame go first, and loses neither."""
    client = dial(server).skip(2)
    server.fault("reorder", times=1)
    for rid in ("1", "2", "3"):
        client.send({"type": "get_conversations", "filters": {"_rid": rid, "page_size": 1}})
    assert [json.loads(text)["filters"]["_rid"] for text in texts(client, 3)] == ["2", "1", "3"]


def test_drop_frames_sends_nothing(server: MockServer, dial: Dial) -> None:
    """drop_frames swallows as many frames as it is told."""
    client = dial(server).skip(2)
    server.fault("drop_frames", times=1)
    client.send(PAGE)
    client.send("")
    assert client.frame() == {"error": "Invalid JSON format"}


def test_throttle_slows_down(server: MockServer, dial: Dial) -> None:
    """throttle lets no more bytes out than it is told."""
    client = dial(server).skip(2)
    server.fault("throttle", bytes_per_second=100, times=1)
    before = time.monotonic()
    client.ask("")
    assert time.monotonic() - before >= 0.3


def test_lose_echo_stores_the_message_all_the_same(server: MockServer, dial: Dial) -> None:
    """lose_echo swallows the echo; the message is in the next history."""
    client = dial(server, chat_of(server)).skip(2)
    server.fault("lose_echo", times=1)
    client.send({"type": "chat_message", "content": "into the void"})
    assert silent(client)
    history = client.ask({"type": "get_messages", "filters": {"page_size": 1}})
    assert history["messages"][0]["content"] == "into the void"


def test_platform_fail_stores_the_message_all_the_same(server: MockServer, dial: Dial) -> None:
    """platform_fail echoes a message that was stored and not delivered."""
    client = dial(server, chat_of(server)).skip(2)
    server.fault("platform_fail", times=1)
    echo = client.ask({"type": "chat_message", "content": "hello"})
    assert echo["external_send_result"]["success"] is False
    assert client.ask({"type": "chat_message", "content": "again"})["external_send_result"]["success"] is True


def test_page_shift_moves_the_pages(server: MockServer, dial: Dial) -> None:
    """page_shift lets a message arrive between two pages, so that the second repeats a row of the first."""
    client = dial(server, chat_of(server)).skip(2)
    first = client.ask({"type": "get_messages", "filters": {"page_size": 2, "page": 1}})
    server.fault("page_shift", times=1)
    assert client.ask({"type": "get_messages", "filters": {"page_size": 2, "page": 2}})["type"] == "chat_message"
    second = client.frame()
    ids = [row["id"] for row in first["messages"]]
    assert ids[0] in [row["id"] for row in second["messages"]]


def test_a_stalled_worker_answers_over_http_only(server: MockServer, dial: Dial) -> None:
    """stall keeps sockets waiting while HTTP answers; afterwards everything comes, in order."""
    client = dial(server).skip(2)
    server.fault("stall")
    client.send({"type": "get_conversations", "filters": {"_rid": "1", "page_size": 1}})
    assert silent(client)
    assert httpx.get(f"{server.url}/api/v1/usr/auth/status").status_code == 200
    server.backend.faults.clear()
    assert client.frame()["filters"]["_rid"] == "1"


def test_a_stalled_worker_cuts_handshakes_and_times_lists_out(servers: Servers, dial: Dial) -> None:
    """A handshake on a stalled worker is cut, and a list request ends in an error without data."""
    server = servers(timing=Timing().scaled(0.02))
    client = dial(server).skip(2)
    server.fault("stall")
    error = client.ask(PAGE)
    assert (error["type"], error["message"]) == ("error", "Request timeout - please try again")
    with pytest.raises((ConnectionClosed, OSError, EOFError, Exception)) as cut:
        dial(server)
    assert not isinstance(cut.value, InvalidStatus)


def test_restart_says_1012_and_is_away_for_a_while(server: MockServer, dial: Dial) -> None:
    """restart closes with 1012 under uvicorn, refuses with 502, and is back after its seconds."""
    client = dial(server).skip(2)
    server.fault("restart", seconds=0.4)
    assert close_of(client)[0] == 1012
    with pytest.raises(InvalidStatus) as refused:
        dial(server)
    assert refused.value.response.status_code == 502
    until(lambda: not len(server.backend.faults) or server.backend.faults.standing(LIST, "", {"refuse"}) is None)
    dial(server).skip(2)


def test_revoke_is_not_said_and_found_out_at_the_next_handshake(servers: Servers, dial: Dial) -> None:
    """revoke leaves open sockets alone in every profile; the token is dead for the next one."""
    server = servers("current")
    access, _ = server.issue_tokens("sara@example.com")
    client = dial(server, token=access).skip(1)
    server.fault("revoke", user="sara@example.com")
    assert client.ask("") == {"error": "Invalid JSON format"}
    with pytest.raises(InvalidStatus):
        dial(server, token=access)


def test_slow_refresh_changes_the_pair_at_once(server: MockServer) -> None:
    """slow_refresh answers late; the old pair is dead before the answer."""
    access, refresh = server.issue_tokens("sara@example.com")
    server.fault("slow_refresh", seconds=0.3, times=1)
    before = time.monotonic()
    answer = httpx.post(f"{server.url}/api/v1/usr/refresh-access", json={"refresh": refresh})
    assert time.monotonic() - before >= 0.3
    assert answer.json()["data"]["access_token"] != access


def test_a_fault_is_over_after_its_seconds(server: MockServer, dial: Dial) -> None:
    """for_seconds ends a fault by itself."""
    server.fault("refuse", for_seconds=0.2)
    with pytest.raises(InvalidStatus):
        dial(server)
    until(lambda: server.backend.faults.standing(LIST, "", {"refuse"}) is None)
    dial(server).skip(2)


def test_faults_compose(server: MockServer, dial: Dial) -> None:
    """Several orders are in force at the same time."""
    client = dial(server).skip(2)
    server.fault("duplicate", times=1)
    server.fault("garble", times=1)
    client.send(PAGE)
    one, two = texts(client, 2)
    assert one == two
    with pytest.raises(ValueError, match=r"."):
        json.loads(one)


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_wrong_arguments_name_the_known_ones(server: MockServer, name: str) -> None:
    """Every fault refuses an argument that it does not have and lists those that it has."""
    with pytest.raises(MockError, match="endpoint"):
        server.fault(name, no_such_argument=1)


# --- what the service does over HTTP ---


def test_an_edited_customer_is_pushed_twice_to_both_lists(server: MockServer, dial: Dial) -> None:
    """PATCH on a customer pushes each list twice; DELETE pushes each once and takes the conversations along."""
    access, _ = server.issue_tokens("sara@example.com")
    headers = {"Authorization": f"Bearer {access}"}
    chats, customers = dial(server).skip(2), dial(server, "/ws/customers/").skip(1)
    row: dict[str, Any] = customers.frame()["customers"][0]
    url = f"{server.url}/api/v1/message/customer-item/{row['id']}/"
    assert httpx.patch(url, json={"first_name": "Zahra"}, headers=headers).json()["first_name"] == "Zahra"
    for client in (chats, customers):
        client.skip(2)
        assert silent(client)
    assert httpx.delete(url, headers=headers).status_code == 204
    assert row["id"] not in [other["id"] for other in customers.frame()["customers"]]
    assert chats.frame()["type"] == "conversations_list"
    assert silent(chats)
    assert httpx.delete(url, headers=headers).status_code == 404
    assert httpx.patch(url, json={}, headers={}).status_code == 401


def test_a_deleted_conversation_is_said_in_its_chat(server: MockServer, dial: Dial) -> None:
    """DELETE on a conversation tells its chat, whose socket stays, and pushes the list."""
    path = chat_of(server)
    chat = dial(server, path).skip(2)
    access, _ = server.issue_tokens("sara@example.com")
    url = f"{server.url}/api/v1/message/conversation/{path.split('/')[3]}/"
    assert httpx.delete(url, headers={"Authorization": f"Bearer {access}"}).status_code == 204
    assert chat.frame()["type"] == "conversation_deleted"
    assert chat.ask({"type": "chat_message", "content": "x"})["error"] == "Failed to save message"
    assert chat.ask({"type": "get_messages"})["messages"] == []


@pytest.mark.parametrize("profile", ["guide", "current"])
def test_the_wizards_socket(servers: Servers, dial: Dial, profile: str) -> None:
    """wizard-status says its status at once, answers ping, and wants a real token even in debug mode."""
    server = servers(profile, debug=True)
    client = dial(server, "/ws/wizard-status/")
    status = client.frame()
    assert status["type"] == "wizard_status"
    assert set(status) == {"type", "wizard_complete", "can_complete", "missing_fields", "details", "timestamp"}
    assert client.ask({"type": "ping"}) == {"type": "pong"}
    assert client.ask("") == {"error": "invalid_json"}
    with pytest.raises(InvalidStatus) as refused:
        dial(server, "/ws/wizard-status/", token="rubbish")
    assert refused.value.response.status_code == 403


def test_older_versions_have_no_wizard(servers: Servers, dial: Dial) -> None:
    """Before it existed, the wizard's path was a server error."""
    with pytest.raises(InvalidStatus) as refused:
        dial(servers("kick"), "/ws/wizard-status/")
    assert refused.value.response.status_code == 500


# --- scenarios ---


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_plays(server: MockServer, dial: Dial, name: str) -> None:
    """A scenario strikes: an open list hears something, or loses its socket, that it would not have otherwise."""
    client = dial(server).skip(2)
    server.scenario(name, speed=100)
    try:
        client.ask(PAGE)
        until(lambda: not server.backend.playing)
    except (ConnectionClosed, TimeoutError, ValueError):
        pass
    played = [entry for entry in server.backend.hub.journal.entries() if entry["event"] == "fault"]
    pushed = [entry for entry in server.backend.hub.journal.entries() if entry.get("direction") == "out"]
    assert played or len(pushed) > 3


def test_an_unknown_scenario_lists_the_known_ones(server: MockServer) -> None:
    """A scenario that does not exist is refused with the names of those that do."""
    answer = httpx.post(f"{server.url}/__mock__/scenario", json={"scenario": "picnic"})
    assert answer.status_code == 400
    for name in SCENARIOS:
        assert name in answer.json()["error"]


def test_a_page_picks_a_scenario_by_its_address(server: MockServer) -> None:
    """``?scenario=`` on a page starts it; an unknown one is an error that lists the known ones."""
    assert httpx.get(f"{server.url}/login?scenario=subway").status_code == 200
    until(lambda: server.backend.playing == "subway")
    refused = httpx.get(f"{server.url}/login?scenario=picnic")
    assert refused.status_code == 400
    assert "subway" in refused.text
