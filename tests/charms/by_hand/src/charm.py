#!/usr/bin/env python3
"""A provider of certificates for the tests that signs nothing: a person hands it what they had signed."""

import base64
import re

import ops
from charmlibs.interfaces import certificate_transfer as transfer
from charmlibs.interfaces import tls_certificates as tls

BLOCK = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


class ByHand(ops.CharmBase):
    """Hands out what the action brings, and sends the bundle of the option."""

    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        self.certificates = tls.TLSCertificatesProvidesV4(self, "certificates")
        self.transfer = transfer.CertificateTransferProvides(self, "trust_certificate")
        framework.observe(self.on.provide_certificate_action, self._on_provide)
        framework.observe(self.on.config_changed, self._send_bundle)
        framework.observe(self.on.trust_certificate_relation_joined, self._send_bundle)
        framework.observe(self.on.collect_unit_status, self._on_collect_status)

    def _on_collect_status(self, event: ops.CollectStatusEvent) -> None:
        event.add_status(ops.ActiveStatus())

    def _on_provide(self, event: ops.ActionEvent) -> None:
        given = {key: base64.b64decode(text).decode() for key, text in event.params.items() if key != "relation-id"}
        request = tls.CertificateSigningRequest.from_string(given["certificate-signing-request"])
        known = [
            each.relation_id
            for each in self.certificates.get_certificate_requests()
            if each.certificate_signing_request == request
        ]
        if event.params["relation-id"] not in known:
            event.fail("no relation of this id has the request")
            return
        self.certificates.set_relation_certificate(
            tls.ProviderCertificate(
                relation_id=event.params["relation-id"],
                certificate=tls.Certificate.from_string(given["certificate"]),
                certificate_signing_request=request,
                ca=tls.Certificate.from_string(given["ca-certificate"]),
                chain=[tls.Certificate.from_string(pem) for pem in BLOCK.findall(given["ca-chain"])],
            )
        )
        event.set_results({"result": "it is handed out"})

    def _send_bundle(self, _: ops.EventBase) -> None:
        bundle = str(self.config.get("trusted-certificate-bundle", ""))
        if certificates := set(BLOCK.findall(bundle)):
            self.transfer.add_certificates(certificates)


if __name__ == "__main__":
    ops.main(ByHand)
