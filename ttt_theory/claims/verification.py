"""Running claims: what `ttt-theory verify` does."""

from __future__ import annotations

import dataclasses
import math
import os
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np

from ttt_theory.checks import checked_integer
from ttt_theory.claims.claim import Claim, declared_tests
from ttt_theory.claims.registration import all_claims, matching
from ttt_theory.errors import InvalidSettingError, UnknownClaimError, broken_import, import_fault
from ttt_theory.evidence.effort import ERROR_RATE, Effort
from ttt_theory.evidence.record import Evidence, EvidenceKind, Verdict, joint_verdict
from ttt_theory.execution import Provenance, check_can_share, run_jobs

__all__ = ["ClaimReport", "EvidenceJob", "PublishedReport", "Report", "Role", "jobs_of", "verify"]

_MOST_SETTINGS = 100


class Role(Enum):
    """What a function of a claim gathers evidence for."""

    CLAIM = "claim"
    """The claim itself, whatever the setting."""
    SETTING = "setting"
    """The claim, on a setting."""
    PUBLISHED = "published"
    """The paper's own sentence."""


@dataclass(frozen=True)
class EvidenceJob:
    """One function of a claim to run, on a setting if it is a check.

    Attributes
    ----------
    claim : Claim
    role : Role
    index : int
        Which of the claim's functions of that role.
    setting_name : str, optional
    setting : object, optional
    position : int
        The setting's place among those that the checks run on.
    """

    claim: Claim
    role: Role
    index: int
    setting_name: str | None = None
    setting: Any = None
    position: int = 0

    @property
    def label(self) -> str:
        """What to show while it runs."""
        name = self.claim.id
        return name if self.setting_name is None else f"{name}: {self.setting_name}"

    @property
    def tests(self) -> int:
        """Number of statistical tests that it declares."""
        return declared_tests(self.function)

    @property
    def function(self) -> Callable[..., list[Evidence]]:
        """The claim's function."""
        if self.role is Role.CLAIM:
            return self.claim.evidence[self.index]
        if self.role is Role.SETTING:
            return self.claim.checks[self.index]
        assert self.claim.published is not None
        return self.claim.published.evidence[self.index]

    def gather(self, effort: Effort) -> tuple[list[Evidence], float]:
        """Gather the evidence from the seed of the whole run, and say how long it took."""
        start = time.perf_counter()
        effort = dataclasses.replace(effort, seed=self._seed(effort.seed))
        arguments = (effort,) if self.role is not Role.SETTING else (self.setting, effort)
        try:
            evidence = self._accepted(self.function(*arguments), effort)
        except ImportError as error:
            # A package that is missing says nothing of the claim.
            raise import_fault(error) from error
        except Exception as error:
            if (fault := broken_import(error)) is not None:
                raise fault from error
            # A wrong formula may divide by zero, leave a root finder without a root, or give a size
            # that no setting has; that costs this piece of evidence, not the rest of the run.  The
            # user's settings were checked when they were made.
            evidence = [_nothing(f"not to be computed: {error!r}")]
        if self.setting_name is not None:
            evidence = [
                dataclasses.replace(each, statement=f"{self.setting_name}: {each.statement}")
                for each in evidence
            ]
        return evidence, time.perf_counter() - start

    def _accepted(self, evidence: list[Evidence], effort: Effort) -> list[Evidence]:
        """Return the evidence, and what keeps it from counting if anything does."""
        name = getattr(self.function, "__name__", "a function")
        if not evidence:
            return [_nothing(f"{name} gathered nothing")]
        rates = [each.measured.get("false_alarm_rate", 0.0) for each in evidence]
        allowed = self.tests * effort.error_rate
        if math.fsum(rates) > allowed * (1.0 + 1e-9):
            reason = f"{name} made more statistical tests than the {self.tests} that it declares"
            return [*evidence, _nothing(f"{reason}, with statistical_tests")]
        return evidence

    def _seed(self, seed: int) -> int:
        """Spawn a seed that depends on the claim and the positions of function and setting."""
        key = [zlib.crc32(self.claim.id.encode()), self.index, self.position]
        if self.role is Role.PUBLISHED:
            key.append(1)
        child = np.random.SeedSequence(seed, spawn_key=key)
        return int.from_bytes(child.generate_state(4).tobytes(), "little")


def _nothing(statement: str) -> Evidence:
    return Evidence(EvidenceKind.NONE, Verdict.UNDECIDED, statement)


@dataclass(frozen=True)
class PublishedReport:
    """What came out for a paper's own sentence.

    Attributes
    ----------
    sentence, reason : str
    verdict : Verdict
    evidence : list of Evidence
    """

    sentence: str
    reason: str
    verdict: Verdict
    evidence: list[Evidence]

    def as_dict(self) -> dict[str, Any]:
        """Return the entry of the JSON report."""
        return {
            "sentence": self.sentence,
            "verdict": str(self.verdict),
            "reason": self.reason,
            "evidence": [each.as_dict() for each in self.evidence],
        }


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
    published : PublishedReport, optional
        What came out for the paper's own sentence, where there is one and no setting is given.
    """

    claim: Claim
    verdict: Verdict
    evidence: list[Evidence]
    seconds: float
    published: PublishedReport | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the entry of the JSON report."""
        return {
            "id": self.claim.id,
            "title": self.claim.title,
            "source": self.claim.source,
            "statement": self.claim.statement,
            "verdict": str(self.verdict),
            "published": None if self.published is None else self.published.as_dict(),
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
    versions : dict of str to str
        Of the packages that gathered the evidence, where it was gathered.
    """

    claims: list[ClaimReport]
    quick: bool
    sequential: bool
    seed: int
    settings: list[str] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """The joint verdict of all claims; what papers say counts for nothing in it."""
        return joint_verdict([claim.verdict for claim in self.claims])

    @property
    def statistical_tests(self) -> dict[str, float]:
        """How many there are, and what bounds the chance that any of them is wrong.

        The bounds add up the rates that the tests were made at; `budget` is what they share.
        """
        evidence = [each for claim in self.claims for each in claim.evidence]
        evidence += [
            each for claim in self.claims if claim.published for each in claim.published.evidence
        ]
        rates = [
            (each.measured["false_alarm_rate"], each.measured["false_pass_rate"])
            for each in evidence
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
            "versions": self.versions,
            "seconds": self.seconds,
            "statistical_tests": self.statistical_tests,
            "claims": [claim.as_dict() for claim in self.claims],
        }


def jobs_of(
    claims: Sequence[str | Claim] | None = None, settings: Mapping[str, Any] | None = None
) -> list[EvidenceJob]:
    """List what there is to run.

    Parameters
    ----------
    claims : sequence of str or Claim, optional
        Ids, shell patterns, or claims that need not be registered; all registered ones if not
        given.  With `settings`, all general ones that apply to any of them.
    settings : mapping of str to object, optional
        The user's settings by name.  The claims' checks run on these instead of the built-in
        settings, and evidence that concerns no setting is not gathered.

    Returns
    -------
    list of EvidenceJob

    Raises
    ------
    UnknownClaimError
        If a pattern matches nothing, or its claims have nothing to check on the settings.
    """
    if settings is not None and not isinstance(settings, Mapping):
        remedy = "give settings by name, such as {'mine': Setting.from_toml(\"my.toml\")}"
        raise InvalidSettingError("settings", settings, remedy)
    if settings is not None and len(settings) > _MOST_SETTINGS:
        raise InvalidSettingError("setting", len(settings), f"give at most {_MOST_SETTINGS} a run")
    groups = _groups(claims)
    if settings:
        groups = _applicable(groups, settings, is_asked_for=bool(claims))
    chosen = {claim.id: claim for found in groups.values() for claim in found}
    jobs = []
    for claim in chosen.values():
        if not settings:
            jobs += [EvidenceJob(claim, Role.CLAIM, i) for i in range(len(claim.evidence))]
            published = claim.published.evidence if claim.published else ()
            jobs += [EvidenceJob(claim, Role.PUBLISHED, i) for i in range(len(published))]
        for position, (name, setting) in enumerate((settings or claim.settings).items()):
            if claim.applies_to(setting):
                jobs += [
                    EvidenceJob(claim, Role.SETTING, index, name, setting, position)
                    for index in range(len(claim.checks))
                ]
    return jobs


def _groups(claims: Sequence[str | Claim] | None) -> dict[str, list[Claim]]:
    """Return the claims that are asked for, by the id or pattern that asks for them."""
    if not claims:
        return {"*": all_claims()}
    if isinstance(claims, str | Claim):
        claims = [claims]
    claims = list(claims) if isinstance(claims, Iterable) else [claims]
    for each in claims:
        if not isinstance(each, str | Claim):
            raise InvalidSettingError("claims", each, "give ids, shell patterns or claims")
    return {
        each if isinstance(each, str) else each.id: (
            [each] if isinstance(each, Claim) else matching([each])
        )
        for each in claims
    }


def _applicable(
    groups: dict[str, list[Claim]], settings: Mapping[str, Any], *, is_asked_for: bool
) -> dict[str, list[Claim]]:
    """Return the claims that apply to any of the settings; nothing asked for is left out."""
    known = [*all_claims(), *(claim for found in groups.values() for claim in found)]
    for name, setting in settings.items():
        if not any(claim.applies_to(setting) for claim in known):
            file = setting if isinstance(setting, str | os.PathLike) else "my.toml"
            remedy = f'give a Setting, such as Setting.from_toml("{os.fspath(file)!s}")'
            raise InvalidSettingError(f"settings.{name}", setting, remedy)
    applicable = {
        asked: [claim for claim in found if any(map(claim.applies_to, settings.values()))]
        for asked, found in groups.items()
    }
    for asked, found in applicable.items():
        if is_asked_for and not found:
            general = [claim.id for claim in all_claims() if claim.is_general]
            raise UnknownClaimError(f"{asked} (on a setting)", general)
    every = [claim for found in applicable.values() for claim in found]
    for name, setting in settings.items():
        if not any(claim.applies_to(setting) for claim in every):
            remedy = "give a setting that the claims asked for can be checked on"
            raise InvalidSettingError("settings", name, remedy)
    return applicable


def verify(
    claims: Sequence[str | Claim] | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    quick: bool = False,
    sequential: bool = False,
    seed: int = 0,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[EvidenceJob, int, int], None] | None = None,
) -> Report:
    """Gather the evidence of claims and judge them.

    Parameters
    ----------
    claims : sequence of str or Claim, optional
        Ids or shell patterns, or claims themselves; all that are registered if not given or empty.
    settings : mapping of str to Setting, optional
        Verify the general claims on these settings instead of the built-in ones; at most 100.  What
        a claim cannot test, such as by simulation beyond dim 300, leaves it undecided.
    quick : bool
        Aim for a margin of 10 % instead of 2 % in simulations.
    sequential : bool
        Stop each simulation as soon as its verdict is safe, at the same error rates.
    seed : int
        Non-negative; of all simulations.
    workers : int, optional
        Number of processes; as many as there are cores if not given.  It changes no bit.
    scheduler : str, optional
        Address of a running Dask scheduler, whose workers are used instead.
    progress : callable, optional
        Called with each finished job, the number finished, and their total.

    Returns
    -------
    Report
        On Ctrl-C, of the evidence gathered so far; what is missing leaves its claim undecided.

    Raises
    ------
    UnknownClaimError
        If a pattern matches nothing, or its claims have nothing to check on a setting.
    InvalidSettingError
        If another argument is out of range.

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> print(ttt.verify(["thm-4.2-step"], quick=True, workers=1).verdict)
    confirmed
    """
    seed = checked_integer("seed", seed, 0, 2**128 - 1)
    workers = checked_workers(workers, scheduler)
    start = time.perf_counter()
    jobs = jobs_of(claims, settings)
    tests = sum(job.tests for job in jobs)
    effort = Effort(quick, seed, ERROR_RATE / max(1, tests), sequential)
    # Simulations take longest; started first, they do not keep one process busy at the end.
    order = sorted(range(len(jobs)), key=lambda place: not jobs[place].tests)
    outcomes: dict[int, tuple[list[Evidence], float]] = {}
    provenance = Provenance()
    try:
        for position, outcome in run_jobs(
            _gathered,
            [(jobs[place], effort) for place in order],
            workers=min(workers, max(1, len(jobs))),
            scheduler=scheduler,
            provenance=provenance,
        ):
            place = order[position]
            outcomes[place] = outcome
            if progress is not None:
                progress(jobs[place], len(outcomes), len(jobs))
    except KeyboardInterrupt:
        pass
    reports = [
        _claim_report(claim_id, jobs, outcomes)
        for claim_id in dict.fromkeys(job.claim.id for job in jobs)
    ]
    return Report(
        reports,
        quick,
        sequential,
        seed,
        list(settings or {}),
        time.perf_counter() - start,
        interrupted=len(outcomes) < len(jobs),
        versions=provenance.versions or {},
    )


def checked_workers(workers: int | None, scheduler: str | None) -> int:
    """Return a number of processes, as many as there are cores if none is given."""
    if workers is None:
        workers = os.cpu_count() or 1
    workers = checked_integer("workers", workers, 1, 1024)
    check_can_share(workers, scheduler, "verify")
    return workers


def _gathered(job: tuple[EvidenceJob, Effort]) -> tuple[list[Evidence], float]:
    evidence_job, effort = job
    return evidence_job.gather(effort)


def _claim_report(
    claim_id: str, jobs: list[EvidenceJob], outcomes: dict[int, tuple[list[Evidence], float]]
) -> ClaimReport:
    """Put together what the jobs of a claim have found."""
    places = [place for place, job in enumerate(jobs) if job.claim.id == claim_id]
    claim = jobs[places[0]].claim

    def found(*roles: Role) -> list[Evidence]:
        asked = [place for place in places if jobs[place].role in roles]
        evidence = [each for place in asked if place in outcomes for each in outcomes[place][0]]
        missing = [place for place in asked if place not in outcomes]
        return evidence + [_nothing(f"{jobs[place].label}: interrupted") for place in missing]

    evidence, for_published = found(Role.CLAIM, Role.SETTING), found(Role.PUBLISHED)
    published = None
    if claim.published is not None and for_published:
        published = PublishedReport(
            claim.published.sentence,
            claim.published.reason,
            joint_verdict([each.verdict for each in for_published]),
            for_published,
        )
    seconds = sum(outcomes[place][1] for place in places if place in outcomes)
    verdict = joint_verdict([each.verdict for each in evidence])
    return ClaimReport(claim, verdict, evidence, seconds, published)
