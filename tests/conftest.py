import os

import pytest
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

# Neither the time an example takes nor the machine's load is a verdict.
_untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

settings.register_profile("deterministic", _untimed, derandomize=True)
settings.register_profile("nondeterministic", _untimed, derandomize=False, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "deterministic"))


def pytest_collection_finish():
    """Let BLAS use one thread: the workers of a run share the cores, and idle threads spin."""
    # Only what is loaded can be limited, and SciPy brings a BLAS of its own.
    import scipy.linalg  # noqa: F401

    threadpool_limits(1)


@pytest.fixture
def several_blas_threads():
    """Let BLAS use several threads, as it does outside of these tests."""
    with threadpool_limits(2):
        yield


@pytest.fixture(scope="session")
def scheduler(tmp_path_factory):
    """Return the address of a Dask scheduler with two workers, each a process."""
    from tests.cluster import cluster

    with cluster(tmp_path_factory.mktemp("cluster")) as address:
        yield address
