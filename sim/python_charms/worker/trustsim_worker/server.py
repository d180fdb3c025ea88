"""The loop of the worker: it imports the charm once, and forks a process for each hook.

So no hook sees what another one left in a variable, as with Juju, and a hook that kills its process ends nothing but itself.
A line of JSON comes in and a line goes out; a process that needs an RSA key asks for it in a line of its own.
"""

import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback

LONGEST = 64 << 20
# What a hook may write in all, and how often that is looked at.
MOST_WRITTEN = 256 << 20
LOOK = 0.25
# With these the kernel ends a hook that takes too long.
TIMERS = (signal.SIGALRM, signal.SIGXCPU)
# What a hook did that did not come to an end in time.
SLOW = object()
RUBBISH = "printed rubbish on the stream of the protocol"


class Lines:
    """Lines of JSON over two files."""

    def __init__(self, reading: int, writing: int):
        self.reading, self.writing = reading, writing
        self.rest = b""

    def read(self, seconds: float | None = None):
        """The next line; None at the end. What does not come in so many seconds is a `TimeoutError`."""
        end = None if seconds is None else time.monotonic() + seconds
        while b"\n" not in self.rest:
            if len(self.rest) > LONGEST:
                raise ValueError("a line is too long")
            left = None if end is None else max(0.0, end - time.monotonic())
            if left is not None and not select.select([self.reading], [], [], left)[0]:
                raise TimeoutError
            more = os.read(self.reading, 1 << 20)
            if not more:
                return None
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return json.loads(line)

    def write(self, value) -> None:
        """Writes a line."""
        line = json.dumps(value, sort_keys=True, ensure_ascii=True).encode() + b"\n"
        while line:
            line = line[os.write(self.writing, line) :]


def own_streams() -> Lines:
    """Takes standard input and output for the protocol, so that what the charm prints goes elsewhere."""
    reading, writing = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    return Lines(reading, writing)


def serve(begin: dict) -> None:
    """Plays hooks until standard input ends."""
    lines = own_streams()
    scratch = os.path.realpath(begin["scratch"])
    try:
        charm = ready(lines, begin, scratch)
        while charm is not None:
            asked = lines.read()
            if asked is None:
                return
            lines.write(forked(lines, asked, charm, begin["limits"], scratch))
    except BrokenPipeError:
        # Who asked has gone.
        pass
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def ready(lines: Lines, begin: dict, scratch: str):
    """Imports everything, and says so."""
    # A charm that never ends importing is ended by the kernel.
    signal.setitimer(signal.ITIMER_REAL, max(30, 2 * begin["limits"]["seconds"]))
    try:
        from trustsim_worker import chance, keys, processes

        chance.take_over()
        keys.take_over()
        processes.take_over()
        import time_machine
        import datetime

        # What a charm computes when it is imported does not depend on the day of the run either.
        epoch = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
        with time_machine.travel(epoch, tick=False):
            from trustsim_worker import hook
            from trustsim_worker.charm import Charm

            chance.STREAM.begin("00", None)
            charm = Charm(begin["charm"], scratch)
    except BaseException as raised:
        frames = traceback.format_exception(raised)
        lines.write({"failed": f"{type(raised).__name__}: {raised}", "traceback": "".join(frames)[-4000:]})
        return None
    signal.setitimer(signal.ITIMER_REAL, 0)
    lines.write(
        {
            "ready": {
                "python": sys.version.split()[0],
                "installed": hook.versions(),
                "charm": charm.digest,
                "class": charm.kind.__name__,
            }
        }
    )
    return charm


def forked(lines: Lines, asked: dict, charm, limits: dict, scratch: str) -> dict:
    """Runs a hook in a process of its own, and says what came of it."""
    folder = tempfile.mkdtemp(dir=scratch)
    up, down = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(lines.reading), os.close(lines.writing), os.close(up[0]), os.close(down[1])
        play(Lines(down[0], up[1]), asked, charm, limits, folder)
    os.close(up[1]), os.close(down[0])
    try:
        told = relay(lines, Lines(up[0], down[1]), limits["seconds"] + 5, folder)
    finally:
        os.close(up[0]), os.close(down[1])
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            pass
        _, status = os.waitpid(child, 0)
        shutil.rmtree(folder, ignore_errors=True)
    if isinstance(told, dict) and "answer" in told:
        return told
    if told is SLOW or (os.WIFSIGNALED(status) and os.WTERMSIG(status) in TIMERS and told is None):
        return {"slow": f"took longer than {limits['seconds']} s"}
    return {"died": told if isinstance(told, str) else cause_of_death(status)}


def written(folder: str) -> int:
    """How many bytes the files of a folder have."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except FileNotFoundError:
                continue
    return total


def relay(lines: Lines, child: Lines, seconds: float, folder: str):
    """The answer of the process; what it asks for is asked further up. A text says what it did instead."""
    from trustsim_worker import keys

    end = time.monotonic() + seconds
    while True:
        try:
            told = child.read(LOOK)
        except TimeoutError:
            if written(folder) > MOST_WRITTEN:
                return f"wrote more than {MOST_WRITTEN >> 20} MiB"
            if time.monotonic() > end:
                return SLOW
            continue
        except ValueError:
            return RUBBISH
        if not isinstance(told, dict) or not told.keys() & {"key", "read-key", "answer"}:
            return None if told is None else RUBBISH
        if "read-key" in told:
            keys.KNOWN.add(told["read-key"])
            continue
        if "key" in told:
            lines.write(told)
            child.write(lines.read())
            continue
        return told


def cause_of_death(status: int) -> str:
    """Why a process ended without an answer."""
    if os.WIFSIGNALED(status):
        return f"was killed by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"ended its process with code {os.WEXITSTATUS(status)}"


def play(lines: Lines, asked: dict, charm, limits: dict, folder: str) -> None:
    """The process of one hook."""
    try:
        from trustsim_worker import guard, hook, keys

        def ask_key(wanted: dict) -> str:
            lines.write({"key": wanted})
            given = lines.read()
            if not given or "pem" not in given:
                raise NotImplementedError(f"a key of {wanted}")
            return given["pem"]

        keys.Teller.tell = lambda digest: lines.write({"read-key": digest})
        guard.limit(limits)
        lines.write({"answer": hook.play(asked, charm, folder, ask_key)})
        os._exit(0)
    except MemoryError:
        os._exit(12)
    except BaseException as raised:
        frames = traceback.format_exception(raised)
        lines.write({"answer": {"broken": "".join(frames)[-4000:]}})
        os._exit(1)
