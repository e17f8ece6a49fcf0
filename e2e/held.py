"""Python held back: what a page does before its interpreter is there."""

from typing import Self

from playwright.sync_api import Page, Route, expect


class HeldPython:
    """From now on the runtime's wasm is asked for in vain, until :meth:`release`."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._asked: list[Route] = []
        page.route("**/pyodide.asm*.wasm", lambda route: self._asked.append(route))

    def booting(self) -> Self:
        """Python is not there, and the page says so."""
        expect(self._page.locator("html")).to_have_attribute("data-app", "booting")
        return self

    def release(self) -> None:
        """Let Python come."""
        while self._asked:
            self._asked.pop().continue_()
        self._page.unroute("**/pyodide.asm*.wasm")
