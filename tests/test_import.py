"""What an import loads, and who may import whom."""

import ast
import graphlib
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
    if module.name != "ttt_theory.__main__":
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
    for name, path in modules("ttt_theory").items():
        assert not {i for i in imports(name, path) if within(i, {"derivations"})}, name


def graph():
    """Return which modules of the house each one imports, packages by the name of their folder."""
    sources = modules("ttt_theory") | modules("figures") | modules("benchmarks")
    known = {name.removesuffix(".__init__"): name for name in sources}
    return {
        short: {each for each in imports(name, sources[name]) if each in known and each != short}
        for short, name in known.items()
    }


def room(module):
    """Return the folder of a module, or the module itself at the root of the package."""
    if not module.startswith("ttt_theory."):
        return module.partition(".")[0]
    is_folder = (ROOT / module.replace(".", "/")).is_dir()
    folder = module if is_folder else module.rpartition(".")[0]
    return module if folder == "ttt_theory" else folder


def rooms():
    found = {}
    for module, imported in graph().items():
        found.setdefault(room(module), set()).update(map(room, imported))
    # A name that is imported from a package brings the package itself, which is no way around.
    return {name: others - {name} for name, others in found.items()}


def longest_chains(arrows):
    """Return the longest chain below each node; raises where there is a circle."""
    order = graphlib.TopologicalSorter(arrows).static_order()
    chains = {}
    for node in order:
        below = max((chains[each] for each in arrows[node]), key=len, default=[])
        chains[node] = [node, *below]
    return chains


def test_imports_go_round_in_no_circle():
    longest_chains(graph())
    longest_chains(rooms())


def test_the_house_has_few_floors():
    longest = max(longest_chains(rooms()).values(), key=len)
    assert len(longest) <= 9, " -> ".join(longest)


def test_a_circle_and_a_chain_are_seen():
    with pytest.raises(graphlib.CycleError):
        longest_chains({"a": {"b"}, "b": {"a"}})
    assert longest_chains({"a": {"b", "c"}, "b": {"c"}, "c": set()})["a"] == ["a", "b", "c"]
    arrows = rooms()
    assert "ttt_theory.evidence" in arrows["ttt_theory.claims"]
    assert "ttt_theory.linear.setting" in arrows["ttt_theory.linear.exact"]  # For types alone.
    assert "ttt_theory.reports" in arrows["ttt_theory.cli"]  # Within functions.


MACHINE = ("evidence", "claims", "mutation", "execution", "sampling")


def test_the_machine_imports_no_theory():
    theories = {
        f"ttt_theory.{folder.name}"
        for folder in (ROOT / "ttt_theory").iterdir()
        if (folder / "claims").is_dir()
    }
    assert "ttt_theory.linear" in theories
    for name, others in rooms().items():
        if within(name, {f"ttt_theory.{each}" for each in MACHINE}):
            assert not {other for other in others if within(other, theories)}, name


def test_few_modules_stand_at_the_root_of_the_package():
    assert {path.stem for path in (ROOT / "ttt_theory").glob("*.py")} <= {
        "__init__",
        "__main__",
        "checks",
        "cli",
        "errors",
        "testing",
    }


def test_no_path_of_this_machine():
    home = re.compile(r"/(?:home|Users)/\w")
    for folder in ("ttt_theory", "derivations", "tests"):
        for path in modules(folder).values():
            text = path.read_text(encoding="utf-8")
            assert str(ROOT) not in text, path
            assert not home.search(text), path
