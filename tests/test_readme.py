"""What README shows is what happens."""

import itertools
import re
import shlex
from pathlib import Path

import pytest

from ttt_theory import check, cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def shown_outputs():
    """Yield every command after a prompt, with the output shown under it."""
    for block in re.findall(r"(?:^    .*\n|^\n)+", README, flags=re.MULTILINE):
        lines = [line[4:] for line in block.splitlines()]
        starts = [position for position, line in enumerate(lines) if line.startswith("$ ")]
        for start, end in itertools.pairwise([*starts, len(lines)]):
            if lines[start].startswith("$ ttt-theory"):
                yield lines[start][2:], "\n".join(lines[start + 1 : end]).strip()


OUTPUTS = [each for each in shown_outputs() if "verify" not in each[0]]


def test_outputs_are_found():
    assert OUTPUTS


@pytest.mark.parametrize(("command", "output"), OUTPUTS)
def test_commands_print_what_is_shown(monkeypatch, capsys, command, output):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sys.argv", shlex.split(command))
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert bool(stopped.value.code) == output.startswith("refuted")
    # How many points were looked at depends on the time that there was.
    printed, shown = (
        [re.sub(r"at \d+ points", "at N points", line).split() for line in text.splitlines()]
        for text in (capsys.readouterr().out, output)
    )
    assert printed == shown


STATEMENTS = re.findall(r"^\| `(.*)` \| (\w+) \| (.*) \|$", README, flags=re.MULTILINE)


def test_eight_statements_are_found():
    assert len(STATEMENTS) == 8


@pytest.mark.parametrize(("statement", "verdict", "remark"), STATEMENTS)
def test_statements_get_the_verdict_that_is_shown(statement, verdict, remark):
    outcome = check(statement)
    assert outcome.verdict == verdict
    for values in remark.rpartition(": ")[2].split(", "):
        *names, value = values.split(" = ")
        for name in names:
            assert outcome.counterexample[name] == value
    assert (outcome.counterexample is not None) == (" = " in remark)


def test_python_blocks_run(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    namespace = {"__name__": "readme"}
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    for block in blocks:
        exec(compile(block, "README.md", "exec"), namespace)
    example, in_python, moments = blocks
    assert example == (ROOT / "examples" / "fractional_noise.py").read_text(encoding="utf-8")
    verdict, risk, simulated, moment = capsys.readouterr().out.splitlines()
    assert verdict == "confirmed"
    assert "one_step_risk" in in_python
    improvement, halfway = map(float, risk.split())
    assert 0.0 < improvement < halfway
    assert float(simulated) > 0.0
    assert f"# {moment}\n" in moments


def test_the_table_names_every_claim():
    from ttt_theory.claims.registry import claims

    for claim in claims():
        assert f"│ {claim.id} " in README
