"""Tables and targets, as Markdown and JSON."""

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

PACKAGES = ("ttt-theory", "numpy", "scipy", "joblib", "threadpoolctl", "xarray", "torch")


@dataclass(frozen=True)
class Target:
    """Something that the project promises, and what was measured."""

    promise: str
    measured: str
    met: bool


@dataclass
class Section:
    """One table; `notes` say how it was measured."""

    title: str
    notes: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    seconds: float = 0.0


def machine() -> dict[str, Any]:
    """Return what the measurements depend on."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "cpu": _cpu_model(),
        "cores": len(psutil.Process().cpu_affinity() or [])
        if hasattr(psutil.Process, "cpu_affinity")
        else os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_average": [round(each, 2) for each in os.getloadavg()],
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "versions": {"python": platform.python_version()} | _versions(),
    }


def _versions() -> dict[str, str]:
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def _commit() -> str:
    root = Path(__file__).parents[1]
    try:
        describe = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
        result = subprocess.run(describe, capture_output=True, text=True, check=True, cwd=root)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return result.stdout.strip()


def _cpu_model() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def as_markdown(sections: list[Section], environment: dict[str, Any]) -> str:
    """Return the targets, then every table."""
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    load = ", ".join(map(str, environment["load_average"]))
    described = (
        f"{environment['cpu']}, {environment['cores']} cores, {environment['memory_gib']} GiB; "
        f"{environment['system']}; load average at the start {load}. "
        f"{environment['date']}, commit {environment['commit']}. {versions}."
    )
    lines = [
        "# Benchmarks",
        "",
        described,
        "",
        "## Targets",
        "",
        *_table(
            ["target", "measured", ""],
            [
                [each.promise, each.measured, "pass" if each.met else "**fail**"]
                for section in sections
                for each in section.targets
            ],
        ),
    ]
    for section in sections:
        lines += ["", f"## {section.title}", "", section.notes, ""]
        lines += _table(section.columns, section.rows)
        lines += ["", f"Took {section.seconds:.0f} s."]
    return "\n".join(lines) + "\n"


def _table(columns: list[str], rows: list[list[str]]) -> list[str]:
    return [
        f"| {' | '.join(columns)} |",
        f"|{'---|' * len(columns)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def write(sections: list[Section], environment: dict[str, Any], folder: Path) -> Path:
    """Write ``benchmarks.md`` and ``benchmarks.json``; return the first."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"environment": environment, "sections": [asdict(each) for each in sections]}
    (folder / "benchmarks.json").write_text(
        json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    path = folder / "benchmarks.md"
    path.write_text(as_markdown(sections, environment), encoding="utf-8")
    return path
