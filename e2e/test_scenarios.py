"""What the page makes of each bad day that has a name. The seconds between its blows are left out where they can be."""

from functools import partial

from playwright.sync_api import expect

from e2e.steady import Steady
from e2e.test_faults import source_of
from e2e.waiting import eventually
from mock_server.scenarios import SCENARIOS

AT_ONCE = 10_000.0  # times as fast


def play(steady: Steady, name: str, *, speed: float = AT_ONCE) -> None:
    """Play a scenario to its end."""
    steady.server.scenario(name, speed=speed)
    eventually(lambda: not steady.server.backend.playing)


def calm_down(steady: Steady) -> None:
    """The day is over: nothing is in force any more, and the page gets back by itself."""
    steady.server.calm()
    steady.reconnect()


def test_every_scenario_has_its_page() -> None:
    """For every scenario there is a test here that plays it."""
    for name in SCENARIOS:
        assert f'play(steady, "{name}"' in source_of(f"test_scenarios.py::test_{name}")


def test_subway(steady: Steady) -> None:
    """The badge says that the connection is gone, the rows stay, and afterwards none of them is there twice."""
    steady.conversations()
    before = steady.ids("conversation")
    play(steady, "subway")
    steady.until(lambda: steady.state() == "waiting")
    expect(steady.tab.connection().get_by_role("button", name="Retry now")).to_be_visible()
    assert steady.kept(before)
    calm_down(steady)
    steady.until(lambda: steady.kept(before))


def test_deploy(steady: Steady) -> None:
    """The page reconnects and goes on where it was: in the chat, with what was being typed."""
    steady.chat()
    box = steady.tab.page.get_by_label("Message", exact=True)
    box.fill("half a thought")
    play(steady, "deploy")
    steady.until(lambda: steady.state() == "waiting")
    calm_down(steady)
    expect(box).to_have_value("half a thought")
    expect(steady.write("a whole one")).not_to_have_attribute("data-status", "sending")


def test_laptop_lid(steady: Steady) -> None:
    """A link that died without a word is found out, and the page dials once."""
    steady.conversations()
    play(steady, "laptop_lid")
    steady.tab.pass_time(25.5)
    steady.tab.pass_time(10.5)
    expect(steady.tab.connection()).to_have_attribute("data-slow", "true")
    steady.tab.pass_time(40)
    steady.tab.pass_time_until("waiting", within=12)
    steady.server.backend.faults.clear()
    steady.tab.pass_time(2.5)
    steady.tab.ready()
    assert steady.counts()["dialled"] == 2


def test_token_dies(steady: Steady) -> None:
    """The access token is renewed unseen; when it dies again at once, the login page says that the session ended."""
    steady.conversations()
    play(steady, "token_dies", speed=6)
    steady.tab.expect_path(r"/login\?next=%2Fconversations$")
    expect(steady.tab.page.get_by_text("Your session has ended.")).to_be_visible()
    assert (steady.server.state()["refreshes"], steady.counts()["accepted"]) == (1, 2)
    assert steady.tab.stored("access_token") is None


def test_kick_war(steady: Steady) -> None:
    """The page gives way each time, dials only when the user wants it here, and stays when the war is over."""
    steady.conversations()
    play(steady, "kick_war", speed=30)
    to_come = len(steady.server.orders())  # those that found nobody to kick
    for dialled in range(1, to_come + 2):
        steady.until(partial(_gave_way, steady, dialled))
        steady.tab.pass_time(600)
        steady.tab.page.get_by_role("button", name="Use here").click()
    steady.reconnect()
    assert steady.counts()["dialled"] == to_come + 2


def _gave_way(steady: Steady, dialled: int) -> bool:
    """Whether the page has dialled so often and was kicked off each time."""
    badge = steady.tab.connection()
    replaced = badge.get_attribute("data-state") == "suspended" and badge.get_attribute("data-reason") == "replaced"
    return replaced and steady.counts()["dialled"] == dialled


def test_bad_day(steady: Steady) -> None:
    """What is typed while nothing works is kept as not sent, and goes out once when the user says so."""
    conversation = steady.chat()
    play(steady, "bad_day")
    steady.until(lambda: steady.state() == "waiting")
    row = steady.write("typed on a bad day")
    expect(row).to_have_attribute("data-status", "queued")
    calm_down(steady)
    expect(row).to_have_attribute("data-status", "queued")
    row.get_by_role("button", name="Send now").click()
    expect(row).not_to_have_attribute("data-status", "queued")
    expect(row).to_have_count(1)
    steady.until(lambda: any(message.content == "typed on a bad day" for message in conversation.messages))
    assert steady.tab.sent("chat_message") == 1
    assert steady.tab.stored("access_token")


def test_flood(steady: Steady) -> None:
    """Two thousand pushes leave the page usable and its list the server's, on the same socket."""
    rows = steady.conversations()
    play(steady, "flood")
    conversation = next(iter(steady.server.backend.store.conversations.values()))
    steady.server.push(event="customer_message", conversation=conversation.id, content="after the flood")

    def shown() -> bool:
        steady.tab.pass_time(0.1)
        return "after the flood" in rows.first.inner_text()

    steady.until(shown)
    assert steady.counts()["dialled"] == 1
    steady.chat()
    expect(steady.tab.rows("message").last).to_be_visible()
