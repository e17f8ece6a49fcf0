"""What a plain client sees over HTTP, and the command line."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mock_server.server import MockServer, listen

USR = "/api/v1/usr"


@pytest.fixture
def api(server: MockServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=5) as client:
        yield client


def log_in(api: httpx.Client) -> dict[str, str]:
    answer = api.post(f"{USR}/login", json={"email_or_username": "sara@example.com", "password": "demo-sara"})
    api.cookies.clear()
    found: dict[str, str] = answer.json()
    return found


def authenticated(api: httpx.Client, header: str) -> bool:
    return bool(api.get(f"{USR}/auth/status", headers={"Authorization": header}).json()["authenticated"])


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (
            {"email_or_username": "sara", "password": "nope"},
            {"non_field_errors": ["Invalid email/username or password."]},
        ),
        ({}, {"email_or_username": ["This field is required."], "password": ["This field is required."]}),
        (
            {"email_or_username": "", "password": None},
            {"email_or_username": ["This field may not be blank."], "password": ["This field may not be null."]},
        ),
    ],
)
def test_complaints_of_the_login(api: httpx.Client, body: dict[str, object], complaint: dict[str, list[str]]) -> None:
    """A bad login is 400 with complaints by field."""
    answer = api.post(f"{USR}/login", json=body)
    assert (answer.status_code, answer.json()) == (400, complaint)


def test_login_by_name_by_form_and_with_broken_json(api: httpx.Client) -> None:
    """The user name works, a form works, broken JSON is named, GET is not allowed, a trailing slash is not found."""
    good = {"email_or_username": "sara", "password": "demo-sara"}
    assert api.post(f"{USR}/login", json=good).status_code == 200
    assert api.post(f"{USR}/login", data=good).status_code == 200
    assert "JSON parse error" in api.post(f"{USR}/login", content="{oops").json()["detail"]
    assert api.get(f"{USR}/login").status_code == 405
    assert api.post(f"{USR}/login/", json=good).status_code == 404


def test_status_takes_a_bearer_or_a_bare_token_and_a_cookie_wins(api: httpx.Client) -> None:
    """auth/status is always 200; a stale cookie beats a good header; a refresh token is refused."""
    pair = log_in(api)
    assert authenticated(api, f"Bearer {pair['access_token']}")
    assert authenticated(api, pair["access_token"])
    assert not authenticated(api, f"Bearer {pair['refresh_token']}")
    assert not authenticated(api, "Bearer rubbish")
    stale = api.get(
        f"{USR}/auth/status",
        headers={"Authorization": f"Bearer {pair['access_token']}", "Cookie": 'HTTP_ACCESS="Bearer x"'},
    )
    assert stale.json()["authenticated"] is False


def test_a_refresh_deletes_the_old_pair(api: httpx.Client) -> None:
    """The old access and refresh token are dead the moment a refresh succeeds."""
    pair = log_in(api)
    answer = api.post(f"{USR}/refresh-access", json={"refresh": pair["refresh_token"]})
    api.cookies.clear()
    new = answer.json()["data"]
    assert new["access_token"] != pair["access_token"]
    assert authenticated(api, f"Bearer {new['access_token']}")
    assert not authenticated(api, f"Bearer {pair['access_token']}")
    again = api.post(f"{USR}/refresh-access", json={"refresh": pair["refresh_token"]})
    assert (again.status_code, again.json()) == (401, {"success": False, "errors": ["refresh is invalid"]})


def test_logout_revokes_only_a_bare_token(api: httpx.Client) -> None:
    """With a scheme logout says that it did and did not; a bare token is dead."""
    pair = log_in(api)
    for header, alive in ((f"Bearer {pair['access_token']}", True), (pair["access_token"], False)):
        assert api.get(f"{USR}/logout", headers={"Authorization": header}).json()["success"] is True
        assert authenticated(api, f"Bearer {pair['access_token']}") is alive


def test_cors_lets_a_page_on_another_port_in(api: httpx.Client) -> None:
    """The origin is echoed and the preflight names the headers that are allowed."""
    origin = {"Origin": "http://localhost:3000"}
    assert api.get(f"{USR}/auth/status", headers=origin).headers["access-control-allow-origin"] == origin["Origin"]
    preflight = api.options(f"{USR}/login", headers=origin)
    assert "authorization" in preflight.headers["access-control-allow-headers"]


@pytest.mark.parametrize(
    "order",
    [
        {"fault": "nope"},
        {"fault": "close", "cod": 1},
        {"fault": "close", "code": "x"},
        {"fault": "close", "code": 1005},
        {"fault": "hang", "times": 0},
        {"fault": "half_open", "direction": "up"},
        {"fault": "refuse", "status": 200},
    ],
)
def test_a_wrong_order_is_an_error(api: httpx.Client, order: dict[str, object]) -> None:
    """An unknown fault or argument lists the known ones; a wrong value is named."""
    answer = api.post("/__mock__/fault", json=order)
    assert answer.status_code == 400
    assert any(word in answer.json()["error"] for word in ("known:", "must be"))


def test_the_page_and_its_files(api: httpx.Client) -> None:
    """Every path is the page, with its policy; files outside the named folders are not reachable."""
    page = api.get("/chat/abc")
    assert page.status_code == 200
    assert "script-src 'self' 'wasm-unsafe-eval'" in page.headers["content-security-policy"]
    assert "unsafe-inline" not in page.headers["content-security-policy"]
    assert api.get("/runtime/pyodide/pyodide.asm.wasm").headers["content-type"] == "application/wasm"
    for path in (
        "/frontend/../pyproject.toml",
        "/frontend/%2e%2e/pyproject.toml",
        "/runtime/pyodide/%2e%2e/%2e%2e/package.json",
        "/nothing.js",
    ):
        assert api.get(path).status_code == 404
    archive = api.get("/app.zip")
    assert api.get("/app.zip", headers={"If-None-Match": archive.headers["etag"]}).status_code == 304


def test_the_journal_holds_no_token(api: httpx.Client, server: MockServer) -> None:
    """Frames, faults and closes are written down; tokens are not."""
    access, _ = server.issue_tokens("sara@example.com")
    from websockets.sync.client import connect

    with connect(f"ws://127.0.0.1:{server.port}/ws/conversations/?token={access}") as socket:
        socket.recv(timeout=5)
        socket.send(json.dumps({"type": "x", "leak": access}))
        socket.send("")
        while "Invalid JSON" not in str(socket.recv(timeout=5)):
            pass
    text = json.dumps(api.get("/__mock__/journal").json())
    assert '"direction": "in"' in text
    assert access not in text


# --- the command line ---

ROOT = Path(__file__).parents[2]


def mock(*flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mock_server", *flags], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )


@pytest.mark.parametrize(
    "flags", [["--port", "x"], ["--profile", "nope"], ["--nonsense"], ["--conversations", "-1"], ["--backend", "x"]]
)
def test_bad_flags_are_one_clear_line(flags: list[str]) -> None:
    """A bad flag ends with one line on stderr and a code other than zero."""
    done = mock(*flags)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_port_in_use_is_one_clear_line() -> None:
    """A taken port is named, with what to do."""
    listener = listen("127.0.0.1", 0)
    try:
        done = mock("--port", str(listener.getsockname()[1]))
    finally:
        listener.close()
    assert done.returncode == 2
    assert "choose another" in done.stderr


def test_it_starts_says_so_and_ends_cleanly() -> None:
    """The start prints the address and the demo logins, health answers, and an interrupt ends it with zero."""
    import signal

    with subprocess.Popen(
        [sys.executable, "-u", "-m", "mock_server", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        url = next(word for word in first.split() if word.startswith("http"))
        assert "demo-sara" in process.stdout.readline()
        transport = httpx.HTTPTransport(retries=5)
        with httpx.Client(transport=transport) as client:
            assert client.get(f"{url}/health/").text == "ok"
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_a_real_backend_gets_files_only() -> None:
    """With --backend there is no mock API, and the page names the backend."""

    import asyncio

    from mock_server.app import make_files_app

    async def look() -> list[httpx.Response]:
        transport = httpx.ASGITransport(make_files_app("https://api.example.com"))
        async with httpx.AsyncClient(transport=transport, base_url="http://app.test") as client:
            return [await client.get("/login"), await client.get("/__mock__/state")]

    page, state = asyncio.run(look())
    assert '<meta name="pilito-backend" content="https://api.example.com">' in page.text
    assert "wss://api.example.com" in page.headers["content-security-policy"]
    assert state.headers["content-type"].startswith("text/html")
