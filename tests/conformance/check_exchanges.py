#!/usr/bin/env python3
"""Plays recorded hooks again with the real libraries, and compares what they write.

    check_exchanges.py FILE.json [FILE.json ...]

Each file is what ``trustsim record`` writes. Every hook in it is run once more by a minimal charm
that carries charmlibs-interfaces-tls-certificates and charmlibs-interfaces-certificate-transfer,
under ops[testing], with the same databags, secrets, configuration, leadership and clock. Databags
and secrets must come out the same, but for what is drawn anew (``exchanges/masks.py``) and what
is in ``exchanges/differences.py``. First it falsifies hooks, and fails where that goes unseen.
"""

import collections
import copy
import datetime
import json
import logging
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "exchanges"))

import charms  # noqa: E402
import differences  # noqa: E402
import falsify  # noqa: E402
import masks  # noqa: E402
import play  # noqa: E402
import words  # noqa: E402


# The library's id at Charmhub, with which the labels of its secrets begin.
LIBID = "afd8c2bccf834997afce12c2706d2ede"


def inputs(entry: dict) -> list[str]:
    """Every text that the unit saw before the hook."""
    texts = []
    for relation in entry["before"]["relations"]:
        texts.extend(relation["remote-application-data"].values())
        texts.extend(relation["unit-data"].values())
        texts.extend((relation["application-data"] or {}).values())
        for data in relation["remote-units"].values():
            texts.extend(data.values())
    for secret in entry["before"]["secrets"]:
        texts.extend(secret["content"].values())
    return texts


def trustsim_left(entry: dict) -> dict[str, str]:
    """What trustsim's unit had written, masked, by where it is."""
    masked = masks.Masks(inputs(entry))
    left = {}
    revisions = {each["label"]: each["revision"] for each in entry["before"]["secrets"]}
    for secret in sorted(entry["after"]["secrets"], key=lambda each: each["label"]):
        if not is_ours(secret["label"], entry):
            continue
        where = f"secret {secret['owner']} {secret['label']}"
        for field, text in sorted(secret["content"].items()):
            left[f"{where} {field}"] = masked.text(text)
        expire = secret["expire"]
        left[f"{where} expire"] = play.instant(expire).isoformat() if expire else "never"
        is_new = secret["revision"] > revisions.get(secret["label"], 1)
        left[f"{where} revision"] = "new" if is_new else "as before"
    ours = play.carried(entry)
    for relation in entry["after"]["relations"]:
        if relation["endpoint"] not in ours:
            continue
        where = f"relation {relation['relation-id']}"
        bags = {"unit": relation["unit-data"]}
        if entry["before"]["leader"]:
            bags["application"] = relation["application-data"]
        add_bags(left, where, bags, masked)
    return left


def real_left(entry: dict, outcome: play.Left) -> dict[str, str]:
    """The same of what the real libraries left."""
    masked = masks.Masks(inputs(entry))
    left = {}
    revisions = {each["label"]: each["revision"] for each in entry["before"]["secrets"]}
    for (owner, label), secret in sorted(outcome.secrets.items(), key=lambda each: each[0][1]):
        if not is_ours(label, entry):
            continue
        where = f"secret {'unit' if owner == 'unit' else 'application'} {label}"
        for field, text in sorted(secret.latest_content.items()):
            left[f"{where} {field}"] = masked.text(text)
        expire = secret.expire
        left[f"{where} expire"] = utc(expire).isoformat() if expire else "never"
        is_new = secret._latest_revision > revisions.get(label, 1)
        left[f"{where} revision"] = "new" if is_new else "as before"
    for relation in sorted(outcome.relations.values(), key=lambda each: each.id):
        bags = {"unit": relation.local_unit_data}
        if entry["before"]["leader"]:
            bags["application"] = relation.local_app_data
        add_bags(left, f"relation {relation.id}", bags, masked)
    return left


def is_ours(label: str, entry: dict) -> bool:
    """Whether a secret is the library's, or one of self-signed-certificates; others are what a
    charm keeps for itself."""
    return label.startswith(LIBID) or charms.is_self_signed(entry)


def add_bags(left: dict, where: str, bags: dict, masked: masks.Masks) -> None:
    """Databags, with the entries that make them up."""
    for name, bag in sorted(bags.items()):
        for key, text in sorted(bag.items()):
            left[f"{where} {name} {key}"] = masked.text(text)


def utc(instant):
    """An instant with its zone; ops gives local time, which is UTC here."""
    return instant if instant.tzinfo else instant.replace(tzinfo=play.UTC)


def compare(entry: dict) -> tuple[list[str], list[str], play.Left | None]:
    """What differs in one hook, why some of it may, and what the real libraries left."""
    if play.foreign(entry):
        before = trustsim_left({**entry, "after": entry["before"]})
        after = trustsim_left(entry)
        changed = [key for key in after if key.startswith("relation") and before.get(key) != after[key]]
        return [f"{key}: written in a hook of another relation" for key in changed], [], None
    entry = with_algorithm(entry)
    outcome = play.run(entry)
    if (outcome.error is None) != ("error" not in entry):
        said = f"real library: {outcome.error}; trustsim: {entry.get('error')}"
        return [said], [], outcome
    if outcome.error is not None:
        return [], [], outcome
    ours, theirs = trustsim_left(entry), real_left(entry, outcome)
    found, reasons = [], []
    for key in sorted(ours.keys() | theirs.keys()):
        mine, real = ours.get(key, "absent"), theirs.get(key, "absent")
        if mine == real or is_rounding(key, mine, real):
            continue
        if reason := differences.explains(entry, key, mine, real):
            reasons.append(reason)
            continue
        mine, real = clipped(mine, real)
        found.append(f"{key}\n    trustsim: {mine}\n    real:     {real}")
    denied = entry.get("status", {}).get("message", "").startswith("certificate request denied")
    if denied and "CertificateDeniedEvent" not in outcome.told:
        found.append("trustsim's charm was told of a refusal that the real one does not hear of")
    return found, reasons, outcome


def is_rounding(key: str, mine: str, real: str) -> bool:
    """Whether two instants differ by what Python's microseconds cannot tell."""
    if not key.endswith(" expire") or "never" in (mine, real) or "absent" in (mine, real):
        return False
    instants = [datetime.datetime.fromisoformat(each) for each in (mine, real)]
    return abs(instants[0] - instants[1]) <= datetime.timedelta(microseconds=2)


def with_algorithm(entry: dict) -> dict:
    """The entry with the algorithm of the keys that trustsim makes: an option of the library."""
    texts = [text for each in entry["after"]["secrets"] for text in each["content"].values()]
    keys = [pem for text in texts for pem in masks.pems(text) if "PRIVATE KEY" in pem]
    algorithm = "ecdsa" if any(masks.is_elliptic(key) for key in keys) else "rsa"
    entry = copy.deepcopy(entry)
    for library in entry["libraries"]:
        library["key-algorithm"] = algorithm
    return entry


def clipped(mine: str, real: str) -> tuple[str, str]:
    """Both texts around their first difference."""
    at = next((n for n, pair in enumerate(zip(mine, real)) if pair[0] != pair[1]), None)
    if at is None:
        at = min(len(mine), len(real))
    return tuple(
        f"{'...' if at > 60 else ''}{text[max(at - 60, 0):at + 240]}" for text in (mine, real)
    )


class Tally:
    """What was compared, and what came out."""

    def __init__(self):
        self.table: dict[tuple[str, str], int] = collections.Counter()
        self.exchanges: list[dict] = []
        self.compared = self.elsewhere = self.wrong = 0
        self.reasons: dict[str, int] = collections.Counter()

    def take(self, path: str, entry: dict) -> None:
        """One hook."""
        found, reasons, outcome = compare(entry)
        self.reasons.update(reasons)
        self.wrong += bool(found)
        for each in found:
            name = f"{entry['model']}.{entry['unit']} {entry['hook']}"
            print(f"{path}: {name} at {entry['at']}: {each}", file=sys.stderr)
        if outcome is None:
            self.elsewhere += 1
            return
        self.compared += 1
        said = words.of(entry, outcome.told, outcome.error)
        if said:
            self.exchanges.append(entry)
            self.table.update(said)

    def show(self) -> None:
        """The table."""
        for (side, word), count in sorted(self.table.items()):
            print(f"{count:6}  {side:16} {word}")
        print(
            f"{self.compared} hooks run with the real libraries, {len(self.exchanges)} of them"
            f" exchanges; {self.elsewhere} hooks of other relations"
        )
        for reason, count in sorted(self.reasons.items()):
            print(f"{count} known differences: {reason}")

    def missing(self) -> list[str]:
        """What should have been there."""
        found = [
            f"no exchange shows: {side}: {word}"
            for side, word in words.REQUIRED
            if not self.table[side, word]
        ]
        if len(self.exchanges) < words.FEWEST:
            found.append(f"only {len(self.exchanges)} exchanges of {words.FEWEST}")
        found.extend(
            f"falsified and not seen: {each}"
            for each in falsify.unseen(self.exchanges, lambda entry: compare(entry)[0])
        )
        return found


def main(paths: list[str]) -> int:
    """Checks every hook of every file; 0 where all is the same and nothing is missing."""
    # ops[testing] warns of an event without a remote unit: that of an application's databag.
    logging.disable(logging.WARNING)
    tally = Tally()
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for entry in json.load(file)["hooks"]:
                tally.take(path, entry)
    tally.show()
    missing = tally.missing()
    for each in missing:
        print(each, file=sys.stderr)
    return 1 if tally.wrong or missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
