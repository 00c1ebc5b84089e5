"""The dataset of a sweep: dimensions, coordinates, units and provenance; and its NetCDF file."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.checks import FloatArray
from ttt_theory.errors import InvalidSettingError
from ttt_theory.sweeps.columns import ASYMPTOTIC, EXACT, SIMULATED, STATUS
from ttt_theory.sweeps.plan import Plan, as_text

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["as_dataset", "save", "version_attributes"]

_LONG_NAMES = {
    "context_length": "labelled examples in the prompt, n",
    "test_samples": "labelled samples used by the step, k",
    "noise_variance": "variance of the label noise, sigma^2",
    "task.norm": "Euclidean norm of the test task beta",
    "initialization.factor": "multiple of the pretrained weights that the step starts from",
    "pretraining.context_length": "labelled examples in a pretraining prompt",
    "pretraining.noise_variance": "variance of the label noise in pretraining",
}
_UNITS = {
    "noise_variance": "label^2",
    "pretraining.noise_variance": "label^2",
    "task.norm": "label feature^-1",
    "feature_covariance.scale": "feature^2",
    "pretraining.feature_covariance.scale": "feature^2",
    "task_covariance.scale": "label^2 feature^-2",
}


def as_dataset(
    plan: Plan, results: FloatArray, fingerprint: str, versions: Mapping[str, str]
) -> xr.Dataset:
    """Return the results of a sweep with their labels.

    Parameters
    ----------
    plan : Plan
    results : ndarray, shape (settings, columns)
        As `ChunkFunction` returns them.
    fingerprint : str
        Of the plan.
    versions : mapping of str to str
        What computed the results.

    Returns
    -------
    xarray.Dataset
        A dimension for each axis of the grid; its fields are the coordinates.
    """
    import xarray as xr

    names = [axis.name for axis in plan.axes]
    computed = (*EXACT, *ASYMPTOTIC, *(SIMULATED if plan.simulation else ()))
    variables: dict[str, Any] = {}
    for position, column in enumerate(computed):
        attributes: dict[str, Any] = {
            "long_name": column.long_name,
            "units": column.units,
            "source": column.source,
        }
        if plan.simulation and column in SIMULATED:
            attributes["method"] = plan.simulation.method
            attributes["prompts"] = plan.simulation.prompts
            # NetCDF has no integers of 128 bits.
            attributes["seed"] = str(plan.simulation.seed)
            if plan.simulation.step_size is not None:
                attributes["step_size"] = plan.simulation.step_size
        values = np.ascontiguousarray(results[:, position]).reshape(plan.shape)
        variables[column.name] = (names, values, attributes)
    status = results[:, -1].astype(np.int8).reshape(plan.shape)
    variables["status"] = (
        names,
        status,
        {
            "long_name": "what became of the setting",
            "flag_values": np.array(list(STATUS.values()), dtype=np.int8),
            "flag_meanings": " ".join(STATUS),
        },
    )
    coordinates = {
        path: (axis.name, _coordinate(values), _coordinate_attributes(path, values))
        for axis in plan.axes
        for path, values in axis.fields.items()
    }
    return xr.Dataset(variables, coordinates, _provenance(plan, status, fingerprint, versions))


def _coordinate(values: list[Any]) -> Any:
    if _are_numbers(values):
        whole = all(isinstance(value, int) and abs(value) < 2**63 for value in values)
        return np.array(values, dtype=np.int64 if whole else np.float64)
    return np.array([_label(value) for value in values])


def _are_numbers(values: list[Any]) -> bool:
    return all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)


def _label(value: Any) -> str:
    return value if isinstance(value, str) else as_text(value)


def _coordinate_attributes(path: str, values: list[Any]) -> dict[str, str]:
    attributes = {"long_name": _LONG_NAMES.get(path, f"{path} of the setting")}
    if _are_numbers(values):
        attributes["units"] = _UNITS.get(path, "1")
    return attributes


def version_attributes(versions: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes of a dataset that name versions.

    Examples
    --------
    >>> version_attributes({"ttt-theory": "0.1.0"})
    {'ttt_theory_version': '0.1.0'}
    """
    return {f"{name.replace('-', '_')}_version": version for name, version in versions.items()}


def _provenance(
    plan: Plan, status: Any, fingerprint: str, versions: Mapping[str, str]
) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "title": "Risk after one step of test-time training, by setting",
        "source": "ttt-theory; [G25] is Gozeten et al., ICML 2025, arXiv 2503.11842",
        "normalisation": (
            "risks are E[(y - prediction)^2] for the test task of each setting, not divided by its"
            " norm; the step is on the sum of the squared errors of the test samples, not the mean"
        ),
        "sweep": plan.text,
        "fingerprint": fingerprint,
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "complete": int(not np.any(status == STATUS["not_computed"])),
        "settings": len(plan),
    } | {
        name: int(np.count_nonzero(status == STATUS[name]))
        for name in ("out_of_range", "lost_precision", "not_known")
    }
    return attributes | version_attributes(versions)


def save(dataset: xr.Dataset, path: Path) -> None:
    """Write a NetCDF file that is either whole or not there.

    Raises
    ------
    InvalidSettingError
        If it cannot be written.
    """
    # Made in memory first: on a full disk HDF5 cannot even close the file that it was writing.
    content = dataset.to_netcdf(None, engine="h5netcdf")
    beside = path.with_name(f".{path.name}.partial")
    try:
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise InvalidSettingError(
            "out", str(path), f"it cannot be written: {error.strerror or error}"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder last, on systems where a folder can be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
