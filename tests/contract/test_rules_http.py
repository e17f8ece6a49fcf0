"""The calls over HTTP, in every version: logging in, renewing, asking who one is, logging out, and the shop's calls."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import jwt

from tests.contract.fields import MESSAGE, RICH_MESSAGE, holds
from tests.contract.rules import MODES, RICH, rule
from tests.contract.shop import Shop

REQUIRED, BLANK, NULL = "This field is required.", "This field may not be blank.", "This field may not be null."
WRONG = {"non_field_errors": ["Invalid email/username or password."]}
STALE = {"success": False, "errors": ["refresh is invalid"]}
NOBODY = {"detail": "Authentication credentials were not provided."}
COOKIE = ['HTTP_ACCESS="Bearer ', "expires", "HttpOnly", "Max-Age=604800", "Path=/", "SameSite=Lax"]


def known(shop: Shop, **headers: str) -> bool:
    """Whether ``auth/status`` knows who asks; it answers with 200 always."""
    answer = shop.call("GET", "usr/auth/status", token=None, **headers)
    body = answer.json()
    assert answer.status_code == 200
    assert holds(body, "authenticated:bool timestamp:string cookies_present:object headers_present:object user:object?")
    assert (body["user"] is not None) == body["authenticated"]
    found: bool = body["authenticated"]
    return found


def login(shop: Shop, body: Any) -> httpx.Response:
    return shop.call("POST", "usr/login", body, token=None)


@rule("http")
def test_a_login(shop: Shop) -> None:
    """By e-mail or name, as JSON or as a form: two tokens, the user, and the access token in a cookie, too."""
    for name in (shop.owner.email, shop.owner.username):
        answer = login(shop, {"email_or_username": name, "password": shop.owner.password})
        assert answer.status_code == 200
        assert holds(answer.json(), "refresh_token:string access_token:string user_data:object")
    form = {"email_or_username": shop.owner.email, "password": shop.owner.password}
    answer = shop.http.post("/api/v1/usr/login", data=form)
    access = answer.json()["access_token"]
    parts = answer.headers["set-cookie"].split("; ")
    assert parts[0] == f'{COOKIE[0]}{access}"'
    assert [parts[1].partition("=")[0], *parts[2:]] == COOKIE[1:]
    assert known(shop, Authorization=f"Bearer {access}")


@rule("http")
def test_a_login_that_fails(shop: Shop) -> None:
    """400 with complaints by field, or one about both."""
    for body, told in (
        ({}, {"email_or_username": [REQUIRED], "password": [REQUIRED]}),
        ({"email_or_username": " ", "password": "x"}, {"email_or_username": [BLANK]}),
        ({"email_or_username": "x", "password": None}, {"password": [NULL]}),
        ({"email_or_username": shop.owner.email, "password": "wrong"}, WRONG),
        ({"email_or_username": "nobody", "password": "wrong"}, WRONG),
    ):
        answer = login(shop, body)
        assert (answer.status_code, answer.json()) == (400, told)
        assert "set-cookie" not in answer.headers
    broken = shop.http.post("/api/v1/usr/login", content="{", headers={"Content-Type": "application/json"})
    assert broken.status_code == 400
    assert broken.json()["detail"].startswith("JSON parse error")
    assert shop.call("POST", "usr/login/", {}, token=None).status_code == 404
    assert shop.call("GET", "usr/login", token=None).status_code == 405


@rule("http")
def test_what_a_token_says_and_how_long_it_is_good(shop: Shop) -> None:
    """HS512, the user as text, a time of birth in whole seconds, no end; an access token is good for seven days."""
    access, refresh = shop.server.issue_tokens(shop.owner.email)
    assert jwt.get_unverified_header(access) == {"alg": "HS512", "typ": "JWT"}
    claims, renewal = (jwt.decode(token, options={"verify_signature": False}) for token in (access, refresh))
    assert renewal.pop("access") == access
    assert (claims.pop("type"), renewal.pop("type")) == ("access", "refresh")
    assert claims == renewal == {"user_id": "1", "created_at": claims["created_at"]}
    assert claims["created_at"].endswith(" +0000")
    for days, good in ((6.99, True), (7.01, False)):
        old = shop.server.issue_tokens(shop.owner.email, age=timedelta(days=days))[0]
        assert known(shop, Authorization=f"Bearer {old}") == good
    for days, status in ((14.99, 200), (15.01, 401)):
        old = shop.server.issue_tokens(shop.owner.email, age=timedelta(days=days))[1]
        assert shop.call("POST", "usr/refresh-access", {"refresh": old}, token=None).status_code == status


@rule("http", debug=MODES)
def test_renewing_a_token(shop: Shop) -> None:
    """A new pair, and the old one is dead at once; in debug mode nothing ever dies, and the same one renews again."""
    access, refresh = shop.server.issue_tokens(shop.owner.email, age=timedelta(minutes=1))
    answer = shop.call("POST", "usr/refresh-access", {"refresh": refresh}, token=None)
    body = answer.json()
    assert (answer.status_code, body["success"], sorted(body)) == (200, True, ["data", "success"])
    assert holds(body["data"], "refresh_token:string access_token:string")
    assert answer.headers["set-cookie"].startswith(f'{COOKIE[0]}{body["data"]["access_token"]}"; ')
    assert known(shop, Authorization=f"Bearer {body['data']['access_token']}")
    assert known(shop, Authorization=f"Bearer {access}") == shop.version.debug
    again = shop.call("POST", "usr/refresh-access", {"refresh": refresh}, token=None)
    assert again.status_code == (200 if shop.version.debug else 401)
    assert shop.version.debug or again.json() == STALE


@rule("http")
def test_what_renews_nothing(shop: Shop) -> None:
    """A token that is missing, null, garbage, or an access token: 401, always with the same words."""
    access = shop.token()
    for body in ({}, {"refresh": None}, {"refresh": "garbage"}, {"refresh": access}):
        for path in ("usr/refresh-access", "usr/refresh"):
            answer = shop.call("POST", path, body, token=None)
            assert (answer.status_code, answer.json()) == (401, STALE)


@rule("http")
def test_the_other_way_to_renew_hides_the_access_token_in_a_cookie(shop: Shop) -> None:
    """``refresh`` gives out the refresh token alone."""
    _, refresh = shop.server.issue_tokens(shop.owner.email)
    answer = shop.call("POST", "usr/refresh", {"refresh": refresh}, token=None)
    assert answer.status_code == 200
    assert holds(answer.json()["data"], "refresh_token:string")
    assert answer.headers["set-cookie"].startswith(COOKIE[0])


@rule("http", profiles=("current",), debug=[True])
def test_in_debug_mode_three_that_renew_at_once_are_all_served(shop: Shop) -> None:
    """Nothing is deleted, so that nobody comes too late."""
    _, refresh = shop.server.issue_tokens(shop.owner.email, age=timedelta(minutes=1))

    def renew(_: int) -> int:
        url = f"{shop.server.url}/api/v1/usr/refresh-access"
        return httpx.post(url, json={"refresh": refresh}, timeout=20).status_code

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(renew, range(3))) == [200, 200, 200]


@rule("http")
def test_who_asks(shop: Shop) -> None:
    """A bearer token or a bare one; no refresh token; and a cookie is believed before the header, even a stale one."""
    access, refresh = shop.server.issue_tokens(shop.owner.email)
    bad = {"Cookie": 'HTTP_ACCESS="Bearer garbage"'}
    good = {"Cookie": f'HTTP_ACCESS="Bearer {access}"'}
    assert known(shop, Authorization=f"Bearer {access}")
    assert known(shop, Authorization=access)
    assert known(shop, **good)
    assert known(shop, Authorization="Bearer garbage", **good)
    for headers in ({}, {"Authorization": f"Bearer {refresh}"}, {"Authorization": f"Bearer {access}", **bad}):
        assert not known(shop, **headers)
        refused = shop.call("GET", "usr/profile", token=None, **headers)
        assert (refused.status_code, refused.json()) == (401, NOBODY)
        assert refused.headers["www-authenticate"] == "Bearer"
    assert shop.call("GET", "usr/profile").json()["email"] == shop.owner.email


@rule("http")
def test_logging_out_logs_nobody_out_but_who_sends_bare_tokens(shop: Shop) -> None:
    """It says that it did; with a scheme both tokens stay good, and bare ones die one by one."""
    access, refresh = shop.server.issue_tokens(shop.owner.email)
    told = {"success": True, "data": {"message": "Logged out"}}
    for headers in ({"Authorization": f"Bearer {access}"}, {"Cookie": f'HTTP_ACCESS="Bearer {access}"'}, {}):
        answer = shop.call("GET", "usr/logout", token=None, **headers)
        assert (answer.status_code, answer.json()) == (200, told)
        assert "SameSite=None" in answer.headers["set-cookie"]
        assert "Secure" not in answer.headers["set-cookie"]
    assert known(shop, Authorization=f"Bearer {access}")
    assert shop.call("POST", "usr/logout").status_code == 405
    shop.call("GET", "usr/logout", token=None, Authorization=access)
    assert not known(shop, Authorization=f"Bearer {access}")
    shop.call("GET", "usr/logout", token=None, Authorization=refresh)
    assert shop.call("POST", "usr/refresh-access", {"refresh": refresh}, token=None).status_code == 401


@rule("http")
def test_pages_of_other_ports_may_call(shop: Shop) -> None:
    """The origin is echoed, credentials are allowed, and the preflight names the headers that may be sent."""
    page = {"Origin": "https://anywhere.example"}
    asked = {**page, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-request-id"}
    preflight = shop.call("OPTIONS", "usr/login", token=None, **asked)
    for answer in (preflight, shop.call("GET", "usr/auth/status", token=None, **page)):
        assert answer.headers["access-control-allow-origin"] == page["Origin"]
        assert answer.headers["access-control-allow-credentials"] == "true"
    allowed = "accept, authorization, content-type, user-agent, x-csrftoken, x-requested-with"
    assert preflight.headers["access-control-allow-headers"] == allowed
    assert "access-control-allow-origin" not in shop.call("GET", "usr/auth/status").headers


@rule("http")
def test_sending_over_http(shop: Shop) -> None:
    """201 with the message; what is wrong has a code; another's conversation is not found; nobody is let in unknown."""
    chat = shop.chat("telegram")
    path = f"message/conversation/{chat.id}/send-message/"
    answer = shop.call("POST", path, {"content": "x" * 1000})
    body = answer.json()
    assert (answer.status_code, body["status"], sorted(body)) == (201, "success", ["data", "message", "status"])
    assert holds(body["data"], "message:object external_send_result:object conversation_id:string")
    assert holds(body["data"]["message"], MESSAGE, RICH_MESSAGE if shop.version.profile in RICH else "")
    assert body["data"]["message"]["type"] == "support"
    for wrong, code in (
        ({"content": " "}, "EMPTY_CONTENT"),
        ({}, "EMPTY_CONTENT"),
        ({"content": "x" * 1001}, "CONTENT_TOO_LONG"),
        ({"content": "x", "type": "customer"}, "INVALID_TYPE"),
    ):
        answer = shop.call("POST", path, wrong)
        assert (answer.status_code, answer.json()["error_code"]) == (400, code)
        assert holds(answer.json(), "error:string error_code:string")
    theirs = shop.server.backend.store.of_user(shop.other)[0].id
    for path in (f"message/conversation/{theirs}/send-message/", "message/conversation/zzzzzz/send-message/"):
        answer = shop.call("POST", path, {"content": "x"})
        assert (answer.status_code, answer.json()["error_code"]) == (404, "CONVERSATION_NOT_FOUND")


@rule("http")
def test_the_shops_calls_are_the_users_own(shop: Shop) -> None:
    """Without a token 401; what belongs to another is not found and not changed; a wrong value is refused whole."""
    theirs, mine = shop.server.backend.store.of_user(shop.other)[0], shop.chats[3]
    assert theirs.customer
    assert mine.customer
    calls = (
        ("PATCH", f"message/conversation/{theirs.id}/status/", {"status": "closed"}),
        ("DELETE", f"message/conversation/{theirs.id}/", None),
        ("PATCH", f"message/customer-item/{theirs.customer.id}/", {"first_name": "x"}),
        ("DELETE", f"message/customer-item/{theirs.customer.id}/", None),
    )
    before = (theirs.status, theirs.customer.first_name)
    for method, path, body in calls:
        assert shop.call(method, path, body, token=None).status_code == 401
        assert shop.call(method, path, body).status_code == 404
    assert (theirs.status, theirs.customer.first_name) == before
    assert theirs.id in shop.server.backend.store.conversations
    wrong = {"last_name": "changed", "email": 7}
    assert shop.call("PATCH", f"message/customer-item/{mine.customer.id}/", wrong).status_code == 400
    assert mine.customer.last_name != "changed"
    assert shop.call("PATCH", f"message/conversation/{mine.id}/status/", {"status": "x"}).status_code == 400
