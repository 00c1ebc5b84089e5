"""Commands that a document shows, and what they print."""

import itertools
import re
import shlex

import pytest

from ttt_theory import cli

# How many points were looked at depends on the time that there was.
_CHANGING = re.compile(r"(?<=at )\d+(?= points)|(?<=^seconds )\s+\S+", flags=re.MULTILINE)
_FAULT = "ttt-theory: "


def shown_outputs(document):
    """Yield every command after a prompt, with the output shown under it."""
    for block in re.findall(r"(?:^    .*\n|^\n)+", document, flags=re.MULTILINE):
        lines = [line[4:] for line in block.splitlines()]
        starts = [position for position, line in enumerate(lines) if line.startswith("$ ")]
        for start, end in itertools.pairwise([*starts, len(lines)]):
            if lines[start].startswith("$ ttt-theory"):
                yield lines[start][2:], "\n".join(lines[start + 1 : end]).strip()


def check_output(monkeypatch, capsys, command, output):
    """Run a command where it finds its files, and compare what it prints with what is shown."""
    monkeypatch.setattr("sys.argv", shlex.split(command))
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert bool(stopped.value.code) == output.startswith(("refuted", _FAULT))
    captured = capsys.readouterr()
    printed = captured.err if output.startswith(_FAULT) else captured.out
    assert _words(printed) == _words(output)


def _words(text):
    return [line.split() for line in _CHANGING.sub("N", text).splitlines()]
