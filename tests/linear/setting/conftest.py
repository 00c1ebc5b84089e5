"""The folder that the setting files of the tests name files of."""

import numpy as np
import pytest

from tests.linear.setting.tables import SAMPLES, SIGMA


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A folder with the array files that the settings below name."""
    folder = tmp_path_factory.mktemp("settings")
    np.save(folder / "sigma.npy", SIGMA)
    np.save(folder / "samples.npy", np.asfortranarray(SAMPLES, dtype=np.float32))
    np.save(folder / "beta.npy", np.array([3, 4]))
    (folder / "sigma.csv").write_text("2,0.5\n0.5,1\n")
    (folder / "samples.csv").write_text(
        '\ufeff"first, one",second\r\n1,2\r\n3,5\r\n4,0.5\r\n', "utf-8"
    )
    (folder / "samples.T.csv").write_text("1,3,4\n2,5,0.5\n")
    (folder / "row.csv").write_text("3,4\n")
    (folder / "column.csv").write_text("beta\n3\n4\n")
    return folder
