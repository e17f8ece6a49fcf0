"""The page with each carrier of the token, against the mock that takes all three."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from e2e.tab import CONVERSATIONS, Tab
from mock_server.server import MockServer
from mock_server.testing.evidence import Evidence


@pytest.fixture(scope="module")
def backend(new_server: Callable[..., MockServer]) -> Iterator[MockServer]:
    with new_server(conversations=5, first_message=True) as server:
        yield server


def configure(tab: Tab, carrier: str) -> None:
    """Serve another line of ``index.html``: the element is changed before any script of the page reads it."""
    tab.page.add_init_script(f"""new MutationObserver(() => {{
      const meta = document.querySelector("meta[name=pilito-carrier][content=query]");
      if (meta) meta.content = "{carrier}";
    }}).observe(document, {{ childList: true, subtree: true }})""")


@pytest.mark.parametrize("carrier", ["query", "subprotocol", "first-message"])
def test_one_line_exchanges_the_carrier(tab: Tab, backend: MockServer, evidence: Evidence, carrier: str) -> None:
    """With another name in one line of ``index.html`` the page connects all the same, and the address says how."""
    backend.reset()
    tab.server = evidence.server = backend
    addresses: list[str] = []
    tab.page.on("websocket", lambda socket: addresses.append(socket.url))
    configure(tab, carrier)
    tab.give_session().open("/conversations").ready()
    expect(tab.rows().first).to_be_visible()
    assert [("token=" in address) for address in addresses] == [carrier == "query"]
    assert backend.endpoint(CONVERSATIONS)["accepted"] == 1
    tab.expected += [r"Failed to load resource", r"WebSocket connection to .* failed"]
    backend.fault("expire", user="sara@example.com")
    tab.expect_path(r"/login\?next=%2Fconversations$")


def test_a_carrier_that_there_is_none_of_stops_the_start(tab: Tab) -> None:
    """A wrong name in the configuration is said on the page, with the field and the choice."""
    tab.expected.append(r"pilito-carrier")

    configure(tab, "pigeon")
    tab.page.goto(f"{tab.server.url}/conversations")
    details = tab.page.locator("#boot-details")
    expect(details).to_contain_text("pilito-carrier: must be one of query, subprotocol, first-message", timeout=60_000)
