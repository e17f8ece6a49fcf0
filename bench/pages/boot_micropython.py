"""A first Python line, and no more: what the interpreter alone takes."""

from pyscript import document  # type: ignore[import-not-found]

document.documentElement.setAttribute("data-bench", "started")
