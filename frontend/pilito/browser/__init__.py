"""The edge: the only package that imports ``js`` and ``pyodide``. ``start`` puts everything together."""

from pilito.browser.compose import start

__all__ = ["start"]
