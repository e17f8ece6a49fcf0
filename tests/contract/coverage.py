"""What of the recordings the contract tests hold the mock against, version by version, as a table for the docs.

``python -m tests.contract.coverage`` prints it; a test compares it with ``docs/protocol.md``.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from mock_server.profiles import PROFILES, profile
from tests.contract.recordings import handshakes, stories
from tests.contract.test_samples import told

HEAD = "| profile | commits | stories | frames in them | handshakes: debug off, on | single frames |"


@dataclass
class Share:
    """What has been recorded of one profile."""

    commits: set[str] = field(default_factory=set)
    stories: int = 0
    frames: int = 0
    handshakes: dict[bool, int] = field(default_factory=lambda: {False: 0, True: 0})
    samples: int = 0

    def row(self, name: str) -> str:
        if not self.commits:
            return f"| `{name}` | none: no backend was ever this one | 0 | 0 | 0, 0 | 0 |"
        commits = ", ".join(f"`{commit}`" for commit in sorted(self.commits))
        off, on = self.handshakes[False], self.handshakes[True]
        return f"| `{name}` | {commits} | {self.stories} | {self.frames} | {off}, {on} | {self.samples} |"


def table() -> str:
    """One row for each profile. A commit counts to the profile that it is a variant of."""
    shares: dict[str, Share] = defaultdict(Share)

    def share(version: str) -> Share:
        found = shares[profile(version).name]
        found.commits.add(version)
        return found

    for story in stories():
        mine = share(story.version)
        mine.stories += 1
        mine.frames += sum(1 for _ in story.frames())
    for row in handshakes():
        share(row["version"]).handshakes[bool(row["debug"])] += 1
    for row in told():
        share(row["version"]).samples += 1
    return "\n".join([HEAD, "|---|---|---|---|---|---|", *(shares[name].row(name) for name in PROFILES)])


if __name__ == "__main__":
    print(table())
