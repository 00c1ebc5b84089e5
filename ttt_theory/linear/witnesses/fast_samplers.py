"""The two samplers of the data vectors' laws, against the literal simulator and the exact risk."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.covariance import Dense
from ttt_theory.errors import InvalidSettingError
from ttt_theory.evidence.quadrature import NodeGenerator
from ttt_theory.evidence.record import ROUND_OFF, Evidence, EvidenceKind, Verdict, agreement
from ttt_theory.evidence.simulated_means import equivalence
from ttt_theory.linear.exact.fresh_context import risk_of
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.weights import starting_weights
from ttt_theory.linear.monte_carlo import (
    fast_sampler_of,
    literal_of,
    literal_simulator,
    rescaled,
)
from ttt_theory.linear.setting.examples import TINY
from ttt_theory.linear.simulation.literal import QUERIES
from ttt_theory.linear.simulation.second_moments import block_variances, conditional_variances
from ttt_theory.linear.witnesses.exact_average import exact_coefficients
from ttt_theory.linear.witnesses.simulated_risk import (
    COEFFICIENTS,
    LARGEST_DIM,
    coefficients_are_averaged,
    in_units_of,
    is_averaged,
    minimum_is_simulated,
)
from ttt_theory.structured.base import dense

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray
    from ttt_theory.evidence.effort import Effort
    from ttt_theory.linear.setting.setting import Setting
    from ttt_theory.linear.simulation.data_vector import SimulatorInLaw

__all__ = ["FAST_METHODS", "sampler_is_averaged", "sampler_is_simulated"]

FAST_METHODS = ("sufficient", "conditional")
"""The methods of `simulate` that draw data vectors in place of samples."""

# Small enough to average the literal simulator exactly; n = 2 tells n from n², noise and d = 2 tell
# the parts of a data vector from one another.
_AVERAGED = (
    "n = k = d = 1, noise",
    "n = 1, k = 3, d = 1, noise",
    "n = k = 1, d = 2, dense, noise",
    "n = 1, k = 2, d = 2, singular",
    "n = 2, k = 1, d = 2, dense",
)

# Normal numbers of a prompt, about: z and r for each data vector, and what products take.
_NUMBERS_PER_DIMENSION = 16
_NUMBERS_PER_DRAW = 16
# Subtractions that the samplers do not avoid leave this much of a label's variance in c0.
_CANCELLED = 1e-9


def sampler_is_averaged(method: str) -> list[Evidence]:
    """Average a sampler over the nodes of its own law, and compare with the literal simulator.

    Parameters
    ----------
    method : str
        One of `FAST_METHODS`.
    """
    evidence = []
    for name in _AVERAGED:
        problem = Problem.of(TINY[name])
        sampler = fast_sampler_of(problem, starting_weights(problem), method)
        expected = _literal_average(name)
        constant, _, quadratic = expected
        # Rounding in c1 is that of terms of up to 2√(c0c2).
        scales = np.array([constant, 2.0 * math.sqrt(constant * quadratic), quadratic])
        evidence.append(
            agreement(
                EvidenceKind.EXACT_AVERAGE,
                f"{name}: the {method} sampler's expectation is the literal simulator's",
                (_average(sampler, method) - expected) / scales,
            )
        )
    return evidence


@functools.cache
def _literal_average(name: str) -> FloatArray:
    return exact_coefficients(literal_simulator(TINY[name]))


def _average(sampler: SimulatorInLaw, method: str) -> FloatArray:
    """Return the expectation of c0, c1 and c2.

    c2 is of degree four in u, and two in v and in u'; a χ² variable counts as two.
    """
    # With a normal number for each dimension, where other covariances may take more or fewer.
    covariance = Dense(dense(sampler.feature_covariance.matrix()))
    sampler = dataclasses.replace(sampler, feature_covariance=covariance)
    normals = len(sampler.task) + (sampler.noise_variance > 0.0)
    nodes = [3] * (normals + 1)
    if method == "sufficient":
        nodes += 2 * [2] * (normals + 1) + [1, 2, 1]
    rng = NodeGenerator(nodes)
    average: FloatArray = rng.average(sampler.coefficients(rng.draws, rng))
    return average


def sampler_is_simulated(setting: Setting, method: str, effort: Effort) -> list[Evidence]:
    """Test the exact coefficients of a setting's risk against a sampler's draws.

    Parameters
    ----------
    setting : Setting
    method : str
        One of `FAST_METHODS`.
    effort : Effort
        Margins are relative to the coefficients themselves.

    Returns
    -------
    list of Evidence
        One for each coefficient, and for the minimum that follows.  The conditional sampler's c0
        is no draw: it is compared as it is.
    """
    statements = [f"the {method} sampler's {name} coefficient of R(η)" for name in COEFFICIENTS]
    problem = Problem.of(setting)
    start = starting_weights(problem)
    exact, minimum = in_units_of(problem, risk_of(problem, start))
    try:
        if setting.dim > LARGEST_DIM:
            remedy = f"the exact variances that size the sample are for dim ≤ {LARGEST_DIM}"
            raise InvalidSettingError("dim", setting.dim, remedy)
        literal = rescaled(literal_of(problem, start), problem)
    except InvalidSettingError as error:
        return [
            Evidence(EvidenceKind.EQUIVALENCE, Verdict.UNDECIDED, f"{each}: not tested, {error}")
            for each in statements
        ]
    sampler = rescaled(fast_sampler_of(problem, start, method), problem)
    if is_averaged(literal):
        averages = _average(sampler, method)
        return coefficients_are_averaged(f"{method} sampler", averages, exact)
    statements = [f"{each} is the exact one" for each in statements]
    numbers = _NUMBERS_PER_DRAW + _NUMBERS_PER_DIMENSION * setting.dim
    if method == "sufficient":
        # Of the literal simulator's law, so that its variances are those.
        evidence = equivalence(
            statements,
            sampler.coefficients,
            exact,
            block_variances(literal, QUERIES, 1),
            effort,
            numbers_per_draw=numbers,
            quantities=COEFFICIENTS,
        )
    else:
        evidence = [
            _constant_is_exact(sampler, exact[0], statements[0]),
            *equivalence(
                statements[1:],
                functools.partial(_varying, sampler),
                exact[1:],
                conditional_variances(literal),
                effort,
                numbers_per_draw=numbers,
                quantities=COEFFICIENTS[1:],
            ),
        ]
    return [*evidence, *minimum_is_simulated(evidence, *minimum, effort)]


def _varying(sampler: SimulatorInLaw, count: int, rng: np.random.Generator) -> FloatArray:
    return sampler.coefficients(count, rng)[:, 1:]


def _constant_is_exact(sampler: SimulatorInLaw, exact: float, statement: str) -> Evidence:
    constant = float(sampler.coefficients(1, np.random.default_rng(0))[0, 0])
    error = abs(constant - exact)
    relative = error / exact if exact > 0.0 else error
    if relative <= ROUND_OFF:
        verdict = Verdict.CONFIRMED
    else:
        label_variance = float(sampler.tasks(1, np.random.default_rng(0)).label_variance)
        hidden = error <= _CANCELLED * label_variance
        verdict = Verdict.UNDECIDED if hidden else Verdict.REFUTED
    return Evidence(
        EvidenceKind.EXACT_VALUE,
        verdict,
        statement,
        {"quantity": "constant", "exact": exact, "relative_error": relative},
    )
