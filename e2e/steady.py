"""One tab that stays open for many tests, on a clock that is moved by hand: starting Python is what a test costs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from playwright.sync_api import Browser, Locator, ViewportSize

from e2e.pair import EXPECTED, next_second
from e2e.tab import CONVERSATIONS, Tab
from mock_server.models import Conversation
from mock_server.profiles import profile as profile_named
from mock_server.server import MockServer
from mock_server.testing.waiting import becomes, eventually

SCREEN: ViewportSize = {"width": 1280, "height": 720}
_GO = "path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }"
# The page puts its repaints off by a sixtieth of a second, which passes also while time stands still.
_PAINTS = """(() => {
  const [start, stop] = globalThis.real, [held, forget] = [setTimeout, clearTimeout];
  globalThis.setTimeout = (call, delay, ...rest) => (delay && delay < 20 ? start : held)(call, delay, ...rest);
  globalThis.clearTimeout = (id) => { stop(id < 1e9 ? id : 0); if (id >= 1e9) forget(id); };
})()"""
_FORGET = """() => {
  for (const key of Object.keys(localStorage)) if (/dials|outbox|draft/.test(key)) localStorage.removeItem(key);
}"""


class Steady:
    """A tab, its server, and the endpoint that the page in view is connected to."""

    def __init__(self, tab: Tab, server: MockServer) -> None:
        self.tab, self.server = tab, server
        self.endpoint = CONVERSATIONS

    def begin(self, profile: str) -> None:
        """Nothing is in force on a server of this version, the user is logged in, and no page is open."""
        self.tab.front()
        self.go("/nowhere", "")
        self.server.backend.settings = replace(self.server.backend.settings, profile=profile_named(profile))
        self.server.reset()
        if self.tab.stored("access_token") is None:
            next_second()
            self.tab.log_in()
            eventually(lambda: self.tab.stored("access_token") is not None, page=self.tab.page)
            self.go("/nowhere", "")
        # A socket hears on until its closing handshake is over: an answer to the test before must not count in this.
        becomes(self.tab.open_sockets, 0, "sockets that the test before left open", page=self.tab.page)
        self.tab.page.evaluate(_FORGET)
        self.tab.page.set_viewport_size(SCREEN)
        self.tab.expected = [*EXPECTED]
        for seen in (self.tab.console, self.tab.console_errors, self.tab.frames):
            seen.clear()
        self.server.backend.hub.counts.clear()
        self.server.backend.hub.totals.clear()

    def go(self, path: str, endpoint: str) -> None:
        """What a click on a link to ``path`` does."""
        self.tab.page.evaluate(_GO, path)
        self.endpoint = endpoint
        if endpoint:
            self.reconnect()

    def conversations(self) -> Locator:
        """Open the list of conversations; returns its rows."""
        self.go("/conversations", CONVERSATIONS)
        self.until(lambda: self.tab.rows().count() > 0 and self._answered())
        self.say("that is all")
        return self.tab.rows()

    def chat(self, position: int = 1) -> Conversation:
        """Open a conversation of the seed, and wait until the server has said that it is read.

        0 has every kind of message, 1 has 240 of them, 2 has none.
        """
        conversation = list(self.server.backend.store.conversations.values())[position]
        endpoint = f"/ws/chat/{conversation.id}/"

        def received(kind: str) -> int:
            return self.tab.count_frames("received", kind, path=endpoint)

        answers = received("messages_read") + bool(conversation.unread)
        self.go(f"/chat/{conversation.id}", endpoint)
        self.until(lambda: received("recent_messages") > 0 and received("messages_read") == answers)
        if conversation.messages:
            self.until(lambda: self.tab.rows("message").count() > 0)
        return conversation

    def write(self, text: str) -> Locator:
        """Type a message and send it; returns its row."""
        self.tab.page.get_by_label("Message", exact=True).fill(text)
        self.tab.page.keyboard.press("Enter")
        return self.tab.rows("message").filter(has_text=text)

    def counts(self) -> dict[str, int]:
        return self.server.endpoint(self.endpoint)

    def state(self) -> str | None:
        return self.tab.connection(self.endpoint).get_attribute("data-state")

    def until(self, holds: Callable[[], bool]) -> None:
        eventually(holds, page=self.tab.page, seconds=20, otherwise=self._found)

    def reconnect(self) -> None:
        """Pass time while the page waits for its next dial, never while one is under way, until it is connected."""

        def look() -> bool:
            if self.state() == "waiting":
                self.tab.pass_time(1)
            return self.state() == "ready" and self.counts()["live"] == 1

        self.until(look)

    def pass_quietly(self, seconds: int) -> None:
        """Let time pass on a line on which the server says something now and then."""
        for number in range(0, seconds, 5):
            self.say(f"after {number} of {seconds} s")
            self.tab.pass_time(5)

    def say(self, word: str) -> None:
        """Let the server say something that means nothing, and wait until the page has heard it."""
        self.server.push(endpoint=self.endpoint, frame={"type": word})
        self.tab.expect_said(f"Received message: {word}")

    def ids(self, kind: str) -> list[str]:
        """The ids of the rows in view, from top to bottom."""
        found: list[str] = self.tab.rows(kind).evaluate_all(f"all => all.map(row => row.dataset.{kind}Id)")
        return found

    def kept(self, before: list[str]) -> bool:
        """Whether these conversations still stand on top in this order, and none is there twice."""
        ids = self.ids("conversation")
        return ids[: len(before)] == before and len(ids) == len(set(ids))

    def _answered(self) -> bool:
        """Whether every question of the list has its answer: the first list comes unasked."""
        asked = self.tab.sent("get_conversations") + self.tab.sent("refresh_conversations")
        options = self.tab.sent("get_conversation_filter_options")
        lists, told = self.tab.received("conversations_list"), self.tab.received("conversation_filter_options")
        return lists > asked and told >= options

    def _found(self) -> str:
        return f"{self.state()}, {self.counts()}, faults in force: {self.server.orders()}"


@contextmanager
def open_steady(browser: Browser, server: MockServer, options: dict[str, Any]) -> Iterator[Steady]:
    """Start Python once."""
    with server:
        context = browser.new_context(**options)
        context.tracing.start()
        context.add_init_script("globalThis.real = [setTimeout, clearTimeout].map((each) => each.bind(globalThis))")
        tab = Tab(context.new_page(), server)
        tab.hold_clock()
        context.add_init_script(_PAINTS)
        tab.give_session().open().ready()
        tab.pause()
        yield Steady(tab, server)
        context.close()
