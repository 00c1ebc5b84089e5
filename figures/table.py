"""The table behind a figure, and its CSV file."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Row:
    """One setting at one place of a curve; what was not computed is None."""

    series: str
    x: float
    dim: int
    context_length: int
    test_samples: int
    step_size: float
    exact: float
    asymptotic: float
    simulated: float | None = None
    standard_error: float | None = None
    prompts: int | None = None


@dataclass(frozen=True)
class Table:
    """Rows, and the parameters and derived numbers that hold for all of them (JSON values)."""

    parameters: dict[str, Any]
    rows: list[Row]

    def write(self, path: Path) -> None:
        """Write the parameters as lines `# key = value`, then the rows as CSV."""
        with path.open("w", encoding="utf-8", newline="") as file:
            for key, value in self.parameters.items():
                file.write(f"# {key} = {json.dumps(value, ensure_ascii=False)}\n")
            writer = csv.DictWriter(
                file, [field.name for field in fields(Row)], lineterminator="\n"
            )
            writer.writeheader()
            writer.writerows(asdict(row) for row in self.rows)

    @classmethod
    def read(cls, path: Path) -> Table:
        """Read what `write` wrote, every digit of it."""
        lines = path.read_text(encoding="utf-8").splitlines()
        comments = [line[2:].split(" = ", 1) for line in lines if line.startswith("# ")]
        records = csv.DictReader(line for line in lines if not line.startswith("# "))
        return cls(
            {key: json.loads(value) for key, value in comments},
            [Row(**{name: _value(name, text) for name, text in row.items()}) for row in records],
        )


def _value(name: str, text: str) -> Any:
    if name == "series":
        return text
    return json.loads(text) if text else None
