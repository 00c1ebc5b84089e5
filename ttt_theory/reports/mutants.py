"""What became of the mutants, as a table on the terminal, Markdown and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ttt_theory.mutation.judging import Fate

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table

    from ttt_theory.mutation.judging import Judgement, MutantReport

__all__ = ["as_markdown", "as_table", "summary", "write_report"]

_COLUMNS = ("claim", "formulas", "wrong theorems", "killed", "survivors", "equivalent", "control")


def summary(report: MutantReport) -> str:
    """Return the outcome in one line."""
    line = (
        f"{len(report.of(Fate.KILLED))} of {report.total} wrong theorems killed, "
        f"{len(report.of(Fate.EQUIVALENT))} mutants proved equivalent, in {report.seconds:.0f} s"
    )
    failed = [each.mutant.claim for each in report.of(Fate.CONTROL_FAILED)]
    if failed:
        line += f"; void: unchanged, {', '.join(failed)} is not confirmed either"
    return f"{line}; interrupted" if report.interrupted else line


def as_table(report: MutantReport) -> Table:
    """Return the closing table of a run."""
    from rich.table import Table

    table = Table(*_COLUMNS, "seconds")
    table.columns[0].no_wrap = True
    for column in (*table.columns[1:-2], table.columns[-1]):
        column.justify = "right"
    for row in _rows(report):
        table.add_row(*row)
    return table


def as_markdown(report: MutantReport) -> str:
    """Return the Markdown report: a summary, then every mutant."""
    versions = ", ".join(map(" ".join, report.versions.items()))
    lines = ["# Mutants", "", f"{summary(report)}.", f"Computed with {versions}.", ""]
    lines += [
        f"| {' | '.join((*_COLUMNS, 'seconds'))} |",
        "|---|---:|---:|---:|---:|---:|---|---:|",
    ]
    lines += [f"| {' | '.join(row)} |" for row in _rows(report)]
    lines += _section("Controls that failed", report.of(Fate.CONTROL_FAILED))
    lines += _section("Survivors", report.of(Fate.SURVIVED))
    lines += _section("Equivalent, by proof", report.of(Fate.EQUIVALENT))
    lines += _section("Killed", report.of(Fate.KILLED))
    return "\n".join(lines) + "\n"


def _rows(report: MutantReport) -> list[tuple[str, ...]]:
    rows = []
    for claim in report.claims:
        counts = report.counts(claim)
        numbers = (counts[name] for name in ("total", "killed", "survivors", "equivalent"))
        rows.append(
            (
                claim.id,
                str(len(counts["formulas"])),
                *map(str, numbers),
                counts["control"],
                f"{counts['seconds']:.1f}",
            )
        )
    return rows


def _section(title: str, judgements: list[Judgement]) -> list[str]:
    lines = [f"- {each}" for each in judgements]
    return ["", f"## {title}: {len(lines)}", "", *(lines or ["None."])]


def write_report(report: MutantReport, folder: Path) -> None:
    """Write ``mutants.md`` and ``mutants.json`` into a folder, made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    # A setting may have any file name, also one that is no Unicode.
    (folder / "mutants.md").write_text(as_markdown(report), "utf-8", errors="backslashreplace")
    document = json.dumps(report.as_dict(), indent=2, allow_nan=False)
    (folder / "mutants.json").write_text(document + "\n", encoding="utf-8")
