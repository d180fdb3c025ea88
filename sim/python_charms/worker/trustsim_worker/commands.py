"""What commands do: a table of those that are known. One that is not known is refused and told; none is run.

What the scenario declares comes first. What a command of the machine changes beside files (services, packages, snaps, users)
is kept from hook to hook.
"""

import fnmatch
import os
import shlex

from .file_commands import FileCommands
from .system_commands import SystemCommands
from .workload import OWN_ROOT

# Words before a command that change nothing of what it does.
BEFORE = {"sudo", "env", "nice", "timeout"}


class Table(FileCommands, SystemCommands):
    """The commands of one hook."""

    def __init__(self, workload, asked: dict):
        self.workload = workload
        kept = asked["machine"]
        self.machine = {
            "packages": dict(kept.get("packages", {})),
            "services": {name: dict(each) for name, each in kept.get("services", {}).items()},
            "snaps": {name: dict(each) for name, each in kept.get("snaps", {}).items()},
            "users": dict(kept.get("users", {})),
        }
        self.declared = [each for each in asked["answers"] if "command" in each]
        self.is_machine = not asked["kubernetes"]
        self.hostname = asked["hostname"]
        self.installed = {
            "apt": self.apt, "apt-get": self.apt, "add-apt-repository": self.nothing, "apt-cache": self.apt_cache,
            "dpkg": self.dpkg, "dpkg-query": self.dpkg, "snap": self.snap, "systemctl": self.systemctl, "service": self.service,
            "useradd": self.add_user, "adduser": self.add_user, "groupadd": self.nothing, "addgroup": self.nothing,
            "usermod": self.nothing, "chown": self.nothing, "chgrp": self.nothing, "setfacl": self.nothing,
            "open-port": self.nothing, "close-port": self.nothing, "sysctl": self.nothing, "ufw": self.nothing,
            "hostname": lambda words: (0, self.hostname + "\n", ""), "uname": self.uname,
        }
        self.anywhere = {
            "update-ca-certificates": self.update_roots, "update-ca-trust": self.nothing,
            "chmod": self.nothing, "mkdir": self.mkdir, "rm": self.remove, "cp": self.copy, "mv": self.move,
            "cat": self.cat, "test": self.test, "find": self.find, "ls": self.list_folder, "tar": self.tar, "touch": self.touch, "sync": self.nothing,
        }

    def known_state(self) -> dict | None:
        """What the machine knows, for the unit's next hook; none where it has learned nothing."""
        return self.machine if any(self.machine.values()) else None

    def run(self, container: str, words: list[str], given: bytes | None):
        """What a command does and prints: its code, its output and its errors; None where it is not known."""
        self.container, self.given = container, given
        words = [os.fsdecode(word) for word in words]
        declared = self.as_declared(words)
        if declared is not None:
            return declared
        while words and (words[0] in BEFORE or "=" in words[0].split("/")[0]):
            words = words[2:] if words[0] == "timeout" else words[1:]
        if words and os.path.basename(words[0]) in ("sh", "bash") and words[1:2] == ["-c"]:
            return self.run_all(split(words[2]))
        return self.run_one(words)

    def run_all(self, commands: list[list[str]]):
        """Commands of which each needs the one before."""
        done = None
        for words in commands:
            if words and words[0] != "find":
                words = [each for word in words for each in self.expanded(word)]
            done = self.run_one(words)
            if done is None or done[0] != 0:
                return done
        return done

    def expanded(self, word: str) -> list[str]:
        """A word for the shell: the files that it is a pattern of, or itself."""
        if "*" not in word or not word.startswith("/"):
            return [word]
        root = self.workload.folder(self.container)
        return sorted("/" + str(each.relative_to(root)) for each in root.glob(word[1:])) or [word]

    def run_one(self, words: list[str]):
        """One command."""
        if not words:
            return None
        name = os.path.basename(words[0])
        known = self.anywhere.get(name)
        if known is None and self.container == OWN_ROOT and self.is_machine:
            known = self.installed.get(name)
        return None if known is None else known(words[1:])

    def as_declared(self, words: list[str]):
        """What the scenario says of a command."""
        for each in self.declared:
            first = each["command"]
            if len(words) < len(first) or not all(map(fnmatch.fnmatchcase, words, first)):
                continue
            for path, text in each["writes"].items():
                target = self.place(path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            for service in each["restarts"]:
                self.act_on("restart", service)
            return (each["code"], each["stdout"], "")
        return None


def split(line: str) -> list[list[str]]:
    """The commands of a line for the shell, of which each needs the one before; none where there is more to it."""
    parts = line.split("&&")
    if any(set("|&;<>$`?") & set(part) for part in parts):
        return []
    return [shlex.split(part) for part in parts]
