"""The one-step risk once more, from its definition alone and in numbers of any precision.

Independent of `ttt_theory`'s formulas: u = T c + √T g with T ~ s χ²_n (theory.md, section 2, fact
2), raw moments E[T^j], nothing rearranged, no split into bias and variance.  That form cancels
badly, which is why it is evaluated with mpmath to 150 digits, or exactly with fractions.  Every
function takes arrays of dtype object, of either kind of number.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import prod

import numpy as np
from mpmath import mp, mpf

from ttt_theory.covariance import (
    AR1,
    BlockDiagonal,
    Dense,
    Diagonal,
    Empirical,
    Equicorrelated,
    FactorModel,
    Isotropic,
    Kronecker,
    PowerLaw,
    Spiked,
)
from ttt_theory.linear.setting.starts import DenseWeights, PretrainedWeights

DIGITS = 150
QUANTITIES = (
    "constant",
    "linear",
    "quadratic",
    "step_size",
    "risk_before",
    "risk_after",
    "improvement",
)

precise = np.vectorize(lambda number: mpf(float(number)), otypes=[object])
"""Floats, taken as exact, to mpmath's numbers."""

rational = np.vectorize(lambda number: Fraction(float(number)), otypes=[object])
"""Floats, taken as exact, to fractions."""


@dataclass(frozen=True, eq=False)
class Law:
    """One task's contexts, and the weights; matrices are dense, or all of them diagonals.

    With diagonals, entry i stands for `multiplicity[i]` coordinates that are all alike.
    """

    context_length: int
    test_samples: int
    features: np.ndarray
    weights: np.ndarray
    task: np.ndarray
    noise_variance: object
    multiplicity: np.ndarray | None = None

    def mean(self, polynomial):
        """E of Σ_j a_j T^j, given (a_0, a_1, ...)."""
        label_variance, n = self.label_variance, self.context_length
        return sum(
            coefficient * label_variance**j * prod(n + 2 * i for i in range(j))
            for j, coefficient in enumerate(polynomial)
        )

    def dot(self, left, right):
        """leftᵀ right of two vectors."""
        weight = 1 if self.multiplicity is None else self.multiplicity
        return np.sum(weight * left * right)

    @cached_property
    def label_variance(self):
        """s = βᵀΣ_xβ + σ²."""
        return self.dot(self.task, self.mean_direction) + self.noise_variance

    @cached_property
    def mean_direction(self):
        """q = Σ_xβ."""
        if self.multiplicity is None:
            return self.features @ self.task
        return self.features * self.task


def coefficients(law):
    """Return c0, c1, c2 of R(η) = c0 − c1 η + c2 η² (theory.md, section 2, fact 3)."""
    if law.label_variance == 0:  # Then every label and every u is zero, and so is the risk.
        return (law.noise_variance * 0,) * 3
    moments = _dense_moments(law) if law.multiplicity is None else _diagonal_moments(law)
    k, noise = law.test_samples, law.noise_variance
    constant = noise + moments["error_1"]
    linear = 4 * k * moments["gradient_square"]
    quadratic = 4 * k * (k + 1) * moments["product_3"] + 4 * k * moments["square_trace"] * (
        moments["product_1"] + noise * moments["overlap"]
    )
    return constant, linear, quadratic


def _dense_moments(law):
    n, features = law.context_length, law.features
    q, s = law.mean_direction, law.label_variance
    # M = E[uuᵀ] and P = E[u eᵀ].
    second = n * (n + 1) * np.outer(q, q) + n * s * features
    cross = n * np.outer(q, law.task) - second @ law.weights.T
    cube = features @ features @ features
    return {
        "error_1": error_moment(law, features),
        "gradient_square": np.sum((cross @ features) ** 2),
        "product_1": product_moment(law, features, second),
        "product_3": product_moment(law, cube, second),
        "square_trace": np.sum(features * features),
        "overlap": np.sum(second * second),
    }


def _error_form(law, weighting):
    # Given T:  e ~ N(β − T Wc, T WΣ_⊥Wᵀ).
    direction, rest = _conditional(law)
    shift = law.weights @ direction
    spread = law.weights @ rest @ law.weights.T
    return [
        law.task @ weighting @ law.task,
        -2 * (law.task @ weighting @ shift) + np.sum(weighting * spread),
        shift @ weighting @ shift,
    ]


def _conditional(law):
    """Return c = Σ_xβ/s and Σ_⊥ = Σ_x − Σ_xββᵀΣ_x/s."""
    q, s = law.mean_direction, law.label_variance
    return q / s, law.features - np.outer(q, q) / s


def error_moment(law, weighting):
    """E[eᵀAe]."""
    return law.mean(_error_form(law, weighting))


def product_moment(law, weighting, other):
    """E[eᵀAe · uᵀBu], by Isserlis given T."""
    direction, rest = _conditional(law)
    shift = law.weights @ direction
    context_form = [0, np.sum(other * rest), direction @ other @ direction]
    through = weighting @ law.weights @ rest @ other  # A W Σ_⊥ B
    pairing = np.sum(through * (law.weights @ rest))
    polynomial = _times(_error_form(law, weighting), context_form)
    polynomial[2] += -4 * (law.task @ through @ direction) + 2 * pairing
    polynomial[3] += 4 * (shift @ through @ direction)
    return law.mean(polynomial)


def _times(left, right):
    product = [0] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            product[i + j] += a * b
    return product


def _diagonal_moments(law):
    """Do as `_dense_moments` does with matrices that are diagonal up to multiples of qqᵀ."""
    n, features, weights, dot = law.context_length, law.features, law.weights, law.dot
    q, s = law.mean_direction, law.label_variance
    ones = np.ones_like(law.multiplicity)
    square, cube = features**2, features**3
    qq, qfq, square_trace = dot(q, q), dot(q * features, q), dot(square, ones)
    outer_part, plain_part = n * (n + 1), n * s  # M = outer_part·qqᵀ + plain_part·Σ_x

    def second_times(vector):
        return outer_part * dot(q, vector) * q + plain_part * features * vector

    def rest_times(vector):
        return features * vector - dot(q, vector) / s * q

    # PΣ_x = q zᵀ − diag(y).
    z = n * features * (law.task - (n + 1) * weights * q)
    y = n * s * square * weights
    gradient_square = qq * dot(z, z) - 2 * dot(q * z, y) + dot(y, y)

    direction = q / s
    shift = weights * direction
    # tr(Σ_⊥M), and qᵀMq/s².
    rest_second = outer_part * (qfq - qq**2 / s) + plain_part * (square_trace - qfq / s)
    context_form = [0, rest_second, dot(direction, second_times(direction))]
    back = weights * rest_times(second_times(direction))  # WΣ_⊥Mc
    rest_q = rest_times(q)

    def moments(weighting):
        spread = weights * weighting * weights  # WᵀAW
        error_form = [
            dot(law.task * weighting, law.task),
            -2 * dot(law.task * weighting, shift) + dot(spread, features - q**2 / s),
            dot(shift * weighting, shift),
        ]
        # tr(WᵀAW Σ_⊥MΣ_⊥), where Σ_⊥Σ_xΣ_⊥ = Σ_x³ − (Σ_x²qqᵀ + qqᵀΣ_x²)/s + qᵀΣ_xq qqᵀ/s².
        pairing = outer_part * dot(spread * rest_q, rest_q) + plain_part * dot(
            spread, cube - 2 * square * q**2 / s + qfq * q**2 / s**2
        )
        polynomial = _times(error_form, context_form)
        polynomial[2] += -4 * dot(law.task * weighting, back) + 2 * pairing
        polynomial[3] += 4 * dot(shift * weighting, back)
        return law.mean(error_form), law.mean(polynomial)

    error_1, product_1 = moments(features)
    return {
        "error_1": error_1,
        "gradient_square": gradient_square,
        "product_1": product_1,
        "product_3": moments(cube)[1],
        "square_trace": square_trace,
        "overlap": outer_part**2 * qq**2
        + 2 * outer_part * plain_part * qfq
        + plain_part**2 * square_trace,
    }


def pretrained_weights(context_length, features, prior, noise_variance):
    """W* = Σ_β[(n+1)Σ_xΣ_β + (tr Σ_xΣ_β + σ²)I]⁻¹, and 0 where every W is optimal."""
    ridge = np.sum(features * prior) + noise_variance
    if ridge == 0:
        return 0 * prior
    gram = (context_length + 1) * (features @ prior) + ridge * np.eye(len(prior), dtype=object)
    return prior @ inverse(gram)


def inverse(matrix):
    """Invert by Gauss-Jordan elimination with pivots."""
    size = len(matrix)
    table = np.concatenate([matrix, np.eye(size, dtype=object) + 0 * matrix], axis=1)
    for column in range(size):
        pivot = column + int(np.argmax(np.abs(table[column:, column])))
        table[[column, pivot]] = table[[pivot, column]]
        table[column] = table[column] / table[column, column]
        for row in range(size):
            if row != column:
                table[row] = table[row] - table[row, column] * table[column]
    return table[:, size:]


def entry(covariance, i, j, number):
    """Entry (i, j) of the unscaled matrix, by the definition of each kind, one number at a time."""
    zero, one = number(0.0), number(1.0)
    unit = one if i == j else zero
    match covariance:
        case Isotropic():
            return unit
        case Diagonal(values=values):
            return unit * number(float(values[i]))
        case PowerLaw(exponent=exponent):
            return one / number(i + 1.0) ** number(exponent) if i == j else zero
        case Spiked(spikes=spikes, directions=None):
            return unit * (one + (number(float(spikes[i])) if i < len(spikes) else zero))
        case Spiked(spikes=spikes):
            # The directions that it shows are divided by their lengths already.
            given = covariance._given_directions
            for spike, row in zip(spikes.tolist(), given.tolist(), strict=True):
                largest = number(max(map(abs, row)))
                v = [number(each) / largest for each in row]
                unit += number(spike) * v[i] * v[j] / sum(each * each for each in v)
            return unit
        case FactorModel(values=values, loadings=loadings):
            pairs = zip(loadings[i].tolist(), loadings[j].tolist(), strict=True)
            return unit * number(float(values[i])) + sum(number(a) * number(b) for a, b in pairs)
        case AR1(rho=rho):
            return prod([number(rho)] * abs(i - j), start=one)
        case Equicorrelated(rho=rho):
            return unit if i == j else number(rho)
        case Dense(entries=entries):
            return number(float(entries[i, j]))
        case Empirical(samples=samples):
            first, second = ([number(x) for x in samples[:, c].tolist()] for c in (i, j))
            means = sum(first) / len(first), sum(second) / len(second)
            pairs = zip(first, second, strict=True)
            return sum((x - means[0]) * (y - means[1]) for x, y in pairs) / (len(first) - 1)
        case Kronecker(factors=factors):
            result = one
            for factor in reversed(factors):
                i, row = divmod(i, factor.dim)
                j, column = divmod(j, factor.dim)
                result *= number(factor.scale) * entry(factor, row, column, number)
            return result
        case BlockDiagonal(blocks=blocks):
            for block in blocks:
                if min(i, j) < block.dim:
                    inside = max(i, j) < block.dim
                    return number(block.scale) * entry(block, i, j, number) if inside else zero
                i, j = i - block.dim, j - block.dim
    raise AssertionError(covariance)


def defined(covariance):
    """The matrix by `entry`, to mpmath's digits."""
    size = range(covariance.dim)
    scale = mpf(covariance.scale)
    return np.array([[scale * entry(covariance, i, j, mpf) for j in size] for i in size])


def law_of(setting, number=precise, dense=None):
    """Return the law of a setting with dense matrices.

    They are those that the covariances return, floats taken as exact, unless `dense` gives others.
    """

    def stored(covariance):
        matrix = covariance.matrix()
        return number(matrix if isinstance(matrix, np.ndarray) else matrix.toarray())

    dense = dense or stored
    features, start, source = (
        dense(setting.feature_covariance),
        setting.initialization,
        setting.pretraining,
    )
    noise_variance = number(setting.noise_variance)[()]
    weights = 0 * features
    if isinstance(start, DenseWeights):
        weights = number(start.matrix)
    elif isinstance(start, PretrainedWeights):
        weights = number(start.factor)[()] * pretrained_weights(
            source.context_length,
            dense(source.feature_covariance),
            dense(setting.task_covariance),
            number(source.noise_variance)[()],
        )
    return Law(
        setting.context_length,
        setting.test_samples,
        features,
        weights,
        number(setting.task),
        noise_variance,
    )


def diagonal_law_of(setting):
    """Return the law of a setting with diagonal matrices, equal coordinates counted together."""
    source, start = setting.pretraining, setting.initialization
    columns = np.column_stack(
        [
            setting.feature_covariance.matrix().diagonal(),
            setting.task_covariance.matrix().diagonal(),
            source.feature_covariance.matrix().diagonal(),
            setting.task,
        ]
    )
    columns = columns[np.lexsort(columns.T)]
    first = np.flatnonzero(np.append(True, np.any(columns[1:] != columns[:-1], axis=1)))
    features, prior, source_features, task = precise(columns[first].T)
    multiplicity = precise(np.diff(np.append(first, len(columns))))
    weights = 0 * prior
    if isinstance(start, PretrainedWeights):
        ridge = np.sum(multiplicity * source_features * prior) + mpf(source.noise_variance)
        gram = (source.context_length + 1) * source_features * prior + ridge
        weights = mpf(start.factor) * prior / gram if ridge else weights
    return Law(
        setting.context_length,
        setting.test_samples,
        features,
        weights,
        task,
        mpf(setting.noise_variance),
        multiplicity,
    )


def one_step_risk(setting, *, diagonal=False, dense=None, digits=DIGITS):
    """Return what `OneStepRisk` holds, to about 100 digits."""
    with mp.workdps(digits):
        law = diagonal_law_of(setting) if diagonal else law_of(setting, dense=dense)
        constant, linear, quadratic = coefficients(law)
        step_size = linear / (2 * quadratic) if quadratic else mpf(0)
        improvement = linear * step_size / 2
        values = (
            constant,
            linear,
            quadratic,
            step_size,
            constant,
            constant - improvement,
            improvement,
        )
        return dict(zip(QUANTITIES, values, strict=True))
