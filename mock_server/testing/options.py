"""The options that ``pytest --help`` lists under "pilito", and what is wrong with a value that cannot be used."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from mock_server import scenarios
from mock_server.errors import MockError
from mock_server.profiles import PROFILES, profile
from mock_server.scenarios import SCENARIOS
from mock_server.server import FLAVOURS, Flavour

MOST_CONVERSATIONS = 100_000


@dataclass(frozen=True, slots=True)
class Options:
    """How the tests are run. ``results`` is absolute; ``scenario`` and ``browser`` may be empty."""

    profile: str
    flavour: Flavour
    debug: bool
    conversations: int
    scenario: str
    site: Path | None
    dist: Path | None
    results: Path
    snapshots: bool
    browser: str


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("pilito", "pilito: tests of pages against the mock backend")
    add = group.addoption
    add(
        "--pilito-profile",
        metavar="NAME",
        default="guide",
        help=f"version of the backend: {', '.join(PROFILES)} (guide)",
    )
    add(
        "--pilito-server-flavour",
        metavar="NAME",
        default="uvicorn",
        help=f"whose close codes: {', '.join(FLAVOURS)} (uvicorn)",
    )
    add("--pilito-debug", action="store_true", help="the backend accepts every token, as its published settings do")
    add("--pilito-conversations", metavar="N", default="60", help="how many conversations the first user has (60)")
    add(
        "--pilito-scenario",
        metavar="NAME",
        default="",
        help=f"a bad day that begins with every test: {', '.join(SCENARIOS)}",
    )
    add("--pilito-site", metavar="FOLDER", default="", help="serve this folder's pages instead of Pilito's own")
    add("--pilito-dist", metavar="FOLDER", default="", help="serve the build in this folder instead of the sources")
    add(
        "--pilito-results",
        metavar="FOLDER",
        default="test-results",
        help="where a failed test leaves its folder (test-results)",
    )
    add(
        "--pilito-snapshots",
        action="store_true",
        help="show the page and its downloads with each step of a failed test's trace; tests take longer",
    )
    add(
        "--pilito-browser",
        metavar="FILE",
        default=os.environ.get("PILITO_BROWSER", ""),
        help="the browser's executable, where it is not Playwright's own (PILITO_BROWSER)",
    )


def read_options(config: pytest.Config) -> Options:
    """Return the checked options. Raises ``pytest.UsageError`` with one sentence that names what can be used."""
    chosen = str(config.getoption("--pilito-profile"))
    scenario = str(config.getoption("--pilito-scenario"))
    try:
        profile(chosen)
    except MockError as error:
        raise pytest.UsageError(f"--pilito-profile: {error}") from None
    try:
        if scenario:
            scenarios.find(scenario)
    except MockError as error:
        raise pytest.UsageError(f"--pilito-scenario: {error}") from None
    return Options(
        profile=chosen,
        flavour=_flavour(str(config.getoption("--pilito-server-flavour"))),
        debug=bool(config.getoption("--pilito-debug")),
        conversations=_conversations(str(config.getoption("--pilito-conversations"))),
        scenario=scenario,
        site=_folder(config, "--pilito-site", "index.html"),
        dist=_folder(config, "--pilito-dist", "manifest.json"),
        results=_results(config, str(config.getoption("--pilito-results"))),
        snapshots=bool(config.getoption("--pilito-snapshots")),
        browser=_browser(str(config.getoption("--pilito-browser"))),
    )


def _flavour(name: str) -> Literal["daphne", "uvicorn"]:
    for flavour in FLAVOURS:
        if name == flavour:
            return flavour
    raise pytest.UsageError(f"--pilito-server-flavour: unknown server {name!r}; known: {', '.join(FLAVOURS)}")


def _conversations(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > MOST_CONVERSATIONS:
        raise pytest.UsageError(
            f"--pilito-conversations: must be a number from 0 to {MOST_CONVERSATIONS}, not {text!r}"
        )
    return int(text)


def _folder(config: pytest.Config, option: str, file: str) -> Path | None:
    text = str(config.getoption(option))
    if not text:
        return None
    folder = config.invocation_params.dir / text
    if not (folder / file).is_file():
        article = "an" if file[0] in "aeiou" else "a"
        raise pytest.UsageError(f"{option}: must be a folder with {article} {file}, not {text!r}")
    return folder


def _results(config: pytest.Config, text: str) -> Path:
    folder = config.invocation_params.dir / text
    if not text or folder.is_file():
        raise pytest.UsageError(f"--pilito-results: must be a folder, or one that can be made, not {text!r}")
    return folder


def _browser(text: str) -> str:
    if text and not Path(text).is_file():
        raise pytest.UsageError(
            f"--pilito-browser or PILITO_BROWSER must be a browser's file, or empty for Playwright's own, not {text!r}"
        )
    return text
