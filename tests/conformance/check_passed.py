#!/usr/bin/env python3
"""Plays recorded hooks of relations that carry a CA again with the real libraries, and compares what they write.

    check_passed.py [--vault-kv LIBRARY.py] FILE.json [FILE.json ...]

Each file is what ``trustsim record`` writes. Of each hook in which a unit wrote to such a relation, or could have, the
databags before it are given to the real library under ops[testing], which is asked to say the same; the databags that it
leaves, and what it reads from the other side, must be those of the recording:

- ``loki_cluster`` and its like: ``coordinated_workers.interfaces.cluster`` of the package coordinated-workers on PyPI;
- ``vault-kv``: ``k8s/lib/charms/vault_k8s/v0/vault_kv.py`` of canonical/vault-k8s-operator, which is on GitHub and Charmhub
  only: without ``--vault-kv`` those hooks are left out, loudly.

Before that each side is given one falsified databag, which has to be noticed.
"""

import argparse
import collections
import copy
import importlib.util
import json
import sys

import ops
from coordinated_workers.interfaces import cluster
from cryptography import x509
from ops import testing

CLUSTERS = {"tempo_cluster", "mimir_cluster", "loki_cluster", "pyroscope_cluster"}
# Juju writes these; a library that clears its databag takes them away, and the agent brings them back.
OF_JUJU = {"egress-subnets", "ingress-address", "private-address"}
QUIET = {"install", "stop", "remove"}


def own(bag):
    """A databag without what Juju writes."""
    return {key: text for key, text in (bag or {}).items() if key not in OF_JUJU}


def decoded(bag, key):
    """A value of a databag of JSON values; ``None`` where it is not there."""
    return json.loads(bag[key]) if key in bag else None


class Side:
    """One side of a relation in one recorded hook."""

    def __init__(self, entry, before, after):
        self.entry, self.before, self.after = entry, before, after
        self.read = {}

    def role(self):
        return "provides"

    def ask(self, charm):
        """Has the library say what the recording has, and reads what it tells."""
        raise NotImplementedError

    def expected_read(self):
        return {}

    def play(self):
        """What the real library leaves in the databags."""
        side, endpoint = self, self.before["endpoint"]

        class Charm(ops.CharmBase):
            """Carries the library, and asks it once."""

            def __init__(self, framework):
                super().__init__(framework)
                side.relation_library = side.make(self, endpoint)
                framework.observe(self.on.update_status, self._ask)

            def _ask(self, _: ops.EventBase) -> None:
                side.ask(self)

        relation = testing.Relation(
            endpoint,
            interface=self.before["interface"],
            id=self.before["relation-id"],
            remote_app_name=self.before["remote-application"],
            remote_app_data=self.before["remote-application-data"],
            remote_units_data={
                int(unit.split("/")[1]): data for unit, data in self.before["remote-units"].items()
            },
            local_app_data=self.before["application-data"] or {},
            local_unit_data=self.before["unit-data"],
        )
        application, number = self.entry["unit"].split("/")
        meta = {"name": application, self.role(): {endpoint: {"interface": self.before["interface"]}}}
        context = testing.Context(
            Charm, meta=meta, app_name=application, unit_id=int(number), juju_version="3.6.0"
        )
        state = testing.State(
            leader=self.entry["before"]["leader"],
            relations=[relation],
            model=testing.Model(name=self.entry["model"]),
        )
        left = context.run(context.on.update_status(), state).get_relation(relation.id)
        return own(left.local_app_data), own(left.local_unit_data)

    def differences(self, after=None):
        """What differs between what was recorded, or this in its place, and what the real library leaves, as texts."""
        after = after or self.after
        application, unit = self.play()
        found = []
        pairs = [("unit", own(after["unit-data"]), unit)]
        if self.entry["before"]["leader"]:
            pairs.append(("application", own(after["application-data"]), application))
        pairs.append(("read", self.expected_read(), self.read))
        for name, ours, theirs in pairs:
            for key in sorted(ours.keys() | theirs.keys()):
                if ours.get(key) != theirs.get(key):
                    said = [repr(each.get(key))[:160] for each in (ours, theirs)]
                    found.append(f"{name} {key}\n    trustsim: {said[0]}\n    real:     {said[1]}")
        return found


class Coordinator(Side):
    """``ClusterProvider``: it is handed what ours published, and the addresses that it gathers are in our request."""

    def make(self, charm, endpoint):
        return cluster.ClusterProvider(charm, frozenset({"all"}), endpoint=endpoint)

    def ask(self, charm):
        if charm.unit.is_leader() and "worker_config" in self.after["application-data"]:
            bag = self.after["application-data"]
            self.relation_library.publish_data(
                worker_config=decoded(bag, "worker_config"),
                ca_cert=decoded(bag, "ca_cert"),
                server_cert=decoded(bag, "server_cert"),
                privkey_secret_id=decoded(bag, "privkey_secret_id"),
            )
        elif charm.unit.is_leader() and "worker_config" not in self.before["application-data"]:
            self.relation_library.publish_data(worker_config="{}")
        if requests := self.requested_names():
            gathered = set(self.relation_library.gather_addresses())
            self.read["addresses that are not asked for"] = sorted(gathered - requests)

    def expected_read(self):
        return {"addresses that are not asked for": []} if self.requested_names() else {}

    def requested_names(self):
        """The alternative names of the request that is there after the hook."""
        for relation in self.entry["after"]["relations"]:
            said = relation["unit-data"].get("certificate_signing_requests")
            for request in json.loads(said) if said else []:
                csr = x509.load_pem_x509_csr(request["certificate_signing_request"].encode())
                sans = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName)
                return set(sans.value.get_values_for_type(x509.DNSName))
        return set()


class Worker(Side):
    """``ClusterRequirer``."""

    def role(self):
        return "requires"

    def make(self, charm, endpoint):
        return cluster.ClusterRequirer(charm, endpoint=endpoint)

    def ask(self, charm):
        if address := decoded(self.after["unit-data"], "address"):
            self.relation_library.publish_unit_address(address)
        if charm.unit.is_leader() and "role" in self.after["application-data"]:
            self.relation_library.publish_app_roles(["all"])
        told = self.relation_library.get_tls_data(allow_none=True)
        if told is not None:
            self.read = {
                "ca_cert": told.ca_cert,
                "server_cert": told.server_cert,
                "privkey_secret_id": told.privkey_secret_id,
            }

    def expected_read(self):
        bag = self.before["remote-application-data"]
        if "worker_config" not in bag:
            return {}
        return {key: decoded(bag, key) for key in ("ca_cert", "server_cert", "privkey_secret_id")}


class Vault(Side):
    """``VaultKvProvides``."""

    def make(self, charm, endpoint):
        return VAULT_KV.VaultKvProvides(charm, endpoint)

    def ask(self, charm):
        bag = self.after["application-data"] or {}
        if not charm.unit.is_leader() or "vault_url" not in bag:
            return
        relation = charm.model.get_relation(self.before["endpoint"], self.before["relation-id"])
        credentials = json.loads(bag["credentials"])
        nonces = [request.nonce for request in self.relation_library.get_kv_requests(relation.id)]
        self.read["nonces without credentials"] = sorted(set(nonces) - credentials.keys())
        for nonce, secret in credentials.items():
            self.relation_library.set_kv_data(
                relation, bag["mount"], bag["ca_certificate"], bag["vault_url"], nonce, secret
            )

    def expected_read(self):
        bag = self.after["application-data"] or {}
        is_asked = self.entry["before"]["leader"] and "vault_url" in bag
        return {"nonces without credentials": []} if is_asked else {}


class Reader(Side):
    """``VaultKvRequires``."""

    def role(self):
        return "requires"

    def make(self, charm, endpoint):
        suffix = (self.after["application-data"] or self.before["application-data"] or {}).get(
            "mount_suffix", "kv"
        )
        return VAULT_KV.VaultKvRequires(charm, endpoint, suffix)

    def ask(self, charm):
        relation = charm.model.get_relation(self.before["endpoint"], self.before["relation-id"])
        bag = self.after["unit-data"]
        if charm.unit.is_leader() and "mount_suffix" in (self.after["application-data"] or {}):
            self.relation_library._handle_relation(None)
        if "nonce" in bag:
            self.relation_library.request_credentials(relation, bag["egress_subnet"].split(","), bag["nonce"])
        self.read = {
            "url": self.relation_library.get_vault_url(relation),
            "ca": self.relation_library.get_ca_certificate(relation),
            "mount": self.relation_library.get_mount(relation),
        }

    def expected_read(self):
        bag = self.before["remote-application-data"]
        return {
            "url": bag.get("vault_url"),
            "ca": bag.get("ca_certificate"),
            "mount": bag.get("mount"),
        }


VAULT_KV = None


def sides(entry):
    """The sides of this hook that a real library here knows."""
    after = {each["relation-id"]: each for each in entry["after"]["relations"]}
    for before in entry["before"]["relations"]:
        left = after.get(before["relation-id"])
        if left is None or entry["kind"] in QUIET:
            continue
        if before["interface"] in CLUSTERS:
            is_worker = entry["charm"].count("worker") > 0
            yield (Worker if is_worker else Coordinator)(entry, before, left)
        elif before["interface"] == "vault-kv":
            is_vault = before["endpoint"] == "vault-kv"
            yield (Vault if is_vault else Reader)(entry, before, left)


def falsified(side):
    """Databags in which one letter of one value is another; ``None`` where nothing was written."""
    after = copy.deepcopy(side.after)
    leads = side.entry["before"]["leader"]
    for bag in (after["unit-data"], after["application-data"] if leads else {}):
        for key in sorted(set(bag or {}) - OF_JUJU):
            bag[key] = bag[key][:-1] + ("x" if bag[key][-1:] != "x" else "y")
            return after
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vault-kv")
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    if arguments.vault_kv:
        global VAULT_KV
        spec = importlib.util.spec_from_file_location("vault_kv", arguments.vault_kv)
        VAULT_KV = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(VAULT_KV)
    compared, wrong, left_out, seen = collections.Counter(), 0, 0, set()
    for path in arguments.files:
        with open(path, encoding="utf-8") as file:
            recording = json.load(file)
        for entry in recording["hooks"]:
            for side in sides(entry):
                name = type(side).__name__
                if VAULT_KV is None and isinstance(side, (Vault, Reader)):
                    left_out += 1
                    continue
                if name not in seen and (after := falsified(side)) is not None:
                    seen.add(name)
                    if not side.differences(after):
                        sys.exit(f"a falsified databag of {name} goes unnoticed")
                compared[name] += 1
                for each in side.differences():
                    wrong += 1
                    where = f"{entry['model']}.{entry['unit']} {entry['hook']} at {entry['at']}"
                    print(f"{path}: {where}: {each}", file=sys.stderr)
    for name, count in sorted(compared.items()):
        print(f"{count:6} hooks of {name} agree with the real library")
    if left_out:
        print(f"{left_out} hooks of vault-kv are left out: give its library with --vault-kv", file=sys.stderr)
    if wrong or not compared:
        sys.exit(f"{wrong} differences")


main()
