"""What a plain client sees of the sockets."""

from collections.abc import Callable

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from mock_server.server import MockServer
from tests.mock.conftest import Client, until

Dial = Callable[..., Client]
Servers = Callable[..., MockServer]
LIST, CUSTOMERS = "/ws/conversations/", "/ws/customers/"


def chat_of(server: MockServer, position: int = 1) -> str:
    return f"/ws/chat/{list(server.backend.store.conversations)[position]}/"


def close_of(client: Client) -> tuple[int | None, str]:
    """Read until the end; returns the close code (None for a cut) and the type of the last frame."""
    last = ""
    try:
        while True:
            last = str(client.frame().get("type", ""))
    except ConnectionClosed as closed:
        return (closed.rcvd.code if closed.rcvd else None), last


@pytest.mark.parametrize("path", [LIST, CUSTOMERS])
def test_the_guide_greets_and_then_sends_page_one(server: MockServer, dial: Dial, path: str) -> None:
    """The first frame is the greeting, the second page 1 with ten rows and no filters."""
    client = dial(server, path)
    assert client.frame()["type"] == "connection_established"
    listing = client.frame()
    assert listing["filters"] == {}
    assert listing["pagination"]["page_size"] == 10
    assert listing["page_count"] == 10


def test_the_current_version_does_not_greet(servers: Servers, dial: Dial) -> None:
    """In profile current the first frame is data."""
    assert dial(servers("current")).frame()["type"] == "conversations_list"


@pytest.mark.parametrize("text", ["", "   ", "{broken"])
def test_what_is_no_json_is_complained_about(server: MockServer, dial: Dial, text: str) -> None:
    """Text that is no JSON gets the complaint without a type, and the socket stays."""
    client = dial(server).skip(2)
    assert client.ask(text) == {"error": "Invalid JSON format"}
    assert client.ask({"type": "get_conversations"})["type"] == "conversations_list"


@pytest.mark.parametrize(("flavour", "code"), [("daphne", 1011), ("uvicorn", None)])
@pytest.mark.parametrize("poison", ["42", "[]", "null", '"x"', "true", b"\x00\x01", "[" * 50_000])
def test_poison_ends_the_socket(
    servers: Servers, dial: Dial, flavour: str, code: int | None, poison: str | bytes
) -> None:
    """JSON that is no object or nests absurdly deep, and a binary frame, end it: 1011 under daphne, a cut elsewhere."""
    client = dial(servers(server=flavour)).skip(2)
    client.send(poison)
    assert close_of(client)[0] == code


@pytest.mark.parametrize(
    "poison",
    [
        {"type": "chat_message", "content": None},
        {"type": "chat_message", "content": 5},
        {"type": "submit_feedback", "message_id": "x", "feedback": None},
        {"type": "submit_feedback", "message_id": "x", "feedback": "positive", "comment": None},
    ],
)
def test_wrong_types_in_the_chat_end_the_socket(servers: Servers, dial: Dial, poison: dict[str, object]) -> None:
    """A value of the wrong type in a chat request ends the socket."""
    server = servers(server="daphne")
    client = dial(server, chat_of(server)).skip(2)
    client.send(poison)
    assert close_of(client)[0] == 1011


def test_unknown_types_are_met_with_silence(server: MockServer, dial: Dial) -> None:
    """ping, typing, nonsense and a type that is no string get no answer."""
    client = dial(server).skip(2)
    for kind in ("ping", "typing", "nonsense", None, 7):
        client.send({"type": kind})
    assert client.ask("") == {"error": "Invalid JSON format"}


def test_filters_come_back_as_they_were_sent(server: MockServer, dial: Dial) -> None:
    """The echo holds unknown keys, and what is not an object gives an empty list."""
    client = dial(server).skip(2)
    asked = {"_rid": "7", "page": 2, "page_size": 3, "unknown": [1]}
    assert client.ask({"type": "get_conversations", "filters": asked})["filters"] == asked
    broken_filters: list[object] = ["x", []]
    for broken in broken_filters:
        answer = client.ask({"type": "filter_conversations", "filters": broken})
        assert (answer["filters"], answer["count"]) == (broken, 0)


@pytest.mark.parametrize(
    ("filters", "size", "page", "offset", "rows"),
    [
        ({}, 10, 1, 0, 10),
        ({"page": 3}, 10, 3, 20, 10),
        ({"page": 99}, 10, 99, 980, 0),
        ({"page_size": "5", "page": "2"}, 5, 2, 5, 5),
        ({"page_size": 0}, 10, 1, 0, 10),
        ({"page_size": -4, "page": -1}, 10, 1, 0, 10),
        ({"page_size": "x", "page": "y"}, 10, 1, 0, 10),
        ({"page_size": 10_000}, 500, 1, 0, 30),
        ({"limit": 4, "offset": 28}, 4, 1, 28, 2),
    ],
)
def test_paging(
    server: MockServer, dial: Dial, filters: dict[str, object], size: int, page: int, offset: int, rows: int
) -> None:
    """Every oddity of the backend's paging."""
    found = dial(server).skip(2).ask({"type": "get_conversations", "filters": filters})["pagination"]
    assert (found["page_size"], found["page"], found["offset"], found["page_count"]) == (size, page, offset, rows)
    assert found["limit"] == size
    assert found["has_next"] is (offset + size < 30)


@pytest.mark.parametrize("filters", [{"priority": "high"}, {"date_from": "not-a-date"}, {"status": "nonsense"}])
def test_a_query_that_fails_is_an_empty_list(server: MockServer, dial: Dial, filters: dict[str, object]) -> None:
    """There is no error for a bad filter."""
    assert dial(server).skip(2).ask({"type": "filter_conversations", "filters": filters})["count"] == 0


def test_a_tag_filter_lists_a_row_once_for_each_tag(server: MockServer, dial: Dial) -> None:
    """A conversation whose customer has two of the tags is listed twice, in the count too."""
    client = dial(server).skip(2)
    options = client.ask({"type": "get_conversation_filter_options"})["options"]
    found = client.ask({"type": "filter_conversations", "filters": {"tags": options["tags"], "page_size": 100}})
    ids = [row["id"] for row in found["conversations"]]
    assert len(ids) == found["count"] > len(set(ids))


def test_a_message_is_echoed_and_both_lists_hear(server: MockServer, dial: Dial) -> None:
    """chat_message comes back trimmed to everybody in the chat, and the list is pushed."""
    listing, path = dial(server).skip(2), chat_of(server)
    sender, witness = dial(server, path).skip(2), dial(server, path).skip(2)
    echo = sender.ask({"type": "chat_message", "content": "  hi  ", "client_id": "x"})
    assert (echo["type"], echo["message"]["content"], echo["message"]["type"]) == ("chat_message", "hi", "support")
    assert "client_id" not in echo["message"]
    assert witness.frame()["message"]["id"] == echo["message"]["id"]
    push = listing.frame()
    assert push["filters"] == {}
    assert push["conversations"][0]["last_message"]["content"] == "hi"


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"type": "chat_message", "content": "  "}, "Message content cannot be empty"),
        ({}, "Message content cannot be empty"),
        ({"type": "submit_feedback", "feedback": "positive"}, "message_id is required"),
        (
            {"type": "submit_feedback", "message_id": "nope", "feedback": "positive"},
            "Message not found or you do not have permission to access it",
        ),
    ],
)
def test_errors_of_the_chat(server: MockServer, dial: Dial, request_: dict[str, object], error: str) -> None:
    """Errors say what is wrong under the key error."""
    assert dial(server, chat_of(server)).skip(2).ask(request_) == {"type": "error", "error": error}


def test_history_pages(server: MockServer, dial: Dial) -> None:
    """Fifty on connecting, ten by default, oldest first inside a page; offset pages through all of them."""
    client = dial(server, chat_of(server)).skip(1)
    first = client.frame()
    assert (len(first["messages"]), first["count"]) == (50, 240)
    assert len(client.ask({"type": "get_messages"})["messages"]) == 10
    assert len(client.ask({"type": "get_messages", "filters": None})["messages"]) == 50
    assert client.ask({"type": "get_messages", "filters": "x"})["count"] == 0
    seen = {row["id"] for row in first["messages"]}
    while len(seen) < 240:
        page = client.ask({"type": "load_more_messages", "filters": {"offset": len(seen), "page_size": 50}})
        times = [row["created_at"] for row in page["messages"]]
        assert times == sorted(times)
        assert not seen & {row["id"] for row in page["messages"]}
        seen |= {row["id"] for row in page["messages"]}


def test_feedback_reaches_everybody(server: MockServer, dial: Dial) -> None:
    """The sender is answered and all are told; the comment is trimmed, cut, and erased if left out."""
    path = chat_of(server, 0)
    client, witness = dial(server, path).skip(2), dial(server, path).skip(2)
    answer = next(m for m in server.backend.store.conversations[path.split("/")[3]].messages if m.type == "AI")
    request = {"type": "submit_feedback", "message_id": answer.id, "feedback": "NEGATIVE", "comment": "  x" + "z" * 600}
    submitted = client.ask(request)
    assert submitted["data"]["feedback"] == "negative"
    assert len(submitted["data"]["comment"]) == 500
    assert client.frame()["type"] == witness.frame()["type"] == "feedback_updated"
    client.ask({"type": "submit_feedback", "message_id": answer.id, "feedback": "none"})
    assert answer.feedback_comment == ""


def test_leaving_clears_groups_and_presence(server: MockServer, dial: Dial) -> None:
    """When a socket goes, its groups and its presence go with it."""
    client = dial(server, chat_of(server)).skip(2)
    assert len(server.state()["presence"]) == len(server.state()["groups"]) == 1
    client.socket.close()
    until(lambda: server.state()["presence"] == server.state()["groups"] == {})
    counts = server.endpoint(chat_of(server))
    assert (counts["live"], counts["accepted"], counts["closed"]) == (0, 1, 1)


# --- tokens at the door ---

SAID, H403, H500 = ("said", 4001), ("http", 403), ("http", 500)


@pytest.mark.parametrize(
    ("profile", "missing", "bad"),
    [
        ("guide", SAID, SAID),
        ("documented", SAID, H403),
        ("hello", H500, H403),
        ("kick", H500, H403),
        ("current", H403, H403),
    ],
)
def test_a_refused_token(
    servers: Servers, dial: Dial, profile: str, missing: tuple[str, int], bad: tuple[str, int]
) -> None:
    """Each version refuses a missing and a bad token in its own way."""
    server = servers(profile)
    for token, (how, code) in ((None, missing), ("rubbish", bad)):
        if how == "said":
            client = dial(server, token=token)
            assert client.frame()["type"] == "authentication_error"
            assert close_of(client)[0] == code
        else:
            with pytest.raises(InvalidStatus) as refused:
                dial(server, token=token)
            assert refused.value.response.status_code == code


def test_debug_mode_takes_everybody_as_the_first_user(servers: Servers, dial: Dial) -> None:
    """In debug mode rubbish opens the first user's list."""
    assert dial(servers("current", debug=True), token="rubbish").frame()["count"] == 30


def test_anothers_chat_is_refused(servers: Servers, dial: Dial) -> None:
    """Another user's chat: 403, or opened, denied and closed in the documented version."""
    for profile, flavour, code in (
        ("documented", "uvicorn", 1008),
        ("documented", "daphne", 1011),
        ("current", "uvicorn", 403),
    ):
        server = servers(profile, server=flavour)
        theirs = next(c for c in server.backend.store.conversations.values() if c.owner.id == 2)
        if code == 403:
            with pytest.raises(InvalidStatus):
                dial(server, f"/ws/chat/{theirs.id}/")
        else:
            assert close_of(dial(server, f"/ws/chat/{theirs.id}/")) == (code, "access_denied")


@pytest.mark.parametrize(
    ("profile", "kicked"), [("documented", True), ("kick", True), ("hello", False), ("guide", False)]
)
def test_a_second_socket_of_the_same_user(servers: Servers, dial: Dial, profile: str, kicked: bool) -> None:
    """Some versions close the first socket with 1000, the others keep both."""
    server = servers(profile)
    first = dial(server).skip(2)
    dial(server).skip(2)
    if kicked:
        assert close_of(first)[0] == 1000
    else:
        assert first.ask("") == {"error": "Invalid JSON format"}


@pytest.mark.parametrize(("commit", "last"), [("201eb9e", "connection_closed"), ("f1202d6", "recent_messages")])
def test_two_commits_kick_in_chats_only(servers: Servers, dial: Dial, commit: str, last: str) -> None:
    """A second chat closes the first with 1000, announced by the older commit; lists stay open side by side."""
    server = servers(commit)
    chat = chat_of(server)
    first, lists = dial(server, chat), dial(server).skip(2)
    first.skip(1)
    dial(server).skip(2)
    dial(server, chat).skip(2)
    assert close_of(first) == (1000, last)
    assert lists.ask("") == {"error": "Invalid JSON format"}


@pytest.mark.parametrize("path", ["/ws/conversations", "/ws/chat/", "/ws/nothing/"])
def test_a_wrong_path_is_a_server_error(server: MockServer, dial: Dial, path: str) -> None:
    """No trailing slash, no id, no such endpoint: 500, as in the backend."""
    with pytest.raises(InvalidStatus) as refused:
        dial(server, path)
    assert refused.value.response.status_code == 500


# --- faults ---


def test_refuse_counts_connections(server: MockServer, dial: Dial) -> None:
    """refuse answers the next n handshakes with its status, and no more."""
    server.fault("refuse", status=503, endpoint=LIST, times=2)
    for _ in range(2):
        with pytest.raises(InvalidStatus) as refused:
            dial(server)
        assert refused.value.response.status_code == 503
    dial(server, CUSTOMERS).skip(2)
    dial(server).skip(2)


def test_hang_never_answers(server: MockServer) -> None:
    """hang leaves the handshake unanswered."""
    server.fault("hang", times=1)
    access, _ = server.issue_tokens("sara@example.com")
    with pytest.raises(TimeoutError), connect(f"ws://127.0.0.1:{server.port}{LIST}?token={access}", open_timeout=0.3):
        pass


def test_silent_says_nothing(server: MockServer, dial: Dial) -> None:
    """silent opens and sends no frame, not even an answer."""
    server.fault("silent", times=1)
    client = dial(server)
    client.send("")
    with pytest.raises(TimeoutError):
        client.socket.recv(timeout=0.3)


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 1012, 1013, 4001, 4409])
def test_close_uses_the_code(server: MockServer, dial: Dial, code: int) -> None:
    """close ends what is open with its code and reason."""
    client = dial(server).skip(2)
    assert server.fault("close", code=code, reason="because") == 1
    assert close_of(client)[0] == code
    dial(server).skip(2)


def test_close_goes_on_for_the_next_connections(server: MockServer, dial: Dial) -> None:
    """With times, the open sockets count first and the next connections are closed as well."""
    client = dial(server).skip(2)
    server.fault("close", code=4400, times=3, after=0.01)
    for _ in range(3):
        assert close_of(client)[0] == 4400
        client = dial(server)
    assert client.skip(2).ask("") == {"error": "Invalid JSON format"}


def test_abort_is_a_cut(server: MockServer, dial: Dial) -> None:
    """abort ends the socket without a close frame."""
    client = dial(server).skip(2)
    server.fault("abort")
    assert close_of(client)[0] is None


@pytest.mark.parametrize(("direction", "heard", "answered"), [("in", 0, False), ("out", 1, False), ("both", 0, False)])
def test_half_open_swallows(server: MockServer, dial: Dial, direction: str, heard: int, answered: bool) -> None:
    """half_open swallows what comes in, what goes out, or both, while the connection stays."""
    client = dial(server).skip(2)
    server.fault("half_open", direction=direction)
    client.send("")
    if heard:
        until(lambda: server.endpoint(LIST)["received"] == 1)
    with pytest.raises(TimeoutError):
        client.socket.recv(timeout=0.3)
    assert server.endpoint(LIST)["received"] == heard
    assert server.endpoint(LIST)["live"] == 1


def test_expire_is_said_on_open_sockets_of_that_user(server: MockServer, dial: Dial) -> None:
    """In the guide's profile an expired user is told on every open socket; others stay."""
    theirs = dial(server, token=server.issue_tokens("omid@example.com")[0]).skip(2)
    client = dial(server).skip(2)
    server.fault("expire", user="sara@example.com")
    assert close_of(client) == (4001, "authentication_error")
    assert theirs.ask("") == {"error": "Invalid JSON format"}


def test_the_journal_tells_everything_but_tokens(server: MockServer, dial: Dial) -> None:
    """Connections, frames, faults and closes are in the journal with their times; the token of none of them is."""
    tokens = server.issue_tokens("sara@example.com")
    client = dial(server, token=tokens[0]).skip(2)
    client.send({"type": "get_conversations", "filters": {"mine": tokens[0]}})
    client.skip(1)
    server.fault("close", code=4000, reason=tokens[1][:100])
    close_of(client)
    until(lambda: server.endpoint(LIST)["live"] == 0)
    journal = server.journal()
    assert {"open", "frame", "fault", "close", "gone"} <= {entry["event"] for entry in journal}
    assert all(entry["time"] for entry in journal)
    written = str(journal)
    assert "get_conversations" in written
    assert not [token for token in tokens if token.split(".")[2] in written or token.split(".")[1] in written]
