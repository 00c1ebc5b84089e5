"""The samplers that draw data vectors in place of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttt_theory.claims.claim import Claim, statistical_tests
from ttt_theory.evidence.record import Evidence
from ttt_theory.linear.claims.stating import exactly
from ttt_theory.linear.setting.examples import COLD, SHIFTED
from ttt_theory.linear.simulation import conditional, data_vector, sufficient
from ttt_theory.linear.witnesses.fast_samplers import sampler_is_averaged, sampler_is_simulated

if TYPE_CHECKING:
    from ttt_theory.evidence.effort import Effort
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["CLAIMS"]


def _sufficient_average(_: Effort) -> list[Evidence]:
    return sampler_is_averaged("sufficient")


def _conditional_average(_: Effort) -> list[Evidence]:
    return sampler_is_averaged("conditional")


@statistical_tests(3)
def _sufficient_draws(setting: Setting, effort: Effort) -> list[Evidence]:
    return sampler_is_simulated(setting, "sufficient", effort)


@statistical_tests(2)
def _conditional_draws(setting: Setting, effort: Effort) -> list[Evidence]:
    return sampler_is_simulated(setting, "conditional", effort)


CLAIMS = (
    Claim(
        id="fast-samplers",
        title="Data vectors drawn from their laws give the literal prompt's risk",
        source="ours",
        statement=(
            "c0, c1 and c2 have the same expectation whether a prompt's samples are drawn, its "
            "vectors u, v and u' from their exact laws, or u alone with the average given u in "
            "closed form; for every n, k, d, Σ_x, W, β and σ²."
        ),
        formulas=exactly(
            data_vector.mean_multiple,
            sufficient.residual_variance,
            sufficient.linear_sum,
            sufficient.quadratic_sum,
            conditional.context_overlap,
            conditional.descent_given_context,
            conditional.linear_given_context,
            conditional.quadratic_given_context,
        ),
        evidence=(_sufficient_average, _conditional_average),
        checks=(_sufficient_draws, _conditional_draws),
        settings={"shifted": SHIFTED, "cold, k = 1": COLD},
    ),
)
