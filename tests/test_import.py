"""What an import loads, and who may import whom."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = {"sympy", "matplotlib", "hypothesis", "typer", "pydantic", "joblib", "mpmath", "rich"}
THEORY = {"coordinates", "linear.closed_form", "linear.exact"}


def modules(folder):
    paths = sorted((ROOT / folder).rglob("*.py"))
    assert paths  # A folder that moved would pass every test below.
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in paths}


def imports(name, path):
    """Return every module that a source imports, wherever the statement stands."""
    found = set()
    package = name.split(".")[:-1]  # Of an __init__.py, too: it is named pkg.__init__ here.
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def within(name, packages):
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import ttt_theory, sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(result.stdout.split())
    assert "ttt_theory" in loaded
    assert not loaded & HEAVY


def test_an_exact_risk_needs_numpy_and_scipy_alone():
    code = """
import sys
import ttt_theory as ttt
ttt.one_step_risk(ttt.Setting(4, 2, ttt.Isotropic(3), ttt.AR1(3, 0.5), [1, 2, 3]))
print(*sorted({name.partition('.')[0] for name in sys.modules}))
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not set(result.stdout.split()) & HEAVY


def test_all_names_exist():
    import ttt_theory

    assert all(hasattr(ttt_theory, name) for name in ttt_theory.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = ttt_theory.no_such_name


def test_no_module_hides_an_exported_name():
    # Importing a submodule binds its name in the package, over a function of the same name.
    code = """
import importlib, pkgutil, types
import ttt_theory
for module in pkgutil.walk_packages(ttt_theory.__path__, "ttt_theory."):
    importlib.import_module(module.name)
print(*(n for n in ttt_theory.__all__ if isinstance(getattr(ttt_theory, n), types.ModuleType)))
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not result.stdout.split()


def test_the_simulation_knows_no_formula():
    theory = {f"ttt_theory.{name}" for name in THEORY} | {"derivations"}
    for name, path in modules("ttt_theory/linear/simulation").items():
        # Names that the package exports on demand would be a way around.
        forbidden = {each for each in imports(name, path) if within(each, theory)}
        assert not forbidden, name
        assert "ttt_theory" not in imports(name, path), name


def test_the_theory_knows_no_simulation():
    paths = modules("ttt_theory")
    for short in THEORY:
        name = f"ttt_theory.{short}"
        members = {each: path for each, path in paths.items() if within(each, {name})}
        assert members, name
        for each, path in members.items():
            simulations = {"ttt_theory.linear.simulation", "ttt_theory.linear.monte_carlo"}
            assert not {i for i in imports(each, path) if within(i, simulations)}, each
            assert "ttt_theory" not in imports(each, path), each


def test_compiled_formulas_import_nothing():
    for name, path in modules("ttt_theory/linear/closed_form").items():
        assert imports(name, path) <= {"typing", "typing.Any"}, name


def test_derivations_import_nothing_of_the_package():
    for name, path in modules("derivations").items():
        assert not {each for each in imports(name, path) if within(each, {"ttt_theory"})}, name


def test_the_package_imports_no_derivation_at_run_time():
    # Claims may: they prove statements about derivations, and say so in their own folder.
    for name, path in modules("ttt_theory").items():
        if not within(name, {"ttt_theory.claims", "ttt_theory.evidence"}):
            assert not {i for i in imports(name, path) if within(i, {"derivations"})}, name


def test_no_path_of_this_machine():
    home = re.compile(r"/(?:home|Users)/\w")
    for folder in ("ttt_theory", "derivations", "tests"):
        for path in modules(folder).values():
            text = path.read_text(encoding="utf-8")
            assert str(ROOT) not in text, path
            assert not home.search(text), path
