"""Two steps, and one on the same context, against brute force from the definition."""

import itertools
from fractions import Fraction
from math import prod

import numpy as np
import pytest
from scipy import optimize, special

from ttt_theory import (
    Dense,
    DenseWeights,
    Diagonal,
    InvalidSettingError,
    Isotropic,
    LostPrecisionError,
    Setting,
    best_steps,
    one_step_risk,
    several_steps_risk,
)
from ttt_theory.linear.exact import long_decimals, two_steps
from ttt_theory.linear.exact.descent import Descent
from ttt_theory.linear.exact.exact_numbers import ExactNumbers, exact_parts
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.two_steps import Estimate, descent, of_two_steps
from ttt_theory.linear.witnesses.multiplied_out import Samples, multiplied_out


def exact_descent(n, k, features, task, noise_variance, weights, evaluation):
    numbers = ExactNumbers(
        *map(Fraction, (n, k, n, noise_variance, noise_variance)),
        features,
        features,
        features,
        np.array(task, dtype=object)[:, None],
        None,
        Fraction(1),
        np.array(weights, dtype=object),
    )
    parts, forms = exact_parts(numbers, long_decimals._DecimalMatrix, Fraction)
    return descent(evaluation, parts, forms)


F = Fraction
ONE = [
    Samples(1, 1, ((F(1),),), (F(2),), F(0), ((F(1, 3),),)),
    Samples(2, 1, ((F(3, 2),),), (F(-1),), F(1, 2), ((F(1, 5),),)),
    Samples(4, 2, ((F(1, 2),),), (F(3),), F(2, 3), ((F(-1, 4),),)),
    Samples(1, 3, ((F(1),),), (F(1, 2),), F(1, 3), ((F(0),),)),
    Samples(1, 1, ((F(2),),), (F(0),), F(1), ((F(1, 7),),)),
]


@pytest.mark.parametrize("samples", ONE)
@pytest.mark.parametrize("evaluation", ["fresh", "same"])
def test_one_dimension_by_brute_force(samples, evaluation):
    steps = [F(1, 10), F(-1, 7)]
    features = np.array([[samples.root[0][0] ** 2]], dtype=object)
    found = exact_descent(
        samples.context_length,
        samples.test_samples,
        features,
        samples.task,
        samples.noise**2,
        samples.weights,
        evaluation,
    )
    expected = [
        sum(
            F(int(value.p), int(value.q)) * prod(map(pow, steps, powers))
            for powers, value in multiplied_out(samples, t, evaluation).items()
        )
        for t in range(3)
    ]
    assert [found.risk(steps[:t]) for t in range(3)] == expected


def gauss(nodes, weights):
    """All combinations of a rule's nodes in several variables, with their weights."""

    def power(count):
        grids = np.meshgrid(*[nodes] * count, indexing="ij")
        masses = np.meshgrid(*[weights] * count, indexing="ij")
        return np.stack([g.ravel() for g in grids], axis=-1), np.prod(masses, axis=0).ravel()

    return power


def hermite(count):
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return gauss(nodes, weights / weights.sum())


def averaged_risks(setting, steps):
    """Average gradient steps, taken literally, over Gauss nodes: of t, of u given t, of x and ξ.

    The nodes are enough for the degrees that occur, so that nothing but round-off is left.
    """
    features, task = setting.feature_covariance.matrix(), setting.task
    features = features if isinstance(features, np.ndarray) else features.toarray()
    n, k, noise, dim = (
        setting.context_length,
        setting.test_samples,
        setting.noise_variance,
        len(task),
    )
    mean = features @ task
    variance = task @ mean + noise
    halves, masses = special.roots_genlaguerre(8, n / 2 - 1)
    normals, weights = hermite(6)(dim)
    values, axes = np.linalg.eigh(variance * features - np.outer(mean, mean))
    root = axes * np.sqrt(np.maximum(values, 0.0))
    t = 2 * halves[:, None, None]
    u = (t * mean + np.sqrt(t) * (normals @ root.T)).reshape(-1, dim)
    of_u = np.outer(masses / masses.sum(), weights).ravel()
    second, first = (u.T * of_u) @ u, of_u @ u

    values, axes = np.linalg.eigh(features)
    normals, weights = hermite(5)(dim)
    noises, shares = hermite(2)(1)
    rows = np.hstack(
        [
            np.repeat(normals @ (axes * np.sqrt(np.maximum(values, 0.0))).T, len(noises), axis=0),
            np.tile(noises, (len(normals), 1)) * np.sqrt(noise),
        ]
    )
    of_row = np.outer(weights, shares).ravel()
    risks = np.zeros(len(steps) + 1)
    for chosen in itertools.product(range(len(rows)), repeat=k):
        drawn, xi = rows[list(chosen), :dim], rows[list(chosen), dim]
        trained = np.broadcast_to(setting.initialization.matrix, (len(u), dim, dim))
        weight = of_u * np.prod(of_row[list(chosen)])
        for number, step in enumerate([0.0, *steps]):
            answers = drawn @ task + xi
            residual = answers - np.einsum("ki,uij,uj->uk", drawn, trained, u)
            trained = trained + 2 * step * np.einsum("uk,ki,uj->uij", residual, drawn, u)
            if setting.evaluation == "same":
                error = task - np.einsum("uij,uj->ui", trained, u)
                risk = np.einsum("ui,ij,uj->u", error, features, error)
            else:
                seen = np.einsum("i,ij,ujk,k->u", task, features, trained, first)
                risk = np.einsum("uij,ik,ukl,jl->u", trained, features, trained, second)
                risk = task @ mean - 2 * seen + risk
            risks[number] += weight @ (noise + risk)
    return risks


WEIGHTS = np.array([[0.3, -0.2, 0.1], [0.1, 0.2, 0.15], [-0.25, 0.05, 0.1]])
LOW = np.array([[1.0, 0.5, 0.2], [-0.5, 1.0, 0.3]])
GIVEN = [
    # d, n, k, Σ_x, β, σ²
    (2, 3, 1, np.array([[2.0, 0.6], [0.6, 0.5]]), [1.0, -0.5], 0.3),
    (2, 1, 1, np.array([[1.0, 2.0], [2.0, 4.0]]), [0.5, 1.0], 0.0),  # singular
    (2, 4, 2, np.array([[1.0, -0.3], [-0.3, 0.4]]), [0.0, 0.0], 0.7),  # no task
    (3, 2, 1, LOW.T @ LOW, [1.0, 0.5, -1.0], 0.2),  # singular
]


@pytest.mark.parametrize("evaluation", ["fresh", "same"])
@pytest.mark.parametrize(("dim", "n", "k", "features", "task", "noise"), GIVEN)
def test_matrices_that_do_not_commute(dim, n, k, features, task, noise, evaluation):
    start = DenseWeights(WEIGHTS[:dim, :dim])
    covariance = Dense(features)
    setting = Setting(n, k, covariance, covariance, task, noise, start, evaluation=evaluation)
    steps = [0.004, 0.0015]
    found = several_steps_risk(setting, steps)
    assert found.risks == pytest.approx(averaged_risks(setting, steps), rel=1e-9)
    assert one_step_risk(setting).at(steps[0]) == pytest.approx(found.risks[1], rel=1e-9)


@pytest.mark.parametrize("evaluation", ["fresh", "same"])
def test_structures_agree(evaluation):
    # The same matrices stored by their diagonals, and by all of their entries.
    values, task = np.array([2.0, 1.0, 0.5, 0.25]), [1.0, -1.0, 0.5, 2.0]
    diagonal, dense = (
        several_steps_risk(
            Setting(6, 5, kind(values), Isotropic(4), task, 0.1, evaluation=evaluation),
            [0.001, 0.0007],
        ).risks
        for kind in (Diagonal, lambda values: Dense(np.diag(values)))
    )
    assert diagonal == pytest.approx(dense, rel=1e-12)


def test_what_cancels_is_taken_from_longer_numbers():
    # The best step on the same, long prompt leaves next to nothing of the risk.
    setting = Setting(10**9, 10**9, Isotropic(1), Isotropic(1), [1.0], evaluation="same")
    n = F(10**9)
    warm = 1 / (n + 2)
    found = exact_descent(
        10**9, 10**9, np.array([[F(1)]], dtype=object), [F(1)], F(0), [[warm]], "same"
    ).curve
    risk = one_step_risk(setting)
    assert risk.risk_after == pytest.approx(float(found.risk_after), rel=1e-9)
    assert risk.risk_after < 1e-7 * risk.risk_before


LARGE = Setting(5, 4, Diagonal(np.linspace(1.0, 2.0, 66)), Isotropic(66), np.ones(66))


def test_terms_that_cancel_are_refused_where_nothing_moves_them(monkeypatch):
    # Whatever the setting, R/R(0) = 1 − 2c + (1 + 1e-13)c², with c = 1 for a step of half a unit.
    found = Descent(1.0, [1.0, 0.0], [[1.0 + 1e-13, 0.0], [0.0, 1.0]])
    monkeypatch.setattr(two_steps, "descent", lambda *_: found)
    unit = 2.0 ** -Problem.of(LARGE).step_exponent
    with pytest.raises(LostPrecisionError):
        several_steps_risk(LARGE, [unit / 2, 0.0])
    before, *after = several_steps_risk(LARGE, [unit / 4, 0.0]).risks
    assert after == pytest.approx([before / 4, before / 4])


def test_a_quadratic_part_that_rounding_made_indefinite_is_refused(monkeypatch):
    found = Descent(1.0, [0.1, 0.2], [[1.0, 1.0], [1.0, 1.0 - 1e-16]])
    monkeypatch.setattr(two_steps, "descent", lambda *_: found)
    for rule in ("joint", "equal", "greedy"):
        with pytest.raises(LostPrecisionError):
            best_steps(LARGE, 2, rule)


@pytest.mark.parametrize("evaluation", ["fresh", "same"])
def test_long_prompts_of_uneven_features(evaluation):
    covariance = Diagonal([1.0, 1.5])
    setting = Setting(10**9, 10**9, covariance, Isotropic(2), [1.0, -2.0], evaluation=evaluation)
    found = best_steps(setting, 2)
    features = np.array([[F(1), F(0)], [F(0), F(3, 2)]], dtype=object)
    weights = [[1 / (F(10**9 + 1) * each + F(5, 2)) if i == j else F(0) for j in range(2)]
               for i, each in enumerate((F(1), F(3, 2)))]  # fmt: skip
    exact = exact_descent(10**9, 10**9, features, [F(1), F(-2)], F(0), weights, evaluation)
    steps = [F(step) for step in found.step_sizes]
    expected = [float(exact.risk(steps[:t])) for t in range(3)]
    assert found.risks == pytest.approx(expected, rel=1e-9, abs=0.0)
    assert found.risks[-1] < 1e-6 * found.risks[0] or evaluation == "fresh"


def test_a_large_setting_whose_digits_cancel_is_refused():
    setting = Setting(10**9, 10**12, Isotropic(65), Isotropic(65), np.ones(65), evaluation="same")
    with pytest.raises(LostPrecisionError):
        one_step_risk(setting)


@pytest.mark.parametrize(
    ("steps", "field"),
    [([], "step_sizes"), ([1.0, 1.0, 1.0], "feature_covariance"), ([float("nan")], "step_sizes")],
)
def test_other_numbers_of_steps_are_refused(steps, field):
    with pytest.raises(InvalidSettingError, match=f"^{field}: "):
        several_steps_risk(Setting(2, 2, Diagonal([1.0, 2.0]), Isotropic(2), [1.0, 2.0]), steps)


@pytest.mark.parametrize("evaluation", ["fresh", "same"])
def test_isotropic_settings_by_both_routes(evaluation):
    setting = Setting(
        9, 7, Isotropic(5, scale=2.0), Isotropic(5), np.arange(5) / 5, 0.3, evaluation=evaluation
    )
    steps = [F(1, 5000), F(1, 7000)]
    found = of_two_steps(
        setting,
        lambda found, off: [Estimate.of_risk(found, steps[:t], off) for t in range(3)],
    )
    expected = several_steps_risk(setting, [float(each) for each in steps]).risks
    assert [float(each) for each in found] == pytest.approx(expected, rel=1e-12)


def searched(setting, start):
    """The least risk after two steps, by a search that knows no formula for the best ones."""
    found = optimize.minimize(
        lambda steps: several_steps_risk(setting, steps * start).risks[-1],
        [0.6, 1.2],
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-13, "maxiter": 300},
    )
    return found.x * start, found.fun


@pytest.mark.parametrize("evaluation", ["fresh", "same"])
@pytest.mark.parametrize(("dim", "n", "k", "features", "task", "noise"), GIVEN[:1] + GIVEN[-1:])
def test_the_best_two_steps(dim, n, k, features, task, noise, evaluation):
    covariance = Dense(features)
    start = DenseWeights(WEIGHTS[:dim, :dim])
    setting = Setting(n, k, covariance, covariance, task, noise, start, evaluation=evaluation)
    unit = one_step_risk(setting).step_size
    joint = best_steps(setting, 2)
    steps, least = searched(setting, unit)
    assert joint.risks[-1] == pytest.approx(least, rel=1e-9)
    # About the minimum the risk tells steps no better than to the root of its digits.
    assert joint.step_sizes == pytest.approx(sorted(steps), rel=1e-4)
    assert joint.polynomial_risk <= joint.risks[-1]
    assert joint.risks == pytest.approx(several_steps_risk(setting, joint.step_sizes).risks)
    for rule, ratio in {"equal": 1.0, "decay:0.5": 0.5}.items():
        best = best_steps(setting, 2, rule)
        first, second = best.step_sizes
        assert second == pytest.approx(ratio * first, rel=1e-15)
        one = optimize.minimize_scalar(
            lambda step, ratio=ratio: several_steps_risk(
                setting, [step * unit, ratio * step * unit]
            ).risks[-1],
            bounds=(0.0, 2.0),
            method="bounded",
            options={"xatol": 1e-9},
        )
        assert best.risks[-1] == pytest.approx(one.fun, rel=1e-9)
    greedy = best_steps(setting, 2, "greedy")
    assert greedy.step_sizes[0] == pytest.approx(unit, rel=1e-9)
    nearby = [
        several_steps_risk(setting, [greedy.step_sizes[0], factor * greedy.step_sizes[1]]).risks[-1]
        for factor in (0.99, 1.01)
    ]
    assert greedy.risks[-1] < min(nearby)
