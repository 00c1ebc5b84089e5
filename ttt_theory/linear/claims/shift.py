"""Pretraining and test differ: what that costs, and when a step repairs it."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from ttt_theory.claims.claim import Claim, Published
from ttt_theory.covariance import Isotropic
from ttt_theory.evidence.algebra import identity, indeterminates, limit, positive, proof
from ttt_theory.evidence.record import Evidence, EvidenceKind, Verdict, agreement
from ttt_theory.linear.claims.stating import exactly
from ttt_theory.linear.closed_form import finite_size, isotropic, limits, pretraining, shift
from ttt_theory.linear.exact.risk import one_step_risk
from ttt_theory.linear.exact.spectrum import Spectrum, curve
from ttt_theory.linear.monte_carlo import literal_simulator
from ttt_theory.linear.setting.setting import Setting
from ttt_theory.linear.setting.starts import Pretraining
from ttt_theory.linear.witnesses.exact_average import exact_coefficients

if TYPE_CHECKING:
    from ttt_theory.evidence.effort import Effort

__all__ = ["CLAIMS"]

LENGTH, DIM, GAMMA, BIAS, VARIANCE, X, Y, Z = indeterminates("n d gamma A B x y z")


def _along_a_path_in_the_limit(_: Effort) -> list[Evidence]:
    """On the path B stays, and A is a mean of (1−nw)² that moves to the weaker eigenvalue."""
    strong, weak, ridge = X + Y, X, Z
    improvement = limits.aligned_improvement(GAMMA * DIM, DIM, BIAS, VARIANCE)
    slope = limits.aligned_improvement_slope(GAMMA, BIAS, VARIANCE)
    weights = [pretraining.optimal_eigenvalue(LENGTH, 1, each, ridge, 0) for each in (strong, weak)]
    return [
        identity(
            "the compiled slope in A is the derivative of the limit of the improvement",
            slope,
            improvement.diff(BIAS),
        ),
        positive("that slope is positive: the limit grows with A", slope),
        positive(
            "1 − nw is positive, and larger for a weaker eigenvalue: A grows along the path",
            1 - LENGTH * weights[0],
            weights[0] - weights[1],
        ),
    ]


def _along_a_path(_: Effort) -> list[Evidence]:
    """Rotate the task from the prior's strong directions into its weak ones.

    With a share x of the squared norm in the weak directions the exact improvement is a rational
    function of x; it grows on [0, 1] if its slope has no zero there and is positive at one point.
    """
    evidence = []
    share = sympy.Symbol("x")
    for n, k, d, strong, ratio in (
        (20, 40, 20, 4, 4),
        (10, 20, 40, 8, 9),
        (60, 20, 20, 10, 2),
        (40, 5, 20, 1, 25),
    ):
        spectrum = Spectrum.pretrained(
            [strong, d - strong],
            [sympy.Integer(ratio), sympy.Integer(1)],
            [1 - share, share],
            sympy.Integer(n),
        )
        improvement = sympy.cancel(curve(spectrum, n, k).improvement)
        slope = sympy.numer(sympy.together(sympy.diff(improvement, share)))
        zeros = sympy.Poly(slope, share, domain="QQ").count_roots(0, 1)
        values = [improvement.subs(share, x) for x in (0, sympy.Rational(1, 2), 1)]
        rises = values[0] < values[1] < values[2]
        evidence.append(
            Evidence(
                EvidenceKind.IDENTITY,
                Verdict.CONFIRMED if zeros == 0 and rises else Verdict.REFUTED,
                f"n = {n}, k = {k}, d = {d}, {strong} directions {ratio} times as strong: the "
                "exact improvement grows all the way as the task leaves them",
                {
                    "along": float(values[0]),
                    "halfway": float(values[1]),
                    "off": float(values[2]),
                    "zeros_of_slope": int(zeros),
                },
            )
        )
    return evidence


def _one_number(_: Effort) -> list[Evidence]:
    """Reduce every isotropic shift to the ratio c of two weights."""
    n, d, norm2, noise, a, source_n, source_a, prior, source_noise, ratio = indeterminates(
        "n d beta2 sigma2 a n_source a_source prior sigma2_source c"
    )
    weight = pretraining.optimal_eigenvalue(
        source_n, source_a, prior, d * source_a * prior, source_noise
    )
    matched = pretraining.isotropic_weight(n, d, d * noise / norm2)
    risks = [isotropic.constant(n, d, norm2, noise, c * matched) for c in (ratio, 1 + 0 * d)]
    return [
        identity(
            "weights pretrained on another n, σ², variance of features and length of tasks are c "
            "times those pretrained on the test's, in units of the test's features",
            a * weight / pretraining.isotropic_weight(n, d, d * noise / (a * norm2)),
            shift.weight_ratio(
                n,
                d,
                noise / (a * norm2),
                source_n,
                source_noise / (d * source_a * prior),
                a / source_a,
            ),
        ),
        identity(
            "before the step the shift costs ‖β‖²·n(c−1)²/[n+1+d(1+σ²/‖β‖²)]",
            risks[0] - risks[1],
            norm2 * n * (ratio - 1) ** 2 / (n + 1 + d * (1 + noise / norm2)),
        ),
        identity(
            "which is the compiled loss",
            risks[0] - risks[1],
            shift.pretraining_loss(n, d, norm2, noise, ratio),
        ),
    ]


def _units(_: Effort) -> list[Evidence]:
    n, k, d, norm2, noise, a, w = indeterminates("n k d beta2 sigma2 a w")
    scaled = curve(Spectrum([d], [a], [w], [norm2]), n, k, noise)
    weighted = a * norm2, noise, a * w
    return [
        identity(f"Σ_x = aI: {name} is that for I, aW and √a·β", *sides)
        for name, sides in {
            "the risk before": (scaled.constant, isotropic.constant(n, d, *weighted)),
            "c1/a²": (scaled.linear, a**2 * isotropic.linear(n, k, d, *weighted)),
            "c2/a⁴": (scaled.quadratic, a**4 * isotropic.quadratic(n, k, d, *weighted)),
        }.items()
    ]


def _gain_by_samples(_: Effort) -> list[Evidence]:
    n, k, d, norm2, noise, w, need, gain, half = indeterminates("n k d beta2 sigma2 w L G K")
    sizes = n, d, norm2, noise, w
    linear = isotropic.linear(n, k, *sizes[1:])
    return [
        identity(
            "isotropic: the improvement is G·k/(k + K)",
            linear**2 / (4 * isotropic.quadratic(n, k, *sizes[1:])),
            shift.full_gain(*sizes) * k / (k + shift.half_gain_samples(*sizes)),
        ),
        identity("without noise K is d + 1", shift.half_gain_samples(n, d, norm2, 0 * d, w), d + 1),
        identity(
            "k samples gain the need L where k = KL/(G − L)",
            gain / (1 + half / shift.samples_needed(half, need, gain)),
            need,
        ),
    ]


def _noiseless(n: Any, d: Any, ratio: Any) -> tuple[Any, Any]:
    """Return the loss and G at c times the matched weights, for ‖β‖ = 1 and without noise."""
    none = 0 * d
    weight = ratio * pretraining.isotropic_weight(n, d, 0)
    return (
        shift.pretraining_loss(n, d, 1, none, ratio),
        shift.full_gain(n, d, 1, none, weight),
    )


def _limit_forms(_: Effort) -> list[Evidence]:
    """Take A and B at c = 1 + x times the matched weights, for ‖β‖ = 1 and without noise."""
    alpha, gamma, d, bias, variance, noise, x = indeterminates("alpha gamma d A B sigma2 x")

    def at(x: Any) -> tuple[Any, Any]:
        omega = (1 + x) * alpha / (1 + alpha)
        return (1 - omega) ** 2, omega**2 / alpha

    loss = x**2 * alpha / (1 + alpha)
    gain, matched, cold = (shift.limit_full_gain(*at(each)) for each in (x, 0 * x, 0 * x - 1))
    costly = alpha * x**2 * (1 + alpha) ** 2 * (1 + alpha * x**2)
    return [
        identity(
            "the limits of G and of K without noise are those of Theorem 5.3",
            shift.limit_full_gain(bias, variance)
            * gamma
            / (gamma + shift.limit_half_gain_ratio(bias, variance, 0 * d)),
            limits.aligned_improvement(gamma * d, d, bias, variance),
        ),
        identity(
            "that of K/d exceeds 1 by σ²/(A + B)",
            shift.limit_half_gain_ratio(bias, variance, noise) - 1,
            noise / (bias + variance),
        ),
        identity(
            "x = c − 1 costs x²α/(1+α)",
            limits.aligned_risk_before(*at(x)) - limits.aligned_risk_before(*at(0 * x)),
            loss,
        ),
        identity(
            "the γ that repairs is αx²(1+α)²(1+αx²) over (1−αx)⁴ less that",
            shift.repair_threshold(alpha, 1 + x),
            costly / ((1 - alpha * x) ** 4 - costly),
        ),
        identity(
            "which is the γ that gains the loss",
            shift.repair_threshold(alpha, 1 + x),
            shift.samples_needed(1, loss, gain),
        ),
        identity(
            "the γ that surpasses a step from the matched weights gains as much more as the loss",
            shift.surpassing_threshold(alpha, 1 + x),
            shift.samples_needed(1, loss, gain - matched),
        ),
        identity(
            "the cold start's γ is (1+α)²(1−x)(1+αx²)/{(1+x)[2 + 2α²x² + α(1−x)²]}, which is "
            "positive for −1 < x < 1",
            shift.cold_threshold(alpha, 1 + x),
            (1 + alpha) ** 2
            * (1 - x)
            * (1 + alpha * x**2)
            / ((1 + x) * (2 + 2 * alpha**2 * x**2 + alpha * (1 - x) ** 2)),
        ),
        identity(
            "from which on its gain exceeds what it starts behind",
            shift.cold_threshold(alpha, 1 + x),
            shift.samples_needed(1, 1 - sum(at(x)), cold - gain),
        ),
    ]


def _shift_in_the_limit(_: Effort) -> list[Evidence]:
    alpha, gamma, d, norm2, noise, omega, ratio = indeterminates(
        "alpha gamma d beta2 sigma2 omega c"
    )
    n, k = alpha * d, gamma * d
    bias, variance = (1 - omega) ** 2 * norm2, (norm2 + noise) * omega**2 / alpha
    # W = wI on a half, 3w on a fifth, none on the rest, with unequal shares of the task.
    weights = 1 / (3 * n), 1 / n, 0 * d
    parts, masses = [d / 2, d / 5, 3 * d / 10], [norm2 / 4, norm2 / 4, norm2 / 2]
    spectrum = curve(Spectrum(parts, [1, 1, 1], weights, masses), n, k, noise)
    bent = sum(m * (1 - n * w) ** 2 for m, w in zip(masses, weights, strict=True))
    spread = (norm2 + noise) * n * sum(p * w**2 for p, w in zip(parts, weights, strict=True))
    return [
        limit(
            "W = (ω/n)I: G tends to A²/(A+B), A = ‖β‖²(1−ω)², B = (‖β‖²+σ²)ω²/α",
            shift.full_gain(n, d, norm2, noise, omega / n),
            shift.limit_full_gain(bias, variance),
            variable=d,
        ),
        limit(
            "and K/d to 1 + σ²/(A+B)",
            shift.half_gain_samples(n, d, norm2, noise, omega / n) / d,
            shift.limit_half_gain_ratio(bias, variance, noise),
            variable=d,
        ),
        limit(
            "W of three levels: the improvement tends to Gγ/(γ + K/d) with the same G and K/d",
            spectrum.improvement,
            shift.limit_full_gain(bent, spread)
            * gamma
            / (gamma + shift.limit_half_gain_ratio(bent, spread, noise)),
            variable=d,
        ),
        limit(
            "the loss of c times the matched weights tends to ‖β‖²(c−1)²α/(α+1+σ²/‖β‖²)",
            shift.pretraining_loss(n, d, norm2, noise, ratio),
            norm2 * (ratio - 1) ** 2 * alpha / (alpha + 1 + noise / norm2),
            variable=d,
        ),
    ]


def _shift_at_finite_size(_: Effort) -> list[Evidence]:
    n, k, d, s = indeterminates("n k d s")
    a, b = n, k
    one = 1 + 0 * s
    cold_gain = _noiseless(n, d, 0 * s)[1]
    matched = _noiseless(n, d, one)[1]

    def excess(n: Any, d: Any, ratio: Any) -> Any:
        """Return what c leaves over the matched weights after a step on all samples there are."""
        loss, gain = _noiseless(n, d, ratio)
        return loss - gain + _noiseless(n, d, one)[1]

    wide, (loss, gain) = 2 + s, _noiseless(1 + n, 1 + d, 2 + s)
    near = 1 + 1 / (1 + s)
    small = 1 / (1 + s)
    left = loss - _noiseless(1 + n, 1 + d, 0 * s)[0]
    # n, k, d = 20, 40, 40, once pretrained at n = 69.
    sizes = Fraction(20), Fraction(40)
    longer = shift.weight_ratio(*sizes, 0, 69, 0, 1)
    after = {
        name: pretraining.isotropic_risk(*sizes, 1) + loss - gain * 40 / 81
        for name, (loss, gain) in {
            "pretrained_at_20": _noiseless(*sizes, Fraction(1)),
            "pretrained_at_69": _noiseless(*sizes, longer),
        }.items()
    }
    return [
        identity(
            "at c = 1 the cold start overtakes at k* of Corollary 4.6's exact form",
            shift.samples_needed(
                d + 1, 1 - pretraining.isotropic_risk(n, d, 1), cold_gain - matched
            ),
            finite_size.cold_start_samples(n, d),
        ),
        identity(
            "a step from the cold start repairs any pretraining from k = (d+1)(n²+4n+d+3)/"
            "[(d−3)n − d − 3] on, and never if d ≤ 3",
            shift.samples_needed(d + 1, _noiseless(n, d, 0 * s)[0], cold_gain),
            (d + 1) * (n**2 + 4 * n + d + 3) / ((d - 3) * n - d - 3),
        ),
        positive(
            "weights more than twice as large, c > 2: the cold start is better before the step and "
            "after it, at every n, k and d",
            left,
            left + _noiseless(1 + n, 1 + d, 0 * s)[1] - gain,
        ),
        positive(
            "c > 1, d ≥ 2: after a step they leave more than the matched weights after theirs, for "
            "c ≥ 2, and between, for n < d and n ≥ d − 1",
            excess(1 + a, 2 + d, wide),
            excess(1 + a, 2 + a + b, near),
            excess(1 + a + b, 2 + a, near),
        ),
        positive(
            "0 < c < 1, d ≥ 2: the step gains more than from the matched weights",
            _noiseless(1 + n, 2 + d, small)[1] - _noiseless(1 + n, 2 + d, one)[1],
        ),
        proof(
            "and can leave less: n, k, d = 20, 40, 40, pretrained at n = 69",
            after["pretrained_at_69"] < after["pretrained_at_20"],
            **{name: float(risk) for name, risk in after.items()},
        ),
    ]


_SHIFTS: dict[str, dict[str, Any]] = {
    "longer contexts": {"context_length": 70},
    "shorter contexts": {"context_length": 20},
    "features twice as large": {"scale": 2.0},
    "smaller features, more noise, longer contexts": {
        "context_length": 35,
        "noise_variance": 6.0,
        "scale": 0.75,
    },
    "longer tasks": {"prior": 8.0},
}
_N, _D, _SCALE, _TASK, _NOISE = 30, 16, 1.5, 0.5, 1.0
"""n, d, the variance of features, the entries of the task and σ² at the test."""


def _shifted(samples: int, changes: dict[str, Any]) -> tuple[Setting, Fraction]:
    """Return a setting whose pretraining is changed, and the ratio c."""
    given = {
        "context_length": _N,
        "noise_variance": _NOISE,
        "scale": _SCALE,
        # The length of its tasks is the test task's.
        "prior": _TASK**2,
        **changes,
    }
    length, noise, scale, prior = given.values()
    setting = Setting(
        _N,
        samples,
        Isotropic(_D, scale=_SCALE),
        Isotropic(_D, scale=prior),
        np.full(_D, _TASK),
        _NOISE,
        pretraining=Pretraining(length, noise, Isotropic(_D, scale=scale)),
    )
    noise_shares = (
        Fraction(each) / (_D * Fraction(variance) * Fraction(tasks))
        for each, variance, tasks in ((_NOISE, _SCALE, _TASK**2), (noise, scale, prior))
    )
    share, source_share = noise_shares
    ratio = shift.weight_ratio(
        Fraction(_N),
        Fraction(_D),
        share,
        Fraction(length),
        source_share,
        Fraction(_SCALE) / Fraction(scale),
    )
    return setting, ratio


def _repaired_settings(_: Effort) -> list[Evidence]:
    """Look on both sides of the samples that repair, by the risk of settings themselves."""
    evidence = []
    sizes = Fraction(_N), Fraction(_D)
    square, noise = _D * Fraction(_SCALE) * Fraction(_TASK) ** 2, Fraction(_NOISE)
    target = one_step_risk(_shifted(1, {})[0]).risk_before
    for name, changes in _SHIFTS.items():
        ratio = _shifted(1, changes)[1]
        weight = ratio * pretraining.isotropic_weight(*sizes, sizes[1] * noise / square)
        loss = shift.pretraining_loss(*sizes, square, noise, ratio)
        gain = shift.full_gain(*sizes, square, noise, weight)
        half = shift.half_gain_samples(*sizes, square, noise, weight)
        samples = shift.samples_needed(half, loss, gain)
        if gain <= loss:
            risk = one_step_risk(_shifted(10**12, changes)[0])
            evidence.append(
                proof(
                    f"pretrained with {name}: no number of samples repairs it",
                    target < risk.risk_after,
                    ratio=float(ratio),
                )
            )
        else:
            below, above = (
                one_step_risk(_shifted(count, changes)[0])
                for count in (math.ceil(samples) - 1, math.ceil(samples))
            )
            evidence.append(
                proof(
                    f"pretrained with {name}: repaired at k = {math.ceil(samples)}, and not before",
                    above.risk_after <= target < below.risk_after,
                    ratio=float(ratio),
                    samples=float(samples),
                )
            )
            risk, k = above, math.ceil(samples)
            evidence.append(
                agreement(
                    EvidenceKind.EXACT_VALUE,
                    f"pretrained with {name}: its loss and its gain are those of the setting",
                    [
                        float(loss) / (risk.risk_before - target) - 1.0,
                        float(gain * k / (k + half)) / risk.improvement - 1.0,
                    ],
                )
            )
    return evidence


def _literal_averages(_: Effort) -> list[Evidence]:
    """Average the literal simulator, pretrained on something else, exactly."""
    evidence = []
    for n, k, d, noise in ((1, 1, 2, 0.0), (1, 2, 1, 0.75)):
        setting = Setting(
            n,
            k,
            Isotropic(d, scale=1.5),
            Isotropic(d, scale=0.8),
            np.full(d, 0.7),
            noise,
            pretraining=Pretraining(3, 0.25, Isotropic(d, scale=0.5)),
        )
        square = 1.5 * 0.49 * d
        ratio = shift.weight_ratio(n, d, noise / square, 3, 0.25 / (0.4 * d), 3.0)
        matched = pretraining.isotropic_weight(n, d, d * noise / square)
        sizes = n, d, square, noise
        constant, linear, quadratic = exact_coefficients(literal_simulator(setting))
        loss = constant - isotropic.constant(*sizes, matched)
        half = shift.half_gain_samples(*sizes, ratio * matched)
        evidence.append(
            agreement(
                EvidenceKind.EXACT_AVERAGE,
                f"n = {n}, k = {k}, d = {d}: what the shift costs and the step gains are the "
                "literal simulator's",
                [
                    shift.pretraining_loss(*sizes, ratio) / loss - 1.0,
                    shift.full_gain(*sizes, ratio * matched)
                    * k
                    / (k + half)
                    / (linear**2 / (4.0 * quadratic))
                    - 1.0,
                ],
            )
        )
    return evidence


def _published_gain(_: Effort) -> list[Evidence]:
    """Pretrain on contexts a quarter as long, n = d = 40."""
    n, d = Fraction(40), Fraction(40)
    ratio = shift.weight_ratio(n, d, 0, n / 4, 0, 1)
    matched, shifted = (_noiseless(n, d, each)[1] for each in (Fraction(1), ratio))
    return [
        proof(
            "n = d = 40: a step from weights pretrained at n = 10 gains more than from those "
            "pretrained at n = 40, at the same k",
            shifted > matched,
            ratio=str(ratio),
            gained=float(shifted / matched),
        )
    ]


CLAIMS = (
    Claim(
        id="shift",
        title="What a wrong pretraining costs, and when a step repairs it",
        source="[G25] on tasks off the prior; ours",
        statement=(
            "The improvement grows along a path from the dominant directions of a two-level prior "
            "into the others: in the limit always, exactly at four sizes. For isotropic features "
            "every shift of n, σ², the features' variance and the tasks' length is one number, the "
            "ratio c of the weights to the matched ones. Before the step it costs the share "
            "n (c − 1)² / [n + 1 + d (1 + ν)] of the variance of xᵀβ, with ν = σ² in units of it; "
            "a step on k samples gains G·k/(k + K), and so repairs a loss L iff G > L and "
            "k ≥ KL/(G − L). From too small weights it gains more than from the matched ones, and "
            "can leave less than they do; from too large ones never, and where c > 2 the cold "
            "start is better at every size (no noise, d ≥ 2)."
        ),
        formulas=exactly(
            limits.aligned_improvement_slope,
            *(getattr(shift, name) for name in shift.__all__),
        ),
        evidence=(
            _repaired_settings,
            _limit_forms,
            _one_number,
            _along_a_path_in_the_limit,
            _literal_averages,
            _gain_by_samples,
            _units,
            _shift_at_finite_size,
            _shift_in_the_limit,
            _along_a_path,
        ),
        published=Published(
            sentence="The further pretraining is from the test, the more a step gains.",
            reason=(
                "Read into [G25], which says that the step helps against a shift between prior and "
                "task. True of weights that are too small (the claim proves it for d ≥ 2), of "
                "features that were larger or contexts that were longer; from too large weights "
                "the gain falls, in the limit to nothing at c = (1+α)/α."
            ),
            evidence=(_published_gain,),
        ),
    ),
)
