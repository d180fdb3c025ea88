"""What a session answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from trustsim.duration import Duration


@dataclasses.dataclass(frozen=True)
class Task:
    """An action that has ended."""

    unit: str
    """The unit that ran it, `model.app/0`."""
    status: str
    """`completed` or `failed`."""
    results: Mapping[str, str]
    """What the charm's code told; empty for a charm that is not played by its own code, whose results are not known."""
    message: str
    """Why it failed."""
    log: list[str]
    """What a charm did in it that is not played by its own code."""

    @property
    def success(self) -> bool:
        """Whether it completed."""
        return self.status == "completed"

    @classmethod
    def _of(cls, told: Mapping[str, Any]) -> Task:
        log = told["log"]
        return cls(
            unit=told["unit"],
            status=told["status"],
            results=dict(told["results"]),
            message=told["message"] or "",
            log=[] if log is None else [log],
        )


@dataclasses.dataclass(frozen=True)
class Outage:
    """A while in which a connection did not work."""

    start: str
    """The first failure, RFC 3339."""
    end: str | None
    """The next success; None where it has not come."""
    lost: Duration
    """How long that is so far."""
    error: str
    """How it fails, such as `unknown-issuer`."""
    code: str
    """The page of the error: `trustsim explain CODE`."""
    cause: str
    """What kept it from working."""


@dataclasses.dataclass(frozen=True)
class WatchedConnection:
    """A connection from one unit, or client, to one unit."""

    name: str
    """`prod.web/0 -> prod.web/1`."""
    server_name: str
    """The name that is dialled."""
    first_attempt: str | None
    """When it was tried first, RFC 3339; None where it was not."""
    lost: Duration
    """How long it did not work so far, in all."""
    outages: list[Outage]
    """When, in order of time."""


@dataclasses.dataclass(frozen=True)
class Connection:
    """The connections between two applications, each unit with each."""

    connections: list[WatchedConnection]
    """One for each pair of units."""

    @property
    def lost(self) -> Duration:
        """The most that any of them has lost, which is what `at-most` bounds in a scenario."""
        return max((each.lost for each in self.connections), default=Duration(0))

    @property
    def outages(self) -> list[Outage]:
        """The outages of all of them, in order of time."""
        found = [outage for each in self.connections for outage in each.outages]
        return sorted(found, key=lambda outage: outage.start)

    @property
    def error(self) -> str | None:
        """How the last outage failed, such as `unknown-issuer`; None where there was none."""
        return self.outages[-1].error if self.outages else None

    @property
    def cause(self) -> str | None:
        """What kept it from working in the last outage, as the first line of `trustsim why` says it."""
        return self.outages[-1].cause if self.outages else None

    @property
    def is_working(self) -> bool:
        """Whether each of them was tried, and works now."""
        return all(
            each.first_attempt is not None
            and all(outage.end is not None for outage in each.outages)
            for each in self.connections
        )

    @classmethod
    def _of(cls, told: Mapping[str, Any]) -> Connection:
        return cls(
            [
                WatchedConnection(
                    name=each["name"],
                    server_name=each["server-name"],
                    first_attempt=each["first-attempt"],
                    lost=Duration(each["lost-ns"]),
                    outages=[_outage(outage) for outage in each["outages"]],
                )
                for each in told["connections"]
            ]
        )


def _outage(told: Mapping[str, Any]) -> Outage:
    return Outage(
        start=told["from"],
        end=told["until"],
        lost=Duration(told["lost-ns"]),
        error=told["error"],
        code=told["code"],
        cause=told["cause"],
    )


def all_active(status: Mapping[str, Any], *apps: str) -> bool:
    """Whether these applications, or all, and their units are `active` in what `juju status --format json` prints."""
    applications = status["applications"]
    if not set(apps) <= set(applications):
        return False
    chosen = [applications[app] for app in apps] if apps else list(applications.values())
    currents = [app["application-status"]["current"] for app in chosen]
    currents += [
        unit["workload-status"]["current"] for app in chosen for unit in app.get("units", {}).values()
    ]
    return all(current == "active" for current in currents)
