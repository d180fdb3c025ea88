"""A deployment that grows while its time passes. Names are those of `jubilant` where it has them."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, overload

from trustsim.answers import Connection, Task
from trustsim.duration import Duration
from trustsim.process import Process, charm_python

Lasting = Duration | str | datetime.timedelta
"""A duration, however it is given."""
Value = bool | int | float | str
"""A value of an option, or a parameter of an action."""


class TaskError(Exception):
    """An action has failed."""

    def __init__(self, task: Task) -> None:
        self.task = task
        super().__init__(f"the action failed on {task.unit}: {task.message}")


def is_path(charm: str | Path) -> bool:
    """Whether `juju deploy` takes this for a charm of this machine, and not for one of Charmhub."""
    return isinstance(charm, Path) or charm.startswith((".", "/"))


class Session:
    """A process of trustsim with a deployment in it. Time passes only when it is told to."""

    def __init__(self, *arguments: str) -> None:
        """`arguments` are those of `trustsim interact`."""
        self._process = Process(*arguments)
        self._models: dict[str, Model] = {}
        self._now: str | None = None

    def ask(self, request: str, **what: Any) -> dict[str, Any]:
        """Sends any request of `trustsim interact`; a key that is None is left out.

        Raises:
            TrustsimError: it was not carried out.
        """
        given = {key: value for key, value in what.items() if value is not None}
        answer, self._now = self._process.ask(request, given)
        return answer

    @property
    def now(self) -> Duration:
        """How much time has passed."""
        if self._now is None:
            self.scenario()
        assert self._now is not None, "every answer has it"
        return Duration.of(self._now)

    def model(self, name: str, *, cloud: str = "kubernetes", controller: str | None = None) -> Model:
        """The model of this name, which is added where it is not there (`juju add-model`).

        `cloud` is `kubernetes` or `machine`.
        """
        if name not in self._models:
            self.ask("add-model", model=name, cloud=cloud, controller=controller)
            self._models[name] = Model(self, name)
        return self._models[name]

    def advance(self, by: Lasting) -> None:
        """Time passes."""
        self.ask("advance", by=str(Duration.of(by)))

    def settle(self, within: Lasting = "1h") -> None:
        """Time passes until nothing happens any more that was caused by a command.

        Raises:
            TrustsimError: `not-at-rest`, something still happens after so long.
        """
        self.ask("settle", within=str(Duration.of(within)))

    def fault(self, kind: str, **what: Any) -> None:
        """Something happens to the deployment now, as under `faults` of a scenario: `fault("kill-unit", unit="prod.web/0")`.

        An underscore in a key is a hyphen, and one at its end is none: `for_="2h"` is `for`.
        """
        keys = _keys(what)
        self.ask("fault", what={kind: keys})

    def client(self, name: str, **what: Any) -> None:
        """Adds a client outside Juju, with keys as under `clients` of a scenario: `client("browser", trusts=["prod.ca"])`."""
        keys = _keys(what)
        self.ask("client", name=name, what=keys)

    def operator(self, name: str, **what: Any) -> None:
        """Adds a person who does what applications wait for, with keys as under `operators` of a scenario."""
        keys = _keys(what)
        self.ask("operator", name=name, what=keys)

    def connect(self, client: str, server: str, **what: Any) -> None:
        """Has a client connect to a server from the beginning, with further keys as under `connections` of a scenario."""
        keys = _keys(what)
        self.ask("connect", connection={"from": client, "to": server, **keys})

    def connection(self, client: str, server: str) -> Connection:
        """How the connections from one application (`prod.web`), or unit, to another have been so far.

        Where none is watched, each unit is taken to connect to each other every minute, from the beginning on.
        """
        return Connection._of(self.ask("connection", **{"from": client, "to": server}))

    def scenario(self) -> str:
        """The session as a scenario, which `trustsim run` plays to the same present."""
        text: str = self.ask("scenario")["scenario"]
        return text

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the session as a scenario file."""
        Path(path).write_text(self.scenario())

    def close(self) -> None:
        """Ends the session."""
        self._process.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Model:
    """A model of a session."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self.name = name

    def _ask(self, request: str, **what: Any) -> dict[str, Any]:
        return self._session.ask(request, model=self.name, **what)

    def deploy(
        self,
        charm: str | Path,
        app: str | None = None,
        *,
        units: int | None = None,
        channel: str | None = None,
        revision: int | None = None,
        config: Mapping[str, Value] | None = None,
        python: str | Path | None = None,
    ) -> None:
        """`juju deploy`. A path that begins with `.` or `/` is a charm's folder, or a packed charm, whose own code is played.

        `python` is the interpreter that runs it (docs/reference/tests.md says which is taken without it).
        """
        own = is_path(charm)
        self._ask(
            "deploy",
            charm=None if own else str(charm),
            source=str(Path(charm).absolute()) if own else None,
            python=_interpreter(python) if own else None,
            application=app,
            units=units,
            channel=channel,
            revision=revision,
            options=dict(config or {}),
        )

    def integrate(self, app1: str, app2: str) -> None:
        """`juju integrate`."""
        self._ask("integrate", sides=[app1, app2])

    def remove_relation(self, app1: str, app2: str) -> None:
        """`juju remove-relation`."""
        self._ask("remove-relation", sides=[app1, app2])

    @overload
    def config(self, app: str) -> Mapping[str, Value]: ...

    @overload
    def config(
        self, app: str, values: Mapping[str, Value] | None = None, *, reset: str | Iterable[str] = ()
    ) -> None: ...

    def config(
        self, app: str, values: Mapping[str, Value] | None = None, *, reset: str | Iterable[str] = ()
    ) -> Mapping[str, Value] | None:
        """`juju config` with values, or with options that go back to their defaults; without either, the options that are
        known of the charm and have a value."""
        reset = [reset] if isinstance(reset, str) else list(reset)
        options = {**(values or {}), **dict.fromkeys(reset)}
        if options:
            self._ask("config", application=app, options=options)
            return None
        settings = self.show_config(app)["settings"]
        return {name: told["value"] for name, told in settings.items() if "value" in told}

    def show_model(self) -> dict[str, Any]:
        """What `juju show-model --format json` prints of this model."""
        told: dict[str, Any] = self._ask("show-model")["juju"]
        return told

    def show_config(self, app: str) -> dict[str, Any]:
        """What `juju config APP --format json` prints."""
        told: dict[str, Any] = self._ask("show-config", application=app)["juju"]
        return told

    def remove_application(self, *app: str) -> None:
        """`juju remove-application`."""
        for each in app:
            self._ask("remove-application", application=each)

    def run(
        self,
        unit: str,
        action: str,
        params: Mapping[str, Value] | None = None,
        *,
        wait: Lasting | None = None,
    ) -> Task:
        """`juju run`: time passes until the action has ended.

        Raises:
            TaskError: it has failed.
            TrustsimError: `not-ended`, it has not ended within `wait`, a minute without it.
        """
        within = None if wait is None else str(Duration.of(wait))
        parameters = dict(params or {})
        told = self._ask("run", unit=unit, action=action, parameters=parameters, within=within)
        task = Task._of(told)
        if not task.success:
            raise TaskError(task)
        return task

    def add_unit(self, app: str, *, num_units: int = 1) -> None:
        """`juju add-unit`."""
        self._ask("add-unit", application=app, count=num_units)

    def remove_unit(self, unit: str) -> None:
        """`juju remove-unit`; on Kubernetes the unit with the highest number goes."""
        self._ask("remove-unit", unit=unit)

    def refresh(
        self,
        app: str,
        *,
        channel: str | None = None,
        revision: int | None = None,
        path: str | Path | None = None,
        python: str | Path | None = None,
    ) -> None:
        """`juju refresh`; with `path` to the code of a charm in a folder, or a packed one."""
        self._ask(
            "refresh",
            application=app,
            channel=channel,
            revision=revision,
            source=None if path is None else str(Path(path).absolute()),
            python=None if path is None else _interpreter(python),
        )

    def offer(self, app: str, *, endpoint: str | Iterable[str], name: str | None = None) -> None:
        """`juju offer`."""
        endpoints = [endpoint] if isinstance(endpoint, str) else list(endpoint)
        self._ask("offer", application=app, endpoints=endpoints, name=name)

    def consume(self, offer: str, alias: str | None = None) -> None:
        """`juju consume` of `[controller:][user/]model.offer`."""
        self._ask("consume", offer=offer, name=alias)

    def status(self) -> dict[str, Any]:
        """What `juju status --format json` prints now."""
        status: dict[str, Any] = self._ask("status")["juju"]
        return status

    def show_unit(self, unit: str) -> dict[str, Any]:
        """What `juju show-unit --format json` prints of a unit now."""
        shown: dict[str, Any] = self._ask("show-unit", unit=unit)["juju"][unit]
        return shown

    def wait(
        self,
        ready: Callable[[dict[str, Any]], bool],
        *,
        error: Callable[[dict[str, Any]], bool] | None = None,
        delay: Lasting = "10s",
        timeout: Lasting = "1h",
        successes: int = 3,
    ) -> dict[str, Any]:
        """Time passes until `ready(status)` holds so many times in a row; gives the last status.

        Raises:
            TimeoutError: it does not hold after so much time of the deployment.
            RuntimeError: `error(status)` holds.
        """
        latest = self._session.now.ns + Duration.of(timeout).ns
        held = 0
        while True:
            status = self.status()
            if error is not None and error(status):
                raise RuntimeError(f"the error that was not to come has come: {status}")
            held = held + 1 if ready(status) else 0
            if held >= successes:
                return status
            if self._session.now.ns >= latest:
                raise TimeoutError(f"it is not so after {Duration.of(timeout)}: {status}")
            self._session.advance(delay)


def _keys(what: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of a scenario: an underscore is a hyphen, and one at the end is none."""
    return {key.rstrip("_").replace("_", "-"): value for key, value in what.items()}


def _interpreter(python: str | Path | None) -> str | None:
    """The interpreter that is named, or the one that is taken otherwise."""
    return charm_python() if python is None else str(python)
