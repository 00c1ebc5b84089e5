"""Joint cumulants of ‖u‖² and the other forms of a context vector, given the labels.

Compiled from derivations.linear.context_cumulants by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "error_0",
    "error_1",
    "error_2",
    "error_3",
    "error_4",
    "gradient_0",
    "gradient_1",
    "next_central_moment",
    "overlap_0",
    "overlap_1",
    "overlap_2",
    "product_0",
    "product_1",
    "product_2",
    "size_1",
    "size_2",
    "size_3",
    "size_4",
]


def size_1(
    chi_squared: Any, label_variance: Any, trace_1: Any, mean_form_0: Any
) -> Any:
    """κ(‖u‖²) given the labels.

    Source: theory.md, section 2, fact 13.
    """
    s = label_variance
    return (
        chi_squared**2 * mean_form_0 + chi_squared * (-mean_form_0 + s * trace_1)
    )


def size_2(
    chi_squared: Any, label_variance: Any, trace_2: Any, mean_form_0: Any, mean_form_1: Any
) -> Any:
    """κ(‖u‖², ‖u‖²) given the labels.

    Source: theory.md, section 2, fact 13.
    """
    s = label_variance
    return (
        chi_squared**3 * (-4 * mean_form_0**2 + 4 * mean_form_1 * s) + chi_squared**2 * (2 *
        mean_form_0**2 - 4 * mean_form_1 * s + 2 * s**2 * trace_2)
    )


def size_3(
    chi_squared: Any, label_variance: Any, trace_3: Any, mean_form_0: Any, mean_form_1: Any,
    mean_form_2: Any
) -> Any:
    """κ(‖u‖², ‖u‖², ‖u‖²) given the labels.

    Source: theory.md, section 2, fact 13.
    """
    s = label_variance
    return (
        chi_squared**4 * (24 * mean_form_0**3 - 48 * mean_form_0 * mean_form_1 * s + 24 *
        mean_form_2 * s**2) + chi_squared**3 * (-8 * mean_form_0**3 + 24 * mean_form_0 *
        mean_form_1 * s - 24 * mean_form_2 * s**2 + 8 * s**3 * trace_3)
    )


def size_4(
    chi_squared: Any, label_variance: Any, trace_4: Any, mean_form_0: Any, mean_form_1: Any,
    mean_form_2: Any, mean_form_3: Any
) -> Any:
    """κ(‖u‖², ‖u‖², ‖u‖², ‖u‖²) given the labels.

    Source: theory.md, section 2, fact 13.
    """
    s = label_variance
    return (
        chi_squared**5 * (-192 * mean_form_0**4 + 576 * mean_form_0**2 * mean_form_1 * s - 384 *
        mean_form_0 * mean_form_2 * s**2 - 192 * mean_form_1**2 * s**2 + 192 * mean_form_3 * s**3)
        + chi_squared**4 * (48 * mean_form_0**4 - 192 * mean_form_0**2 * mean_form_1 * s + 192 *
        mean_form_0 * mean_form_2 * s**2 + 96 * mean_form_1**2 * s**2 - 192 * mean_form_3 * s**3 +
        48 * s**4 * trace_4)
    )


def overlap_0(
    chi_squared: Any, context_length: Any, label_variance: Any, trace_2: Any, mean_form_0: Any,
    mean_form_1: Any
) -> Any:
    """κ(uᵀMu) given the labels.

    Source: theory.md, section 2, fact 13.
    """
    n, s = context_length, label_variance
    return (
        chi_squared**2 * (mean_form_0**2 * n**2 + mean_form_0**2 * n + mean_form_1 * n * s) +
        chi_squared * (-mean_form_0**2 * n**2 - mean_form_0**2 * n + mean_form_1 * n**2 * s + n *
        s**2 * trace_2)
    )


def overlap_1(
    chi_squared: Any, context_length: Any, label_variance: Any, trace_3: Any, mean_form_0: Any,
    mean_form_1: Any, mean_form_2: Any
) -> Any:
    """κ(‖u‖², uᵀMu) given the labels.

    Source: theory.md, section 2, fact 13.
    """
    n, s = context_length, label_variance
    return (
        chi_squared**3 * (-4 * mean_form_0**3 * n**2 - 4 * mean_form_0**3 * n + 4 * mean_form_0 *
        mean_form_1 * n**2 * s + 4 * mean_form_2 * n * s**2) + chi_squared**2 * (2 *
        mean_form_0**3 * n**2 + 2 * mean_form_0**3 * n - 4 * mean_form_0 * mean_form_1 * n**2 * s
        - 2 * mean_form_0 * mean_form_1 * n * s + 2 * mean_form_2 * n**2 * s**2 - 2 * mean_form_2
        * n * s**2 + 2 * n * s**3 * trace_3)
    )


def overlap_2(
    chi_squared: Any, context_length: Any, label_variance: Any, trace_4: Any, mean_form_0: Any,
    mean_form_1: Any, mean_form_2: Any, mean_form_3: Any
) -> Any:
    """κ(‖u‖², ‖u‖², uᵀMu) given the labels.

    Source: theory.md, section 2, fact 13.
    """
    n, s = context_length, label_variance
    return (
        chi_squared**4 * (24 * mean_form_0**4 * n**2 + 24 * mean_form_0**4 * n - 48 *
        mean_form_0**2 * mean_form_1 * n**2 * s - 24 * mean_form_0**2 * mean_form_1 * n * s + 16 *
        mean_form_0 * mean_form_2 * n**2 * s**2 - 16 * mean_form_0 * mean_form_2 * n * s**2 + 8 *
        mean_form_1**2 * n**2 * s**2 - 8 * mean_form_1**2 * n * s**2 + 24 * mean_form_3 * n *
        s**3) + chi_squared**3 * (-8 * mean_form_0**4 * n**2 - 8 * mean_form_0**4 * n + 24 *
        mean_form_0**2 * mean_form_1 * n**2 * s + 16 * mean_form_0**2 * mean_form_1 * n * s - 16 *
        mean_form_0 * mean_form_2 * n**2 * s**2 - 8 * mean_form_1**2 * n**2 * s**2 + 8 *
        mean_form_3 * n**2 * s**3 - 16 * mean_form_3 * n * s**3 + 8 * n * s**4 * trace_4)
    )


def error_0(
    chi_squared: Any, deviation: Any, label_variance: Any, bias_bias: Any, bias_shift_0: Any,
    shift_00: Any, spread_1: Any
) -> Any:
    """κ(eᵀAe) given the labels.

    Source: theory.md, section 2, fact 13.
    """
    s = label_variance
    return (
        bias_bias - 2 * bias_shift_0 * deviation + chi_squared * (s * spread_1 - shift_00) +
        deviation**2 * shift_00
    )


def error_1(
    chi_squared: Any, deviation: Any, label_variance: Any, mean_form_0: Any, bias_shift_0: Any,
    bias_shift_1: Any, shift_00: Any, shift_01: Any, spread_2: Any
) -> Any:
    """κ(‖u‖², eᵀAe) given the labels.

    Source: theory.md, section 2, fact 13.
    """
    s = label_variance
    return (
        chi_squared**2 * deviation * (-4 * mean_form_0 * shift_00 + 4 * s * shift_01) +
        chi_squared**2 * (4 * bias_shift_0 * mean_form_0 - 4 * bias_shift_1 * s + 2 * mean_form_0
        * shift_00 + 2 * s**2 * spread_2 - 4 * s * shift_01)
    )


def error_2(
    chi_squared: Any, deviation: Any, label_variance: Any, mean_form_0: Any, mean_form_1: Any,
    bias_shift_0: Any, bias_shift_1: Any, bias_shift_2: Any, shift_00: Any, shift_01: Any,
    shift_02: Any, shift_11: Any, spread_3: Any
) -> Any:
    """κ(‖u‖², ‖u‖², eᵀAe) given the labels.

    Source: theory.md, section 2, fact 13.
    """
    s = label_variance
    return (
        chi_squared**4 * (8 * mean_form_0**2 * shift_00 - 16 * mean_form_0 * s * shift_01 + 8 *
        s**2 * shift_11) + chi_squared**3 * deviation * (16 * mean_form_0**2 * shift_00 - 16 *
        mean_form_0 * s * shift_01 - 16 * mean_form_1 * s * shift_00 + 16 * s**2 * shift_02) +
        chi_squared**3 * (-16 * bias_shift_0 * mean_form_0**2 + 16 * bias_shift_0 * mean_form_1 *
        s + 16 * bias_shift_1 * mean_form_0 * s - 16 * bias_shift_2 * s**2 - 8 * mean_form_0**2 *
        shift_00 + 16 * mean_form_0 * s * shift_01 + 8 * mean_form_1 * s * shift_00 + 8 * s**3 *
        spread_3 - 16 * s**2 * shift_02 - 8 * s**2 * shift_11)
    )


def error_3(
    chi_squared: Any, deviation: Any, label_variance: Any, mean_form_0: Any, mean_form_1: Any,
    mean_form_2: Any, bias_shift_0: Any, bias_shift_1: Any, bias_shift_2: Any, bias_shift_3: Any,
    shift_00: Any, shift_01: Any, shift_02: Any, shift_03: Any, shift_11: Any, shift_12: Any,
    spread_4: Any
) -> Any:
    """κ(‖u‖², ‖u‖², ‖u‖², eᵀAe) given the labels.

    Source: theory.md, section 2, fact 13.
    """
    s = label_variance
    return (
        chi_squared**5 * (-96 * mean_form_0**3 * shift_00 + 192 * mean_form_0**2 * s * shift_01 +
        96 * mean_form_0 * mean_form_1 * s * shift_00 - 96 * mean_form_0 * s**2 * shift_02 - 96 *
        mean_form_0 * s**2 * shift_11 - 96 * mean_form_1 * s**2 * shift_01 + 96 * s**3 * shift_12)
        + chi_squared**4 * deviation * (-96 * mean_form_0**3 * shift_00 + 96 * mean_form_0**2 * s
        * shift_01 + 192 * mean_form_0 * mean_form_1 * s * shift_00 - 96 * mean_form_0 * s**2 *
        shift_02 - 96 * mean_form_1 * s**2 * shift_01 - 96 * mean_form_2 * s**2 * shift_00 + 96 *
        s**3 * shift_03) + chi_squared**4 * (96 * bias_shift_0 * mean_form_0**3 - 192 *
        bias_shift_0 * mean_form_0 * mean_form_1 * s + 96 * bias_shift_0 * mean_form_2 * s**2 - 96
        * bias_shift_1 * mean_form_0**2 * s + 96 * bias_shift_1 * mean_form_1 * s**2 + 96 *
        bias_shift_2 * mean_form_0 * s**2 - 96 * bias_shift_3 * s**3 + 48 * mean_form_0**3 *
        shift_00 - 96 * mean_form_0**2 * s * shift_01 - 96 * mean_form_0 * mean_form_1 * s *
        shift_00 + 96 * mean_form_0 * s**2 * shift_02 + 48 * mean_form_0 * s**2 * shift_11 + 96 *
        mean_form_1 * s**2 * shift_01 + 48 * mean_form_2 * s**2 * shift_00 + 48 * s**4 * spread_4
        - 96 * s**3 * shift_03 - 96 * s**3 * shift_12)
    )


def error_4(
    chi_squared: Any, deviation: Any, label_variance: Any, mean_form_0: Any, mean_form_1: Any,
    mean_form_2: Any, mean_form_3: Any, bias_shift_0: Any, bias_shift_1: Any, bias_shift_2: Any,
    bias_shift_3: Any, bias_shift_4: Any, shift_00: Any, shift_01: Any, shift_02: Any, shift_03:
    Any, shift_04: Any, shift_11: Any, shift_12: Any, shift_13: Any, shift_22: Any, spread_5: Any
) -> Any:
    """κ(‖u‖², ‖u‖², ‖u‖², ‖u‖², eᵀAe) given the labels.

    Source: theory.md, section 2, fact 13.
    """
    s = label_variance
    return (
        chi_squared**6 * (1152 * mean_form_0**4 * shift_00 - 2304 * mean_form_0**3 * s * shift_01
        - 2304 * mean_form_0**2 * mean_form_1 * s * shift_00 + 1536 * mean_form_0**2 * s**2 *
        shift_02 + 1152 * mean_form_0**2 * s**2 * shift_11 + 3072 * mean_form_0 * mean_form_1 *
        s**2 * shift_01 + 768 * mean_form_0 * mean_form_2 * s**2 * shift_00 - 768 * mean_form_0 *
        s**3 * shift_03 - 1536 * mean_form_0 * s**3 * shift_12 + 384 * mean_form_1**2 * s**2 *
        shift_00 - 768 * mean_form_1 * s**3 * shift_02 - 768 * mean_form_1 * s**3 * shift_11 - 768
        * mean_form_2 * s**3 * shift_01 + 768 * s**4 * shift_13 + 384 * s**4 * shift_22) +
        chi_squared**5 * deviation * (768 * mean_form_0**4 * shift_00 - 768 * mean_form_0**3 * s *
        shift_01 - 2304 * mean_form_0**2 * mean_form_1 * s * shift_00 + 768 * mean_form_0**2 *
        s**2 * shift_02 + 1536 * mean_form_0 * mean_form_1 * s**2 * shift_01 + 1536 * mean_form_0
        * mean_form_2 * s**2 * shift_00 - 768 * mean_form_0 * s**3 * shift_03 + 768 *
        mean_form_1**2 * s**2 * shift_00 - 768 * mean_form_1 * s**3 * shift_02 - 768 * mean_form_2
        * s**3 * shift_01 - 768 * mean_form_3 * s**3 * shift_00 + 768 * s**4 * shift_04) +
        chi_squared**5 * (-768 * bias_shift_0 * mean_form_0**4 + 2304 * bias_shift_0 *
        mean_form_0**2 * mean_form_1 * s - 1536 * bias_shift_0 * mean_form_0 * mean_form_2 * s**2
        - 768 * bias_shift_0 * mean_form_1**2 * s**2 + 768 * bias_shift_0 * mean_form_3 * s**3 +
        768 * bias_shift_1 * mean_form_0**3 * s - 1536 * bias_shift_1 * mean_form_0 * mean_form_1
        * s**2 + 768 * bias_shift_1 * mean_form_2 * s**3 - 768 * bias_shift_2 * mean_form_0**2 *
        s**2 + 768 * bias_shift_2 * mean_form_1 * s**3 + 768 * bias_shift_3 * mean_form_0 * s**3 -
        768 * bias_shift_4 * s**4 - 384 * mean_form_0**4 * shift_00 + 768 * mean_form_0**3 * s *
        shift_01 + 1152 * mean_form_0**2 * mean_form_1 * s * shift_00 - 768 * mean_form_0**2 *
        s**2 * shift_02 - 384 * mean_form_0**2 * s**2 * shift_11 - 1536 * mean_form_0 *
        mean_form_1 * s**2 * shift_01 - 768 * mean_form_0 * mean_form_2 * s**2 * shift_00 + 768 *
        mean_form_0 * s**3 * shift_03 + 768 * mean_form_0 * s**3 * shift_12 - 384 * mean_form_1**2
        * s**2 * shift_00 + 768 * mean_form_1 * s**3 * shift_02 + 384 * mean_form_1 * s**3 *
        shift_11 + 768 * mean_form_2 * s**3 * shift_01 + 384 * mean_form_3 * s**3 * shift_00 + 384
        * s**5 * spread_5 - 768 * s**4 * shift_04 - 768 * s**4 * shift_13 - 384 * s**4 * shift_22)
    )


def product_0(
    chi_squared: Any, deviation: Any, context_length: Any, label_variance: Any, mean_form_0: Any,
    mean_form_1: Any, bias_shift_0: Any, bias_shift_1: Any, bias_shift_2: Any, shift_00: Any,
    shift_01: Any, shift_02: Any, shift_11: Any, spread_3: Any
) -> Any:
    """κ(uᵀMu, eᵀAe) given the labels.

    Source: theory.md, section 2, fact 13.
    """
    n, s = context_length, label_variance
    return (
        chi_squared**2 * deviation * (-4 * mean_form_0**2 * n**2 * shift_00 - 4 * mean_form_0**2 *
        n * shift_00 + 4 * mean_form_0 * n**2 * s * shift_01 + 4 * mean_form_0 * n * s * shift_01
        - 4 * mean_form_1 * n * s * shift_00 + 4 * n * s**2 * shift_02) + chi_squared**2 * (4 *
        bias_shift_0 * mean_form_0**2 * n**2 + 4 * bias_shift_0 * mean_form_0**2 * n + 4 *
        bias_shift_0 * mean_form_1 * n * s - 4 * bias_shift_1 * mean_form_0 * n**2 * s - 4 *
        bias_shift_1 * mean_form_0 * n * s - 4 * bias_shift_2 * n * s**2 + 2 * mean_form_0**2 *
        n**2 * shift_00 + 2 * mean_form_0**2 * n * shift_00 - 4 * mean_form_0 * n**2 * s *
        shift_01 - 4 * mean_form_0 * n * s * shift_01 + 2 * mean_form_1 * n * s * shift_00 + 2 *
        n**2 * s**2 * shift_11 + 2 * n * s**3 * spread_3 - 4 * n * s**2 * shift_02 + 2 * n * s**2
        * shift_11)
    )


def product_1(
    chi_squared: Any, deviation: Any, context_length: Any, label_variance: Any, mean_form_0: Any,
    mean_form_1: Any, mean_form_2: Any, bias_shift_0: Any, bias_shift_1: Any, bias_shift_2: Any,
    bias_shift_3: Any, shift_00: Any, shift_01: Any, shift_02: Any, shift_03: Any, shift_11: Any,
    shift_12: Any, spread_4: Any
) -> Any:
    """κ(‖u‖², uᵀMu, eᵀAe) given the labels.

    Source: theory.md, section 2, fact 13.
    """
    n, s = context_length, label_variance
    return (
        chi_squared**4 * (8 * mean_form_0**3 * n**2 * shift_00 + 8 * mean_form_0**3 * n * shift_00
        - 16 * mean_form_0**2 * n**2 * s * shift_01 - 16 * mean_form_0**2 * n * s * shift_01 + 8 *
        mean_form_0 * mean_form_1 * n * s * shift_00 + 8 * mean_form_0 * n**2 * s**2 * shift_11 -
        8 * mean_form_0 * n * s**2 * shift_02 + 8 * mean_form_0 * n * s**2 * shift_11 - 8 *
        mean_form_1 * n * s**2 * shift_01 + 8 * n * s**3 * shift_12) + chi_squared**3 * deviation
        * (16 * mean_form_0**3 * n**2 * shift_00 + 16 * mean_form_0**3 * n * shift_00 - 16 *
        mean_form_0**2 * n**2 * s * shift_01 - 16 * mean_form_0**2 * n * s * shift_01 - 16 *
        mean_form_0 * mean_form_1 * n**2 * s * shift_00 + 8 * mean_form_0 * n**2 * s**2 * shift_02
        + 8 * mean_form_1 * n**2 * s**2 * shift_01 - 16 * mean_form_2 * n * s**2 * shift_00 + 16 *
        n * s**3 * shift_03) + chi_squared**3 * (-16 * bias_shift_0 * mean_form_0**3 * n**2 - 16 *
        bias_shift_0 * mean_form_0**3 * n + 16 * bias_shift_0 * mean_form_0 * mean_form_1 * n**2 *
        s + 16 * bias_shift_0 * mean_form_2 * n * s**2 + 16 * bias_shift_1 * mean_form_0**2 * n**2
        * s + 16 * bias_shift_1 * mean_form_0**2 * n * s - 8 * bias_shift_1 * mean_form_1 * n**2 *
        s**2 - 8 * bias_shift_2 * mean_form_0 * n**2 * s**2 - 16 * bias_shift_3 * n * s**3 - 8 *
        mean_form_0**3 * n**2 * shift_00 - 8 * mean_form_0**3 * n * shift_00 + 16 * mean_form_0**2
        * n**2 * s * shift_01 + 16 * mean_form_0**2 * n * s * shift_01 + 8 * mean_form_0 *
        mean_form_1 * n**2 * s * shift_00 - 8 * mean_form_0 * n**2 * s**2 * shift_02 - 8 *
        mean_form_0 * n**2 * s**2 * shift_11 - 8 * mean_form_0 * n * s**2 * shift_11 - 8 *
        mean_form_1 * n**2 * s**2 * shift_01 + 8 * mean_form_2 * n * s**2 * shift_00 + 8 * n**2 *
        s**3 * shift_12 + 8 * n * s**4 * spread_4 - 16 * n * s**3 * shift_03)
    )


def product_2(
    chi_squared: Any, deviation: Any, context_length: Any, label_variance: Any, mean_form_0: Any,
    mean_form_1: Any, mean_form_2: Any, mean_form_3: Any, bias_shift_0: Any, bias_shift_1: Any,
    bias_shift_2: Any, bias_shift_3: Any, bias_shift_4: Any, shift_00: Any, shift_01: Any,
    shift_02: Any, shift_03: Any, shift_04: Any, shift_11: Any, shift_12: Any, shift_13: Any,
    shift_22: Any, spread_5: Any
) -> Any:
    """κ(‖u‖², ‖u‖², uᵀMu, eᵀAe) given the labels.

    Source: theory.md, section 2, fact 13.
    """
    n, s = context_length, label_variance
    return (
        chi_squared**5 * (-96 * mean_form_0**4 * n**2 * shift_00 - 96 * mean_form_0**4 * n *
        shift_00 + 192 * mean_form_0**3 * n**2 * s * shift_01 + 192 * mean_form_0**3 * n * s *
        shift_01 + 96 * mean_form_0**2 * mean_form_1 * n**2 * s * shift_00 - 64 * mean_form_0**2 *
        n**2 * s**2 * shift_02 - 96 * mean_form_0**2 * n**2 * s**2 * shift_11 - 96 *
        mean_form_0**2 * n * s**2 * shift_11 - 128 * mean_form_0 * mean_form_1 * n**2 * s**2 *
        shift_01 + 64 * mean_form_0 * mean_form_2 * n * s**2 * shift_00 + 64 * mean_form_0 * n**2
        * s**3 * shift_12 - 64 * mean_form_0 * n * s**3 * shift_03 + 32 * mean_form_1**2 * n *
        s**2 * shift_00 + 32 * mean_form_1 * n**2 * s**3 * shift_11 - 64 * mean_form_1 * n * s**3
        * shift_02 - 64 * mean_form_2 * n * s**3 * shift_01 + 64 * n * s**4 * shift_13 + 32 * n *
        s**4 * shift_22) + chi_squared**4 * deviation * (-96 * mean_form_0**4 * n**2 * shift_00 -
        96 * mean_form_0**4 * n * shift_00 + 96 * mean_form_0**3 * n**2 * s * shift_01 + 96 *
        mean_form_0**3 * n * s * shift_01 + 192 * mean_form_0**2 * mean_form_1 * n**2 * s *
        shift_00 + 96 * mean_form_0**2 * mean_form_1 * n * s * shift_00 - 64 * mean_form_0**2 *
        n**2 * s**2 * shift_02 - 32 * mean_form_0**2 * n * s**2 * shift_02 - 128 * mean_form_0 *
        mean_form_1 * n**2 * s**2 * shift_01 - 64 * mean_form_0 * mean_form_1 * n * s**2 *
        shift_01 - 64 * mean_form_0 * mean_form_2 * n**2 * s**2 * shift_00 + 64 * mean_form_0 *
        mean_form_2 * n * s**2 * shift_00 + 32 * mean_form_0 * n**2 * s**3 * shift_03 - 32 *
        mean_form_0 * n * s**3 * shift_03 - 32 * mean_form_1**2 * n**2 * s**2 * shift_00 + 32 *
        mean_form_1**2 * n * s**2 * shift_00 + 32 * mean_form_1 * n**2 * s**3 * shift_02 - 32 *
        mean_form_1 * n * s**3 * shift_02 + 32 * mean_form_2 * n**2 * s**3 * shift_01 - 32 *
        mean_form_2 * n * s**3 * shift_01 - 96 * mean_form_3 * n * s**3 * shift_00 + 96 * n * s**4
        * shift_04) + chi_squared**4 * (96 * bias_shift_0 * mean_form_0**4 * n**2 + 96 *
        bias_shift_0 * mean_form_0**4 * n - 192 * bias_shift_0 * mean_form_0**2 * mean_form_1 *
        n**2 * s - 96 * bias_shift_0 * mean_form_0**2 * mean_form_1 * n * s + 64 * bias_shift_0 *
        mean_form_0 * mean_form_2 * n**2 * s**2 - 64 * bias_shift_0 * mean_form_0 * mean_form_2 *
        n * s**2 + 32 * bias_shift_0 * mean_form_1**2 * n**2 * s**2 - 32 * bias_shift_0 *
        mean_form_1**2 * n * s**2 + 96 * bias_shift_0 * mean_form_3 * n * s**3 - 96 * bias_shift_1
        * mean_form_0**3 * n**2 * s - 96 * bias_shift_1 * mean_form_0**3 * n * s + 128 *
        bias_shift_1 * mean_form_0 * mean_form_1 * n**2 * s**2 + 64 * bias_shift_1 * mean_form_0 *
        mean_form_1 * n * s**2 - 32 * bias_shift_1 * mean_form_2 * n**2 * s**3 + 32 * bias_shift_1
        * mean_form_2 * n * s**3 + 64 * bias_shift_2 * mean_form_0**2 * n**2 * s**2 + 32 *
        bias_shift_2 * mean_form_0**2 * n * s**2 - 32 * bias_shift_2 * mean_form_1 * n**2 * s**3 +
        32 * bias_shift_2 * mean_form_1 * n * s**3 - 32 * bias_shift_3 * mean_form_0 * n**2 * s**3
        + 32 * bias_shift_3 * mean_form_0 * n * s**3 - 96 * bias_shift_4 * n * s**4 + 48 *
        mean_form_0**4 * n**2 * shift_00 + 48 * mean_form_0**4 * n * shift_00 - 96 *
        mean_form_0**3 * n**2 * s * shift_01 - 96 * mean_form_0**3 * n * s * shift_01 - 96 *
        mean_form_0**2 * mean_form_1 * n**2 * s * shift_00 - 48 * mean_form_0**2 * mean_form_1 * n
        * s * shift_00 + 64 * mean_form_0**2 * n**2 * s**2 * shift_02 + 48 * mean_form_0**2 * n**2
        * s**2 * shift_11 + 32 * mean_form_0**2 * n * s**2 * shift_02 + 48 * mean_form_0**2 * n *
        s**2 * shift_11 + 128 * mean_form_0 * mean_form_1 * n**2 * s**2 * shift_01 + 64 *
        mean_form_0 * mean_form_1 * n * s**2 * shift_01 + 32 * mean_form_0 * mean_form_2 * n**2 *
        s**2 * shift_00 - 32 * mean_form_0 * mean_form_2 * n * s**2 * shift_00 - 32 * mean_form_0
        * n**2 * s**3 * shift_03 - 64 * mean_form_0 * n**2 * s**3 * shift_12 + 32 * mean_form_0 *
        n * s**3 * shift_03 - 32 * mean_form_0 * n * s**3 * shift_12 + 16 * mean_form_1**2 * n**2
        * s**2 * shift_00 - 16 * mean_form_1**2 * n * s**2 * shift_00 - 32 * mean_form_1 * n**2 *
        s**3 * shift_02 - 32 * mean_form_1 * n**2 * s**3 * shift_11 + 32 * mean_form_1 * n * s**3
        * shift_02 - 16 * mean_form_1 * n * s**3 * shift_11 - 32 * mean_form_2 * n**2 * s**3 *
        shift_01 + 32 * mean_form_2 * n * s**3 * shift_01 + 48 * mean_form_3 * n * s**3 * shift_00
        + 32 * n**2 * s**4 * shift_13 + 16 * n**2 * s**4 * shift_22 + 48 * n * s**5 * spread_5 -
        96 * n * s**4 * shift_04 - 32 * n * s**4 * shift_13 - 16 * n * s**4 * shift_22)
    )


def gradient_0(
    chi_squared: Any, deviation: Any, context_length: Any, label_variance: Any, mean_form_0: Any,
    bias_bias: Any, bias_shift_0: Any, bias_shift_1: Any, shift_00: Any, shift_01: Any, spread_2:
    Any
) -> Any:
    """κ(uᵀPAe) given the labels.

    Source: theory.md, section 2, fact 13.
    """
    n, s = context_length, label_variance
    return (
        chi_squared * deviation * (-bias_shift_0 * mean_form_0 * n + mean_form_0 * n * shift_00 +
        n * s * shift_01) + chi_squared * (bias_bias * mean_form_0 * n - 2 * bias_shift_1 * n * s
        - mean_form_0 * n * shift_00 + n * s**2 * spread_2)
    )


def gradient_1(
    chi_squared: Any, deviation: Any, context_length: Any, label_variance: Any, mean_form_0: Any,
    mean_form_1: Any, bias_bias: Any, bias_shift_0: Any, bias_shift_1: Any, bias_shift_2: Any,
    shift_00: Any, shift_01: Any, shift_02: Any, shift_11: Any, spread_3: Any
) -> Any:
    """κ(‖u‖², uᵀPAe) given the labels.

    Source: theory.md, section 2, fact 13.
    """
    n, s = context_length, label_variance
    return (
        chi_squared**3 * (2 * bias_shift_0 * mean_form_0**2 * n - 2 * bias_shift_1 * mean_form_0 *
        n * s - 2 * mean_form_0**2 * n * shift_00 + 2 * n * s**2 * shift_11) + chi_squared**2 *
        deviation * (2 * bias_shift_0 * mean_form_0**2 * n - 2 * bias_shift_0 * mean_form_1 * n *
        s - 2 * mean_form_0**2 * n * shift_00 - 2 * mean_form_0 * n * s * shift_01 + 2 *
        mean_form_1 * n * s * shift_00 + 2 * n * s**2 * shift_02) + chi_squared**2 * (-2 *
        bias_bias * mean_form_0**2 * n + 2 * bias_bias * mean_form_1 * n * s + 4 * bias_shift_1 *
        mean_form_0 * n * s - 4 * bias_shift_2 * n * s**2 + 2 * mean_form_0**2 * n * shift_00 - 2
        * mean_form_1 * n * s * shift_00 + 2 * n * s**3 * spread_3 - 2 * n * s**2 * shift_11)
    )


def next_central_moment(order: Any, context_length: Any, last: Any, before: Any) -> Any:
    """E[(t−n)^(j+1)] of t ~ χ²_n from those of order j and j − 1.

    Source: By parts against the density of χ²_n.
    """
    n = context_length
    return 2 * order * (before * n + last)
