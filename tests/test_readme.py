"""What README shows is what happens."""

import re
import shlex
from pathlib import Path

import pytest

from ttt_theory import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def shown_outputs():
    """Yield every command after a prompt, with the output shown under it."""
    for block in re.findall(r"(?:^    .*\n|^\n)+", README, flags=re.MULTILINE):
        lines = [line[4:] for line in block.splitlines()]
        for position, line in enumerate(lines):
            if line.startswith("$ ttt-theory"):
                rest = lines[position + 1 :]
                yield line[2:], "\n".join(rest).strip()


OUTPUTS = [each for each in shown_outputs() if "verify" not in each[0]]


def test_outputs_are_found():
    assert OUTPUTS


@pytest.mark.parametrize(("command", "output"), OUTPUTS)
def test_commands_print_what_is_shown(monkeypatch, capsys, command, output):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sys.argv", shlex.split(command))
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert not stopped.value.code
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        line.split() for line in output.splitlines()
    ]


def test_python_blocks_run(capsys):
    namespace = {"__name__": "readme"}
    for block in re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL):
        exec(compile(block, "README.md", "exec"), namespace)
    improvement, verdict = capsys.readouterr().out.split()
    assert float(improvement) > 0.0
    assert verdict == "confirmed"


def test_the_table_names_every_claim():
    from ttt_theory.claims.registry import claims

    for claim in claims():
        assert f"│ {claim.id} " in README
