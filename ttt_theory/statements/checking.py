"""Decides a statement: in a process of its own, which is stopped when its time is up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttt_theory.errors import (
    BrokenPackageError,
    InvalidSettingError,
    MissingPackageError,
    StatementError,
    importing,
)
from ttt_theory.execution.shipping import packed
from ttt_theory.statements.syntax import parse

if TYPE_CHECKING:
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["StatementVerdict", "check", "undecided"]

_LONGEST_SECONDS = 15.0
_LARGEST_DIM = 64
_ERRORS = {
    each.__name__: each
    for each in (BrokenPackageError, InvalidSettingError, MissingPackageError, StatementError)
}


@dataclass(frozen=True)
class StatementVerdict:
    """What was found out about a statement.

    Attributes
    ----------
    statement : str
        As it was given.
    verdict : str
        proved, asymptotic, refuted or undecided.
    counterexample : dict of str to str, optional
        If refuted: exact values for which the conditions hold and the statement does not, and the
        values of its sides, `left` and `right`, or the `limit` of their ratio.
    order : dict, optional
        If asymptotic: the `exponent` p and the `coefficient` c of left/right = 1 + c·d^−p + …, as
        text; c may be 0 at some values of the names, may hold log(d), and is None if no one
        expression holds at all of them: p is then the smallest exponent, or infinity.  None if the
        sides are equal, or the order was not found.
    tried : tuple of str
        The proof, or what was tried.
    proof : dict, optional
        If proved: the `domain`, and the `claims` that the statement follows from, each with the
        factored difference of its sides and a certificate of its sign that any program can
        re-check; docs/evidence.md has the format.  For a setting, the values of the sides.
    """

    statement: str
    verdict: str
    counterexample: dict[str, str] | None
    order: dict[str, str | None] | None
    tried: tuple[str, ...]
    proof: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return asdict(self)


def check(statement: str, setting: Setting | None = None) -> StatementVerdict:
    """Prove or refute a statement about the risk after steps for isotropic covariances.

    The statement compares two expressions with ``==``, ``~``, ``<=``, ``>=``, ``<`` or ``>``, and
    may end in ``when CONDITION[, CONDITION]…``.  Names are n, k and d (integers from 1), alpha =
    n/d, gamma = k/d, norm2 = ‖β‖² > 0 and noise = σ² ≥ 0, at test time and in pretraining alike;
    risk_before, risk_after, improvement and step_size, of the warm start unless followed by
    (cold), and at other sizes by keyword, as in risk_after(cold, n=n+1); sqrt, log, exp, min, max
    and abs.  Decimals are exact.

    The quantities are those of the best single step and a fresh context.  risk_after and
    improvement take other steps, risk_after(steps=[1/n, step_size/2]), 1 to 16 expressions, and
    all take evaluation=same, the context that the steps were taken on.

    A statement speaks of the points at which its conditions hold and its sides are defined.  With
    ``~`` the ratio of the sides tends to 1 as d grows, with n = alpha·d and k = gamma·d, for every
    fixed alpha and gamma > 0, norm2 and noise that satisfy the conditions for all large d.

    Parameters
    ----------
    statement : str
        At most 1000 characters; parsed by a grammar of its own, never evaluated as code.
    setting : Setting, optional
        If given, all names take its values, and a quantity that names no start or no evaluation
        has its own; it has two steps at most, unless Σ_x and W are multiples of the identity.  Its
        task must be fixed, its steps plain and its features Gaussian.  A float stands for the
        shortest decimal that denotes it, the one that Python prints: 0.1 is 1/10 here, where
        `one_step_risk` takes it for the number of 53 bits next to that.  At most 64 dimensions.

    Returns
    -------
    StatementVerdict
        A proof is by exact algebra over all points, a counterexample is exact; else the verdict is
        undecided, as it is beyond dim 64 and for whatever is not decided in 15 s.

    Raises
    ------
    StatementError
        If the statement cannot be read, its conditions contradict each other, or a setting has no
        exact risk after so many steps.
    InvalidSettingError
        If the setting is anything but a `Setting`, or of a kind that is not known here.
    MissingPackageError, BrokenPackageError
        If what this needs is not installed, or cannot be imported.

    Notes
    -----
    Source: the quantities are the exact ones of theory.md, section 2, facts 3, 4, 7 and 8.

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> ttt.check("risk_after <= risk_before").verdict
    'proved'
    >>> ttt.check("risk_after < risk_before").counterexample  # doctest: +NORMALIZE_WHITESPACE
    {'n': '1', 'k': '1', 'd': '1', 'norm2': '1', 'noise': '0', 'alpha': '1', 'gamma': '1',
     'left': '2/3', 'right': '2/3'}
    >>> ttt.check("risk_after(steps=[1/n, 1/d]) == risk_after(steps=[1/d, 1/n])").verdict
    'proved'
    """
    # The process that works on it tells what it lacks, too, but may have a path of its own.
    with importing("verify", "flint", "hypothesis", "cloudpickle"):
        pass
    parsed = parse(statement)
    if setting is not None:
        from ttt_theory.linear.setting.setting import checked_setting

        setting = checked_setting(setting)
        if parsed.comparison.relation == "~":
            raise StatementError("~ says nothing of a setting, whose sizes are fixed; use <= or ==")
        if setting.dim > _LARGEST_DIM:
            reason = (
                f"exact matrices of dim {setting.dim} are too large; the most is {_LARGEST_DIM}"
            )
            return _verdict(statement, undecided(reason))
    answer = _in_a_process(packed((statement, setting)))
    return _verdict(statement, answer)


def undecided(*tried: str) -> dict[str, Any]:
    """Return the answer to a statement that was neither proved nor refuted, as plain data."""
    return {"verdict": "undecided", "counterexample": None, "order": None, "tried": list(tried)}


def _verdict(statement: str, answer: dict[str, Any]) -> StatementVerdict:
    return StatementVerdict(statement, **{**answer, "tried": tuple(answer["tried"])})


def _in_a_process(request: bytes) -> dict[str, Any]:
    package = str(Path(__file__).parents[2])
    # Where this process finds the classes of a setting, that one does.
    path = os.pathsep.join([package, *filter(None, sys.path)])
    try:
        finished = subprocess.run(
            [sys.executable, "-P", "-m", "ttt_theory.statements.worker"],
            input=request,
            capture_output=True,
            timeout=_LONGEST_SECONDS,
            env={**os.environ, "PYTHONPATH": path},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return undecided(f"stopped after {_LONGEST_SECONDS:g} s")
    if finished.returncode:
        lines = finished.stderr.decode(errors="replace").strip().splitlines()
        reason = lines[-1] if lines else f"status {finished.returncode}"
        return undecided(f"the process that worked on it failed: {reason}")
    answer: dict[str, Any] = json.loads(finished.stdout)
    if "error" in answer:
        raise _ERRORS[answer["error"]](*answer["arguments"])
    return answer
