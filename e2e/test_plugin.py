"""The plugin in a project of somebody else, with a page of its own, in a real browser."""

import json
import os
import zipfile
from pathlib import Path

import pytest

from tools.browser import on_the_path

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]
HOME = os.environ.get("HOME", "")  # pytester sets another one, and Playwright keeps its browsers there
PAGE = """<!doctype html><title>now</title><h1>Frames</h1>
<script>
  const token = localStorage.getItem("access_token");
  const socket = new WebSocket(`ws://${location.host}/ws/conversations/?token=${token}`);
  let frames = 0;
  socket.onmessage = () => { document.querySelector("h1").textContent = `${++frames} frames`; };
  socket.onclose = (event) => console.log(`closed with ${event.code}`);
  setTimeout(() => { document.title = "a day later"; socket.send('{"type":"refresh_conversations"}'); }, 86_400_000);
</script>
"""
CONFTEST = """
import pytest
from mock_server.testing.tab import BrowserTab
pytest_plugins = ["mock_server.testing.plugin"]

class Tab(BrowserTab):
    def connections(self):
        return self.page.evaluate("[{url: socket.url, state: socket.readyState}]")

@pytest.fixture(scope="session")
def tab_class():
    return Tab
"""
TESTS = """
import pytest
from playwright.sync_api import expect

PATH = "/ws/conversations/"

def test_users_tabs_and_time(tab_of, clock, fault, expect_server):
    sara, omid = tab_of("sara@example.com").open(), tab_of("omid@example.com").open()
    again = tab_of("sara@example.com").open()
    expect_server.counts(PATH, live=3)
    assert len({tab.page.context for tab in (sara, omid, again)}) == 2
    for tab in (sara, omid, again):
        tab.expect_frames("received", "conversations_list")
    clock.pause()
    clock.pass_time(86_500)
    for tab in (sara, omid, again):
        expect(tab.page).to_have_title("a day later")
    expect_server.received("refresh_conversations", 3)
    fault("close", code=4000, user="omid@example.com")
    omid.expect_said("closed with 4000")
    assert (sara.said("closed"), again.said("closed")) == (0, 0)

def test_fails(logged_in):
    logged_in.expect_frames("received", "conversations_list")
    assert logged_in.stored("access_token") is None

@pytest.fixture
def broken(logged_in):
    logged_in.expect_frames("received", "conversations_list")
    raise RuntimeError("the set-up has failed")

def test_never_runs(broken): pass

@pytest.fixture(scope="module")
def opened(browser, new_server, tab_class):
    with new_server() as server:
        context = browser.new_context()
        context.tracing.start(snapshots=True)
        yield tab_class(context.new_page(), server).give_session().open()
        context.close()

@pytest.fixture
def shared(opened, evidence):
    with evidence.borrow(opened.server, opened):
        opened.reload()
        yield opened

def test_shared(shared): assert shared.stored("access_token")

def test_shared_and_fails(shared): assert not shared.stored("refresh_token")

def test_shared_again(shared): assert shared.stored("access_token")

def test_says_too_much(tab):
    tab.give_session().open()
    tab.page.evaluate("console.log(token)")
    tab.expect_said("eyJ")
"""


def test_in_a_project_of_somebody_else(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users, tabs, time and faults work with a page that we do not know; each failure, in set-up, test or check, leaves
    screenshot, document, trace, console, frames, connections and journal, and no token."""
    browser = os.environ.get("PILITO_BROWSER") or on_the_path() or ""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("HOME", HOME)
    pytester.mkdir("pages").joinpath("index.html").write_text(PAGE)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_page=TESTS)
    result = pytester.runpytest_subprocess(
        "--pilito-site=pages", "--pilito-snapshots", f"--pilito-browser={browser}", "--showlocals"
    )
    result.assert_outcomes(passed=4, failed=2, errors=2)  # what says too much passes, and its check is an error
    assert "eyJ" not in result.stdout.str()
    folders = {folder.name.rpartition("test_page.py-")[2]: folder for folder in pytester.path.glob("test-results/*")}
    failing = {"test_fails", "test_never_runs", "test_shared_and_fails", "test_says_too_much"}
    assert {name.partition("-")[0] for name in folders} == failing
    for folder in folders.values():
        _is_whole(folder)


def _is_whole(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *("failure.txt", "tab0.png", "tab0.html", "tab0-console.txt", "tab0-frames.jsonl", "tab0-connections.json"),
        *("trace0.zip", "server-journal.jsonl", "server-frames.jsonl", "server-state.json"),
    }
    (connection,) = json.loads((folder / "tab0-connections.json").read_text())
    assert connection["url"].endswith("?token=[token]")
    for path in folder.iterdir():
        assert b"eyJ" not in path.read_bytes(), path
    with zipfile.ZipFile(folder / "trace0.zip") as trace:
        assert any(b"frame-snapshot" in trace.read(name) for name in trace.namelist() if name.endswith(".trace"))
        for name in trace.namelist():
            assert b"eyJ" not in trace.read(name), name
