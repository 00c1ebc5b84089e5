"""Running the claims' own evidence on wrong theorems: what `ttt-theory mutants` does."""

from __future__ import annotations

import contextlib
import functools
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.claims.verification import EvidenceJob, Role, checked_workers, jobs_of
from ttt_theory.evidence.effort import ERROR_RATE, Effort
from ttt_theory.evidence.record import Verdict, joint_verdict
from ttt_theory.execution import Provenance, run_jobs
from ttt_theory.mutation.generation import Mutant, mutants_of, unchanged

if TYPE_CHECKING:
    from ttt_theory.claims.claim import Claim
    from ttt_theory.evidence.record import Evidence

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
    claims : list of Claim
        What the run is about.
    judgements : list of Judgement
        Of mutants and controls.
    seconds : float
        Wall time.
    interrupted : bool
        Whether Ctrl-C ended the run before all were judged.
    versions : dict of str to str
        Of the packages that judged them, where they were judged.
    """

    claims: list[Claim]
    judgements: list[Judgement]
    seconds: float
    interrupted: bool = False
    versions: dict[str, str] = field(default_factory=dict)

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
                self.of(Fate.KILLED, claim.id) and self.of(Fate.CONTROL, claim.id)
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
            "versions": self.versions,
            "seconds": self.seconds,
            "claims": [self.counts(claim) for claim in self.claims],
            "mutants": [each.as_dict() for each in self.judgements if each.mutant.kind is not None],
        }

    def counts(self, claim: Claim) -> dict[str, Any]:
        """Return a claim's entry of the summary."""
        judged = [each for each in self.judgements if each.mutant.claim == claim.id]
        killed, survived = self.of(Fate.KILLED, claim.id), self.of(Fate.SURVIVED, claim.id)
        return {
            "id": claim.id,
            "formulas": [formula.label for formula in claim.formulas],
            "total": len(killed) + len(survived),
            "killed": len(killed),
            "survivors": len(survived),
            "equivalent": len(self.of(Fate.EQUIVALENT, claim.id)),
            "control": "confirmed" if self.of(Fate.CONTROL, claim.id) else "not confirmed",
            "seconds": sum(each.seconds for each in judged),
        }


def mutants(
    claims: Sequence[str | Claim] | None = None,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[Judgement, int, int], None] | None = None,
) -> MutantReport:
    """Plant wrong theorems and run the claims' own evidence on them.

    The evidence is what a claim gathers in quick mode, proofs first, up to the first that refutes.
    A mutant that is equivalent, in the sense that its claim states the formula, is recognised by
    proof and not run.  As a control the formulas as they stand are planted in the same way, and all
    their evidence must be confirmed.

    Parameters
    ----------
    claims : sequence of str or Claim, optional
        Ids or shell patterns, or claims themselves; all that are registered if not given or empty.
    workers : int, optional
        Number of processes; as many as there are cores if not given.
    scheduler : str, optional
        Address of a running Dask scheduler, whose workers are used instead.
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
    workers = checked_workers(workers, scheduler)
    start = time.perf_counter()
    chosen = {job.claim.id: job.claim for job in jobs_of(claims)}
    # Controls gather all evidence and take longest; started first, they keep no process busy last.
    groups = [unchanged(claim) for claim in chosen.values() if claim.formulas]
    groups += [[mutant] for claim in chosen.values() for mutant in mutants_of(claim)]
    tests = sum(job.tests for group in groups for job in _jobs(chosen[group[0].claim]))
    effort = Effort(quick=True, seed=0, error_rate=ERROR_RATE / max(1, tests))
    judgements: dict[int, Judgement] = {}
    provenance = Provenance()
    try:
        for index, outcome in run_jobs(
            _judged,
            [(chosen[group[0].claim], group, effort) for group in groups],
            workers=workers,
            scheduler=scheduler,
            provenance=provenance,
        ):
            judgements[index] = Judgement(groups[index][0], *outcome)
            if progress is not None:
                progress(judgements[index], len(judgements), len(groups))
    except KeyboardInterrupt:
        pass
    return MutantReport(
        list(chosen.values()),
        [judgements[index] for index in sorted(judgements)],
        time.perf_counter() - start,
        interrupted=len(judgements) < len(groups),
        versions=provenance.versions or {},
    )


def _jobs(claim: Claim) -> list[EvidenceJob]:
    """Return what gathers the evidence of a claim itself, proofs first."""
    jobs = [job for job in jobs_of([claim]) if job.role is not Role.PUBLISHED]
    return sorted(jobs, key=lambda job: bool(job.tests))


def _judged(job: tuple[Claim, list[Mutant], Effort]) -> tuple[Fate, str, float]:
    """Judge one mutant, or the formulas of a claim as they stand."""
    claim, group, effort = job
    start = time.perf_counter()
    # A wrong formula may divide by zero or overflow anywhere.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        is_control = group[0].kind is None
        fate, reason = (_control if is_control else _fate)(claim, group, effort)
    return fate, reason, time.perf_counter() - start


def _control(claim: Claim, formulas: list[Mutant], effort: Effort) -> tuple[Fate, str]:
    with contextlib.ExitStack() as stack:
        for formula in formulas:
            stack.enter_context(_planted(formula))
        evidence = [each for job in _jobs(claim) for each in job.gather(effort)[0]]
    for each in evidence:
        if each.verdict is not Verdict.CONFIRMED:
            return Fate.CONTROL_FAILED, each.statement
    if joint_verdict([each.verdict for each in evidence]) is not Verdict.CONFIRMED:
        return Fate.CONTROL_FAILED, "no evidence"
    return Fate.CONTROL, "all evidence confirmed"


# What was doubtful in evidence, gathered on a setting, that was seen not to evaluate a formula: a
# mistake in the formula changes nothing of it, whatever the mistake.
_BLIND: dict[tuple[Callable[..., Any], str | None, Callable[..., Any]], list[str]] = {}


def _fate(claim: Claim, group: list[Mutant], effort: Effort) -> tuple[Fate, str]:
    from ttt_theory.mutation.same_theorem import proof_of_equivalence

    [mutant] = group
    proved = proof_of_equivalence(mutant, mutant.formula.function)
    if proved is not None:
        return Fate.EQUIVALENT, proved
    doubts, is_evaluated = [], False
    with _planted(mutant) as calls:
        for job in _jobs(claim):
            blind = (job.function, job.setting_name, mutant.formula.function)
            if blind in _BLIND:
                doubts += _BLIND[blind]
                continue
            evidence = job.gather(effort)[0]
            for each in evidence:
                if each.verdict is Verdict.REFUTED and calls:
                    return Fate.KILLED, f"{each.kind}: {each.statement}"
            found = [_doubt(each) for each in evidence if each.verdict is not Verdict.CONFIRMED]
            doubts += found
            if not calls:
                _BLIND[blind] = found
            is_evaluated = is_evaluated or bool(calls)
            calls.clear()
    if not is_evaluated:
        return Fate.SURVIVED, "no evidence evaluates the formula"
    return Fate.SURVIVED, doubts[0] if doubts else "all evidence confirmed"


def _doubt(evidence: Evidence) -> str:
    other = ", though not by the formula" if evidence.verdict is Verdict.REFUTED else ""
    return f"{evidence.verdict}{other}: {evidence.statement}"


@contextlib.contextmanager
def _planted(mutant: Mutant) -> Iterator[list[None]]:
    """Put a mutant where the evidence looks its formula up; yields a list that counts its calls.

    That is the namespace of the module that defines the formula, as this process has it: the module
    itself, or what came with a claim that was sent here.  Whoever wants to know of the calls from
    some moment on clears the list then.
    """
    original = mutant.formula.function
    names, name = original.__globals__, original.__name__
    function = mutant.function()
    calls: list[None] = []

    # A compiled formula may be called by what its parameters are named for.
    @functools.wraps(original)
    def counted(*arguments: Any, **keywords: Any) -> Any:
        calls.append(None)
        return function(*arguments, **keywords)

    names[name] = counted
    try:
        yield calls
    finally:
        names[name] = original
