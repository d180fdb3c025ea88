"""The snaps of a machine: what `snap` and the API of snapd tell of those that the charm has installed."""

import json
import re
import urllib.parse

OLD_REVISION = "1"


def install(table, name: str, channel: str, revision: str | None) -> None:
    """A snap is there from now on. **Assumption**: its services start by themselves, and its revision is what was asked for."""
    snaps = table.machine["snaps"]
    before = snaps.get(name, {})
    snaps[name] = {
        "channel": channel or before.get("channel", "latest/stable"),
        "revision": revision or before.get("revision", OLD_REVISION),
        "conf": before.get("conf", {}),
        "held": before.get("held", False),
    }


def command(table, words: list[str]):
    """snap install, refresh, remove, list, start, stop, restart, set, get, alias, connect, hold"""
    plain = [word for word in words if not word.startswith("-")]
    options = dict(word.lstrip("-").partition("=")[::2] for word in words if word.startswith("-"))
    if not plain:
        return None
    verb, names = plain[0], plain[1:]
    snaps = table.machine["snaps"]
    if verb in ("install", "refresh"):
        if "hold" in options or "unhold" in options:
            return (0, "", "")
        for name in names:
            install(table, name, options.get("channel", ""), options.get("revision"))
        return (0, "", "")
    if verb == "remove":
        for name in names:
            snaps.pop(name, None)
        return (0, "", "")
    if verb in ("alias", "connect", "disconnect", "wait", "ack", "unalias"):
        return (0, "", "")
    if verb == "list":
        rows = [f"{name}  {VERSION}  {each['revision']}  {each['channel']}  -  -\n" for name, each in sorted(snaps.items())]
        return (0, "Name  Version  Rev  Tracking  Publisher  Notes\n" + "".join(rows), "")
    if verb in ("start", "stop", "restart"):
        for name in names:
            if name.split(".")[0] not in snaps:
                return (1, "", f'error: snap "{name}" not installed\n')
            table.act_on("reload" if "reload" in options else verb, f"snap.{name}")
        return (0, "", "")
    if verb == "set" and names and names[0] in snaps:
        for pair in names[1:]:
            key, _, value = pair.partition("=")
            snaps[names[0]]["conf"][key] = value
        return (0, "", "")
    if verb == "get" and len(names) == 2 and names[0] in snaps:
        value = snaps[names[0]]["conf"].get(names[1])
        return (1, "", "no option\n") if value is None else (0, f"{value}\n", "")
    return None


VERSION = "0"


def answer(table, method: str, url: str, body: bytes):
    """The status and the body of a response of snapd; none where the request is not known."""
    parts = urllib.parse.urlsplit(url)
    path, query = parts.path, urllib.parse.parse_qs(parts.query)
    snaps = table.machine["snaps"]
    asked = json.loads(body) if body else {}
    if path == "/v2/snaps" and method == "GET":
        return sync([told(name, each) for name, each in sorted(snaps.items())])
    if path == "/v2/snaps" and method == "POST":
        names = asked.get("snaps", [])
    found = re.fullmatch(r"/v2/snaps/([^/]+)", path)
    if found and method == "GET":
        each = snaps.get(found[1])
        return missing(found[1]) if each is None else sync(told(found[1], each))
    if found and method == "POST":
        names = [found[1]]
    elif path == "/v2/apps" and method == "GET":
        return sync([])
    elif path == "/v2/apps" and method == "POST":
        for name in asked["names"]:
            verb = "reload" if asked.get("reload") else asked["action"]
            table.act_on(verb, f"snap.{name}")
        return sync(None)
    elif conf := re.fullmatch(r"/v2/snaps/([^/]+)/conf", path):
        return configuration(snaps, conf[1], method, asked, query)
    elif path in ("/v2/aliases", "/v2/interfaces") and method == "POST":
        return sync(None)
    elif path != "/v2/snaps":
        return None
    action = asked.get("action")
    for name in names:
        if action in ("install", "refresh"):
            install(table, name, asked.get("channel", ""), asked.get("revision"))
        elif action == "remove":
            snaps.pop(name, None)
        elif action in ("hold", "unhold") and name in snaps:
            snaps[name]["held"] = action == "hold"
        else:
            return None
    return sync(None)


def configuration(snaps: dict, name: str, method: str, asked: dict, query: dict):
    """The options of a snap."""
    if name not in snaps:
        return missing(name)
    kept = snaps[name]["conf"]
    if method == "GET":
        keys = [key for each in query.get("keys", []) for key in each.split(",")]
        return sync({key: kept[key] for key in keys if key in kept} if keys else kept)
    for key, value in asked.items():
        kept.pop(key, None)
        if value is not None:
            kept[key] = value
    return sync(None)


def told(name: str, each: dict) -> dict:
    """A snap as snapd tells of it."""
    fields = {"name": name, "id": name, "version": VERSION, "revision": each["revision"], "status": "active"}
    fields |= {"channel": each["channel"], "tracking-channel": each["channel"], "confinement": "strict", "apps": []}
    return fields | ({"hold": "2315-01-01T00:00:00Z"} if each["held"] else {})


def sync(result):
    """An answer at once."""
    return (200, {"type": "sync", "status-code": 200, "status": "OK", "result": result})


def missing(name: str):
    """The answer for a snap that is not there."""
    result = {"message": f'snap "{name}" is not installed', "kind": "snap-not-found", "value": name}
    return (404, {"type": "error", "status-code": 404, "status": "Not Found", "result": result})
