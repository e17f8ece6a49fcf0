"""Virtual time for all tabs of a test, and for the tokens that the server judges."""

from datetime import timedelta

from mock_server.server import MockServer
from mock_server.testing.tab import BrowserTab


class VirtualClock:
    """One clock. Tabs that open before :meth:`pause` run on it in real time; from then on it moves by hand."""

    def __init__(self, server: MockServer, tabs: list[BrowserTab]) -> None:
        self._server = server
        self._tabs = tabs

    def pause(self) -> None:
        """Stop the time of every tab that is open. Call it when the pages are up."""
        for tab in self._one_of_each_browser():
            tab.pause()

    def pass_time(self, seconds: float) -> None:
        """Let ``seconds`` pass: timers of the pages fire in order, tokens age. Needs :meth:`pause` before."""
        self._server.age_tokens(timedelta(seconds=seconds))
        for tab in self._one_of_each_browser():
            tab.pass_time(seconds)

    def _one_of_each_browser(self) -> list[BrowserTab]:
        """The tabs of one context share its clock."""
        return list({tab.page.context: tab for tab in self._tabs if not tab.page.is_closed()}.values())
