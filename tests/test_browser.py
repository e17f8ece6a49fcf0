"""Which browser the tests run in, without starting one."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools import browser

CHROMIUM = "/usr/bin/chromium"
SHELL = "/usr/bin/chromium-headless-shell"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[list[str]]]:
    """Makes a machine with these programs; what it is told to run is kept, and brings ``installs`` onto its PATH."""

    def make(*programs: str, user: int = 0, installs: str = "") -> list[list[str]]:
        present = {Path(program).name: program for program in programs}
        commands: list[list[str]] = []

        def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
            commands.append(command)
            if installs and installs.endswith(command[-1]):
                present[command[-1]] = installs
            return subprocess.CompletedProcess(command, 0)

        monkeypatch.delenv("PILITO_BROWSER", raising=False)
        monkeypatch.setattr(browser, "playwrights_own", lambda: None)
        monkeypatch.setattr(shutil, "which", present.get)
        monkeypatch.setattr(os, "geteuid", lambda: user)
        monkeypatch.setattr(subprocess, "run", run)
        return commands

    return make


def test_the_browser_that_is_named_is_used_for_every_test(
    machine: Callable[..., list[list[str]]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PILITO_BROWSER wins over a headless shell on the PATH, and a name that is no file stops with what to do."""
    named = tmp_path / "browser"
    named.touch()
    assert machine(CHROMIUM, SHELL) == []
    monkeypatch.setenv("PILITO_BROWSER", str(named))
    assert browser.find() == browser.shell() == str(named)
    monkeypatch.setenv("PILITO_BROWSER", str(tmp_path / "none"))
    with pytest.raises(SystemExit, match=r"is no file\. Correct it or unset it"):
        browser.shell()


def test_a_headless_shell_is_found_beside_the_browser(
    machine: Callable[..., list[list[str]]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Playwright's own of the same revision comes first, then the one on the PATH; nothing is installed."""
    commands = machine(CHROMIUM, SHELL, "/usr/bin/apt-get")
    assert (browser.find(), browser.shell()) == (CHROMIUM, SHELL)
    paths = {}
    for name in (
        "chromium-7/chrome-linux64/chrome",
        *(f"chromium_headless_shell-{at}/x/chrome-headless-shell" for at in (6, 7)),
    ):
        path = paths[name] = tmp_path / name
        path.parent.mkdir(parents=True)
        path.touch()
    own, _, shell = map(str, paths.values())
    monkeypatch.setattr(browser, "playwrights_own", lambda: own)
    assert (browser.find(), browser.shell()) == (own, shell)
    assert commands == []


def test_a_headless_shell_is_put_beside_debians_chromium(machine: Callable[..., list[list[str]]]) -> None:
    """Root's package manager is asked for it, and never told to replace what is there."""
    commands = machine(CHROMIUM, "/usr/bin/apt-get", installs=SHELL)
    assert browser.shell() == SHELL
    (command,) = commands
    assert {"--no-upgrade", "--no-remove"} <= {*command}


@pytest.mark.parametrize(
    ("programs", "user", "asked"),
    [
        ((CHROMIUM, "/usr/bin/apt-get"), 0, 3),
        ((CHROMIUM, "/usr/bin/apt-get"), 1000, 0),
        ((CHROMIUM,), 0, 0),
        (("/usr/bin/google-chrome", "/usr/bin/apt-get"), 0, 0),
    ],
    ids=["no such package", "not root", "another package manager", "another browser"],
)
def test_without_a_headless_shell_the_browser_does(
    machine: Callable[..., list[list[str]]], programs: tuple[str, ...], user: int, asked: int
) -> None:
    """Where it cannot be had the tests run in the browser itself; nobody's machine is asked in vain for long."""
    commands = machine(*programs, user=user)
    assert browser.shell() == programs[0]
    assert len(commands) == asked
