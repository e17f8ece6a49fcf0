"""The example of ``docs/testing.md`` and README, run as it is printed there."""

import re
from pathlib import Path

SECTION = re.compile(r"^## A new scenario in five minutes\n.*?^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
GUIDE = Path(__file__).parents[1] / "docs" / "testing.md"


def documented() -> str:
    """The text of the example. Raises ``LookupError`` where the section or its example is gone."""
    found = SECTION.search(GUIDE.read_text(encoding="utf-8"))
    if not found:
        raise LookupError(f"no python example in the section about a new scenario in {GUIDE}: put it back")
    return found[1]


def test_the_readme_shows_the_same_example() -> None:
    """What README shows is the text that is run here."""
    assert f"```python\n{documented()}```" in (GUIDE.parents[1] / "README.md").read_text(encoding="utf-8")


# Its tests become those of this module, with the fixtures that a file in e2e/ has.
exec(compile(documented(), str(GUIDE), "exec"))  # noqa: S102
