"""Running claims: what `ttt-theory verify` does."""

from __future__ import annotations

import dataclasses
import math
import os
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.checks import checked_integer
from ttt_theory.claims.claim import ERROR_RATE, Run
from ttt_theory.claims.registry import claims as all_claims
from ttt_theory.claims.registry import find
from ttt_theory.errors import InvalidSettingError, UnknownClaimError
from ttt_theory.evidence.record import Evidence, Verdict, joint_verdict

if TYPE_CHECKING:
    from ttt_theory.claims.claim import Claim
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["ClaimReport", "Report", "Task", "plan", "verify"]

_MOST_SETTINGS = 100


@dataclass(frozen=True)
class Task:
    """One function of a claim to run, on a setting if it is a check."""

    claim: str
    index: int
    setting_name: str | None = None
    setting: Setting | None = None
    position: int = 0

    @property
    def label(self) -> str:
        """What to show while it runs."""
        return self.claim if self.setting_name is None else f"{self.claim}: {self.setting_name}"

    @property
    def tests(self) -> int:
        """Number of statistical tests it makes."""
        return 0 if self.setting is None else find(self.claim).tests_per_check

    def gather(self, run: Run) -> tuple[list[Evidence], float]:
        """Gather the evidence from the seed of the whole run, and say how long it took."""
        start = time.perf_counter()
        claim = find(self.claim)
        run = dataclasses.replace(run, seed=self._seed(run.seed))
        try:
            if self.setting is None:
                evidence = claim.proofs[self.index](run)
            else:
                evidence = claim.checks[self.index](self.setting, run)
        except Exception as error:  # noqa: BLE001
            # A wrong formula may divide by zero, leave a root finder without a root, or give a size
            # that no setting has; that costs this piece of evidence, not the rest of the run.  The
            # user's settings were checked when they were made.
            evidence = [Evidence("none", Verdict.UNDECIDED, f"not to be computed: {error!r}")]
        if self.setting_name is not None:
            evidence = [
                dataclasses.replace(each, statement=f"{self.setting_name}: {each.statement}")
                for each in evidence
            ]
        return evidence, time.perf_counter() - start

    def _seed(self, seed: int) -> int:
        """Spawn a seed that depends on the claim and the positions of function and setting."""
        key = (zlib.crc32(self.claim.encode()), self.index, self.position)
        child = np.random.SeedSequence(seed, spawn_key=key)
        return int.from_bytes(child.generate_state(4).tobytes(), "little")


@dataclass(frozen=True)
class ClaimReport:
    """What came out for one claim.

    Attributes
    ----------
    claim : Claim
    verdict : Verdict
        Refuted if any evidence is, confirmed if all of it is, undecided otherwise.
    evidence : list of Evidence
    seconds : float
        Computing time.
    """

    claim: Claim
    verdict: Verdict
    evidence: list[Evidence]
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return the entry of the JSON report."""
        return {
            "id": self.claim.id,
            "title": self.claim.title,
            "source": self.claim.source,
            "statement": self.claim.statement,
            "verdict": str(self.verdict),
            "evidence": [each.as_dict() for each in self.evidence],
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class Report:
    """What came out of a run.

    Attributes
    ----------
    claims : list of ClaimReport
    quick, sequential : bool
    seed : int
    settings : list of str
        The user's settings; empty if the built-in ones were used.
    seconds : float
        Wall time.
    interrupted : bool
        Whether Ctrl-C ended the run before all evidence was in.
    """

    claims: list[ClaimReport]
    quick: bool
    sequential: bool
    seed: int
    settings: list[str] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def verdict(self) -> Verdict:
        """The joint verdict of all claims."""
        return joint_verdict([claim.verdict for claim in self.claims])

    @property
    def statistical_tests(self) -> dict[str, float]:
        """How many there are, and what bounds the chance that any of them is wrong.

        The bounds add up the rates that the tests were made at; `budget` is what they share.
        """
        rates = [
            (each.measured["false_alarm_rate"], each.measured["false_pass_rate"])
            for claim in self.claims
            for each in claim.evidence
            if "false_alarm_rate" in each.measured
        ]
        return {
            "tests": len(rates),
            "budget": ERROR_RATE,
            "false_alarm_bound": math.fsum(alarm for alarm, _ in rates),
            "false_pass_bound": math.fsum(passed for _, passed in rates),
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON report."""
        return {
            "verdict": str(self.verdict),
            "quick": self.quick,
            "sequential": self.sequential,
            "seed": self.seed,
            "settings": self.settings,
            "seconds": self.seconds,
            "statistical_tests": self.statistical_tests,
            "claims": [claim.as_dict() for claim in self.claims],
        }


def plan(
    claims: Sequence[str] | None = None, settings: Mapping[str, Setting] | None = None
) -> list[Task]:
    """List what there is to run.

    Parameters
    ----------
    claims : sequence of str, optional
        Ids; all claims if not given.  With `settings`, all general ones.
    settings : mapping of str to Setting, optional
        The user's settings by name.  The claims' checks run on these instead of the built-in
        settings, and proofs that concern no setting do not run.

    Returns
    -------
    list of Task

    Raises
    ------
    UnknownClaimError
        If an id is unknown, or its claim has nothing to check on a setting.
    """
    if isinstance(claims, str):
        claims = [claims]
    if settings is not None and len(settings) > _MOST_SETTINGS:
        raise InvalidSettingError("setting", len(settings), f"give at most {_MOST_SETTINGS} a run")
    chosen = [find(claim_id) for claim_id in dict.fromkeys(claims)] if claims else all_claims()
    if settings:
        general = [claim.id for claim in all_claims() if claim.is_general]
        if claims:
            for claim in chosen:
                if not claim.is_general:
                    raise UnknownClaimError(f"{claim.id} (on a setting)", general)
        chosen = [claim for claim in chosen if claim.is_general]
    tasks = []
    for claim in chosen:
        if not settings:
            tasks += [Task(claim.id, index) for index in range(len(claim.proofs))]
        for position, (name, setting) in enumerate((settings or claim.settings).items()):
            tasks += [
                Task(claim.id, index, name, setting, position) for index in range(len(claim.checks))
            ]
    return tasks


def verify(
    claims: Sequence[str] | None = None,
    *,
    settings: Mapping[str, Setting] | None = None,
    quick: bool = False,
    sequential: bool = False,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[Task, int, int], None] | None = None,
) -> Report:
    """Gather the evidence of claims and judge them.

    Parameters
    ----------
    claims : sequence of str, optional
        Ids of the claims; all of them if not given or empty.
    settings : mapping of str to Setting, optional
        Verify the general claims on these settings instead of the built-in ones.
    quick : bool
        Aim for a margin of 10 % instead of 2 % in simulations.
    sequential : bool
        Stop each simulation as soon as its verdict is safe, at the same error rates.
    seed : int
        Non-negative; of all simulations.
    workers : int, optional
        Number of processes; as many as there are cores if not given.
    progress : callable, optional
        Called with each finished task, the number finished, and their total.

    Returns
    -------
    Report
        On Ctrl-C, of the evidence gathered so far; what is missing leaves its claim undecided.

    Raises
    ------
    UnknownClaimError
        If an id is unknown, or its claim has nothing to check on a setting.
    InvalidSettingError
        If another argument is out of range.

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> print(ttt.verify(["thm-4.2-step"], quick=True, workers=1).verdict)
    confirmed
    """
    seed = checked_integer("seed", seed, 0, 2**128 - 1)
    if workers is None:
        workers = os.cpu_count() or 1
    workers = checked_integer("workers", workers, 1, 1024)
    start = time.perf_counter()
    tasks = plan(claims, settings)
    tests = sum(task.tests for task in tasks)
    run = Run(quick, seed, ERROR_RATE / max(1, tests), sequential)
    outcomes: dict[int, tuple[list[Evidence], float]] = {}
    try:
        for index, outcome in _outcomes(tasks, run, workers):
            outcomes[index] = outcome
            if progress is not None:
                progress(tasks[index], len(outcomes), len(tasks))
    except KeyboardInterrupt:
        pass
    reports = []
    for claim_id in dict.fromkeys(task.claim for task in tasks):
        indices = [index for index, task in enumerate(tasks) if task.claim == claim_id]
        evidence = [each for index in indices if index in outcomes for each in outcomes[index][0]]
        evidence += [
            Evidence("none", Verdict.UNDECIDED, f"{tasks[index].label}: interrupted")
            for index in indices
            if index not in outcomes
        ]
        verdict = joint_verdict([each.verdict for each in evidence])
        seconds = sum(outcomes[index][1] for index in indices if index in outcomes)
        reports.append(ClaimReport(find(claim_id), verdict, evidence, seconds))
    return Report(
        reports,
        quick,
        sequential,
        seed,
        list(settings or {}),
        time.perf_counter() - start,
        interrupted=len(outcomes) < len(tasks),
    )


def _outcomes(
    tasks: list[Task], run: Run, workers: int
) -> Iterator[tuple[int, tuple[list[Evidence], float]]]:
    if workers == 1 or len(tasks) == 1:
        for index, task in enumerate(tasks):
            yield index, task.gather(run)
        return

    from joblib import Parallel, delayed

    # Simulations take longest; started first, they do not keep one process busy at the end.
    order = sorted(range(len(tasks)), key=lambda index: (tasks[index].setting is None, -index))
    with Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1) as parallel:
        yield from parallel(delayed(_gather)(index, tasks[index], run) for index in order)


def _gather(index: int, task: Task, run: Run) -> tuple[int, tuple[list[Evidence], float]]:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return index, task.gather(run)
