"""Recorded hooks with one thing in them wrong: the comparison must see it."""

import copy
import json
from collections.abc import Callable, Iterator


def unseen(entries: list[dict], compare: Callable[[dict], list[str]]) -> list[str]:
    """Falsifications that were not seen, and those for which there is no hook to falsify."""
    found = []
    for name, falsify in FALSIFICATIONS.items():
        made = next(falsifications(entries, falsify), None)
        if made is None:
            found.append(f"{name}: no hook shows it")
        elif not compare(made):
            found.append(f"{name}: {made['unit']} {made['hook']} at {made['at']}")
    return found


def falsifications(entries: list[dict], falsify: Callable[[dict], bool]) -> Iterator[dict]:
    """Falsified copies."""
    for entry in entries:
        made = copy.deepcopy(entry)
        if falsify(made):
            yield made


def bags(entry: dict) -> Iterator[tuple[dict, dict]]:
    """This side's databags before and after."""
    before = {each["relation-id"]: each for each in entry["before"]["relations"]}
    for after in entry["after"]["relations"]:
        was = before.get(after["relation-id"])
        for name in ("unit-data", "application-data"):
            if was and after[name] is not None and was[name] is not None:
                yield was[name], after[name]


def unwritten(key: str) -> Callable[[dict], bool]:
    """As if the hook had not written this key."""

    def falsify(entry: dict) -> bool:
        for was, now in bags(entry):
            if key in now and was.get(key) != now[key]:
                now.pop(key) if key not in was else now.update({key: was[key]})
                return True
        return False

    return falsify


def rewritten(key: str, change: Callable[[list], list | None]) -> Callable[[dict], bool]:
    """As if the hook had written other entries; None where there is nothing to change."""

    def falsify(entry: dict) -> bool:
        for was, now in bags(entry):
            if key not in now or was.get(key) == now[key]:
                continue
            changed = change(json.loads(now[key]))
            if changed is not None:
                now[key] = json.dumps(changed)
                return True
        return False

    return falsify


def reordered(entries: list) -> list | None:
    """Two fields of an entry the other way round."""
    if not isinstance(entries[-1], dict):
        return None
    entries[-1] = dict(reversed(entries[-1].items()))
    return entries


def marked(field: str, value) -> Callable[[list], list | None]:
    """One entry with another value."""

    def change(entries: list) -> list | None:
        if not isinstance(entries[-1], dict) or entries[-1].get(field) == value:
            return None
        entries[-1][field] = value
        return entries

    return change


def unmarked(entries: list) -> list | None:
    """A revocation left out."""
    if not isinstance(entries[-1], dict) or not entries[-1].pop("revoked", None):
        return None
    return entries


def borrowed_request(entry: dict) -> bool:
    """As if a request were for other names: another one of the same unit, in its place."""
    for was, now in bags(entry):
        key = "certificate_signing_requests"
        if key in was and key in now and was[key] != now[key]:
            now[key] = was[key]
            return True
    return False


def secret(change: Callable[[dict], bool]) -> Callable[[dict], bool]:
    """As if one secret that the hook made or changed were another."""

    def falsify(entry: dict) -> bool:
        old = {each["label"]: each for each in entry["before"]["secrets"]}
        for each in entry["after"]["secrets"]:
            if old.get(each["label"]) != each and "-certificate-" in each["label"]:
                return change(each)
        return False

    return falsify


def earlier(secret: dict) -> bool:
    """Another day on which it expires."""
    if not secret["expire"]:
        return False
    day = int(secret["expire"][8:10])
    secret["expire"] = f"{secret['expire'][:8]}{day % 28 + 1:02}{secret['expire'][10:]}"
    return True


def renamed(secret: dict) -> bool:
    """Another label."""
    secret["label"] += "0"
    return True


def given_away(secret: dict) -> bool:
    """Another owner."""
    secret["owner"] = "unit" if secret["owner"] == "application" else "application"
    return True


def kept(entry: dict) -> bool:
    """As if a secret that the hook removed were still there."""
    after = {each["label"] for each in entry["after"]["secrets"]}
    gone = [each for each in entry["before"]["secrets"] if each["label"] not in after]
    entry["after"]["secrets"].extend(gone)
    return bool(gone)


def failed(entry: dict) -> bool:
    """As if the charm had raised."""
    entry["error"] = "KeyError: 'csr'"
    return True


FALSIFICATIONS: dict[str, Callable[[dict], bool]] = {
    "a request that was not sent": unwritten("certificate_signing_requests"),
    "a request for a CA certificate": rewritten("certificate_signing_requests", marked("ca", True)),
    "the request of before": borrowed_request,
    "a certificate that was not given": unwritten("certificates"),
    "a certificate in another form": rewritten("certificates", reordered),
    "a certificate marked as revoked": rewritten("certificates", marked("revoked", True)),
    "a revocation left out": rewritten("certificates", unmarked),
    "a refusal in another form": rewritten("request_errors", reordered),
    "a version that was not said": unwritten("version"),
    "a chain that was not sent": unwritten("chain"),
    "a secret that expires on another day": secret(earlier),
    "a secret under another label": secret(renamed),
    "a secret of another owner": secret(given_away),
    "a secret that was not removed": kept,
    "a hook that failed": failed,
}
