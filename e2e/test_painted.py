"""What is painted before Python is there: the shell and this user's last list, as old, and nothing of anybody else."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from e2e.held import HeldPython
from e2e.releases import DIST
from e2e.tab import CONVERSATIONS, CUSTOMERS, Tab
from e2e.waiting import eventually
from mock_server.server import MockServer
from mock_server.testing.evidence import Evidence

KEPT = "Object.keys(localStorage).filter((key) => key.startsWith('pilito.last.'))"
# Counts the turns in which the list shows no row, and how far its first one ever moves, in CSS pixels.
WATCH = """() => {
  const top = () => document.querySelector("#rows > .row")?.getBoundingClientRect().top;
  const [seen, first] = [{ empty: 0, moved: 0 }, top()];
  const look = () => {
    if (top() === undefined) seen.empty++; else seen.moved = Math.max(seen.moved, Math.abs(top() - first));
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  window.seen = seen;
}"""


@pytest.fixture(scope="module")
def built_server() -> Iterator[MockServer]:
    with MockServer(dist=DIST, conversations=60) as server:
        yield server


def old_rows(tab: Tab) -> Locator:
    return tab.page.locator("#rows[data-stale][aria-busy=true] > .row")


def visit(tab: Tab, path: str = "/conversations", endpoint: str = CONVERSATIONS) -> None:
    """See a list, and leave once it has been kept."""
    tab.open(path).ready(endpoint)
    eventually(lambda: any(key.endswith(path) for key in tab.page.evaluate(KEPT)), page=tab.page)


def start_held(tab: Tab, path: str = "/conversations") -> HeldPython:
    """Start again with Python held back."""
    held = HeldPython(tab.page)
    tab.page.goto(f"{tab.server.url}{path}")
    return held.booting()


def expect_nothing_painted(page: Page) -> None:
    """The header with the name of the application, and nothing of any user."""
    expect(page.locator("#shell .brand")).to_be_visible()
    expect(page.locator("[data-painted], .row, .user, #shell nav")).to_have_count(0)


@pytest.mark.parametrize("way", ["sources", "build"])
def test_the_last_list_is_there_before_python_and_stays_until_the_new_one_comes(
    tab: Tab, server: MockServer, evidence: Evidence, request: pytest.FixtureRequest, way: str
) -> None:
    """Shell and rows are painted as old, and replaced without a gap, a jump or a lost focus; then links work."""
    if way == "build":
        server = tab.server = evidence.server = request.getfixturevalue("built_server")
        server.reset()
    tab.give_session()
    visit(tab)
    titles = tab.page.locator("#rows .title").all_text_contents()
    held = start_held(tab)
    page = tab.page
    expect(old_rows(tab)).to_have_count(20)
    assert page.locator("#rows .title").all_text_contents() == titles
    expect(page.locator("#count")).to_have_text(re.compile(r"^as of \d\d:\d\d$"))
    expect(page.locator("nav a[aria-current=page]")).to_have_text("Conversations")
    expect(page.locator(".badge")).to_have_text("Connecting…")
    expect(tab.connection()).to_have_count(0)
    assert page.evaluate(
        "[...document.querySelectorAll('button, input, select')].every((each) => each.closest('[inert], #boot'))"
    )
    row = page.locator("#rows a").nth(2)
    row.focus()
    focused = row.get_attribute("id")
    page.evaluate(WATCH)
    held.release()
    tab.wait_ready().ready()
    expect(tab.rows()).to_have_count(20)
    expect(page.locator("#rows[data-stale], #rows[aria-busy=true], body [data-painted]")).to_have_count(0)
    expect(page.locator("#count")).to_have_text("60 conversations")
    assert page.evaluate("document.activeElement.id") == focused
    assert page.evaluate("window.seen") == {"empty": 0, "moved": 0}
    page.locator('nav a[href="/customers"]').click()
    tab.expect_path("/customers$").ready(CUSTOMERS)


def test_it_is_painted_in_the_users_language_and_theme(tab: Tab) -> None:
    """Persian from right to left, and dark, before Python is there."""
    tab.page.context.add_init_script(
        "localStorage.setItem('pilito.language', 'fa'); localStorage.setItem('pilito.theme', 'dark')"
    )
    tab.give_session()
    visit(tab, "/customers", CUSTOMERS)
    start_held(tab, "/customers")
    page = tab.page
    expect(old_rows(tab).first).to_be_visible()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("nav a[aria-current=page]")).to_have_text("مشتریان")
    expect(page.locator("#count")).to_contain_text("به وقت")
    expect(page.locator("body")).to_have_css("background-color", "rgb(15, 21, 20)")


def test_a_row_that_is_clicked_before_python_is_shown_by_it(tab: Tab, server: MockServer) -> None:
    """A painted link leads to what Python shows first; the list that was left does not stay connected."""
    tab.give_session()
    visit(tab)
    held = start_held(tab)
    address = tab.page.locator("#rows a").first.get_attribute("href") or ""
    tab.page.locator("#rows a").first.click()
    expect(tab.page.locator("#rows")).to_have_count(0)
    held.release()
    tab.wait_ready().expect_path(f"{address}$").ready(f"/ws{address}/")
    eventually(lambda: server.endpoint(CONVERSATIONS)["live"] == 0)
    tab.page.go_back()
    tab.ready()


def test_text_from_the_network_stays_text(tab: Tab, server: MockServer) -> None:
    """Markup in a title is shown as it is spelt, and what somebody has put into storage makes no script and no trap."""
    conversation = next(iter(server.backend.store.conversations.values()))
    conversation.title = "<img src=x onerror=alert(1)> & <b>bold</b>"
    tab.give_session()
    visit(tab)
    start_held(tab)
    expect(tab.page.locator("#rows .title", has_text=conversation.title)).to_be_visible()
    key = next(key for key in tab.page.evaluate(KEPT) if key.endswith("/conversations"))
    picture: dict[str, Any] = json.loads(tab.stored(key) or "")
    link = {"href": "javascript:alert(2)", "onclick": "alert(3)", "style": "position: fixed", "id": "trap"}
    far = {"href": "//evil.example", "id": "far"}
    picture["nodes"] += [["script", {}, "alert(4)"], ["a", link, "here"], ["a", far, ["iframe", {"src": "https://x"}]]]
    tab.store(key, json.dumps(picture))
    tab.page.reload()
    expect(tab.page.locator("#trap")).to_have_text("here")
    assert tab.page.locator("#trap").evaluate("(node) => node.getAttributeNames()") == ["id"]
    assert tab.page.locator("#far").evaluate("(node) => node.getAttributeNames()") == ["id"]
    expect(tab.page.locator("#page script, #page iframe, #page img")).to_have_count(0)


def test_rubbish_in_storage_paints_nothing(tab: Tab) -> None:
    """What cannot be read is as good as nothing."""
    tab.give_session()
    visit(tab)
    keys = tab.page.evaluate(KEPT)
    tab.page.goto("about:blank")
    for rubbish in ("{", "null", '{"nodes": 3}', '{"language": "en", "nodes": [["a", null]]}'):
        store = f"localStorage.setItem(key, {json.dumps(rubbish)})"
        tab.page.add_init_script(f"for (const key of {json.dumps(keys)}) {store}")
        start_held(tab)
        expect_nothing_painted(tab.page)


def test_nothing_is_painted_after_a_logout(tab: Tab) -> None:
    """With the session goes what was kept, and the next start shows the plain header."""
    tab.give_session()
    visit(tab)
    tab.log_out()
    tab.expect_path("/login$")
    assert tab.page.evaluate(KEPT) == []
    start_held(tab)
    expect_nothing_painted(tab.page)


def test_another_users_token_paints_nothing_of_the_first(tab: Tab, server: MockServer) -> None:
    """What one user saw is not shown to the bearer of another's token, and goes when the server says whose that is."""
    tab.give_session()
    visit(tab)
    others = server.issue_tokens("omid@example.com")
    tab.tokens += others
    tab.store("refresh_token", others[1])
    tab.page.evaluate(
        "token => { localStorage.setItem('access_token', token); location.replace('about:blank'); }", others[0]
    )
    tab.page.wait_for_url("about:blank")
    held = start_held(tab)
    expect_nothing_painted(tab.page)
    held.release()
    tab.wait_ready()
    expect(tab.page.get_by_text("6 conversations", exact=True)).to_be_visible()
    user = json.loads(tab.stored("pilito.user") or "{}")["id"]
    assert [key for key in tab.page.evaluate(KEPT) if not key.startswith(f"pilito.last.{user}.")] == []


def test_what_the_server_says_is_another_users_is_taken_away(new_tab: Callable[..., Tab]) -> None:
    """When ``auth/status`` names somebody else than the token does, the rows go and are forgotten, Python or not."""
    tab = new_tab().give_session()
    visit(tab)

    def somebody_else(route: Route) -> None:
        route.fulfill(json={"authenticated": True, "user": {"id": 77, "email": "eve@example.com"}})

    tab.page.route("**/api/v1/usr/auth/status", somebody_else)
    start_held(tab)
    expect_nothing_painted(tab.page)
    assert tab.page.evaluate(KEPT) == []


@pytest.mark.parametrize("way", ["sources", "build"])
def test_the_bar_says_how_many_of_the_bytes_have_come(
    tab: Tab, evidence: Evidence, request: pytest.FixtureRequest, way: str
) -> None:
    """With everything there but the wasm, the bar shows the share of the rest, and it goes when Python comes."""
    if way == "build":
        tab.server = evidence.server = request.getfixturevalue("built_server")
    held = start_held(tab, "/login")
    sizes: dict[str, int] = json.loads(tab.page.locator("meta[name=pilito-bytes]").get_attribute("content") or "")
    rest = sum(size for path, size in sizes.items() if not path.endswith(".wasm"))
    assert 0 < rest < sum(sizes.values())
    bar = tab.page.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", str(100 * rest // sum(sizes.values())))
    expect(bar).to_have_accessible_name("Loading…")
    held.booting().release()
    tab.wait_ready()
    expect(bar).to_be_hidden()
