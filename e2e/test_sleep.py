"""The laptop's lid: the clock jumps, timers are late, and what happened meanwhile is found out."""

import pytest
from playwright.sync_api import expect

from e2e.tab import CONVERSATIONS, Tab
from e2e.waiting import eventually
from mock_server.server import MockServer

# What the page hears at its start: the list twice, unasked and asked for, and its filters.
HEARD = {"conversations_list": 2, "conversation_filter_options": 1}
LID = """
(() => {
  const now = Date.now.bind(Date), start = window.setTimeout.bind(window), stop = window.clearTimeout.bind(window);
  const waiting = new Map();
  let slept = 0;
  Date.now = () => now() + slept;
  window.setTimeout = (call, delay = 0, ...rest) => {
    const id = start((...values) => { waiting.delete(id); call(...values); }, delay, ...rest);
    waiting.set(id, [Date.now() + delay, call, rest]);
    return id;
  };
  window.clearTimeout = (id) => { waiting.delete(id); stop(id); };
  // Time passes at once, and every timer that is late runs in this very task, before frames that have arrived.
  window.sleepFor = (seconds) => {
    slept += seconds * 1000;
    const late = [...waiting].filter(([, [due]]) => due <= Date.now()).sort(([, [a]], [, [b]]) => a - b);
    for (const [id, [, call, rest]] of late) {
      if (!waiting.has(id)) continue;
      window.clearTimeout(id);
      call(...rest);
    }
  };
})()
"""


@pytest.fixture
def laptop(tab: Tab, server: MockServer) -> Tab:
    """A live list in a page whose computer can sleep, which has dealt with all that its start brings: an answer that
    it comes to only after the sleep would count as a sign of life from then."""
    tab.page.add_init_script(LID)
    tab.give_session().open("/conversations").ready()
    expect(tab.rows().first).to_be_visible()
    eventually(
        lambda: all(tab.said(f"Received message: {name}") == times for name, times in HEARD.items()), page=tab.page
    )
    return tab


def _dialled(server: MockServer) -> int:
    return server.endpoint(CONVERSATIONS)["accepted"]


def _received(server: MockServer) -> int:
    return server.endpoint(CONVERSATIONS)["received"]


def test_an_hour_of_sleep_on_a_live_link(laptop: Tab, server: MockServer) -> None:
    """When the clock jumps an hour the link is asked whether it lives, and one that answers is kept."""
    before = _received(server)
    laptop.page.evaluate("sleepFor(3600)")
    eventually(lambda: _received(server) == before + 1)
    server.push(endpoint=CONVERSATIONS, frame={"type": "good_morning"})
    eventually(lambda: laptop.said("Received message: good_morning") == 1, page=laptop.page)
    laptop.page.evaluate("sleepFor(20)")
    laptop.ready()
    assert _dialled(server) == 1


def test_an_hour_of_sleep_on_a_dead_link(laptop: Tab, server: MockServer) -> None:
    """A link that died while the computer slept is found out after the late questions, and replaced by one socket."""
    server.fault("half_open", endpoint=CONVERSATIONS, direction="both", times=1)
    laptop.page.evaluate("sleepFor(3600)")
    for seconds in (4, 4):
        laptop.page.evaluate("s => sleepFor(s)", seconds)
    expect(laptop.connection()).to_have_attribute("data-slow", "true")  # HTTP answers, so the socket is waited for
    laptop.page.evaluate("sleepFor(53)")  # a minute since the first question; ten seconds more would be a new sleep
    laptop.expect_state("waiting")
    laptop.page.evaluate("sleepFor(3)")
    laptop.ready()
    assert _dialled(server) == 2


def test_a_late_timer_runs_before_a_frame_that_is_there(laptop: Tab, server: MockServer) -> None:
    """On wake, with the answer already in the queue and an overdue time-out run first, the connection is kept."""
    server.fault("drop_frames", endpoint=CONVERSATIONS, times=1)
    before = _received(server)
    laptop.page.evaluate("sleepFor(26)")
    eventually(lambda: _received(server) == before + 1)
    laptop.page.evaluate(
        """endpoint => {
          const call = new XMLHttpRequest();
          call.open("POST", "/__mock__/push", false);
          call.setRequestHeader("Content-Type", "application/json");
          call.send(JSON.stringify({ endpoint, frame: { type: "was_in_the_queue" } }));
          sleepFor(3600);
        }""",
        CONVERSATIONS,
    )
    eventually(lambda: laptop.said("Received message: was_in_the_queue") == 1, page=laptop.page)
    laptop.ready()
    assert _dialled(server) == 1
