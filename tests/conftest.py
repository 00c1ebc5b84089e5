import os

import pytest
from hypothesis import HealthCheck, settings

# Neither the time an example takes nor the machine's load is a verdict.
_untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

settings.register_profile("deterministic", _untimed, derandomize=True)
settings.register_profile("nondeterministic", _untimed, derandomize=False, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "deterministic"))


@pytest.fixture(scope="session")
def scheduler(tmp_path_factory):
    """Return the address of a Dask scheduler with two workers, each a process."""
    from tests.cluster import cluster

    with cluster(tmp_path_factory.mktemp("cluster")) as address:
        yield address
