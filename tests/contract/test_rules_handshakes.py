"""Who is let in, in every version, server and mode, also in those of which no handshakes were recorded."""

import time
from datetime import timedelta
from typing import Any

import jwt

from mock_server.models import User
from tests.contract.clients import RefusedError
from tests.contract.rules import ALL, FLAVOURS, MODES, rule
from tests.contract.shop import CONVERSATIONS, CUSTOMERS, WIZARD, Frame, Shop

SAID = ("said", 4001)
MISSING = {"guide": SAID, "documented": SAID, "hello": 500, "kick": 500, "current": 403}
BAD = {"guide": SAID, "documented": 403, "hello": 403, "kick": 403, "current": 403}
TEXTS = {True: "No authentication token provided", False: "Invalid or expired authentication token"}
KICKS = {
    "documented": ("chat", "conversations", "customers"),
    "kick": ("chat", "conversations", "customers"),
    "201eb9e": ("chat",),
    "f1202d6": ("chat",),
}


def outcome(shop: Shop, path: str, token: str | None = "", **more: Any) -> Any:
    """``open``, the status of a refusal, or what was said before the close and its code."""
    try:
        client = shop.dial(path, token, **more)
    except RefusedError as refused:
        told = "Internal Server Error" if (refused.status, shop.version.flavour) == (500, "uvicorn") else ""
        assert refused.body == told
        return refused.status
    client.settle()
    if client.code is None:
        client.close()
        return "open"
    return client.heard, client.code


def bad_tokens(shop: Shop) -> dict[str, str]:
    tokens = shop.server.backend.tokens
    access, _ = tokens.issue(shop.owner)
    revoked, _ = tokens.issue(shop.owner, age=timedelta(minutes=3))
    tokens.revoke(revoked)
    return {
        "garbage": "garbage",
        "expired": tokens.issue(shop.owner, age=timedelta(days=7, seconds=5))[0],
        "revoked": revoked,
        "forged": jwt.encode(tokens.claims(access) or {}, "y" * 64, algorithm="HS512"),
        "of nobody": tokens.issue(User(999, "", "", "", "", ""))[0],
        "with its scheme": f"Bearer%20{access}",
    }


def said(found: Any, *, missing: bool) -> Any:
    """The outcome in short, once the frame was looked at."""
    if not isinstance(found, tuple):
        return found
    (frame,), code = found
    assert frame.pop("timestamp").endswith("+00:00")
    assert frame == {"type": "authentication_error", "message": TEXTS[missing], "error_code": "AUTH_REQUIRED"}
    return "said", code


@rule("handshake", flavours=FLAVOURS, debug=MODES)
def test_a_token_that_is_good(shop: Shop) -> None:
    """An access token of some days, and even a refresh token, opens as its own user."""
    access, refresh = shop.server.issue_tokens(shop.other.email, age=timedelta(days=6))
    theirs = shop.server.backend.store.of_user(shop.other)[0].id
    for token in (access, refresh):
        assert outcome(shop, f"/ws/chat/{theirs}/", token) == "open"


@rule("handshake", flavours=FLAVOURS)
def test_a_token_that_is_missing(shop: Shop) -> None:
    """Each version refuses it in its own way, on every endpoint, whether there is none or an empty one."""
    for path in (CONVERSATIONS, CUSTOMERS, f"/ws/chat/{shop.chats[3].id}/"):
        for where in (path, f"{path}?token="):
            assert said(outcome(shop, where, None), missing=True) == MISSING[shop.version.profile], where


@rule("handshake", flavours=FLAVOURS)
def test_a_token_that_is_bad(shop: Shop) -> None:
    """Forged, expired, revoked, of nobody, with a scheme before it, or no token at all: all the same."""
    for name, token in bad_tokens(shop).items():
        assert said(outcome(shop, CONVERSATIONS, token), missing=False) == BAD[shop.version.profile], name


@rule("handshake", flavours=FLAVOURS, debug=[True])
def test_debug_mode_lets_everybody_in(shop: Shop) -> None:
    """Without a token or with a forged one as the first user, with an old one as its own user; from any origin."""
    first = shop.chats[3].id
    for token in (None, *(token for name, token in bad_tokens(shop).items())):
        assert outcome(shop, f"/ws/chat/{first}/", token, origin="https://evil.example") == "open", token
    theirs = shop.server.backend.store.of_user(shop.other)[0].id
    old = shop.server.issue_tokens(shop.other.email, age=timedelta(days=30))[0]
    assert outcome(shop, f"/ws/chat/{theirs}/", old, origin=None) == "open"
    assert [outcome(shop, CONVERSATIONS) for _ in range(4)] == ["open"] * 4  # more than ten in all


@rule("handshake", flavours=FLAVOURS, debug=MODES)
def test_a_chat_that_is_not_ones_own(shop: Shop) -> None:
    """Another's, an unknown one and "undefined": 403; the documented version opens, says so and closes."""
    theirs = shop.server.backend.store.of_user(shop.other)[0].id
    for chat in (theirs, "zzzzzz", "undefined"):
        found = outcome(shop, f"/ws/chat/{chat}/")
        if shop.version.profile != "documented":
            assert found == 403
            continue
        (frame,), code = found
        assert frame.pop("timestamp").endswith("+00:00")
        assert frame == {"type": "access_denied", "message": "You do not have access to this conversation"}
        assert code == (1011 if shop.version.flavour == "daphne" else 1008)


@rule("handshake", flavours=FLAVOURS, debug=MODES)
def test_a_path_that_nobody_answers(shop: Shop) -> None:
    """No id, an id of other signs, no trailing slash, no such endpoint: a server error."""
    own = shop.chats[3].id
    for path in ("/ws/chat/", "/ws/chat/a-b/", f"/ws/chat/{own}", "/ws/conversations", "/ws/nothing/"):
        assert outcome(shop, path) == 500, path


@rule("handshake", flavours=FLAVOURS)
def test_pages_of_other_origins(shop: Shop) -> None:
    """Foreign, null, none or the server's own: refused; port 5173 is let in by the newest versions alone."""
    for origin in ("https://evil.example", "null", None, shop.server.url):
        assert outcome(shop, CONVERSATIONS, origin=origin) == 403, origin
    new = "open" if shop.version.profile in ("guide", "current") else 403
    assert outcome(shop, CONVERSATIONS, origin="http://localhost:5173") == new
    assert outcome(shop, CONVERSATIONS, origin="http://localhost:3000") == "open"


@rule("handshake", flavours=FLAVOURS)
def test_ten_connections_a_minute_of_one_user(shop: Shop) -> None:
    """The eleventh is refused on every endpoint; another user has ten more; what was refused does not count."""
    bad = bad_tokens(shop)["garbage"]
    paths = (CONVERSATIONS, CUSTOMERS, f"/ws/chat/{shop.chats[3].id}/")
    for number in range(9):
        assert outcome(shop, paths[number % 3]) == "open"
        outcome(shop, CONVERSATIONS, bad)
        assert outcome(shop, CONVERSATIONS, origin="https://evil.example") == 403
    outcome(shop, "/ws/chat/zzzzzz/")  # counted before the chat is looked at
    assert [outcome(shop, path) for path in paths] == [403, 403, 403]
    assert outcome(shop, CONVERSATIONS, shop.token(shop.other)) == "open"
    dials = shop.server.backend.gate.dials[shop.owner.email]
    for ago, found in ((40.0, 403), (60.0, "open")):  # seconds; the allowance is there again after a minute
        moment, count = time.monotonic() - ago, len(dials)
        dials.clear()
        dials.extend([moment] * count)
        assert outcome(shop, CONVERSATIONS) == found


@rule("handshake", profiles=(*ALL, "201eb9e", "f1202d6"), flavours=FLAVOURS)
def test_a_second_tab(shop: Shop) -> None:
    """Some versions close the first one with 1000, on some endpoints; one says so before. The others keep both."""
    profile = shop.version.profile
    own = shop.chats[3].id
    for kind, path in (("conversations", CONVERSATIONS), ("customers", CUSTOMERS), ("chat", f"/ws/chat/{own}/")):
        first = shop.open(path)
        second = shop.open(path)
        frames: list[Frame] = first.news()
        if kind not in KICKS.get(profile, ()):
            assert (frames, first.code) == ([], None), kind
        else:
            assert first.code == 1000, kind
            assert [frame.pop("timestamp")[-6:] for frame in frames] == ["+00:00"] * len(frames)
            closed = {"type": "connection_closed", "reason": "duplicate_connection"}
            announced = [{**closed, "message": "Replaced by newer connection"}]
            assert frames == (announced if profile == "201eb9e" else [])
        assert (second.news(), second.code) == ([], None)
    others = shop.open(f"/ws/chat/{shop.chats[4].id}/")
    theirs = shop.open(CONVERSATIONS, shop.token(shop.other))
    assert (second.news(), second.code, others.code, theirs.code) == ([], None, None, None)


@rule("wizard", flavours=FLAVOURS, debug=MODES)
def test_the_wizard_wants_a_real_token(shop: Shop) -> None:
    """A bad one is refused with 403, in debug mode too; older versions do not know the path."""
    new = shop.version.profile in ("guide", "current")
    for token in (None, "garbage"):
        checked = token and not shop.version.debug  # before the path is looked at
        assert outcome(shop, WIZARD, token) == (403 if new or checked else 500)
    assert outcome(shop, WIZARD) == ("open" if new else 500)


@rule("wizard", profiles=("guide", "current"))
def test_the_wizard_says_how_far_the_shop_is(shop: Shop) -> None:
    """At once and when asked, without a greeting; it answers ping, and complains in its own words."""
    client = shop.dial(WIZARD)
    (status,) = client.news()
    (again,) = client.ask({"type": "refresh"})
    for frame in (status, again):
        assert frame.pop("timestamp").endswith("+00:00")
        details = frame.pop("details")
        names = "first_name last_name phone_number business_type manual_prompt channel_connected"
        assert list(details) == [*names.split(), "instagram_connected", "telegram_connected"]
        assert set(map(type, details.values())) == {bool}
        missing = [name for name in names.split() if not details[name]]
        told = {"wizard_complete": False, "can_complete": not missing, "missing_fields": missing}
        assert frame == {"type": "wizard_status", **told}
    assert client.ask({"type": "ping"}) == [{"type": "pong"}]
    assert client.ask({"type": "x"}) == []
    assert client.ask("nope") == [{"error": "invalid_json"}]
