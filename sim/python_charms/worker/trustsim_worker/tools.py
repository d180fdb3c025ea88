"""The hook tools of ops[testing], which tell what the charm does with secrets."""

import contextlib
import datetime
import os
import subprocess

import ops
from scenario import _runtime, mocking
from scenario import state as scenario_state
from scenario._runtime import Runtime

from . import chance


class Seen:
    """What ops[testing] holds while the hook runs, for when it fails."""

    state = None


class Tools:
    """Calls of the hook tools for secrets, in order."""

    def __init__(self):
        self.secrets: list[dict] = []
        self.refused: list[dict] = []
        self.added: list[str] = []
        # The labels that the charm gave secrets of others, by their ids.
        self.labels: dict[str, str] = {}

    def refuse(self, what: str) -> None:
        """Notes what is not played."""
        self.refused.append({"kind": "hook-tool", "what": what})


def patch_backend(asked: dict, charm) -> Tools:
    """Has the hook tools of ops[testing] tell what the charm does with secrets."""
    tools = Tools()
    tools.labels = dict(asked["framework"].get("labels", {}))
    backend = mocking._MockModelBackend
    replaced = ("__init__", "_get_secret", "secret_add", "secret_set", "secret_get", "secret_remove")
    original = {name: getattr(backend, name) for name in replaced}

    def init(self, *arguments, **keywords):
        original["__init__"](self, *arguments, **keywords)
        Seen.state = self._state

    def find(self, id=None, label=None):
        # ops writes the id of a secret of this model with the model, and ops[testing] finds it only without.
        own = f"secret://{self._state.model.uuid}/"
        if id is not None and id.startswith(own):
            id = "secret:" + id.removeprefix(own)
        return original["_get_secret"](self, id, label)

    def add(self, content, **keywords):
        if keywords.get("rotate"):
            tools.refuse("secret-add --rotate")
        done = original["secret_add"](self, content, **keywords)
        owner = keywords.get("owner") or "application"
        tools.added.append(done)
        tools.secrets.append(
            {
                "tool": "secret-add",
                "id": done,
                "owner": owner,
                "label": keywords.get("label"),
                "content": dict(content),
                "expire": told_instant(keywords.get("expire")),
            }
        )
        return done

    def change(self, id, **keywords):
        found = self._get_secret(id, None)
        if keywords.get("label") not in (None, found.label):
            tools.refuse("secret-set --label")
        if keywords.get("rotate"):
            tools.refuse("secret-set --rotate")
        original["secret_set"](self, id, **keywords)
        content = keywords.get("content")
        tools.secrets.append(
            {
                "tool": "secret-set",
                "id": found.id,
                "content": dict(content) if content else None,
                "expire": told_instant(keywords.get("expire")),
            }
        )

    def get(self, *, id=None, label=None, refresh=False, peek=False):
        found = self._get_secret(id, label if id is None else None)
        if id is not None and label not in (None, found.label):
            if found.owner is not None:
                tools.refuse("secret-get with a label of its own")
            tools.labels[found.id] = label
        done = original["secret_get"](self, id=id, label=label, refresh=refresh, peek=peek)
        call = {"tool": "secret-get", "id": found.id, "refresh": refresh, "peek": peek}
        if found.id not in tools.added:
            tools.secrets.append(call)
        return done

    def remove(self, id, *, revision=None):
        found = self._get_secret(id, None)
        self._check_can_manage_secret(found)
        tools.secrets.append({"tool": "secret-remove", "id": found.id, "revision": revision})
        # ops[testing] refuses the revision that it takes for the latest.
        if revision is None:
            original["secret_remove"](self, id, revision=revision)

    for name in ("credential_get", "resource_get", "storage_add"):
        setattr(backend, name, refusing(tools, name.replace("_", "-")))
    def storage(self, storage_name_id, attribute):
        name, number = storage_name_id.rsplit("/", 1) if "/" in storage_name_id else (storage_name_id, "0")
        place = f"/var/lib/juju/storage/{name}/{number}"
        os.makedirs(place, exist_ok=True)
        told = {"location": place, "kind": "filesystem"}
        return told[attribute] if attribute else told

    backend.storage_get = storage
    for name, method in zip(replaced, (init, find, add, change, get, remove), strict=True):
        setattr(backend, name, method)
    patch_runtime(asked, charm)
    answer_secret_ids()
    return tools


def answer_secret_ids() -> None:
    """Answers the hook tool `secret-ids`, which charmlibs runs as a program: the ids of what the unit may manage, one a line
    (juju/juju 3.6 `internal/worker/uniter/runner/jujuc/secret-ids.go`). Juju has them in no order."""
    original = subprocess.run

    def run(command, *arguments, **keywords):
        if list(command) != ["secret-ids"]:
            return original(command, *arguments, **keywords)
        state = Seen.state
        owners = ("unit", "app") if state.leader else ("unit",)
        ids = sorted(each.id.removeprefix("secret:") for each in state.secrets if each.owner in owners)
        return subprocess.CompletedProcess(command, 0, "".join(f"{each}\n" for each in ids), "")

    subprocess.run = run


def refusing(tools: Tools, name: str):
    """A hook tool that is not played."""

    def refused(self, *_, **__):
        tools.refuse(name)
        raise ops.ModelError(f"trustsim does not play {name}")

    return refused


def patch_runtime(asked: dict, charm) -> None:
    """Has ops[testing] use the charm's folder, ids that follow from the hook, and Juju's environment."""
    letters = "0123456789abcdefghijklmnopqrstuv"
    scenario_state._generate_secret_id = lambda: "secret:" + "".join(letters[each % 32] for each in chance.STREAM.urandom(20))

    @contextlib.contextmanager
    def root(self):
        unit = asked["unit"].replace("/", "-")
        yield _runtime.Path(f"/var/lib/juju/agents/unit-{unit}/charm")

    Runtime._virtual_charm_root = root
    environment = Runtime._get_event_env

    def told(self, *arguments, **keywords):
        env = environment(self, *arguments, **keywords)
        if asked["kind"] == "relation-changed" and "remote-unit" not in asked:
            # For a change of the other application's databag Juju leaves it empty (juju/juju 3.6
            # `uniter/runner/context/context.go`); ops[testing] puts some unit there.
            env["JUJU_REMOTE_UNIT"] = ""
        return env

    Runtime._get_event_env = told


def told_instant(expire) -> str | None:
    """An expiry as RFC 3339; without a zone it is in UTC, in which units run."""
    if expire is None:
        return None
    if isinstance(expire, datetime.timedelta):
        expire = datetime.datetime.now(datetime.timezone.utc) + expire
    if expire.tzinfo is None:
        expire = expire.replace(tzinfo=datetime.timezone.utc)
    return expire.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
