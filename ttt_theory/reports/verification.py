"""A verification report as Markdown, JSON and a table on the terminal."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from ttt_theory.evidence.record import EvidenceKind, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table

    from ttt_theory.claims.verification import ClaimReport, Report
    from ttt_theory.evidence.record import Evidence

__all__ = ["as_markdown", "as_table", "strongest_evidence", "write_report"]

_STYLES = {Verdict.CONFIRMED: "green", Verdict.REFUTED: "bold red", Verdict.UNDECIDED: "yellow"}


def strongest_evidence(report: ClaimReport) -> str:
    """Summarise a claim's evidence, strongest kinds first; with what failed, if anything did.

    Parameters
    ----------
    report : ClaimReport

    Returns
    -------
    str
        Such as ``"11 identities, 3 exact averages (1e-13), 2 equivalences (linear 4 %, quadratic
        7 %)"``: with the largest relative error of averages, and the margin of simulations, the
        widest of each quantity, relative to the quantity itself.
    """
    for verdict in (Verdict.REFUTED, Verdict.UNDECIDED):
        for each in report.evidence:
            if each.verdict is verdict:
                return f"{each.kind}: {each.statement}"
    counts = Counter(each.kind for each in report.evidence)
    parts = []
    for kind in EvidenceKind:
        if counts[kind]:
            name = kind if counts[kind] == 1 else kind.plural
            parts.append(f"{counts[kind]} {name}{_precision(report, kind)}")
    return ", ".join(parts)


def _precision(report: ClaimReport, kind: EvidenceKind) -> str:
    measured = [each.measured for each in report.evidence if each.kind == kind]
    errors = [each["relative_error"] for each in measured if "relative_error" in each]
    widest: dict[str, float] = {}
    for each in measured:
        if each.get("margin") is not None:
            name = each.get("quantity", "")
            widest[name] = max(widest.get(name, 0.0), each["margin"])
    if widest:
        return f" ({', '.join(map(_margin, widest, widest.values()))})"
    return f" ({max(errors):.0e})" if errors and max(errors) > 0.0 else ""


def _margin(quantity: str, margin: float) -> str:
    return f"{quantity} {100.0 * margin:.2g} %".lstrip()


def as_table(report: Report) -> Table:
    """Return the closing table of a run."""
    from rich.markup import escape
    from rich.table import Table

    table = Table("claim", "source", "verdict", "published", "strongest evidence", "seconds")
    table.columns[0].no_wrap = True
    table.columns[-1].justify = "right"
    for claim in report.claims:
        verdict = f"[{_STYLES[claim.verdict]}]{claim.verdict}[/]"
        table.add_row(
            claim.claim.id,
            escape(claim.claim.source),
            verdict,
            _published(claim),
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
        f"Computed with {', '.join(map(' '.join, report.versions.items()))}.",
        "",
        _error_budget(report),
        "",
        "| claim | source | verdict | published | strongest evidence | seconds |",
        "|---|---|---|---|---|---:|",
    ]
    lines += [
        f"| {claim.claim.id} | {claim.claim.source} | {claim.verdict} | {_published(claim)} | "
        f"{_cell(strongest_evidence(claim))} | {claim.seconds:.1f} |"
        for claim in report.claims
    ]
    for claim in report.claims:
        lines += ["", f"## {claim.claim.id}: {claim.claim.title}", ""]
        lines += [f"{claim.claim.source}. {claim.claim.statement}", ""]
        lines += map(_line, claim.evidence)
        if claim.published is not None:
            sentence, reason = claim.published.sentence, claim.published.reason
            lines += ["", f"Published: “{sentence}” **{claim.published.verdict}**: {reason}", ""]
            lines += map(_line, claim.published.evidence)
    return "\n".join(lines) + "\n"


def _line(evidence: Evidence) -> str:
    measured = "; ".join(f"{name} {_short(value)}" for name, value in evidence.measured.items())
    detail = f" ({measured})" if measured else ""
    return f"- {evidence.verdict}, {evidence.kind}: {evidence.statement}{detail}"


def _published(report: ClaimReport) -> str:
    """Return the verdict on what the paper itself says, where that is something else."""
    return "" if report.published is None else str(report.published.verdict)


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
    # A setting may have any file name, also one that is no Unicode.
    (folder / "report.md").write_text(as_markdown(report), "utf-8", errors="backslashreplace")
    document = json.dumps(report.as_dict(), indent=2, allow_nan=False)
    (folder / "report.json").write_text(document + "\n", encoding="utf-8")
