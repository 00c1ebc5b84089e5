import functools

import pytest

from ttt_theory.linear.witnesses import certified
from ttt_theory.linear.witnesses.certificates import check_certificate


@pytest.fixture(scope="module")
def computed_once():
    """Compute the values at a point once, for a module that checks variants of one certificate.

    The checker is a program of its own that runs once, and has no caches.
    """
    invariant = functools.cache(check_certificate.invariant)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            check_certificate, "brute_force", functools.cache(check_certificate.brute_force)
        )
        for module in (check_certificate, certified):
            patch.setattr(module, "invariant", invariant)
        yield
