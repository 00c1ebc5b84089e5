"""Kinds of settings without longer numbers: their results have nine digits, or are refused."""

import dataclasses
from itertools import islice

import pytest

import ttt_theory as ttt
from tests.hard_settings import HardSettings
from ttt_theory.errors import LostPrecisionError, OutOfRangeError

SETTINGS = list(islice(iter(HardSettings(3).setting, None), 124))
# Where moving the last bits shows nothing of what is lost: a constant, all of c1, everything.
HIDDEN = [11, 19, 115, 123]


@pytest.mark.parametrize("number", [*range(40), *HIDDEN])
def test_one_radius_gives_the_gaussian_risk(number):
    # Elliptical features of one radius are Gaussian, whose risk longer numbers know.
    setting = SETTINGS[number]
    law = ttt.EllipticalFeatures([1.0], [1.0])
    try:
        found = ttt.one_step_risk(dataclasses.replace(setting, feature_law=law))
    except (LostPrecisionError, OutOfRangeError):
        return
    expected = ttt.one_step_risk(setting)
    for name in ("constant", "linear", "quadratic", "improvement", "risk_after"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-9, abs=0.0)


@pytest.mark.parametrize("number", HIDDEN)
def test_what_is_lost_without_a_trace_is_refused(number):
    law = ttt.EllipticalFeatures([1.0], [1.0])
    with pytest.raises(LostPrecisionError):
        ttt.one_step_risk(dataclasses.replace(SETTINGS[number], feature_law=law))


@pytest.mark.parametrize("number", [11, 115])
def test_normalized_steps_on_the_same_context_likewise(number):
    changes = {"evaluation": "same", "step_rule": "normalized"}
    with pytest.raises(LostPrecisionError):
        ttt.one_step_risk(dataclasses.replace(SETTINGS[number], **changes))


def test_most_hard_settings_have_results():
    law = ttt.EllipticalFeatures([1.0], [1.0])
    refused = 0
    for setting in SETTINGS[:40]:
        try:
            ttt.one_step_risk(dataclasses.replace(setting, feature_law=law))
        except (LostPrecisionError, OutOfRangeError):
            refused += 1
    assert refused < 10
