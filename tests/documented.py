"""Tables as docs/theory.md has them."""

from pathlib import Path

THEORY = Path(__file__).parents[1] / "docs/theory.md"


def table(header):
    """Return the rows, as lists of cells, of the one table whose header starts with some text."""
    lines = [line.strip() for line in THEORY.read_text(encoding="utf-8").splitlines()]
    [start] = [index for index, line in enumerate(lines) if line.startswith(header)]
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows
