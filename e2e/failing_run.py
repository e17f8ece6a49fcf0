"""A run that fails with tokens in its hands. ``test_leaks.py`` starts it; it is not collected by itself."""

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from e2e.leaks import painted, provoke
from e2e.tab import Tab
from mock_server.server import MockServer


@pytest.fixture(scope="session")
def context_options(context_options: dict[str, Any]) -> dict[str, Any]:
    return {**context_options, "record_har_path": os.environ["PILITO_LEAKS"] + "/network.har"}


def test_fails(tab: Tab, server: MockServer) -> None:
    """Fails, with everything that it knows in its message."""
    tokens = provoke(tab, server)
    Path(os.environ["PILITO_LEAKS"], "tokens.json").write_text(json.dumps(tokens))
    Path(os.environ["PILITO_LEAKS"], "screenshot.json").write_bytes(painted(tab))
    print("printed", tokens)
    logging.getLogger("shop").error("logged %s", tokens)
    tab.page.evaluate("token => console.error(`the page says ${token}`)", tokens[0])
    raise AssertionError(f"{tab!r} dialled ws://shop.test/ws/?token={tokens[0]} and holds {tokens}")
