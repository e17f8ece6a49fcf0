"""What axe finds on each page: names, roles, contrast, order; in both languages and both themes."""

from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from e2e.tab import CONVERSATIONS, CUSTOMERS, Tab
from mock_server.server import MockServer

AXE = Path(__file__).resolve().parents[1] / "node_modules" / "axe-core" / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def problems(tab: Tab) -> list[str]:
    """What axe complains about in the page as it is now: the rule and the first element."""
    found: list[dict[str, Any]] = tab.page.evaluate("rules => axe.run(document, rules).then(r => r.violations)", RULES)
    return [f"{each['id']}: {each['help']}: {each['nodes'][0]['html'][:200]}" for each in found]


def test_axe_finds_nothing(tab: Tab, server: MockServer) -> None:
    """Every page, in English and light as in Persian and dark, is without a violation that axe knows."""
    everything = next(iter(server.backend.store.conversations))
    tab.expected.append(r"Failed to load resource")  # one of its pictures is gone, as in object storage
    tab.open("/login")
    tab.page.evaluate(AXE.read_text(encoding="utf-8"))
    assert problems(tab) == []
    tab.log_in().ready()
    for language, theme in (("en", "light"), ("fa", "dark")):
        tab.page.locator("#language").select_option(language)
        tab.page.locator("#theme").select_option(theme)
        for path, kind in (("/conversations", "conversation"), ("/customers", "customer")):
            tab.page.locator(f'nav a[href="{path}"]').click()
            tab.ready(CONVERSATIONS if kind == "conversation" else CUSTOMERS)
            expect(tab.rows(kind).first).to_be_visible()
            assert problems(tab) == [], (language, theme, path)
        tab.page.locator(f'a[href="/chat/{everything}"]').first.click()
        tab.ready(f"/ws/chat/{everything}/")
        expect(tab.rows("message").first).to_be_visible()
        assert problems(tab) == [], (language, theme, "chat")
        server.fault("close", code=1000)
        tab.expect_state("suspended", f"/ws/chat/{everything}/", reason="replaced")
        assert problems(tab) == [], (language, theme, "used in another tab")
