"""Every claim by its id: those of installed packages, ours among them, and the user's own."""

from __future__ import annotations

import difflib
import fnmatch
import importlib.metadata
import importlib.util
import re
import sys
import traceback
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from ttt_theory.claims.claim import Claim
from ttt_theory.errors import (
    ExtensionError,
    InvalidClaimError,
    SettingFileError,
    TTTTheoryError,
    UnknownClaimError,
    import_fault,
    importing,
)
from ttt_theory.execution.shipping import send_by_value
from ttt_theory.files.opening import open_regular

__all__ = ["all_claims", "find", "load_file", "matching", "register_claim"]

_GROUP = "ttt_theory.claims"
_OURS = "ttt-theory"
_LARGEST_FILE = 10_000_000
_ID = re.compile(r"[^\s*?\[\],:]+")

_registered: dict[str, Claim] = {}
_installed: set[str] = set()
_loaded: set[str] = set()


def register_claim(claim: Claim) -> Claim:
    """Make a claim known to every command and function that works on claims.

    A file given by ``--with`` calls this.  An installed package names a tuple of claims as an entry
    point of the group ``ttt_theory.claims`` instead.

    Parameters
    ----------
    claim : Claim

    Returns
    -------
    Claim
        The same.

    Raises
    ------
    InvalidClaimError
        If its id is taken or cannot be an id, or the claim asks for no evidence.

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> from ttt_theory.claims import Claim
    >>> ttt.register_claim(Claim("noise", "Mine", "me", "Noise hurts.", evidence=(print,)))
    Traceback (most recent call last):
    ttt_theory.errors.InvalidClaimError: claim noise: this id is taken; give another
    """
    _load_installed()
    return _add(claim)


def _add(claim: Claim) -> Claim:
    if not isinstance(claim, Claim):
        raise InvalidClaimError(type(claim).__name__, "give a ttt_theory.claims.Claim")
    if not _ID.fullmatch(claim.id):
        raise InvalidClaimError(
            repr(claim.id), "give an id without blanks, commas, colons, *, ? and brackets"
        )
    if claim.id in _registered:
        raise InvalidClaimError(claim.id, "this id is taken; give another")
    if not (claim.evidence or claim.checks):
        raise InvalidClaimError(claim.id, "it asks for no evidence; give some, or checks")
    if claim.checks and not claim.settings:
        raise InvalidClaimError(claim.id, "its checks have no settings to run on; give some")
    for name in {function.__module__ for function in claim.functions}:
        if name in sys.modules:
            send_by_value(name)
    _registered[claim.id] = claim
    return claim


def _load_installed() -> None:
    """Load the claims of all installed packages, ours first."""
    if _GROUP in _loaded:
        return
    _loaded.add(_GROUP)
    entries = importlib.metadata.entry_points(group=_GROUP)
    ours = [each for each in entries if each.dist is not None and each.dist.name == _OURS]
    if not ours:
        raise ExtensionError(_OURS, "it is not installed, so that its own claims are not found")
    try:
        for entry in [*ours, *(each for each in entries if each not in ours)]:
            for claim in _claims_of(entry):
                _installed.add(_add(claim).id)
    except BaseException:
        _loaded.discard(_GROUP)
        for claim_id in _installed:
            del _registered[claim_id]
        _installed.clear()
        raise


def _claims_of(entry: importlib.metadata.EntryPoint) -> Iterable[Claim]:
    if entry.value.startswith("ttt_theory."):
        with importing("verify", "sympy", "flint"):
            return tuple(entry.load())
    try:
        claims = entry.load()
    except TTTTheoryError:
        raise
    except ModuleNotFoundError as error:
        raise ExtensionError(f"claims of {entry.name}", str(import_fault(error))) from error
    except Exception as error:
        raise ExtensionError(f"claims of {entry.name}", repr(error)) from error
    if not isinstance(claims, list | tuple):
        raise ExtensionError(f"claims of {entry.name}", f"{entry.value} is no tuple of claims")
    return claims


def load_file(path: Path) -> None:
    """Run a Python file that registers claims and covariances of one's own.

    Parameters
    ----------
    path : pathlib.Path
        The same file is run once, however often it is given.

    Raises
    ------
    ExtensionError
        If it cannot be read, or raises an exception.
    TTTTheoryError
        What the package refuses in it, such as an id that is taken.
    """
    try:
        file = path.resolve()
    except (OSError, RuntimeError) as error:  # a link that leads to itself
        raise ExtensionError(str(path), f"cannot be read: {error}") from error
    # A name of its own, so that it hides no module and no module hides it.
    name = f"with_{file.stem}_{zlib.crc32(str(file).encode(errors='surrogateescape')):08x}"
    if name in _loaded:
        return
    try:
        open_regular(file, _LARGEST_FILE).close()
    except SettingFileError as error:
        reason = error.reason.partition("; ")[0]
        raise ExtensionError(str(path), f"{reason}; give a Python file") from None
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ExtensionError(str(path), "not a Python file; its name has to end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    before = set(_registered)
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        for claim_id in set(_registered) - before - _installed:
            del _registered[claim_id]
        if isinstance(error, KeyboardInterrupt):
            raise
        where = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == str(file)
        ]
        place = f"line {where[-1]}: " if where else ""
        known = import_fault(error) if isinstance(error, ModuleNotFoundError) else error
        is_ours = isinstance(known, TTTTheoryError)
        reason = str(known) if is_ours else f"{type(error).__name__}: {error}"
        raise ExtensionError(str(path), f"{place}{reason}") from error
    send_by_value(name)
    _loaded.add(name)


def all_claims() -> list[Claim]:
    """Return all claims, in the order in which they were registered.

    Raises
    ------
    ExtensionError
        If an installed package's claims cannot be loaded.
    """
    _load_installed()
    return list(_registered.values())


def find(claim_id: str) -> Claim:
    """Return the claim of an id.

    Raises
    ------
    UnknownClaimError
        If there is none.
    """
    known = {claim.id: claim for claim in all_claims()}
    if claim_id not in known:
        raise UnknownClaimError(claim_id, list(known), _closest(claim_id, list(known)))
    return known[claim_id]


def matching(patterns: Sequence[str]) -> list[Claim]:
    """Return the claims that any of some ids or shell patterns matches, each once.

    Raises
    ------
    UnknownClaimError
        If one of them matches none.

    Examples
    --------
    >>> [claim.id for claim in matching(["thm-4.2*", "noise"])]
    ['thm-4.2-step', 'thm-4.2-improvement', 'noise']
    """
    chosen: dict[str, Claim] = {}
    for pattern in patterns:
        found = [each for each in all_claims() if fnmatch.fnmatchcase(each.id, pattern)]
        for claim in found or [find(pattern)]:
            chosen.setdefault(claim.id, claim)
    return list(chosen.values())


def _closest(claim_id: str, known: list[str]) -> tuple[str, ...]:
    """Return all ids that may have been meant: those that hold the text, else those like it."""
    text = claim_id.strip("*").casefold()
    holding = [each for each in known if text and text in each.casefold()]
    similar = holding or difflib.get_close_matches(claim_id, known, n=len(known) or 1)
    return tuple(each for each in known if each in similar)
