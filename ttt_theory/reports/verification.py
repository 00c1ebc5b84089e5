"""A verification report as Markdown, JSON and a table on the terminal."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from ttt_theory.evidence.record import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table

    from ttt_theory.claims.verification import ClaimReport, Report

__all__ = ["as_markdown", "as_table", "strongest_evidence", "write_report"]

# From proof to measurement; the table names the strongest kinds first.
_STRENGTH = (
    "identity",
    "limit",
    "certificate",
    "exact average",
    "exact value",
    "decay",
    "equivalence",
    "none",
)
_PLURALS = {"identity": "identities", "none": "not gathered", "decay": "decays"}
_STYLES = {Verdict.CONFIRMED: "green", Verdict.REFUTED: "bold red", Verdict.UNDECIDED: "yellow"}


def strongest_evidence(report: ClaimReport) -> str:
    """Summarise a claim's evidence, strongest kinds first; with what failed, if anything did.

    Parameters
    ----------
    report : ClaimReport

    Returns
    -------
    str
        Such as ``"11 identities, 3 exact averages (1e-13), 9 equivalences (10 %)"``: with the
        largest relative error of averages, and the widest margin of simulations.
    """
    for verdict in (Verdict.REFUTED, Verdict.UNDECIDED):
        for each in report.evidence:
            if each.verdict is verdict:
                return f"{each.kind}: {each.statement}"
    counts = Counter(each.kind for each in report.evidence)
    parts = []
    for kind in _STRENGTH:
        if counts[kind]:
            name = kind if counts[kind] == 1 else _PLURALS.get(kind, f"{kind}s")
            parts.append(f"{counts[kind]} {name}{_precision(report, kind)}")
    return ", ".join(parts)


def _precision(report: ClaimReport, kind: str) -> str:
    measured = [each.measured for each in report.evidence if each.kind == kind]
    errors = [each["relative_error"] for each in measured if "relative_error" in each]
    margins = [each["margin"] for each in measured if each.get("margin") is not None]
    if margins:
        return f" ({100 * max(margins):.0f} %)"
    return f" ({max(errors):.0e})" if errors and max(errors) > 0.0 else ""


def as_table(report: Report) -> Table:
    """Return the closing table of a run."""
    from rich.markup import escape
    from rich.table import Table

    table = Table("claim", "source", "verdict", "strongest evidence", "seconds")
    table.columns[-1].justify = "right"
    for claim in report.claims:
        verdict = f"[{_STYLES[claim.verdict]}]{claim.verdict}[/]"
        table.add_row(
            claim.claim.id,
            escape(claim.claim.source),
            verdict,
            escape(strongest_evidence(claim)),
            f"{claim.seconds:.1f}",
        )
    return table


def as_markdown(report: Report) -> str:
    """Return the Markdown report: a summary, then every piece of evidence."""
    where = ", ".join(report.settings) or "the built-in settings"
    mode = ("quick" if report.quick else "full") + (", sequential" if report.sequential else "")
    run = f"{mode} mode, seed {report.seed}, {report.seconds:.0f} s"
    lines = [
        "# Verification report",
        "",
        f"Verdict: **{report.verdict}**, on {where}; {run}.",
        "",
        _error_budget(report),
        "",
        "| claim | source | verdict | strongest evidence | seconds |",
        "|---|---|---|---|---:|",
    ]
    lines += [
        f"| {claim.claim.id} | {claim.claim.source} | {claim.verdict} | "
        f"{_cell(strongest_evidence(claim))} | {claim.seconds:.1f} |"
        for claim in report.claims
    ]
    for claim in report.claims:
        lines += ["", f"## {claim.claim.id}: {claim.claim.title}", ""]
        lines += [f"{claim.claim.source}. {claim.claim.statement}", ""]
        for each in claim.evidence:
            measured = "; ".join(f"{name} {_short(value)}" for name, value in each.measured.items())
            detail = f" ({measured})" if measured else ""
            lines.append(f"- {each.verdict}, {each.kind}: {each.statement}{detail}")
    return "\n".join(lines) + "\n"


def _error_budget(report: Report) -> str:
    tests = report.statistical_tests
    if not tests["tests"]:
        return "No statistical tests: nothing here is left to chance."
    return (
        f"{tests['tests']} statistical tests share an error rate of {tests['budget']:.0e}. "
        "Whatever the seed, by the union bound, the probability that any of them refutes a true "
        f"statement is at most {tests['false_alarm_bound']:.1e}, and that any confirms one that is "
        f"wrong by more than its margin at most {tests['false_pass_bound']:.1e}."
    )


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def _short(value: object) -> str:
    if isinstance(value, list):
        text = f"[{', '.join(map(_short, value))}]"
    else:
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 160 else f"{text[:157]}..."


def write_report(report: Report, folder: Path) -> None:
    """Write ``report.md`` and ``report.json`` into a folder, made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.md").write_text(as_markdown(report), encoding="utf-8")
    document = json.dumps(report.as_dict(), indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "report.json").write_text(document + "\n", encoding="utf-8")
