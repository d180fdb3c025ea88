"""A minimal charm around the real libraries, as a recorded hook says they are carried.

Requirers need nothing more: the libraries have observers of their own. A provider charm also
decides, and no provider charm is on PyPI, so what is here are the few calls that it makes of its
library: those of self-signed-certificates as its source has them, those of any other provider read
off what trustsim's provider answered in the same hook.
"""

import datetime
import json

import ops
from charmlibs.interfaces import certificate_transfer as transfer
from charmlibs.interfaces import tls_certificates as tls

# Libraries that are on PyPI, by their name in scenarios. Older ones are only vendored by charms.
CURRENT = {"tls-certificates", "certificate-transfer"}


def make(entry: dict) -> type[ops.CharmBase]:
    """The charm for one recorded hook."""
    libraries = [each for each in entry["libraries"] if each["library"] in CURRENT]

    class Charm(ops.CharmBase):
        """Carries the libraries; a provider's calls come after the library's own observers."""

        def __init__(self, framework: ops.Framework):
            super().__init__(framework)
            self.carried = {each["endpoint"]: carry(self, each) for each in libraries}
            provides = [each for each in libraries if each["role"] == "provider"]
            if not provides:
                return
            decide = SelfSigned if is_self_signed(entry) else Answers
            self.provider = decide(self, entry, provides)
            for name in self.provider.events():
                self.framework.observe(getattr(self.on, name), self._decide)

        def _decide(self, event: ops.EventBase) -> None:
            self.provider.decide(event)

    return Charm


def carry(charm: ops.CharmBase, library: dict):
    """Constructs one real library."""
    endpoint = library["endpoint"]
    if library["library"] == "certificate-transfer":
        if library["role"] == "provider":
            return transfer.CertificateTransferProvides(charm, endpoint)
        return transfer.CertificateTransferRequires(charm, endpoint)
    if library["role"] == "provider":
        said = library["capabilities"]
        capabilities = tls.ProviderCapabilities(**json.loads(said)) if said else None
        return tls.TLSCertificatesProvidesV4(charm, endpoint, capabilities)
    by_mode = {tls.Mode.APP: [], tls.Mode.UNIT: []}
    for request in library["certificate-requests"]:
        arguments = {key: value for key, value in request.items() if key != "for"}
        mode = tls.Mode.APP if request["for"] == "app" else tls.Mode.UNIT
        by_mode[mode].append(tls.CertificateRequestAttributes(**arguments))
    mode = {
        "unit": tls.Mode.UNIT,
        "app": tls.Mode.APP,
        "app-and-unit": tls.Mode.APP_AND_UNIT,
    }[library["mode"]]
    both = mode == tls.Mode.APP_AND_UNIT
    given = library["private-key"]
    return tls.TLSCertificatesRequiresV4(
        charm,
        endpoint,
        certificate_requests=[] if both else by_mode[tls.Mode.APP] + by_mode[tls.Mode.UNIT],
        certificate_requests_by_mode=by_mode if both else None,
        mode=mode,
        refresh_events=[
            getattr(charm.on, hook.replace("-", "_")) for hook in library["refresh-hooks"]
        ],
        private_key=tls.PrivateKey.from_string(given) if given else None,
        renewal_relative_time=library["renewal-permille"] / 1000,
        key_algorithm=library["key-algorithm"],
    )


def is_self_signed(entry: dict) -> bool:
    """Whether the charm is self-signed-certificates with libraries of today."""
    return entry["charm"] == "self-signed-certificates" and all(
        each["library"] in CURRENT for each in entry["libraries"]
    )


class SelfSigned:
    """What canonical/self-signed-certificates-operator (df04ad3, `src/charm.py`) does."""

    def __init__(self, charm: ops.CharmBase, entry: dict, provides: list[dict]):
        self.charm = charm
        self.certificates = charm.carried["certificates"]
        self.transfer = charm.carried["send-ca-cert"]
        self.action = entry.get("action", {}).get("name")
        self.algorithm = provides[0]["key-algorithm"]

    def events(self) -> list[str]:
        """What the charm observes, apart from its libraries."""
        events = [
            "update_status",
            "config_changed",
            "secret_changed",
            "certificates_relation_changed",
            "secret_expired",
            "send_ca_cert_relation_joined",
        ]
        if self.action == "rotate-private-key":
            events.append("rotate_private_key_action")
        return events

    def decide(self, event: ops.EventBase) -> None:
        """`_configure`, or the action."""
        if isinstance(event, ops.ActionEvent):
            self.revoke()
            return
        if not self.charm.unit.is_leader() or not self.is_valid():
            return
        secret = self.secret("active-ca-certificates")
        if secret is None or not self.is_as_configured(secret):
            self.revoke()
        elif not secret.get_info().expires > datetime.datetime.now(datetime.timezone.utc):
            content = secret.get_content(refresh=True)
            self.keep("expiring-ca-certificates", content, self.validity("certificate"))
            self.generate()
        else:
            content = secret.get_content(refresh=True)
            self.transfer.add_certificates({content["ca-certificate"]})
            self.answer(content)

    def validity(self, of: str) -> datetime.timedelta:
        """`_parse_config_time_string`."""
        text = self.charm.config[f"{of}-validity"]
        if text.isnumeric():
            return datetime.timedelta(days=int(text))
        unit = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}[text[-1]]
        return datetime.timedelta(**{unit: int(text[:-1])})

    def is_valid(self) -> bool:
        """`_invalid_configs`, of options that can be read."""
        leaf, root = self.validity("certificate"), self.validity("root-ca")
        return bool(self.charm.config.get("ca-common-name")) and root >= 2 * leaf > leaf * 0

    def subject(self) -> dict[str, str | None]:
        """The CA's name, by the words of the library."""
        words = {
            "common_name": "common-name",
            "organization": "organization",
            "organizational_unit": "organizational-unit",
            "email_address": "email-address",
            "country_name": "country-name",
            "state_or_province_name": "state-or-province-name",
            "locality_name": "locality-name",
        }
        return {word: self.charm.config.get(f"ca-{option}") for word, option in words.items()}

    def secret(self, label: str) -> ops.Secret | None:
        """A secret of the application."""
        try:
            return self.charm.model.get_secret(label=label)
        except ops.SecretNotFoundError:
            return None

    def is_as_configured(self, secret: ops.Secret) -> bool:
        """`_root_certificate_matches_config`."""
        text = secret.get_content(refresh=True)["ca-certificate"]
        ca = tls.Certificate.from_string(text)
        same = all(getattr(ca, word) == value for word, value in self.subject().items())
        return same and self.validity("root-ca") == ca.expiry_time - ca.validity_start_time

    def revoke(self) -> None:
        """What begins anew: all is revoked, and there is a new CA."""
        self.certificates.revoke_all_certificates()
        if expiring := self.secret("expiring-ca-certificates"):
            expiring.remove_all_revisions()
        self.generate()

    def generate(self) -> None:
        """`_generate_root_certificate`."""
        # The charm's are RSA; a scenario may have others.
        key = tls.PrivateKey.generate(key_algorithm=self.algorithm)
        ca = tls.generate_ca(private_key=key, validity=self.validity("root-ca"), **self.subject())
        content = {"private-key": str(key), "ca-certificate": str(ca)}
        threshold = self.validity("root-ca") - self.validity("certificate")
        self.keep("active-ca-certificates", content, threshold)

    def keep(self, label: str, content: dict[str, str], expire: datetime.timedelta) -> None:
        """`_set_juju_secret`."""
        if secret := self.secret(label):
            secret.set_info(expire=datetime.datetime.now() + expire)
            secret.set_content(content)
        else:
            self.charm.app.add_secret(content=content, label=label, expire=expire)

    def answer(self, content: dict[str, str]) -> None:
        """`_process_outstanding_certificate_requests`."""
        ca = tls.Certificate.from_string(content["ca-certificate"])
        limit = self.charm.config.get("certificate-limit")
        counts: dict[int, int] = {}
        for request in self.certificates.get_outstanding_certificate_requests():
            count = counts[request.relation_id] = counts.get(request.relation_id, 0) + 1
            if isinstance(limit, int) and limit > 0 and count > limit:
                continue
            certificate = tls.generate_certificate(
                ca=ca,
                ca_private_key=tls.PrivateKey.from_string(content["private-key"]),
                csr=request.certificate_signing_request,
                validity=self.validity("certificate"),
                is_ca=request.is_ca,
            )
            self.certificates.set_relation_certificate(
                tls.ProviderCertificate(
                    relation_id=request.relation_id,
                    certificate=certificate,
                    certificate_signing_request=request.certificate_signing_request,
                    ca=ca,
                    chain=[certificate, ca],
                )
            )


class Answers:
    """What any other provider does: trustsim's answers of this hook, given through the library."""

    def __init__(self, charm: ops.CharmBase, entry: dict, provides: list[dict]):
        self.charm = charm
        self.entry = entry
        self.endpoints = {each["endpoint"]: each["library"] for each in provides}

    def events(self) -> list[str]:
        """Whatever hook it is."""
        return [event_name(self.entry)]

    def decide(self, _: ops.EventBase) -> None:
        """Gives what changed in the databags, relation by relation."""
        if not self.charm.unit.is_leader():
            return
        before = {each["relation-id"]: each for each in self.entry["before"]["relations"]}
        for after in self.entry["after"]["relations"]:
            library = self.endpoints.get(after["endpoint"])
            if library is None or after["relation-id"] not in before:
                continue
            was = before[after["relation-id"]]
            if library == "certificate-transfer":
                self.send(self.charm.carried[after["endpoint"]], was, after)
            else:
                self.give(self.charm.carried[after["endpoint"]], was, after)

    def send(self, library, was: dict, now: dict) -> None:
        """`add_certificates` and `remove_certificate`."""
        old, new = sent(was), sent(now)
        if new - old:
            library.add_certificates(new - old, relation_id=now["relation-id"])
        for gone in old - new:
            library.remove_certificate(gone, relation_id=now["relation-id"])

    def give(self, library, was: dict, now: dict) -> None:
        """`set_relation_certificate` and `set_relation_error`, in the order of the databag."""
        outstanding = {
            str(each.certificate_signing_request)
            for each in library.get_outstanding_certificate_requests(now["relation-id"])
        }
        # Setting each refusal again in its order leaves them as they are.
        errors = entries(now, "request_errors")
        if errors == entries(was, "request_errors"):
            errors = []
        for entry in errors:
            library.set_relation_error(
                tls.ProviderCertificateError(
                    relation_id=now["relation-id"],
                    certificate_signing_request=asked(entry["csr"], outstanding),
                    error=tls.CertificateError(**entry["error"]),
                )
            )
        old = entries(was, "certificates")
        for entry in entries(now, "certificates"):
            if entry in old:
                continue
            library.set_relation_certificate(
                tls.ProviderCertificate(
                    relation_id=now["relation-id"],
                    certificate=tls.Certificate.from_string(entry["certificate"]),
                    certificate_signing_request=asked(
                        entry["certificate_signing_request"], outstanding
                    ),
                    ca=tls.Certificate.from_string(entry["ca"]),
                    chain=[tls.Certificate.from_string(each) for each in entry["chain"]],
                )
            )


def asked(text: str, outstanding: set[str]) -> tls.CertificateSigningRequest:
    """The request, which must be one that the real library gives to a provider to answer."""
    if text not in outstanding:
        raise AssertionError("an answer to a request that is not outstanding")
    return tls.CertificateSigningRequest.from_string(text)


def entries(relation: dict, key: str) -> list[dict]:
    """A list in the provider's application databag."""
    return json.loads((relation["application-data"] or {}).get(key, "[]"))


def sent(relation: dict) -> set[str]:
    """The CAs in the provider's databags, of whatever version."""
    said = json.loads((relation["application-data"] or {}).get("certificates", "[]"))
    return set(said) or set(json.loads(relation["unit-data"].get("chain", "[]")))


def event_name(entry: dict) -> str:
    """How ops calls the hook."""
    if "action" in entry:
        return entry["action"]["name"].replace("-", "_") + "_action"
    return entry["hook"].replace("-", "_")
