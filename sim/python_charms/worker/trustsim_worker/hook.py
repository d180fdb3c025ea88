"""One hook: runs it with ops[testing], and tells what it left."""

import importlib
import ipaddress
import os
import re
import socket
import tempfile
import traceback

import ops
import time_machine
from ops import testing
from scenario import _runtime, mocking
from scenario.errors import UncaughtCharmError

from . import chance, commands, guard, kubernetes, network, own_files, processes, state, tools, workload


def no_spans() -> None:
    """Has ops trace nothing: where its spans go is no part of a run, and it numbers them at random, in threads."""
    tracing = getattr(ops, "tracing", None)
    if tracing is not None:
        tracing._setup = lambda *_, **__: None
        tracing._shutdown = lambda *_, **__: None


def play(asked: dict, charm, folder: str, ask_key) -> dict:
    """Runs the hook of a process that was forked for it."""
    os.environ["SCENARIO_SKIP_CONSISTENCY_CHECKS"] = "1"
    # The same of the libraries that traced charms before ops did (its buffer would be another one after each hook), and that
    # send the charm's log away.
    os.environ |= {"CHARM_TRACING_ENABLED": "0", "CHARM_LOGGING_ENABLED": "0"}
    no_spans()
    doings = workload.Workload(os.path.join(folder, "containers"), asked["containers"], asked["files"])
    doings.table = table = commands.Table(doings, asked)
    api = kubernetes.Kubernetes(asked, charm)
    calls = tools.patch_backend(asked, charm)
    mocking._MockPebbleClient = workload.pebble_client(doings)
    socket.gethostname = lambda: asked["hostname"]
    socket.getfqdn = lambda name="": asked["fqdn"] if name in ("", asked["hostname"]) else name
    socket.gethostbyaddr = reverse_dns(asked, socket.gethostbyaddr)
    os.environ["HOSTNAME"] = asked["hostname"]
    keeper = guard.Guard(charm.readable)
    own = own_files.OwnFiles(folder, charm, asked, doings)
    with time_machine.travel(state.instant(asked["before"]["clock"]), tick=False) as travelling:
        clock = chance.Clock(travelling)
        clock.take_over()
        context = context_of(asked, charm, folder)
        # Up to 2.23 ops[testing] had another name for it.
        before = state.make(asked, getattr(context, "_charm_spec", None) or context.charm_spec)
        event = state.event(context, asked, before, charm.actions)
        os.chdir(own.working)
        own.take_over()
        doings.begin()
        processes.answer(table, keeper.refuse)
        network.take_over(network.Network(asked["answers"], table, api, keeper.refuse), own.place)
        os.environ |= {"KUBERNETES_SERVICE_HOST": kubernetes.HOST, "KUBERNETES_SERVICE_PORT": "443"}
        keeper.arm(folder)
        chance.STREAM.begin(asked["entropy"], ask_key)
        after, error, failed = run(context, attached(context, asked, before) + [event], before)
        drew = chance.STREAM.has_drawn()
    doings.note_files()
    told = answer(context, after, doings, calls, error)
    known = (table.known_state() or {}) | ({"kubernetes": api.objects} if api.objects else {})
    told["machine"] = known or None
    if told["framework"] is not None and (files := own.left()):
        told["framework"]["files"] = files
    return told | {
        "refused": keeper.refused + doings.refused + calls.refused + own.refused,
        "slept": round(clock.slept, 6),
        "drew": drew,
        "action-failed": failed,
    }


def context_of(asked: dict, charm, folder: str):
    """What ops[testing] runs the hook in. Its files lie in the hook's folder, which is removed with the hook's process: that
    process is ended without the clean-up that ops[testing] relies on."""
    before, tempfile.tempdir = tempfile.tempdir, folder
    try:
        context = testing.Context(
            charm.kind,
            meta=charm.meta,
            config=charm.config,
            actions=charm.actions,
            charm_root=charm.root,
            app_name=asked["unit"].split("/")[0],
            unit_id=state.unit_number(asked["unit"]),
            juju_version="3.6.0",
            app_trusted=True,
        )
    finally:
        tempfile.tempdir = before
    context._tmp_path = _runtime.Path(folder)
    return context


def reverse_dns(asked: dict, of_host):
    """`socket.gethostbyaddr`: the load balancer's name is all that reverse DNS has; a name is for the host to find."""
    fronted = asked["load-balancer"] or {}

    def gethostbyaddr(address):
        try:
            ipaddress.ip_address(address)
        except ValueError:
            return of_host(address)
        if address == fronted.get("address") and fronted.get("reverse-name"):
            return (fronted["reverse-name"], [], [address])
        raise socket.herror(1, "Unknown host")

    return gethostbyaddr


def attached(context, asked: dict, before) -> list:
    """Storage is attached to a unit before its install hook; none of it ever goes."""
    storages = before.storages if asked["kind"] == "install" else []
    return [context.on.storage_attached(each) for each in sorted(storages, key=lambda each: each.name)]


def run(context, events: list, before):
    """The state after the hook, why it failed, and with what message its action did."""
    try:
        for event in events:
            before = context.run(event, before)
        return before, None, None
    except testing.ActionFailed as failed:
        return failed.state or tools.Seen.state, None, failed.message
    except UncaughtCharmError as raised:
        cause = raised.__cause__ or raised
        return tools.Seen.state, described(cause), None
    except SystemExit as raised:
        return tools.Seen.state, described(raised) if raised.code else None, None


def described(raised: BaseException) -> dict:
    """An exception as Juju's log would show its last line, and where it was raised."""
    frames = traceback.extract_tb(raised.__traceback__)
    where = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    return {"type": type(raised).__name__, "message": str(raised)[:2000], "where": where}


def answer(context, after, doings, calls, error) -> dict:
    """What the hook left."""
    if after is None:
        # It failed before ops was there.
        nothing = {"relations": [], "secrets": [], "workload": [], "commands": []}
        return nothing | {"error": error, "pebble": {}, "framework": None, "status": None, "results": None}
    containers = {each.name: doings.kept(each) for each in after.containers}
    relations = [
        {
            "relation-id": each.id,
            "application-data": dict(each.local_app_data),
            "unit-data": dict(each.local_unit_data),
        }
        for each in sorted(after.relations, key=lambda each: each.id)
    ]
    status = None
    if context.unit_status_history:
        status = {"current": after.unit_status.name, "message": after.unit_status.message}
    return {
        "error": error,
        "relations": relations,
        "secrets": calls.secrets,
        "workload": doings.acts,
        "pebble": containers,
        "framework": framework(after) | ({"labels": calls.labels} if calls.labels else {}),
        "status": status,
        "commands": doings.commands,
        "results": {str(key): str(value) for key, value in (context.action_results or {}).items()},
    }


def framework(after) -> dict:
    """What ops keeps for the unit's next hook.

    It numbers events, so that each has a handle of its own: of the count only what deferred events need is kept, or each hook
    would change something.
    """
    numbers = [re.search(r"\[(\d+)\]$", each.handle_path) for each in after.deferred]
    last = max((int(found[1]) for found in numbers if found), default=0)
    stored = [
        {
            "name": each.name,
            "owner": each.owner_path,
            "type": each._data_type_name,
            "content": repr(dict(each.content)),
        }
        for each in after.stored_states
        if each.owner_path is not None or set(each.content) != {"event_count"}
    ]
    if last:
        count = {"name": "_stored", "owner": None, "type": "StoredStateData"}
        stored.append(count | {"content": repr({"event_count": last})})
    return {
        "stored": sorted(stored, key=lambda each: (each["owner"] or "", each["name"])),
        "deferred": [
            {
                "handle": each.handle_path,
                "owner": each.owner,
                "observer": each.observer,
                "snapshot": repr(each.snapshot_data),
            }
            for each in after.deferred
        ],
    }


def versions() -> dict:
    """What is installed here, by name."""
    metadata = importlib.import_module("importlib.metadata")
    found = {each.metadata["Name"]: each.version for each in metadata.distributions()}
    return dict(sorted((name, version) for name, version in found.items() if name))

