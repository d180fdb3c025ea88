#!/usr/bin/env python3
"""A server on a machine for the tests: its charm writes files, adds roots to the system's, and restarts a systemd service."""

import pathlib
import subprocess

import ops
from charmlibs.interfaces import certificate_transfer as transfer
from charmlibs.interfaces import tls_certificates as tls

FOLDER = pathlib.Path("/etc/web")
CERTIFICATE, KEY = FOLDER / "server.pem", FOLDER / "server.key"
ROOTS = pathlib.Path("/usr/local/share/ca-certificates")
UNIT = pathlib.Path("/etc/systemd/system/web.service")
SERVICE = f"[Service]\nExecStart=/usr/bin/web --cert {CERTIFICATE} --key {KEY}\n[Install]\nWantedBy=multi-user.target\n"


class Machine(ops.CharmBase):
    """Each unit asks for a certificate of its own."""

    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        binding = self.model.get_binding("certificates")
        address = str(binding.network.bind_address) if binding else ""
        self.certificates = tls.TLSCertificatesRequiresV4(
            self,
            "certificates",
            certificate_requests=[
                tls.CertificateRequestAttributes(common_name=address, sans_ip=[address])
            ],
            refresh_events=[self.on.config_changed],
        )
        self.transfer = transfer.CertificateTransferRequires(self, "receive-ca-cert")
        framework.observe(self.on.install, self._on_install)
        for event in (
            self.on.config_changed,
            self.certificates.on.certificate_available,
            self.on.certificates_relation_broken,
            self.transfer.on.certificate_set_updated,
            self.transfer.on.certificates_removed,
        ):
            framework.observe(event, self._configure)
        framework.observe(self.on.collect_unit_status, self._on_collect_status)

    def _on_install(self, _: ops.InstallEvent) -> None:
        FOLDER.mkdir(parents=True)
        UNIT.write_text(SERVICE)
        subprocess.run(["systemctl", "daemon-reload"], check=True)
        subprocess.run(["systemctl", "enable", "web"], check=True)

    def _on_collect_status(self, event: ops.CollectStatusEvent) -> None:
        if not CERTIFICATE.exists():
            event.add_status(ops.WaitingStatus("waiting for certificates"))
        event.add_status(ops.ActiveStatus())

    def _configure(self, _: ops.EventBase) -> None:
        changed = self._write_certificate()
        changed = self._write_roots() or changed
        if changed:
            subprocess.run(["systemctl", "restart", "web"], check=True)

    def _write_certificate(self) -> bool:
        assigned, key = self.certificates.get_assigned_certificates()
        if not assigned or key is None:
            return False
        chain = "\n".join(str(each) for each in assigned[0].chain)
        changed = self._write(CERTIFICATE, chain)
        return self._write(KEY, str(key)) or changed

    def _write_roots(self) -> bool:
        changed = False
        for number, root in enumerate(sorted(self.transfer.get_all_certificates())):
            changed = self._write(ROOTS / f"received-{number}.crt", root) or changed
        if changed:
            subprocess.run(["update-ca-certificates", "--fresh"], check=True)
        return changed

    @staticmethod
    def _write(path: pathlib.Path, text: str) -> bool:
        if path.exists() and path.read_text() == text:
            return False
        path.write_text(text)
        return True


if __name__ == "__main__":
    ops.main(Machine)
