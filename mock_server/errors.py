"""The errors of the mock, a small tree.

MockError
+-- UnknownNameError    a fault, profile, scenario or argument that does not exist; the message lists the known ones
+-- BadValueError       an argument of the wrong kind; the message begins with its name
"""

from collections.abc import Iterable


class MockError(Exception):
    """Base of every error that the mock reports to whoever drives it."""


class UnknownNameError(MockError):
    """A name that does not exist. Use one of the listed ones."""

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        super().__init__(f"unknown {kind} {name!r}; known: {', '.join(sorted(known))}")


class BadValueError(MockError):
    """A value that cannot be used. Correct the argument that the message names."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
