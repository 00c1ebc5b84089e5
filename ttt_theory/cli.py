"""The command ``ttt-theory``."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import importlib.metadata
import json
import math
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ttt_theory.errors import InvalidSettingError, TTTTheoryError

if TYPE_CHECKING:
    from types import ModuleType

    from rich.progress import Progress

    from ttt_theory.claims.verification import EvidenceJob
    from ttt_theory.mutation.judging import Judgement

__all__ = ["main"]

_LONGEST_DIFFERENCE, _CASES_SHOWN = 400, 4
_EXIT_CODES = {"confirmed": 0, "proved": 0, "asymptotic": 0, "refuted": 1, "undecided": 3}
_BAD_INPUT = 2
_INTERRUPTED = 130

app = typer.Typer(
    name="ttt-theory",
    help="Exact theory of test-time training in linear transformers, verified.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

SettingFile = Annotated[Path, typer.Argument(metavar="FILE", help="Setting file (TOML).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")]
With = Annotated[
    list[Path] | None,
    typer.Option(
        "--with",
        metavar="FILE.py",
        help="Python file with claims and covariances of your own, which is run; repeatable.",
    ),
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Number of processes; by default one per core.")
]
Scheduler = Annotated[
    str | None, typer.Option(help="Address of a running Dask scheduler to work on.")
]


@app.command()
def verify(
    *,
    claim: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID", help="Id or shell pattern of claims to run; repeatable. All by default."
        ),
    ] = None,
    setting: Annotated[
        list[Path] | None,
        typer.Option(help="Verify the general claims on this setting file; repeatable."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Wider margins, done in seconds.")] = False,
    sequential: Annotated[
        bool, typer.Option("--sequential", help="Stop simulations as soon as they are decided.")
    ] = False,
    extensions: With = None,
    seed: Seed = 0,
    workers: Workers = None,
    scheduler: Scheduler = None,
    report: Annotated[
        Path | None, typer.Option(help="Folder for report.md and report.json.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run claims: 0 all confirmed, 1 any refuted, 3 any undecided, 2 bad input."""
    from rich.console import Console

    from ttt_theory import Setting
    from ttt_theory import verify as run_claims
    from ttt_theory.claims.verification import jobs_of
    from ttt_theory.reports.verification import as_table, write_report

    _load(extensions)
    settings = {str(path): Setting.from_toml(path) for path in setting or []}
    if report is not None:
        _writable(report, "report.md")
    total = len(jobs_of(claim, settings))
    with _progress() as progress:
        bar = progress.add_task("verifying", total=total)

        def advance(job: EvidenceJob, done: int, _: int) -> None:
            progress.update(bar, completed=done, description=job.label)

        outcome = run_claims(
            claim,
            settings=settings,
            quick=quick,
            sequential=sequential,
            seed=seed,
            workers=workers,
            scheduler=scheduler,
            progress=advance,
        )
    if as_json:
        _print_json(outcome.as_dict())
    else:
        console = Console(width=None if sys.stdout.isatty() else 120)
        console.print(as_table(outcome))
        console.print(f"{outcome.verdict} in {outcome.seconds:.0f} s", highlight=False)
    if report is not None:
        write_report(outcome, report)
        print(f"report: {report / 'report.md'}, {report / 'report.json'}", file=sys.stderr)
    if outcome.interrupted:
        raise typer.Exit(_INTERRUPTED)
    raise typer.Exit(_EXIT_CODES[str(outcome.verdict)])


@app.command()
def claims(*, extensions: With = None, as_json: Json = False) -> None:
    """List the claims with their sources."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ttt_theory.claims.registration import all_claims

    _load(extensions)
    if as_json:
        fields = ("id", "title", "source", "statement")
        _print_json(
            [
                {name: getattr(each, name) for name in fields}
                | {
                    "general": each.is_general,
                    "published": None if each.published is None else each.published.sentence,
                }
                for each in all_claims()
            ]
        )
        return
    table = Table("claim", "source", "statement")
    for each in all_claims():
        table.add_row(*(escape(text) for text in (each.id, each.source, each.statement)))
    Console(width=None if sys.stdout.isatty() else 120).print(table)


@app.command()
def risk(file: SettingFile, *, extensions: With = None, as_json: Json = False) -> None:
    """Compute the exact one-step risk of a setting."""
    from ttt_theory import Setting, one_step_risk

    _load(extensions)
    _print_fields(dataclasses.asdict(one_step_risk(Setting.from_toml(file))), as_json)


@app.command()
def simulate(
    file: SettingFile,
    *,
    prompts: Annotated[int, typer.Option(min=1, help="Number of simulated prompts.")],
    step_size: Annotated[
        float | None, typer.Option(help="Step size; the exact optimum by default.")
    ] = None,
    method: Annotated[
        str, typer.Option(help="How to simulate: literal, sufficient or conditional.")
    ] = "literal",
    extensions: With = None,
    seed: Seed = 0,
    workers: Annotated[int, typer.Option(min=1, help="Number of processes.")] = 1,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Simulate the risk after one step."""
    from ttt_theory import Setting
    from ttt_theory.linear.monte_carlo import simulation_steps

    _load(extensions)
    steps = simulation_steps(
        Setting.from_toml(file),
        prompts,
        method=method,
        step_size=step_size,
        seed=seed,
        workers=workers,
        scheduler=scheduler,
    )
    estimate, interrupted = None, False
    with _progress() as progress:
        bar = progress.add_task("simulating", total=prompts)
        try:
            for estimate in steps:
                progress.update(bar, completed=estimate.prompts)
        except KeyboardInterrupt:
            interrupted = True
    if estimate is not None:
        _print_fields(dataclasses.asdict(estimate), as_json)
    if interrupted:
        print("interrupted: the estimate is over the prompts finished so far", file=sys.stderr)
        raise typer.Exit(_INTERRUPTED)


@app.command()
def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Sweep file (TOML).")],
    *,
    out: Annotated[Path, typer.Option(help="NetCDF file to write.")],
    extensions: With = None,
    workers: Annotated[int, typer.Option(min=1, help="Number of processes.")] = 1,
    scheduler: Scheduler = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue where an earlier run was cut short.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of all random numbers; the file's by default.")
    ] = None,
) -> None:
    """Compute the risk on a grid of settings: 0 done, 2 bad input, 130 interrupted."""
    from ttt_theory import sweep as run_sweep

    _load(extensions)
    with _progress("{task.fields[rate]}") as progress:
        bar = progress.add_task("", total=None, visible=False, rate="")

        def advance(stage: str, done: int, total: int) -> None:
            task = progress.tasks[bar]
            if task.description != stage:
                # What an earlier run has done says nothing of the rate.
                progress.reset(bar, description=stage, completed=done, total=total, visible=True)
            progress.update(bar, completed=done, rate=f"{task.speed or 0.0:.4g} settings/s")

        dataset = run_sweep(
            file,
            out=out,
            workers=workers,
            scheduler=scheduler,
            resume=resume,
            seed=seed,
            progress=advance,
        )
    print(out)
    if dataset.attrs["out_of_range"]:
        print(
            f"{dataset.attrs['out_of_range']} settings have results outside the range of float64,"
            " which are NaN",
            file=sys.stderr,
        )
    if not dataset.attrs["complete"]:
        print("interrupted: continue with --resume", file=sys.stderr)
        raise typer.Exit(_INTERRUPTED)


@app.command()
def mutants(
    *,
    claim: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID", help="Id or shell pattern of claims to test; repeatable. All by default."
        ),
    ] = None,
    extensions: With = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    report: Annotated[
        Path | None, typer.Option(help="Folder for mutants.md and mutants.json.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Plant wrong theorems: 0 the evidence rejects them all, 1 it does not, 2 bad input."""
    from rich.console import Console

    from ttt_theory import mutants as judge_mutants
    from ttt_theory.claims.registration import all_claims, matching
    from ttt_theory.mutation.judging import Fate
    from ttt_theory.reports.mutants import as_table, summary, write_report

    _load(extensions)
    chosen = matching(claim) if claim else all_claims()
    if report is not None:
        _writable(report, "mutants.md")
    with _progress() as progress:
        bar = progress.add_task("planting", total=None)

        def advance(judgement: Judgement, done: int, total: int) -> None:
            progress.update(bar, description=judgement.mutant.claim, completed=done, total=total)

        outcome = judge_mutants(chosen, workers=workers, scheduler=scheduler, progress=advance)
    if as_json:
        _print_json(outcome.as_dict())
    else:
        console = Console(width=None if sys.stdout.isatty() else 120)
        console.print(as_table(outcome))
        for each in [*outcome.of(Fate.CONTROL_FAILED), *outcome.of(Fate.SURVIVED)]:
            print(each)
        print(summary(outcome))
    if report is not None:
        write_report(outcome, report)
        print(f"report: {report / 'mutants.md'}, {report / 'mutants.json'}", file=sys.stderr)
    if outcome.interrupted:
        raise typer.Exit(_INTERRUPTED)
    raise typer.Exit(0 if outcome.all_killed else 1)


# A statement may begin with a minus.
@app.command(context_settings={"ignore_unknown_options": True})
def check(
    statement: Annotated[
        str, typer.Argument(metavar="STATEMENT", help="Such as 'risk_after <= risk_before'.")
    ],
    *,
    setting: Annotated[
        Path | None, typer.Option(help="Setting file whose values the names take.")
    ] = None,
    extensions: With = None,
    as_json: Json = False,
) -> None:
    """Prove or refute a statement: 0 proved or asymptotic, 1 refuted, 3 undecided, 2 bad input."""
    from ttt_theory import Setting
    from ttt_theory import check as check_statement

    _load(extensions)
    outcome = check_statement(statement, None if setting is None else Setting.from_toml(setting))
    if as_json:
        _print_json(outcome.as_dict())
    else:
        print(outcome.verdict)
        for title in ("counterexample", "order"):
            values = getattr(outcome, title)
            if values:
                known = {name: each for name, each in values.items() if each is not None}
                print(f"{title}:", ", ".join(f"{name} = {each}" for name, each in known.items()))
        for line in outcome.tried:
            print(f"- {line}")
        for line in _shown_proof(outcome.proof):
            print(line)
    raise typer.Exit(_EXIT_CODES[outcome.verdict])


def _shown_proof(proof: dict[str, Any] | None) -> list[str]:
    """Return the lines that show what a proof rests on."""
    if proof is None:
        return []
    if "claims" not in proof:
        return [f"left = {proof['left']}, right = {proof['right']}"]
    lines = [f"domain: {'; '.join(proof['domain'])}"]
    for claim in proof["claims"]:
        cases = [case for case in claim["cases"] if "difference" in case]
        for case in cases[:_CASES_SHOWN]:
            text = case["difference"]
            if len(text) > _LONGEST_DIFFERENCE:
                text = f"{text[:_LONGEST_DIFFERENCE]}... (--json gives all of it)"
            lines.append(f"{claim['claim']}: {case['difference_of']} = {text}")
            lines += [f"  where {name} = {value}" for name, value in case["solved"].items()]
            lines += [f"  with {name} = {value}" for name, value in case["symbols"].items()]
        if len(cases) > _CASES_SHOWN:
            lines.append(f"  and {len(cases) - _CASES_SHOWN} further cases (--json gives them)")
    return lines


@app.command()
def figures(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Such as 1a; all by default.")
    ] = None,
    *,
    out: Annotated[Path, typer.Option(help="Folder for the pictures and their data.")] = Path(
        "build/figures"
    ),
    quick: Annotated[bool, typer.Option("--quick", help="Fewer simulated prompts.")] = False,
    seed: Seed = 0,
) -> None:
    """Draw the papers' figures, with their data as CSV."""
    drawn = _figures()
    with _progress() as progress:
        bar = progress.add_task("drawing", total=None)

        def advance(name: str, done: int, total: int) -> None:
            progress.update(bar, description=f"figure {name}", completed=done, total=total)

        paths = drawn.build(names or None, out=out, quick=quick, seed=seed, progress=advance)
    for path in paths:
        print(path)


def _figures() -> ModuleType:
    """Return the package of the figures, which stands beside this one in a checkout."""
    for name in ("ttt_theory.figures", "figures"):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
    raise InvalidSettingError(
        "figures", "not installed", "install ttt-theory from a wheel or a checkout"
    )


def _load(extensions: list[Path] | None) -> None:
    """Run the user's own files, so that their claims and covariances are known."""
    if extensions:
        from ttt_theory.claims.registration import load_file

        # What a file prints while it runs is no result of the command.
        with contextlib.redirect_stdout(sys.stderr):
            for path in extensions:
                load_file(path)


def _progress(*texts: str) -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        *map(TextColumn, texts),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _writable(folder: Path, name: str) -> None:
    """Make the folder of the report before the work, not after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    except OSError as error:
        raise InvalidSettingError(
            "report", str(folder), f"give a folder that can be written ({error.strerror})"
        ) from None


def _print_json(document: object) -> None:
    print(json.dumps(document, ensure_ascii=False, allow_nan=False))


def _print_fields(fields: dict[str, Any], as_json: bool) -> None:
    if as_json:
        finite = {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in fields.items()
        }
        _print_json(finite)
        return
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        shown = f"{value:.12g}" if isinstance(value, float) else str(value)
        print(f"{name:<{width}}  {shown}")


def main() -> None:
    """Run the command line, with one line on standard error for every fault of the input."""
    try:
        status = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except TTTTheoryError as error:
        status = _fail(str(error))
    except KeyboardInterrupt:
        status = _INTERRUPTED
    except ModuleNotFoundError as error:
        status = _fail(_not_installed(error))
    except Exception as error:
        # A fault of the command line itself; the class is Click's, which Typer does not export.
        message = getattr(error, "format_message", None)
        if message is None:
            raise
        status = _fail(message())
    sys.exit(status)


def _not_installed(error: ModuleNotFoundError) -> str:
    """Say what to install for a package that one of the extras would have brought."""
    package = (error.name or "").partition(".")[0]
    distribution = {"flint": "python-flint"}.get(package, package)
    extras = {
        extra[1:-1]
        for needed, _, extra in (
            each.partition("; extra == ")
            for each in importlib.metadata.requires("ttt-theory") or []
        )
        if re.match(rf"{re.escape(distribution)}(?![\w.-])", needed)
    }
    for extra in ("cli", "verify", "sweep", "distributed"):
        if extra in extras:
            return f"{package} is not installed; install ttt-theory[{extra}]"
    raise error


def _fail(message: str) -> int:
    print(f"ttt-theory: {' '.join(message.split())}", file=sys.stderr)
    return _BAD_INPUT
