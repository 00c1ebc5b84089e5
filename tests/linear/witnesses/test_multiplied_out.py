"""The risk multiplied out, against hand calculation and against nodes of the literal simulator."""

from fractions import Fraction
from math import prod

import flint
import numpy as np
import pytest

from tests.linear.exact.literal_steps import LiteralSteps
from ttt_theory import Dense, DenseWeights, Setting
from ttt_theory.linear.monte_carlo import literal_simulator
from ttt_theory.linear.witnesses.exact_average import exact_coefficients
from ttt_theory.linear.witnesses.multiplied_out import Polynomial, Samples, multiplied_out


def odd_factorial(count):
    return prod(range(1, 2 * count, 2))


def test_two_steps_by_hand():
    # Cold, without noise, n = k = d = 1, β = 1: the error after the steps on the same context is
    # Π(1 − 2η_i X) with X = x⁴z² of two independent normal variables.
    moment = [odd_factorial(2 * j) * odd_factorial(j) for j in range(5)]
    expected = {}
    for i in range(3):
        for j in range(3):
            # (1 − 2ηX)² = 1 − 4ηX + 4η²X²
            expected[i, j] = [1, -4, 4][i] * [1, -4, 4][j] * moment[i + j]
    one = Samples(1, 1, ((1,),), (1,), 0, ((0,),))
    assert multiplied_out(one, 2, "same") == expected


def test_the_context_of_several_samples_by_hand():
    # Cold on a fresh context: E[u'²] is n² + 2n, and E[u·u'] is n² for E[u] = n.
    for n in (1, 2, 5):
        found = multiplied_out(Samples(n, 1, ((1,),), (1,), 0, ((0,),)), 1, "fresh")
        assert found[1,] == -4 * n**2
        # c2 = 4 E[S²] E[u²]E[u'²] with E[S²] = 3.
        assert found[2,] == 4 * 3 * (n**2 + 2 * n) ** 2


F = Fraction
TINY = [
    Samples(1, 1, ((F(3, 2),),), (-1,), F(1, 2), ((F(1, 4),),)),
    Samples(2, 2, ((F(1, 2),),), (3,), F(1, 4), ((F(1, 8),),)),
    Samples(1, 1, ((1, 0), (1, 2)), (1, -2), F(1, 2), ((F(1, 4), 1), (F(-1, 2), F(1, 8)))),
    Samples(1, 2, ((1,), (2,)), (1, F(1, 2)), 0, ((F(1, 4), 1), (F(-1, 2), F(1, 8)))),
]


@pytest.mark.parametrize("samples", TINY)
def test_one_step_on_a_fresh_context_by_nodes_of_the_literal_simulator(samples):
    root, weights = (np.array(each, dtype=float) for each in (samples.root, samples.weights))
    features = Dense(root @ root.T)
    setting = Setting(
        samples.context_length,
        samples.test_samples,
        features,
        features,
        np.array(samples.task, dtype=float),
        float(samples.noise) ** 2,
        DenseWeights(weights),
    )
    found = multiplied_out(samples, 1, "fresh")
    values = [
        sign * float(F(int(found[j,].p), int(found[j,].q))) for j, sign in enumerate((1, -1, 1))
    ]
    assert values == pytest.approx(exact_coefficients(literal_simulator(setting)), rel=1e-10)


@pytest.mark.parametrize("evaluation", ["fresh", "same"])
@pytest.mark.parametrize(("n", "k", "task"), [(2, 1, (3,)), (1, 2, (-1,)), (1, 1, (1, -2))])
def test_steps_on_all_samples_of_the_context_written_out(n, k, task, evaluation):
    dim, root, deviation = len(task), F(3, 2), F(1, 2)
    weights = ((F(1, 4), F(1, 2)), (-1, F(1, 8)))[:dim]
    weights = tuple(row[:dim] for row in weights)
    steps = [F(1, 10), F(-1, 7)]
    literal = LiteralSteps(n, k, task, root, deviation)
    axes = tuple(tuple(root * (i == j) for j in range(dim)) for i in range(dim))
    samples = Samples(n, k, axes, task, deviation, weights)
    found = [
        sum(
            F(int(value.p), int(value.q)) * prod(map(pow, steps, powers))
            for powers, value in multiplied_out(samples, t, evaluation).items()
        )
        for t in range(3)
    ]
    assert found == literal.risks(weights, steps, evaluation)


@pytest.mark.parametrize("evaluation", ["fresh", "same"])
def test_the_order_of_the_steps_does_not_matter_and_a_step_of_zero_is_none(evaluation):
    two = multiplied_out(TINY[2], 2, evaluation)
    assert two == {(j, i): value for (i, j), value in two.items()}
    one = multiplied_out(TINY[2], 1, evaluation)
    assert {powers[:1]: value for powers, value in two.items() if powers[1] == 0} == one


def test_polynomials_are_numbers_to_arrays():
    context = flint.fmpq_mpoly_ctx.get(["x", "y"], flint.Ordering.lex)
    x, y = map(Polynomial, context.gens())
    array = np.array([x, y, 1], dtype=object)
    for product in (array * x, x * array):
        assert [each.value for each in product] == [(x * x).value, (x * y).value, x.value]
    assert [each.value for each in 1 - array[:2]] == [(1 - x).value, (-y + 1).value]
    assert ((x - y) ** 2 - x**2 + 2 * x * y - y**2).value == 0
    assert not x - x
    with pytest.raises(TypeError):
        x * 0.5
    assert (3 * x**2 * y + x).mean((1, lambda powers: 5 ** powers[0])) == {(2,): 15, (1,): 1}
