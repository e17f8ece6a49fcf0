"""The dials that the tabs of one user share."""

import json

import pytest
from pilito.budget import ALLOWED, LEDGER, DialBudget
from pilito.events import Reason
from pilito.ports import Issued, Unavailable

from tests.fakes import Clock, FakeLife, FakeLocks, FakeStorage, Shared, pass_time
from tests.pilito.tabs import CUSTOMERS, LIST, LOCKS, Browser, scenario


@LOCKS
@scenario
async def test_hidden_and_refused_tabs_wait_their_turn(locks: bool) -> None:
    """With the ledger full a visible tab that has not failed dials, a hidden or refused one waits for room."""
    browser = Browser(locks=locks)
    browser.log_in()
    looked_at, hidden = await browser.session(), await browser.session(visible=False)
    for _ in range(ALLOWED):
        assert isinstance(await looked_at.ask(), Issued)
    assert isinstance(await looked_at.ask(), Issued)
    waiting = await hidden.ask()
    assert isinstance(waiting, Unavailable)
    assert waiting.reason is Reason.QUEUED
    assert waiting.retry_after is not None
    assert 0 < waiting.retry_after <= 61
    await pass_time(waiting.retry_after + 61)
    assert isinstance(await hidden.ask(), Issued)


@scenario
async def test_some_room_is_kept_for_the_tab_that_is_looked_at() -> None:
    """Hidden tabs leave three dials to the visible one."""
    browser = Browser()
    browser.log_in()
    hidden, looked_at = await browser.session(visible=False), await browser.session()
    granted = [isinstance(await hidden.ask(), Issued) for _ in range(ALLOWED)]
    assert granted.count(True) == 7
    assert isinstance(await looked_at.ask(failures=1), Issued)


@scenario
async def test_another_user_has_an_allowance_of_their_own() -> None:
    """After a change of user the ledger is empty."""
    browser = Browser()
    browser.log_in()
    tab = await browser.session(visible=False)
    for _ in range(ALLOWED):
        await tab.ask()
    await tab.login("two@x", "right")
    assert isinstance(await tab.ask(), Issued)


@pytest.mark.parametrize("rubbish", ["", "null", "{}", "[1e999]", '["x", null, true]', "[" * 100_000, "[99999999999]"])
@scenario
async def test_a_ledger_that_cannot_be_read_is_empty(rubbish: str) -> None:
    """Whatever stands in storage, a dial is allowed and the ledger is written anew."""
    browser = Browser()
    browser.log_in()
    browser.shared.store[LEDGER] = rubbish
    assert isinstance(await (await browser.session(visible=False)).ask(), Issued)


@scenario
async def test_a_dial_that_was_entered_before_is_not_entered_again() -> None:
    """What plain script has dialled while Python was starting counts once, and is not held back."""
    shared, clock, life = Shared(), Clock(), FakeLife()
    storage = FakeStorage(shared)
    entered = [LIST]
    budget = DialBudget(storage, FakeLocks(shared), clock, life, lambda endpoint: endpoint in entered)
    storage.set(LEDGER, json.dumps([clock.now()] * ALLOWED))
    life.visible = False
    assert await budget.take(LIST, failures=0) == 0
    assert budget.room() == 0
    assert budget.since_last_dial(LIST) == 0
    entered.clear()
    assert await budget.take(LIST, failures=0) > 0
    life.visible = True
    assert await budget.take(CUSTOMERS, failures=0) == 0
    assert budget.room() == -1
