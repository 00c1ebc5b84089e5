"""Exact second moments of what one simulated prompt yields, for sample sizes and intervals.

Per prompt the literal simulator gives c0, c1, c2 averaged over Q fresh queries.  Given u and u' the
queries' errors are Gaussian, and with e = β − Wu, s_e = eᵀΣ_xe + σ² and v the data vector of the
gradient,

    E[c0²] = (1 + 2/Q) E[s_e²],
    E[c1²] = 16 (1 + 1/Q) E[(vᵀΣ_xe')² (uᵀu')²] + (16/Q) E[s_e' vᵀΣ_xv (uᵀu')²],
    E[c2²] = 16 (1 + 2/Q) E[(vᵀΣ_xv)² (uᵀu')⁴].

Given u the moments of v and u' are polynomials in the quadratic forms eᵀΣ_x^p e, (uᵀq)² and uᵀΣ_xu,
by their laws v | t ~ N(tΣ_xe, t(s_eΣ_x − Σ_xeeᵀΣ_x)), t ~ χ²_k, and likewise u'.  Given t, u itself
is Gaussian, and joint moments of quadratic forms follow from their cumulants; t is integrated by a
Gauss-Laguerre rule that is exact for the degree.  No formula under test enters.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from ttt_theory.checks import FloatArray
from ttt_theory.linear.setting.random_task import fixed_task
from ttt_theory.structured.base import dense

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttt_theory.linear.simulation.data_vector import SimulatorInLaw
    from ttt_theory.linear.simulation.literal import LiteralSimulator

__all__ = [
    "block_variances",
    "conditional_risk_variance",
    "conditional_variances",
    "risk_mean",
    "risk_variance",
    "same_context_second_moments",
    "second_moments",
]

# A weight, and the mean of u and a root of its covariance there.
_Law = tuple[float, FloatArray, FloatArray]

# c2 holds four quadratic forms in u, each of degree two in t: degree 8, exact with 5 nodes.
_NODES = 5
# Squared, on the same context, it holds six of them: degree 12.
_SAME_CONTEXT_NODES = 7

_ROUND_OFF = 1e-12


@dataclass(frozen=True, eq=False)
class _Form:
    """zᵀAz + 2bᵀz + c for a standard normal z."""

    quadratic: FloatArray
    linear: FloatArray
    constant: float


def second_moments(simulator: LiteralSimulator, queries: int) -> FloatArray:
    """Return E[c0²], E[c1²] and E[c2²] of one prompt, averaged over its fresh queries.

    Parameters
    ----------
    simulator : LiteralSimulator
    queries : int
        Fresh queries per prompt.

    Returns
    -------
    ndarray, shape (3,)
    """
    constant_square, aligned, spread_out, quadratic_square = _squares(simulator)
    return np.array(
        [
            (1.0 + 2.0 / queries) * constant_square,
            16.0 * ((1.0 + 1.0 / queries) * aligned + spread_out / queries),
            16.0 * (1.0 + 2.0 / queries) * quadratic_square,
        ]
    )


def same_context_second_moments(simulator: LiteralSimulator, queries: int) -> FloatArray:
    """Return E[c0²], E[c1²] and E[c2²] of one prompt that is tested on its own context.

    With U = uᵀu they are

        E[c0²] = (1 + 2/Q) E[s_e²],
        E[c1²] = 16 (1 + 1/Q) E[U² (vᵀΣ_xe)²] + (16/Q) E[U² s_e vᵀΣ_xv],
        E[c2²] = 16 (1 + 2/Q) E[U⁴ (vᵀΣ_xv)²],

    and given u E[(vᵀΣ_xe)²] = k s_e eᵀΣ_x³e + k(k+1)(eᵀΣ_x²e)², E[vᵀΣ_xv] = k s_e tr(Σ_x²) +
    k(k+1) eᵀΣ_x³e.

    Parameters
    ----------
    simulator : LiteralSimulator
    queries : int
        Fresh queries per prompt.

    Returns
    -------
    ndarray, shape (3,)
    """
    covariance = dense(simulator.feature_covariance.matrix())
    weights, task, k = dense(simulator.weights), fixed_task(simulator.task), simulator.test_samples
    noise, mean = simulator.noise_variance, covariance @ task
    squares = covariance @ covariance
    cubes = covariance @ squares
    trace_2, trace_4 = float(np.trace(squares)), float(np.sum(squares * squares))
    totals = np.zeros(3)
    for weight, shift, root in _context_laws(
        simulator, covariance, mean, float(task @ mean) + noise, _SAME_CONTEXT_NODES
    ):
        error, error_root = task - weights @ shift, -weights @ root
        variance = _form(covariance, error, error_root, noise)
        descent = _form(squares, error, error_root)
        energy = _form(cubes, error, error_root)
        energy_5 = _form(squares @ cubes, error, error_root)
        size = _form(np.eye(len(task)), shift, root)
        aligned = k * _moment([size, size, variance, energy])
        aligned += k * (k + 1) * _moment([size, size, descent, descent])
        spread = k * trace_2 * _moment([size, size, variance, variance])
        spread += k * (k + 1) * _moment([size, size, variance, energy])
        step = _data_vector_square(k, trace_2, trace_4, variance, energy, energy_5)
        totals += weight * np.array(
            [
                (1.0 + 2.0 / queries) * _moment([variance, variance]),
                16.0 * ((1.0 + 1.0 / queries) * aligned + spread / queries),
                16.0
                * (1.0 + 2.0 / queries)
                * sum(factor * _moment([*[size] * 4, *forms]) for factor, forms in step),
            ]
        )
    return totals


def _squares(simulator: LiteralSimulator | SimulatorInLaw) -> tuple[float, float, float, float]:
    """E of s_e², (vᵀΣ_xe')²(uᵀu')², s_e' vᵀΣ_xv (uᵀu')² and (vᵀΣ_xv)²(uᵀu')⁴."""
    covariance = dense(simulator.feature_covariance.matrix())
    weights, task, noise = (
        dense(simulator.weights),
        fixed_task(simulator.task),
        simulator.noise_variance,
    )
    mean = covariance @ task
    label_variance = float(task @ mean) + noise
    squares = covariance @ covariance
    cubes = covariance @ squares
    trace_2, trace_4 = float(np.trace(squares)), float(np.sum(squares * squares))
    k = simulator.test_samples

    laws = list(_context_laws(simulator, covariance, mean, label_variance))
    constant_square = quadratic_square = 0.0
    moment_by_variance, moment_by_energy = np.zeros((2, *covariance.shape))
    for weight, shift, root in laws:
        error, error_root = task - weights @ shift, -weights @ root
        variance = _form(covariance, error, error_root, noise)
        energy = _form(cubes, error, error_root)
        energy_5 = _form(squares @ cubes, error, error_root)
        projection = _form(np.outer(mean, mean), shift, root)
        spread = _form(covariance, shift, root)
        constant_square += weight * _moment([variance, variance])
        moment_by_variance += weight * _weighted_second_moment(variance, shift, root)
        moment_by_energy += weight * _weighted_second_moment(energy, shift, root)
        step = _data_vector_square(k, trace_2, trace_4, variance, energy, energy_5)
        overlap = _overlap_fourth(simulator.context_length, label_variance, projection, spread)
        quadratic_square += weight * sum(
            a * b * _moment([*first, *second]) for a, first in step for b, second in overlap
        )

    # E[vvᵀ | u] = k s_e Σ_x + k(k+1) Σ_xeeᵀΣ_x; then the average over u, which leaves forms in u'.
    aligned = k * (k + 1) * _squared_overlap(weights, task, covariance, laws)
    spread_out = 0.0
    for weight, shift, root in laws:
        error, error_root = task - weights @ shift, -weights @ root
        aligned += weight * _moment(
            [_form(cubes, error, error_root), _form(k * moment_by_variance, shift, root)]
        )
        step_energy = k * trace_2 * moment_by_variance + k * (k + 1) * moment_by_energy
        spread_out += weight * _moment(
            [_form(covariance, error, error_root, noise), _form(step_energy, shift, root)]
        )
    return constant_square, aligned, spread_out, quadratic_square


def block_variances(simulator: LiteralSimulator, queries: int, prompts: int) -> FloatArray:
    """Return B times the variances of `LiteralSimulator.averages` of B prompts.

    With gradients G = −2vuᵀ and H = −(2/Q)Σ xe'u'ᵀ of means −2kΣ_xPᵀ and −2Σ_xPᵀ, P = E[ueᵀ], the
    mean c1 over all pairs has B²·variance = E[⟨G, H⟩²] + (B − 1)(a + b) − (2B − 1)c1² with

        a = E[⟨G, E H⟩²] = 16 E[k(k+1)β² + k s_e φ],   β = eᵀΣ_x²Pᵀu,   φ = uᵀPΣ_x³Pᵀu,
        b = E[⟨E G, H⟩²] = 16 k² E[(1 + 1/Q)β² + s_e φ/Q].

    Parameters
    ----------
    simulator : LiteralSimulator
    queries : int
    prompts : int
        B.

    Returns
    -------
    ndarray, shape (3,)
    """
    forms = _LawForms.of(simulator)
    k = simulator.test_samples
    trained = 16.0 * (k * (k + 1) * forms.aligned_square + k * forms.spread_square)
    tested = (
        16.0 * k**2 * ((1.0 + 1.0 / queries) * forms.aligned_square + forms.spread_square / queries)
    )
    constant, linear, quadratic = forms.means(k)
    first, pairs, last = second_moments(simulator, queries)
    pairs += (prompts - 1) * (trained + tested - 2.0 * linear**2) - linear**2
    variances = np.array([first - constant**2, pairs / prompts, last - quadratic**2])
    # Where nothing varies, rounding may make it negative.
    return np.asarray(np.maximum(variances, 0.0))


def conditional_variances(simulator: LiteralSimulator | SimulatorInLaw) -> FloatArray:
    """Return the variances of E[c1 | u] = 4kβ, with β as above, and of E[c2 | u].

    The second is 4k[(k+1)eᵀΣ_x³e + tr(Σ_x²)s_e] uᵀMu, and E[c0 | u] does not vary.

    Parameters
    ----------
    simulator : LiteralSimulator

    Returns
    -------
    ndarray, shape (2,)
    """
    forms = _LawForms.of(simulator)
    k = simulator.test_samples
    _, linear, quadratic = forms.means(k)
    square = (
        16.0
        * k**2
        * sum(
            weight
            * (
                (k + 1) ** 2 * _moment([energy, energy, overlap, overlap])
                + 2.0 * (k + 1) * forms.trace_2 * _moment([energy, variance, overlap, overlap])
                + forms.trace_2**2 * _moment([variance, variance, overlap, overlap])
            )
            for weight, variance, energy, overlap in forms.at_nodes
        )
    )
    variances = [16.0 * k**2 * forms.aligned_square - linear**2, square - quadratic**2]
    return np.asarray(np.maximum(variances, 0.0))


def risk_mean(simulator: LiteralSimulator | SimulatorInLaw, step_size: float) -> float:
    """Return the mean squared error after a step of η, as float64 has it of a simulator's arrays.

    Parameters
    ----------
    simulator : LiteralSimulator or SimulatorInLaw
        All draw one law.
    step_size : float
        η.
    """
    constant, linear, quadratic = _LawForms.of(simulator).means(simulator.test_samples)
    return constant - linear * step_size + quadratic * step_size**2


def risk_variance(
    simulator: LiteralSimulator | SimulatorInLaw, queries: int, step_size: float
) -> float:
    """Return the variance of one prompt's squared error after a step of η, over its queries.

    Given all vectors the queries' errors are Gaussian, of the variance
    s_T = s_e' − 4η(uᵀu')vᵀΣ_xe' + 4η²(uᵀu')²vᵀΣ_xv, so that the square's mean is (1 + 2/Q) E[s_T²].

    Parameters
    ----------
    simulator : LiteralSimulator or SimulatorInLaw
        All draw one law.
    queries : int
    step_size : float
        η.

    Returns
    -------
    float
        Larger by what rounding may have taken off, where a step takes most of the risk away.
    """
    forms = _LawForms.of(simulator)
    k, step = simulator.test_samples, step_size
    constant_square, aligned, spread_out, quadratic_square = _squares(simulator)
    along = k * sum(
        weight * _moment([variance, descent])
        for (weight, variance, *_), descent in zip(forms.at_nodes, forms.descents, strict=True)
    )
    terms = [
        constant_square,
        -8.0 * step * along,
        step**2 * (16.0 * aligned + 8.0 * spread_out),
        -32.0 * step**3 * _cubic_overlap(simulator),
        16.0 * step**4 * quadratic_square,
    ]
    constant, linear, quadratic = forms.means(k)
    mean = constant - linear * step + quadratic * step**2
    return max((1.0 + 2.0 / queries) * sum(terms) - mean**2, 0.0) + _rounding(terms)


def conditional_risk_variance(
    simulator: LiteralSimulator | SimulatorInLaw, step_size: float
) -> float:
    """Return the variance of the expected squared error after a step of η, given the context.

    Parameters
    ----------
    simulator : LiteralSimulator or SimulatorInLaw
        All draw contexts of one law.
    step_size : float
        η.

    Returns
    -------
    float
        Larger by what rounding may have taken off.
    """
    forms = _LawForms.of(simulator)
    k, step = simulator.test_samples, step_size
    _, linear, quadratic = forms.means(k)
    product = (
        16.0
        * k**2
        * sum(
            weight
            * (
                (k + 1) * _moment([descent, energy, overlap])
                + forms.trace_2 * _moment([descent, variance, overlap])
            )
            for (weight, variance, energy, overlap), descent in zip(
                forms.at_nodes, forms.descents, strict=True
            )
        )
    )
    of_linear, of_quadratic = conditional_variances(simulator)
    covariance = product - linear * quadratic
    terms = [
        step**2 * of_linear,
        -2.0 * step**3 * covariance,
        step**4 * of_quadratic,
    ]
    return max(float(sum(terms)), 0.0) + _rounding([*terms, step**3 * product])


def _rounding(terms: list[float]) -> float:
    return _ROUND_OFF * float(sum(map(abs, terms)))


def _cubic_overlap(simulator: LiteralSimulator | SimulatorInLaw) -> float:
    """E[(uᵀu')³ vᵀΣ_xe' vᵀΣ_xv].

    With E[(vᵀΣ_xv)v | u] = [(t₃ − 3t₂)eᵀΣ_x³e + t₂ tr(Σ_x²)s_e]Σ_xe + 2t₂s_eΣ_x³e, t_j = E[t^j] for
    χ²_k, what is left is E[(uᵀu')³ zᵀe' | u] for z = Σ_x²e and Σ_x⁴e, by the Gaussian law of u'.
    With p = qᵀu, h = uᵀΣ_xu and N_j = E[t^j] for χ²_n it is

        p zᵀβ [(N₃ − 3N₂)p² + 3N₂sh] − p zᵀWq [(N₄ − 6N₃ + 3N₂)p² + 3(N₃ − N₂)sh]
            − 3s zᵀWΣ_xu [(N₃ − N₂)p² + N₂sh].
    """
    covariance = dense(simulator.feature_covariance.matrix())
    weights, task, noise = (
        dense(simulator.weights),
        fixed_task(simulator.task),
        simulator.noise_variance,
    )
    mean = covariance @ task
    s = float(task @ mean) + noise
    t2, t3 = (_rising(simulator.test_samples, j) for j in (2, 3))
    n2, n3, n4 = (_rising(simulator.context_length, j) for j in (2, 3, 4))
    squares = covariance @ covariance
    cubes, trace_2 = covariance @ squares, float(np.trace(squares))
    total = 0.0
    for weight, shift, root in _context_laws(simulator, covariance, mean, s):
        error, error_root = task - weights @ shift, -weights @ root
        variance = _form(covariance, error, error_root, noise)
        energy = _form(cubes, error, error_root)
        projection = _form(np.outer(mean, mean), shift, root)
        spread = _form(covariance, shift, root)
        for power, factors in (
            (squares, [(t3 - 3.0 * t2, energy), (t2 * trace_2, variance)]),
            (squares @ squares, [(2.0 * t2, variance)]),
        ):
            for matrix, of_projection, of_spread in (
                (np.outer(mean, power @ task), n3 - 3.0 * n2, 3.0 * n2 * s),
                (
                    -np.outer(mean, power @ (weights @ mean)),
                    n4 - 6.0 * n3 + 3.0 * n2,
                    3.0 * (n3 - n2) * s,
                ),
                (-3.0 * s * covariance @ weights.T @ power, n3 - n2, n2 * s),
            ):
                mixed = _mixed_form(matrix, weights, task, shift, root)
                total += weight * sum(
                    factor
                    * (
                        of_projection * _moment([form, mixed, projection])
                        + of_spread * _moment([form, mixed, spread])
                    )
                    for factor, form in factors
                )
    return total


@dataclass(frozen=True, eq=False)
class _LawForms:
    """Moments of forms in u that several variances need.

    Attributes
    ----------
    trace_2 : float
        tr(Σ_x²).
    at_nodes : list of tuple
        A weight, and the forms s_e, eᵀΣ_x³e and uᵀMu, at the nodes of t.
    descents : list of _Form
        The forms β there.
    aligned_square, spread_square : float
        E[β²] and E[s_e φ] of `block_variances`.
    gradient_square : float
        ‖PΣ_x‖².
    """

    trace_2: float
    at_nodes: list[tuple[float, _Form, _Form, _Form]]
    descents: list[_Form]
    aligned_square: float
    spread_square: float
    gradient_square: float

    @classmethod
    def of(cls, simulator: LiteralSimulator | SimulatorInLaw) -> _LawForms:
        covariance = dense(simulator.feature_covariance.matrix())
        weights, task, noise = (
            dense(simulator.weights),
            fixed_task(simulator.task),
            simulator.noise_variance,
        )
        mean, n = covariance @ task, simulator.context_length
        label_variance = float(task @ mean) + noise
        squares = covariance @ covariance
        cubes = covariance @ squares
        laws = list(_context_laws(simulator, covariance, mean, label_variance))
        cross = np.zeros_like(covariance)
        for weight, shift, root in laws:
            error, error_root = task - weights @ shift, -weights @ root
            cross += weight * (np.outer(shift, error) + root @ error_root.T)
        context_square = n * (n + 1.0) * np.outer(mean, mean) + n * label_variance * covariance
        at_nodes, descents, aligned, spread = [], [], 0.0, 0.0
        for weight, shift, root in laws:
            error, error_root = task - weights @ shift, -weights @ root
            variance = _form(covariance, error, error_root, noise)
            energy = _form(cubes, error, error_root)
            at_nodes.append((weight, variance, energy, _form(context_square, shift, root)))
            descent = _mixed_form(cross @ squares, weights, task, shift, root)
            descents.append(descent)
            aligned += weight * _moment([descent, descent])
            spread += weight * _moment([variance, _form(cross @ cubes @ cross.T, shift, root)])
        gradient = float(np.sum((cross @ covariance) ** 2))
        return cls(float(np.trace(squares)), at_nodes, descents, aligned, spread, gradient)

    def means(self, k: int) -> tuple[float, float, float]:
        """Return c0, c1 and c2."""
        constant = quadratic = 0.0
        for weight, variance, energy, overlap in self.at_nodes:
            constant += weight * _moment([variance])
            quadratic += weight * (
                4.0 * k * (k + 1) * _moment([energy, overlap])
                + 4.0 * k * self.trace_2 * _moment([variance, overlap])
            )
        return constant, 4.0 * k * self.gradient_square, quadratic


def _squared_overlap(
    weights: FloatArray, task: FloatArray, covariance: FloatArray, laws: list[_Law]
) -> float:
    """E[(eᵀΣ_x²e')² (uᵀu')²] of two independent contexts.

    It is the squared norm of H = E[ẽ⊗u⊗ẽ⊗u] with ẽ = Σ_xe.  Given t, a fourth moment of Gaussian
    vectors with second moments S and means m is S_abS_cd + S_acS_bd + S_adS_bc − 2m_am_bm_cm_d, and
    the inner product of two such tensors contracts to traces.
    """
    total = 0.0
    nodes = []
    for weight, shift, root in laws:
        error = covariance @ (task - weights @ shift)
        error_root = -covariance @ weights @ root
        error_squares = np.outer(error, error) + error_root @ error_root.T
        cross = np.outer(error, shift) + error_root @ root.T
        context_squares = np.outer(shift, shift) + root @ root.T
        nodes.append((weight, error_squares, cross, context_squares, error, shift))
    for (w1, a1, x1, u1, e1, m1), (w2, a2, x2, u2, e2, m2) in itertools.product(nodes, repeat=2):
        twisted = x1 @ x2.T
        total += float(
            w1
            * w2
            * (
                2.0 * np.sum(x1 * x2) ** 2
                + 2.0 * np.sum(twisted * twisted.T)
                + np.sum(a1 * a2) * np.sum(u1 * u2)
                + 2.0 * np.sum((a2 @ x1) * (x1 @ u2))
                + 2.0 * np.sum((a1 @ x2) * (x2 @ u1))
                - 4.0 * (e2 @ x1 @ m2) ** 2
                - 2.0 * (e2 @ a1 @ e2) * (m2 @ u1 @ m2)
                - 4.0 * (e1 @ x2 @ m1) ** 2
                - 2.0 * (e1 @ a2 @ e1) * (m1 @ u2 @ m1)
                + 4.0 * (e1 @ e2) ** 2 * (m1 @ m2) ** 2
            )
        )
    return total


def _context_laws(
    simulator: LiteralSimulator | SimulatorInLaw,
    covariance: FloatArray,
    mean: FloatArray,
    label_variance: float,
    count: int = _NODES,
) -> Iterator[_Law]:
    """Yield the law of u at the nodes of t."""
    eigenvalues, vectors = linalg.eigh(label_variance * covariance - np.outer(mean, mean))
    root = vectors * np.sqrt(np.clip(eigenvalues, 0.0, None))
    # The rule for Gamma(n/2) by Golub and Welsch; t is twice that variable.
    order = np.arange(count)
    shape = simulator.context_length / 2.0
    nodes, components = linalg.eigh_tridiagonal(
        2.0 * order + shape, np.sqrt(order[1:] * (order[1:] + shape - 1.0))
    )
    for node, component in zip(2.0 * nodes, components[0], strict=True):
        yield float(component**2), node * mean, math.sqrt(node) * root


def _form(matrix: FloatArray, shift: FloatArray, root: FloatArray, constant: float = 0.0) -> _Form:
    """(shift + root z)ᵀ matrix (shift + root z) + constant."""
    return _Form(
        root.T @ matrix @ root,
        root.T @ (matrix @ shift),
        float(shift @ (matrix @ shift)) + constant,
    )


def _mixed_form(
    matrix: FloatArray, weights: FloatArray, task: FloatArray, shift: FloatArray, root: FloatArray
) -> _Form:
    """Return uᵀ matrix e for u = shift + root z, e = task − weights u."""
    square, image = -matrix @ weights, matrix @ task
    # The quadratic form takes the symmetric part.
    form = _form((square + square.T) / 2.0, shift, root)
    return _Form(
        form.quadratic, form.linear + root.T @ image / 2.0, form.constant + float(shift @ image)
    )


def _weighted_second_moment(form: _Form, shift: FloatArray, root: FloatArray) -> FloatArray:
    """E[uuᵀ · form] for u = shift + root z."""
    mean = float(np.trace(form.quadratic)) + form.constant
    cross = np.outer(shift, root @ (2.0 * form.linear))
    inner = mean * np.eye(len(form.linear)) + 2.0 * form.quadratic
    return mean * np.outer(shift, shift) + cross + cross.T + root @ inner @ root.T


def _moment(forms: list[_Form]) -> float:
    """E of a product of quadratic forms in one standard normal vector.

    It is the sum, over the partitions of the factors, of products of joint cumulants.
    """
    return _moment_of(forms, {})


def _moment_of(forms: list[_Form], known: dict[tuple[int, ...], float]) -> float:
    """Return `_moment`, with the cumulants that are known already by what they are of."""
    if not forms:
        return 1.0
    first, others = forms[0], forms[1:]
    total = 0.0
    for size in range(len(others) + 1):
        for chosen in itertools.combinations(range(len(others)), size):
            group = [first, *(others[index] for index in chosen)]
            rest = [form for index, form in enumerate(others) if index not in chosen]
            key = tuple(sorted(map(id, group)))
            if key not in known:
                known[key] = _cumulant(group)
            total += known[key] * _moment_of(rest, known)
    return total


def _cumulant(forms: list[_Form]) -> float:
    """Joint cumulant, the coefficient of −½ log det(I − 2A_t) + 2b_tᵀ(I − 2A_t)⁻¹b_t + c_t."""
    order = len(forms)
    if order == 1:
        return float(np.trace(forms[0].quadratic)) + forms[0].constant
    total = 0.0
    # The traces are the same for every cyclic rotation, so that one form may stay first.
    for permuted in itertools.permutations(forms[1:]):
        product = forms[0].quadratic
        for form in permuted[:-1]:
            product = product @ form.quadratic
        total += float(np.sum(product * permuted[-1].quadratic.T))
    for permuted in itertools.permutations(forms):
        vector = permuted[-1].linear
        for form in permuted[-2:0:-1]:
            vector = form.quadratic @ vector
        total += float(permuted[0].linear @ vector)
    return 2.0 ** (order - 1) * total


_Terms = list[tuple[float, list[_Form]]]


def _rising(start: int, count: int) -> float:
    """E[t^count] for t ~ χ² with `start` degrees of freedom."""
    return float(math.prod(start + 2 * i for i in range(count)))


def _data_vector_square(
    k: int, trace_2: float, trace_4: float, variance: _Form, energy: _Form, energy_5: _Form
) -> _Terms:
    """E[(vᵀΣ_xv)² | u] as a polynomial in s_e, eᵀΣ_x³e and eᵀΣ_x⁵e.

    With m = eᵀΣ_x³e, m5 = eᵀΣ_x⁵e and s = s_e, given t it is
    (t²m + t(s tr Σ² − m))² + 2t²(s² tr Σ⁴ − 2s m5 + m²) + 4t³(s m5 − m²).
    """
    t2, t3, t4 = (_rising(k, j) for j in (2, 3, 4))
    return [
        (t4 - 2.0 * t3 + t2 + 2.0 * t2 - 4.0 * t3, [energy, energy]),
        (2.0 * (t3 - t2) * trace_2, [variance, energy]),
        (t2 * (trace_2**2 + 2.0 * trace_4), [variance, variance]),
        (4.0 * (t3 - t2), [variance, energy_5]),
    ]


def _overlap_fourth(n: int, label_variance: float, projection: _Form, spread: _Form) -> _Terms:
    """E[(uᵀu')⁴ | u] as a polynomial in g² = (uᵀq)² and h = uᵀΣ_xu.

    Given t it is t⁴g⁴ + 6t³g²(sh − g²) + 3t²(sh − g²)².
    """
    t2, t3, t4 = (_rising(n, j) for j in (2, 3, 4))
    s = label_variance
    return [
        (t4 - 6.0 * t3 + 3.0 * t2, [projection, projection]),
        (6.0 * s * (t3 - t2), [projection, spread]),
        (3.0 * t2 * s**2, [spread, spread]),
    ]
