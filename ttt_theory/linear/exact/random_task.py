"""The one-step risk for random tasks β ~ N(μ, Γ): the forms as polynomials, averaged at the end.

c0, c1 and c2 of a fixed task are polynomials of degree one, two and three in quadratic forms of β
(theory.md, section 2, fact 3).  They are computed with an indeterminate for each form,
and the mean of every product follows from the joint cumulants of quadratic forms of a Gaussian
vector,

    κ(F) = tr(FΓ) + μᵀFμ,    κ(F, G) = 2 tr(FΓGΓ) + 4 μᵀFΓGμ,
    κ(F, G, H) = 8 tr(FΓGΓHΓ) + 8 (μᵀFΓGΓHμ + μᵀGΓHΓFμ + μᵀHΓFΓGμ).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from ttt_theory.linear.exact.assembly import Assembly
from ttt_theory.linear.exact.curve import Curve
from ttt_theory.linear.exact.form_polynomials import FormPolynomial, Monomial, mean_of_product
from ttt_theory.linear.exact.weights import error_matrix

if TYPE_CHECKING:
    from ttt_theory.linear.exact.problem import Problem
    from ttt_theory.linear.exact.weights import StartingWeights

__all__ = ["GaussianTasks", "averaged", "random_task_curve"]

# A form's key sorts first by its right vector, then by the power of Σ_x: of the products of up to
# three forms, those of the task alone come first, and one that holds the start comes last.
_TASK = ""


def averaged(problem: Problem, start: StartingWeights) -> Curve:
    """Return the curve of a problem whose task is random, in its units.

    It takes O(d) for diagonal matrices, else O(d³).
    """
    tasks = GaussianTasks(
        problem.features,
        start.matrix,
        error_matrix(problem, start),
        problem.task,
        problem.task_spread,
    )
    return random_task_curve(
        problem.context_length, problem.test_samples, problem.noise_variance, tasks
    )


def random_task_curve(
    context_length: Any, test_samples: Any, noise_variance: Any, tasks: GaussianTasks
) -> Curve:
    """Return R(η) = c0 − c1η + c2η², averaged over the tasks.

    Parameters
    ----------
    context_length, test_samples, noise_variance : number
        n, k and σ².
    tasks : GaussianTasks
    """
    forms = _TaskForms(noise_variance, tasks)
    curve = Assembly(context_length, test_samples, noise_variance, forms).curve
    coefficients = (curve.constant, curve.linear, curve.quadratic)
    moments = tasks.moments({key for each in coefficients for key in each.terms})
    return Curve(*(each.mean(moments) for each in coefficients))


class _TaskForms:
    """The forms as indeterminates; see `ttt_theory.linear.exact.assembly.Forms`."""

    def __init__(self, noise_variance: Any, tasks: GaussianTasks) -> None:
        self._tasks = tasks
        self.label_variance = self.form(_TASK, 1, _TASK) + noise_variance
        self.mean_square = self.form(_TASK, 2, _TASK)
        self.mean_energy = self.form(_TASK, 3, _TASK)
        self.feature_square_trace = tasks.feature_square_trace

    def form(self, left: str, power: int, right: str) -> FormPolynomial:
        return FormPolynomial.form((right, power, left))

    def spread(self, power: int, inner: int) -> Any:
        return self._tasks.spread(power, inner)


class GaussianTasks:
    """Tasks β ~ N(μ, Γ), and the means of the products of their quadratic forms.

    Matrices know ``@``, ``+``, ``T``, `shifted` and `inner`, of any numbers.

    Parameters
    ----------
    features, weights, error : matrix, shape (d, d)
        Σ_x, W and B = I − nWΣ_x.
    mean : ndarray, shape (d,)
        μ.
    covariance : matrix, shape (d, d)
        Γ.
    """

    def __init__(self, features: Any, weights: Any, error: Any, mean: Any, covariance: Any) -> None:
        self._features, self._mean, self._covariance = features, mean, covariance
        square = features @ features
        self._powers = {1: features, 2: square, 3: square @ features}
        self._weights = weights
        first = weights @ features
        second = first @ features
        # What the vectors are of the task: b = Bβ, h_j = WΣ_x^(j+1)β.
        self._vectors = {
            "bias": error,
            "shift_0": first,
            "shift_1": second,
            "shift_2": second @ features,
        }
        self.feature_square_trace = features.inner(features)
        self._through = {power: covariance @ each for power, each in self._powers.items()}
        self._means = {power: each @ mean for power, each in self._through.items()}
        self._chains: dict[tuple[int, ...], tuple[Any, Any]] = {}

    def spread(self, power: int, inner: int) -> Any:
        """Return tr(Σ_x^power W Σ_x^inner Wᵀ)."""
        return (self._powers[power] @ self._weights).inner(self._weights @ self._powers[inner])

    def moments(self, monomials: Iterable[Monomial]) -> dict[Monomial, Any]:
        """Return the means of products of up to three forms, of which one at most knows the start.

        Parameters
        ----------
        monomials : iterable of Monomial
            A form's key is (right, power, left), both vectors empty where it is βᵀΣ_x^power β.
        """
        by_last: dict[Any, list[Monomial]] = {}
        for monomial in monomials:
            by_last.setdefault(monomial[-1:], []).append(monomial)
        moments: dict[Monomial, Any] = dict.fromkeys(by_last.pop((), []), 1)
        own = {(_TASK, power, _TASK): self._form(each, 1) for power, each in self._powers.items()}
        # Few matrices are held at a time: the products Σ_x^pR grow with p, for one R after another.
        keys = sorted(key for (key,) in by_last)
        for right, those in itertools.groupby(keys, lambda key: key[0]):
            image, reached = self._vectors.get(right), 0
            for key in those:
                _, power, left = key
                known = own
                if right != _TASK:
                    while reached < power:
                        image, reached = self._features @ image, reached + 1
                    product = self._vectors[left].T @ image
                    known = {**own, key: self._form(product + product.T, 2)}
                for monomial in by_last[key,]:
                    moments[monomial] = mean_of_product(monomial, partial(_cumulant, known))
        return moments

    def _form(self, matrix: Any, multiple: int) -> Callable[..., Any]:
        """Return the joint cumulants of a form and others in the task alone, by their powers."""
        covariance, mean, image = self._covariance, self._mean, matrix @ self._mean

        @cache
        def cumulant(*powers: int) -> Any:
            if not powers:
                return (covariance.inner(matrix) + mean @ image) / multiple
            through, means = self._chain(powers)
            if len(powers) == 1:
                return (2 * through.inner(matrix) + 4 * (means @ image)) / multiple
            one, other = (self._means[power] for power in powers)
            ends = means @ image + one @ (matrix @ other)
            return (8 * through.inner(matrix) + 8 * ends) / multiple

        return cumulant

    def _chain(self, powers: tuple[int, ...]) -> tuple[Any, Any]:
        """Return ΓFΓ and ΓFμ, or ΓFΓGΓ and Γ(FΓG + GΓF)μ, of forms in the task alone."""
        if powers not in self._chains:
            *before, last = (self._through[power] for power in powers)
            if before:
                [first] = before
                matrix = first @ last @ self._covariance
                means = first @ self._means[powers[1]] + last @ self._means[powers[0]]
            else:
                matrix, means = last @ self._covariance, self._means[powers[0]]
            self._chains[powers] = matrix, means
        return self._chains[powers]


def _cumulant(forms: Mapping[Any, Callable[..., Any]], *keys: Any) -> Any:
    *others, last = keys
    return forms[last](*(power for _, power, _ in others))
