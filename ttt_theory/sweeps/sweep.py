"""Sweeps from file to dataset: checked first, kept as they go, continued where they were cut."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.checks import checked_integer
from ttt_theory.errors import InvalidSettingError, importing
from ttt_theory.execution import Provenance, check_can_share, run_jobs, versions
from ttt_theory.sweeps.columns import COLUMNS, STATUS
from ttt_theory.sweeps.computing import ChunkFunction, settings_per_chunk
from ttt_theory.sweeps.dataset import as_dataset, save, version_attributes
from ttt_theory.sweeps.journal import Journal
from ttt_theory.sweeps.plan import Plan, read_plan

if TYPE_CHECKING:
    import xarray as xr

    from ttt_theory.checks import FloatArray

__all__ = ["sweep"]

Progress = Callable[[str, int, int], None]
"""Takes what is being done, how many settings are done, and how many there are."""

_CHECKS_PER_REPORT = 256
_SUFFIXES = ("", ".nc", ".nc4", ".netcdf", ".h5", ".hdf5")


def sweep(
    source: str | os.PathLike[str] | Mapping[str, Any],
    *,
    out: str | os.PathLike[str] | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    resume: bool = False,
    seed: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Compute the exact, asymptotic and simulated risk on a grid of settings.

    Every setting is checked before any is computed.  What is finished is kept in a journal beside
    `out`, so that a process killed at any moment loses no more than the chunks it was at.

    Parameters
    ----------
    source : path or mapping
        A sweep file (TOML), or the tables that it would hold: `setting` as in a setting file, a
        list `grid` of what varies, and optionally `simulation`.
    out : path, optional
        NetCDF file to write, in a folder that exists: in .nc, .nc4, .netcdf, .h5, .hdf5 or nothing,
        since NetCDF is made of HDF5.  It must not exist itself unless `resume` is given.
    workers : int
        Number of processes.
    scheduler : str, optional
        Address of a running Dask scheduler, whose workers are used instead; they must see the
        files that the settings name under the same path.
    resume : bool
        Continue where an earlier sweep to `out` was cut short, if there was one.
    seed : int, optional
        Replaces the simulation's seed.
    progress : callable, optional
        Is given what is being done, how many settings are done, and how many there are.

    Returns
    -------
    xarray.Dataset
        One dimension for each table of the grid, the swept fields as coordinates; each variable
        has its units and its source.  Where it could not be computed a value is NaN, and `status`
        tells why.  After an interruption (Ctrl-C) its attribute `complete` is 0.

    Raises
    ------
    SettingFileError
        If a file cannot be read.
    InvalidSettingError
        If an argument, the grid or a setting of it is not valid, or `out` cannot be written.
    MixedVersionsError
        If the workers, or whoever computed what is resumed, have other versions of the packages.

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> isotropic = {"kind": "isotropic", "dim": 20}
    >>> setting = {
    ...     "context_length": 40,
    ...     "test_samples": 20,
    ...     "feature_covariance": isotropic,
    ...     "task_covariance": isotropic,
    ...     "task": {"kind": "ones", "norm": 1.0},
    ...     "initialization": {"kind": "pretrained"},
    ... }
    >>> grid = [{"context_length": [10, 20, 40]}, {"test_samples": [5, 20]}]
    >>> dataset = ttt.sweep({"setting": setting, "grid": grid})
    >>> dict(dataset.sizes)
    {'context_length': 3, 'test_samples': 2}
    >>> float(dataset.risk_after.sel(context_length=10, test_samples=20))
    0.6011...
    """
    workers = checked_integer("workers", workers, 1, 1024)
    with importing("sweep", "xarray"):
        import xarray  # noqa: F401
    if out is not None:
        # Needed at the end alone, which is no time to learn that they are broken.
        with importing("sweep", "h5netcdf", "h5py"):
            import h5netcdf  # noqa: F401
            import h5py  # noqa: F401
    check_can_share(workers, scheduler, "sweep")
    plan = read_plan(source, seed)
    fingerprint = plan.fingerprint()
    path, journal_path = None, None
    if out is not None:
        if not isinstance(out, str | os.PathLike) or not Path(out).name:
            raise InvalidSettingError("out", str(out), "give the name of a file")
        # A link leads to the file that is written, and stays.
        path = Path(os.path.realpath(out))
        for name in (Path(out), path):
            if name.suffix.lower() not in _SUFFIXES:
                remedy = f"what is written is NetCDF: give a name in {', '.join(_SUFFIXES[1:])}"
                raise InvalidSettingError("out", str(name), remedy)
        journal_path = path.with_name(f"{path.name}.journal")
        here = None if scheduler is not None else versions()
        finished = _finished(path, journal_path, fingerprint, here, resume)
        if finished is not None:
            return finished
    with Journal(journal_path, fingerprint, len(COLUMNS) + 1) as journal:
        try:
            if not journal.numbers():
                _check(plan, progress)
            # An interruption keeps what is done: the dataset tells that it is not all.
            with suppress(KeyboardInterrupt):
                _compute(plan, fingerprint, journal, workers, scheduler, progress)
        except BaseException:
            # Nothing to continue from, and only in the way of the next run.
            if not journal.numbers():
                journal.remove()
            raise
        results = _collected(plan, journal)
        dataset = as_dataset(plan, results, fingerprint, journal.versions() or {})
        if path is not None:
            save(dataset, path)
        if dataset.attrs["complete"]:
            journal.remove()
    return dataset


def _finished(
    path: Path, journal: Path, fingerprint: str, here: dict[str, str] | None, resume: bool
) -> xr.Dataset | None:
    """Return the dataset if it is there already, and None if it is to be made.

    It has to be what would be made now: where this process would do the work, by its versions.
    """
    try:
        if not path.parent.is_dir():
            raise InvalidSettingError("out", str(path), "give a file in a folder that exists")
        for file in (path, journal):
            if file.exists() and not (resume and file.is_file()):
                remedy = (
                    "it exists: continue that sweep with resume, delete it, or give another name"
                )
                raise InvalidSettingError("out", str(file), remedy)
        if journal.exists() or not path.exists():
            return None
    except OSError as error:  # such as a name that is too long
        remedy = f"give another name ({error.strerror})"
        raise InvalidSettingError("out", str(path), remedy) from error
    import h5py
    import xarray as xr

    remedy = "it is not the result of this sweep; give another name"
    try:
        # Only what this package wrote is loaded: anything may be in the files of others.
        with h5py.File(path) as file:
            found = file.attrs.get("fingerprint")
            if not isinstance(found, str) or found != fingerprint or not file.attrs["complete"]:
                raise InvalidSettingError("out", str(path), remedy)
        dataset = xr.load_dataset(path, engine="h5netcdf")
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise InvalidSettingError("out", str(path), remedy) from error
    made_with = {name: dataset.attrs.get(name) for name in version_attributes(here or {})}
    if made_with != version_attributes(here or {}):
        listed = ", ".join(f"{name} {version}" for name, version in made_with.items())
        remedy = f"it was made by {listed}: install these, delete it, or give another name"
        raise InvalidSettingError("out", str(path), remedy)
    return dataset


def _check(plan: Plan, progress: Progress | None) -> None:
    for done in plan.check():
        if progress is not None and (done % _CHECKS_PER_REPORT == 0 or done == len(plan)):
            progress("checking", done, len(plan))


def _compute(
    plan: Plan,
    fingerprint: str,
    journal: Journal,
    workers: int,
    scheduler: str | None,
    progress: Progress | None,
) -> None:
    kept = journal.numbers()
    size = settings_per_chunk(len(plan))
    chunks = -(-len(plan) // size)
    missing = [number for number in range(chunks) if number not in kept]
    done = len(plan) - sum(_settings_in(plan, number) for number in missing)
    if progress is not None:
        progress("computing", done, len(plan))
    task = ChunkFunction.of(plan, fingerprint)
    known = journal.versions()
    provenance = Provenance(known, "install those it was begun with, or delete its journal")
    results = run_jobs(task, missing, workers=workers, scheduler=scheduler, provenance=provenance)
    with closing(results):
        for position, chunk in results:
            if known is None:
                known = provenance.versions
                assert known is not None
                journal.computed_with(known)
            journal.record(missing[position], chunk)
            done += len(chunk)
            if progress is not None:
                progress("computing", done, len(plan))


def _settings_in(plan: Plan, number: int) -> int:
    size = settings_per_chunk(len(plan))
    return min(size, len(plan) - number * size)


def _collected(plan: Plan, journal: Journal) -> FloatArray:
    """Return all results, NaN and the status of what is missing among them."""
    results = np.full((len(plan), len(COLUMNS) + 1), np.nan)
    results[:, -1] = STATUS["not_computed"]
    size = settings_per_chunk(len(plan))
    for number, chunk in journal.chunks():
        results[number * size : number * size + len(chunk)] = chunk
    return results
