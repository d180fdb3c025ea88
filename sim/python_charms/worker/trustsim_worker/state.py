"""From what a unit sees, as trustsim writes it, to a state of ops[testing]."""

import ast
import datetime
import ipaddress
import uuid

import yaml

from ops import pebble, testing

TYPES = {
    "int": int,
    "float": float,
    "boolean": lambda text: text in ("true", "True"),
}


def instant(text: str) -> datetime.datetime:
    """An RFC 3339 instant, as finely as Python has it."""
    return datetime.datetime.fromisoformat(text[:26].rstrip("Z") + "+00:00")


def unit_number(unit: str) -> int:
    """The number of `app/0`."""
    return int(unit.rsplit("/", 1)[1])


def option(config: dict, name: str, text: str):
    """An option in the type that the charm gives it."""
    kind = config.get("options", {}).get(name, {}).get("type", "string")
    return TYPES.get(kind, str)(text)


def make(asked: dict, spec) -> testing.State:
    """The state of ops[testing] before the hook."""
    before = asked["before"]
    # Who leads now may hear of a secret that it came to read when it did not; ops[testing] takes the owner for one that
    # never does.
    heard = asked["secret"]["uri"] if asked["kind"] == "secret-changed" else None
    kept = asked["framework"]
    current, message = asked["status"]["current"], asked["status"]["message"]
    return testing.State(
        leader=before["leader"],
        config={key: option(spec.config, key, text) for key, text in before["config"].items()},
        relations=[relation(each, spec.meta) for each in before["relations"]],
        networks=[network(each) for each in asked["networks"]],
        containers=[container(each) for each in asked["containers"]],
        secrets=[
            secret(each, before["leader"] and each["uri"] != heard, kept.get("labels", {}))
            for each in before["secrets"]
        ]
        + [given_secret(each, kept.get("labels", {})) for each in asked["answers"] if "secret" in each],
        storages=[testing.Storage(name) for name in spec.meta.get("storage") or {}],
        model=testing.Model(
            name=asked["model"],
            # Juju's are of version 4, and there is code that looks (canonical/cos-lib `juju_topology.py`).
            uuid=str(uuid.UUID(bytes=uuid.uuid5(uuid.NAMESPACE_DNS, asked["model"]).bytes, version=4)),
            type="kubernetes" if asked["kubernetes"] else "lxd",
        ),
        planned_units=asked["planned-units"],
        unit_status=testing.UnknownStatus()
        if current == "unknown"
        else STATUSES[current](message),
        stored_states=[
            testing.StoredState(
                each["name"],
                owner_path=each["owner"],
                content=ast.literal_eval(each["content"]),
                _data_type_name=each["type"],
            )
            for each in kept.get("stored", [])
        ],
        deferred=[
            testing.DeferredEvent(
                each["handle"], each["owner"], each["observer"], ast.literal_eval(each["snapshot"])
            )
            for each in kept.get("deferred", [])
        ],
    )


STATUSES = {
    "active": testing.ActiveStatus,
    "blocked": testing.BlockedStatus,
    "error": testing.ErrorStatus,
    "maintenance": testing.MaintenanceStatus,
    "waiting": testing.WaitingStatus,
}


def relation(seen: dict, meta: dict):
    """A relation as the unit sees it."""
    units = {unit_number(unit): dict(data) for unit, data in seen["remote-units"].items()}
    own = {
        "endpoint": seen["endpoint"],
        "interface": seen["interface"],
        "id": seen["relation-id"],
        "local_app_data": dict(seen["application-data"] or {}),
        "local_unit_data": dict(seen["unit-data"]),
    }
    if seen["peer"]:
        return testing.PeerRelation(peers_data=units, **own)
    own |= {
        "remote_app_name": seen["remote-application"],
        "remote_app_data": dict(seen["remote-application-data"]),
    }
    declared = (meta.get("requires") or {}) | (meta.get("provides") or {})
    if (declared.get(seen["endpoint"]) or {}).get("scope") == "container":
        number, data = next(iter(units.items()), (0, {}))
        return testing.SubordinateRelation(remote_unit_id=number, remote_unit_data=data, **own)
    return testing.Relation(remote_units_data=units, **own)


def network(seen: dict) -> testing.Network:
    """What `network-get` tells of an endpoint."""
    addresses = [testing.Address(each, hostname="", cidr=cidr(each)) for each in seen["bind"]]
    return testing.Network(
        seen["endpoint"],
        [testing.BindAddress(addresses, interface_name="eth0")],
        ingress_addresses=seen["ingress"],
        egress_subnets=[cidr(each) for each in seen["ingress"]],
    )


def cidr(address: str) -> str:
    """The subnet of one address; of a name there is none."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return f"{address}/{parsed.max_prefixlen}"


def given_secret(declared: dict, labels: dict) -> testing.Secret:
    """A secret of the model, as the scenario declares it."""
    name = "secret:" + declared["secret"].removeprefix("secret:")
    return testing.Secret(dict(declared["content"]), id=name, owner=None, label=labels.get(name))


def secret(seen: dict, manages: bool, labels: dict) -> testing.Secret:
    """A secret as the unit sees it; that of its application it only reads, unless it leads."""
    owner = {"unit": "unit", "application": "app" if manages else None, "other": None}[seen["owner"]]
    name = f"secret:{seen['uri']}"
    # One without a label has its id in the place of it.
    label = labels.get(name) if seen["owner"] == "other" or seen["label"] == name else seen["label"]
    tracked = seen.get("tracked")
    made = testing.Secret(
        dict(tracked["content"] if tracked else seen["content"]),
        latest_content=dict(seen["content"]),
        id=name,
        owner=owner,
        label=label,
        expire=instant(seen["expire"]) if seen["expire"] else None,
    )
    object.__setattr__(made, "_latest_revision", seen["revision"])
    revision = tracked["revision"] if tracked else seen["revision"]
    object.__setattr__(made, "_tracked_revision", revision)
    return made


def container(seen: dict) -> testing.Container:
    """A container, with what Pebble knows in it."""
    kept = seen["pebble"]
    return testing.Container(
        seen["name"],
        can_connect=seen["can-connect"],
        layers={each["label"]: pebble.Layer(each["layer"]) for each in kept.get("layers", [])},
        service_statuses={
            name: pebble.ServiceStatus(each["status"])
            for name, each in kept.get("services", {}).items()
        },
    )


# What a parameter of an action is, beside a text.
OTHERWISE = {"integer", "number", "boolean", "array", "object", "null"}


def parameters(actions: dict, name: str, given: dict) -> dict:
    """The parameters of an action as its hook has them: of the types of its schema, with its defaults.

    `juju run` reads each as YAML, and the controller puts defaults in (juju/juju `cmd/juju/action/run.go`,
    `internal/charm/actions.go` `InsertDefaults`).
    """
    schema = (actions.get(name) or {}).get("params") or {}
    typed = {key: each["default"] for key, each in schema.items() if "default" in (each or {})}
    for key, text in given.items():
        is_other = (schema.get(key) or {}).get("type") in OTHERWISE
        typed[key] = yaml.safe_load(text) if is_other else text
    return typed


def event(context: testing.Context, asked: dict, state: testing.State, actions: dict):
    """The event that the hook is."""
    kind = asked["kind"]
    if kind == "action":
        name = asked["action"]["name"]
        return context.on.action(name, params=parameters(actions, name, asked["action"]["parameters"]))
    make_event = getattr(context.on, kind.replace("-", "_"))
    if "container" in asked:
        return make_event(state.get_container(asked["container"]))
    if "secret" in asked:
        about = state.get_secret(id=f"secret:{asked['secret']['uri']}")
        if kind == "secret-changed":
            return make_event(about)
        return make_event(about, revision=asked["secret"]["revision"])
    if "relation-id" not in asked:
        return make_event()
    about = state.get_relation(asked["relation-id"])
    numbers = {
        key: unit_number(asked[word])
        for key, word in (("remote_unit", "remote-unit"), ("departing_unit", "departing-unit"))
        if word in asked
    }
    return make_event(about, **numbers)
