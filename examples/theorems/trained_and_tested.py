"""A theorem of one's own: the risk of linear attention trained at one length, tested at another.

Zhang, Frei and Bartlett, *Trained Transformers Learn Linear Models In-Context*, arXiv 2306.09927,
Theorem 4.2, transcribed from memory.  Features x ~ N(0, L), labels y = xᵀβ + ξ, ξ ~ N(0, σ²).
Training on prompts of N examples, without noise and with tasks from N(0, I), ends at W = Γ⁻¹/M
for prompts of M examples, Γ = (1 + 1/N)L + (tr L/N)I.  The risk is then, and falls with M,

    σ² + tr(ΣΓ⁻²L)/M + βᵀ(L + tr L·I)²Γ⁻²Lβ/N²,   Σ = (βᵀLβ + σ²)L + LββᵀL.
"""

import numpy as np

import ttt_theory as ttt
from ttt_theory.claims import Claim, exactly, statistical_tests
from ttt_theory.evidence import (
    EvidenceKind,
    agreement,
    equivalence,
    gaussian_rule,
    identity,
    indeterminates,
    limit,
    positive,
)

GIVEN = np.array([2.0, 0.5]), np.array([1.0, -1.5]), 0.7, 5, 2
FEATURES, TASK, NOISE, TRAINED, TESTED = GIVEN


def risk_along(eigenvalue, task_square, label_variance, trace, trained, tested):
    """Return what an eigenvector of L adds to the risk, of a task of that squared component."""
    x, b, s, t, n, m = eigenvalue, task_square, label_variance, trace, trained, tested
    return x * (n**2 * (s * x + b * x**2) / m + b * (x + t) ** 2) / ((n + 1) * x + t) ** 2


def floor_along(eigenvalue, task_square, trace, trained):
    """Return what remains of it for prompts of any length."""
    x, b, t, n = eigenvalue, task_square, trace, trained
    return b * x * (x + t) ** 2 / ((n + 1) * x + t) ** 2


def falls_to_the_floor(_):
    x, b, s, t, n, m = indeterminates("l beta2 s t N M")
    along, floor = risk_along(x, b, s, t, n, m), floor_along(x, b, t, n)
    variance = x * n**2 * (s * x + b * x**2) / (((n + 1) * x + t) ** 2 * m)
    return [
        limit("the risk tends to the floor as M grows", along, floor, variable=m),
        identity("above the floor it is the prompt's variance", along - variance, floor),
        positive("each further example lowers it", along - risk_along(x, b, s, t, n, m + 1)),
    ]


def risk(features, task, noise, trained, tested):
    """Return the risk by the theorem, in the eigenvectors of L."""
    square, trace = task**2, features.sum()
    along = risk_along(features, square, square @ features + noise, trace, trained, tested)
    return noise + along.sum()


def setting(features, task, noise, trained, tested):
    """Return the same as a setting, for the package's own weights and risk."""
    covariances = ttt.Diagonal(features), ttt.Isotropic(len(task))
    start, source = ttt.PretrainedWeights(trained / tested), ttt.Pretraining(trained, 0.0)
    return ttt.Setting(tested, 1, *covariances, task, noise, start, source)


def is_the_packages_risk(_):
    rng, errors = np.random.default_rng(0), []
    for d, *sizes in ((1, 1, 1), (2, 3, 50), (3, 40, 7), (9, 20, 20)):
        given = rng.uniform(0.1, 3.0, d), rng.standard_normal(d), rng.uniform(), *sizes
        errors.append(ttt.one_step_risk(setting(*given)).risk_before / risk(*given) - 1.0)
    return [agreement(EvidenceKind.EXACT_VALUE, "it is the exact risk before a step", errors)]


WEIGHTS = TRAINED / TESTED * ttt.pretrained_weights(setting(*GIVEN)).toarray()


def squared_errors(normal):
    """Return the squared errors on prompts, from the definition, for their normal variables."""
    x, xi = np.split(normal, [(TESTED + 1) * len(TASK)], axis=1)
    x = x.reshape(-1, TESTED + 1, len(TASK)) * np.sqrt(FEATURES)
    y = x @ TASK + np.sqrt(NOISE) * xi
    u = np.einsum("pid,pi->pd", x[:, :-1], y[:, :-1])
    return (y[:, -1] - np.sum(x[:, -1] * (u @ WEIGHTS.T), axis=1)) ** 2


def averaged(nodes, power):
    """Return the exact mean of a power of the squared error; m nodes are exact to degree 2m - 1."""
    points, masses = gaussian_rule([nodes] * ((TESTED + 1) * (len(TASK) + 1)))
    return masses @ squared_errors(points) ** power


def is_the_average_of_prompts(_):
    error = averaged(3, 1) / risk(*GIVEN) - 1.0
    return [agreement(EvidenceKind.EXACT_AVERAGE, "it is the mean over prompts", error)]


@statistical_tests(1)
def is_simulated(effort):
    def sampler(count, rng):
        return squared_errors(rng.standard_normal((count, 9)))[:, np.newaxis]

    return equivalence(["prompts, simulated"], sampler, [risk(*GIVEN)], [averaged(5, 2)], effort)


ttt.register_claim(
    Claim(
        id="example/trained-and-tested",
        title="Trained on prompts of one length, tested on another",
        source="Zhang, Frei and Bartlett, arXiv 2306.09927, Theorem 4.2",
        statement="The risk at test length M after training at N, which falls with M to a floor.",
        formulas=exactly(risk_along, floor_along),
        evidence=(
            falls_to_the_floor,
            is_the_packages_risk,
            is_the_average_of_prompts,
            is_simulated,
        ),
    )
)
