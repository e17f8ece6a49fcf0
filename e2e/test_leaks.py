"""No token is to be seen in anything that a page shows, says or leaves behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Request

from e2e.leaks import artefacts, painted, provoke, shown
from e2e.tab import Tab
from mock_server.redaction import redact_bytes
from mock_server.server import MockServer

ROOT = Path(__file__).parents[1]
EVERYTHING = """() => JSON.stringify([
  document.documentElement.outerHTML, document.title, document.cookie, location.href, history.state,
  [...document.querySelectorAll('input, textarea, select')].map((control) => control.value),
  performance.getEntries().map((entry) => entry.name), pilito.connections(),
  Object.getOwnPropertyNames(window).filter((name) => name !== 'localStorage').map(
    (name) => { try { return JSON.stringify(window[name]) ?? ''; } catch { return ''; } }),
  Object.entries(sessionStorage),
])"""


def test_a_page_shows_no_token(tab: Tab, server: MockServer) -> None:
    """After refused sockets, a refresh and a new login no token is in the document, the inspector, the console or the
    journal; it travels in the Authorization header, the body of a refresh and a socket's address, never as Referer.
    """
    requests: list[Request] = []
    tab.page.on("request", lambda request: requests.append(request))
    tokens = provoke(tab, server)
    assert len({*tokens}) >= 4  # a login within the second of the refresh brings the same pair, as the backend does
    assert shown(tab.page.evaluate("JSON.stringify(localStorage)").encode(), tokens)  # what is looked for can be found
    places = {
        "the page": tab.page.evaluate(EVERYTHING),
        "the console": "\n".join(tab.console),
        "errors": "\n".join(tab.page_errors),
        "frames": json.dumps(tab.frames),
        "the journal": json.dumps(server.journal()),
        "the state": json.dumps(server.state()),
        "addresses": "\n".join(request.url for request in requests),
        "visited": "\n".join(tab.visited),
        "a screenshot": painted(tab).decode(),
    }
    assert {name: pieces for name, text in places.items() if (pieces := shown(text.encode(), tokens))} == {}
    tab.page.evaluate("token => { document.querySelector('#search').value = token; }", tokens[-1])
    assert shown(painted(tab), tokens)  # a picture that had one would be found
    headers = [request.all_headers() for request in requests]
    assert [found["referer"] for found in headers if found.get("referer")] == []  # an empty one tells nothing
    telling = {name for found in headers for name, value in found.items() if shown(value.encode(), tokens)}
    assert telling == {"authorization"}
    bodies = {request.url.rpartition("/")[2] for request in requests if shown(request.post_data_buffer or b"", tokens)}
    assert bodies == {"refresh-access"}


def test_a_failing_run_leaves_no_token(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """A failure with tokens in its message, output and console leaves none in the report, the folder, the trace and the
    screenshot. A HAR, which nobody records unasked, has none after redaction.
    """
    results, leaks = tmp_path / "results", tmp_path / "leaks"
    leaks.mkdir()
    report = results / "junit.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "e2e/failing_run.py",
        "-o",
        "python_files=*.py",
        "-p",
        "no:cacheprovider",
    ]
    # Its own folder for what Playwright empties at the start, too: ours holds what other tests have left.
    options = [
        f"--pilito-results={results}",
        f"--output={tmp_path / 'output'}",
        f"--junitxml={report}",
        "-rA",
        "--showlocals",
        "-p",
        "no:xdist",
        "-p",
        "no:hypothesispytest",
    ]
    given = {name: pytestconfig.getoption(name) for name in ("--pilito-dist", "--pilito-browser")}
    options += [f"{name}={value}" for name, value in given.items() if value]
    run = subprocess.run(
        [*command, *options],
        cwd=ROOT,
        env={**os.environ, "PILITO_LEAKS": str(leaks)},
        capture_output=True,
        timeout=180,
        check=False,
    )
    assert run.returncode == 1, run.stdout.decode()[-2000:]
    tokens = json.loads((leaks / "tokens.json").read_text())
    recording = (leaks / "network.har").read_bytes()
    assert shown(recording, tokens)
    found = dict(artefacts(results))
    kinds = {name.partition(":")[0].rpartition(".")[2] for name in found}
    assert kinds >= {"txt", "jsonl", "json", "png", "zip", "xml"}
    found |= {"stdout": run.stdout, "stderr": run.stderr, "network.har": redact_bytes(recording)}
    found["what the screenshot shows"] = (leaks / "screenshot.json").read_bytes()
    assert b"Conversations" in found["what the screenshot shows"]
    assert {name: pieces for name, data in found.items() if (pieces := shown(data, tokens))} == {}
