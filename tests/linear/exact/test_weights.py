"""The pretrained weights: symmetric for any two covariances, whether they commute or not."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import assume, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import ttt_theory as ttt
from ttt_theory import Dense, PretrainedWeights, Pretraining, Setting, pretrained_weights
from ttt_theory.linear.closed_form import isotropic

ENTRIES = st.integers(-3, 3)


def grams(dim):
    """Positive semi-definite matrices of integers, of any rank."""
    rows = st.lists(st.lists(ENTRIES, min_size=dim, max_size=dim), min_size=1, max_size=4)
    return rows.map(lambda each: sympy.Matrix(each).T * sympy.Matrix(each))


PAIRS = st.integers(2, 4).flatmap(lambda dim: st.tuples(grams(dim), grams(dim)))


@hypothesis_settings(max_examples=60, deadline=None)
@given(PAIRS, st.integers(1, 20), st.sampled_from([Fraction(0), Fraction(1, 4), Fraction(3)]))
@example((sympy.Matrix([[2, 1], [1, 1]]), sympy.Matrix([[1, 0], [0, 3]])), 3, Fraction(1, 4))
def test_the_optimum_is_symmetric_where_the_covariances_do_not_commute(pair, n, noise):
    features, prior = pair
    assume(features * prior != prior * features)
    dim = features.shape[0]
    noise = sympy.Rational(noise.numerator, noise.denominator)
    ridge = (features * prior).trace() + noise
    optimum = prior * ((n + 1) * features * prior + ridge * sympy.eye(dim)).inv()
    assert optimum == optimum.T

    # It is the stationary point: E over β of E[(xᵀWu − y)xuᵀ] = Σ_x(W E[uuᵀ] − E[βuᵀ]) vanishes,
    # with E[uuᵀ] = n(n+1) Σ_xΣ_βΣ_x + n(tr Σ_xΣ_β + σ²)Σ_x and E[βuᵀ] = nΣ_βΣ_x.
    second_moment = n * (n + 1) * features * prior * features + n * ridge * features
    assert features * (optimum * second_moment - n * prior * features) == sympy.zeros(dim)

    weights = pretrained_weights(
        Setting(
            5,
            2,
            Dense(np.eye(dim)),
            Dense(np.array(prior.tolist(), dtype=float)),
            np.ones(dim),
            pretraining=Pretraining(
                n, float(noise), Dense(np.array(features.tolist(), dtype=float))
            ),
            initialization=PretrainedWeights(0.5),
        )
    )
    weights = weights if isinstance(weights, np.ndarray) else weights.toarray()
    exact = np.array(optimum.tolist(), dtype=float)
    size = np.abs(exact).max()
    assert np.abs(weights - exact).max() <= 1e-12 * size
    assert np.abs(weights - weights.T).max() <= 1e-12 * size


@pytest.mark.parametrize("diagonal", [False, True])
@pytest.mark.parametrize(("prior", "factor"), [(1e-12, 2.0**33), (1e-12, -3e9), (1e9, 0.75)])
def test_large_multiples_of_small_weights_keep_their_digits(prior, factor, diagonal):
    # (1 − f)β + fb cancels where b is β but for a share that f makes up for.
    n, k, d = 20, 10, 3
    covariance = ttt.Diagonal([prior] * d) if diagonal else ttt.Isotropic(d, scale=prior)
    start = ttt.PretrainedWeights(factor)
    setting = ttt.Setting(n, k, ttt.Isotropic(d), covariance, [1.0, 2.0, 3.0], 0.3, start)
    noise, prior = Fraction(0.3), Fraction(prior)
    weight = Fraction(factor) * prior / ((n + 1 + d) * prior + noise)
    risk = ttt.one_step_risk(setting)
    sizes = n, k, d, Fraction(14), noise, weight
    assert risk.constant == pytest.approx(
        float(isotropic.constant(n, d, Fraction(14), noise, weight)), rel=1e-13
    )
    assert risk.linear == pytest.approx(float(isotropic.linear(*sizes)), rel=1e-13)
    assert risk.quadratic == pytest.approx(float(isotropic.quadratic(*sizes)), rel=1e-13)
