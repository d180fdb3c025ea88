#!/usr/bin/env python3
"""Parses databags that trustsim wrote with the libraries that the real charms carry.

    check_databags.py FILE.json [FILE.json ...]

Each file is what ``trustsim show-unit --format json`` prints, which is what ``juju show-unit
--format json`` prints, or several of these in one object. Every databag of a tls-certificates or
certificate_transfer relation is read with the models of charmlibs-interfaces-tls-certificates and
charmlibs-interfaces-certificate-transfer, written back, and compared. Any complaint fails.

Which interface a databag belongs to is seen from its keys, since show-unit does not say it.
"""

import json
import sys
from collections.abc import Iterator, Mapping

import charmlibs.interfaces.certificate_transfer._certificate_transfer as transfer
import charmlibs.interfaces.tls_certificates._tls_certificates as tls

# What Juju itself writes into a unit's databag.
JUJU_KEYS = {"egress-subnets", "ingress-address", "private-address"}

Bag = Mapping[str, str]


class Complaint(Exception):
    """A databag is not what the real library would have written or could read."""


def bags(document: Mapping) -> Iterator[tuple[str, Bag]]:
    """Every databag of a show-unit document, with where it is."""
    for unit, shown in document.items():
        if not isinstance(shown, dict):
            continue
        for relation in shown.get("relation-info", []):
            where = f"{unit} {relation['endpoint']} (relation {relation.get('relation-id', '?')})"
            yield f"{where} application", relation.get("application-data") or {}
            local = relation.get("local-unit") or {}
            yield f"{where} local unit", local.get("data") or {}
            for name, remote in (relation.get("related-units") or {}).items():
                yield f"{where} {name}", remote.get("data") or {}


def check(bag: Bag) -> str | None:
    """Reads one databag with the library it is for; returns which, None for neither."""
    data = {key: value for key, value in bag.items() if key not in JUJU_KEYS}
    if "certificate_signing_requests" in data:
        check_requirer(data)
        return "tls-certificates requirer"
    if "request_errors" in data or "capabilities" in data or holds_answers(data):
        check_provider(data)
        return "tls-certificates provider"
    if "certificates" in data:
        check_round_trip(transfer.ProviderApplicationData, data)
        check_pems(json.loads(data["certificates"]), tls.Certificate)
        return "certificate_transfer provider"
    if {"ca", "certificate", "chain"} <= data.keys():
        check_round_trip(transfer.ProviderUnitDataV0, data)
        check_pems(json.loads(data["chain"]), tls.Certificate)
        return "certificate_transfer provider version 0"
    if data.keys() == {"version"}:
        check_round_trip(transfer.RequirerApplicationData, data)
        return "certificate_transfer requirer"
    return None


def holds_answers(data: Bag) -> bool:
    """Whether `certificates` are answers to requests, not a set of CAs."""
    try:
        entries = json.loads(data.get("certificates", "null"))
    except json.JSONDecodeError as error:
        raise Complaint(f"certificates are not JSON: {error}") from error
    return isinstance(entries, list) and any(isinstance(entry, dict) for entry in entries)


def check_round_trip(model, data: Bag) -> object:
    """Loads a databag and dumps it again: the texts must be the same."""
    loaded = model.load(data)
    dumped = loaded.dump({})
    if dumped != dict(data):
        raise Complaint(f"the library writes {dumped!r}\nwhere trustsim wrote {dict(data)!r}")
    return loaded


def check_pems(texts: list[str], kind) -> None:
    """Reads each PEM text; the library writes them stripped and in its own wrapping."""
    for text in texts:
        if str(kind(raw=text)) != text:
            raise Complaint(f"not as the library writes it: {text!r}")


def check_requirer(data: Bag) -> None:
    """Requests of a unit or an application."""
    loaded = check_round_trip(tls._RequirerData, data)
    for entry in loaded.certificate_signing_requests:
        check_pems([entry.certificate_signing_request], tls.CertificateSigningRequest)
        request = tls.CertificateSigningRequest.from_string(entry.certificate_signing_request)
        if not request._csr.is_signature_valid:
            raise Complaint("a request is not signed with its own key")


def check_provider(data: Bag) -> None:
    """Answers and refusals."""
    loaded = check_round_trip(tls._ProviderApplicationData, data)
    for entry in loaded.certificates:
        check_pems([entry.ca, entry.certificate, *(entry.chain or [])], tls.Certificate)
        check_pems([entry.certificate_signing_request], tls.CertificateSigningRequest)
        answer = entry.to_provider_certificate(relation_id=0)
        if not answer.certificate_signing_request.matches_certificate(answer.certificate):
            raise Complaint("a certificate is not for the key of its request")
        chain = [str(certificate) for certificate in answer.chain]
        if not tls.chain_has_valid_order(chain):
            raise Complaint("a chain is not in order")
    for error in loaded.request_errors:
        check_pems([error.csr], tls.CertificateSigningRequest)


def main(paths: list[str]) -> int:
    """Checks every file; 0 where no library complains and there was something to read."""
    counts: dict[str, int] = {}
    complaints = 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        for where, bag in bags(document):
            try:
                kind = check(bag)
            except (Complaint, tls.TLSCertificatesError, transfer.TLSCertificatesError, ValueError) as error:
                complaints += 1
                print(f"{path}: {where}: {error}", file=sys.stderr)
                continue
            if kind:
                counts[kind] = counts.get(kind, 0) + 1
    for kind, count in sorted(counts.items()):
        print(f"{count} {kind} databags")
    if not counts:
        print("no databag of either interface in these files", file=sys.stderr)
        return 1
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
