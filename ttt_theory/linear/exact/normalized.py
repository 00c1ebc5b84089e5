"""The exact one-step risk of a step that is divided by ‖u‖² of its prompt, or by its Σy².

On the same context the moments of the first are those of the error alone.  On a fresh one they have
‖u‖² below the line: without noise and for isotropic features they are rational, else an integral
over one variable is left (theory.md, section 2, fact 14).  Of the second nothing is left of that
integral but its integrand at zero (fact 15).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.covariance import Isotropic
from ttt_theory.errors import InvalidSettingError
from ttt_theory.linear.closed_form import isotropic, normalized, one_step, pretraining
from ttt_theory.linear.exact.curve import Curve
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.results import OneStepRisk, one_step_result
from ttt_theory.linear.exact.tilted_law import (
    Spectrum,
    label_scaled_moments,
    normalized_moments,
)
from ttt_theory.linear.exact.twice import computed_twice

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray
    from ttt_theory.coordinates.block_matrix import BlockMatrix
    from ttt_theory.linear.exact.weights import StartingWeights
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["label_scaled_risk", "normalized_risk", "normalized_risk_on_the_same_context"]


def normalized_risk(setting: Setting) -> OneStepRisk:
    """Compute the risk after a step of size η/‖u‖² that meets a fresh context.

    Raises
    ------
    InvalidSettingError
        If c2 is infinite: it takes n ≥ 3, and with noise a Σ_x of rank 3 at least, without noise
        one of rank 6 − n at least.
    LostPrecisionError
        If a result changes by more than 5e-10 of itself when the setting is moved by its last bits
        and the rule of the integral by half of its spacing.
    """
    exact = _isotropic_curve(setting)
    if exact is not None:
        return one_step_result(setting, exact, exact.risk_after, is_plain=False)
    return computed_twice(
        setting,
        lambda problem, start: _by_quadrature(problem, start, 0.0),
        lambda problem, start: _by_quadrature(problem, start, 0.5),
    )


def normalized_risk_on_the_same_context(setting: Setting) -> OneStepRisk:
    """Compute the risk after a step of size η/‖u‖² that meets the context it was taken on."""
    return computed_twice(setting, _on_the_same_context)


def label_scaled_risk(setting: Setting) -> OneStepRisk:
    """Compute the risk after a step of size η/Σ_i y_i² that meets a fresh context.

    Raises
    ------
    InvalidSettingError
        If c2 is infinite: it takes n ≥ 3.
    LostPrecisionError
        If fewer than nine digits of a result are certain.
    """
    return computed_twice(setting, _scaled_by_labels)


def _scaled_by_labels(problem: Problem, start: StartingWeights) -> OneStepRisk:
    error = _Error.of(problem, start)
    constant = problem.noise_variance + error.inner(error)
    spectrum = Spectrum.of(problem, start)
    if spectrum.label_variance == 0.0:
        curve = Curve(constant, 0.0, 0.0)
    else:
        if problem.context_length < 3:
            remedy = "the risk of steps divided by Σy² is infinite: give at least 3"
            raise InvalidSettingError("context_length", problem.setting.context_length, remedy)
        curve = Curve(constant, *label_scaled_moments(problem, spectrum))
    # Σy² has the labels' unit alone, so that the step has Σ_x² below the line.
    return _result(problem, curve, curve.risk_after, 2 * problem.feature_exponent)


def _on_the_same_context(problem: Problem, start: StartingWeights) -> OneStepRisk:
    k, noise = problem.test_samples, problem.noise_variance
    error = _Error.of(problem, start)
    image = error.image
    moments = error.inner(error), image.inner(image)
    pieces = (*moments, problem.features.inner(problem.features), noise)
    curve = Curve(
        noise + moments[0],
        normalized.same_linear(k, error.inner(image)),
        normalized.same_quadratic(k, *pieces),
    )
    scaled_step = 2.0 * k * curve.step_size
    rest = error.less(scaled_step, image)
    risk_after = normalized.same_risk(k, scaled_step, rest.inner(rest), *pieces)
    return _result(problem, curve, risk_after, problem.feature_exponent)


def _result(problem: Problem, curve: Curve, risk_after: float, step: int) -> OneStepRisk:
    label = problem.label_exponent
    return one_step_result(problem.setting, curve, risk_after, label, step, is_plain=False)


@dataclass(frozen=True)
class _Error:
    """A linear image of e = β − Wu: its mean, and the factors of what varies about it."""

    problem: Problem
    mean: FloatArray
    shift: FloatArray
    weights: BlockMatrix

    @classmethod
    def of(cls, problem: Problem, start: StartingWeights) -> _Error:
        mean = problem.features @ problem.task
        return cls(problem, start.mean_error, start.matrix @ mean, start.matrix)

    @property
    def image(self) -> _Error:
        """Σ_xe."""
        features = self.problem.features
        parts = features @ self.mean, features @ self.shift, features @ self.weights
        return _Error(self.problem, *parts)

    def less(self, factor: float, other: _Error) -> _Error:
        """Return this image less a multiple of another one."""
        return _Error(
            self.problem,
            self.mean - factor * other.mean,
            self.shift - factor * other.shift,
            self.weights - factor * other.weights,
        )

    def inner(self, other: _Error) -> float:
        """Return E of the inner product of two images in the norm of Σ_x."""
        problem, features = self.problem, self.problem.features
        label_variance = float(problem.task @ (features @ problem.task)) + problem.noise_variance
        variance = one_step.error_variance(
            problem.context_length,
            label_variance,
            float(self.shift @ (features @ other.shift)),
            (features @ self.weights).inner(other.weights @ features),
        )
        return float(self.mean @ (features @ other.mean) + variance)


def _isotropic_curve(setting: Setting) -> Curve | None:
    """Return R(η) in fractions, where it is rational: isotropic and without noise."""
    source, start = setting.pretraining, setting.initialization
    covariances = setting.feature_covariance, setting.task_covariance, source.feature_covariance
    if setting.noise_variance or start.matrix is not None:
        return None
    scales = [Fraction(each.scale) for each in covariances if isinstance(each, Isotropic)]
    if len(scales) < len(covariances):
        return None
    features, prior, source_features = scales
    d = Fraction(setting.dim)
    ridge = pretraining.ridge(source_features * prior * d, Fraction(source.noise_variance))
    gram = pretraining.gram_factor(Fraction(source.context_length)) * source_features * prior
    # In units that make Σ_x the identity.
    weight = Fraction(start.factor) * features * prior / (gram + ridge)
    entries, counts = np.unique(setting.fixed_task, return_counts=True)
    pairs = zip(entries.tolist(), counts.tolist(), strict=True)
    square = features * sum(Fraction(entry) ** 2 * count for entry, count in pairs)
    n, k = Fraction(setting.context_length), Fraction(setting.test_samples)
    if square == 0:
        return Curve(square, square, square)
    _check_existence(setting, setting.dim)
    arguments = n, k, d, square, weight
    return Curve(
        isotropic.constant(n, d, square, Fraction(0), weight),
        normalized.isotropic_linear(*arguments) * features,
        normalized.isotropic_quadratic(*arguments) * features**2,
    )


def _check_existence(setting: Setting, rank: int) -> None:
    """Raise unless E[‖u‖⁻²] and its like are finite."""
    needed = max(3, 6 - rank)
    if setting.context_length < needed:
        remedy = f"the risk of normalized steps is infinite: give at least {needed}"
        raise InvalidSettingError("context_length", setting.context_length, remedy)
    if setting.noise_variance > 0.0 and rank < 3:
        remedy = (
            "the risk of normalized steps is infinite with noise and features of rank "
            f"{rank}: give 0, or features of rank 3 at least"
        )
        raise InvalidSettingError("noise_variance", setting.noise_variance, remedy)


def _by_quadrature(problem: Problem, start: StartingWeights, shift: float) -> OneStepRisk:
    error = _Error.of(problem, start)
    constant = problem.noise_variance + error.inner(error)
    spectrum = Spectrum.of(problem, start)
    if spectrum.label_variance == 0.0:
        # Every label and every u is zero, and there is no step.
        curve = Curve(constant, 0.0, 0.0)
    else:
        _check_existence(problem.setting, spectrum.rank)
        curve = Curve(constant, *normalized_moments(problem, spectrum, shift))
    # ‖u‖² has the unit of the labels and one of Σ_x, so that the step has Σ_x below the line.
    return _result(problem, curve, curve.risk_after, problem.feature_exponent)
