"""The arrows between the layers, as the imports draw them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = (
    "events",
    "transitions",
    "machine",
    "recovery",
    "protocol",
    "closecodes",
    "backoff",
    "policy",
    "wire",
    "markup",
    "exceptions",
    "router",
)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def test_only_the_edge_touches_the_browser() -> None:
    """No module outside pilito/browser imports js, pyodide or pyscript."""
    edge = ROOT / "frontend" / "pilito" / "browser"
    for path in modules("frontend"):
        if edge not in path.parents:
            assert not {name.split(".")[0] for name in imports(path)} & {"js", "pyodide", "pyscript"}, path


def test_the_mock_knows_nothing_of_the_frontend() -> None:
    """mock_server imports nothing of frontend, and e2e nothing but mock_server."""
    for folder in ("mock_server", "e2e"):
        for path in modules(folder):
            assert not {name.split(".")[0] for name in imports(path)} & {"pilito", "pages", "frontend"}, path


@pytest.mark.parametrize("name", CORE)
def test_the_core_does_no_io(name: str) -> None:
    """The pure modules import neither asyncio nor anything that reads or writes."""
    path = ROOT / "frontend" / "pilito" / f"{name}.py"
    forbidden = {"asyncio", "socket", "os", "time", "threading", "urllib", "http", "logging", "subprocess"}
    assert not {imported.split(".")[0] for imported in imports(path)} & forbidden
