"""The containers of a unit: their files, and what Pebble does to their services, in order.

What a process serves is what lay in its files when it last started, so each write is told before the start that it precedes.
"""

import base64
import os
import pathlib

from ops import pebble
from scenario import mocking

from . import chance


# A larger file is no certificate, no key and no configuration.
LARGEST = 4 << 20


class Workload:
    """What is done to the containers in one hook."""

    def __init__(self, folder: str, containers: list[dict], known: list[dict]):
        self.root = pathlib.Path(folder)
        self.known_commands = known
        self.acts: list[dict] = []
        self.commands: list[dict] = []
        self.refused: list[dict] = []
        self.files: dict[str, dict[str, str]] = {}
        # By container and service: what the plan said of it when it started.
        self.started: dict[str, dict[str, dict]] = {}
        for each in containers:
            name = each["name"]
            self.files[name] = dict(each["files"])
            services = each["pebble"].get("services", {})
            self.started[name] = {
                service: kept["started-with"]
                for service, kept in services.items()
                if kept["started-with"] is not None
            }
            for path, content in each["files"].items():
                target = self.place(name, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(decoded(content))
            self.folder(name).mkdir(parents=True, exist_ok=True)

    def folder(self, container: str) -> pathlib.Path:
        """The root of a container's files."""
        return self.root / container

    def place(self, container: str, path: str) -> pathlib.Path:
        """Where a file of a container is here."""
        return self.folder(container) / path.lstrip("/")

    def note_files(self) -> None:
        """Notes what was written and removed since the last time."""
        for container, before in self.files.items():
            now = {}
            for folder, _, names in os.walk(self.folder(container)):
                for name in names:
                    path = pathlib.Path(folder, name)
                    if path.is_file() and path.stat().st_size > LARGEST:
                        told = {"kind": "file", "what": f"{name} has more than {LARGEST >> 20} MiB"}
                        self.refused += [told] if told not in self.refused else []
                    elif path.is_file():
                        inside = "/" + str(path.relative_to(self.folder(container)))
                        now[inside] = encoded(path.read_bytes())
            for path in sorted(set(before) - set(now)):
                self.acts.append({"container": container, "remove": path})
            for path in sorted(now):
                if before.get(path) != now[path]:
                    self.acts.append({"container": container, "write": path, "content": now[path]})
            self.files[container] = now

    def note_services(self, container: str, verb: str, started: list[str], stopped: list[str]) -> None:
        """Notes what Pebble did to services; files that were written before come first."""
        self.note_files()
        self.acts.append(
            {"container": container, "services": verb, "started": started, "stopped": stopped}
        )

    def kept(self, container) -> dict:
        """What Pebble in a container knows, for its next hook."""
        started = self.started.get(container.name, {})
        return {
            "layers": [
                {"label": label, "layer": layer.to_yaml()}
                for label, layer in container.layers.items()
            ],
            "services": {
                name: {"status": status.value, "started-with": started.get(name)}
                for name, status in sorted(container.service_statuses.items())
            },
        }


def encoded(content: bytes) -> str:
    """A file as a text: what is no text in UTF-8 is told in base64, behind a letter that no text begins with."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return "\0" + base64.b64encode(content).decode()


def decoded(text: str) -> bytes:
    """The opposite."""
    return base64.b64decode(text[1:]) if text.startswith("\0") else text.encode()


def pebble_client(workload: Workload):
    """The client of ops[testing], which tells what it does, and keeps the files that were there before the hook."""

    base = mocking._MockPebbleClient

    class Client(base):
        """Pebble in one container."""

        def __init__(self, socket_path, container_root, mounts, **keywords):
            drawn = chance.STREAM.drawn
            # It wipes its folder and fills it from mounts: ours has the files already.
            unused = workload.root / "unused" / keywords["container_name"]
            super().__init__(socket_path, unused, mounts, **keywords)
            self._root = workload.folder(keywords["container_name"])
            self._root.mkdir(parents=True, exist_ok=True)
            # The numbers of its changes are none that a charm keeps.
            chance.STREAM.drawn = drawn

        def _rendered(self) -> dict[str, dict]:
            plan = self.get_plan().services
            return {name: dict(service.to_dict()) for name, service in plan.items()}

        def _start(self, verb: str, names: list[str], stopped: tuple[str, ...] = ()) -> None:
            rendered = self._rendered()
            started = workload.started.setdefault(self._container_name, {})
            started.update({name: rendered[name] for name in names})
            workload.note_services(self._container_name, verb, list(names), list(stopped))

        def _is_active(self, name: str) -> bool:
            return self._service_status.get(name) == pebble.ServiceStatus.ACTIVE

        def autostart_services(self, timeout=30.0, delay=0.1):
            before = {name for name in self._rendered() if self._is_active(name)}
            super().autostart_services(timeout, delay)
            fresh = [name for name in self._rendered() if self._is_active(name) and name not in before]
            self._start("start", fresh)

        def replan_services(self, timeout=30.0, delay=0.1):
            # Services that run and whose configuration changed are restarted; those that start by themselves and do not
            # run are started (canonical/pebble, `pebble replan`).
            rendered = self._rendered()
            running = {name for name in rendered if self._is_active(name)}
            ran_with = workload.started.get(self._container_name, {})
            changed = [name for name in sorted(running) if ran_with.get(name) != rendered[name]]
            base.autostart_services(self, timeout, delay)
            self._update_state_check_infos()
            fresh = [name for name in rendered if self._is_active(name) and name not in running]
            self._start("replan", fresh + changed)

        def start_services(self, services, timeout=30.0, delay=0.1):
            before = [name for name in services if self._is_active(name)]
            done = super().start_services(services, timeout, delay)
            self._start("start", [name for name in services if name not in before])
            return done

        def stop_services(self, services, timeout=30.0, delay=0.1):
            done = super().stop_services(services, timeout, delay)
            started = workload.started.setdefault(self._container_name, {})
            for name in services:
                started.pop(name, None)
            workload.note_services(self._container_name, "stop", [], list(services))
            return done

        def restart_services(self, services, timeout=30.0, delay=0.1):
            done = super().restart_services(services, timeout, delay)
            self._start("restart", list(services))
            return done

        def send_signal(self, sig, services):
            self._check_connection()
            workload.refused.append({"kind": "signal", "what": f"{sig} to {', '.join(services)}"})

        def exec(self, command, **keywords):
            self._check_connection()
            told = {"container": self._container_name, "command": list(command)}
            workload.note_files()
            workload.commands.append(told)
            known = [each for each in workload.known_commands if command[: len(each)] == each]
            if not known:
                workload.refused.append({"kind": "command", "what": " ".join(command)})
            prefix = tuple(known[0]) if known else tuple(command)
            from scenario import Exec

            handler = Exec(prefix, return_code=0 if known else 127)
            execs = frozenset({*self._container.execs, handler})
            object.__setattr__(self._container, "execs", execs)
            return super().exec(command, **keywords)

    return Client
