"""Moments of the test samples' scatter matrix S = X_tᵀX_t that two gradient steps need.

Compiled from derivations.linear.scatter_moments by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "curvature_11",
    "curvature_12",
    "curvature_22",
    "gradient_1",
    "gradient_2",
    "noise_1",
    "noise_2",
    "noise_3",
]


def gradient_1(test_samples: Any, form_2: Any) -> Any:
    """E[aᵀΣ_xS^1 e] from the forms f_j = aᵀΣ_x^j e.

    Source: theory.md, section 2, fact 13.
    """
    k = test_samples
    return form_2 * k


def gradient_2(test_samples: Any, trace_1: Any, form_2: Any, form_3: Any) -> Any:
    """E[aᵀΣ_xS^2 e] from the forms f_j = aᵀΣ_x^j e.

    Source: theory.md, section 2, fact 13.
    """
    k = test_samples
    return k * (form_2 * trace_1 + form_3 * k + form_3)


def curvature_11(test_samples: Any, trace_2: Any, form_1: Any, form_3: Any) -> Any:
    """E[eᵀS^1 Σ_xS^1 e] from the forms f_j = eᵀΣ_x^j e.

    Source: theory.md, section 2, fact 13.
    """
    k = test_samples
    return k * (form_1 * trace_2 + form_3 * k + form_3)


def curvature_12(
    test_samples: Any, trace_1: Any, trace_2: Any, trace_3: Any, form_1: Any, form_2: Any, form_3:
    Any, form_4: Any
) -> Any:
    """E[eᵀS^1 Σ_xS^2 e] from the forms f_j = eᵀΣ_x^j e.

    Source: theory.md, section 2, fact 13.
    """
    k = test_samples
    return (
        k * (form_1 * k * trace_3 + form_1 * trace_1 * trace_2 + form_1 * trace_3 + form_2 * k *
        trace_2 + form_2 * trace_2 + form_3 * k * trace_1 + form_3 * trace_1 + form_4 * k**2 + 3 *
        form_4 * k + 4 * form_4)
    )


def curvature_22(
    test_samples: Any, trace_1: Any, trace_2: Any, trace_3: Any, trace_4: Any, form_1: Any,
    form_2: Any, form_3: Any, form_4: Any, form_5: Any
) -> Any:
    """E[eᵀS^2 Σ_xS^2 e] from the forms f_j = eᵀΣ_x^j e.

    Source: theory.md, section 2, fact 13.
    """
    k = test_samples
    return (
        k * (form_1 * k**2 * trace_4 + 2 * form_1 * k * trace_1 * trace_3 + form_1 * k *
        trace_2**2 + 3 * form_1 * k * trace_4 + form_1 * trace_1**2 * trace_2 + 2 * form_1 *
        trace_1 * trace_3 + form_1 * trace_2**2 + 4 * form_1 * trace_4 + 2 * form_2 * k**2 *
        trace_3 + 2 * form_2 * k * trace_1 * trace_2 + 4 * form_2 * k * trace_3 + 2 * form_2 *
        trace_1 * trace_2 + 2 * form_2 * trace_3 + form_3 * k**2 * trace_2 + form_3 * k *
        trace_1**2 + 4 * form_3 * k * trace_2 + form_3 * trace_1**2 + 7 * form_3 * trace_2 + 2 *
        form_4 * k**2 * trace_1 + 6 * form_4 * k * trace_1 + 8 * form_4 * trace_1 + form_5 * k**3
        + 6 * form_5 * k**2 + 21 * form_5 * k + 20 * form_5)
    )


def noise_1(test_samples: Any, trace_2: Any) -> Any:
    """E tr(Σ_xS^1), the share of the test samples' noise.

    Source: theory.md, section 2, fact 13.
    """
    k = test_samples
    return k * trace_2


def noise_2(test_samples: Any, trace_1: Any, trace_2: Any, trace_3: Any) -> Any:
    """E tr(Σ_xS^2), the share of the test samples' noise.

    Source: theory.md, section 2, fact 13.
    """
    k = test_samples
    return k * (k * trace_3 + trace_1 * trace_2 + trace_3)


def noise_3(
    test_samples: Any, trace_1: Any, trace_2: Any, trace_3: Any, trace_4: Any
) -> Any:
    """E tr(Σ_xS^3), the share of the test samples' noise.

    Source: theory.md, section 2, fact 13.
    """
    k = test_samples
    return (
        k * (k**2 * trace_4 + 2 * k * trace_1 * trace_3 + k * trace_2**2 + 3 * k * trace_4 +
        trace_1**2 * trace_2 + 2 * trace_1 * trace_3 + trace_2**2 + 4 * trace_4)
    )
