"""The numbers that the figures plot, and the files that they write."""

import dataclasses
import math

import matplotlib as mpl
import numpy as np
import pytest

import figures
from figures.drawing import save
from figures.figure_1a import exact_turning_point
from figures.figure_2b import exact_threshold
from figures.table import Row, Table
from ttt_theory import (
    InvalidSettingError,
    Isotropic,
    PretrainedWeights,
    Setting,
    Spiked,
    ZeroWeights,
    one_step_risk,
)
from ttt_theory.linear.closed_form import finite_size, isotropic

PROMPTS = 200


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    paths = figures.build(out=folder, prompts=PROMPTS, seed=1, workers=1)
    expected = {
        f"figure_{name}.{kind}" for name in figures.FIGURES for kind in ("csv", "pdf", "png")
    }
    assert {path.name for path in paths} == expected
    return folder


@pytest.fixture(params=list(figures.FIGURES))
def table(request, out):
    return Table.read(out / f"figure_{request.param}.csv")


def read(out, name):
    return Table.read(out / f"figure_{name}.csv")


def test_the_files_are_what_their_names_say(out):
    for name in figures.FIGURES:
        assert (out / f"figure_{name}.pdf").read_bytes().startswith(b"%PDF")
        assert (out / f"figure_{name}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["1a", "1b"])
def test_exact_values_of_the_isotropic_figures_are_the_compiled_polynomials(out, name):
    for row in read(out, name).rows:
        start = "cold" if row.series == "cold" else "warm"
        quantity = "risk_before" if row.series == "initial" else "risk_after"
        formula = getattr(isotropic, f"{start}_{quantity}")
        sizes = (float(row.context_length), float(row.test_samples), float(row.dim))
        assert row.exact == pytest.approx(formula(*sizes, 1.0, 0.0), rel=1e-9)


@pytest.mark.parametrize("name", ["2a", "2b"])
def test_exact_values_of_the_spiked_figures_follow_from_the_parameters_of_the_file(out, name):
    table = read(out, name)
    for row in table.rows[::7]:
        spikes = [table.parameters["spike"]] * (row.dim // table.parameters["axes_per_spike"])
        setting = Setting(
            context_length=row.context_length,
            test_samples=row.test_samples,
            feature_covariance=Isotropic(row.dim),
            task_covariance=Spiked(row.dim, spikes),
            task=np.ones(row.dim) / math.sqrt(row.dim),
            initialization=ZeroWeights() if row.series == "cold" else PretrainedWeights(),
        )
        risk = one_step_risk(setting)
        step_size = 0.0 if row.series == "initial" else risk.step_size
        assert row.step_size == pytest.approx(step_size, rel=1e-9)
        curve = risk.constant - risk.linear * step_size + risk.quadratic * step_size**2
        assert row.exact == pytest.approx(curve, rel=1e-9)


def published(row, bias, variance):
    """[G25], Theorem 5.3; Theorem 4.2 is the case of an isotropic prior."""
    gain = row.test_samples / (row.test_samples + row.dim)
    match row.series:
        case "cold":
            return 1.0 - gain
        case "initial":
            return bias + variance
        case _:
            return bias + variance - gain * bias**2 / (bias + variance)


def test_asymptotic_values_are_the_published_formulas(table):
    for row in table.rows:
        n, d = row.context_length, row.dim
        if table.parameters["task_covariance"] == "isotropic":
            bias, variance = (d / (n + d)) ** 2, n * d / (n + d) ** 2
        else:
            spiked = np.arange(d) < d // table.parameters["axes_per_spike"]
            prior = 1.0 + table.parameters["spike"] * spiked
            weights = prior / ((n + 1) * prior + prior.sum())
            bias = np.mean((1.0 - n * weights) ** 2)
            variance = n * np.sum(weights**2)
        assert row.asymptotic == pytest.approx(published(row, bias, variance), rel=1e-12)


def test_simulated_points_are_near_the_exact_curve(table):
    simulated = [row for row in table.rows if row.simulated is not None]
    assert len(simulated) == 18
    for row in simulated:
        assert row.prompts == PROMPTS == table.parameters["prompts_per_point"]
        # The relative standard deviation is near 0.6, so this is some five standard errors: room
        # for heavy tails. The mean over the points is what notices a wrong start or step.
        assert row.standard_error < 0.1 * row.exact
        assert row.simulated == pytest.approx(row.exact, rel=0.3)
    mean_ratio = np.mean([row.simulated / row.exact for row in simulated])
    assert mean_ratio == pytest.approx(1.0, abs=0.07)


def test_x_is_what_the_axis_says(table):
    for row in table.rows:
        count = row.context_length if "gamma" in table.parameters else row.test_samples
        assert row.x == count / row.dim


@pytest.mark.parametrize("gamma", [1.0, 4.0])
def test_exact_turning_point_approaches_the_published_one(gamma):
    limit = math.sqrt(3.0 * gamma / (gamma + 1.0)) - 1.0
    assert exact_turning_point(gamma, 100_000) == pytest.approx(limit, rel=0.01)
    assert exact_turning_point(gamma, 50) is None


def test_exact_turning_point_is_the_maximum_of_the_exact_curve():
    dim, gamma = 1000, 4.0
    n = np.arange(200.0, 2000.0)
    risk = isotropic.warm_risk_after(n, gamma * dim, float(dim), 1.0, 0.0)
    assert exact_turning_point(gamma, dim) == pytest.approx(n[np.argmax(risk)] / dim, abs=1 / dim)


def test_marked_turning_points_are_maxima_of_the_rows(out):
    for name in ("1a", "2a"):
        table = read(out, name)
        for quantity, dim, key in (
            ("asymptotic", 50, "asymptotic_turning_points"),
            ("exact", 50, "exact_turning_points_50"),
            ("exact", 1000, "exact_turning_points_1000"),
        ):
            for series, peak in table.parameters[key].items():
                rows = [row for row in table.rows if (row.dim, row.series) == (dim, series)]
                index = min(range(len(rows)), key=lambda index: abs(rows[index].x - peak))
                before, here, after = (
                    getattr(rows[i], quantity) for i in (index - 2, index, index + 2)
                )
                assert before < here > after


def test_thresholds_are_where_the_curves_cross(out):
    for name in ("1b", "2b"):
        table = read(out, name)
        for quantity in ("exact", "asymptotic"):
            gaps = [
                np.interp(
                    table.parameters[f"{quantity}_threshold"] + shift,
                    [row.x for row in table.rows if row.series == "cold"],
                    [
                        getattr(cold, quantity) - getattr(warm, quantity)
                        for warm, cold in zip(
                            (row for row in table.rows if row.series == "warm"),
                            (row for row in table.rows if row.series == "cold"),
                            strict=True,
                        )
                    ],
                )
                for shift in (-0.05, 0.05)
            ]
            assert gaps[0] > 0.0 > gaps[1]


def test_exact_threshold_agrees_with_the_compiled_formula():
    def setting(test_samples, start):
        return Setting(
            context_length=8,
            test_samples=test_samples,
            feature_covariance=Isotropic(20),
            task_covariance=Isotropic(20),
            task=np.ones(20),
            initialization=start,
        )

    formula = finite_size.cold_start_samples(8.0, 20.0)
    assert exact_threshold(setting) == pytest.approx(formula, rel=1e-9)


def test_a_table_survives_its_file(tmp_path):
    row = Row("gamma = 1", 0.1, 10, 1, 10, 1.0 / 3.0, 0.1 + 0.2, 5e-324)
    full = Row("warm", 1.0, 10, 1, 10, 0.0, 1.0, 2.0, 1.0 / 7.0, 1e-3, 5)
    table = Table({"text": "a = b, 'c' ± \"d\"", "values": [0.1], "map": {"a": None}}, [row, full])
    table.write(tmp_path / "table.csv")
    assert Table.read(tmp_path / "table.csv") == table
    lines = (tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "# values = [0.1]"
    assert lines[3].split(",") == [field.name for field in dataclasses.fields(Row)]


def test_parameters_that_are_ours_are_said_to_be(table):
    assert "dim" in table.parameters["ours"]
    assert "heavy-tailed" in table.parameters["interval_coverage"]


def test_the_picture_is_drawn_from_the_file_alone_and_leaves_no_trace(out, tmp_path):
    before = dict(mpl.rcParams)
    for name, module in figures.FIGURES.items():
        for path in save(read(out, name), module.draw, tmp_path / f"figure_{name}"):
            assert path.read_bytes() == (out / path.name).read_bytes()
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", list(figures.FIGURES))
def test_nothing_is_cut_off(out, tmp_path, name):
    table = read(out, name)
    # The longest caption that a run makes.
    table.parameters["prompts_per_point"] = 100_000

    def draw_and_measure(table, figure):
        figures.FIGURES[name].draw(table, figure)
        figure.draw_without_rendering()
        box = figure.get_tightbbox()
        assert min(box.x0, box.y0) >= 0.0
        assert box.x1 <= figure.get_figwidth() + 0.01
        assert box.y1 <= figure.get_figheight() + 0.01

    save(table, draw_and_measure, tmp_path / name)


def test_workers_change_no_number(out, tmp_path):
    calls = []
    figures.build(
        ["figure_1b"],
        tmp_path,
        prompts=PROMPTS,
        seed=1,
        workers=2,
        progress=lambda *call: calls.append(call),
    )
    assert calls == [("1b", done, 18) for done in range(1, 19)]
    for row, expected in zip(read(tmp_path, "1b").rows, read(out, "1b").rows, strict=True):
        if expected.simulated is not None:
            # Up to the order in which linear algebra adds.
            assert row.simulated == pytest.approx(expected.simulated, rel=1e-9)


def test_names_and_folders_that_will_not_do(tmp_path):
    with pytest.raises(InvalidSettingError, match="'3c' is not valid; give any of 1a, 1b, 2a, 2b"):
        figures.build(["1a", "3c"], tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InvalidSettingError, match="out: "):
        figures.build(["1a"], tmp_path / "file")
