"""A browser tab in the words of this app's users: logging in, rows, the badge of a connection."""

from collections.abc import Callable
from typing import Any, Self

from playwright.sync_api import Locator, expect

from mock_server.testing.tab import BrowserTab
from mock_server.testing.waiting import becomes, eventually

BOOT_TIMEOUT = 60_000  # milliseconds: two workers start Python at once on two busy cores
OWNED = ("sockets", "timers", "tasks", "proxies", "listeners")
CONVERSATIONS, CUSTOMERS = "/ws/conversations/", "/ws/customers/"
AWAITED_REST = "Pilito has waited for the rest of the runtime"


class Tab(BrowserTab):
    """A tab with the app in it."""

    start_path = "/conversations"
    may_await_rest = False

    # --- what the user does ---

    def wait_ready(self) -> Self:
        expect(self.page.locator("html")).to_have_attribute("data-app", "ready", timeout=BOOT_TIMEOUT)
        return self

    def log_in(self, email: str = "sara@example.com", password: str = "demo-sara") -> Self:
        self.front().page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()
        return self

    def log_out(self) -> Self:
        self.front().page.get_by_role("button", name="Log out").click()
        return self

    # --- what the user sees ---

    def connection(self, endpoint: str = CONVERSATIONS) -> Locator:
        return self.page.locator(f'[data-connection="{endpoint}"]')

    def expect_state(self, state: str, endpoint: str = CONVERSATIONS, *, reason: str | None = None) -> Self:
        expect(self.connection(endpoint)).to_have_attribute("data-state", state, timeout=15_000)
        if reason:
            expect(self.connection(endpoint)).to_have_attribute("data-reason", reason)
        return self

    def ready(self, endpoint: str = CONVERSATIONS) -> Self:
        return self.expect_state("ready", endpoint)

    def rows(self, kind: str = "conversation") -> Locator:
        return self.page.locator(f"[data-{kind}-id]")

    def connections(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.page.evaluate("pilito.connections()")
        return found

    # --- what a page holds ---

    def resources(self) -> dict[str, int]:
        """What the app counts of what it holds, see ``pilito.browser.console``, and the sockets that are open."""
        counts: dict[str, int] = self.page.evaluate("pilito.resources()")
        return {"sockets": self.open_sockets(), **counts}

    def open_sockets(self) -> int:
        """How many sockets Playwright has seen open and not yet close: every frame of a closed one has been told."""
        ways = [frame["direction"] for frame in self.frames]
        return ways.count("opened") - ways.count("closed")

    def leave_pages(self) -> Self:
        """Go, inside the app and with a session, to an address that no page has."""
        self.page.evaluate("history.pushState(null, '', '/nowhere'); dispatchEvent(new PopStateEvent('popstate'))")
        expect(self.page.locator("#page .empty h1")).to_be_visible()
        return self

    def assert_clean(self) -> Self:
        """Leave every page of the app; fail unless no socket, timer, task, proxy or listener of theirs is left.

        One timer is the session's own: it looks ahead to the token's death.
        """
        self.leave_pages()
        clean = {**dict.fromkeys(OWNED, 0), "timers": 1}

        def owned() -> dict[str, int]:
            found = self.resources()
            return {name: found[name] for name in OWNED}

        becomes(owned, clean, "what is left after the app's pages", page=self.page)
        return self

    # --- the clock ---

    def pass_waits_until(self, holds: Callable[[], bool], *, step: float = 1.0) -> None:
        """Pass time until something holds, only while every connection waits for its next dial: during a dial the
        page's time-outs would come before the answer to it."""

        def look() -> bool:
            if holds():
                return True
            if all(row["state"] == "waiting" for row in self.connections()):
                self.pass_time(step)
            return False

        def found() -> str:
            return str([(row["state"], row["reason"]) for row in self.connections()])

        eventually(look, page=self.page, seconds=30, otherwise=found)

    def pass_time_until(self, state: str, *, within: int) -> None:
        """Pass time second by second until the page's first connection is in ``state``."""
        for _ in range(within):
            if self.connection().get_attribute("data-state") == state:
                return
            self.pass_time(1)
        self.expect_state(state)

    # --- what must never happen ---

    def check(self) -> None:
        """Fail also when the page has waited for what its first part of the runtime lacks, in its first seconds."""
        super().check()
        waits = [line for line in self.console if AWAITED_REST in line]
        mend = "tools/bundle/split/callers.mjs names the numbers; take the profile again, with --add"
        assert self.may_await_rest or not waits, f"{waits}: {mend}"
