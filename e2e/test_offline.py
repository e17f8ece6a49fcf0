"""The network goes, the server goes, the link falls silent: what the page says, when it dials, how it comes back."""

from functools import partial

import pytest
from playwright.sync_api import expect

from e2e.steady import Steady
from e2e.tab import CONVERSATIONS, Tab
from e2e.waiting import eventually
from mock_server.server import MockServer

BOTH = pytest.mark.parametrize("profile", ["guide", "current"])
FAILED_FETCH = r"Failed to load resource"
SCHEDULE = (2, 4, 8, 16, 30)


@pytest.fixture
def server(steady: Steady) -> MockServer:
    return steady.server


@pytest.fixture
def clocked(steady: Steady) -> Tab:
    """A live list whose time stands still."""
    steady.conversations()
    return steady.tab


def _announced(tab: Tab, attempt: int) -> bool:
    return tab.said(f"Scheduling reconnect attempt {attempt} in") == 1


def _has_dialled(tab: Tab, times: int) -> bool:
    return tab.said("Connecting to WebSocket") == times


def through_schedule(tab: Tab) -> list[float]:
    """Let the page fail its way through every attempt; returns the delays that it announced."""
    for attempt in range(1, len(SCHEDULE) + 1):
        eventually(partial(_announced, tab, attempt), page=tab.page)
        tab.pass_waits_until(partial(_has_dialled, tab, attempt + 1))
    eventually(lambda: tab.said("Max reconnect attempts reached") == 1, page=tab.page)
    lines = [line for line in tab.console if line.startswith("Scheduling reconnect attempt")]
    return [float(line.split(" in ")[1].removesuffix(" s")) for line in lines]


@BOTH
def test_an_accepting_and_closing_server_meets_the_schedule(clocked: Tab, server: MockServer) -> None:
    """Dials follow 2, 4, 8, 16, 30 s within the jitter, then max_reconnect_reached once, then nothing."""
    server.fault("close", code=1012, endpoint=CONVERSATIONS, times=100)
    delays = through_schedule(clocked)
    assert len(delays) == len(SCHEDULE)
    for nominal, delay in zip(SCHEDULE, delays, strict=True):
        assert 0.8 * nominal - 0.1 <= delay <= 1.2 * nominal + 0.1
    clocked.expect_state("suspended", reason="exhausted")
    dialled = server.endpoint(CONVERSATIONS)["accepted"]
    assert dialled == 6
    clocked.pass_time(3600)
    assert server.endpoint(CONVERSATIONS)["accepted"] == dialled
    assert clocked.said("Max reconnect attempts reached") == 1


def test_retry_now_ends_the_wait(clocked: Tab, server: MockServer) -> None:
    """After the last attempt "Retry now" dials at once, with a fresh budget."""
    server.fault("close", code=1012, endpoint=CONVERSATIONS, times=6)
    through_schedule(clocked)
    clocked.page.get_by_role("button", name="Retry now").click()
    clocked.ready()
    (row,) = clocked.connections()
    assert row["attempts"] == 0


def test_the_server_is_gone_and_comes_back(clocked: Tab, server: MockServer) -> None:
    """A killed server is shown as trouble with a countdown and a banner; when it is back, the data is fresh."""
    server.kill()
    clocked.expect_state("waiting")
    expect(clocked.connection().get_by_role("button", name="Retry now")).to_be_visible()
    for seconds in (2.5, 5):  # the first dial fails without a word; then HTTP is asked why
        clocked.expect_state("waiting")
        clocked.pass_time(seconds)
    clocked.expect_state("waiting", reason="offline")
    clocked.pass_time(2)
    expect(clocked.page.locator("#banner")).to_be_visible()
    expect(clocked.rows().first).to_be_visible()
    server.start()
    clocked.page.get_by_role("button", name="Retry now").click()
    clocked.ready()
    expect(clocked.page.locator("#banner")).to_be_hidden()
    assert server.endpoint(CONVERSATIONS)["live"] == 1


def test_the_network_is_gone_and_comes_back(clocked: Tab, server: MockServer) -> None:
    """Offline is checked, then said; online dials at once, and nothing is doubled."""
    rows = clocked.rows().count()
    clocked.goes_offline()
    clocked.pass_time(4)
    clocked.expect_state("waiting", reason="offline")
    lists = clocked.said("Received message: conversations_list")
    clocked.page.context.set_offline(False)
    clocked.ready()
    eventually(lambda: clocked.said("Received message: conversations_list") > lists, page=clocked.page)
    clocked.pass_time(0.1)  # a repaint waits for as long
    expect(clocked.rows()).to_have_count(rows)
    ids = clocked.page.locator("[data-conversation-id]").evaluate_all("all => all.map(e => e.dataset.conversationId)")
    assert len(ids) == len(set(ids))
    eventually(lambda: server.endpoint(CONVERSATIONS)["accepted"] == 2)


def test_a_silent_link_is_found_out(clocked: Tab, server: MockServer) -> None:
    """A link that swallows everything is called slow while HTTP answers, and given up a minute after the probe."""
    server.fault("half_open", endpoint=CONVERSATIONS, direction="both")
    clocked.pass_time(25.5)
    clocked.pass_time(10.5)
    expect(clocked.connection()).to_have_attribute("data-slow", "true")
    clocked.pass_time(40)
    clocked.expect_state("ready")
    clocked.pass_time_until("waiting", within=12)
    clocked.pass_time(2.5)
    clocked.ready()
    assert server.endpoint(CONVERSATIONS)["accepted"] == 2


def test_a_handshake_that_is_never_answered_times_out(clocked: Tab, server: MockServer) -> None:
    """A dial that hangs is abandoned after ten seconds and the next one gets through."""
    server.fault("hang", endpoint=CONVERSATIONS, times=1)
    server.fault("close", code=1001, endpoint=CONVERSATIONS)
    clocked.expect_state("waiting")
    clocked.pass_time(2.5)
    clocked.expect_state("connecting")
    eventually(lambda: server.endpoint(CONVERSATIONS)["dialled"] == 2)  # or the next dial would be the one that hangs
    clocked.pass_time(10.5)
    clocked.expect_state("waiting")
    clocked.pass_time(5)
    clocked.ready()


def test_a_server_that_opens_and_says_nothing_times_out(clocked: Tab, server: MockServer) -> None:
    """An open socket without a word is slow after ten seconds and abandoned after thirty."""
    server.fault("silent", endpoint=CONVERSATIONS, times=1)
    server.fault("close", code=1001, endpoint=CONVERSATIONS)
    clocked.expect_state("waiting")
    clocked.pass_time(2.5)
    clocked.expect_state("open")
    clocked.pass_time(10.5)
    expect(clocked.connection()).to_have_attribute("data-slow", "true")
    clocked.pass_time(20)
    clocked.expect_state("waiting")
    clocked.pass_time(5)
    clocked.ready()


def test_a_refused_handshake_slows_down_and_logs_nobody_out(clocked: Tab, server: MockServer) -> None:
    """With a good token, refused dials lead to a long wait in the list of conversations, not to the login page."""
    server.fault("refuse", status=403, endpoint=CONVERSATIONS)
    server.fault("abort", endpoint=CONVERSATIONS)
    for seconds in (2.5, 5, 10):
        clocked.expect_state("waiting")
        clocked.pass_time(seconds)
    clocked.expect_state("waiting", reason="throttled")
    clocked.expect_path("/conversations$")
    assert server.endpoint(CONVERSATIONS)["refused"] <= 3


def test_an_unreachable_server_at_start_is_not_a_logout(tab: Tab, server: MockServer) -> None:
    """Opened while HTTP fails, the page says so, keeps the tokens, and goes on when the server answers."""
    tab.expected += [FAILED_FETCH]
    tab.give_session()
    server.fault("refuse", status=503, endpoint="/api/v1/usr/auth/status", times=2)
    tab.open("/conversations")
    tab.ready()
    assert tab.stored("access_token")


def test_an_answer_that_nests_absurdly_deep_is_none(tab: Tab) -> None:
    """Whatever stands between may answer: JSON that would exhaust the browser's stack is waited out like silence."""
    tab.give_session()
    tab.page.route("**/api/v1/usr/auth/status", lambda call: call.fulfill(body="[" * 100_000), times=2)
    tab.open("/conversations").ready()
    assert tab.stored("access_token")
