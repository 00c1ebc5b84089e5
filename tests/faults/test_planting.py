"""What is planted, and which tests are run on it."""

import ast

import pytest

from tests.faults.__main__ import MODULES, Journal, Reach, sampled
from tests.faults.planting import faults

SOURCE = '''"""A module."""

_EPS = 2.0**-52


class Shape:
    """A shape."""

    def area(self, other, rows=7):
        """Return a number."""
        if rows <= 3 and other.flat:
            raise ValueError(f"rows: {rows + 1}")
        total = self.values.T @ other.left[0, 1:]
        total += len("é") * _EPS * total.sum(axis=0)
        entries[rows] = max(len(rows, other), total)
        return -total - rows
'''

EXPECTED = {
    ("cut-off", "_EPS → _EPS * 1000000.0"),
    ("cut-off", "_EPS → _EPS * 1e-06"),
    ("arithmetic", "2.0 ** (-52) → 2.0 * -52"),
    ("constant", "52 → 53"),
    ("constant", "2.0 → 4.0"),
    ("sign", "-52 → 52"),
    ("branch", "rows <= 3 and other.flat → False"),
    ("branch", "rows <= 3 and other.flat → rows <= 3 or other.flat"),
    ("dropped", "rows <= 3 and other.flat → other.flat"),
    ("comparison", "rows <= 3 → rows < 3"),
    ("transpose", "self.values.T → self.values"),
    ("reversed", "self.values → self.values[::-1]"),
    ("sibling", "other.left → other.right"),
    ("sibling", "self.values → other.values"),
    ("index", "other.left[0, 1:] → other.left[-1, 1:]"),
    ("index", "other.left[0, 1:] → other.left[0, :]"),
    ("argument", "self.values.T @ other.left[0, 1:] → other.left[0, 1:] @ self.values.T"),
    ("statement", "entries[rows] = max(len(rows, other), total) → pass"),
    ("sibling", "max → min"),
    ("argument", "len(rows, other) → len(other, rows)"),
    ("index", "total.sum(axis=0) → total.sum(axis=1)"),
    ("arithmetic", "-total - rows → -total + rows"),
    ("dropped", "-total - rows → -total"),
    ("argument", "-total - rows → rows - -total"),
    ("sign", "-total → total"),
    ("constant", "7 → 8"),
}


def test_every_kind_is_planted_where_it_is_found():
    found = faults("module.py", SOURCE.encode())
    changes = {(fault.kind, fault.change) for fault in found}
    assert changes >= EXPECTED, EXPECTED - changes
    # Not the message, which the exception's type says without it.
    assert not any("rows + 1" in fault.change for fault in found)
    assert len({fault.name for fault in found}) == len(found)


def test_a_fault_changes_what_it_says_and_nothing_else():
    plain = ast.unparse(ast.parse(SOURCE))
    for fault in faults("module.py", SOURCE.encode()):
        before, after = fault.change.split(" → ")
        changed = ast.unparse(ast.parse(fault.planted(SOURCE.encode())))
        assert changed != plain
        [(old, new)] = [
            pair
            for pair in zip(plain.split("\n"), changed.split("\n"), strict=True)
            if pair[0] != pair[1]
        ]
        # Parentheses may become needed around it, or not.
        strip = str.maketrans("", "", "() ")
        assert before.translate(strip) in old.translate(strip)
        assert after.translate(strip) in new.translate(strip)
        first, last = fault.lines
        assert 1 <= first <= last <= SOURCE.count("\n") + 1


def test_the_tests_of_a_fault_are_those_that_reach_it():
    lines = {
        "one": [["module.py", 11]],
        "two": [["module.py", 13], ["module.py", 11]],
        "three": [["module.py", 14]],
        "elsewhere": [["other.py", 11]],
    }
    reach = Reach(
        {test: {"seconds": 1.0, "lines": each} for test, each in lines.items()},
        {"module.py": SOURCE.encode(), "other.py": b"\n"},
    )
    tests = {
        (fault.function, fault.change): set(reach.of(fault))
        for fault in faults("module.py", SOURCE.encode())
    }
    area = "Shape.area"
    assert tests[area, "rows <= 3 → rows < 3"] == {"one", "two"}
    assert tests[area, "self.values.T → self.values"] == {"two"}
    assert tests[area, "7 → 8"] == {"one", "two", "three"}
    # A constant is reached where it is named.
    assert tests["", "2.0 → 4.0"] == {"three"}
    assert tests[area, "-total → total"] == set()


def test_constants_that_are_named_together_are_reached_apart():
    source = "LOW, HIGH = 2.0, 3.0\n\ndef of():\n    return HIGH\n"
    reach = Reach(
        {"one": {"seconds": 1.0, "lines": [["module.py", 4]]}}, {"module.py": source.encode()}
    )
    tests = {
        fault.change: set(reach.of(fault))
        for fault in faults("module.py", source.encode())
        if fault.constant
    }
    assert tests["3.0 → 6.0"] == {"one"}
    # This one is named nowhere else, and no test reaches the assignment itself.
    assert tests["2.0 → 4.0"] == set()


def test_samples_cover_all_modules_and_kinds_and_grow():
    planted = [
        fault
        for module in ("one.py", "two.py", "three.py")
        for fault in faults(module, SOURCE.encode())
    ]
    strata = {(fault.module, fault.kind) for fault in planted}
    few = sampled(planted, len(strata), 1)
    assert {(fault.module, fault.kind) for fault in few} == strata
    assert sampled(planted, 80, 1)[: len(few)] == few != sampled(planted, len(strata), 2)
    assert set(sampled(planted, 10**6, 1)) == set(planted)


@pytest.mark.parametrize(
    ("verdict", "by", "changed", "kept"),
    [
        ("killed", "tests/a.py::test", {}, True),
        ("killed", "tests/a.py::test", {"tests/b.py": "new", "": "new"}, True),
        ("killed", "tests/a.py::test", {"tests/a.py": "new"}, False),
        ("killed", "tests/a.py::test", {"module.py": "new"}, False),
        ("survived", "", {"tests/b.py": "new", "": "new"}, False),
        ("survived", "", {}, True),
        ("timed out", "", {"": "new"}, False),
    ],
)
def test_a_verdict_is_kept_while_what_it_rests_on_is_the_same(verdict, by, changed, kept, tmp_path):
    fault = faults("module.py", SOURCE.encode())[0]
    states = {"module.py": "old", "tests/a.py": "old", "tests/b.py": "old", "": "old"}
    Journal(tmp_path / "journal").add(fault, {"verdict": verdict, "by": by}, states)
    row = Journal(tmp_path / "journal").get(fault, states | changed)
    assert (row is not None) is kept
    assert not kept or row["verdict"] == verdict


def test_the_numerical_modules_are_all_there():
    assert "ttt_theory/coordinates/reduction.py" in MODULES
    assert len(MODULES) > 25
