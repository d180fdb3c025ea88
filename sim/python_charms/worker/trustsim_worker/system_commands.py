"""Commands of a machine: services, packages, snaps and users, which it keeps from hook to hook."""

import pathlib

from . import snapd
from .file_commands import NOTHING
from .workload import OWN_ROOT

# What apt and dpkg tell of a package whose version is not known.
VERSION = "0~assumed"


class SystemCommands:
    """Of each: its code, its output and its errors; None where it is used in a way that is not known."""

    # The files of the hook, and what the machine knows.
    workload = None
    machine: dict = {}

    @staticmethod
    def uname(words):
        """The usual machine."""
        return (0, {"-m": "x86_64\n", "-s": "Linux\n"}.get(words[0] if words else "-s", ""), "") if len(words) < 2 else None

    def unit_file(self, service: str) -> pathlib.Path | None:
        """The file that makes a service, where the charm wrote one."""
        for folder in ("/etc/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system"):
            path = self.workload.place(OWN_ROOT, f"{folder}/{service}.service")
            if path.is_file():
                return path
        return None

    def knows(self, service: str) -> bool:
        """Whether there is a service: its unit was written, or a package or snap brought it."""
        if service in self.machine["services"] or self.unit_file(service):
            return True
        if service.startswith("snap."):
            return service.split(".")[1] in self.machine["snaps"]
        # A package brings the service of its own name, perhaps with a version behind it.
        packages = self.machine["packages"]
        stem = service.split("@")[0]
        return any(each == stem or each.startswith(f"{stem}-") for each in packages)

    def act_on(self, verb: str, service: str) -> None:
        """Starts, restarts, reloads or stops a service."""
        known = self.machine["services"].setdefault(service, {"active": False, "enabled": False})
        if verb == "stop":
            stopped = [service] if known["active"] else []
            known["active"] = False
            if stopped:
                self.workload.note_services(OWN_ROOT, verb, [], stopped)
            return
        if verb == "start" and known["active"]:
            return
        known["active"] = True
        self.workload.note_services(OWN_ROOT, verb, [service], [])

    def systemctl(self, words):
        """systemctl"""
        options = [word for word in words if word.startswith("-")]
        words = [word for word in words if not word.startswith("-")]
        if not words:
            return None
        verb, services = words[0], [word.removesuffix(".service") for word in words[1:]]
        if verb in ("daemon-reload", "daemon-reexec", "reset-failed", "unmask", "preset"):
            return NOTHING
        if any("*" in service for service in services):
            return None
        if verb in ("is-active", "is-enabled", "is-failed"):
            return self.tell(verb, services)
        missing = [service for service in services if not self.knows(service)]
        if missing and self.machine["packages"] and verb in ("start", "restart", "enable", "stop", "disable", "reload"):
            # One of the packages may have brought it.
            return None
        if missing:
            return (5, "", f"Failed to {verb} {missing[0]}.service: Unit {missing[0]}.service not found.\n")
        doing = {
            "start": ["start"], "stop": ["stop"], "restart": ["restart"], "reload": ["reload"], "try-restart": ["restart"],
            "reload-or-restart": ["reload"], "try-reload-or-restart": ["reload"], "force-reload": ["reload"],
            "enable": ["start"] if "--now" in options else [], "disable": ["stop"] if "--now" in options else [],
            "mask": ["stop"] if "--now" in options else [],
        }.get(verb)
        if doing is None or not services:
            return None
        for service in services:
            known = self.machine["services"].setdefault(service, {"active": False, "enabled": False})
            known["enabled"] = {"enable": True, "disable": False, "mask": False}.get(verb, known["enabled"])
            if verb.startswith(("reload", "try")) and not known["active"]:
                if verb == "reload":
                    return (1, "", f"{service}.service is not active, cannot reload.\n")
                if verb.startswith("try"):
                    continue
            for each in doing:
                self.act_on(each, service)
        return NOTHING

    def tell(self, verb: str, services: list[str]):
        """systemctl is-active, is-enabled, is-failed"""
        what = {"is-active": ("active", "active", "inactive", 3), "is-enabled": ("enabled", "enabled", "disabled", 1)}
        if verb == "is-failed":
            return (1, "active\n", "")
        key, yes, no, code = what[verb]
        told = [self.machine["services"].get(service, {}).get(key, False) for service in services]
        return (0 if all(told) else code, "".join(f"{yes if each else no}\n" for each in told), "")

    def service(self, words):
        """service NAME VERB"""
        return self.systemctl([words[1], words[0]]) if len(words) == 2 else None

    def apt(self, words):
        """apt, apt-get"""
        plain = [word for word in words if not word.startswith("-") and "::" not in word]
        if not plain or plain[0] in ("update", "upgrade", "clean", "autoremove", "dist-upgrade"):
            return NOTHING
        for name in plain[1:]:
            name, _, version = name.partition("=")
            if plain[0] == "install":
                self.machine["packages"][name] = version or VERSION
                self.bring(name)
            elif plain[0] in ("remove", "purge"):
                self.machine["packages"].pop(name, None)
            else:
                return None
        return NOTHING

    def bring(self, package: str) -> None:
        """**Assumption**: a package has a folder of its name in `/etc`, and its service, if it has one, starts by itself."""
        self.workload.place(OWN_ROOT, f"/etc/{package}").mkdir(parents=True, exist_ok=True)

    def apt_cache(self, words):
        """apt-cache show"""
        if words[:1] != ["show"] or len(words) != 2:
            return None
        version = self.machine["packages"].get(words[1], VERSION)
        return (0, f"Package: {words[1]}\nArchitecture: amd64\nVersion: {version}\n\n", "")

    def dpkg(self, words):
        """dpkg -l, --print-architecture"""
        if words == ["--print-architecture"]:
            return (0, "amd64\n", "")
        if words[:1] in (["-l"], ["-s"], ["-W"], ["--list"], ["--status"]) and len(words) == 2:
            version = self.machine["packages"].get(words[1])
            if version is None:
                return (1, "", f"dpkg-query: no packages found matching {words[1]}\n")
            head = "Desired\n| Status\n|/ Err?\n||/ Name  Version  Architecture  Description\n+++-====-====-====-====\n"
            return (0, f"{head}ii  {words[1]}  {version}  amd64  {words[1]}\n", "")
        return None

    def snap(self, words):
        """snap"""
        return snapd.command(self, words)

    def add_user(self, words):
        """useradd, adduser"""
        names = [word for word in words if not word.startswith("-")]
        if not names:
            return None
        users = self.machine["users"]
        users.setdefault(names[-1], 1001 + len(users))
        return NOTHING
