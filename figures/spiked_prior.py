"""The prior and task of Figures 2a and 2b, and what [G25] says of them."""

from __future__ import annotations

from ttt_theory import Isotropic, PretrainedWeights, Setting, Spiked, ZeroWeights
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.published_limits import alignment, published_limits
from ttt_theory.linear.exact.weights import starting_weights

from .curves import unit_ones

_SPIKE = 9.0
_AXES_PER_SPIKE = 5

PARAMETERS = {
    "feature_covariance": "isotropic",
    "task_covariance": "spiked: identity plus spike on the first dim / axes_per_spike axes",
    "spike": _SPIKE,
    "axes_per_spike": _AXES_PER_SPIKE,
    "task": "ones, norm 1",
    "noise_variance": 0.0,
}

OURS = r"$\Sigma_\beta=I+9P$ ($P$ projects onto $d/5$ axes), $\beta\propto\mathbf{1}$"


def spiked_setting(
    dim: int,
    context_length: int,
    test_samples: int,
    initialization: PretrainedWeights | ZeroWeights = PretrainedWeights(),  # noqa: B008
) -> Setting:
    """Σ_x = I; 71 % of the prior's variance lies where the task has 20 % of its square norm."""
    return Setting(
        context_length=context_length,
        test_samples=test_samples,
        feature_covariance=Isotropic(dim),
        task_covariance=Spiked(dim, [_SPIKE] * (dim // _AXES_PER_SPIKE)),
        task=unit_ones(dim),
        initialization=initialization,
    )


def bias_and_variance(setting: Setting) -> tuple[float, float]:
    """A and B of [G25], Theorem 5.3."""
    problem = Problem.of(setting)
    return alignment(problem, starting_weights(problem))


def asymptotic_risk_after(setting: Setting) -> float:
    """Risk after the step from the warm start by [G25], Theorem 5.3."""
    problem = Problem.of(setting)
    return published_limits(problem, starting_weights(problem))["risk_after"]
