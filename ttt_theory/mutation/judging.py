"""Running the claims' own evidence on wrong theorems: what `ttt-theory mutants` does."""

from __future__ import annotations

import contextlib
import importlib
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from ttt_theory.checks import checked_integer
from ttt_theory.claims.claim import ERROR_RATE, Run
from ttt_theory.claims.registry import claims as all_claims
from ttt_theory.claims.registry import find
from ttt_theory.claims.verification import plan
from ttt_theory.evidence.record import Evidence, Verdict, joint_verdict
from ttt_theory.mutation.generation import Mutant, mutants_of, unchanged

__all__ = ["Fate", "Judgement", "MutantReport", "mutants"]


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    """Evidence that evaluates it refutes the claim."""
    EQUIVALENT = "equivalent"
    """Proved to be no wrong theorem."""
    SURVIVED = "survived"
    """Neither; also where the evidence came to nothing because the mutant raised an error."""
    CONTROL = "control"
    """The formulas as they stand, of which all evidence is confirmed."""
    CONTROL_FAILED = "control failed"
    """The formulas as they stand, rejected: what the others died of is not known."""


@dataclass(frozen=True)
class Judgement:
    """What became of a mutant, and why.

    Attributes
    ----------
    mutant : Mutant
        For a control, one of the claim's formulas as it stands.
    fate : Fate
    reason : str
        The statement refuted, what was proved, or what the evidence said.
    seconds : float
        Computing time.
    """

    mutant: Mutant
    fate: Fate
    reason: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.fate}: {self.mutant}: {self.reason}"

    def as_dict(self) -> dict[str, Any]:
        """Return the entry of the JSON report."""
        return {
            **self.mutant.as_dict(),
            "fate": str(self.fate),
            "reason": self.reason,
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class MutantReport:
    """What became of all mutants of a run.

    Attributes
    ----------
    claims : list of str
        Ids of the claims that the run is about.
    judgements : list of Judgement
        Of mutants and controls.
    seconds : float
        Wall time.
    interrupted : bool
        Whether Ctrl-C ended the run before all were judged.
    """

    claims: list[str]
    judgements: list[Judgement]
    seconds: float
    interrupted: bool = False

    def of(self, fate: Fate, claim: str | None = None) -> list[Judgement]:
        """Return the judgements of one fate, of all claims or of one."""
        return [
            each
            for each in self.judgements
            if each.fate is fate and claim in (None, each.mutant.claim)
        ]

    @property
    def total(self) -> int:
        """Number of wrong theorems judged; the equivalent ones are none."""
        return len(self.of(Fate.KILLED)) + len(self.of(Fate.SURVIVED))

    @property
    def all_killed(self) -> bool:
        """Whether the evidence of every claim rejects every wrong theorem, and no right one."""
        return (
            not self.interrupted
            and not self.of(Fate.SURVIVED)
            and all(
                self.of(Fate.KILLED, claim) and self.of(Fate.CONTROL, claim)
                for claim in self.claims
            )
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON report."""
        return {
            "total": self.total,
            "killed": len(self.of(Fate.KILLED)),
            "survivors": [each.as_dict() for each in self.of(Fate.SURVIVED)],
            "equivalent": [each.as_dict() for each in self.of(Fate.EQUIVALENT)],
            "controls_failed": [each.as_dict() for each in self.of(Fate.CONTROL_FAILED)],
            "interrupted": self.interrupted,
            "seconds": self.seconds,
            "claims": [self.counts(claim) for claim in self.claims],
            "mutants": [each.as_dict() for each in self.judgements if each.mutant.kind is not None],
        }

    def counts(self, claim: str) -> dict[str, Any]:
        """Return a claim's entry of the summary."""
        judged = [each for each in self.judgements if each.mutant.claim == claim]
        return {
            "id": claim,
            "formulas": [formula.label for formula in find(claim).formulas],
            "total": len(self.of(Fate.KILLED, claim)) + len(self.of(Fate.SURVIVED, claim)),
            "killed": len(self.of(Fate.KILLED, claim)),
            "survivors": len(self.of(Fate.SURVIVED, claim)),
            "equivalent": len(self.of(Fate.EQUIVALENT, claim)),
            "control": "confirmed" if self.of(Fate.CONTROL, claim) else "not confirmed",
            "seconds": sum(each.seconds for each in judged),
        }


def mutants(
    claims: Sequence[str] | None = None,
    *,
    workers: int | None = None,
    progress: Callable[[Judgement, int, int], None] | None = None,
) -> MutantReport:
    """Plant wrong theorems and run the claims' own evidence on them.

    The evidence is a claim's proofs and then, in quick mode, its checks on its settings, up to the
    first that refutes.  A mutant that is equivalent, in the sense that its claim states the
    formula, is recognised by proof and not run.  As a control the formulas as they stand are
    planted in the same way, and all their evidence must be confirmed.

    Parameters
    ----------
    claims : sequence of str, optional
        Ids of the claims; all of them if not given or empty.
    workers : int, optional
        Number of processes; as many as there are cores if not given.
    progress : callable, optional
        Called with each judgement, the number made, and their total.

    Returns
    -------
    MutantReport
        On Ctrl-C, of the mutants judged so far.

    Raises
    ------
    UnknownClaimError
        If an id is unknown.
    InvalidSettingError
        If the number of workers is out of range.

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> report = ttt.mutants(["cor-5.4"], workers=1)
    >>> report.total >= 10, report.all_killed
    (True, True)
    """
    if workers is None:
        workers = os.cpu_count() or 1
    workers = checked_integer("workers", workers, 1, 1024)
    if isinstance(claims, str):
        claims = [claims]
    start = time.perf_counter()
    chosen = [find(each) for each in dict.fromkeys(claims)] if claims else all_claims()
    # Controls run all evidence and take longest; started first, they keep no process busy last.
    groups = [unchanged(claim) for claim in chosen if claim.formulas]
    groups += [[mutant] for claim in chosen for mutant in mutants_of(claim)]
    tests = sum(task.tests for group in groups for task in plan([group[0].claim]))
    run = Run(quick=True, seed=0, error_rate=ERROR_RATE / max(1, tests))
    judgements: dict[int, Judgement] = {}
    try:
        for index, judgement in _judgements(groups, run, workers):
            judgements[index] = judgement
            if progress is not None:
                progress(judgement, len(judgements), len(groups))
    except KeyboardInterrupt:
        pass
    return MutantReport(
        [claim.id for claim in chosen],
        [judgements[index] for index in sorted(judgements)],
        time.perf_counter() - start,
        interrupted=len(judgements) < len(groups),
    )


def _judgements(
    groups: list[list[Mutant]], run: Run, workers: int
) -> Iterator[tuple[int, Judgement]]:
    if workers == 1:
        for index, group in enumerate(groups):
            yield _judge(index, group, run)
        return

    from joblib import Parallel, delayed

    with Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1) as parallel:
        yield from parallel(delayed(_judge)(index, each, run) for index, each in enumerate(groups))


def _judge(index: int, group: list[Mutant], run: Run) -> tuple[int, Judgement]:
    """Judge one mutant, or the formulas of a claim as they stand."""
    from threadpoolctl import threadpool_limits

    start = time.perf_counter()
    # A wrong formula may divide by zero or overflow anywhere.
    with threadpool_limits(1), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        is_control = group[0].kind is None
        fate, reason = _control(group, run) if is_control else _fate(group[0], run)
    return index, Judgement(group[0], fate, reason, time.perf_counter() - start)


def _control(formulas: list[Mutant], run: Run) -> tuple[Fate, str]:
    with contextlib.ExitStack() as stack:
        for formula in formulas:
            stack.enter_context(_planted(formula))
        evidence = [each for found in _evidence(formulas[0].claim, run) for each in found]
    for each in evidence:
        if each.verdict is not Verdict.CONFIRMED:
            return Fate.CONTROL_FAILED, each.statement
    if joint_verdict([each.verdict for each in evidence]) is not Verdict.CONFIRMED:
        return Fate.CONTROL_FAILED, "no evidence"
    return Fate.CONTROL, "all evidence confirmed"


def _fate(mutant: Mutant, run: Run) -> tuple[Fate, str]:
    from ttt_theory.mutation.same_theorem import proof_of_equivalence

    module = importlib.import_module(mutant.formula.module)
    proved = proof_of_equivalence(mutant, getattr(module, mutant.formula.name))
    if proved is not None:
        return Fate.EQUIVALENT, proved
    doubts, is_evaluated = [], False
    with _planted(mutant) as calls:
        for evidence in _evidence(mutant.claim, run):
            for each in evidence:
                if each.verdict is Verdict.REFUTED and calls:
                    return Fate.KILLED, f"{each.kind}: {each.statement}"
                if each.verdict is not Verdict.CONFIRMED:
                    blind = ", though not by the formula" if each.verdict is Verdict.REFUTED else ""
                    doubts.append(f"{each.verdict}{blind}: {each.statement}")
            is_evaluated = is_evaluated or bool(calls)
            calls.clear()
    if not is_evaluated:
        return Fate.SURVIVED, "no evidence evaluates the formula"
    return Fate.SURVIVED, doubts[0] if doubts else "all evidence confirmed"


def _evidence(claim: str, run: Run) -> Iterator[list[Evidence]]:
    for task in plan([claim]):
        yield task.gather(run)[0]


@contextlib.contextmanager
def _planted(mutant: Mutant) -> Iterator[list[None]]:
    """Put a mutant where the evidence looks its formula up; yields a list that counts its calls.

    Whoever wants to know of the calls from some moment on clears it then.
    """
    module, name = importlib.import_module(mutant.formula.module), mutant.formula.name
    function, original = mutant.function(), getattr(module, name)
    calls: list[None] = []

    def counted(*arguments: Any, **keywords: Any) -> Any:
        calls.append(None)
        return function(*arguments, **keywords)

    setattr(module, name, counted)
    try:
        yield calls
    finally:
        setattr(module, name, original)
