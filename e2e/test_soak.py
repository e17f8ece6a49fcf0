"""What a page holds it gives back: a short soak that ends with a clean tab."""

from e2e.soak import Sample, Soak
from e2e.tab import Tab
from mock_server.server import MockServer

COUNTED = ("sockets", "timers", "tasks", "proxies", "listeners", "pyproxies", "dom_listeners")


def test_a_hundred_reconnects_and_twenty_page_changes_leave_nothing(inbox: Tab, server: MockServer) -> None:
    """Sockets, timers, listeners and proxies are as many after a hundred reconnects, and twenty pages, as before."""
    inbox.expected.append(r"Failed to load resource")  # a picture in the chat is gone, as in object storage
    soak = Soak(inbox, server)
    for samples in (list(soak.reconnects(100, step=50)), list(soak.page_changes(20, step=10))):
        counted = [{name: getattr(sample, name) for name in COUNTED} for sample in samples]
        assert counted[-1] == counted[1], counted
        assert _growth(samples) < 25, [sample.objects for sample in samples]
    inbox.assert_clean()


def _growth(samples: list[Sample]) -> int:
    """Python objects gained over the last fifty reconnects, or ten page changes: one each would be a leak."""
    return samples[-1].objects - samples[1].objects
