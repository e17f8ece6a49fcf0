"""Browsers that keep nothing: storage that throws, or is full."""

import pytest
from playwright.sync_api import expect

from e2e.tab import Tab
from e2e.waiting import eventually
from mock_server.server import MockServer

THROWS = """
Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("The operation is insecure.", "SecurityError"); },
});
"""
FULL = """
Storage.prototype.setItem = () => { throw new DOMException("The quota has been exceeded.", "QuotaExceededError"); };
"""


@pytest.mark.parametrize("script", [THROWS, FULL], ids=["throws", "full"])
def test_without_storage_one_tab_works(tab: Tab, server: MockServer, script: str) -> None:
    """Where nothing can be stored the user logs in, sees the live list, writes, and is told of nothing strange."""
    tab.page.add_init_script(script)
    tab.open("/conversations")
    tab.expect_path("/login")
    tab.log_in().expect_path("/conversations$").ready()
    tab.rows().first.locator("a").click()
    tab.page.get_by_label("Message", exact=True).fill("kept in memory")
    tab.page.get_by_role("link", name="Customers").click()
    tab.expect_path("/customers$")
    tab.page.evaluate("history.back()")
    expect(tab.page.get_by_label("Message", exact=True)).to_have_value("kept in memory")
    tab.log_out()
    tab.expect_path("/login$")
    eventually(lambda: all(counts["live"] == 0 for counts in server.state()["endpoints"].values()))
