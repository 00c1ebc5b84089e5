"""The exact one-step risk, with and without noise."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from ttt_theory.claims.claim import Claim, statistical_tests
from ttt_theory.evidence.algebra import identity, indeterminates
from ttt_theory.evidence.record import Evidence, EvidenceKind
from ttt_theory.linear.claims.stating import exactly
from ttt_theory.linear.closed_form import isotropic, isotropic_squares, one_step, pretraining
from ttt_theory.linear.exact.isotropic import IsotropicStart, SquaresCurve
from ttt_theory.linear.exact.spectrum import curve, isotropic_spectrum
from ttt_theory.linear.monte_carlo import literal_simulator
from ttt_theory.linear.setting.examples import COLD, DENSE_START, SHIFTED, TINY
from ttt_theory.linear.witnesses.certified import (
    certified_formulas,
    certified_risk,
    certified_values,
)
from ttt_theory.linear.witnesses.comparison import risk_agrees
from ttt_theory.linear.witnesses.exact_average import exact_coefficients
from ttt_theory.linear.witnesses.own_matrices import risk_is_derived
from ttt_theory.linear.witnesses.second_derivation import formulas_are_derived, values_are_derived
from ttt_theory.linear.witnesses.simulated_risk import COEFFICIENTS, risk_is_simulated

if TYPE_CHECKING:
    from ttt_theory.evidence.effort import Effort
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["CLAIMS"]

LENGTH, SAMPLES, DIM, TASK_SQUARE, NOISE, WEIGHT = indeterminates("n k d beta2 sigma2 w")


def _isotropic_coefficients(noise_variance: Any) -> list[Evidence]:
    """Prove the isotropic polynomials from the general formula."""
    n, k, d, norm2 = LENGTH, SAMPLES, DIM, TASK_SQUARE
    general = curve(isotropic_spectrum(d, WEIGHT, norm2), n, k, noise_variance)
    weighted = (norm2, noise_variance, WEIGHT)
    return [
        identity(
            f"the general {name} is the polynomial for Σ_x = I, W = wI", of_spectrum, polynomial
        )
        for name, of_spectrum, polynomial in (
            ("constant", general.constant, isotropic.constant(n, d, *weighted)),
            ("linear", general.linear, isotropic.linear(n, k, d, *weighted)),
            ("quadratic", general.quadratic, isotropic.quadratic(n, k, d, *weighted)),
        )
    ]


def _isotropic_start(start: str, weight: Any, noise_variance: Any) -> list[Evidence]:
    """Prove the functions of a start from the coefficients at its weight."""
    n, k, d, norm2 = LENGTH, SAMPLES, DIM, TASK_SQUARE
    at_start = curve(isotropic_spectrum(d, weight, norm2), n, k, noise_variance)
    return [
        identity(
            f"the {start} start's {name} follows from the coefficients",
            value,
            getattr(isotropic, f"{start}_{name}")(n, k, d, norm2, noise_variance),
        )
        for name, value in (
            ("risk_before", at_start.constant),
            ("step_size", at_start.step_size),
            ("improvement", at_start.improvement),
            ("risk_after", at_start.constant - at_start.improvement),
        )
    ]


def _noise_free_forms(_: Effort) -> list[Evidence]:
    return [
        *_isotropic_coefficients(0),
        *_isotropic_start("warm", pretraining.isotropic_weight(LENGTH, DIM, 0), 0),
        *_isotropic_start("cold", 0 * DIM, 0),
    ]


def _noisy_coefficients(_: Effort) -> list[Evidence]:
    return _isotropic_coefficients(NOISE)


def _noisy_cold_start(_: Effort) -> list[Evidence]:
    return _isotropic_start("cold", 0 * DIM, NOISE)


def _noisy_warm_start(_: Effort) -> list[Evidence]:
    return _isotropic_start("warm", pretraining.isotropic_weight(LENGTH, DIM, NOISE), NOISE)


def _noisy_squares(_: Effort) -> list[Evidence]:
    """Prove the sums of squares, and what they take of a pretrained start, from the polynomials."""
    n, k, d, norm2, noise, w, step_size, source_n, prior, source_noise, share, excess = (
        indeterminates("n k d beta2 sigma2 w eta n_source prior sigma2_source share excess")
    )
    start = IsotropicStart(w, 1 - n * w, norm2 * (1 - (n + 2) * w) - noise * w)
    squares, weighted = SquaresCurve.of(n, k, d, norm2, noise, start), (norm2, noise, w)
    constant = isotropic.constant(n, d, *weighted)
    linear, quadratic = (
        function(n, k, d, *weighted) for function in (isotropic.linear, isotropic.quadratic)
    )
    pretrained = IsotropicStart.of(
        n, d, norm2, noise, source_n, prior, source_noise, (share, excess)
    )
    weight = (share + excess) * pretraining.optimal_eigenvalue(
        source_n, 1, prior, d * prior, source_noise
    )
    return [
        identity(f"the sums of squares are the polynomials: {name}", *sides)
        for name, sides in {
            "constant": (squares.constant, constant),
            "linear": (squares.linear, linear),
            "quadratic": (squares.quadratic, quadratic),
            "R(η)": (
                squares.risk(2 * k * step_size),
                constant - linear * step_size + quadratic * step_size**2,
            ),
        }.items()
    ] + [
        identity(f"the start f·W* in closed form: {name}", *sides)
        for name, sides in {
            "w": (pretrained.weight, weight),
            "1 − nw": (pretrained.bias, 1 - n * weight),
            "‖β‖²(1 − (n+2)w) − σ²w": (
                pretrained.gradient,
                norm2 * (1 - (n + 2) * weight) - noise * weight,
            ),
        }.items()
    ]


def _literal_averages(settings: dict[str, Setting]) -> list[Evidence]:
    """Compare every field of the exact risk with the literal simulator, averaged exactly."""
    return [
        risk_agrees(
            EvidenceKind.EXACT_AVERAGE,
            f"{name}: the literal simulator's expectation is the exact risk",
            setting,
            exact_coefficients(literal_simulator(setting)),
        )
        for name, setting in settings.items()
    ]


def _literal_averages_without_noise(_: Effort) -> list[Evidence]:
    return _literal_averages({n: s for n, s in TINY.items() if s.noise_variance == 0.0})


def _literal_averages_with_noise(_: Effort) -> list[Evidence]:
    return _literal_averages({n: s for n, s in TINY.items() if s.noise_variance > 0.0})


def _derivation(setting: Setting, _: Effort) -> list[Evidence]:
    return risk_is_derived(setting)


def _derivation_with_noise(setting: Setting, _: Effort) -> list[Evidence]:
    return risk_is_derived(_with_noise(setting))


@statistical_tests(len(COEFFICIENTS))
def _simulation(setting: Setting, effort: Effort) -> list[Evidence]:
    return risk_is_simulated(setting, effort)


@statistical_tests(len(COEFFICIENTS))
def _simulation_with_noise(setting: Setting, effort: Effort) -> list[Evidence]:
    return risk_is_simulated(_with_noise(setting), effort)


def _with_noise(setting: Setting) -> Setting:
    """Return a setting with as much noise as signal."""
    task = setting.fixed_task
    signal = float(task @ (setting.feature_covariance.matrix() @ task))
    return dataclasses.replace(setting, noise_variance=signal if signal > 0.0 else 1.0)


CLAIMS = (
    Claim(
        id="exact-risk",
        title="The exact one-step risk of any setting",
        source="ours; [G25], Section 4 is its isotropic limit",
        statement=(
            "R(η) = c0 − c1η + c2η² with the compiled coefficients, for every n, k, d, Σ_x, W, β "
            "and σ²; the optimal step and improvement follow."
        ),
        formulas=exactly(*(getattr(one_step, name) for name in one_step.__all__)),
        evidence=(
            _noise_free_forms,
            _literal_averages_without_noise,
            certified_formulas,
            certified_risk,
            certified_values,
            formulas_are_derived,
            values_are_derived,
        ),
        checks=(_derivation, _simulation),
        settings={"shifted": SHIFTED, "dense start": DENSE_START, "cold, k = 1": COLD},
    ),
    Claim(
        id="noise",
        title="The one-step risk with label noise",
        source="[G25], the noisy case",
        statement="The exact one-step risk with σ² > 0 in context, test and query labels alike.",
        formulas=exactly(
            *(
                getattr(module, name)
                for module in (isotropic, isotropic_squares)
                for name in module.__all__
            )
        ),
        evidence=(
            _noisy_coefficients,
            _noisy_squares,
            _noisy_cold_start,
            _noisy_warm_start,
            _literal_averages_with_noise,
        ),
        checks=(_derivation_with_noise, _simulation_with_noise),
        settings={"dense start": DENSE_START},
    ),
)
