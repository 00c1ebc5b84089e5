"""Features that are not Gaussian: exact, universal for independent entries, not for elliptical."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.claims.claim import Claim
from ttt_theory.covariance import Dense
from ttt_theory.evidence.algebra import identity, indeterminates, limit, proof
from ttt_theory.evidence.record import Evidence, EvidenceKind, agreement
from ttt_theory.linear.claims.stating import exactly, to_leading_order
from ttt_theory.linear.closed_form import (
    elliptical,
    feature_law_limits,
    independent_entries,
    pretraining,
    sample_sums,
)
from ttt_theory.linear.exact.curve import Curve
from ttt_theory.linear.exact.elliptical import EllipticalAssembly
from ttt_theory.linear.exact.entry_moments import cumulants
from ttt_theory.linear.exact.independent_entries import IndependentEntriesCurve
from ttt_theory.linear.exact.risk import one_step_risk
from ttt_theory.linear.exact.spectrum import Spectrum, SpectrumForms, isotropic_spectrum
from ttt_theory.linear.setting.feature_laws import EllipticalFeatures
from ttt_theory.linear.setting.setting import Setting
from ttt_theory.linear.setting.starts import DenseWeights
from ttt_theory.linear.witnesses.every_outcome import (
    NOISE,
    RADII,
    elliptical_vectors,
    exact_array,
    gaussian_atoms,
    risk_of_all_outcomes,
    sparse_entries,
    vectors,
)

if TYPE_CHECKING:
    from ttt_theory.evidence.effort import Effort

__all__ = ["CLAIMS"]

DIM, ALPHA, GAMMA, KAPPA_4, KAPPA_6, KAPPA_8, PARTICIPATION, SIXTH = indeterminates(
    "d alpha gamma kappa4 kappa6 kappa8 pi p6"
)
E_DIM, E_ALPHA, E_GAMMA, TASK_SQUARE, RADIUS_2, RADIUS_3, RADIUS_4 = indeterminates(
    "d alpha gamma beta2 r2 r3 r4"
)
# A field of its own for each proof: fewer indeterminates make it faster.
LENGTH, P_DIM, CHANGE, NOISE_VARIANCE, BEYOND = indeterminates("n d t sigma2 r")
_SMALL_WEIGHT = Fraction(1, 7)


def _independent_curve(
    n: Any, k: Any, d: Any, weight: Any, noise: Any, task: Sequence[Any], entries: Sequence[Any]
) -> Curve:
    """Put the compiled isotropic coefficients together from Σβ_i^j and κ_j."""
    square, fourth, sixth = task
    kappa_4, kappa_6, kappa_8 = entries
    return Curve(
        independent_entries.constant(
            context_length=n,
            dim=d,
            task_square=square,
            noise_variance=noise,
            weight=weight,
            cumulant_4=kappa_4,
        ),
        independent_entries.linear(
            context_length=n,
            test_samples=k,
            dim=d,
            task_square=square,
            task_fourth=fourth,
            noise_variance=noise,
            weight=weight,
            cumulant_4=kappa_4,
        ),
        independent_entries.quadratic(
            test_samples=k,
            dim=d,
            noise_variance=noise,
            cumulant_4=kappa_4,
            product=independent_entries.product_moment(
                context_length=n,
                dim=d,
                task_square=square,
                task_fourth=fourth,
                task_sixth=sixth,
                noise_variance=noise,
                weight=weight,
                cumulant_4=kappa_4,
                cumulant_6=kappa_6,
                cumulant_8=kappa_8,
            ),
            overlap=independent_entries.overlap_moment(
                context_length=n,
                dim=d,
                task_square=square,
                task_fourth=fourth,
                noise_variance=noise,
                cumulant_4=kappa_4,
            ),
        ),
    )


def _elliptical_curve(
    n: Any, k: Any, d: Any, weight: Any, noise: Any, task_square: Any, radii: Any
) -> Curve:
    forms = SpectrumForms(isotropic_spectrum(d, weight, task_square), n, noise)
    return EllipticalAssembly(n, k, noise, radii, forms).curve


def _same(statement: str, curve: Curve, outcomes: tuple[Any, Any, Any]) -> Evidence:
    found = (curve.constant, curve.linear, curve.quadratic)
    return proof(statement, found == outcomes, outcomes=[str(each) for each in outcomes])


@cache
def _independent_outcomes(scale: int, n: int, k: int, task: tuple[int, ...]) -> Any:
    """Add up all outcomes of entries that are 0 or ±scale; no formula has a part in it."""
    features = list(vectors(sparse_entries(scale), len(task)))
    weights = _SMALL_WEIGHT * exact_array(np.eye(len(task)))
    return risk_of_all_outcomes(features, NOISE, n, k, weights, exact_array(task))


@cache
def _elliptical_outcomes(n: int, k: int) -> Any:
    """Add up all outcomes in one dimension, the Gaussian factor by nodes."""
    features = list(elliptical_vectors(exact_array([[2]]), gaussian_atoms(), RADII))
    weights = exact_array([[_SMALL_WEIGHT]])
    return risk_of_all_outcomes(features, NOISE, n, k, weights, exact_array([2]))


def _every_outcome(_: Effort) -> list[Evidence]:
    """Compare with all outcomes of small prompts, in fractions."""
    evidence = []
    for scale, n, k, task in ((1, 2, 1, (2, -1)), (2, 2, 1, (1, 3)), (3, 1, 2, (3, 2))):
        entries = sparse_entries(scale)
        moments = {order: sum(p * z**order for z, p in entries) for order in (2, 4, 6, 8)}
        beyond = cumulants(moments.__getitem__, 8)
        powers = [Fraction(sum(b**order for b in task)) for order in (2, 4, 6)]
        evidence.append(
            _same(
                f"independent entries of fourth moment {scale**2}, n = {n}, k = {k}, d = 2: c0, c1 "
                "and c2 are those of all outcomes added up",
                _independent_curve(
                    n, k, 2, _SMALL_WEIGHT, 3, powers, [beyond[j] for j in (4, 6, 8)]
                ),
                _independent_outcomes(scale, n, k, task),
            )
        )
    radii = tuple(sum(p * rho**order for rho, p in RADII) for order in (2, 3, 4))
    # With Σ_x = 4, so that its powers are told apart.
    spectrum = Spectrum([1], [4], [_SMALL_WEIGHT], [4])
    for n, k in ((2, 1), (1, 1)):
        evidence.append(
            _same(
                f"elliptical features of radius ¼ or 4, n = {n}, k = {k}, d = 1: c0, c1 and c2 are "
                "those of all outcomes added up, the Gaussian factor by nodes",
                EllipticalAssembly(n, k, 3, radii, SpectrumForms(spectrum, n, 3)).curve,
                _elliptical_outcomes(n, k),
            )
        )
    return evidence


_ROOT, _WEIGHTS, _TASK = (
    exact_array([[2, 1], [1, 3]]),
    exact_array([[1, 2], [-1, 3]]) / 50,
    exact_array([2, -1]),
)
_SIGNS = ((-1, Fraction(1, 2)), (1, Fraction(1, 2)))


@cache
def _rotated_outcomes(n: int, k: int) -> Any:
    """Add up all outcomes of entries ±1 behind a root that does not commute with W."""
    features = [(_ROOT @ vector, chance) for vector, chance in vectors(_SIGNS, len(_TASK))]
    return risk_of_all_outcomes(features, NOISE, n, k, _WEIGHTS, _TASK)


def _any_covariance(_: Effort) -> list[Evidence]:
    """Compare with all outcomes where neither Σ_x nor W is a multiple of the identity."""
    n = k = 2
    moments = {order: sum(p * z**order for z, p in _SIGNS) for order in (2, 4, 6, 8)}
    curve = IndependentEntriesCurve(
        cumulants(moments.__getitem__, 8),
        root=_ROOT,
        weights=_WEIGHTS,
        task=_TASK,
        mean_error=_TASK - n * _WEIGHTS @ (_ROOT @ _ROOT @ _TASK),
        noise_variance=Fraction(3),
        context_length=n,
        test_samples=k,
    ).curve
    return [
        _same(
            "independent entries ±1, n = k = d = 2, Σ_x and W that do not commute: c0, c1 and c2 "
            "are those of all outcomes added up",
            curve,
            _rotated_outcomes(n, k),
        )
    ]


_RADII = ((0.5, 0.8), (3.0, 0.2))
_MIXED = np.array([[1.0, 0.5], [-0.3, 1.5]])
_UNEVEN = np.array([[0.1, 0.03], [-0.02, 0.05]])
_SLANTED = np.array([1.0, -0.5])
_STEP = 7e-5
"""Of the size of c1/c2 there, which keeps the digits of both."""


@cache
def _elliptical_average(n: int, k: int) -> Any:
    """Average over nodes for the Gaussian factor, enough of them for its degree."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    normal = list(zip(nodes.tolist(), (weights / weights.sum()).tolist(), strict=True))
    features = list(elliptical_vectors(_MIXED, normal, _RADII))
    noise = [(float(value), float(chance)) for value, chance in NOISE]
    return risk_of_all_outcomes(features, noise, n, k, _UNEVEN, _SLANTED, _STEP)


def _elliptical_of_any_covariance(effort: Effort) -> list[Evidence]:
    """Compare what the package returns with averages over nodes and radii, in two dimensions."""
    radii, chances = np.array(_RADII).T
    covariance = Dense(_MIXED @ _MIXED.T)
    errors = []
    for n, k in ((2, 1),) if effort.quick else ((2, 1), (1, 2)):
        setting = Setting(
            n,
            k,
            covariance,
            covariance,
            _SLANTED,
            3.0,
            DenseWeights(_UNEVEN),
            feature_law=EllipticalFeatures(radii, chances),
        )
        risk = one_step_risk(setting)
        outcomes = _elliptical_average(n, k)
        errors += [
            risk.constant / outcomes[0] - 1.0,
            risk.linear / outcomes[1] - 1.0,
            risk.quadratic / outcomes[2] - 1.0,
        ]
    return [
        agreement(
            EvidenceKind.EXACT_AVERAGE,
            "elliptical features, d = 2, Σ_x and W that do not commute, noise: c0, c1 and c2 are "
            "those of all outcomes added up, the Gaussian factor by nodes",
            errors,
        )
    ]


def _matched_weights(_: Effort) -> list[Evidence]:
    """Show that the matched weights minimise the risk averaged over the prior N(0, I)."""
    n, d, noise = LENGTH, P_DIM, NOISE_VARIANCE

    def independent(weight: Any) -> Any:
        return independent_entries.constant(
            context_length=n,
            dim=d,
            task_square=d,
            noise_variance=noise,
            weight=weight,
            cumulant_4=BEYOND,
        )

    def radial(weight: Any) -> Any:
        # The risk before the step has no use for the higher moments of the radius.
        return _elliptical_curve(n, 1, d, weight, noise, d, (BEYOND, 1, 1)).constant

    optima = {
        "independent entries": (
            independent,
            independent_entries.isotropic_weight(n, d, noise, BEYOND),
        ),
        "elliptical features": (radial, elliptical.isotropic_weight(n, d, noise, BEYOND)),
    }
    # The loss is a quadratic in w.
    level = elliptical.second_0_factor(d, noise, BEYOND)
    return [
        identity(
            "elliptical features: the matched W of any Σ_x and Σ_β is that of multiples of I",
            1 / (elliptical.gram_factor(n, BEYOND) + level),
            elliptical.isotropic_weight(n, d, noise, BEYOND),
        ),
        *(
            identity(
                f"{name}: the loss of wI averaged over the prior is least at the matched w",
                loss(best + CHANGE),
                loss(best - CHANGE),
            )
            for name, (loss, best) in optima.items()
        ),
    ]


def _universality(_: Effort) -> list[Evidence]:
    """Follow independent entries of any law to d → ∞, beside Gaussian ones."""
    n, k = ALPHA * DIM, GAMMA * DIM
    task, none = [1, PARTICIPATION, SIXTH], [0 * DIM] * 3
    gaussian_weight = pretraining.isotropic_weight(n, DIM, 0)
    cold = 0 * DIM
    evidence = []
    for name, weight, base, slope in (
        (
            "W pretrained on Gaussian features",
            gaussian_weight,
            gaussian_weight,
            feature_law_limits.transferred_excess_slope,
        ),
        (
            "W pretrained on the same features",
            independent_entries.isotropic_weight(n, DIM, 0, KAPPA_4),
            gaussian_weight,
            feature_law_limits.matched_excess_slope,
        ),
        ("cold start", cold, cold, feature_law_limits.cold_excess_slope),
    ):
        entries = [KAPPA_4, KAPPA_6, KAPPA_8]
        curve = _independent_curve(n, k, DIM, weight, 0, task, entries)
        gaussian = _independent_curve(n, k, DIM, base, 0, task, none)
        # Cross-multiplied, as a quotient of gains is slow to cancel.
        ours = curve.linear**2 * gaussian.quadratic
        theirs = gaussian.linear**2 * curve.quadratic
        evidence.append(
            limit(
                f"{name}: d·(gain/Gaussian gain − 1) tends to the stated coefficient",
                DIM * (ours - theirs) / theirs,
                slope(ALPHA, GAMMA, KAPPA_4, PARTICIPATION),
                variable=DIM,
            )
        )
    return evidence


def _elliptical_limits(_: Effort) -> list[Evidence]:
    """Follow elliptical features to d → ∞."""
    n, k = E_ALPHA * E_DIM, E_GAMMA * E_DIM
    values = (E_ALPHA, E_GAMMA, TASK_SQUARE, RADIUS_2)
    radii = (RADIUS_2, RADIUS_3, RADIUS_4)
    evidence = []
    sizes = (n, k, E_DIM, TASK_SQUARE, RADIUS_2)
    for name, weight, risk, gain, step_size in (
        (
            "W pretrained on Gaussian features",
            pretraining.isotropic_weight(n, E_DIM, 0),
            feature_law_limits.transferred_elliptical_risk_before(E_ALPHA, TASK_SQUARE, RADIUS_2),
            feature_law_limits.transferred_elliptical_improvement(*values),
            feature_law_limits.transferred_elliptical_step_size(*sizes),
        ),
        (
            "W pretrained on the same features",
            elliptical.isotropic_weight(n, E_DIM, 0, RADIUS_2),
            feature_law_limits.matched_elliptical_risk_before(E_ALPHA, TASK_SQUARE, RADIUS_2),
            feature_law_limits.matched_elliptical_improvement(*values),
            feature_law_limits.matched_elliptical_step_size(*sizes),
        ),
        (
            "cold start",
            0 * E_DIM,
            TASK_SQUARE,
            feature_law_limits.cold_elliptical_improvement(*values[1:]),
            feature_law_limits.cold_elliptical_step_size(*sizes),
        ),
    ):
        curve = _elliptical_curve(n, k, E_DIM, weight, 0, TASK_SQUARE, radii)
        evidence += [
            limit(
                f"elliptical, {name}: the limit of the risk", curve.constant, risk, variable=E_DIM
            ),
            limit(
                f"elliptical, {name}: the limit of the improvement",
                curve.improvement,
                gain,
                variable=E_DIM,
            ),
            limit(
                f"elliptical, {name}: the leading term of the best step",
                curve.linear / (2 * curve.quadratic),
                step_size,
                variable=E_DIM,
            ),
        ]
    return evidence


CLAIMS = (
    Claim(
        id="beyond-gaussian",
        title="Features that are not Gaussian",
        source="ours; the limits of [G25], Theorem 4.2, are the Gaussian case",
        statement=(
            "Isotropic, with the features of the test of another law than Gaussian: c0, c1 and c2 "
            "are exact for independent entries and for elliptical features; independent entries "
            "with eight moments have the limits of Theorem 4.2, which the gain leaves by a "
            "multiple of 1/d that their excess kurtosis and Σβ_i⁴/‖β‖⁴ alone decide; elliptical "
            "features have limits of their own, those of Theorem 4.2 with d·E‖x‖⁴/d² for d where W "
            "is pretrained on them or zero, others where it is pretrained on Gaussian features."
        ),
        formulas=(
            *exactly(
                independent_entries.constant,
                independent_entries.linear,
                independent_entries.quadratic,
                independent_entries.product_moment,
                independent_entries.overlap_moment,
                independent_entries.isotropic_weight,
                elliptical.second_0_factor,
                elliptical.second_1_factor,
                elliptical.third_0_factor,
                elliptical.third_1_factor,
                elliptical.fourth_0_factor,
                elliptical.fourth_1_factor,
                elliptical.fourth_2_factor,
                elliptical.error_variance,
                elliptical.overlap_moment,
                elliptical.product_moment,
                elliptical.mean_gradient_square,
                elliptical.quadratic,
                elliptical.isotropic_weight,
                elliptical.gram_factor,
                sample_sums.third_cumulant,
                sample_sums.fourth_cumulant,
                sample_sums.product_moment,
                sample_sums.quadratic,
                feature_law_limits.transferred_excess_slope,
                feature_law_limits.matched_excess_slope,
                feature_law_limits.cold_excess_slope,
                feature_law_limits.transferred_elliptical_risk_before,
                feature_law_limits.transferred_elliptical_improvement,
                feature_law_limits.matched_elliptical_risk_before,
                feature_law_limits.matched_elliptical_improvement,
                feature_law_limits.cold_elliptical_improvement,
            ),
            *to_leading_order(
                feature_law_limits.transferred_elliptical_step_size,
                feature_law_limits.matched_elliptical_step_size,
                feature_law_limits.cold_elliptical_step_size,
            ),
        ),
        evidence=(
            _every_outcome,
            _any_covariance,
            _elliptical_of_any_covariance,
            _elliptical_limits,
            _matched_weights,
            _universality,
        ),
    ),
)
