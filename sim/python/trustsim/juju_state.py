"""What is left of a session between two invocations of `trustsim-juju`: its scenario, in a private folder.

An invocation takes the session up by playing that scenario, which always comes out the same, and leaves the scenario as it
is then. So nothing runs in between, and what was done can be read, saved and played.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = "TRUSTSIM_JUJU_SESSION"
"""Names the folder of the session, in place of the one that is made where sessions are kept by default."""
_FORMAT = 1


class StateError(Exception):
    """The folder or the file of a session cannot be used."""


@dataclasses.dataclass
class State:
    """A session between two invocations."""

    current: str | None = None
    """The model of commands that name none (`juju switch`)."""
    destroyed: list[str] = dataclasses.field(default_factory=list)
    """Models that take no more commands."""
    tasks: int = 0
    """How many actions were run, which numbers them."""
    scenario: dict[str, Any] | None = None
    """What `trustsim interact` takes the session up from."""

    @property
    def models(self) -> list[str]:
        """The models that take commands."""
        models = (self.scenario or {}).get("models", {})
        return [model for model in models if model not in self.destroyed]


def folder() -> Path:
    """The folder of the session, which is made where it is not there, for its owner alone.

    Raises:
        StateError: it cannot be made, or is of another user.
    """
    named = os.environ.get(FOLDER)
    path = Path(named) if named else _default()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
    except OSError as error:
        raise StateError(f"the folder of the session cannot be made: {error}") from None
    if found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise StateError(f"`{path}` can be written to by others: {FOLDER} may name another folder")
    return path


def _default() -> Path:
    for variable in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
        value = os.environ.get(variable)
        if value and Path(value).is_absolute():
            return Path(value) / "trustsim-juju"
    return Path.home() / ".local/state/trustsim-juju"


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Keeps other invocations waiting, as Juju's controller does one after the other."""
    with open(os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600), "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def load(path: Path) -> State:
    """The session in a folder; one without models where there is none.

    Raises:
        StateError: the file is none of ours.
    """
    file = path / "session.json"
    try:
        told = json.loads(file.read_text())
        if told.pop("format") != _FORMAT:
            raise ValueError("another version of trustsim wrote it")
        return State(**told)
    except FileNotFoundError:
        return State()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(f"`{file}` is no session of trustsim-juju: {error}") from None


def store(path: Path, state: State) -> None:
    """Puts the session in place of the one that was there, whole or not at all."""
    text = json.dumps({"format": _FORMAT, **dataclasses.asdict(state)}, indent=2)
    # Of its owner alone, as `mkstemp` makes files.
    handle, name = tempfile.mkstemp(dir=path, prefix=".session-")
    try:
        with open(handle, "w") as file:
            file.write(text + "\n")
        os.replace(name, path / "session.json")
    except BaseException:
        os.unlink(name)
        raise


def end(path: Path) -> None:
    """The session has ended: what is left of it goes."""
    (path / "session.json").unlink(missing_ok=True)
