"""Runs one recorded hook with the real libraries under ops[testing]."""

import contextlib
import dataclasses
import datetime
import os
import stat
import tempfile

import charms
import ops
import time_machine
from ops import testing
from scenario._runtime import Runtime
from scenario.errors import UncaughtCharmError

UTC = datetime.timezone.utc

# Options whose values are not texts.
OPTION_TYPES = {"certificate-limit": int}


@dataclasses.dataclass
class Left:
    """What the real libraries leave behind."""

    relations: dict[int, testing.Relation]
    secrets: dict[tuple[str, str], testing.Secret]
    told: list[str]
    error: str | None


@contextlib.contextmanager
def secret_ids(ids: list[str]):
    """A `secret-ids` on the path, for which ops has no method: the library runs the hook tool."""
    with tempfile.TemporaryDirectory() as folder:
        tool = os.path.join(folder, "secret-ids")
        with open(tool, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\ncat <<EOF\n" + "\n".join(ids) + "\nEOF\n")
        os.chmod(tool, os.stat(tool).st_mode | stat.S_IXUSR)
        path = os.environ["PATH"]
        os.environ["PATH"] = f"{folder}:{path}"
        try:
            yield
        finally:
            os.environ["PATH"] = path


@contextlib.contextmanager
def application_changed(entry: dict):
    """For a relation-changed of the other application's databag Juju leaves JUJU_REMOTE_UNIT empty
    (juju/juju 3.6 `uniter/runner/context/context.go`); ops[testing] puts some unit there, and
    wants one to be."""
    if entry["kind"] != "relation-changed" or "remote-unit" in entry:
        yield
        return
    original = Runtime._get_event_env

    def without_unit(*args, **keywords):
        return original(*args, **keywords) | {"JUJU_REMOTE_UNIT": ""}

    Runtime._get_event_env = without_unit
    os.environ["SCENARIO_SKIP_CONSISTENCY_CHECKS"] = "1"
    try:
        yield
    finally:
        Runtime._get_event_env = original
        del os.environ["SCENARIO_SKIP_CONSISTENCY_CHECKS"]


def carried(entry: dict) -> dict[str, dict]:
    """The libraries of this hook that are on PyPI, by endpoint."""
    return {
        each["endpoint"]: each
        for each in entry["libraries"]
        if each["library"] in charms.CURRENT
    }


def foreign(entry: dict) -> bool:
    """Whether the hook is of something that no real library here knows: another relation, or a
    container's notice."""
    if entry["kind"] in ("pebble-ready", "pebble-custom-notice"):
        return True
    if "relation-id" not in entry:
        return False
    relation = relation_of(entry)
    return relation is None or relation["endpoint"] not in carried(entry)


def relation_of(entry: dict) -> dict | None:
    """The relation that the hook is about."""
    for relation in entry["before"]["relations"]:
        if relation["relation-id"] == entry["relation-id"]:
            return relation
    return None


def run(entry: dict) -> Left:
    """Runs the hook at its own instant."""
    before = entry["before"]
    libraries = carried(entry)
    relations = {
        each["relation-id"]: relation(each)
        for each in before["relations"]
        if each["endpoint"] in libraries
    }
    # Who leads now may hear of a secret that it came to read when it did not; ops[testing] takes
    # the owner for one that never does.
    heard = entry["secret"]["uri"] if entry["kind"] == "secret-changed" else None
    secrets = {
        each["uri"]: secret(each, before["leader"] and each["uri"] != heard)
        for each in before["secrets"]
    }
    context = testing.Context(
        charms.make(entry),
        meta=meta(entry, libraries, before["relations"]),
        config=options(before["config"]),
        actions=actions(entry),
        app_name=entry["unit"].split("/")[0],
        unit_id=int(entry["unit"].split("/")[1]),
        juju_version="3.6.0",
    )
    state = testing.State(
        leader=before["leader"],
        config={key: OPTION_TYPES.get(key, str)(value) for key, value in before["config"].items()},
        relations=relations.values(),
        secrets=secrets.values(),
        model=testing.Model(name=entry["model"]),
    )
    owned = [each.id for each in secrets.values() if each.owner]
    clock = datetime.datetime.fromisoformat(before["clock"][:26].rstrip("Z") + "+00:00")
    error = None
    with secret_ids(owned), application_changed(entry), time_machine.travel(clock, tick=False):
        try:
            state = context.run(event(context, entry, relations, secrets), state)
        except UncaughtCharmError as raised:
            error = str(raised.__cause__ or raised)
    told = [type(each).__name__ for each in context.emitted_events]
    return Left(
        relations={each.id: each for each in state.relations},
        secrets={(each.owner, each.label): each for each in state.secrets},
        told=told,
        error=error,
    )


def meta(entry: dict, libraries: dict[str, dict], relations: list[dict]) -> dict:
    """The charm's metadata, as far as this hook goes."""
    interfaces = {each["endpoint"]: each["interface"] for each in relations}
    meta = {"name": entry["unit"].split("/")[0], "provides": {}, "requires": {}}
    for endpoint, library in libraries.items():
        guess = "certificate_transfer" if "transfer" in library["library"] else "tls-certificates"
        side = "provides" if library["role"] == "provider" else "requires"
        meta[side][endpoint] = {"interface": interfaces.get(endpoint, guess)}
    return meta


def actions(entry: dict) -> dict:
    """The action that is run, if it is one."""
    if "action" not in entry:
        return {}
    parameters = {each: {"type": "string"} for each in entry["action"]["parameters"]}
    return {entry["action"]["name"]: {"params": parameters}}


def options(config: dict[str, str]) -> dict:
    """The charm's options."""
    types = {int: "int", str: "string"}
    return {
        "options": {
            key: {"type": types[OPTION_TYPES.get(key, str)], "description": key} for key in config
        }
    }


def relation(recorded: dict) -> testing.Relation:
    """A relation as the unit sees it."""
    name = recorded["remote-application"]
    units = {}
    for unit, data in recorded["remote-units"].items():
        application, number = unit.split("/")
        assert application == name, f"{unit} is not of {name}"
        units[int(number)] = dict(data)
    return testing.Relation(
        recorded["endpoint"],
        interface=recorded["interface"],
        id=recorded["relation-id"],
        remote_app_name=name,
        remote_app_data=dict(recorded["remote-application-data"]),
        remote_units_data=units,
        local_app_data=dict(recorded["application-data"] or {}),
        local_unit_data=dict(recorded["unit-data"]),
    )


def secret(recorded: dict, manages: bool) -> testing.Secret:
    """A secret as the unit sees it; that of its application it only reads, unless it leads."""
    owner = "unit"
    if recorded["owner"] == "application":
        owner = "app" if manages else None
    expire = recorded["expire"]
    secret = testing.Secret(
        dict(recorded["content"]),
        id=f"secret:{recorded['uri']}",
        owner=owner,
        label=recorded["label"],
        expire=instant(expire) if expire else None,
    )
    for field in ("_tracked_revision", "_latest_revision"):
        object.__setattr__(secret, field, recorded["revision"])
    return secret


def instant(text: str) -> datetime.datetime:
    """An RFC 3339 instant, as finely as Python has it."""
    return datetime.datetime.fromisoformat(text[:26].rstrip("Z") + "+00:00")


def event(context: testing.Context, entry: dict, relations: dict, secrets: dict):
    """The event that the hook is."""
    kind = entry["kind"]
    make = getattr(context.on, kind.replace("-", "_"), None)
    if kind == "action":
        return context.on.action(entry["action"]["name"], params=entry["action"]["parameters"])
    if "secret" in entry:
        secret = secrets[entry["secret"]["uri"]]
        if kind == "secret-changed":
            return make(secret)
        return make(secret, revision=entry["secret"]["revision"])
    if "relation-id" not in entry:
        return make()
    about = relations[entry["relation-id"]]
    number = {
        key: int(entry[word].split("/")[1])
        for key, word in (("remote_unit", "remote-unit"), ("departing_unit", "departing-unit"))
        if word in entry
    }
    return make(about, **number)
