"""What the code of a charm may not do here: reach the host's files, other programs, the network.

What it tries all the same is refused and told: trustsim does not guess what would have come of it.
"""

import os
import resource
import signal
import stat
import sys

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

# Where an event says in which open folder a path is that is not absolute.
FOLDERS = {"os.remove": 1, "os.rmdir": 1, "os.mkdir": 2, "os.rename": 2}
# Audit events that change files, with how many of their first arguments are paths.
CHANGES = {
    "os.chflags": 1,
    "os.chmod": 1,
    "os.chown": 1,
    "os.link": 2,
    "os.mkdir": 1,
    "os.remove": 1,
    "os.removexattr": 1,
    "os.rename": 2,
    "os.rmdir": 1,
    "os.setxattr": 1,
    "os.symlink": 2,
    "os.truncate": 1,
    "os.utime": 1,
}
PROGRAMS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn"}
FORKS = {"os.fork", "os.forkpty"}
NETWORK = {
    "socket.connect",
    "socket.bind",
    "socket.sendto",
    "socket.sendmsg",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
    "socket.getnameinfo",
}


# As they are before the charm's paths are led elsewhere.
LSTAT, READLINK, GETCWD = os.lstat, os.readlink, os.getcwd
MOST_LINKS = 40


def real_path(path: str) -> str:
    """Where the kernel would find a path: every link is followed."""
    rest = [each for each in reversed(os.path.join(GETCWD(), path).split("/")) if each not in ("", ".")]
    found, links = "", 0
    while rest:
        name = rest.pop()
        if name == "..":
            found = found.rpartition("/")[0]
            continue
        here = f"{found}/{name}"
        try:
            is_link = stat.S_ISLNK(LSTAT(here).st_mode)
        except OSError:
            is_link = False
        if not is_link or links > MOST_LINKS:
            found = here
            continue
        links += 1
        target = READLINK(here)
        if target.startswith("/"):
            found = ""
        rest += [each for each in reversed(target.split("/")) if each not in ("", ".")]
    return found or "/"


class Refused(PermissionError):
    """Something that is not played."""


class Guard:
    """Refuses what is not played, from when it is armed."""

    def __init__(self, readable: list[str]):
        self.readable = [os.path.realpath(path) for path in readable]
        self.own = None
        self.refused: list[dict] = []

    def arm(self, own: str) -> None:
        """The charm's code begins; it may write in the folder `own`. A guard is never taken away."""
        self.own = os.path.realpath(own)
        sys.addaudithook(self.on_event)

    def on_event(self, event: str, arguments: tuple) -> None:
        """The hook of `sys.addaudithook`."""
        if event == "open":
            path, _, flags = arguments
            if not isinstance(path, (str, bytes)):
                return
            if isinstance(flags, int) and flags & WRITING:
                self.check(path, [self.own], "write")
            else:
                self.check(path, [self.own, *self.readable], "read")
        elif event in CHANGES:
            folder = arguments[FOLDERS[event]] if event in FOLDERS else -1
            for path in arguments[: CHANGES[event]]:
                if isinstance(path, (str, bytes)):
                    self.check(path, [self.own], "write", folder)
        elif event in PROGRAMS:
            told = arguments[0] if arguments else ""
            if event == "subprocess.Popen":
                told = " ".join(os.fsdecode(word) for word in arguments[1])
            self.refuse("command", os.fsdecode(told))
        elif event in FORKS:
            self.refuse("command", "fork")
        elif event in NETWORK:
            self.refuse("network", ", ".join(str(each) for each in arguments if not hasattr(each, "fileno")))
        elif event in ("os.kill", "os.killpg"):
            self.refuse("command", f"kill {arguments[0]}")

    def check(self, path, allowed: list, how: str, folder: int = -1) -> None:
        """Whether a path is in one of these folders; one that is not absolute may be in an open folder."""
        path = os.fsdecode(path)
        if folder >= 0 and not os.path.isabs(path):
            path = os.path.join(READLINK(f"/proc/self/fd/{folder}"), path)
        real = real_path(path)
        if any(real == each or real.startswith(each + os.sep) for each in allowed):
            return
        if real == os.devnull:
            return
        self.refuse(how, path)

    def refuse(self, kind: str, what: str) -> None:
        """Notes it and raises."""
        told = {"kind": kind, "what": what[:200]}
        if told not in self.refused:
            self.refused.append(told)
        raise Refused(f"trustsim does not play this: {kind} {what[:200]}")


def limit(limits: dict) -> None:
    """Bounds what one hook takes of the host; the process ends by a signal where it takes longer."""
    bounds = {
        resource.RLIMIT_AS: limits["memory"],
        resource.RLIMIT_FSIZE: limits["file"],
        resource.RLIMIT_CPU: limits["seconds"],
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 256,
    }
    for which, bound in bounds.items():
        _, hard = resource.getrlimit(which)
        if hard != resource.RLIM_INFINITY:
            bound = min(bound, hard)
        # Where both limits of the time are one, the kernel kills, and nothing says that it was for time.
        last = bound + 1 if which == resource.RLIMIT_CPU and hard == resource.RLIM_INFINITY else bound
        resource.setrlimit(which, (bound, last))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits["seconds"])
