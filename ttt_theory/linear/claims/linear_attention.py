"""Linear attention is xᵀWXᵀy, and its gradient step is of rank one."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from ttt_theory.claims.claim import Claim
from ttt_theory.evidence.algebra import proof
from ttt_theory.evidence.record import Evidence
from ttt_theory.linear.claims.stating import exactly
from ttt_theory.linear.setting.examples import COLD, SHIFTED
from ttt_theory.linear.simulation.linear_attention import Prompt, gradient, loss, predict

if TYPE_CHECKING:
    from ttt_theory.evidence.effort import Effort
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["CLAIMS"]

# Exact fractions are slow: a prompt of a large setting is looked at in its first coordinates and
# samples. The identities hold for any arrays, so nothing is lost by that.
_MOST_COORDINATES, _MOST_SAMPLES = 8, 12


def prediction(weights: Any, features: Any, labels: Any, queries: Any) -> Any:
    """Return the predictions xᵀWXᵀy for queries x as rows ([G25], Section 3).

    Matrices of numbers or symbols; `labels` is a column.
    """
    return queries @ weights @ features.T @ labels


def rank_one_gradient(weights: Any, features: Any, labels: Any, queries: Any, targets: Any) -> Any:
    """Return −2 X_tᵀ(y_t − X_tWu)uᵀ with u = Xᵀy ([G25], Proposition 3.1).

    Matrices of numbers or symbols; `labels` and `targets` are columns.
    """
    return (
        -2 * queries.T @ (targets - queries @ weights @ features.T @ labels) @ labels.T @ features
    )


def _attention_of_any_size(_: Effort) -> list[Evidence]:
    """Expand the attention of a query token over block matrices of symbolic size."""
    n, d = sympy.symbols("n d", integer=True, positive=True)
    features, labels = sympy.MatrixSymbol("X", n, d), sympy.MatrixSymbol("y", n, 1)
    query, weights = sympy.MatrixSymbol("x", d, 1), sympy.MatrixSymbol("W", d, d)
    zero_row, zero_column = sympy.ZeroMatrix(1, d), sympy.ZeroMatrix(d, 1)
    one, zero = sympy.Identity(1), sympy.ZeroMatrix(1, 1)
    tokens = sympy.BlockMatrix([[features, labels], [query.T, zero]])
    query_token = sympy.BlockMatrix([[query.T, zero]])
    queries = sympy.BlockMatrix([[weights, zero_column], [zero_row, zero]])
    values = sympy.BlockMatrix([[sympy.ZeroMatrix(d, d), zero_column], [zero_row, one]])
    label = sympy.BlockMatrix([[zero_column], [one]])
    scores = sympy.block_collapse(query_token * queries)
    moments = sympy.block_collapse(tokens.T * tokens)
    output = sympy.block_collapse(sympy.block_collapse(scores * moments) * values)
    output_label = sympy.block_collapse(output * label)
    if isinstance(output_label, sympy.BlockMatrix):
        output_label = output_label.blocks[0, 0]
    return [
        proof(
            "block matrices of any n, d: the query token's output is xᵀWXᵀy",
            output_label.doit() == prediction(weights, features, labels, query.T).doit(),
        )
    ]


def _gradient_of_any_size(_: Effort) -> list[Evidence]:
    """Differentiate the loss, written with matrices of symbolic size."""
    n, k, d = sympy.symbols("n k d", integer=True, positive=True)
    features, labels = sympy.MatrixSymbol("X", n, d), sympy.MatrixSymbol("y", n, 1)
    queries, targets = sympy.MatrixSymbol("X_t", k, d), sympy.MatrixSymbol("y_t", k, 1)
    weights = sympy.MatrixSymbol("W", d, d)
    residual = targets - queries * weights * features.T * labels
    derivative = (residual.T * residual).diff(weights)
    stated = rank_one_gradient(weights, features, labels, queries, targets)
    difference = (derivative - stated).doit().expand().doit()
    return [
        proof(
            "matrices of any n, k, d: ∇L̂(W) = −2 X_tᵀ(y_t − X_tWu)uᵀ",
            difference == sympy.ZeroMatrix(d, d),
        )
    ]


def _exact_prompt(setting: Setting, seed: int) -> tuple[np.ndarray, ...]:
    """Draw weights and a prompt of a setting's sizes in small fractions.

    Only the sizes matter to identities in arbitrary arrays; drawn from the setting itself, a cold
    start or a zero task would leave nothing to compare.
    """
    rng = np.random.default_rng(seed)
    dim = min(setting.dim, _MOST_COORDINATES)
    n, k = (min(m, _MOST_SAMPLES) for m in (setting.context_length, setting.test_samples))

    def draw(*shape: int) -> np.ndarray:
        numerators = rng.choice([-5, -3, -2, -1, 1, 2, 3, 7], size=shape)
        denominators = rng.integers(1, 5, size=shape)
        return np.asarray(np.vectorize(Fraction, otypes=[object])(numerators, denominators))

    return draw(dim, dim), draw(n, dim), draw(n), draw(k, dim), draw(k)


def _attention_on_a_prompt(setting: Setting, effort: Effort) -> list[Evidence]:
    weights, features, labels, queries, _ = _exact_prompt(setting, effort.seed)
    reduced = prediction(weights, features, labels[:, None], queries)[:, 0]
    attended = {
        "token-level attention": predict(weights, features, labels, queries),
        "the simulator's prediction": Prompt(features, labels).predict(weights, queries),
    }
    return [
        proof(
            f"{name} is xᵀWXᵀy on a drawn prompt of these sizes, in exact fractions",
            bool(np.all(each == reduced)),
            queries=len(queries),
        )
        for name, each in attended.items()
    ]


def _gradient_on_a_prompt(setting: Setting, effort: Effort) -> list[Evidence]:
    weights, features, labels, queries, targets = _exact_prompt(setting, effort.seed)
    rank_one = rank_one_gradient(weights, features, labels[:, None], queries, targets[:, None])
    by_chain_rule = gradient(weights, features, labels, queries, targets)
    # The loss is quadratic in W, so that its central difference is the derivative, exactly.
    by_differences = np.empty_like(weights)
    for position in np.ndindex(weights.shape):
        bump = np.full(weights.shape, Fraction(0), dtype=object)
        bump[position] = Fraction(1)
        ahead = loss(weights + bump, features, labels, queries, targets)
        behind = loss(weights - bump, features, labels, queries, targets)
        by_differences[position] = (ahead - behind) / 2
    return [
        proof(
            "the literal loss changes by the rank-one gradient on a drawn prompt of these "
            "sizes, in exact fractions",
            bool(np.all(by_differences == rank_one)),
            entries=weights.size,
        ),
        proof(
            "the simulator's gradient is the rank-one gradient on a drawn prompt of these "
            "sizes, in exact fractions",
            bool(np.all(by_chain_rule == rank_one)),
            entries=weights.size,
        ),
    ]


CLAIMS = (
    Claim(
        id="attention-reduction",
        title="Linear attention with restricted weights is xᵀWXᵀy",
        source="[G25], Section 3",
        statement=(
            "One layer of linear attention, its key, query and value matrices restricted, predicts "
            "xᵀWXᵀy at the query token of any prompt."
        ),
        formulas=exactly(prediction),
        evidence=(_attention_of_any_size,),
        checks=(_attention_on_a_prompt,),
        settings={"shifted": SHIFTED, "cold, k = 1": COLD},
    ),
    Claim(
        id="prop-3.1",
        title="One gradient step changes the weights by a matrix of rank one",
        source="[G25], Proposition 3.1",
        statement="W_TT = W + 2η X_tᵀ(y_t − X_tWu) uᵀ with u = Xᵀy.",
        formulas=exactly(rank_one_gradient),
        evidence=(_gradient_of_any_size,),
        checks=(_gradient_on_a_prompt,),
        settings={"shifted": SHIFTED, "cold, k = 1": COLD},
    ),
)
