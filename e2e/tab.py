"""A browser tab in the words of this app's users: logging in, rows, the badge of a connection."""

from typing import Any, Self

from playwright.sync_api import Locator, expect

from mock_server.testing.tab import BrowserTab

BOOT_TIMEOUT = 60_000  # milliseconds: two workers start Python at once on two busy cores
CONVERSATIONS, CUSTOMERS = "/ws/conversations/", "/ws/customers/"


class Tab(BrowserTab):
    """A tab with the app in it."""

    start_path = "/conversations"

    # --- what the user does ---

    def wait_ready(self) -> Self:
        expect(self.page.locator("html")).to_have_attribute("data-app", "ready", timeout=BOOT_TIMEOUT)
        return self

    def log_in(self, email: str = "sara@example.com", password: str = "demo-sara") -> Self:
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()
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

    # --- the clock ---

    def pass_time_until(self, state: str, *, within: int) -> None:
        """Pass time second by second until the page's first connection is in ``state``."""
        for _ in range(within):
            if self.connection().get_attribute("data-state") == state:
                return
            self.pass_time(1)
        self.expect_state(state)
