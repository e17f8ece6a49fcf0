"""How sockets end, in every version and server: shutdown, reload, silence, and what does not end them."""

from mock_server.timing import Timing
from tests.contract.clients import RefusedError
from tests.contract.rules import FLAVOURS, MODES, rule
from tests.contract.shop import CONVERSATIONS, CUSTOMERS, Shop


def daphne(shop: Shop) -> bool:
    return shop.version.flavour == "daphne"


@rule("end", flavours=FLAVOURS)
def test_a_server_that_is_told_to_stop(shop: Shop) -> None:
    """uvicorn says 1012, daphne cuts; while it is down nobody answers; then the same token is good again."""
    token = shop.token()
    clients = [shop.open(CONVERSATIONS, token), shop.open(shop.chats[3], token)]
    shop.server.stop()
    for client in clients:
        client.wait_for_end()
    assert [client.code for client in clients] == [1006 if daphne(shop) else 1012] * 2
    try:
        shop.dial(CONVERSATIONS, token)
    except RefusedError as refused:
        assert refused.status == 0
    else:
        raise AssertionError("somebody answers")
    shop.server.start()
    assert shop.open(CONVERSATIONS, token).code is None


@rule("end", flavours=FLAVOURS)
def test_a_server_that_dies(shop: Shop) -> None:
    """Its sockets are cut."""
    client = shop.open(CUSTOMERS)
    shop.server.kill()
    client.wait_for_end()
    assert client.code == 1006


@rule("end", flavours=FLAVOURS)
def test_a_reload(shop: Shop) -> None:
    """The sockets end as by a stop, and new ones are taken at once."""
    client = shop.open(CONVERSATIONS)
    shop.server.fault("restart", seconds=0)
    client.wait_for_end()
    assert client.code == (1006 if daphne(shop) else 1012)
    assert shop.open(CONVERSATIONS).code is None


@rule("end", profiles=("current",), flavours=FLAVOURS)
def test_a_client_that_is_silent(shop: Shop) -> None:
    """Whose pings stay unanswered is closed by uvicorn with 1011 and a reason, and cut by daphne."""
    client = shop.open(CONVERSATIONS)
    shop.server.fault("half_open", direction="in")
    client.wait_for_end()
    told = (1006, "") if daphne(shop) else (1011, "keepalive ping timeout")
    assert (client.code, client.reason) == told


@rule("end", flavours=FLAVOURS, debug=MODES)
def test_open_sockets_outlive_their_tokens(shop: Shop) -> None:
    """After a refresh, a logout or the loss of the cache they stay fully usable; only new handshakes are checked."""
    access, refresh = shop.server.issue_tokens(shop.owner.email)
    clients = [shop.open(CONVERSATIONS, access), shop.open(shop.chats[3], access)]
    assert shop.call("POST", "usr/refresh-access", {"refresh": refresh}, token=None).status_code == 200
    shop.call("GET", "usr/logout", token=None, Authorization=access)
    shop.server.fault("revoke")
    assert [frame["type"] for frame in clients[0].ask({"type": "get_conversations"})] == ["conversations_list"]
    assert [frame["type"] for frame in clients[1].ask({"content": "still here"})] == ["chat_message"]
    assert [frame["type"] for frame in clients[0].news()] == ["conversations_list"]
    try:
        client = shop.dial(CUSTOMERS, access)
        client.news()
        opened = client.code is None
    except RefusedError as refused:
        opened = False
        assert refused.status == 403
    assert opened == shop.version.debug


def test_durations_are_those_that_were_measured() -> None:
    """Seconds until a request, a handshake or a silent client is given up; the rules run them fifty times as fast."""
    measured = {"request": 10, "handshake_daphne": 5, "handshake_uvicorn": 10, "window": 60}
    measured |= {"keepalive_daphne": 51, "keepalive_uvicorn": 40}
    timing = Timing()
    assert {name: getattr(timing, name) for name in measured} == measured
    assert 0.1 <= timing.crash_daphne <= 1
