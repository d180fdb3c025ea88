#!/usr/bin/env python3
"""A server in a pod for the tests: its charm writes certificate, key and roots, and restarts it when one of them changes."""

import socket

import ops
from charmlibs.interfaces import certificate_transfer as transfer
from charmlibs.interfaces import tls_certificates as tls

CERTIFICATE, KEY, ROOTS = "/etc/web/server.pem", "/etc/web/server.key", "/etc/web/roots"
LAYER = ops.pebble.Layer(
    {
        "services": {
            "web": {
                "override": "replace",
                "command": f"/bin/web --cert {CERTIFICATE} --key {KEY}",
                "startup": "enabled",
            }
        }
    }
)


class Pod(ops.CharmBase):
    """Each unit asks for a certificate of its own."""

    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        self.container = self.unit.get_container("web")
        name = socket.getfqdn()
        self.certificates = tls.TLSCertificatesRequiresV4(
            self,
            "certificates",
            certificate_requests=[
                tls.CertificateRequestAttributes(common_name=name, sans_dns=[name])
            ],
            refresh_events=[self.on.config_changed],
        )
        self.transfer = transfer.CertificateTransferRequires(self, "receive-ca-cert")
        for event in (
            self.on.web_pebble_ready,
            self.on.config_changed,
            self.certificates.on.certificate_available,
            self.on.certificates_relation_broken,
            self.transfer.on.certificate_set_updated,
            self.transfer.on.certificates_removed,
        ):
            framework.observe(event, self._configure)
        framework.observe(self.on.collect_unit_status, self._on_collect_status)

    def _on_collect_status(self, event: ops.CollectStatusEvent) -> None:
        if not self.container.can_connect():
            event.add_status(ops.WaitingStatus("waiting for the container"))
        elif not self.container.exists(CERTIFICATE):
            event.add_status(ops.WaitingStatus("waiting for certificates"))
        event.add_status(ops.ActiveStatus())

    def _configure(self, event: ops.EventBase) -> None:
        if not self.container.can_connect():
            return
        changed = self._write_certificate()
        changed = self._write_roots() or changed
        self.container.add_layer("web", LAYER, combine=True)
        if changed or isinstance(event, ops.PebbleReadyEvent):
            self.container.restart("web")
        else:
            self.container.replan()

    def _write_certificate(self) -> bool:
        assigned, key = self.certificates.get_assigned_certificates()
        if not assigned or key is None:
            return False
        chain = "\n".join(str(each) for each in assigned[0].chain)
        changed = self._push(CERTIFICATE, chain)
        changed = self._push(f"{ROOTS}/own.pem", str(assigned[0].ca)) or changed
        return self._push(KEY, str(key)) or changed

    def _write_roots(self) -> bool:
        roots = sorted(self.transfer.get_all_certificates())
        return self._push(f"{ROOTS}/received.pem", "\n".join(roots)) if roots else False

    def _push(self, path: str, text: str) -> bool:
        if self.container.exists(path) and self.container.pull(path).read() == text:
            return False
        self.container.push(path, text, make_dirs=True)
        return True


if __name__ == "__main__":
    ops.main(Pod)
