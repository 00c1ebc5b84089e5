"""The exact one-step risk for features of independent entries that are not Gaussian.

The features are x = Rz with R the symmetric root of Σ_x, so that the coordinates matter: unlike for
Gaussian features the risk changes when all of Σ_x, W and β are rotated.

Source: ours (theory.md, section 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.checks import FloatArray, ObjectArray
from ttt_theory.coordinates.block_matrix import joined
from ttt_theory.coordinates.blocks import IsotropicBlock
from ttt_theory.errors import InvalidSettingError
from ttt_theory.linear.closed_form import one_step, sample_sums
from ttt_theory.linear.exact.curve import Curve
from ttt_theory.linear.exact.entry_moments import EntryMoments, cumulants
from ttt_theory.linear.exact.results import OneStepRisk, one_step_result
from ttt_theory.linear.exact.twice import computed_twice
from ttt_theory.linear.setting.feature_laws import IndependentEntries
from ttt_theory.structured import RotatedMatrix
from ttt_theory.structured.memory import check_dense_memory

if TYPE_CHECKING:
    from ttt_theory.linear.exact.problem import Problem
    from ttt_theory.linear.exact.weights import StartingWeights
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["IndependentEntriesCurve", "check_moment", "independent_entries_risk", "symmetric_root"]

_DENSE_ARRAYS = 20
"""How many d × d arrays the calculation holds at once, at most."""

_Array = FloatArray | ObjectArray


def independent_entries_risk(setting: Setting) -> OneStepRisk:
    """Compute `one_step_risk` for features of independent entries: any Σ_x, W, β and σ².

    Raises
    ------
    InvalidSettingError
        If the law has too few moments: four are needed from the cold start or for the task zero,
        else eight.  With fewer, the risk is infinite after every step but η = 0 (but for a W that
        is blind to every entry that the task has to do with).
    LostPrecisionError
        If float64 holds fewer than nine digits of a result.
    """
    law = setting.feature_law
    assert isinstance(law, IndependentEntries)
    check_dense_memory(setting.dim, _DENSE_ARRAYS)
    weights = setting.initialization.matrix
    starts_cold = not (setting.initialization.factor if weights is None else np.any(weights))
    highest = 4 if starts_cold or not np.any(setting.fixed_task) else 8
    check_moment(law, highest, "the risk after every step other than 0 is infinite")
    entries = cumulants(law.moment, highest)

    def risk(problem: Problem, start: StartingWeights) -> OneStepRisk:
        curve = IndependentEntriesCurve(
            entries,
            root=symmetric_root(_dense(problem, problem.features)),
            weights=_dense(problem, start.matrix),
            task=_vector(problem, problem.task),
            mean_error=_vector(problem, start.mean_error),
            noise_variance=problem.noise_variance,
            context_length=problem.context_length,
            test_samples=problem.test_samples,
        ).curve
        label, step = problem.label_exponent, problem.step_exponent
        return one_step_result(setting, curve, curve.risk_after, label, step)

    return computed_twice(setting, risk)


def check_moment(law: IndependentEntries, order: int, otherwise: str) -> None:
    """Raise unless the entries have a moment.

    Raises
    ------
    InvalidSettingError
        If they have none; only Student's law may lack one, by its degrees of freedom.
    """
    if not np.isfinite(law.moment(order)):
        degrees = getattr(law, "degrees_of_freedom", None)
        remedy = f"{otherwise} unless it is above {order}"
        raise InvalidSettingError("feature_law.degrees_of_freedom", degrees, remedy)


def symmetric_root(matrix: FloatArray) -> FloatArray:
    """Return the symmetric positive semi-definite root of a matrix, exact where it is diagonal."""
    diagonal = matrix.diagonal()
    if np.count_nonzero(matrix) == np.count_nonzero(diagonal):
        return np.diag(np.sqrt(diagonal))
    from scipy.linalg import eigh

    eigenvalues, eigenvectors = eigh(matrix)
    root = (eigenvectors * np.sqrt(np.clip(eigenvalues, 0.0, None))) @ eigenvectors.T
    return np.asarray(root)


@dataclass(frozen=True, eq=False)
class IndependentEntriesCurve:
    """R(η) for features x = Rz, on arrays of floats or of exact numbers alike.

    A sample of the context is xy = Rt with t = z(zᵀb + ξ), b = Rβ, and all moments are those of t.

    Parameters
    ----------
    cumulants : mapping of int to number
        κ_2 = 1, κ_4, κ_6 and κ_8 of an entry; where W or β is zero, up to κ_4.
    root : ndarray, shape (d, d)
        R, symmetric.
    weights : ndarray, shape (d, d)
        W.
    task, mean_error : ndarray, shape (d,)
        β, and β − nWΣ_xβ.
    noise_variance, context_length, test_samples : number
    """

    cumulants: dict[int, Any]
    root: Any
    weights: Any
    task: Any
    mean_error: Any
    noise_variance: Any
    context_length: Any
    test_samples: Any

    @property
    def curve(self) -> Curve:
        """R(η) = c0 − c1η + c2η²."""
        root, features = self.root, self._features
        mean, error = features @ self.task, self.mean_error
        n, k = self.context_length, self.test_samples
        error_variance = n * np.sum(self._form(features) * self._spread)
        spread_in_full = root @ self._spread @ root
        gradient = (np.outer(mean, error) - spread_in_full @ self.weights.T) @ features
        # E[(xᵀΣ_xx) xxᵀ], where xᵀΣ_xx = zᵀΣ_x²z.
        fourth = root @ self._entries.matrix(features @ features) @ root
        weighting = (k - 1) * (features @ features @ features) + fourth
        return Curve(
            one_step.constant(self.noise_variance, error @ features @ error, error_variance),
            one_step.linear(n, k, np.sum(gradient * gradient)),
            sample_sums.quadratic(
                test_samples=k,
                noise_variance=self.noise_variance,
                feature_square_trace=np.sum(features * features),
                overlap_moment=self._overlap,
                product_moment=self._product_moment(weighting),
            ),
        )

    @cached_property
    def _features(self) -> Any:
        return self.root @ self.root

    @cached_property
    def _mean(self) -> Any:
        """E[t] = b."""
        return self.root @ self.task

    @cached_property
    def _entries(self) -> EntryMoments:
        return EntryMoments(self.cumulants, self._mean, self.noise_variance)

    @cached_property
    def _second_moment(self) -> Any:
        """E[ttᵀ]."""
        return self._entries.matrix(labels=2)

    @cached_property
    def _spread(self) -> Any:
        """Cov(t)."""
        return self._second_moment - np.outer(self._mean, self._mean)

    @cached_property
    def _context_moment(self) -> Any:
        """The second moment of a context's sum of t."""
        n = self.context_length
        return n * self._spread + n**2 * np.outer(self._mean, self._mean)

    @cached_property
    def _context_form(self) -> Any:
        """B with uᵀMu = (Σt)ᵀB(Σt)."""
        return self._features @ self._context_moment @ self._features

    @cached_property
    def _overlap(self) -> Any:
        """E[(uᵀu')²]."""
        return np.sum(self._context_form * self._context_moment)

    def _form(self, weighting: _Array) -> Any:
        """C with (Wu)ᵀA(Wu) = (Σt)ᵀC(Σt)."""
        half = self.weights @ self.root
        return half.T @ weighting @ half

    def _product_moment(self, weighting: _Array) -> Any:
        """E[eᵀAe · uᵀMu]."""
        error = self.mean_error
        bias = error @ weighting @ error
        if not np.any(self.weights):
            return bias * self._overlap
        form, other, mean, second = (
            self._form(weighting),
            self._context_form,
            self._mean,
            self._second_moment,
        )
        line, mean_line = self.root @ self.weights.T @ weighting @ error, other @ mean
        spread = self._spread
        means = {"mean_form_1": mean @ form @ mean, "mean_form_2": mean @ mean_line}
        form_moment_1, form_moment_2 = np.sum(form * second), np.sum(other * second)
        crossed = form @ second @ other
        mean_third = self._entries.mean([form], mean_line, labels=3)
        fourth = sample_sums.fourth_cumulant(
            moment=self._entries.mean([form, other], labels=4),
            third_1=self._entries.mean([other], form @ mean, labels=3),
            third_2=mean_third,
            form_moment_1=form_moment_1,
            form_moment_2=form_moment_2,
            product=np.sum(crossed * second),
            cross=mean @ crossed @ mean,
            **means,
        )
        return sample_sums.product_moment(
            context_length=self.context_length,
            overlap_moment=self._overlap,
            bias_form=bias,
            spread=np.sum(form * spread),
            bias_cross=line @ spread @ mean_line,
            bias_third=sample_sums.third_cumulant(
                line_moment=self._entries.mean([other], line, labels=3),
                line_mean=line @ mean,
                line_cross=line @ second @ mean_line,
                form_moment_2=form_moment_2,
                mean_form_2=means["mean_form_2"],
            ),
            mean_third=sample_sums.third_cumulant(
                line_moment=mean_third,
                line_mean=means["mean_form_2"],
                line_cross=mean_line @ second @ (form @ mean),
                form_moment_2=form_moment_1,
                mean_form_2=means["mean_form_1"],
            ),
            spread_product=np.sum((form @ spread) * (other @ spread).T),
            fourth=fourth,
        )


def _dense(problem: Problem, matrix: Any) -> FloatArray:
    return RotatedMatrix(problem.frame, matrix.expanded()).toarray()


def _vector(problem: Problem, vector: FloatArray) -> FloatArray:
    """Return a vector in the setting's own coordinates, zero where blocks are isotropic."""
    blocks = problem.features.blocks
    parts = zip(blocks, problem.features.split(vector), strict=True)
    return problem.frame.backward(
        joined([np.zeros(b.dim) if isinstance(b, IsotropicBlock) else part for b, part in parts])
    )
