"""The pytest plugin: a server for each worker, tabs that check themselves, and a folder of evidence for each failure.

A project loads it in its topmost ``conftest.py`` and says there what is special about its pages, by overriding
``tab_class``. Nothing here knows an application.
"""

from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from mock_server.server import MockServer
from mock_server.testing.clock import VirtualClock
from mock_server.testing.evidence import Evidence
from mock_server.testing.expectations import ServerExpectations
from mock_server.testing.options import Options, add_options, read_options
from mock_server.testing.orders import FaultOrders
from mock_server.testing.reports import redact_report
from mock_server.testing.tab import BrowserTab

OPTIONS = pytest.StashKey[Options]()
EVIDENCE = pytest.StashKey[Evidence]()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[OPTIONS] = read_options(config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Be ready to leave evidence before the first fixture can fail."""
    if "evidence" in getattr(item, "fixturenames", ()):
        item.stash[EVIDENCE] = Evidence(item.config.stash[OPTIONS].results, item.nodeid)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Redact a failure and leave its folder at once, while the tabs are still open: a failed set-up has them too."""
    report = yield
    redact_report(report)
    evidence = item.stash.get(EVIDENCE, None)
    if report.failed and evidence:
        evidence.leave(report.when or "", report.longreprtext)
        report.sections.append(("evidence", evidence.report()))
    return report


@pytest.fixture(scope="session")
def pilito_options(pytestconfig: pytest.Config) -> Options:
    """The ``--pilito-...`` options, checked."""
    return pytestconfig.stash[OPTIONS]


# --- the server ---


@pytest.fixture(scope="session")
def new_server(pilito_options: Options) -> Callable[..., MockServer]:
    """Makes servers by the options, not started yet; an argument of ``MockServer`` takes an option's place."""
    chosen: dict[str, Any] = {
        "profile": pilito_options.profile,
        "server": pilito_options.flavour,
        "debug": pilito_options.debug,
        "conversations": pilito_options.conversations,
        "site": pilito_options.site,
        "dist": pilito_options.dist,
    }
    return lambda **arguments: MockServer(**{**chosen, **arguments})


@pytest.fixture(scope="session")
def servers(new_server: Callable[..., MockServer]) -> Iterator[Callable[[str], MockServer]]:
    """Started servers by profile; each worker has its own, on ports of its own."""
    running: dict[str, MockServer] = {}

    def get(profile: str) -> MockServer:
        if profile not in running:
            running[profile] = new_server(profile=profile).start()
        return running[profile]

    yield get
    for server in running.values():
        server.stop()


@pytest.fixture
def profile(pilito_options: Options) -> str:
    """The backend's version, from ``--pilito-profile``; tests that hold for several parametrize it."""
    return pilito_options.profile


@pytest.fixture
def server(
    servers: Callable[[str], MockServer], profile: str, evidence: Evidence, pilito_options: Options
) -> MockServer:
    """A server in its first state, with ``--pilito-scenario`` under way where one is given."""
    found = servers(profile)
    if not found.running:
        found.start()  # a test that kills it may have failed before it could start it again
    evidence.server = found
    found.reset()
    if pilito_options.scenario:
        found.scenario(pilito_options.scenario)
    return found


@pytest.fixture
def fault(server: MockServer) -> Iterator[FaultOrders]:
    """Orders faults, ``fault("stall", endpoint="/ws/")``; whatever is in force when the test ends is undone."""
    orders = FaultOrders(server)
    yield orders
    orders.end()


@pytest.fixture
def expect_server(server: MockServer) -> ServerExpectations:
    """Expectations on what the server has counted and seen, which wait."""
    return ServerExpectations(server)


# --- tabs ---


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], pilito_options: Options) -> dict[str, Any]:
    """pytest-playwright's, with the browser of ``--pilito-browser``."""
    if not pilito_options.browser:
        return browser_type_launch_args
    return {**browser_type_launch_args, "executable_path": pilito_options.browser}


@pytest.fixture(scope="session")
def tab_class() -> type[BrowserTab]:
    """Which tabs are made; a project overrides it with a subclass that knows the words of its pages."""
    return BrowserTab


@pytest.fixture(scope="session")
def context_options() -> dict[str, Any]:
    """Arguments of Playwright's ``new_context``, such as ``locale``; a project overrides it."""
    return {}


@pytest.fixture
def evidence(request: pytest.FixtureRequest, pilito_options: Options) -> Evidence:
    """What this test opens, kept for the folder that it leaves when it fails."""
    node: pytest.Item = request.node
    return node.stash.setdefault(EVIDENCE, Evidence(pilito_options.results, node.nodeid))


@pytest.fixture
def context_of(
    browser: Browser, context_options: dict[str, Any], server: MockServer, evidence: Evidence, pilito_options: Options
) -> Iterator[Callable[[], BrowserContext]]:
    """Makes contexts: one is one person's browser, whose tabs share storage."""

    def make() -> BrowserContext:
        context = browser.new_context(**context_options)
        evidence.contexts.append(context)
        # Snapshots read every download back from the browser: for an app of megabytes that is a fifth of the suite.
        context.tracing.start(snapshots=pilito_options.snapshots)
        return context

    yield make
    for context in evidence.contexts:
        context.close()


@pytest.fixture
def new_tab(
    request: pytest.FixtureRequest,
    context_of: Callable[[], BrowserContext],
    server: MockServer,
    evidence: Evidence,
    tab_class: type[BrowserTab],
) -> Iterator[Callable[..., BrowserTab]]:
    """Opens tabs; without a context, in one that all of them share. Every tab is checked when the test ends well."""
    shared: list[BrowserContext] = []

    def make(context: BrowserContext | None = None) -> BrowserTab:
        if context is None:
            if not shared:
                shared.append(context_of())
            context = shared[0]
        tab = tab_class(context.new_page(), server)
        if "clock" in request.fixturenames:
            tab.hold_clock()
        evidence.tabs.append(tab)
        return tab

    yield make
    if evidence.left:
        return
    try:
        for tab in evidence.tabs:
            tab.check()
    except AssertionError as error:
        evidence.leave("check", str(error))
        raise


@pytest.fixture
def tab(new_tab: Callable[..., BrowserTab]) -> BrowserTab:
    """One empty tab."""
    return new_tab()


@pytest.fixture
def logged_in(tab: BrowserTab) -> BrowserTab:
    """A tab with the first user's session, at the page's start."""
    return tab.give_session().open()


@pytest.fixture
def tab_of(new_tab: Callable[..., BrowserTab], context_of: Callable[[], BrowserContext]) -> Callable[[str], BrowserTab]:
    """Opens empty tabs with a user's session, ``tab_of("omid@example.com")``; each user has a context of their own."""
    contexts: dict[str, BrowserContext] = {}

    def make(email: str) -> BrowserTab:
        known = email in contexts
        if not known:
            contexts[email] = context_of()
        tab = new_tab(contexts[email])
        return tab if known else tab.give_session(email)

    return make


@pytest.fixture
def clock(server: MockServer, evidence: Evidence) -> VirtualClock:
    """Virtual time: every tab of a test that asks for it runs on one clock, which ``pause()`` stops."""
    return VirtualClock(server, evidence.tabs)
