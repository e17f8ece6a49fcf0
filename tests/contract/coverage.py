"""What the contract tests hold the mock against, version by version, as tables for the docs.

``python -m tests.contract.coverage`` prints them; a test compares them with ``docs/protocol.md``.
"""

import importlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mock_server.profiles import PROFILES, profile
from tests.contract.recordings import Line, Recording, handshakes, samples, stories
from tests.contract.rules import HELD, TOPICS

HEAD = "| profile | commits | stories | frames in them | handshakes: debug off, on | single frames |"
TOPIC_OF = {
    "connection_established": "socket",
    "authentication_error": "handshake",
    "access_denied": "handshake",
    "connection_closed": "handshake",
    "conversations_list": "conversations",
    "conversation_filter_options": "conversations",
    "customers_list": "customers",
    "filter_options": "customers",
    "wizard_status": "wizard",
    "pong": "wizard",
}
"""Frames that belong to a topic; those without a type belong to all sockets, and every other one to a chat."""


@dataclass
class Share:
    """What has been recorded of one profile."""

    commits: set[str] = field(default_factory=set)
    stories: int = 0
    frames: int = 0
    handshakes: dict[bool, int] = field(default_factory=lambda: {False: 0, True: 0})
    samples: int = 0
    topics: Counter[str] = field(default_factory=Counter)

    def row(self, name: str) -> str:
        if not self.commits:
            return f"| `{name}` | none: no backend was ever this one | 0 | 0 | 0, 0 | 0 |"
        commits = ", ".join(f"`{commit}`" for commit in sorted(self.commits))
        off, on = self.handshakes[False], self.handshakes[True]
        return f"| `{name}` | {commits} | {self.stories} | {self.frames} | {off}, {on} | {self.samples} |"


def _shares() -> dict[str, Share]:
    """By profile. A commit counts to the profile that it is a variant of."""
    shares: dict[str, Share] = defaultdict(Share)

    def share(version: str) -> Share:
        found = shares[profile(version).name]
        found.commits.add(version)
        return found

    for story in stories():
        mine = share(story.version)
        mine.stories += 1
        mine.frames += sum(1 for _ in story.frames())
        mine.topics.update(_topics(story))
    for row in handshakes():
        mine = share(row["version"])
        mine.handshakes[bool(row["debug"])] += 1
        mine.topics["handshake"] += 1
    for row in samples():
        mine = share(row["version"])
        mine.samples += 1
        mine.topics[_topic(row["frame"])] += 1
    return shares


def _topics(story: Recording) -> Iterator[str]:
    for line in story.lines:
        kind = line["dir"]
        if kind == "refused":
            yield "handshake"
        elif line["who"] == "http":
            yield from ["http"] if kind == "<-" else []
        elif kind == "silence":
            yield "socket"
        elif kind in ("close", "b-close") and not line.get("sent"):
            yield "end"
        elif kind in ("<-", "b-message"):
            yield _topic(line["frame"])


def _topic(frame: Line | str) -> str:
    name = frame.get("type") if isinstance(frame, dict) else None
    return TOPIC_OF.get(name, "chat") if name else "socket"


def table() -> str:
    """What was recorded: one row for each profile."""
    shares = _shares()
    return "\n".join([HEAD, "|---|---|---|---|---|---|", *(shares[name].row(name) for name in PROFILES)])


def rules() -> str:
    """What is held, subject by subject: for each profile the number of recorded answers, and that of the rules."""
    for path in sorted(Path(__file__).parent.glob("test_rules_*.py")):
        importlib.import_module(f"tests.contract.{path.stem}")
    shares = _shares()
    held: Counter[tuple[str, str]] = Counter()
    for (topic, _), versions in HELD.items():
        held.update({(topic, profile(version).name) for version in versions})
    rows = [
        f"| {title} | " + " | ".join(f"{shares[name].topics[topic]}, {held[topic, name]}" for name in PROFILES) + " |"
        for topic, title in TOPICS.items()
    ]
    return "\n".join(["| subject | " + " | ".join(f"`{name}`" for name in PROFILES) + " |", "|---" * 6 + "|", *rows])


if __name__ == "__main__":
    print(f"{table()}\n\n{rules()}")
