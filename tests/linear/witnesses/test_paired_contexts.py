"""The pairings reject wrong moments of the highest degrees, which quick runs leave out."""

import pytest

from ttt_theory.evidence.record import Verdict
from ttt_theory.linear.closed_form import context_cumulants
from ttt_theory.linear.witnesses.paired_contexts import context_moments_are_derived


def verdicts(degree):
    return [each.verdict for each in context_moments_are_derived(degree)]


@pytest.mark.parametrize("degree", [4, 8, 10])
def test_the_moments_are_derived(degree):
    assert verdicts(degree) == [Verdict.CONFIRMED] * 5


@pytest.mark.parametrize(
    ("name", "place"), [("size_4", 0), ("error_3", 2), ("error_4", 2), ("product_2", 3)]
)
@pytest.mark.parametrize("parameter", ["label_variance", "mean_form_1"])
def test_a_wrong_cumulant_is_refuted(monkeypatch, name, place, parameter):
    original = getattr(context_cumulants, name)

    def wrong(**arguments):
        return original(**arguments | {parameter: 2 * arguments[parameter]})

    wrong.__wrapped__ = original
    monkeypatch.setattr(context_cumulants, name, wrong)
    assert verdicts(10)[place] is Verdict.REFUTED
