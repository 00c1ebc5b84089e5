"""What the benchmarks rest on: the clocks, the fits, the baselines and the table."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ttt_theory as ttt
from benchmarks.baselines import Arrays, numpy_loop, torch_batches
from benchmarks.exact import LARGE
from benchmarks.growth import SERIES
from benchmarks.measuring import (
    Cost,
    Repeated,
    calibrated,
    cpu_seconds,
    exponent,
    in_fresh_process,
    interleaved,
    timed,
)
from benchmarks.report import Section, Target, as_markdown, machine, write
from benchmarks.sampling import DIM, sampler, settings


@given(
    st.floats(-2.0, 3.0).filter(lambda power: abs(power) > 1e-3),
    st.floats(1e-6, 1e3),
    st.lists(st.floats(1.0, 1e6), min_size=3, max_size=8, unique_by=lambda size: round(size, 1)),
)
def test_the_exponent_of_a_power_is_found(power, factor, sizes):
    fitted, error = exponent(sizes, [factor * size**power for size in sizes])
    assert fitted == pytest.approx(power, abs=1e-6)
    assert error < 1e-4


def test_the_error_of_an_exponent_covers_noise():
    rng = np.random.default_rng(0)
    sizes = [10.0, 20.0, 40.0, 80.0, 160.0]
    misses = 0
    for _ in range(200):
        costs = [size * math.exp(0.1 * rng.standard_normal()) for size in sizes]
        fitted, error = exponent(sizes, costs)
        misses += abs(fitted - 1.0) > 4.0 * error
    assert 0 < misses < 20  # Three degrees of freedom: 2.8 per cent beyond four.


def test_medians_and_spreads():
    repeated = Repeated([1.0, 2.0, 4.0])
    assert (repeated.median, repeated.spread) == (2.0, 0.75)


def burn(seconds):
    return f"import time\nwhile time.process_time() < {seconds}: pass"


def test_the_cpu_time_of_processes_counts():
    _, cost = timed(lambda: subprocess.run([sys.executable, "-c", burn(0.3)], check=True))
    assert 0.28 < cost.cpu < 3.0
    code = f"{burn(0.3)}\nprint(1, flush=True)\ninput()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    running = subprocess.Popen([sys.executable, "-c", code], **pipes)
    with running:
        before = cpu_seconds()
        running.stdout.read(1)
        assert cpu_seconds() - before > 0.1
        running.kill()


def test_work_is_calibrated_by_cpu_time(monkeypatch):
    # The first call is not measured: it may be slow for reasons of its own.
    costs = iter([0.001, 0.01, 0.06, 0.12, 0.4])
    calls = []

    def measured(function):
        function()
        return None, Cost(next(costs), math.nan)

    monkeypatch.setattr("benchmarks.measuring.timed", measured)
    # Eightfold below a tenth of what is asked for, then twofold up to three tenths.
    assert calibrated(calls.append, 1.0, 3) == 3072 / 0.4
    assert calls == [3, 3, 24, 192, 1536, 3072]


def test_functions_take_turns():
    order = []
    results, costs = interleaved({name: lambda name=name: order.append(name) for name in "ab"}, 3)
    assert order == list("ababab")
    assert {len(each) for each in (*results.values(), *costs.values())} == {3}


def test_the_peak_is_that_of_the_new_process_alone():
    here = np.ones(30_000_000)  # 240 MB, which the new process does not have.
    cost, peak = in_fresh_process("time.sleep(0.2)")
    assert cost.wall >= 0.2 > 2.0 * cost.cpu
    assert 1e6 < peak < here.nbytes
    _, larger = in_fresh_process("block = bytearray(100_000_000)")
    assert larger - peak > 90e6


def small(covariance):
    return ttt.Setting(
        context_length=6,
        test_samples=4,
        feature_covariance=covariance,
        task_covariance=ttt.Isotropic(3),
        task=[1.0, -0.5, 0.25],
        noise_variance=0.25,
    )


COVARIANCES = [ttt.Isotropic(3), ttt.AR1(3, 0.6)]


@pytest.mark.parametrize("rank_one", [True, False, None], ids=["change", "weights", "loop"])
def test_the_baselines_take_several_steps(rank_one):
    # Half of the limit's stability bound.
    setting = ttt.Setting(40, 20, ttt.Isotropic(20), ttt.Isotropic(20), np.full(20, 20**-0.5))
    steps = [2.6e-6, 1.3e-6, 3.9e-6]
    arrays = Arrays.of(setting, *steps)
    if rank_one is None:
        estimate = numpy_loop(arrays, 20_000, seed=0)
    else:
        pytest.importorskip("torch")
        estimate = torch_batches(arrays, 100_000, 0, 1024, 1, rank_one=rank_one)
    ours = ttt.simulate(setting, 100_000, step_sizes=steps)
    error = math.hypot(math.sqrt(estimate.variance / estimate.prompts), ours.standard_error)
    assert error < 0.02 * ours.mean
    assert abs(estimate.mean - ours.mean) < 5.0 * error
    assert abs(ours.mean - ours.risks[0]) > 6.0 * error


@pytest.mark.parametrize("covariance", COVARIANCES, ids=["isotropic", "dense"])
@pytest.mark.parametrize("implementation", ["loop", "torch"])
def test_the_baselines_simulate_the_same_experiment(covariance, implementation):
    setting = small(covariance)
    arrays = Arrays.of(setting)
    if implementation == "torch":
        pytest.importorskip("torch")
        estimate = torch_batches(arrays, 100_000, seed=0, batch=1024, threads=1)
    else:
        estimate = numpy_loop(arrays, 20_000, seed=0)
    ours = sampler(setting, "literal")(100_000, 1)
    for each in (estimate, ours):
        error = math.sqrt(each.variance / each.prompts)
        assert abs(each.mean - ttt.one_step_risk(setting).risk_after) < 5.0 * error
    # As precise per prompt: the same number of queries, and no other noise.
    assert estimate.variance == pytest.approx(ours.variance, rel=0.5)


def test_the_settings_are_what_the_titles_say():
    both = settings()
    assert {setting.dim for setting in both.values()} == {DIM}
    dense = both["dense"].feature_covariance.matrix()
    assert np.count_nonzero(dense) == DIM**2
    assert np.trace(dense) == pytest.approx(DIM)
    for series in SERIES:
        setting = series.setting(series.sizes[0])
        sizes = {"d": setting.dim, "n": setting.context_length, "k": setting.test_samples}
        assert sizes[series.variable] == series.sizes[0]
        assert min(sizes.values()) > 0


def test_an_exponent_that_is_not_known_meets_no_target():
    flat = SERIES[0]
    assert flat.met(-0.04, 0.02)
    assert not flat.met(0.06, 0.001)
    assert not flat.met(0.0, 0.2)


def test_what_runs_in_fresh_processes_is_valid():
    for statements, *_ in LARGE.values():
        compile(statements, "statements", "exec")


def test_the_report(tmp_path):
    sections = [
        Section("First", "How.", ["a", "b"], [["1", "2"]], [Target("fast", "3 s", met=True)]),
        Section("Second", "How.", ["c"], [["4"]], [Target("small", "9 MB", met=False)], 2.4),
    ]
    environment = machine()
    path = write(sections, environment, tmp_path / "new")
    text = path.read_text(encoding="utf-8")
    assert text == as_markdown(sections, environment)
    for line in ("| fast | 3 s | pass |", "| small | 9 MB | **fail** |", "| 1 | 2 |", "| 4 |"):
        assert line in text.splitlines()
    assert f"numpy {np.__version__}" in text
    content = json.loads((path.parent / "benchmarks.json").read_text(encoding="utf-8"))
    assert content["sections"][1]["seconds"] == 2.4
    assert content["environment"]["cores"] >= 1
