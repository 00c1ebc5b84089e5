"""The commands, their arguments and what they print."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import importlib.metadata
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, cast

import typer

from ttt_theory.cli.terminal import (
    Aside,
    note,
    print_fields,
    print_json,
    print_table,
    progress_bar,
    say,
)
from ttt_theory.errors import InvalidSettingError, importing

if TYPE_CHECKING:
    from types import ModuleType

    from ttt_theory.claims.verification import EvidenceJob
    from ttt_theory.mutation.judging import Judgement

__all__ = ["app"]

_LONGEST_DIFFERENCE, _CASES_SHOWN = 400, 4
_EXIT_CODES = {"confirmed": 0, "proved": 0, "asymptotic": 0, "refuted": 1, "undecided": 3}
_INTERRUPTED = 130

app = typer.Typer(
    name="ttt-theory",
    help="Exact theory of test-time training in linear transformers, verified.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(is_asked_for: bool) -> None:
    if is_asked_for:
        say(f"ttt-theory {importlib.metadata.version('ttt-theory')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Take the options that belong to no command."""


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
        typer.Option(
            help="Verify the general claims on this setting file; repeatable, up to 100 times. "
            "What is simulated is undecided beyond dim 300."
        ),
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
    from ttt_theory import Setting
    from ttt_theory import verify as run_claims
    from ttt_theory.claims.verification import jobs_of
    from ttt_theory.reports.verification import as_table, write_report

    _load(extensions)
    settings = {str(path): Setting.from_toml(path) for path in setting or []}
    if report is not None:
        _prepare(report, "report.md")
    total = len(jobs_of(claim, settings))
    with progress_bar() as progress:
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
    if report is not None:
        with _writing(report):
            write_report(outcome, report)
    if as_json:
        print_json(outcome.as_dict())
    else:
        print_table(as_table(outcome))
        say(f"{outcome.verdict} in {outcome.seconds:.0f} s")
    if report is not None:
        note(f"report: {report / 'report.md'}, {report / 'report.json'}")
    if outcome.interrupted:
        raise typer.Exit(_INTERRUPTED)
    raise typer.Exit(_EXIT_CODES[str(outcome.verdict)])


@app.command()
def claims(*, extensions: With = None, as_json: Json = False) -> None:
    """List the claims with their sources."""
    from rich.markup import escape
    from rich.table import Table

    from ttt_theory.claims.registration import all_claims

    _load(extensions)
    if as_json:
        fields = ("id", "title", "source", "statement")
        print_json(
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
    print_table(table)


@app.command()
def risk(
    file: SettingFile,
    *,
    step_sizes: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Also the risk after several steps of these sizes."),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Also the risk after the best steps, so many of them.")
    ] = None,
    rule: Annotated[
        str | None,
        typer.Option(
            help="What --steps are the best of: joint, by default, equal, greedy, or decay:f with "
            "each f times the one before."
        ),
    ] = None,
    extensions: With = None,
    as_json: Json = False,
) -> None:
    """Compute the exact risk of a setting, after one step and after several."""
    from ttt_theory import Setting, best_steps, one_step_risk, several_steps_risk

    _load(extensions)
    if step_sizes is not None and steps is not None:
        raise InvalidSettingError("steps", steps, "give --steps or --step-sizes, not both")
    if rule is not None and steps is None:
        raise InvalidSettingError("rule", rule, "give --steps with it")
    setting = Setting.from_toml(file)
    fields = dataclasses.asdict(one_step_risk(setting))
    if step_sizes is not None:
        fields |= dataclasses.asdict(several_steps_risk(setting, _numbers(step_sizes)))
    if steps is not None:
        fields |= dataclasses.asdict(best_steps(setting, steps, rule or "joint"))
    print_fields(fields, as_json)


def _numbers(text: str) -> list[float]:
    """Read step sizes."""
    try:
        return [float(each) for each in text.split(",")]
    except ValueError:
        remedy = "give numbers with commas between them, such as 1e-5,5e-6"
        raise InvalidSettingError("step_sizes", text, remedy) from None


@app.command()
def simulate(
    file: SettingFile,
    *,
    prompts: Annotated[int, typer.Option(min=1, help="Number of simulated prompts.")],
    step_size: Annotated[
        float | None, typer.Option(help="Step size; the exact optimum by default.")
    ] = None,
    step_sizes: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Several steps of these sizes, one after the other."),
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
    """Simulate the risk after one step, or after several.

    The interval covers it with a probability of at least 95 %; twice the standard error need not,
    at few samples in few dimensions or after several steps.
    """
    from ttt_theory import Setting
    from ttt_theory.linear.monte_carlo import simulation_steps

    _load(extensions)
    steps = simulation_steps(
        Setting.from_toml(file),
        prompts,
        method=method,
        step_size=step_size,
        step_sizes=None if step_sizes is None else _numbers(step_sizes),
        seed=seed,
        workers=workers,
        scheduler=scheduler,
    )
    estimate, interrupted = None, False
    with progress_bar() as progress:
        bar = progress.add_task("simulating", total=prompts)
        try:
            for estimate in steps:
                progress.update(bar, completed=estimate.prompts)
        except KeyboardInterrupt:
            interrupted = True
    if estimate is not None:
        fields = dataclasses.asdict(estimate)
        if not as_json:
            del fields["versions"]
        # One step, or several: what was not asked for is left out.
        for name in ("step_sizes", "risks") if step_sizes is None else ("step_size",):
            del fields[name]
        print_fields(fields, as_json)
    if interrupted:
        note("interrupted: the estimate is over the prompts finished so far")
        raise typer.Exit(_INTERRUPTED)


@app.command()
def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Sweep file (TOML).")],
    *,
    out: Annotated[Path, typer.Option(help="NetCDF file to write, such as sweep.nc.")],
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
    with progress_bar("{task.fields[rate]}") as progress:
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
    say(str(out))
    for name, what in (
        ("out_of_range", "results outside the range of float64"),
        ("lost_precision", "results of which float64 holds too few digits"),
        ("not_known", "exact results that are not known"),
    ):
        if dataset.attrs[name]:
            note(f"{dataset.attrs[name]} settings have {what}, which are NaN")
    if not dataset.attrs["complete"]:
        note("interrupted: continue with --resume")
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
    from ttt_theory import mutants as judge_mutants
    from ttt_theory.claims.registration import all_claims, matching
    from ttt_theory.mutation.judging import Fate
    from ttt_theory.reports.mutants import as_table, summary, write_report

    _load(extensions)
    chosen = matching(claim) if claim else all_claims()
    if report is not None:
        _prepare(report, "mutants.md")
    with progress_bar() as progress:
        bar = progress.add_task("planting", total=None)

        def advance(judgement: Judgement, done: int, total: int) -> None:
            progress.update(bar, description=judgement.mutant.claim, completed=done, total=total)

        outcome = judge_mutants(chosen, workers=workers, scheduler=scheduler, progress=advance)
    if report is not None:
        with _writing(report):
            write_report(outcome, report)
    if as_json:
        print_json(outcome.as_dict())
    else:
        print_table(as_table(outcome))
        for each in [*outcome.of(Fate.CONTROL_FAILED), *outcome.of(Fate.SURVIVED)]:
            say(str(each))
        say(summary(outcome))
    if report is not None:
        note(f"report: {report / 'mutants.md'}, {report / 'mutants.json'}")
    if outcome.interrupted:
        raise typer.Exit(_INTERRUPTED)
    raise typer.Exit(0 if outcome.all_killed else 1)


# A statement may begin with a minus.
@app.command(context_settings={"ignore_unknown_options": True})
def check(
    statement: Annotated[
        str,
        typer.Argument(
            metavar="STATEMENT",
            help="Such as 'risk_after <= risk_before', or with 'risk_after(cold, steps=[1/n, 1/d], "
            "evaluation=same)'.",
        ),
    ],
    *,
    setting: Annotated[
        Path | None,
        typer.Option(
            help="Setting file whose values the names take, of dim 64 at most: undecided beyond."
        ),
    ] = None,
    extensions: With = None,
    as_json: Json = False,
) -> None:
    """Prove or refute a statement: 0 proved or asymptotic, 1 refuted, 3 undecided, 2 bad input.

    What is not decided in 15 seconds is undecided.
    """
    from ttt_theory import Setting
    from ttt_theory import check as check_statement

    _load(extensions)
    outcome = check_statement(statement, None if setting is None else Setting.from_toml(setting))
    if as_json:
        print_json(outcome.as_dict())
    else:
        say(outcome.verdict)
        for title in ("counterexample", "order"):
            values = getattr(outcome, title)
            if values:
                known = {name: each for name, each in values.items() if each is not None}
                listed = ", ".join(f"{name} = {each}" for name, each in known.items())
                say(f"{title}: {listed}")
        for line in outcome.tried:
            say(f"- {line}")
        for line in _shown_proof(outcome.proof):
            say(line)
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
    with progress_bar() as progress:
        bar = progress.add_task("drawing", total=None)

        def advance(name: str, done: int, total: int) -> None:
            progress.update(bar, description=f"figure {name}", completed=done, total=total)

        paths = drawn.build(names or None, out=out, quick=quick, seed=seed, progress=advance)
    for path in paths:
        say(str(path))


def _figures() -> ModuleType:
    """Return the package of the figures, which stands beside this one in a checkout."""
    for name in ("ttt_theory.figures", "figures"):
        if importlib.util.find_spec(name) is not None:
            with importing("cli", "matplotlib"):
                return importlib.import_module(name)
    raise InvalidSettingError(
        "figures", "not installed", "install ttt-theory from a wheel or a checkout"
    )


def _load(extensions: list[Path] | None) -> None:
    """Run the user's own files, so that their claims and covariances are known."""
    if extensions:
        from ttt_theory.claims.registration import load_file

        # What a file prints while it runs is no result of the command.
        with contextlib.redirect_stdout(cast(TextIO, Aside())):
            for path in extensions:
                load_file(path)


def _prepare(report: Path, name: str) -> None:
    """Make the folder of the report before the work, not after it."""
    with _writing(report):
        report.mkdir(parents=True, exist_ok=True)
        (report / name).touch()


@contextlib.contextmanager
def _writing(report: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidSettingError(
            "report", str(report), f"give a folder that can be written ({error.strerror or error})"
        ) from error
