"""Write the connection's table from the code into ``docs/design.md``, between its two markers."""

import sys

from tools.steps import ROOT

BEGIN, END = "<!-- state table -->\n", "<!-- end of the state table -->"


def main() -> None:
    sys.path.insert(0, str(ROOT / "frontend"))
    from pilito.transitions import markdown_table

    document = ROOT / "docs" / "design.md"
    text = document.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{BEGIN}{markdown_table()}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
