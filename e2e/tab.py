"""A browser tab as a test drives it: in the user's words, watching what must never happen."""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, WebSocket, expect

from mock_server.server import MockServer

JWT = re.compile(r"[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")
BOOT_TIMEOUT = 60_000  # milliseconds: two workers start Python at once on two busy cores
CONVERSATIONS, CUSTOMERS = "/ws/conversations/", "/ws/customers/"


@dataclass
class Tab:
    """One page. ``expected`` names console errors that this test provokes, as regular expressions."""

    page: Page
    server: MockServer
    expected: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    console_errors: list[str] = field(default_factory=list)
    page_errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    frames: list[dict[str, Any]] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    visited: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.page_errors.append(str(error)))
        self.page.on("request", self._on_request)
        self.page.on("websocket", self._on_socket)
        self.page.on("framenavigated", lambda frame: self.visited.append(frame.url))

    # --- what the user does ---

    def open(self, path: str = "/conversations") -> "Tab":
        """Go to a path and wait until the application is ready."""
        self.page.goto(f"{self.server.url}{path}")
        return self.wait_ready()

    def reload(self) -> "Tab":
        self.page.reload()
        return self.wait_ready()

    def wait_ready(self) -> "Tab":
        expect(self.page.locator("html")).to_have_attribute("data-app", "ready", timeout=BOOT_TIMEOUT)
        return self

    def give_session(self, email: str = "sara@example.com") -> "Tab":
        """Put a session into storage, as an earlier login has left it."""
        access, refresh = self.server.issue_tokens(email)
        self.tokens += [access, refresh]
        pair = json.dumps({"access_token": access, "refresh_token": refresh})
        self.page.context.add_init_script(
            "try { if (!localStorage.getItem('test.session')) { localStorage.setItem('test.session', '1');"
            f"for (const [key, value] of Object.entries({pair})) localStorage.setItem(key, value); }} }} catch {{}}"
        )
        return self

    def log_in(self, email: str = "sara@example.com", password: str = "demo-sara") -> "Tab":
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()
        return self

    def store(self, key: str, value: str | None) -> None:
        """Change ``localStorage`` by hand."""
        self.page.evaluate(
            "([k, v]) => v === null ? localStorage.removeItem(k) : localStorage.setItem(k, v)", [key, value]
        )

    def stored(self, key: str) -> str | None:
        found: str | None = self.page.evaluate("k => localStorage.getItem(k)", key)
        return found

    def becomes_visible(self) -> None:
        """What the browser tells a page whose tab comes to the front."""
        self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    # --- what the user sees ---

    def connection(self, endpoint: str = CONVERSATIONS) -> Locator:
        return self.page.locator(f'[data-connection="{endpoint}"]')

    def expect_state(self, state: str, endpoint: str = CONVERSATIONS, *, reason: str | None = None) -> "Tab":
        expect(self.connection(endpoint)).to_have_attribute("data-state", state, timeout=15_000)
        if reason:
            expect(self.connection(endpoint)).to_have_attribute("data-reason", reason)
        return self

    def ready(self, endpoint: str = CONVERSATIONS) -> "Tab":
        return self.expect_state("ready", endpoint)

    def rows(self, kind: str = "conversation") -> Locator:
        return self.page.locator(f"[data-{kind}-id]")

    def expect_path(self, pattern: str) -> "Tab":
        expect(self.page).to_have_url(re.compile(pattern), timeout=15_000)
        return self

    def connections(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.page.evaluate("pilito.connections()")
        return found

    def sent(self, message_type: str) -> int:
        """How many frames of a type this tab has sent."""
        return sum(
            1 for frame in self.frames if frame["direction"] == "sent" and f'"type":"{message_type}"' in frame["text"]
        )

    def said(self, text: str) -> int:
        """How many console lines contain a text."""
        return sum(text in line for line in self.console)

    # --- the clock ---

    def hold_clock(self) -> None:
        """From now on time passes in this page only by :meth:`pass_time`. Call before :meth:`open`."""
        self.page.clock.install()

    def pause(self) -> None:
        """Stop the page's clock, three seconds ahead: the browser refuses a moment that is past when it is told."""
        now = self.page.evaluate("Date.now()")
        self.page.clock.pause_at(now / 1000 + 3)

    def pass_time(self, seconds: float) -> None:
        self.page.clock.run_for(int(seconds * 1000))

    def pass_time_until(self, state: str, *, within: int) -> None:
        """Pass time second by second until the page's first connection is in ``state``."""
        for _ in range(within):
            if self.connection().get_attribute("data-state") == state:
                return
            self.pass_time(1)
        self.expect_state(state)

    # --- what must never happen ---

    def check(self) -> None:
        """Fail on an uncaught error, an unexpected console error, a foreign request, or a token on the console."""
        assert not self.page_errors, f"uncaught in the page: {self.page_errors}"
        unexpected = [
            line for line in self.console_errors if not any(re.search(known, line) for known in self.expected)
        ]
        assert not unexpected, f"console errors: {unexpected}"
        assert not self.foreign, f"requests to another host: {self.foreign}"
        known = [token for token in self.tokens if token]
        leaks = [line for line in self.console if JWT.search(line) or any(token in line for token in known)]
        assert not leaks, f"a token on the console: {[JWT.sub('[token]', line) for line in leaks]}"

    def _on_console(self, message: ConsoleMessage) -> None:
        self.console.append(message.text)
        if message.type == "error":
            self.console_errors.append(message.text)

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != urlsplit(self.server.url).netloc:
            self.foreign.append(request.url)

    def _on_socket(self, socket: WebSocket) -> None:
        self.sockets.append(urlsplit(socket.url).path)
        self._note(socket, "opened", "")
        socket.on("framesent", lambda text: self._note(socket, "sent", text))
        socket.on("framereceived", lambda text: self._note(socket, "received", text))
        socket.on("close", lambda _: self._note(socket, "closed", ""))

    def _note(self, socket: WebSocket, direction: str, text: Any) -> None:
        shown = JWT.sub("[token]", text[:4000] if isinstance(text, str) else f"<{len(text)} bytes>")
        self.frames.append({"path": urlsplit(socket.url).path, "direction": direction, "text": shown})
