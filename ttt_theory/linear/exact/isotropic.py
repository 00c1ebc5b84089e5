"""The exact one-step risk of isotropic settings, arrays of them at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ttt_theory.checks import as_real_array, common_shape, valid_entries
from ttt_theory.errors import InvalidSettingError
from ttt_theory.linear.closed_form import isotropic_squares, one_step
from ttt_theory.linear.exact.isotropic_descent import (
    ContextMoments,
    ErrorMoments,
    isotropic_descent,
)
from ttt_theory.linear.exact.isotropic_numbers import (
    MOST_STEPS,
    IsotropicNumbers,
    pretrained_weight,
)
from ttt_theory.linear.exact.wide_range import WideRangeArray
from ttt_theory.linear.setting.starts import LARGEST_COUNT

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ttt_theory.checks import FloatArray

__all__ = ["IsotropicRisk", "IsotropicStart", "SquaresCurve", "isotropic_risk"]

# Settings computed together: few enough that all temporaries stay in the cache.
_CHUNK = 16384
_TINY = float(np.finfo(np.float64).tiny)
_STEPS_CHUNK = 2048
# What rounding is taken to do to a sum of products of dozens of factors, relative to its terms, and
# what it may do to a risk.
_ROUND_OFF, _TOLERANCE = 64.0 * float(np.finfo(np.float64).eps), 1e-9
# With counts up to 10^15 and all else between its inverse and itself, or 0, no square or product of
# squares leaves the range of float64.
_MODERATE = 2.0**40
_FIELDS = 7
# Without tasks and noise in pretraining every weight is optimal, and zero is taken.
_ANY_NOISE = 1.0
# Where no step changes the first order, the best step is 0, and c2 may be 0, too.
_ANY_CURVATURE = 1.0


@dataclass(frozen=True, eq=False)
class IsotropicRisk:
    """The risks R(η) = constant − linear·η + quadratic·η² of an array of isotropic settings.

    Attributes
    ----------
    constant, linear, quadratic : float or ndarray
        Coefficients of R, in the shape that the arguments broadcast to.
    step_size : float or ndarray
        The minimiser η* = linear / (2 quadratic); 0 where the risk does not depend on η.
    risk_before, risk_after, improvement : float or ndarray
        R(0), R(η*) and their difference.
    risks : ndarray, or None
        The risks after 0, 1, …, t of the steps asked for, along the last axis.
    """

    constant: Any
    linear: Any
    quadratic: Any
    step_size: Any
    risk_before: Any
    risk_after: Any
    improvement: Any
    risks: Any = None

    def at(self, step_size: ArrayLike) -> Any:
        """Return R(step_size), broadcast against the settings.

        Examples
        --------
        >>> risk = isotropic_risk([10, 20], 5, 8, task_square=8.0)
        >>> risk.at(risk.step_size) == risk.risk_after
        array([ True,  True])
        >>> risk.at([[0.0], [1e-5]]).shape
        (2, 2)
        """
        step_size = _real_array("step_size", step_size)
        # About the minimum nothing cancels, while constant − linear·η does near η*.
        with np.errstate(all="ignore"):
            # A square on its own could leave the range of floats, as c2 itself can.
            distance = np.sqrt(self.quadratic) * (step_size - self.step_size)
            same = np.sqrt(self.improvement) * (step_size / self.step_size - 1.0)
            risk = self.risk_after + np.where(np.isnan(distance), same, distance) ** 2
            risk = np.where(step_size == 0.0, self.risk_before, risk)
        return np.where(np.isfinite(risk), risk, np.nan)[()]


def isotropic_risk(
    context_length: ArrayLike,
    test_samples: ArrayLike,
    dim: ArrayLike,
    *,
    task_square: ArrayLike,
    noise_variance: ArrayLike = 0.0,
    feature_variance: ArrayLike = 1.0,
    task_variance: ArrayLike = 1.0,
    factor: ArrayLike = 1.0,
    pretraining_context_length: ArrayLike | None = None,
    pretraining_noise_variance: ArrayLike | None = None,
    step_sizes: ArrayLike | None = None,
) -> IsotropicRisk:
    """Compute the risk after test-time training steps for isotropic settings, exactly.

    The same risk as `one_step_risk` gives for Σ_x = aI and Σ_β = bI, and `several_steps_risk` for
    steps that are given, for arrays of settings at once and with no array of length d: all
    arguments broadcast against each other.

    Parameters
    ----------
    context_length, test_samples, dim : array_like of int
        n, k and d, each from 1 to 10**15.
    task_square : array_like of float
        ‖β‖² of the test task; with Σ_x isotropic its direction does not matter.
    noise_variance : array_like of float
        σ² at test time.
    feature_variance, task_variance : array_like of float
        a and b; the first positive.
    factor : array_like of float
        The start is this multiple of the pretrained weights: 1 is the warm start, 0 the cold one.
    pretraining_context_length, pretraining_noise_variance : array_like, optional
        n and σ² at pretraining; those of the test if not given.
    step_sizes : array_like of float, shape (..., t), optional
        Steps on the same test samples, at most 16, along the last axis; all others broadcast
        against the settings.

    Returns
    -------
    IsotropicRisk
        Its fields are NumPy scalars where every argument is one; `risks` has an axis of t + 1 after
        those that settings and steps broadcast to.  As in `scipy.special`, an entry
        that float64 cannot hold to full precision (above 1.8e308, or positive and below 2.2e-308)
        is NaN, and the others are not affected.

    Raises
    ------
    InvalidSettingError
        If an argument has an entry out of its range, or its shape does not broadcast.

    Notes
    -----
    Sums of squares, compiled from ``derivations.linear.isotropic_squares`` (theory.md, section 2,
    fact 4; [G25], Section 4 is the limit): every field is accurate to a few units in the last
    place, relative to the bias 1 − nw and the mean gradient of the start.  Where numbers differ by
    more than a factor of 10¹², squares of them could leave the range of float64; such entries take
    about six times as long, with exponents of their own, and are as accurate.  Risks after steps
    that are given are correct to 1e-9: where a bound on what rounding does is larger, they are
    computed in exact fractions, which takes about a millisecond each.

    Examples
    --------
    >>> import numpy as np
    >>> risk = isotropic_risk([10, 20, 40], 40, 40, task_square=1.0)
    >>> bool(np.all(np.diff(risk.risk_before) < 0.0))
    True
    >>> n, k, d = 20, 40, 40
    >>> expected = k * n**2 / ((d + k + 1) * (n**2 + 4 * n + d + 3))
    >>> cold = isotropic_risk(n, k, d, task_square=1.0, factor=0.0)
    >>> bool(abs(cold.improvement / expected - 1) < 1e-14)
    True
    """
    if pretraining_context_length is None:
        pretraining_context_length = context_length
    if pretraining_noise_variance is None:
        pretraining_noise_variance = noise_variance
    arguments = {
        "context_length": _counts("context_length", context_length),
        "test_samples": _counts("test_samples", test_samples),
        "dim": _counts("dim", dim),
        "task_square": _numbers("task_square", task_square, 0.0),
        "noise_variance": _numbers("noise_variance", noise_variance, 0.0),
        "feature_variance": _numbers("feature_variance", feature_variance, np.nextafter(0.0, 1.0)),
        "task_variance": _numbers("task_variance", task_variance, 0.0),
        "factor": _numbers("factor", factor, -np.inf),
        "pretraining_context_length": _counts(
            "pretraining_context_length", pretraining_context_length
        ),
        "pretraining_noise_variance": _numbers(
            "pretraining_noise_variance", pretraining_noise_variance, 0.0
        ),
    }
    shape = common_shape(arguments)
    risks = None
    if step_sizes is not None:
        risks = _risks(arguments, shape, _steps(step_sizes, shape))
    outputs: list[Any] = [None] * _FIELDS
    # Typed for one operand, where NumPy takes a list per operand.
    operand_flags: Any = [
        *([["readonly"]] * len(arguments)),
        *([["writeonly", "allocate"]] * len(outputs)),
    ]
    chunks = np.nditer(
        [*arguments.values(), *outputs],
        flags=["external_loop", "buffered", "zerosize_ok"],
        op_flags=operand_flags,
        op_dtypes=[np.float64] * (len(arguments) + len(outputs)),
        buffersize=_CHUNK,
    )
    with chunks, np.errstate(all="ignore"):
        for chunk in chunks:
            values = _fields(*chunk[: len(arguments)])
            for output, value in zip(chunk[len(arguments) :], values, strict=True):
                output[...] = value
        results = [array[()] for array in chunks.operands[len(arguments) :]]
    return IsotropicRisk(*[*results, risks])


class IsotropicStart(NamedTuple):
    """What R(η) depends on of the start W = wI, in any numbers that the compiled formulas take."""

    weight: Any
    bias: Any
    gradient: Any

    @classmethod
    def of(
        cls,
        n: Any,
        d: Any,
        task_square: Any,
        noise_variance: Any,
        source_n: Any,
        prior: Any,
        source_noise: Any,
        factor: tuple[Any, Any],
    ) -> IsotropicStart:
        """Take a multiple of the pretrained weight, for Σ_x = I and Σ_β = prior·I.

        The factor is a sum of any two terms; `derivations.linear.isotropic_squares` has the best.
        """
        denominator = isotropic_squares.pretraining_denominator(source_n, d, prior, source_noise)
        share, excess = factor
        mixed = (share, 1 - share, excess, denominator)
        pretraining = (prior, source_noise)
        return cls(
            isotropic_squares.weight(prior, share, excess, denominator),
            isotropic_squares.bias(n, source_n, d, *pretraining, *mixed),
            isotropic_squares.gradient(
                n, source_n, d, task_square, noise_variance, *pretraining, *mixed
            ),
        )


@dataclass(frozen=True, eq=False)
class SquaresCurve:
    """R(η) for Σ_x = I and W = wI, in any numbers that the compiled formulas take."""

    sizes: tuple[Any, Any, Any]
    task_square: Any
    noise_variance: Any
    start: IsotropicStart
    product_variance: Any
    sampling_moment: Any
    constant: Any
    linear: Any
    quadratic: Any

    @classmethod
    def of(
        cls, n: Any, k: Any, d: Any, task_square: Any, noise_variance: Any, start: IsotropicStart
    ) -> SquaresCurve:
        """Evaluate the coefficients."""
        weight, bias, gradient = start
        label_variance = task_square + noise_variance
        square = isotropic_squares.aligned_square(n, task_square, label_variance)
        variance = isotropic_squares.product_variance(
            n, d, task_square, noise_variance, label_variance, weight, bias, square
        )
        product = isotropic_squares.product_moment(
            n, d, label_variance, weight, gradient, square, variance
        )
        sampling = isotropic_squares.sampling_moment(
            n, d, noise_variance, label_variance, square, product
        )
        return cls(
            (n, k, d),
            task_square,
            noise_variance,
            start,
            variance,
            sampling,
            isotropic_squares.constant(
                n, d, task_square, noise_variance, label_variance, weight, bias
            ),
            isotropic_squares.linear(n, k, d, label_variance, weight, gradient),
            isotropic_squares.quadratic(k, product, sampling),
        )

    def risk(self, scaled_step: Any) -> Any:
        """Return R(η) at scaled_step = 2kη."""
        return isotropic_squares.risk(
            *self.sizes,
            self.task_square,
            self.noise_variance,
            self.task_square + self.noise_variance,
            *self.start,
            self.product_variance,
            self.sampling_moment,
            scaled_step,
        )


def _fields(*arguments: FloatArray) -> list[FloatArray]:
    """Compute the fields of `IsotropicRisk` from the arguments of `isotropic_risk`, in order."""
    fields, moderate = _in_units(*arguments)
    if not moderate.all():
        extreme = _in_wide_range(*(each[~moderate] for each in arguments))
        for field, values in zip(fields, extreme, strict=True):
            field[~moderate] = values
    constant, linear, quadratic, step_size, risk_after, improvement = fields
    return [constant, linear, quadratic, step_size, constant, risk_after, improvement]


class _Units(NamedTuple):
    """Settings in units that make features and labels of order one.

    With Σ_x = aI and labels of variance c, R/c is a function of a²cη (see `Problem`), and the start
    depends on nothing but ratios of b to σ² at pretraining.  Units are powers of two, so exact.
    """

    signal: FloatArray
    noise: FloatArray
    start: IsotropicStart
    label_exponent: Any
    step_unit: FloatArray
    step_exponent: Any
    is_moderate: Any

    @classmethod
    def of(
        cls,
        n: FloatArray,
        d: FloatArray,
        task_square: FloatArray,
        noise_variance: FloatArray,
        feature_variance: FloatArray,
        task_variance: FloatArray,
        factor: FloatArray,
        source_n: FloatArray,
        source_noise_variance: FloatArray,
    ) -> _Units:
        """Compute them, and where that is right."""
        mantissa, feature_exponent = np.frexp(feature_variance)
        signal = feature_variance * task_square
        prior, source_noise = feature_variance * task_variance, source_noise_variance
        # Below the normal numbers a product has lost digits.
        moderate = (signal >= _TINY) | (task_square == 0.0)
        moderate &= (prior >= _TINY) | (task_variance == 0.0)
        _, label_exponent = np.frexp(signal + noise_variance)
        _, prior_exponent = np.frexp(prior + source_noise)
        signal, noise = np.ldexp(signal, -label_exponent), np.ldexp(noise_variance, -label_exponent)
        prior, source_noise = (np.ldexp(each, -prior_exponent) for each in (prior, source_noise))
        parts = (signal, noise, prior, source_noise, np.abs(factor))
        originals = (task_square, noise_variance, task_variance, source_noise_variance, factor)
        for part, original in zip(parts, originals, strict=True):
            moderate &= (original == 0.0) | (part >= 1.0 / _MODERATE) & (part <= _MODERATE)

        source_noise = np.where(prior + source_noise == 0.0, _ANY_NOISE, source_noise)
        share = np.clip(factor, 0.0, 1.0)
        start = IsotropicStart.of(
            n, d, signal, noise, source_n, prior, source_noise, (share, factor - share)
        )
        step_exponent = 2 * feature_exponent + label_exponent
        unit = mantissa * mantissa
        return cls(signal, noise, start, label_exponent, unit, step_exponent, moderate)


def _in_units(
    n: FloatArray, k: FloatArray, d: FloatArray, *others: FloatArray
) -> tuple[list[FloatArray], Any]:
    """Compute in units that make features and labels of order one; tell where that is right."""
    signal, noise, start, label_exponent, unit, step_exponent, moderate = _Units.of(n, d, *others)
    curve = SquaresCurve.of(n, k, d, signal, noise, start)
    quadratic = np.where(curve.linear == 0.0, _ANY_CURVATURE, curve.quadratic)
    step_size, risk_after, improvement = _at_minimum(curve, k, quadratic)

    fields = [
        _rescaled(curve.constant, label_exponent),
        _rescaled(curve.linear * unit, label_exponent + step_exponent),
        _rescaled(curve.quadratic * (unit * unit), label_exponent + 2 * step_exponent),
        _rescaled(step_size / unit, -step_exponent),
        _rescaled(risk_after, label_exponent),
        _rescaled(improvement, label_exponent),
    ]
    return fields, moderate


def _in_wide_range(*arguments: FloatArray) -> list[FloatArray]:
    """Compute the same in numbers whose squares and cubes have no range to leave."""
    n, k, d, task_square, noise, features, task_variance, _, source_n, source_noise = (
        WideRangeArray.of(each) for each in arguments
    )
    signal, prior = features * task_square, features * task_variance
    any_start = (prior + source_noise).mantissa == 0.0
    factor = arguments[7]
    share = np.clip(factor, 0.0, 1.0)
    start = IsotropicStart.of(
        n,
        d,
        signal,
        noise,
        source_n,
        prior,
        source_noise.where(~any_start, _ANY_NOISE),
        (WideRangeArray.of(share), WideRangeArray.of(factor - share)),
    )
    curve = SquaresCurve.of(n, k, d, signal, noise, start)
    quadratic = curve.quadratic.where(curve.linear.mantissa != 0.0, _ANY_CURVATURE)
    step_size, risk_after, improvement = _at_minimum(curve, k, quadratic)
    unit = features * features
    fields = [
        curve.constant,
        curve.linear * unit,
        curve.quadratic * (unit * unit),
        step_size / unit,
        risk_after,
        improvement,
    ]
    return [_rescaled(each.mantissa, each.exponent) for each in fields]


def _risks(arguments: dict[str, Any], shape: tuple[int, ...], steps: FloatArray) -> FloatArray:
    """Compute the risks after 0, 1, …, t steps, a few settings at a time."""
    count = steps.shape[-1]
    shape = np.broadcast_shapes(shape, steps.shape[:-1])
    inputs = [np.broadcast_to(each, shape).flat for each in arguments.values()]
    inputs += [np.broadcast_to(steps[..., index], shape).flat for index in range(count)]
    risks = np.empty((math.prod(shape), count + 1))
    with np.errstate(all="ignore"):
        for start in range(0, len(risks), _STEPS_CHUNK):
            part = slice(start, start + _STEPS_CHUNK)
            chunk = [np.asarray(each[part], dtype=np.float64) for each in inputs]
            risks[part] = _risks_of(chunk[: len(arguments)], chunk[len(arguments) :])
    return risks.reshape(*shape, count + 1)


def _risks_of(arguments: list[FloatArray], steps: list[FloatArray]) -> FloatArray:
    n, k, d, *others = arguments
    units = _Units.of(n, d, *others)
    signal, noise, (weight, bias, gradient) = units[:3]
    scaled = [np.ldexp(each * units.step_unit, units.step_exponent) for each in steps]
    # All terms of the same sums, none of them negative: what rounding does is relative to these.
    _, _, _, factor, source_n, _ = others[1:]
    is_difference = (factor != np.clip(factor, 0.0, 1.0)) | (source_n < n - d - 1.0)
    size, lost = np.abs(weight), np.where(is_difference, n * np.abs(weight), 0.0)
    context = ContextMoments(n, d, signal, noise)
    descent = isotropic_descent(ErrorMoments(context, *units.start), k, len(steps), "fresh")
    gradient_size = np.abs(gradient) + signal * lost + 2.0 * noise * size
    errors = ErrorMoments(context, -size, np.abs(bias) + lost, gradient_size)
    sizes = isotropic_descent(errors, k, len(steps), "fresh")
    columns = range(len(steps) + 1)
    risks = np.stack([descent.risk(scaled[:count]) for count in columns], axis=-1)
    negative = [-np.abs(each) for each in scaled]
    terms = np.stack([sizes.risk(negative[:count]) for count in columns], axis=-1)
    lost_digits = ~(_ROUND_OFF * terms <= _TOLERANCE * risks).all(axis=-1) | ~units.is_moderate
    risks = _rescaled(risks, units.label_exponent[:, None])
    for index in np.flatnonzero(lost_digits).tolist():
        own, own_steps = ([each[index] for each in some] for some in (arguments, steps))
        risks[index] = _exact_risks(own, own_steps)
    return risks


def _exact_risks(arguments: list[Any], steps: list[Any]) -> list[float]:
    """Compute the risks of one setting in fractions; NaN where float64 cannot hold one."""
    n, k, d, task_square, noise, features, prior, factor, source_n, source_noise = map(
        Fraction, arguments
    )
    weight = factor * pretrained_weight(source_n, d, features, prior, source_noise)
    sizes = (int(n), int(k), int(d))
    numbers = IsotropicNumbers(*sizes, task_square, noise, features, weight, "fresh")
    descent, exact = numbers.descent(len(steps)), [Fraction(each) for each in steps]
    return [_held(descent.risk(exact[:count])) for count in range(len(steps) + 1)]


def _held(risk: Fraction) -> float:
    try:
        result = float(risk)
    except OverflowError:
        return math.nan
    return result if result >= _TINY or risk == 0 else math.nan


def _at_minimum(curve: SquaresCurve, k: Any, quadratic: Any) -> tuple[Any, Any, Any]:
    """Return η*, R(η*) and the improvement for the c2 given, in any numbers."""
    step_size = one_step.step_size(curve.linear, quadratic)
    improvement = one_step.improvement(curve.linear, quadratic)
    return step_size, curve.risk(2 * k * step_size), improvement


def _rescaled(value: FloatArray, exponent: Any) -> FloatArray:
    """Return value·2^exponent, or NaN where float64 cannot hold it to full precision."""
    result = np.ldexp(value, exponent)
    held = (result >= _TINY) & (result < np.inf) | (value == 0.0)
    return np.where(held, result, np.nan)


def _counts(name: str, values: ArrayLike) -> Any:
    array = _real_array(name, values)
    valid = (array >= 1) & (array <= LARGEST_COUNT)
    if array.dtype.kind == "f":
        valid &= array == np.floor(array)
    return valid_entries(name, array, valid, f"give integers from 1 to {LARGEST_COUNT}")


def _numbers(name: str, values: ArrayLike, minimum: float) -> Any:
    array = _real_array(name, values)
    bounds = {0.0: " of at least 0", -np.inf: ""}
    return valid_entries(
        name,
        array,
        np.isfinite(array) & (array >= minimum),
        f"give finite numbers{bounds.get(minimum, ' above 0')}",
    )


def _steps(values: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    """Return the step sizes, which have to broadcast with settings of a shape."""
    array = _numbers("step_sizes", values, -np.inf)
    if array.ndim == 0 or not 1 <= array.shape[-1] <= MOST_STEPS:
        raise InvalidSettingError(
            "step_sizes", array, f"give 1 to {MOST_STEPS} steps along the last axis"
        )
    common_shape({"settings": np.empty(shape), "step_sizes": array[..., 0]})
    return np.asarray(array, dtype=np.float64)


def _real_array(name: str, values: ArrayLike) -> Any:
    array = as_real_array(name, values, "give a number or an array of numbers")
    if array.dtype.kind == "f":
        # Half precision cannot hold the limits to compare with, and what float64 cannot is refused.
        with np.errstate(over="ignore"):
            array = array.astype(np.float64, copy=False)
    return array
