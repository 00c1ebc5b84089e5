"""Every piece of evidence can fail: faults planted in the package refute each of them."""

import contextlib
import functools
import importlib
import inspect
import itertools
import pkgutil
import warnings
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

import ttt_theory
from ttt_theory import verify
from ttt_theory.claims.claim import declared_tests
from ttt_theory.claims.registration import all_claims, find
from ttt_theory.evidence.algebra import proof
from ttt_theory.evidence.effort import Effort
from ttt_theory.evidence.record import Verdict
from ttt_theory.linear import closed_form
from ttt_theory.linear.claims import linear_attention as reduction
from ttt_theory.linear.closed_form import filters, finite_size, isotropic, limits, one_step, shift
from ttt_theory.linear.exact import descent
from ttt_theory.linear.simulation import linear_attention, literal
from ttt_theory.linear.witnesses.certificates import check_certificate, generate, pairings
from ttt_theory.wick.expectation import expectation

EFFORT = Effort(quick=True, seed=0)
FORMULAS = [
    getattr(module, name)
    for module in (
        importlib.import_module(each.name)
        for each in pkgutil.iter_modules(closed_form.__path__, f"{closed_form.__name__}.")
    )
    for name in module.__all__
]
MODULES = [
    importlib.import_module(each.name)
    for each in pkgutil.walk_packages(ttt_theory.__path__, "ttt_theory.")
    if each.name != "ttt_theory.__main__"
]


def scaled(value, ratio):
    if isinstance(value, dict):
        return {key: scaled(each, ratio) for key, each in value.items()}
    if isinstance(value, tuple):
        return tuple(scaled(each, ratio) for each in value)
    top, bottom = ratio
    # Not every kind of number takes a fraction.
    return top * value if bottom == 1 else top * value / bottom


def multiple(ratio, function):
    @functools.wraps(function)
    def wrong(*arguments, **keywords):
        return scaled(function(*arguments, **keywords), ratio)

    return wrong


def shifted(parameter, function):
    """Return a function that takes a number for the next one, and a text without its beginning."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def wrong(*arguments, **keywords):
        values = signature.bind(*arguments, **keywords).arguments
        value = values[parameter]
        wrong_value = value.strip()[1:] if isinstance(value, str) else value + 1
        return function(**values | {parameter: wrong_value})

    return wrong


TWO_PER_CENT, NEGATED, NOTHING = (
    functools.partial(multiple, ratio) for ratio in ((51, 50), (-1, 1), (0, 1))
)


def faults_of_formula(function):
    shifts = [functools.partial(shifted, each) for each in inspect.signature(function).parameters]
    return [TWO_PER_CENT, NEGATED, *shifts]


FAULTS = {
    # What comes first is planted first: these two are in most of the evidence.
    **{each: faults_of_formula(each) for each in (one_step.constant, one_step.linear, *FORMULAS)},
    reduction.prediction: [TWO_PER_CENT],
    reduction.rank_one_gradient: [TWO_PER_CENT],
    ttt_theory.pretrained_weights: [TWO_PER_CENT],
    linear_attention.predict: [TWO_PER_CENT],
    linear_attention.loss: [TWO_PER_CENT],
    linear_attention.gradient: [TWO_PER_CENT],
    literal.risk_coefficients: [TWO_PER_CENT],
    expectation: [NEGATED],
    descent.method_coefficients: [NOTHING],
    check_certificate.brute_force: [TWO_PER_CENT],
    # The certificate's other values follow from these by linear algebra, which scales with them.
    check_certificate._inner: [NOTHING],
    pairings._span: [NOTHING],
    generate._paragraphs: [functools.partial(shifted, "text")],
}


@contextlib.contextmanager
def planted(versions):
    """Put other versions of functions wherever the package looks these up."""
    places = [
        (module, name, versions[value])
        for module in MODULES
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value in versions
    ]
    with (
        pytest.MonkeyPatch.context() as patch,
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        for place in places:
            patch.setattr(*place)
        forget()
        yield
    forget()


def forget():
    """Clear the caches, which hold what the functions gave before."""
    for module in MODULES:
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


def counted(function, calls):
    @functools.wraps(function)
    def version(*arguments, **keywords):
        calls[function] += 1
        return function(*arguments, **keywords)

    return version


def pieces():
    for claim in all_claims():
        for prove in claim.evidence:
            yield pytest.param(prove, id=f"{claim.id}-{prove.__name__}")
        for check in claim.checks:
            if declared_tests(check):
                continue
            for name, setting in claim.settings.items():
                gather = functools.partial(check, setting)
                yield pytest.param(gather, id=f"{claim.id}-{check.__name__}-{name}")


def never_refuted(gather):
    """Return the statements that no fault refutes, by their position."""
    calls = Counter()
    with planted({each: counted(each, calls) for each in FAULTS}):
        evidence = gather(EFFORT)
    assert {each.verdict for each in evidence} == {Verdict.CONFIRMED}
    left = {position: each.statement for position, each in enumerate(evidence)}
    # Each function in turn with its first fault, then with its second.
    queues = [[(f, fault) for fault in FAULTS[f]] for f in FAULTS if calls[f]]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*queues))
    for function, fault in filter(None, turns):
        if not left:
            break
        with planted({function: fault(function)}), contextlib.suppress(Exception):
            for position, each in enumerate(gather(EFFORT)):
                if each.verdict is Verdict.REFUTED:
                    left.pop(position, None)
    return left


@pytest.mark.parametrize("gather", list(pieces()))
def test_every_piece_of_evidence_is_refuted_by_some_fault(gather):
    assert never_refuted(gather) == {}


def test_evidence_that_cannot_fail_is_named():
    def half_toothless(_):
        threshold = limits.aligned_threshold(Fraction(7), Fraction(2), Fraction(3))
        return [
            proof("formula of no package", 1 + 1 == 2),
            proof("value", threshold == Fraction(10, 21)),
            proof("there is a value", threshold is not None),
        ]

    assert never_refuted(half_toothless) == {0: "formula of no package", 2: "there is a value"}


def published_verdict(claim_id):
    [report] = verify([claim_id], quick=True, workers=1).claims
    assert report.verdict is Verdict.CONFIRMED
    return report.published.verdict


def test_what_is_published_is_judged_on_evidence_that_could_confirm_it(monkeypatch):
    for claim_id in ("cor-4.6", "non-monotonicity", "one-step-enough", "shift"):
        assert published_verdict(claim_id) is Verdict.REFUTED
    # As if the limits held at every size.
    with monkeypatch.context() as patch:
        for start, weight in (("warm", 1), ("cold", 0)):
            patch.setattr(isotropic, f"{start}_risk_after", functools.partial(limit_of, weight))
        [evidence] = find("cor-4.6").published.evidence[0](EFFORT)
        assert evidence.verdict is Verdict.CONFIRMED
    with monkeypatch.context() as patch:
        patch.setattr(finite_size, "warm_risk_slope", lambda n, k, d: (n - d / 3) * (n + k))
        [evidence] = find("non-monotonicity").published.evidence[0](EFFORT)
        assert evidence.verdict is Verdict.CONFIRMED
    with monkeypatch.context() as patch:
        patch.setattr(filters, "one_step_share", lambda *_: Fraction(19, 20))
        [evidence] = find("one-step-enough").published.evidence[0](EFFORT)
        assert evidence.verdict is Verdict.CONFIRMED
    with monkeypatch.context() as patch:
        patch.setattr(shift, "full_gain", lambda n, d, norm2, noise, weight: weight)
        [evidence] = find("shift").published.evidence[0](EFFORT)
        assert evidence.verdict is Verdict.CONFIRMED


def limit_of(weight, n, k, d, norm2, noise):
    warm = limits.warm_risk_after(n / d, k / d, norm2)
    return warm if weight else norm2 / (1 + k / d)
