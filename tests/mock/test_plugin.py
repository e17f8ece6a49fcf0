"""The pytest plugin as another project meets it: options, fixtures, and what a failure leaves; without a browser."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mock_server.server import MockServer
from mock_server.testing.tab import BrowserTab

pytest_plugins = ["pytester"]

LOADS = 'pytest_plugins = ["mock_server.testing.plugin"]\n'
OPTIONS = ("profile", "server-flavour", "debug", "conversations", "scenario", "site", "results", "browser")
DIALS = """
import pytest
from websockets.sync.client import connect

@pytest.fixture
def token(server):
    return server.issue_tokens("sara@example.com")[0]

@pytest.fixture
def socket(server, token):
    with connect(f"ws://127.0.0.1:{server.port}/ws/conversations/?token={token}") as socket:
        socket.recv(timeout=5)
        socket.recv(timeout=5)
        yield socket
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project of somebody else that loads the plugin."""
    pytester.makeconftest(LOADS + DIALS)
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider -p no:asyncio -p no:hypothesispytest -p no:playwright\n")
    return pytester


def left_by(project: pytest.Pytester, results: str = "test-results") -> dict[str, str]:
    """The files of the one folder that was left, by name."""
    (folder,) = (project.path / results).iterdir()
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


# --- options ---


def test_help_lists_the_options(project: pytest.Pytester) -> None:
    """``pytest --help`` lists every option, with the names that it takes."""
    text = project.runpytest("--help").stdout.str()
    for option in OPTIONS:
        assert f"--pilito-{option}" in text
    for name in ("documented", "daphne", "kick_war"):
        assert name in text


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("profile", "guid", "unknown profile 'guid'; known: current, documented, guide, hello, kick"),
        ("server-flavour", "gunicorn", "unknown server 'gunicorn'; known: daphne, uvicorn"),
        ("scenario", "rain", "unknown scenario 'rain'; known: bad_day, deploy, "),
        ("conversations", "many", "must be a number from 0 to 100000, not 'many'"),
        ("site", "nowhere", "must be a folder with an index.html, not 'nowhere'"),
        ("results", "conftest.py", "must be a folder, or one that can be made, not 'conftest.py'"),
        ("browser", "nowhere", "must be a browser's file, or empty for Playwright's own, not 'nowhere'"),
    ],
)
def test_a_wrong_option_is_one_sentence(project: pytest.Pytester, option: str, value: str, told: str) -> None:
    """A value that cannot be used ends the run with one sentence that says what can be."""
    project.makepyfile("def test_nothing(): pass")
    result = project.runpytest(f"--pilito-{option}", value)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.stderr.lines if line.strip()]
    assert line.startswith(f"ERROR: --pilito-{option}")
    assert told in line


def test_options_reach_the_server(project: pytest.Pytester) -> None:
    """The server of a test is the one that the options ask for, and serves the pages that they name."""
    project.mkdir("pages").joinpath("index.html").write_text("<h1>Somebody else's page</h1>")
    project.makepyfile(
        """
        import httpx

        def test_server(server):
            settings = server.backend.settings
            assert (settings.profile.name, settings.server, settings.debug) == ("kick", "daphne", True)
            assert settings.conversations == 7
            assert server.backend.playing == "deploy"
            assert "Somebody else" in httpx.get(f"{server.url}/any/path").text
            assert httpx.get(f"{server.url}/%2e%2e/conftest.py").status_code == 404
        """
    )
    chosen = ("--pilito-profile=kick", "--pilito-server-flavour=daphne", "--pilito-debug", "--pilito-conversations=7")
    project.runpytest(*chosen, "--pilito-scenario=deploy", "--pilito-site=pages").assert_outcomes(passed=1)


# --- fixtures ---


def test_each_worker_has_a_server(project: pytest.Pytester) -> None:
    """Two workers drive two servers; in one worker the tests share theirs, in its first state each time."""
    project.makepyfile(
        """
        import os, pathlib, pytest

        @pytest.mark.parametrize("number", range(6))
        def test_port(server, socket, number):
            assert server.endpoint("/ws/conversations/")["accepted"] == 1
            worker = os.environ["PYTEST_XDIST_WORKER"]
            pathlib.Path(os.environ["SEEN"]).joinpath(f"{worker}-{server.port}").touch()
        """
    )
    seen = project.mkdir("seen")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEEN", str(seen))
        project.runpytest("-n", "2", "--dist=each").assert_outcomes(passed=12)
    found = sorted(path.name.split("-") for path in seen.iterdir())
    assert [worker for worker, _ in found] == ["gw0", "gw1"]
    assert found[0][1] != found[1][1]


def test_faults_end_with_their_test(project: pytest.Pytester) -> None:
    """Whatever a test has ordered is undone when it ends: orders, killed tokens and dead lines."""
    project.makepyfile(
        """
        import pytest

        @pytest.fixture
        def afterwards(server, token, socket, expect_server):
            yield
            assert server.orders() == []
            assert server.backend.user_for(token).email == "sara@example.com"
            expect_server.counts("/ws/conversations/", live=0)

        def test_faults(afterwards, fault, server, token):
            fault("stall")
            fault("restart", seconds=60, user="nobody@example.com")
            fault("half_open", endpoint="/ws/conversations/")
            fault("revoke")
            assert server.backend.user_for(token) is None
            with fault.during("delay", seconds=5):
                assert [order.name for order in server.orders()] == ["stall", "refuse", "delay"]
            assert [order.name for order in server.orders()] == ["stall", "refuse"]
        """
    )
    project.runpytest().assert_outcomes(passed=1)


def test_expectations_wait(project: pytest.Pytester) -> None:
    """Counts, calls and frames of the server are waited for, and a vain wait says what was there."""
    project.makepyfile(
        """
        import httpx, pytest
        from mock_server.errors import MockError
        from mock_server.testing.expectations import ServerExpectations

        PATH = "/ws/conversations/"

        def test_seen(socket, server, expect_server):
            socket.send('{"type":"refresh_conversations"}')
            expect_server.counts(PATH, live=1, accepted=1, received=1)
            expect_server.received("refresh_conversations")
            expect_server.sent("conversations_list", 2, path=PATH)
            httpx.get(f"{server.url}/api/v1/usr/auth/status")
            expect_server.totals(status_calls=1, logins=0)
            socket.close()
            expect_server.counts(PATH, live=0, closed=1)

        def test_in_vain(socket, server):
            with pytest.raises(AssertionError, match="s/: expected {'live': 3}, found {'live': 1}"):
                ServerExpectations(server, seconds=0.05).counts(PATH, live=3)
            with pytest.raises(AssertionError, match="conversations_list out on /ws/: expected 9, found 1"):
                ServerExpectations(server, seconds=0.05).sent("conversations_list", 9)
            with pytest.raises(MockError, match="unknown count 'alive'; known: accepted"):
                ServerExpectations(server).counts(PATH, alive=3)
        """
    )
    project.runpytest().assert_outcomes(passed=2)


def test_virtual_time_ages_tokens(server: MockServer) -> None:
    """Tokens die as the clock of the tabs passes their age, and live again after a reset."""
    token = server.issue_tokens("sara@example.com")[0]
    days = 24 * 3600
    from mock_server.testing.clock import VirtualClock

    clock = VirtualClock(server, [])
    clock.pass_time(6 * days)
    assert server.backend.user_for(token)
    clock.pass_time(2 * days)
    assert server.backend.user_for(token) is None
    server.reset()
    assert server.backend.user_for(token)


# --- what a failure leaves ---


def test_a_failed_test_leaves_its_folder(project: pytest.Pytester) -> None:
    """A failed test leaves the failure, the journal, the frames and the counts of its server; the report shows the
    end of the journal."""
    project.makepyfile("def test_fails(socket): assert socket is None")
    result = project.runpytest("--pilito-results", "left")
    result.assert_outcomes(failed=1)
    files = left_by(project, "left")
    assert "assert socket is None" in files["failure.txt"]
    events = [json.loads(line)["event"] for line in files["server-journal.jsonl"].splitlines()]
    assert events[:1] == ["open"]
    frames = [json.loads(line) for line in files["server-frames.jsonl"].splitlines()]
    assert [frame["direction"] for frame in frames] == ["out", "out"]
    assert json.loads(files["server-state.json"])["endpoints"]["/ws/conversations/"]["live"] == 1
    result.stdout.fnmatch_lines(
        [
            "*left/test_a_failed_test_leaves_its_folder.py-test_fails",
            "*T*:* open /ws/conversations/ sara@example.com",
            "*T*:* frame /ws/conversations/ sara@example.com out {*",
        ]
    )


def test_a_failed_set_up_leaves_the_folder_too(project: pytest.Pytester) -> None:
    """A fixture that raises leaves the same folder as a test that fails."""
    project.makepyfile(
        """
        import pytest

        @pytest.fixture
        def broken(socket):
            raise RuntimeError("the set-up has failed")

        def test_never_runs(broken): pass
        """
    )
    project.runpytest().assert_outcomes(errors=1)
    files = left_by(project)
    assert "the set-up has failed" in files["failure.txt"]
    assert json.loads(files["server-state.json"])["endpoints"]["/ws/conversations/"]["accepted"] == 1
    assert {"server-journal.jsonl", "server-frames.jsonl"} < set(files)


def test_a_server_that_does_not_start_leaves_the_folder(project: pytest.Pytester) -> None:
    """Where even the server fails, the folder says why."""
    project.makeconftest(LOADS + "import pytest\n@pytest.fixture\ndef profile(): return 'typo'")
    project.makepyfile("def test_never_runs(server): pass")
    project.runpytest().assert_outcomes(errors=1)
    files = left_by(project)
    assert set(files) == {"failure.txt"}
    assert "unknown profile 'typo'" in files["failure.txt"]


def test_others_leave_nothing(project: pytest.Pytester) -> None:
    """A test that passes, and one that uses nothing of the plugin, leave no folder."""
    project.makepyfile("def test_well(socket): pass\ndef test_unrelated(): assert False")
    project.runpytest().assert_outcomes(passed=1, failed=1)
    assert not (project.path / "test-results").exists()


def test_no_token_reaches_a_report(project: pytest.Pytester) -> None:
    """Tracebacks, locals, messages, causes and captured output of a failure show no token; nor does its folder."""
    project.makepyfile(
        """
        import logging, pytest

        def test_compared(server, token):
            pair = server.issue_tokens("sara@example.com")
            print("printed", token)
            logging.getLogger("app").error("logged %s", token)
            assert token == "something else"

        def test_chained(token):
            try:
                raise ValueError(token)
            except ValueError as error:
                raise RuntimeError(f"Bearer {token}") from error

        @pytest.fixture
        def broken(token):
            raise RuntimeError(f"/ws/?token={token}")

        def test_set_up(broken): pass
        """
    )
    result = project.runpytest("--showlocals", "-rA", "--junitxml=report.xml", "-vv")
    result.assert_outcomes(failed=2, errors=1)
    shown = result.stdout.str() + project.path.joinpath("report.xml").read_text()
    assert shown.count("[token]") > 10
    assert "eyJ" not in shown
    result.stdout.fnmatch_lines(["FAILED *test_compared - AssertionError: assert '*token*' == 'something else'"])
    folders = list((project.path / "test-results").iterdir())
    assert len(folders) == 3
    for folder in folders:
        for path in folder.iterdir():
            assert b"eyJ" not in path.read_bytes(), path


class _Page:
    """As much of a page as a tab asks for before it is opened, and its console."""

    url = "about:blank"

    def __init__(self) -> None:
        self._listeners: dict[str, Any] = {}

    def on(self, event: str, handler: Any) -> None:
        self._listeners[event] = handler

    def say(self, kind: str, text: str, about: str) -> None:
        self._listeners["console"](SimpleNamespace(type=kind, text=text, location={"url": about}))


def test_a_tab_shows_no_token() -> None:
    """The ``repr`` of a tab, and of a subclass that is a dataclass by mistake, holds no token."""
    from dataclasses import dataclass

    @dataclass
    class Mistaken(BrowserTab):
        pass

    for kind in (BrowserTab, Mistaken):
        page: Any = _Page()
        server: Any = SimpleNamespace(url="http://localhost")
        tab = kind(page, server, tokens=["secret-of-this-tab"])
        assert "secret-of-this-tab" not in repr(tab)
    assert repr(BrowserTab(page, server)) == "<BrowserTab at blank>"


def test_an_icon_that_no_page_asks_for_is_no_error() -> None:
    """What the console says of an icon that the browser wants by itself fails no test; of any other file it does."""
    page: Any = _Page()
    server: Any = SimpleNamespace(url="http://localhost")
    tab = BrowserTab(page, server)
    for path in ("/favicon.ico", "/health/?last-word"):
        page.say("error", "404 (Not Found)", f"http://localhost{path}")
    tab.check()
    assert len(tab.console) == 2
    page.say("error", "404 (Not Found)", "http://localhost/icons/favicon.ico")
    with pytest.raises(AssertionError, match=r"console errors: \['404 \(Not Found\)'\]"):
        tab.check()


def test_the_plugin_knows_no_app() -> None:
    """Nothing in the plugin is a word of Pilito's pages."""
    import mock_server.testing

    for path in Path(mock_server.testing.__file__).parent.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for word in ("data-connection", "data-app", "pilito.connections", "Log in", "get_by_"):
            assert word not in text, path
