#!/usr/bin/env python3
"""A provider of certificates for the tests: it has a root of its own and signs what is asked of it."""

import datetime

import ops
from charmlibs.interfaces import certificate_transfer as transfer
from charmlibs.interfaces import tls_certificates as tls

ACTIVE, EXPIRING = "active-root", "expiring-root"


class Provider(ops.CharmBase):
    """Signs with a root that is kept in a secret of the application, which expires when a new root has to come."""

    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        self.certificates = tls.TLSCertificatesProvidesV4(self, "certificates")
        self.transfer = transfer.CertificateTransferProvides(self, "send-ca-cert")
        for event in (
            self.on.update_status,
            self.on.config_changed,
            self.on.secret_changed,
            self.on.secret_expired,
            self.on.certificates_relation_changed,
            self.on.send_ca_cert_relation_joined,
        ):
            framework.observe(event, self._configure)
        framework.observe(self.on.rotate_private_key_action, self._on_rotate)
        framework.observe(self.on.collect_unit_status, self._on_collect_status)

    def _on_collect_status(self, event: ops.CollectStatusEvent) -> None:
        event.add_status(ops.ActiveStatus())

    def _on_rotate(self, event: ops.ActionEvent) -> None:
        if not self.unit.is_leader():
            event.fail("this unit does not lead")
            return
        self._begin_anew()
        event.set_results({"result": "there is a new root"})

    def _configure(self, _: ops.EventBase) -> None:
        if not self.unit.is_leader():
            return
        secret = self._secret(ACTIVE)
        if secret is None:
            self._begin_anew()
            return
        content = secret.get_content(refresh=True)
        expires = secret.get_info().expires
        if expires is not None and expires <= datetime.datetime.now(datetime.timezone.utc):
            self._keep(EXPIRING, content, self._validity("certificate"))
            self._make_root()
            return
        self.transfer.add_certificates({content["ca-certificate"]})
        self._answer(content)

    def _begin_anew(self) -> None:
        self.certificates.revoke_all_certificates()
        if expiring := self._secret(EXPIRING):
            expiring.remove_all_revisions()
        self._make_root()

    def _validity(self, of: str) -> datetime.timedelta:
        return datetime.timedelta(days=int(self.config[f"{of}-validity"]))

    def _secret(self, label: str) -> ops.Secret | None:
        try:
            return self.model.get_secret(label=label)
        except ops.SecretNotFoundError:
            return None

    def _keep(self, label: str, content: dict[str, str], expire: datetime.timedelta) -> None:
        if secret := self._secret(label):
            secret.set_info(expire=datetime.datetime.now() + expire)
            secret.set_content(content)
        else:
            self.app.add_secret(content, label=label, expire=expire)

    def _make_root(self) -> None:
        key = tls.PrivateKey.generate()
        root = tls.generate_ca(
            private_key=key,
            common_name=str(self.config["common-name"]),
            validity=self._validity("root"),
        )
        content = {"private-key": str(key), "ca-certificate": str(root)}
        self._keep(ACTIVE, content, self._validity("root") - self._validity("certificate"))

    def _answer(self, content: dict[str, str]) -> None:
        root = tls.Certificate.from_string(content["ca-certificate"])
        for request in self.certificates.get_outstanding_certificate_requests():
            certificate = tls.generate_certificate(
                csr=request.certificate_signing_request,
                ca=root,
                ca_private_key=tls.PrivateKey.from_string(content["private-key"]),
                validity=self._validity("certificate"),
            )
            self.certificates.set_relation_certificate(
                tls.ProviderCertificate(
                    relation_id=request.relation_id,
                    certificate=certificate,
                    certificate_signing_request=request.certificate_signing_request,
                    ca=root,
                    chain=[certificate, root],
                )
            )


if __name__ == "__main__":
    ops.main(Provider)
