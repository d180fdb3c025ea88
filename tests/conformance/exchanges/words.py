"""What an exchange shows, in the words of the protocols: read off what one hook changed."""

import json

import charms
import play

# How many exchanges there are at least.
FEWEST = 100

PROVIDER, REQUIRER = "provider", "requirer"
SENDER, RECEIVER = "sender of CAs", "receiver of CAs"

# What must be among them.
REQUIRED = [
    (REQUIRER, "key made"),
    (REQUIRER, "first request of a unit"),
    (REQUIRER, "first request of an application"),
    (REQUIRER, "first request for a CA certificate"),
    (REQUIRER, "first certificate kept"),
    (REQUIRER, "renewal as the secret expires"),
    (REQUIRER, "renewal by the safety net"),
    (REQUIRER, "another request for other names"),
    (REQUIRER, "revoked certificate given up"),
    (REQUIRER, "told of a refusal"),
    (REQUIRER, "new leader finds what its application asked for"),
    (REQUIRER, "relation removed"),
    (REQUIRER, "raised"),
    (PROVIDER, "first certificate given"),
    (PROVIDER, "CA certificate given"),
    (PROVIDER, "certificate given anew"),
    (PROVIDER, "certificate taken back"),
    (PROVIDER, "all certificates revoked"),
    (PROVIDER, "request refused"),
    (PROVIDER, "refusal replaced"),
    (PROVIDER, "relation removed"),
    (PROVIDER, "CA made"),
    (PROVIDER, "CA kept beside its successor"),
    (SENDER, "first CA sent by version 1"),
    (SENDER, "CA added to a set"),
    (SENDER, "version 0 for who says no other"),
    (SENDER, "version 0 before the version is seen"),
    (SENDER, "relation removed"),
    (RECEIVER, "version said"),
    (RECEIVER, "told of CAs"),
    (RECEIVER, "relation removed"),
]


def of(entry: dict, told: list[str], error: str | None) -> list[tuple[str, str]]:
    """Every word for this hook; none where it changed nothing."""
    if error is not None:
        return [(REQUIRER, "raised")]
    said = []
    libraries = play.carried(entry)
    before = {each["relation-id"]: each for each in entry["before"]["relations"]}
    for after in entry["after"]["relations"]:
        library = libraries.get(after["endpoint"])
        if library is None:
            continue
        was = before.get(after["relation-id"], after)
        broken = entry["kind"] == "relation-broken" and entry["relation-id"] == after["relation-id"]
        transfers = library["library"] == "certificate-transfer"
        sides = (SENDER, RECEIVER) if transfers else (PROVIDER, REQUIRER)
        side = sides[library["role"] == "requirer"]
        if broken:
            said.append((side, "relation removed"))
        words = {SENDER: sends, RECEIVER: receives, PROVIDER: gives, REQUIRER: asks}[side]
        said.extend((side, word) for word in words(entry, was, after, library))
    said.extend(keeps(entry))
    if "CertificateDeniedEvent" in told:
        said.append((REQUIRER, "told of a refusal"))
    if "CertificatesAvailableEvent" in told:
        said.append((RECEIVER, "told of CAs"))
    return list(dict.fromkeys(said))


def texts(relation: dict, bag: str, key: str, field: str) -> dict[str, dict]:
    """The entries of a list in a databag, by one of their fields."""
    entries = json.loads((relation[bag] or {}).get(key, "[]"))
    return {each[field]: each for each in entries}


def asks(entry: dict, was: dict, now: dict, library: dict) -> list[str]:
    """A requirer's databags."""
    said = []
    for bag, whom in (("unit-data", "a unit"), ("application-data", "an application")):
        arguments = (bag, "certificate_signing_requests", "certificate_signing_request")
        old, new = texts(was, *arguments), texts(now, *arguments)
        added, gone = new.keys() - old.keys(), old.keys() - new.keys()
        if added and gone:
            if entry["kind"] == "secret-expired":
                said.append("renewal as the secret expires")
            elif renames(gone, added):
                said.append("another request for other names")
            else:
                said.append("renewal by the safety net")
        elif added:
            ca = any(new[each]["ca"] for each in added)
            said.append(f"first request {'for a CA certificate' if ca else f'of {whom}'}")
        elif gone:
            said.append("request withdrawn")
    if entry["kind"] == "leader-elected" and texts(was, *arguments):
        said.append("new leader finds what its application asked for")
    return said


def renames(gone: set[str], added: set[str]) -> bool:
    """Whether what is asked for differs: by the library's own comparison."""
    from charmlibs.interfaces import tls_certificates as tls

    def attributes(request: str) -> tls.CertificateRequestAttributes:
        csr = tls.CertificateSigningRequest.from_string(request)
        return tls.CertificateRequestAttributes.from_csr(csr, False)

    return [attributes(each) for each in gone] != [attributes(each) for each in added]


def keeps(entry: dict) -> list[tuple[str, str]]:
    """Secrets."""
    old = {each["label"]: each for each in entry["before"]["secrets"]}
    new = {each["label"]: each for each in entry["after"]["secrets"]}
    said = []
    for label in new.keys() - old.keys():
        if "-private-key-" in label:
            said.append((REQUIRER, "key made"))
        elif "-certificate-" in label:
            said.append((REQUIRER, "first certificate kept"))
        elif label == "expiring-ca-certificates":
            said.append((PROVIDER, "CA kept beside its successor"))
    for label, secret in new.items():
        changed = label in old and old[label]["content"] != secret["content"]
        if changed and "-certificate-" in label:
            said.append((REQUIRER, "another certificate for the same request"))
        if label == "active-ca-certificates" and (changed or label not in old):
            said.append((PROVIDER, "CA made"))
    given_up = [label for label in old.keys() - new.keys() if "-certificate-" in label]
    if given_up and entry["kind"] == "relation-changed":
        said.append((REQUIRER, "revoked certificate given up"))
    return said


def gives(entry: dict, was: dict, now: dict, library: dict) -> list[str]:
    """A provider's databag."""
    arguments = ("application-data", "certificates", "certificate_signing_request")
    old, new = texts(was, *arguments), texts(now, *arguments)
    said = []
    if new.keys() - old.keys():
        said.append("first certificate given" if not old else "certificate given to one more request")
    asked_ca = {
        each["certificate_signing_request"]
        for data in [now["remote-application-data"], *now["remote-units"].values()]
        for each in json.loads(data.get("certificate_signing_requests", "[]"))
        if each.get("ca")
    }
    if asked_ca & (new.keys() - old.keys()):
        said.append("CA certificate given")
    if old.keys() - new.keys():
        said.append("certificate taken back")
    both = [(old[each], new[each]) for each in old.keys() & new.keys()]
    if any(each.get("revoked") and not before.get("revoked") for before, each in both):
        said.append("all certificates revoked")
    if any(each["certificate"] != before["certificate"] for before, each in both):
        said.append("certificate given anew")
    arguments = ("application-data", "request_errors", "csr")
    refused, refuses = texts(was, *arguments), texts(now, *arguments)
    if refuses.keys() - refused.keys():
        said.append("request refused")
    if refused.keys() - refuses.keys():
        said.append("refusal replaced")
    return said


def sends(entry: dict, was: dict, now: dict, library: dict) -> list[str]:
    """A sender's databags, of whatever version."""
    said = []
    asked = now["remote-application-data"].get("version")
    if was["unit-data"].get("chain") != now["unit-data"].get("chain"):
        known = asked is not None
        said.append(
            "version 0 for who says no other" if known else "version 0 before the version is seen"
        )
    old, new = charms.sent(was), charms.sent(now)
    if old and new - old:
        said.append("CA added to a set")
    elif new - old and asked == "1":
        said.append("first CA sent by version 1")
    return said


def receives(entry: dict, was: dict, now: dict, library: dict) -> list[str]:
    """A receiver's databag."""
    version = [(each["application-data"] or {}).get("version") for each in (was, now)]
    return ["version said"] if version[0] != version[1] else []
