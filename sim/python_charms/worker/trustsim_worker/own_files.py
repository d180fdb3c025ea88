"""The folder `/tmp` of the charm itself, which is not the host's: what lies there stays for the unit's next hooks."""

import builtins
import functools
import io
import os
import pathlib

from .workload import LARGEST, decoded, encoded

PLACE = "/tmp"
# Functions of `os` whose first argument is a path, and those whose second is one, too.
OF_ONE = (
    "access", "chmod", "chown", "listdir", "lstat", "mkdir", "open", "readlink", "remove", "rmdir", "scandir", "stat",
    "truncate", "unlink", "utime",
)
OF_TWO = ("link", "rename", "replace", "symlink")


class OwnFiles:
    """What the charm finds and leaves in its `/tmp`."""

    def __init__(self, folder: str, scratch: str, kept: dict):
        self.root = os.path.join(folder, "own")
        self.scratch = scratch
        self.refused: list[dict] = []
        os.makedirs(self.root)
        for path, content in kept.get("files", {}).items():
            target = pathlib.Path(self.root, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(decoded(content))

    def take_over(self) -> None:
        """Has every path in `/tmp` be one here; for the rest of the process."""
        for name in OF_ONE:
            setattr(os, name, self.redirected(getattr(os, name), 1))
        for name in OF_TWO:
            setattr(os, name, self.redirected(getattr(os, name), 2))
        builtins.open = io.open = self.redirected(io.open, 1)

    def redirected(self, function, count: int):
        """A function whose first arguments are paths."""

        @functools.wraps(function)
        def elsewhere(*arguments, **keywords):
            paths = [self.place(each) for each in arguments[:count]]
            return function(*paths, *arguments[count:], **keywords)

        return elsewhere

    def place(self, path):
        """Where a path is here."""
        if not isinstance(path, (str, os.PathLike)):
            return path
        text = os.fspath(path)
        if not isinstance(text, str) or not text.startswith(PLACE):
            return path
        text = os.path.normpath(text)
        ours = text == self.scratch or text.startswith(self.scratch + os.sep)
        if ours or not (text == PLACE or text.startswith(PLACE + os.sep)):
            return path
        return self.root + text[len(PLACE) :]

    def left(self) -> dict[str, str]:
        """The files that are there now."""
        found = {}
        for place, folders, names in os.walk(self.root):
            folders.sort()
            for name in sorted(names):
                path = pathlib.Path(place, name)
                if path.is_file() and path.stat().st_size > LARGEST:
                    what = f"{PLACE}/{path.relative_to(self.root)} has more than {LARGEST >> 20} MiB"
                    self.refused.append({"kind": "file", "what": what})
                elif path.is_file():
                    found[str(path.relative_to(self.root))] = encoded(path.read_bytes())
        return found
