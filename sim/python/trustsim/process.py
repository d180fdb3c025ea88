"""The program: where it is, and a process of it that answers a line of JSON with a line."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

BINARY = "TRUSTSIM_BINARY"
"""Names the program, where it is not the one of this package."""
PYTHON = "TRUSTSIM_PYTHON"
"""Names the interpreter that runs the code of charms."""
_NEEDED = ("ops", "scenario", "time_machine")
_PATIENCE = 10.0


class TrustsimWarning(UserWarning):
    """A deployment can be played, but most likely not as it is meant."""


class TrustsimError(Exception):
    """A request that was not carried out.

    `kind` says what is wrong (`name`, `unsound`, `refused`, ...), `hints` what may help.
    """

    def __init__(self, kind: str, message: str, hints: Sequence[str] = ()) -> None:
        self.kind = kind
        self.message = message
        self.hints = list(hints)
        super().__init__("\n".join([f"{message} ({kind})", *(f"  {hint}" for hint in self.hints)]))


def binary() -> Path:
    """The program that comes with this package.

    Raises:
        FileNotFoundError: it is not there.
    """
    named = os.environ.get(BINARY)
    if named:
        return Path(named)
    beside = [Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))]
    if sysconfig.get_default_scheme() == "posix_prefix":
        beside.append(Path(sysconfig.get_path("scripts", "posix_user")))
    for folder in beside:
        if (folder / "trustsim").is_file():
            return folder / "trustsim"
    found = shutil.which("trustsim")
    if found is None:
        raise FileNotFoundError(f"the program `trustsim` is not there: {BINARY} may name it")
    return Path(found)


def charm_python() -> str | None:
    """The interpreter that runs the code of charms: the one that is named, else this one where it has what that takes.

    None leaves it to the program, which looks for `.venv` in the charm's folder and for what `trustsim charm prepare` made.
    """
    named = os.environ.get(PYTHON)
    if named:
        return named
    if all(importlib.util.find_spec(module) for module in _NEEDED):
        return sys.executable
    return None


def _calls_within() -> int:
    """How many calls lie between the line of a test and here, so that a warning names that line."""
    package = __name__.partition(".")[0]
    calls, frame = 0, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        calls, frame = calls + 1, frame.f_back
    return calls + 1


class Process:
    """A process of `trustsim interact`."""

    def __init__(self, *arguments: str) -> None:
        self._said = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [str(binary()), "interact", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )

    def ask(self, request: str, what: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Sends a request. Gives its answer, and how much time has passed.

        Raises:
            TrustsimError: it was not carried out, or the program has ended.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None, "both are pipes"
        try:
            stdin.write(json.dumps({request: what}).encode() + b"\n")
            stdin.flush()
        except (BrokenPipeError, ValueError):
            raise self._ended() from None
        line = stdout.readline()
        if not line.endswith(b"\n"):
            raise self._ended()
        told = json.loads(line)
        for warning in told.get("warnings", ()):
            warnings.warn(warning, TrustsimWarning, stacklevel=_calls_within())
        if "error" in told:
            error = told["error"]
            raise TrustsimError(error["kind"], error["message"], error["hints"])
        return told["ok"], told["now"]

    def close(self) -> None:
        """Ends the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._said.close()

    def _ended(self) -> TrustsimError:
        """The program has ended: how, with what it said."""
        if self._said.closed:
            return TrustsimError("ended", "the session is closed")
        code = self._process.wait()
        self._said.seek(0)
        said = self._said.read().decode(errors="replace").splitlines()
        return TrustsimError("ended", f"trustsim has ended with {code}", said)
