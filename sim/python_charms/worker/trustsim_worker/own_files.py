"""The file system of the charm itself, which is not the host's: that of its machine, or of the container in which it runs.

Every path that Python code names is one in a folder of the hook. What lies there stays for the unit's next hooks; its `/tmp`
stays beside it. What the image of a machine has is not there: to read a file of the system is refused, and told.
"""

import builtins
import functools
import io
import os
import pathlib

from .workload import LARGEST, OWN_ROOT, decoded, encoded

PLACE = "/tmp"
# Functions of `os` whose first argument is a path, and those whose second is one, too.
OF_ONE = (
    "access", "chdir", "chmod", "chown", "getxattr", "lchown", "listdir", "listxattr", "lstat", "mkdir", "mkfifo", "open",
    "readlink", "remove", "removexattr", "rmdir", "scandir", "setxattr", "stat", "statvfs", "truncate", "unlink", "utime",
)
OF_TWO = ("link", "rename", "replace", "symlink")
# What only looks: a path of the host is not there.
LOOKS = {"access", "chdir", "getxattr", "listdir", "listxattr", "lstat", "readlink", "scandir", "stat", "statvfs"}
# Where charms write in their own container on Kubernetes, which their workload does not read.
OF_CONTAINER = (
    "/home", "/mnt", "/opt", "/root", "/srv", "/usr/local/share/ca-certificates", "/var/lib/juju", "/var/run/secrets/kubernetes.io",
)
# Files and folders that come with the system, so that what is in them is not known here.
OF_SYSTEM = (
    "/bin", "/boot", "/dev", "/etc/group", "/etc/hosts", "/etc/lsb-release", "/etc/os-release", "/etc/passwd", "/etc/resolv.conf",
    "/etc/shadow", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr/bin", "/usr/lib/os-release", "/usr/sbin",
    "/var/lib/dpkg", "/var/lib/snapd",
)


def is_in(path: str, folders) -> bool:
    """Whether a path is one of these, or in one."""
    return any(path == each or path.startswith(each + "/") for each in folders)


class Scan:
    """What `os.scandir` gives, with paths as the charm sees them."""

    def __init__(self, entries, shown):
        self.entries, self.shown = entries, shown

    def __iter__(self):
        return self

    def __next__(self):
        return Entry(next(self.entries), self.shown)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.entries.close()

    def close(self):
        """Ends it."""
        self.entries.close()


class Entry:
    """One of its entries."""

    def __init__(self, entry, shown):
        self.entry, self.path = entry, shown(entry.path)

    def __getattr__(self, name):
        return getattr(self.entry, name)

    def __fspath__(self):
        return self.path


class OwnFiles:
    """What the charm finds and leaves in its file system."""

    def __init__(self, folder: str, charm, asked: dict, doings):
        self.tmp = os.path.join(folder, "own")
        self.root = str(doings.folder(OWN_ROOT))
        self.through = [charm.scratch, charm.folder, *charm.places]
        self.on_machine = not asked["kubernetes"]
        self.refused: list[dict] = []
        unit = asked["unit"].replace("/", "-")
        # Where Juju puts the charm of a unit.
        self.charm_folder = f"/var/lib/juju/agents/unit-{unit}/charm"
        for root, files in ((self.tmp, asked["framework"].get("files", {})), (self.root, {})):
            os.makedirs(root, exist_ok=True)
            for path, content in files.items():
                target = pathlib.Path(root, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(decoded(content))
        if self.on_machine:
            for usual in ("etc/systemd/system", "home/ubuntu", "opt", "root", "run", "srv", "usr/local/share/ca-certificates",
                          "var/lib", "var/log", "var/snap", "etc/ssl/certs", "etc/default", "etc/cron.d", "usr/local/bin"):
                os.makedirs(os.path.join(self.root, usual), exist_ok=True)
        self.given = [self.image_file(each) for each in asked["answers"] if "file" in each]
        self.given += self.pod_files(asked)
        self.lay_charm(charm)

    def image_file(self, declared: dict) -> str:
        """A file that the scenario says the image has, unless the charm has changed it."""
        target = pathlib.Path(self.root, declared["file"].lstrip("/"))
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(declared["text"], encoding="utf-8")
        return declared["file"]

    def pod_files(self, asked: dict) -> list[str]:
        """What Kubernetes mounts into every pod: the namespace, which is the model, and what the API is called with."""
        if self.on_machine:
            return []
        folder = "/var/run/secrets/kubernetes.io/serviceaccount"
        contents = {"namespace": asked["model"], "token": "token", "ca.crt": ""}
        files = [{"file": f"{folder}/{name}", "text": text} for name, text in contents.items()]
        os.makedirs(os.path.join(self.root, "usr/local/share/ca-certificates"), exist_ok=True)
        return [self.image_file(each) for each in files]

    def lay_charm(self, charm) -> None:
        """The charm's folder, whose files are those of its source; what the charm writes beside them is its own."""
        self.working = self.root + self.charm_folder
        os.makedirs(self.working, exist_ok=True)
        for name in os.listdir(charm.root):
            place = os.path.join(self.working, name)
            if not os.path.lexists(place):
                source = os.path.join(charm.root, name)
                os.symlink(os.readlink(source) if os.path.islink(source) else source, place)

    def take_over(self) -> None:
        """Has every path be one here; for the rest of the process."""
        for name in filter(lambda each: hasattr(os, each), OF_ONE):
            setattr(os, name, self.redirected(getattr(os, name), 1, name in LOOKS))
        for name in OF_TWO:
            setattr(os, name, self.redirected(getattr(os, name), 2, False))
        scan = os.scandir
        os.scandir = lambda *arguments, **keywords: Scan(scan(*arguments, **keywords), self.shown)
        builtins.open = io.open = self.redirected(io.open, 1, False)
        self.take_over_globs()
        read_link, here = os.readlink, os.getcwd
        os.readlink = lambda *arguments, **keywords: self.shown(read_link(*arguments, **keywords))
        os.getcwd = lambda: self.shown(here())
        # Charms run as root, and whose a file is is not kept.
        os.getuid = os.geteuid = os.getgid = os.getegid = lambda: 0
        os.chown = os.lchown = os.fchown = lambda *_, **__: None

    def take_over_globs(self) -> None:
        """Parts of `pathlib` that have kept the functions of `os` for themselves."""
        accessor = getattr(pathlib, "_normal_accessor", None)
        if accessor is not None:
            for name in (*OF_ONE, *OF_TWO):
                if hasattr(accessor, name) and hasattr(os, name):
                    setattr(accessor, name, getattr(os, name))
            accessor.open = io.open
        import glob

        globber = getattr(glob, "_StringGlobber", None)
        for name in ("lstat", "scandir"):
            if globber is not None and hasattr(globber, name):
                setattr(globber, name, staticmethod(getattr(os, name)))

    def redirected(self, function, count: int, looks: bool):
        """A function whose first arguments are paths."""

        @functools.wraps(function)
        def elsewhere(*arguments, **keywords):
            paths = [self.place(each, looks) for each in arguments[:count]]
            return function(*paths, *arguments[count:], **keywords)

        return elsewhere

    def shown(self, path: str) -> str:
        """What the charm is shown of a path here."""
        if isinstance(path, str) and is_in(path, [self.root]):
            return path[len(self.root) :] or "/"
        if isinstance(path, str) and is_in(path, [self.tmp]):
            return PLACE + path[len(self.tmp) :]
        return path

    def place(self, path, looks: bool = False):
        """Where a path is here."""
        if not isinstance(path, (str, os.PathLike)):
            return path
        text = os.fspath(path)
        if not isinstance(text, str) or not text.startswith("/"):
            return path
        if text.startswith("/proc/"):
            # Where that leads is for the guard to see.
            return path
        text = os.path.normpath(text)
        if text.startswith("//"):
            text = text[1:]
        if is_in(text, self.through):
            return path
        if is_in(text, [PLACE]):
            return self.tmp + text[len(PLACE) :]
        # What the system has is not known, so that it is refused to the charm, but for what lies here already.
        is_known = is_in(text, OF_CONTAINER) or (self.on_machine and not is_in(text, OF_SYSTEM))
        return self.root + text if looks or is_known or text in self.given else path

    def left(self) -> dict[str, str]:
        """The files that are in `/tmp` now."""
        found = {}
        for place, folders, names in os.walk(self.tmp):
            folders.sort()
            for name in sorted(names):
                path = pathlib.Path(place, name)
                if path.is_file() and path.stat().st_size > LARGEST:
                    what = f"{PLACE}/{path.relative_to(self.tmp)} has more than {LARGEST >> 20} MiB"
                    self.refused.append({"kind": "file", "what": what})
                elif path.is_file():
                    found[str(path.relative_to(self.tmp))] = encoded(path.read_bytes())
        return found
