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
# The charm's own machine, or the container in which it runs, beside the containers; Juju takes no other of that name.
OWN_ROOT = "charm"
# What begins the text of a symbolic link; its target follows.
LINK = "\0>"


class Workload:
    """What is done to the containers in one hook."""

    def __init__(self, folder: str, containers: list[dict], own_files: dict[str, str]):
        self.root = pathlib.Path(folder)
        # What commands do, once they can be run.
        self.table = None
        self.acts: list[dict] = []
        self.commands: list[dict] = []
        self.refused: list[dict] = []
        self.usual: dict[str, set[str]] = {}
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
            self.lay_out(name, each["files"])
        self.files[OWN_ROOT] = dict(own_files)
        self.lay_out(OWN_ROOT, own_files)

    def lay_out(self, container: str, files: dict[str, str]) -> None:
        """Makes the files of a container as the last hook left them."""
        self.folder(container).mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            target = self.place(container, path)
            if path.endswith("/"):
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if content.startswith(LINK):
                there = content[len(LINK) :]
                os.symlink(self.place(container, there) if there.startswith("/") else there, target)
            else:
                target.write_bytes(decoded(content))

    def begin(self) -> None:
        """What lies there now is no doing of the charm."""
        told = self.files
        self.files = {container: self.present(container) for container in told}
        # Folders that are there at every beginning are no loss when something lies in them.
        self.usual = {
            container: {path for path in self.files[container] if path.endswith("/") and path not in told[container]}
            for container in told
        }

    def folder(self, container: str) -> pathlib.Path:
        """The root of a container's files."""
        return self.root / container

    def place(self, container: str, path: str) -> pathlib.Path:
        """Where a file of a container is here."""
        return self.folder(container) / path.lstrip("/")

    def note_files(self) -> None:
        """Notes what was written and removed since the last time."""
        for container, before in self.files.items():
            now = self.present(container)
            for path in sorted(set(before) - set(now) - self.usual.get(container, set())):
                self.acts.append({"container": container, "remove": path})
            for path in sorted(now):
                if before.get(path) != now[path]:
                    self.acts.append({"container": container, "write": path, "content": now[path]})
            self.files[container] = now

    def present(self, container: str) -> dict[str, str]:
        """The files that are there, with links, and folders in which nothing is."""
        now = {}
        root = str(self.folder(container))
        for folder, folders, names in os.walk(root):
            inside = folder[len(root) :] + "/"
            if not folders and not names and inside != "/":
                now[inside] = ""
            for name in names + [each for each in folders if os.path.islink(os.path.join(folder, each))]:
                path = os.path.join(folder, name)
                if os.path.islink(path):
                    now[inside + name] = LINK + os.readlink(path)
                elif os.path.isfile(path) and os.stat(path).st_size > LARGEST:
                    told = {"kind": "file", "what": f"{name} has more than {LARGEST >> 20} MiB"}
                    self.refused += [told] if told not in self.refused else []
                elif os.path.isfile(path):
                    with open(path, "rb") as file:
                        now[inside + name] = encoded(file.read())
        return now

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
            # It wipes its folder and fills it from mounts: ours has the files already.
            unused = workload.root / "unused" / keywords["container_name"]
            with chance.uncounted():
                super().__init__(socket_path, unused, mounts, **keywords)
            self._root = workload.folder(keywords["container_name"])
            self._root.mkdir(parents=True, exist_ok=True)

        # What Pebble does to a service, or a check, is a change with a number of its own.
        def _new_perform_check(self, info):
            with chance.uncounted():
                return super()._new_perform_check(info)

        def _new_service_change(self, kind, services):
            with chance.uncounted():
                return super()._new_service_change(kind, services)

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
            services = [name for name in services if self._is_active(name)]
            if not services:
                return None
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
            workload.commands.append(told)
            done = workload.table.run(self._container_name, list(command), None)
            if done is None:
                workload.refused.append({"kind": "command", "what": " ".join(command)})
                done = (127, "", "")
            from scenario import Exec

            handler = Exec(tuple(command), return_code=done[0], stdout=done[1], stderr=done[2])
            others = (each for each in self._container.execs if each.command_prefix != tuple(command))
            execs = frozenset({*others, handler})
            object.__setattr__(self._container, "execs", execs)
            return super().exec(command, **keywords)

    return Client
