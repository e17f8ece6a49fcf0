"""The build's service worker: starting without a network, one build after the other, and what is never kept."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, expect
from starlette.requests import Request
from starlette.responses import Response

from e2e.releases import DIST, Releases, manifest, renew
from e2e.tab import Tab
from mock_server.dist import BuiltFiles
from mock_server.server import MockServer
from mock_server.testing.waiting import becomes, eventually

NO_NETWORK = r"Failed to load resource|ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_REFUSED|WebSocket connection to"
KEPT = """async () => {
  const kept = {};
  for (const name of await caches.keys())
    kept[name] = (await (await caches.open(name)).keys()).map((request) => new URL(request.url).pathname);
  return kept;
}"""
TEXTS = """async () => {
  let texts = "";
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const answer = await cache.match(request);
      texts += request.url + JSON.stringify([...answer.headers]) + (await answer.text());
    }
  }
  return texts;
}"""
LOOK = """async () => {
  globalThis.looked = undefined;
  const registration = await navigator.serviceWorker.ready;
  await registration.update();
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  const look = () => { if (/activated|redundant/.test(worker.state)) globalThis.looked = worker.state; };
  worker.addEventListener("statechange", look);
  look();
}"""
START_WHILE_IT_WAITS = """async (build) => {
  const registration = await navigator.serviceWorker.ready;
  registration.addEventListener("updatefound", () => {
    const next = registration.installing;
    next.addEventListener("statechange", () => {
      if (next.state === "installed") navigator.serviceWorker.controller.postMessage({ kind: "started", build });
    });
  });
  registration.update();
}"""
# The worker gives a page a second.
BUSY_WHEN_ASKED = """globalThis.asked = 0;
navigator.serviceWorker.addEventListener("message", ({ data }) => {
  if (data.kind !== "which" || asked++) return;
  for (const end = performance.now() + 1500; performance.now() < end; );
});"""
ASK_WHILE_IT_TAKES_OVER = """async (address) => {
  const registration = await navigator.serviceWorker.ready;
  const old = registration.active;
  const ask = (left) => {
    if (!left || registration.active !== old) return;
    const next = registration.waiting ? left - 1 : left;
    fetch(address).then((answer) => answer.text()).then(() => setTimeout(ask, 1, next));
  };
  ask(100);
}"""
OURS = ("/", "/login", "/chat/7")
FOREIGN = ("/health/", "/__mock__/state", "/nowhere", "/chat/7/8", "/assets/missing-1.js")
STATUS = "address => fetch(address).then((answer) => answer.status)"


@pytest.fixture(scope="session")
def context_options(context_options: dict[str, Any]) -> dict[str, Any]:
    return {**context_options, "service_workers": "allow"}


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    return Releases(DIST, tmp_path)


@pytest.fixture
def server(releases: Releases) -> Iterator[MockServer]:
    with MockServer(dist=releases.live, conversations=30) as server:
        yield server


@pytest.fixture
def kept_tab(tab: Tab) -> Tab:
    """A tab with the live list, in a browser whose worker has the whole build."""
    tab.give_session().open("/conversations").ready()
    wait_for_worker(tab)
    return tab


@pytest.fixture
def unanswered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths: the next request for the page at each of them gets no answer. Ask for it before the server."""
    held: list[str] = []
    answer = BuiltFiles.page

    async def page(files: BuiltFiles, request: Request) -> Response:
        if request.url.path in held:
            held.remove(request.url.path)
            while (await request.receive())["type"] != "http.disconnect":
                pass
        return await answer(files, request)

    monkeypatch.setattr(BuiltFiles, "page", page)
    return held


def wait_for_worker(tab: Tab) -> None:
    eventually(lambda: bool(tab.page.evaluate("navigator.serviceWorker.controller?.state === 'activated'")), seconds=30)


def running(tab: Tab) -> str:
    """The build that the tab's page is of."""
    return str(tab.page.locator('meta[name="pilito-build"]').get_attribute("content"))


def caches(tab: Tab) -> dict[str, list[str]]:
    found: dict[str, list[str]] = tab.page.evaluate(KEPT)
    return found


def expect_caches(tab: Tab, *builds: str) -> None:
    becomes(lambda: sorted(caches(tab)), sorted(f"pilito-{name}" for name in builds), "builds that are kept")


def bar(tab: Tab) -> Locator:
    return tab.page.get_by_text("A new version is ready.")


def look(tab: Tab) -> bool:
    """What the browser does by itself with every start, and the page every hour: ask for another worker.

    Returns whether what the server has is active now; a build that could not be kept as a whole never is.
    """
    tab.page.evaluate(LOOK)
    eventually(lambda: tab.page.evaluate("looked") is not None, page=tab.page, seconds=60)
    return bool(tab.page.evaluate("looked") == "activated")


def test_it_starts_without_a_network_and_goes_live_when_there_is_one(kept_tab: Tab) -> None:
    """With the server gone and the browser offline any page starts as fast as ever, says so, and later catches up."""
    tab, server = kept_tab, kept_tab.server
    tab.expected.append(NO_NETWORK)
    server.kill()
    tab.page.context.set_offline(True)
    tab.page.goto(f"{server.url}/customers")
    tab.wait_ready()
    assert tab.page.locator("html").get_attribute("data-boot") == "the memory snapshot"
    expect(tab.page.get_by_text("The server cannot be reached.")).to_be_visible()
    server.start()
    tab.page.context.set_offline(False)
    tab.ready("/ws/customers/")
    expect(tab.rows("customer").first).to_be_visible()


def test_only_the_build_is_kept_and_nothing_of_a_user(kept_tab: Tab, releases: Releases) -> None:
    """After two users have worked here what is kept is the build's files, checked, and no other answer or token."""
    tab = kept_tab
    asked = set[str]()
    tab.page.context.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    tab.rows().first.click()
    expect(tab.rows("message").first).to_be_visible()
    tab.log_out()
    tab.log_in("omid@example.com", "demo-omid").expect_path("/conversations")
    tab.reload().ready()
    wait_for_worker(tab)
    files = {name for name in manifest(DIST)["files"] if name.startswith("/assets/") and "python_stdlib" not in name}
    [addresses] = caches(tab).values()
    assert set(addresses) == {*files, "/index.html"}
    texts = str(tab.page.evaluate(TEXTS))
    assert '<main id="page"' in texts
    tokens = [*tab.tokens, tab.stored("access_token"), tab.stored("refresh_token")]
    assert not any(token in texts for token in tokens if token)
    assert not any(name in texts for name in ("sara@example.com", "omid@example.com", "/api/v1/usr/auth/status?"))
    assert asked == {urlsplit(tab.server.url).netloc}


def test_the_worker_leaves_every_other_address_to_the_network(kept_tab: Tab) -> None:
    """Calls, the mock's own addresses and what no page has reach the server, every time."""
    page = kept_tab.page.context.new_page()
    answers = {address: page.goto(kept_tab.server.url + address) for address in (*OURS, *FOREIGN)}
    taken = {address for address, answer in answers.items() if answer and answer.from_service_worker}
    assert taken == set(OURS)
    page.close()
    kept_tab.expected.append(r"Failed to load resource")
    assert kept_tab.page.evaluate(STATUS, "/api/v1/usr/auth/status") != 0
    assert "/api" not in json.dumps(caches(kept_tab))


def test_a_new_version_is_announced_and_taken_when_asked_for(kept_tab: Tab, releases: Releases) -> None:
    """The open page stays what it is, with what was typed, until the button; then it is the new one, and alone."""
    tab, first = kept_tab, manifest(DIST)["build"]
    second = releases.publish(releases.derive("second"))
    tab.page.get_by_label("Search").fill("hello")
    assert look(tab)
    expect(bar(tab)).to_be_visible()
    assert running(tab) == first
    expect(tab.page.get_by_label("Search")).to_have_value("hello")
    expect_caches(tab, first, second)
    tab.page.get_by_role("button", name="Use it now").click()
    expect(tab.page.locator('meta[name="pilito-build"]')).to_have_attribute("content", second)
    tab.wait_ready().ready()
    expect_caches(tab, second)
    expect(bar(tab)).to_have_count(0)


def test_a_page_that_asks_for_files_holds_no_update_up(kept_tab: Tab, releases: Releases) -> None:
    """The old worker, which has an answer to give at the very moment, makes way in seconds, not after five minutes."""
    style = manifest(DIST)["names"]["/frontend/styles/all.css"]
    releases.publish(releases.derive("second"))
    kept_tab.page.evaluate(ASK_WHILE_IT_TAKES_OVER, style)
    assert look(kept_tab)
    expect(bar(kept_tab)).to_be_visible()


def test_going_to_another_page_takes_the_new_version(kept_tab: Tab, releases: Releases) -> None:
    """A link of the application is a moment that costs nothing, when nothing is typed."""
    second = releases.publish(releases.derive("second"))
    assert look(kept_tab)
    expect(bar(kept_tab)).to_be_visible()
    kept_tab.page.get_by_role("link", name="Customers").click()
    kept_tab.expect_path("/customers")
    kept_tab.ready("/ws/customers/")
    assert running(kept_tab) == second


def test_two_tabs_take_it_each_in_its_time(kept_tab: Tab, new_tab: Any, releases: Releases) -> None:
    """As long as one of them is of the old build its files are there, though the server has them no more."""
    old, first = kept_tab, manifest(DIST)
    style = first["names"]["/frontend/styles/all.css"]
    other: Tab = new_tab()
    other.open("/customers").ready("/ws/customers/")
    second = releases.publish(releases.derive("second"))
    assert look(old)
    for tab in (old, other):
        expect(bar(tab)).to_be_visible()
    other.page.get_by_role("button", name="Use it now").click()
    expect(other.page.locator('meta[name="pilito-build"]')).to_have_attribute("content", second)
    other.wait_ready().ready("/ws/customers/")
    other.reload().ready("/ws/customers/")
    assert old.page.evaluate(STATUS, style) == 200
    expect_caches(old, first["build"], second)
    old.reload().ready()
    assert running(old) == second
    expect_caches(old, second)


def test_a_page_that_is_busy_when_it_is_asked_is_asked_again(kept_tab: Tab, releases: Releases) -> None:
    """Starting it cannot say which build it is of; the old one goes all the same, and not with a later start."""
    second = releases.publish(releases.derive("second"))
    assert look(kept_tab)
    kept_tab.page.add_init_script(BUSY_WHEN_ASKED)
    kept_tab.reload().ready()
    eventually(lambda: kept_tab.page.evaluate("asked") >= 2)
    expect_caches(kept_tab, second)


def test_a_build_that_is_not_whole_changes_nothing(kept_tab: Tab, releases: Releases) -> None:
    """With one file missing, or other than its hash, the old build goes on; once mended the new one is announced."""
    tab, first = kept_tab, manifest(DIST)["build"]
    tab.expected.append(r"Failed to load resource|integrity|Failed to find a valid digest")
    build = releases.derive("second")
    releases.publish(build)
    broken = releases.live / manifest(build)["names"]["/frontend/styles/all.css"].lstrip("/")
    whole = broken.read_bytes()
    broken.write_bytes(whole + b"/* cut and sewn on the way */")
    assert not look(tab)
    broken.unlink()
    assert not look(tab)
    tab.reload().ready()
    assert running(tab) == first
    expect_caches(tab, first)
    expect(bar(tab)).to_have_count(0)
    broken.write_bytes(whole)
    assert look(tab)
    expect(bar(tab)).to_be_visible()


def test_a_build_that_cannot_start_gives_way_to_the_one_before(kept_tab: Tab, releases: Releases) -> None:
    """The failure page's reload starts the build before; the server going back to that is one more update."""
    tab, first = kept_tab, manifest(DIST)["build"]
    second = releases.publish(releases.derive("second", "/frontend/start.js", 'throw new Error("broken");\n'))
    assert look(tab)
    tab.expected.append("TrustedScript")  # what start.js would have prevented
    tab.page.reload()
    expect(tab.page.locator("html")).to_have_attribute("data-app", "error")
    assert running(tab) == second
    tab.page_errors.clear()
    tab.page.get_by_role("button", name="Reload").click()
    expect(tab.page.locator('meta[name="pilito-build"]')).to_have_attribute("content", first)
    tab.wait_ready().ready()
    expect(bar(tab)).to_have_count(0)
    releases.publish(DIST)
    assert look(tab)
    tab.reload().ready()
    assert running(tab) == first
    expect_caches(tab, first)


def test_a_changed_backend_or_policy_reaches_a_page_that_is_kept(kept_tab: Tab, releases: Releases) -> None:
    """The same build configured otherwise: what the server says is kept meanwhile, and shown by the next start."""
    page = releases.live / "index.html"
    page.write_text(page.read_text().replace("<title>Pilito</title>", "<title>Pilito, moved</title>"))
    for suffix in (".br", ".gz"):
        page.with_name(page.name + suffix).unlink()
    kept_tab.reload().ready()
    stored = "caches.match('/index.html').then((found) => found.text()).then((text) => text.includes('moved'))"
    eventually(lambda: bool(kept_tab.page.evaluate(stored)), page=kept_tab.page)
    expect(bar(kept_tab)).to_have_count(0)


def test_a_page_that_is_never_answered_holds_no_update_up(
    unanswered: list[str], kept_tab: Tab, releases: Releases
) -> None:
    """The kept page is shown at once; the look whether the server has another is given up, and a new build comes. A
    page of the old one that starts while it waits for its turn takes nothing of it away."""
    first, next_build = running(kept_tab), releases.derive("second")
    unanswered.append("/customers")
    kept_tab.page.goto(f"{kept_tab.server.url}/customers")
    kept_tab.wait_ready().ready("/ws/customers/")
    eventually(lambda: not unanswered)
    second = releases.publish(next_build)
    kept_tab.page.evaluate(START_WHILE_IT_WAITS, first)
    expect(bar(kept_tab)).to_be_visible(timeout=30_000)
    expect_caches(kept_tab, first, second)


def test_the_removal_ends_the_worker_and_forgets_everything(kept_tab: Tab, releases: Releases) -> None:
    """Put in the worker's place, which has answers to give at that moment, it leaves nothing behind, and the page that
    is open goes on."""
    tab = kept_tab
    tab.page.evaluate(ASK_WHILE_IT_TAKES_OVER, manifest(DIST)["names"]["/frontend/styles/all.css"])
    (releases.live / "service-worker.js").write_bytes((DIST / "service-worker-removal.js").read_bytes())
    for suffix in (".br", ".gz"):
        (releases.live / f"service-worker.js{suffix}").unlink()
    look(tab)
    expect_caches(tab)
    registered = "navigator.serviceWorker.getRegistration().then((found) => !!found)"
    tab.expected.append(r"404")  # it has no icon
    tab.page.goto(f"{tab.server.url}/health/")
    becomes(lambda: bool(tab.page.evaluate(registered)), False, "a registration")
    tab.open().ready()
    expect_caches(tab)


def test_a_build_named_anew_is_another_one(tmp_path: Path) -> None:
    """The name stands for the page, too, and naming twice changes nothing."""
    releases = Releases(DIST, tmp_path)
    first = manifest(releases.live)["build"]
    renew(releases.live)
    assert manifest(releases.live)["build"] == first
    page = releases.live / "index.html"
    page.write_text(page.read_text().replace("<title>Pilito", "<title>Pilito!"))
    renew(releases.live)
    assert manifest(releases.live)["build"] not in ("", first)
