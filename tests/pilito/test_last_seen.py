"""What is kept for the next start: when, for whom, and until when."""

from types import SimpleNamespace
from typing import Any, cast

from pilito.account import LAST_SEEN
from pilito.last_seen import AGAIN, FIRST, LastSeen
from pilito.ports import Document

from tests.fakes import FakeStorage, pass_time
from tests.pilito.tabs import LIST, Browser, Tab, scenario


class Shown:
    """Part of a document whose picture a test sets."""

    def __init__(self, text: str) -> None:
        self.text = text

    def picture(self) -> str:
        return self.text


def keeper(browser: Browser, tab: Tab, storage: FakeStorage | None = None) -> tuple[LastSeen, Shown]:
    page = Shown("rows")
    parts: Any = SimpleNamespace(shell=Shown("header"), page=page)
    return LastSeen(cast(Document, parts), storage or tab.storage, tab, browser.clock), page


def kept(browser: Browser) -> dict[str, str]:
    found = browser.stored.items()
    return {key.removeprefix(LAST_SEEN): value for key, value in found if key.startswith(LAST_SEEN)}


@scenario
async def test_a_fresh_page_is_kept_soon_and_then_now_and_then() -> None:
    """The first rows are kept after a moment; while they keep changing, not with every change."""
    browser = Browser()
    browser.log_in()
    last_seen, page = keeper(browser, await browser.session())
    last_seen.fresh("/rows")
    assert kept(browser) == {}
    await pass_time(FIRST)
    assert kept(browser) == {"1.shell": "header", "1./rows": "rows"}
    page.text = "other rows"
    last_seen.fresh("/rows")
    await pass_time(AGAIN / 2)
    last_seen.fresh("/rows")
    assert kept(browser)["1./rows"] == "rows"
    await pass_time(AGAIN / 2)
    assert kept(browser)["1./rows"] == "other rows"
    assert browser.clock.pending == 0


@scenario
async def test_a_page_that_is_about_to_go_is_kept_at_once() -> None:
    """What was to be kept soon is kept; where nothing was, nothing is."""
    browser = Browser()
    browser.log_in()
    last_seen, _ = keeper(browser, await browser.session())
    last_seen.keep()
    assert kept(browser) == {}
    last_seen.fresh("/rows")
    last_seen.keep()
    assert kept(browser)["1./rows"] == "rows"


@scenario
async def test_a_page_that_was_left_or_filtered_is_not_kept() -> None:
    """Neither rows that are off the screen nor rows that are not the first look."""
    browser = Browser()
    browser.log_in()
    last_seen, _ = keeper(browser, await browser.session())
    for end in (last_seen.leave, lambda: last_seen.fresh("")):
        last_seen.fresh("/rows")
        end()
        await pass_time(AGAIN)
        last_seen.keep()
    assert kept(browser) == {}


@scenario
async def test_it_goes_with_the_session() -> None:
    """A logout, an end of the session and another user's login take it away, in whatever tab they happen."""
    for end in ("logout", "expired", "login"):
        browser = Browser()
        browser.log_in()
        tab, sibling = await browser.session(), await browser.session()
        last_seen, _ = keeper(browser, tab)
        last_seen.fresh("/rows")
        last_seen.keep()
        assert kept(browser)
        if end == "logout":
            await sibling.logout()
        elif end == "expired":
            await sibling.ask()
            assert await sibling.refused(LIST)
        else:
            await sibling.login("two@x", "right")
        await pass_time(1)
        last_seen.fresh("/rows")
        last_seen.keep()
        assert not [key for key in kept(browser) if key.startswith("1.")], end


@scenario
async def test_without_a_session_nothing_is_kept() -> None:
    """Before the server has said whose it is, and after a logout, there is nobody to keep it for."""
    browser = Browser()
    browser.log_in()
    tab = browser.tab()
    last_seen, _ = keeper(browser, tab)
    last_seen.fresh("/rows")
    last_seen.keep()
    await tab.start()
    await tab.logout()
    last_seen.fresh("/rows")
    last_seen.keep()
    assert kept(browser) == {}


@scenario
async def test_a_full_store_keeps_nothing_rather_than_something_older() -> None:
    """What cannot be written over is removed."""

    class Full(FakeStorage):
        full = False

        def set(self, key: str, value: str) -> bool:
            return not self.full and super().set(key, value)

    browser = Browser()
    browser.log_in()
    storage = Full(browser.shared)
    last_seen, _ = keeper(browser, await browser.session(), storage)
    last_seen.fresh("/rows")
    last_seen.keep()
    assert kept(browser)
    storage.full = True
    last_seen.fresh("/rows")
    last_seen.keep()
    assert kept(browser) == {}
