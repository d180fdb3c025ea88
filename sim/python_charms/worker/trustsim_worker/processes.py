"""`subprocess` and the lists of users, as the charm's own machine answers them: no program is run."""

import grp
import io
import os
import pwd
import subprocess

from .workload import OWN_ROOT

PIPE, STDOUT, DEVNULL = subprocess.PIPE, subprocess.STDOUT, subprocess.DEVNULL


class Process:
    """In the place of `subprocess.Popen`: the command is done once its input is there."""

    # Who answers, from when a hook begins.
    table = None
    refuse = None

    def __class_getitem__(cls, _):
        return cls

    def __init__(
        self, args, bufsize=-1, executable=None, stdin=None, stdout=None, stderr=None, preexec_fn=None, close_fds=True,
        shell=False, cwd=None, env=None, universal_newlines=None, startupinfo=None, creationflags=0, restore_signals=True,
        start_new_session=False, pass_fds=(), *, user=None, group=None, extra_groups=None, encoding=None, errors=None,
        text=None, umask=-1, pipesize=-1, process_group=None,
    ):
        self.args, self.pid, self.returncode = args, 4242, None
        self.is_text = bool(text or universal_newlines or encoding or errors)
        self.outputs = (stdout, stderr)
        if isinstance(args, (str, bytes, os.PathLike)):
            line = os.fsdecode(args)
            self.words = ["sh", "-c", line] if shell else [line]
        else:
            self.words = [os.fsdecode(word) for word in args]
        self.stdin = None
        if stdin == PIPE:
            self.stdin = io.StringIO() if self.is_text else io.BytesIO()
            self.stdin.close = lambda: None
        self.stdout = self.stderr = None
        # What needs no input is done at once, so that what follows can be read.
        if self.stdin is None:
            self.finish(None)

    def finish(self, given) -> None:
        """Does it, once."""
        if self.returncode is not None:
            return
        if Process.table is None:
            raise PermissionError(f"a command when the charm is imported: {' '.join(self.words)}")
        if self.stdin is not None and given is None:
            given = self.stdin.getvalue()
        if isinstance(given, str):
            given = given.encode()
        done = Process.table.run(OWN_ROOT, self.words, given)
        if done is None:
            Process.refuse("command", " ".join(self.words))
        self.returncode, out, err = done
        merged = self.outputs[1] == STDOUT
        self.stdout = self.sent(self.outputs[0], out + err if merged else out)
        self.stderr = None if merged else self.sent(self.outputs[1], err)

    def sent(self, where, text: str):
        """An output in the place where it was asked for."""
        if where == PIPE:
            return io.StringIO(text) if self.is_text else io.BytesIO(text.encode())
        if where not in (None, DEVNULL) and hasattr(where, "write"):
            where.write(text if isinstance(where, io.TextIOBase) else text.encode())
        return None

    def communicate(self, input=None, timeout=None):
        """The outputs."""
        self.finish(input)
        return tuple(None if each is None else each.read() for each in (self.stdout, self.stderr))

    def poll(self):
        """The code."""
        self.finish(None)
        return self.returncode

    def wait(self, timeout=None):
        """The code."""
        return self.poll()

    def kill(self):
        """It has ended."""

    terminate = kill

    def send_signal(self, _):
        """It has ended."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


def take_over() -> None:
    """Before the charm is imported, so that no name that it imports is the program's."""
    subprocess.Popen = Process


def answer(table, refuse) -> None:
    """A hook begins: commands are done by its table, and users are those of its machine."""
    Process.table, Process.refuse = table, refuse

    def system(line):
        return Process(line, shell=True).wait() << 8

    os.system = system
    users = {"root": 0} | table.machine["users"]

    def user(name):
        if name not in users:
            refuse("read", f"the user {name}")
        return pwd.struct_passwd((name, "x", users[name], users[name], "", f"/home/{name}", "/bin/sh"))

    def group(name):
        if name not in users:
            refuse("read", f"the group {name}")
        return grp.struct_group((name, "x", users[name], []))

    def by_number(number):
        return next((name for name, each in users.items() if each == number), str(number))

    pwd.getpwnam, grp.getgrnam = user, group
    pwd.getpwuid = lambda number: user(by_number(number))
    grp.getgrgid = lambda number: group(by_number(number))
