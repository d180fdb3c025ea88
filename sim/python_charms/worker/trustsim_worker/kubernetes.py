"""The API of Kubernetes, as far as a charm sees there what it has put there itself.

A load balancer has the address that the scenario gives the application's; **assumption**: without one, that of the unit. An object that the unit applied or created is there as it was given; its application's StatefulSet and its own
pod are there with their containers and nothing else; no other object is. A list has what was put there. What the scenario
declares (`answers`) comes first.
"""

import json
import re
import urllib.parse

HOST = "kubernetes.default.svc"
OBJECT = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/(?P<version>[^/]+)"
    r"(?:/namespaces/(?P<namespace>[^/]+))?/(?P<kind>[a-z]+)(?:/(?P<name>[^/]+))?(?:/(?P<part>status|scale))?$"
)


class Kubernetes:
    """The objects that one unit sees."""

    def __init__(self, asked: dict, charm):
        self.is_there = asked["kubernetes"]
        self.objects = dict(asked["machine"].get("kubernetes", {}))
        # Where an address for a service is asked for, that is its load balancer's, or the unit's own.
        addresses = [each for network in asked["networks"] for each in network["ingress"]]
        own = addresses[-1] if addresses else ""
        self.address = asked["load-balancer"]["address"] if asked["load-balancer"] else own
        self.asked, self.containers = asked, list(charm.meta.get("containers") or {})

    def answer(self, method: str, url: str, body: bytes):
        """The status and the body of a response; none where it is no request to the API."""
        parts = urllib.parse.urlsplit(url)
        found = OBJECT.match(parts.path)
        if not self.is_there or parts.hostname != HOST or not found:
            return None
        place, name = parts.path.removesuffix("/status"), found["name"]
        if method == "GET" and name is None:
            return (200, self.listed(place, found))
        given = json.loads(body) if body and method in ("POST", "PUT", "PATCH") else None
        if method == "POST" and isinstance(given, dict):
            place, name = f"{place}/{given['metadata']['name']}", given["metadata"]["name"]
        here = self.objects.get(place) or self.own(found, name)
        if method in ("POST", "PUT", "PATCH"):
            if not isinstance(given, dict):
                return None
            if method == "PATCH" and here is None and "fieldManager" not in parts.query:
                return (404, status(404, name))
            whole = merged(here or {}, given) if method == "PATCH" else given
            whole.setdefault("metadata", {}).update({"name": name, "resourceVersion": "1", "uid": place})
            if found["namespace"]:
                whole["metadata"]["namespace"] = found["namespace"]
            if (whole.get("spec") or {}).get("type") == "LoadBalancer":
                whole["status"] = {"loadBalancer": {"ingress": [{"ip": self.address}]}}
            if "dryRun" not in parts.query:
                self.objects[place] = whole
            return (200, whole)
        if method == "DELETE":
            self.objects.pop(place, None)
            return (404, status(404, name)) if here is None else (200, {"kind": "Status", "status": "Success"})
        return (404, status(404, name)) if here is None else (200, here)

    def listed(self, place: str, found) -> dict:
        """A list of the objects that were put there."""
        items = [each for path, each in sorted(self.objects.items()) if path.startswith(place + "/")]
        version = f"{found['group']}/{found['version']}" if found["group"] else found["version"]
        return {"apiVersion": version, "kind": "List", "metadata": {"resourceVersion": "1"}, "items": items}

    def own(self, found, name: str):
        """The StatefulSet of the application, and the pod of the unit."""
        application, number = self.asked["unit"].split("/")
        metadata = {"name": name, "namespace": self.asked["model"], "labels": {"app.kubernetes.io/name": application}}
        containers = [{"name": each, "resources": {}} for each in ["charm", *self.containers]]
        whole = self.objects.get(f"/apis/apps/v1/namespaces/{self.asked['model']}/statefulsets/{application}")
        if whole is not None:
            # Its pods follow it at once.
            containers = whole["spec"]["template"]["spec"]["containers"]
        if (found["kind"], name) == ("pods", f"{application}-{number}"):
            return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers}}
        if (found["kind"], name) == ("statefulsets", application):
            spec = {
                "replicas": self.asked["planned-units"],
                "selector": {"matchLabels": metadata["labels"]},
                "serviceName": f"{application}-endpoints",
                "template": {"metadata": {"labels": metadata["labels"]}, "spec": {"containers": containers}},
            }
            return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": spec}
        return None


def merged(before, change):
    """A change that is applied: mappings by key, lists of things with names by name."""
    if isinstance(before, dict) and isinstance(change, dict):
        whole = dict(before)
        for key, value in change.items():
            if value is None:
                whole.pop(key, None)
            else:
                whole[key] = merged(before.get(key), value)
        return whole
    if isinstance(before, list) and isinstance(change, list) and all(named(each) for each in before + change):
        known = {each["name"]: each for each in before}
        for each in change:
            known[each["name"]] = merged(known.get(each["name"]), each)
        return list(known.values())
    return change


def named(each) -> bool:
    """Whether it is a thing with a name."""
    return isinstance(each, dict) and "name" in each


def status(code: int, name: str) -> dict:
    """An answer that says no."""
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": "NotFound", "message": f"{name} not found"}
