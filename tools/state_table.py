"""Write the connection's table and diagram from the code into ``docs/design.md``, each between its two markers."""

import sys

from tools.steps import ROOT


def between(text: str, name: str, content: str) -> str:
    """Return ``text`` with ``content`` between ``<!-- name -->`` and ``<!-- end of the name -->``."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of the {name} -->"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}{content}{end}{after}"


def main() -> None:
    sys.path.insert(0, str(ROOT / "frontend"))
    from pilito.transitions import markdown_table

    from exhaustive.diagram import mermaid

    document = ROOT / "docs" / "design.md"
    text = between(document.read_text(encoding="utf-8"), "state diagram", mermaid())
    document.write_text(between(text, "state table", markdown_table()), encoding="utf-8")


if __name__ == "__main__":
    main()
