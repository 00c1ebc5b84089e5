"""The weights that pretraining finds: the minimiser of E[(y − xᵀWu)²] over the prior of tasks.

Symbols: tasks β ~ N(0, Σ_β), letter ``B`` for Σ_β; τ = tr(Σ_xΣ_β); λ, μ eigenvalues of commuting
Σ_x and Σ_β.

With E[ββᵀ] = Σ_β in E[uuᵀ] = n(n+1)Σ_xββᵀΣ_x + n s Σ_x and E[β uᵀ] = n Σ_βΣ_x, the loss is a
convex quadratic in W, stationary where Σ_x (W E[uuᵀ] − E[β uᵀ]) = 0, that is where

    W [(n+1) Σ_xΣ_β + ρ I] = Σ_β,    ρ = tr(Σ_xΣ_β) + σ².

Source: [G25], Section 3 (pretrained-optimum); isotropic and noise-free it is I/(n+d+1).
"""

import sympy

from derivations.formula import Formula, require
from derivations.linear.context_vector import second_moment
from derivations.linear.symbols import d, n, noise, norm2, s, w
from derivations.linear.words import S, coefficients, q, qT

tau, lam, mu = sympy.symbols("tau lamda mu", positive=True)
B, K = sympy.symbols("B K", commutative=False)

# Averaging over the prior: qqᵀ = Σ_xββᵀΣ_x → SBS, and s = βᵀΣ_xβ + σ² → τ + σ².
PRIOR_SECOND_MOMENT = sympy.expand(second_moment().subs(s, tau + noise)).subs(q * qT, S * B * S)
PRIOR_CROSS_MOMENT = n * B * S

_coefficients = coefficients(PRIOR_SECOND_MOMENT)
GRAM_FACTOR = sympy.cancel(_coefficients[S, B, S] / n)
RIDGE = sympy.cancel(_coefficients[S,] / n)
# With W = ΣβK⁻¹, K = gram_factor·Σ_xΣ_β + ridge·I:  W E[uuᵀ] = n Σ_βK⁻¹K Σ_x = E[βuᵀ].
require(
    PRIOR_SECOND_MOMENT - n * (GRAM_FACTOR * S * B + RIDGE) * S,
    "E[uuᵀ] = n K Σ_x, so that the stationary W is Σ_βK⁻¹",
)

EIGENVALUE = mu / (GRAM_FACTOR * lam * mu + RIDGE)
ISOTROPIC_WEIGHT = EIGENVALUE.subs({lam: 1, mu: 1, tau: d})

# The noise-free isotropic loss of W = wI at a task of norm ‖β‖, averaged over x and the context.
ISOTROPIC_RISK = sympy.factor(
    (norm2 * ((1 - n * w) ** 2 + n * w**2 * (d + 1))).subs(w, ISOTROPIC_WEIGHT.subs(noise, 0))
)

FORMULAS = (
    Formula(
        "gram_factor",
        {n: "context_length"},
        GRAM_FACTOR,
        "The factor of Σ_xΣ_β in W* = Σ_β[factor·Σ_xΣ_β + ridge·I]⁻¹.",
        "[G25], Section 3 (pretrained-optimum).",
    ),
    Formula(
        "ridge",
        {tau: "trace", noise: "noise_variance"},
        RIDGE,
        "The multiple of I in W* = Σ_β[factor·Σ_xΣ_β + ridge·I]⁻¹, from trace = tr(Σ_xΣ_β).",
        "[G25], Section 3 (pretrained-optimum).",
    ),
    Formula(
        "optimal_eigenvalue",
        {
            n: "context_length",
            lam: "feature_eigenvalue",
            mu: "task_eigenvalue",
            tau: "trace",
            noise: "noise_variance",
        },
        EIGENVALUE,
        "The eigenvalue of W* where Σ_x and Σ_β commute, from trace = tr(Σ_xΣ_β).",
        "[G25], Section 3 (pretrained-optimum).",
    ),
    Formula(
        "isotropic_weight",
        {n: "context_length", d: "dim", noise: "noise_variance"},
        ISOTROPIC_WEIGHT,
        "w in W* = wI for Σ_x = Σ_β = I.",
        "[G25], Section 3 (pretrained-optimum); the noise is ours.",
    ),
    Formula(
        "isotropic_risk",
        {n: "context_length", d: "dim", norm2: "task_square"},
        ISOTROPIC_RISK,
        "The noise-free risk of W* for Σ_x = Σ_β = I.",
        "[G25], Section 3 (pretrained-optimum).",
    ),
)
