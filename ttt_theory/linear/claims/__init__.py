"""The claims of the linear theory, in the order of the paper.

The package registers `CLAIMS` as an entry point, as any package of claims does.
"""

from ttt_theory.linear.claims import (
    beyond_gaussian,
    context_requirement,
    corollary_4_6,
    corollary_5_4,
    exact_risk,
    fast_samplers,
    finite_size,
    linear_attention,
    non_monotonicity,
    one_step_enough,
    pretraining,
    random_tasks,
    same_context,
    several_steps,
    shift,
    step_or_context,
    step_rules,
    theorem_4_2,
    theorem_5_3,
)

__all__ = ["CLAIMS"]

CLAIMS = (
    *linear_attention.CLAIMS,
    *pretraining.CLAIMS,
    *exact_risk.CLAIMS,
    *fast_samplers.CLAIMS,
    *theorem_4_2.CLAIMS,
    *non_monotonicity.CLAIMS,
    *corollary_4_6.CLAIMS,
    *finite_size.CLAIMS,
    *context_requirement.CLAIMS,
    *theorem_5_3.CLAIMS,
    *corollary_5_4.CLAIMS,
    *shift.CLAIMS,
    *one_step_enough.CLAIMS,
    *several_steps.CLAIMS,
    *same_context.CLAIMS,
    *step_rules.CLAIMS,
    *step_or_context.CLAIMS,
    *random_tasks.CLAIMS,
    *beyond_gaussian.CLAIMS,
)
