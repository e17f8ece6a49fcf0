"""A browser tab as a test drives it, whatever page is in it: what it says, sends and asks for is kept and checked."""

import json
import re
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request, WebSocket, expect

from mock_server.redaction import redact
from mock_server.server import MockServer
from mock_server.testing.waiting import becomes

KEPT = 4000  # characters of a frame
PARSED = 100_000  # the largest frame whose type is looked at
OWN_QUESTION = "/favicon.ico"
"""What a browser with windows asks for by itself where a document names no icon, soon after it or never."""
_ANSWERS = "url => fetch(url, { cache: 'no-store' }).then(() => true, () => false)"


@dataclass(repr=False)
class BrowserTab:
    """One page. ``expected`` names console errors that a test provokes, as regular expressions.

    A project's own words go into a subclass, which its ``tab_class`` fixture returns. Do not decorate that with
    ``@dataclass``: its ``repr`` would print what the tab has seen.
    """

    start_path: ClassVar[str] = "/"
    session_keys: ClassVar[tuple[str, str]] = ("access_token", "refresh_token")
    """Where the page keeps its tokens in ``localStorage``."""

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
    tokens: list[str] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.page_errors.append(str(error)))
        self.page.on("request", self._on_request)
        self.page.on("websocket", self._on_socket)
        self.page.on("framenavigated", lambda frame: self.visited.append(frame.url))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {redact(urlsplit(self.page.url).path) or 'no page yet'}>"

    # --- for a subclass to say ---

    def wait_ready(self) -> Self:
        """Wait until the page can be used. A page that is ready when it has loaded needs nothing."""
        return self

    def connections(self) -> list[dict[str, Any]]:
        """The app's own list of its connections, kept when a test fails; empty where it has none."""
        return []

    # --- what the user does ---

    def open(self, path: str | None = None) -> Self:
        """Go to a path of the server and wait until the page is ready."""
        self.page.goto(f"{self.server.url}{self.start_path if path is None else path}")
        return self.wait_ready()

    def front(self) -> Self:
        """Bring the tab to the front of its window. Behind another one it paints once a second or two, and each click,
        which waits for two paints, takes as long; hidden it is not."""
        self.page.bring_to_front()
        return self

    def reload(self) -> Self:
        self.page.reload()
        return self.wait_ready()

    def give_session(self, email: str = "sara@example.com") -> Self:
        """Put a session into storage before the page opens, as an earlier login has left it."""
        pair = self.server.issue_tokens(email)
        self.tokens += pair
        stored = json.dumps(dict(zip(self.session_keys, pair, strict=True)))
        self.page.context.add_init_script(
            "try { if (!localStorage.getItem('test.session')) { localStorage.setItem('test.session', '1');"
            f"for (const [key, value] of Object.entries({stored})) localStorage.setItem(key, value); }} }} catch {{}}"
        )
        return self

    def store(self, key: str, value: str | None) -> None:
        """Change ``localStorage`` by hand."""
        self.page.evaluate(
            "([k, v]) => v === null ? localStorage.removeItem(k) : localStorage.setItem(k, v)", [key, value]
        )

    def stored(self, key: str) -> str | None:
        found: str | None = self.page.evaluate("k => localStorage.getItem(k)", key)
        return found

    def goes_offline(self) -> None:
        """The browser loses the network; returns once the page has been told and nothing comes through any more.

        The page may know milliseconds before the part of the browser that carries requests: one that goes out in
        between is answered, and what asked it takes the network to be there.
        """
        self.page.context.set_offline(True)
        becomes(lambda: bool(self.page.evaluate("navigator.onLine")), False, "navigator.onLine", page=self.page)
        address = self._last_word
        becomes(lambda: bool(self.page.evaluate(_ANSWERS, address)), False, "whether the server answers")

    @property
    def _last_word(self) -> str:
        """What :meth:`goes_offline` asks for until it fails; the browser's complaint about it is no news."""
        return f"{self.server.url}/health/?last-word"

    def becomes_visible(self) -> None:
        """What the browser tells a page whose tab comes to the front."""
        self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    # --- what is to be seen ---

    def expect_path(self, pattern: str) -> Self:
        expect(self.page).to_have_url(re.compile(pattern), timeout=15_000)
        return self

    def sent(self, message_type: str) -> int:
        """How many frames of a type this tab has sent."""
        return self.count_frames("sent", message_type)

    def received(self, message_type: str) -> int:
        """How many frames of a type have come to this tab."""
        return self.count_frames("received", message_type)

    def count_frames(self, direction: str, message_type: str, *, path: str = "/") -> int:
        """How many frames went ``"sent"`` or ``"received"`` on sockets whose path begins with ``path``."""
        return sum(
            frame["direction"] == direction and frame["type"] == message_type and frame["path"].startswith(path)
            for frame in self.frames
        )

    def expect_frames(
        self, direction: Literal["sent", "received"], message_type: str, count: int = 1, *, path: str = "/"
    ) -> Self:
        """Wait until ``count`` frames of a type have gone that way since the tab was opened."""

        def look() -> int:
            return self.count_frames(direction, message_type, path=path)

        becomes(look, count, f"{message_type} {direction} on {path}", page=self.page)
        return self

    def said(self, text: str) -> int:
        """How many console lines contain a text."""
        return sum(text in line for line in self.console)

    def expect_said(self, text: str, count: int = 1) -> Self:
        """Wait until ``count`` console lines contain a text."""
        becomes(lambda: self.said(text), count, f"console lines with {text!r}", page=self.page)
        return self

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

    # --- what must never happen ---

    def check(self) -> None:
        """Fail on an uncaught error, an unexpected console error, a foreign request, or a token on the console."""
        assert not self.page_errors, f"uncaught in the page: {self.page_errors}"
        unexpected = [
            line for line in self.console_errors if not any(re.search(known, line) for known in self.expected)
        ]
        assert not unexpected, f"console errors: {unexpected}"
        assert not self.foreign, f"requests to another host: {self.foreign}"
        leaks = [line for line in self.console if self.shows_token(line)]
        assert not leaks, f"a token on the console: {[redact(line) for line in leaks]}"

    def shows_token(self, text: str) -> bool:
        """Whether a text shows one of this tab's tokens, or something that looks like one."""
        return bool(JWT.search(text)) or any(token in text for token in self.tokens if token)

    def _on_console(self, message: ConsoleMessage) -> None:
        self.console.append(message.text)
        about = message.location.get("url", "")
        nobodys = about == self._last_word or urlsplit(about).path == OWN_QUESTION
        if message.type == "error" and not nobodys:
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

    def _note(self, socket: WebSocket, direction: str, text: str | bytes) -> None:
        shown = redact(text[:KEPT]) if isinstance(text, str) else f"<{len(text)} bytes>"
        path = urlsplit(socket.url).path
        self.frames.append({"path": path, "direction": direction, "type": _type_of(text), "text": shown})


JWT = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")


def _type_of(text: str | bytes) -> str:
    """The ``type`` of a JSON frame, ``""`` for what has none."""
    if not isinstance(text, str) or len(text) > PARSED:
        return ""
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    kind = frame.get("type") if isinstance(frame, dict) else None
    return kind if isinstance(kind, str) else ""
