"""Sweeps: every number is that of its setting, and the file keeps every bit and label of it."""

import json
import math
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr
from hypothesis import example, given
from hypothesis import strategies as st

import ttt_theory as ttt
from ttt_theory import cli
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.published_limits import published_limits
from ttt_theory.linear.exact.weights import starting_weights
from ttt_theory.sweeps.computing import ChunkFunction, settings_per_chunk
from ttt_theory.sweeps.plan import read_plan

SETTING = {
    "context_length": 10,
    "test_samples": 6,
    "feature_covariance": {"kind": "isotropic", "dim": 4},
    "task_covariance": {"kind": "isotropic", "dim": 4},
    "task": {"kind": "ones", "norm": 1.0},
    "initialization": {"kind": "pretrained"},
}
GRID = [
    {"context_length": {"start": 2, "stop": 8, "num": 3}},
    {
        "name": "start",
        "initialization": {"kind": ["pretrained", "zero"]},
        "noise_variance": [0.0, 0.25],
    },
    {
        "feature_covariance": [
            {"kind": "isotropic", "dim": 4},
            {"kind": "ar1", "dim": 4, "rho": 0.5},
        ]
    },
]
SWEEP = {"setting": SETTING, "grid": GRID, "simulation": {"prompts": 300, "seed": 3}}
EXACT = ["constant", "linear", "quadratic", "step_size", "risk_before", "risk_after", "improvement"]
ASYMPTOTIC = ["step_size", "risk_before", "risk_after", "improvement"]


@pytest.fixture(scope="module")
def swept():
    return ttt.sweep(SWEEP)


def places(dataset):
    return list(np.ndindex(*dataset.sizes.values()))


def assert_same(left, right, *, but=("created",)):
    """Compare every bit, label, type and attribute."""
    xr.testing.assert_identical(left.drop_attrs(deep=False), right.drop_attrs(deep=False))
    assert list(left.sizes) == list(right.sizes)
    assert list(left.variables) == list(right.variables)
    for name in left.variables:
        assert left[name].dtype == right[name].dtype, name
        if left[name].dtype.kind == "f":
            assert left[name].values.tobytes() == right[name].values.tobytes(), name
    assert {k: v for k, v in left.attrs.items() if k not in but} == {
        k: v for k, v in right.attrs.items() if k not in but
    }


def test_dimensions_and_coordinates(swept):
    assert dict(swept.sizes) == {"context_length": 3, "start": 2, "feature_covariance": 2}
    assert swept.context_length.values.tolist() == [2, 5, 8]
    assert swept.context_length.dtype == np.int64
    assert swept["initialization.kind"].dims == ("start",)
    assert swept["initialization.kind"].values.tolist() == ["pretrained", "zero"]
    assert swept.noise_variance.values.tolist() == [0.0, 0.25]
    assert [json.loads(str(each)) for each in swept.feature_covariance.values] == GRID[2][
        "feature_covariance"
    ]
    assert list(swept.data_vars) == [
        *EXACT,
        *(f"asymptotic_{name}" for name in ASYMPTOTIC),
        "simulated",
        "standard_error",
        "status",
    ]


def published(setting):
    problem = Problem.of(setting)
    return published_limits(problem, starting_weights(problem))


def test_every_value_is_of_the_setting_at_its_place(swept):
    plan = read_plan(SWEEP)
    for index, place in enumerate(places(swept)):
        risk = ttt.one_step_risk(plan.setting(index))
        here = swept.isel(dict(zip(swept.sizes, place, strict=True)))
        assert here.context_length == risk.context_length
        for name in EXACT:
            assert here[name] == getattr(risk, name), (name, place)
        limits = published(plan.setting(index))
        for name in ASYMPTOTIC:
            np.testing.assert_equal(float(here[f"asymptotic_{name}"]), limits[name])
        # Without outliers: the conditional method averages all but the context exactly.
        assert abs(here.simulated - risk.risk_after) < 8.0 * here.standard_error
        assert 0.0 < here.standard_error < 0.2 * risk.risk_before
        assert here.status == 0


def test_each_setting_has_random_numbers_of_its_own(swept):
    grid = [{"task": {"norm": [1.0, math.nextafter(1.0, 2.0)]}}]
    twice = ttt.sweep({"setting": SETTING, "grid": grid, "simulation": {"prompts": 300}})
    assert abs(twice.simulated[0] - twice.simulated[1]) > 1e-6
    assert (ttt.sweep(SWEEP, seed=4).simulated != swept.simulated).all()
    again = ttt.sweep({**SWEEP, "simulation": {"prompts": 300, "seed": 4}}, seed=3)
    assert (again.simulated == swept.simulated).all()


def test_other_methods():
    swept = {
        method: ttt.sweep({"setting": SETTING, "simulation": {"prompts": 2000, "method": method}})
        for method in ("conditional", "sufficient", "literal")
    }
    for method, dataset in swept.items():
        assert dataset.simulated.shape == ()
        assert dataset.simulated.attrs["method"] == method
        assert abs(dataset.simulated - dataset.risk_after) < 8.0 * dataset.standard_error
    errors = {method: float(dataset.standard_error) for method, dataset in swept.items()}
    assert errors["conditional"] < 0.5 * min(errors["sufficient"], errors["literal"])
    assert errors["sufficient"] != errors["literal"]


def test_blocks_of_several_settings():
    # 257 blocks of two and one that is half full.
    lengths = list(range(1, 516))
    swept = ttt.sweep({"setting": SETTING, "grid": [{"context_length": lengths}]})
    assert settings_per_chunk(len(lengths)) == 2
    expected = ttt.isotropic_risk(np.array(lengths), 6, 4, task_square=1.0)
    np.testing.assert_allclose(swept.risk_after, expected.risk_after, rtol=1e-12)


def test_units_and_provenance(swept):
    for name, variable in swept.variables.items():
        assert variable.attrs["long_name"], name
        assert "units" in variable.attrs or variable.dtype.kind == "U" or name == "status"
    assert swept.risk_after.attrs["units"] == "label^2"
    assert swept.step_size.attrs["units"] == "feature^-4 label^-2"
    assert swept.noise_variance.attrs["units"] == "label^2"
    assert swept.context_length.attrs["units"] == "1"
    assert swept.simulated.attrs["method"] == "conditional"
    assert (swept.simulated.attrs["prompts"], swept.simulated.attrs["seed"]) == (300, "3")
    assert "Theorem 4.2" in swept.asymptotic_risk_after.attrs["source"]
    assert swept.attrs["complete"] == 1
    assert swept.attrs["out_of_range"] == 0
    assert swept.attrs["numpy_version"] == np.__version__
    assert json.loads(swept.attrs["sweep"]) == SWEEP


def test_the_units_are_those_of_the_results():
    def scaled(feature, label):
        """Return the sweep in other units: x in 1/feature, y in 1/label."""
        setting = SETTING | {
            "noise_variance": 0.5 * label**2,
            "feature_covariance": {"kind": "ar1", "dim": 4, "rho": 0.5, "scale": feature**2},
            "task": {"kind": "ones", "norm": label / feature},
            "task_covariance": {"kind": "isotropic", "dim": 4, "scale": (label / feature) ** 2},
        }
        return ttt.sweep({"setting": setting})

    one = scaled(1.0, 1.0)
    for units in ({"feature": 3.0, "label": 1.0}, {"feature": 1.0, "label": 5.0}):
        other = scaled(**units)
        for name in EXACT:
            factor = 1.0
            for unit in one[name].attrs["units"].split():
                base, _, power = unit.partition("^")
                factor *= units[base] ** int(power)
            assert other[name] == pytest.approx(float(one[name]) * factor, rel=1e-11), name


def test_a_file_opens_again_unchanged(tmp_path, swept):
    out = tmp_path / "sweep.nc"
    returned = ttt.sweep(SWEEP, out=out)
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.nc"]
    with xr.open_dataset(out) as opened:
        assert_same(opened, returned, but=())
        assert_same(opened, swept)
    # What is there is not made again, and resuming it is no fault.
    before = out.read_bytes()
    assert_same(ttt.sweep(SWEEP, out=out, resume=True), returned, but=())
    assert out.read_bytes() == before


def test_several_processes_give_the_same_bits(swept):
    assert_same(ttt.sweep(SWEEP, workers=2), swept)


def test_several_threads_give_the_same_bits():
    # As on a worker of a cluster; what they share must not depend on who comes first.
    tables = [{"kind": "ar1", "dim": 4, "rho": rho / 30} for rho in range(30)]
    grid = [{"feature_covariance": tables, "pretraining.feature_covariance": tables}]
    plan = read_plan({**SWEEP, "grid": grid})
    with ThreadPoolExecutor(4) as threads:
        task = ChunkFunction.of(plan, "in threads")
        found = list(threads.map(task, list(range(30)) * 2))
    expected = list(map(ChunkFunction.of(plan, "one by one"), list(range(30)) * 2))
    assert [block.tobytes() for block in found] == [block.tobytes() for block in expected]


def test_results_out_of_range_are_nan_and_counted():
    grid = [{"feature_covariance": {"scale": [1.0, 1e-300, 1e300]}}]
    swept = ttt.sweep({**SWEEP, "grid": grid})
    assert swept.status.values.tolist() == [0, 1, 1]
    assert swept.attrs["out_of_range"] == 2
    assert swept.attrs["complete"] == 1
    for name in swept.data_vars.keys() - {"status"}:
        assert np.isnan(swept[name][1:]).all(), name
        assert np.isfinite(swept[name][0]), name
    meanings = swept.status.attrs["flag_meanings"].split()
    assert meanings[swept.status.attrs["flag_values"].tolist().index(1)] == "out_of_range"


def test_results_of_too_few_digits_are_nan_and_counted():
    near, ordinary = -(1.0 - 1e-8) / 99.0, 0.3
    swept = ttt.sweep(
        {
            "setting": {
                **SWEEP["setting"],
                "feature_covariance": {"kind": "equicorrelated", "dim": 100, "rho": 0.0},
                "task_covariance": {"kind": "isotropic", "dim": 100},
                "task": {"kind": "ones"},
            },
            "grid": [{"feature_covariance": {"rho": [ordinary, near]}}],
        }
    )
    assert swept.status.values.tolist() == [0, 3]
    assert swept.attrs["lost_precision"] == 1
    assert np.isnan(swept.risk_after[1])
    assert swept.status.attrs["flag_meanings"].split()[3] == "lost_precision"


def test_what_is_not_known_is_nan_with_a_status_of_its_own():
    grid = [
        {
            "name": "kind",
            "step_rule": ["plain", "normalized"],
            "feature_law": [{"kind": "gaussian"}, {"kind": "uniform"}],
        }
    ]
    for steps in ({}, {"step_size": 0.002}):
        simulation = {"prompts": 300, "method": "literal"} | steps
        swept = ttt.sweep({"setting": SETTING, "grid": grid, "simulation": simulation})
        assert swept.status.values.tolist() == [0, 4]
        assert swept.status.attrs["flag_meanings"].split()[4] == "not_known"
        assert swept.attrs["not_known"] == 1
        assert swept.attrs["complete"] == 1
        for name in [*EXACT, *(f"asymptotic_{each}" for each in ASYMPTOTIC)]:
            assert np.isnan(swept[name][1]), name
            assert np.isfinite(swept[name][0]), name
        # The optimal step is not known either, and one that is given will do.
        assert np.isfinite(swept.simulated[0])
        assert np.isfinite(swept.simulated[1]) == bool(steps)


def test_a_status_is_that_of_the_exact_risk_for_every_kind():
    tasks = {"fixed": SETTING["task"]}
    tasks["random"] = {"kind": "random", "covariance": {"kind": "isotropic", "dim": 4}}
    laws = {
        "gaussian": ttt.GaussianFeatures(),
        "rademacher": ttt.RademacherFeatures(),
        "student_t": ttt.StudentTFeatures(7.0),
    }
    tables = [{"kind": kind} for kind in laws]
    tables[-1]["degrees_of_freedom"] = 7.0
    fields = {
        "evaluation": ["fresh", "same"],
        "step_rule": ["plain", "normalized"],
        "task": list(tasks.values()),
        "feature_law": tables,
    }
    swept = ttt.sweep({"setting": SETTING, "grid": [{name: each} for name, each in fields.items()]})
    isotropic, zero = ttt.Isotropic(4), np.zeros(4)
    found = {"fixed": np.full(4, 0.5), "random": ttt.RandomTask(zero, isotropic)}
    for place in places(swept):
        evaluation, rule, task, law = (
            names[index]
            for names, index in zip(
                (fields["evaluation"], fields["step_rule"], list(tasks), list(laws)),
                place,
                strict=True,
            )
        )
        setting = ttt.Setting(
            10,
            6,
            isotropic,
            isotropic,
            found[task],
            evaluation=evaluation,
            step_rule=rule,
            feature_law=laws[law],
        )
        status, risk = swept.status.values[place], swept.risk_after.values[place]
        try:
            assert (status, risk) == (0, ttt.one_step_risk(setting).risk_after)
        except ttt.InvalidSettingError:
            assert status == 4
            assert np.isnan(risk)
    assert set(np.unique(swept.status)) == {0, 4}


def test_a_given_step_is_simulated():
    simulation = {"prompts": 4000, "step_size": 0.0005}
    swept = ttt.sweep({"setting": SETTING, "simulation": simulation})
    curve = swept.constant - swept.linear * 0.0005 + swept.quadratic * 0.0005**2
    assert abs(swept.simulated - curve) < 5.0 * swept.standard_error
    assert abs(curve - swept.risk_after) > 20.0 * swept.standard_error
    assert swept.simulated.attrs["step_size"] == 0.0005


@pytest.mark.parametrize(
    "kind",
    [
        {"evaluation": "same"},
        {"step_rule": "normalized"},
        {
            "task": {
                "kind": "random",
                "mean": [1.0, 0.0, 0.0, 0.5],
                "covariance": {"kind": "isotropic", "dim": 4, "scale": 0.01},
            }
        },
    ],
)
@pytest.mark.parametrize("method", ["literal", "sufficient", "conditional"])
def test_other_kinds_are_simulated_as_what_they_are(kind, method):
    simulation = {"prompts": 3000, "step_size": 0.0003, "method": method}
    content = {"setting": SETTING | kind, "simulation": simulation}
    swept = ttt.sweep(content)
    assert all(np.isnan(swept[f"asymptotic_{each}"]) for each in ASYMPTOTIC)
    setting = read_plan(content).setting(0)
    other = ttt.simulate(setting, 20_000, method="conditional", step_size=0.0003, seed=9)
    error = math.hypot(other.standard_error, swept.standard_error)
    assert abs(swept.simulated - other.mean) < 4.0 * error
    if swept.status == 0:
        assert swept.risk_after == ttt.one_step_risk(setting).risk_after


def test_a_method_that_refuses_a_setting_ends_the_sweep_with_its_place():
    grid = [{"step_rule": ["plain", "normalized"]}]
    setting = SETTING | {"feature_law": {"kind": "student_t", "degrees_of_freedom": 20.0}}
    simulation = {"prompts": 5, "step_size": 0.1}
    with pytest.raises(ttt.InvalidSettingError, match=r"feature_law: .*gaussian.*\(at step_rule"):
        ttt.sweep({"setting": setting, "grid": grid, "simulation": simulation})


def test_without_a_simulation_nothing_is_simulated():
    swept = ttt.sweep({"setting": SETTING})
    assert "simulated" not in swept
    assert dict(swept.sizes) == {}


SIZES = st.integers(1, 30)


def setting_of(n, k, d, scale=1.0, spike=0.0, norm=1.0, **others):
    return ttt.Setting(
        **{
            "context_length": n,
            "test_samples": k,
            "feature_covariance": ttt.Isotropic(d, scale=scale),
            "task_covariance": ttt.Spiked(d, [spike], scale=2.0),
            "task": np.arange(1.0, d + 1.0) * norm,
        }
        | others
    )


@given(SIZES, SIZES, SIZES, st.floats(0.1, 10.0), st.floats(0.1, 10.0))
@example(1, 1, 1, 1.0, 1.0)
def test_theorem_4_2(n, k, d, scale, norm):
    # As the theorem is printed, with x/√a for x.
    b2 = scale * norm**2 * sum(i**2 for i in range(1, d + 1))
    warm = published(setting_of(n, k, d, scale, norm=norm))
    cold = published(setting_of(n, k, d, scale, 7.0, norm=norm, initialization=ttt.ZeroWeights()))
    improvements = b2 * k / (k + d) * d**3 / (n + d) ** 3, b2 * k / (k + d)
    step_sizes = d / (2 * (k + d) * n**2 * (n + d) * b2), 1 / (2 * (k + d) * n**2 * b2)
    risks = b2 * d / (n + d), b2
    for values, improvement, step_size, risk in zip(
        (warm, cold), improvements, step_sizes, risks, strict=True
    ):
        assert values["improvement"] == pytest.approx(improvement, rel=1e-12)
        assert values["step_size"] == pytest.approx(step_size / scale**2, rel=1e-12)
        assert values["risk_before"] == pytest.approx(risk, rel=1e-12)
        assert values["risk_after"] == pytest.approx(risk - improvement, rel=1e-9)


@given(SIZES, SIZES, st.integers(2, 9), st.floats(0.5, 9.0), st.sampled_from([1.0, 3.0]), st.data())
def test_theorem_5_3(n, k, d, spike, scale, data):
    prior = ttt.Spiked(d, [spike])
    if data.draw(st.booleans()):
        prior = ttt.Dense(np.diag(np.arange(d) + 1.0) + spike)
    setting = setting_of(n, k, d, scale, task_covariance=prior)
    sigma = prior.matrix() if isinstance(prior, ttt.Dense) else prior.matrix().toarray()
    sigma = scale * sigma
    beta = setting.task * math.sqrt(scale)
    weights = sigma @ np.linalg.inv((n + 1) * sigma + np.trace(sigma) * np.eye(d))
    rest = np.eye(d) - n * weights
    a, b = beta @ rest @ rest @ beta, n * beta @ beta * np.trace(weights @ weights)
    values = published(setting)
    improvement = k / (k + d) * a**2 / (a + b)
    step_size = a / (2 * (k + d) * n**2 * (beta @ beta) * (a + b)) / scale**2
    assert values["risk_before"] == pytest.approx(a + b, rel=1e-9)
    assert values["improvement"] == pytest.approx(improvement, rel=1e-9)
    assert values["risk_after"] == pytest.approx(a + b - improvement, rel=1e-9)
    assert values["step_size"] == pytest.approx(step_size, rel=1e-9)


def test_the_asymptotics_are_those_of_the_exact_columns():
    d = 20_000
    for others in ({}, {"spike": 3.0}, {"initialization": ttt.ZeroWeights()}, {"scale": 4.0}):
        setting = setting_of(d // 2, d, d, norm=1e-4, **others)
        exact, limits = ttt.one_step_risk(setting), published(setting)
        for name in ASYMPTOTIC:
            ratio = getattr(exact, name) / limits[name]
            assert ratio == pytest.approx(1.0, abs=1e-3), (name, others)


@pytest.mark.parametrize(
    "others",
    [
        {"noise_variance": 0.1},
        {"feature_covariance": ttt.Spiked(3, [1.0])},
        {"feature_covariance": ttt.Equicorrelated(3, 0.5)},
        {"feature_covariance": ttt.Diagonal([0.0, 0.0, 0.0])},
        {"initialization": ttt.PretrainedWeights(0.5)},
        {"initialization": ttt.DenseWeights(np.eye(3))},
        {"pretraining": ttt.Pretraining(context_length=9)},
        {"pretraining": ttt.Pretraining(noise_variance=0.1)},
        {"pretraining": ttt.Pretraining(feature_covariance=ttt.Isotropic(3, scale=2.0))},
        {"pretraining": ttt.Pretraining(feature_covariance=ttt.AR1(3, 0.5))},
        {"task": np.zeros(3)},
    ],
)
def test_where_no_theorem_speaks_there_is_no_number(others):
    values = published(setting_of(5, 4, 3, **others))
    assert math.isnan(values["step_size"])
    # A zero task has no best step, but its risk is zero all the same.
    assert ("task" in others) == (not math.isnan(values["risk_after"]))


def test_isotropic_features_count_however_they_are_written():
    expected = published(setting_of(5, 4, 3))
    for features in (ttt.AR1(3, 0.0), ttt.Dense(np.eye(3)), ttt.Spiked(3, [0.0])):
        assert published(setting_of(5, 4, 3, feature_covariance=features)) == expected


def test_blocks_are_small_where_there_are_few_settings():
    assert [settings_per_chunk(count) for count in (1, 511, 512, 10**7)] == [1, 1, 2, 64]


def test_progress_counts_settings():
    seen = []
    ttt.sweep(SWEEP, progress=lambda *report: seen.append(report))
    assert seen[0] == ("checking", 12, 12)
    assert seen[1] == ("computing", 0, 12)
    assert seen[-1] == ("computing", 12, 12)
    assert [done for _, done, _ in seen[1:]] == list(range(13))


def test_covariances_of_ones_own_reach_the_workers():
    # A class of this file, which the workers do not import.
    from dataclasses import dataclass

    from ttt_theory.covariance import Covariance, register_covariance

    @register_covariance("test_sweep_foreign")
    @dataclass(frozen=True)
    class Foreign(Covariance):
        dim: int
        last: float

        def matrix(self):
            return np.diag([1.0] * (self.dim - 1) + [self.last])

    grid = [{"feature_covariance": {"last": [1.0, 2.0, 3.0]}}]
    features = {"kind": "test_sweep_foreign", "dim": 4}
    sweep = {"setting": SETTING | {"feature_covariance": features}, "grid": grid}
    assert_same(ttt.sweep(sweep, workers=2), ttt.sweep(sweep))


def test_another_class_of_the_same_kind_is_not_taken_for_this_one(monkeypatch):
    from dataclasses import dataclass

    from ttt_theory.covariance import Covariance, base, register_covariance

    features = {"kind": "test_sweep_redefined", "dim": 4}
    grid = [{"context_length": [1, 2, 3]}]
    sweep = {"setting": SETTING | {"feature_covariance": features}, "grid": grid}
    for factor in (1.0, 3.0):

        @register_covariance("test_sweep_redefined")
        @dataclass(frozen=True)
        class Foreign(Covariance):
            dim: int
            scale: float = factor

            def matrix(self):
                return self.scale * np.eye(self.dim)

        isotropic = {"kind": "isotropic", "dim": 4, "scale": factor}
        expected = ttt.sweep(sweep | {"setting": SETTING | {"feature_covariance": isotropic}})
        for workers in (1, 2):  # The same two processes each time.
            found = ttt.sweep(sweep, workers=workers)
            np.testing.assert_allclose(found.risk_after, expected.risk_after, rtol=1e-12)
        monkeypatch.delitem(base._registry, "test_sweep_redefined")


def test_numbers_of_numpy_are_numbers():
    dataset = ttt.sweep({"setting": SETTING, "grid": [{"noise_variance": list(np.ones(1))}]})
    assert dataset.noise_variance.dtype == np.float64


@pytest.fixture
def command(monkeypatch, capsys):
    """Run the command in this process: its status, standard output and standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["ttt-theory", "sweep", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        captured = capsys.readouterr()
        return stopped.value.code or 0, captured.out, captured.err

    return run


def test_the_example(command, tmp_path, request):
    text = (request.config.rootpath / "examples/sweeps/starts.toml").read_text(encoding="utf-8")
    file, out = tmp_path / "starts.toml", tmp_path / "starts.nc"
    file.write_text(text.replace("num = 24", "num = 2").replace("1000", "100"), encoding="utf-8")
    status, output, error = command(file, "--out", out)
    assert (status, output) == (0, f"{out}\n")
    assert "settings/s" in error
    with xr.open_dataset(out) as dataset:
        assert dict(dataset.sizes) == {
            "context_length": 2,
            "test_samples": 3,
            "start": 3,
            "feature_covariance.rho": 3,
        }
        assert (dataset.status == 0).all()
        isotropic = dataset.sel({"feature_covariance.rho": 0.0})
        assert np.isfinite(isotropic.asymptotic_risk_after[:, :, [0, 2]]).all()


def test_what_is_not_known_is_told_of(command, tmp_path):
    file = tmp_path / "sweep.toml"
    text = "".join(f"{k} = {v}\n" for k, v in SETTING.items() if isinstance(v, int))
    for name in ("feature_covariance", "task_covariance"):
        text += f"{name} = {{ kind = 'isotropic', dim = 2 }}\n"
    text += "task = { kind = 'ones' }\ninitialization = { kind = 'zero' }\n"
    text += "step_rule = 'normalized'\nfeature_law = { kind = 'uniform' }\n"
    file.write_text(f"[setting]\n{text}", encoding="utf-8")
    status, _, error = command(file, "--out", tmp_path / "sweep.nc")
    assert status == 0
    assert "1 settings have exact results that are not known" in error


def test_settings_out_of_range_are_told_of(command, tmp_path):
    file = tmp_path / "sweep.toml"
    text = "".join(f"{k} = {v}\n" for k, v in SETTING.items() if isinstance(v, int))
    for name in ("feature_covariance", "task_covariance"):
        text += f"{name} = {{ kind = 'isotropic', dim = 2 }}\n"
    text += "task = { kind = 'ones' }\ninitialization = { kind = 'zero' }\n"
    file.write_text(f"[setting]\n{text}[[grid]]\ntask.norm = [1.0, 1e200]\n", encoding="utf-8")
    status, _, error = command(file, "--out", tmp_path / "sweep.nc")
    assert status == 0
    assert "1 settings have results outside the range of float64" in error


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["sweep.toml"],
        ["missing.toml", "--out", "sweep.nc"],
        ["sweep.toml", "--out", "sweep.nc", "--workers", "0"],
        ["sweep.toml", "--out", "sweep.nc", "--seed", "-1"],
        ["sweep.toml", "--out", "nowhere/sweep.nc"],
        ["sweep.toml", "--out", "."],
        ["sweep.toml", "--out", "sweep.nc"],
    ],
    ids=" ".join,
)
def test_bad_input_is_one_line_and_status_2(command, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sweep.toml").write_text("[setting]\n[[grid]]\ntest_samples = [0]\n", "utf-8")
    status, output, error = command(*arguments)
    assert (status, output) == (2, "")
    assert len([line for line in error.splitlines() if line.startswith("ttt-theory: ")]) == 1
    assert "Traceback" not in error
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.toml"]
