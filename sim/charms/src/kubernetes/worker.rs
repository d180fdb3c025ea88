//! `kubernetes-worker`: a kubelet, which serves the API server and talks to it.

use super::{Kubernetes, Stop, on_error, remote_value, sorted, write_kubeconfig};
use trustsim_interfaces::UnitContext;
use trustsim_juju::HookError;

const CLIENT: &str = "system:kubelet";

impl Kubernetes {
    /// `reconcile`.
    pub(super) fn reconcile_worker(&self, unit: &mut UnitContext<'_>) -> Result<(), Stop> {
        const WAITS: &str = "Waiting for certificate authority";
        let requested = self.request_worker(unit);
        if !on_error(WAITS, requested)? {
            return Err(Stop::waiting(WAITS));
        }
        let ca = self.write_node_certificates(unit, CLIENT)?;
        let Some((_, endpoints)) = remote_value(unit, "kube-control", "api-endpoints") else {
            return Err(Stop::waiting("Waiting for kube-control relation"));
        };
        // Written by another charm: what is no list is none yet.
        let servers: Vec<String> = serde_json::from_str(endpoints.text()).unwrap_or_default();
        let turn = unit.unit_number() as usize;
        let server = servers.get(turn % servers.len().max(1)).cloned();
        let server = server.ok_or_else(|| Stop::waiting("Waiting for kube-control relation"))?;
        for (path, user) in [
            ("home/ubuntu/.kube/config", "ubuntu"),
            ("root/.kube/config", "root"),
            ("root/cdk/kubeconfig", "kubelet"),
            ("root/cdk/kubeproxyconfig", "kube-proxy"),
        ] {
            write_kubeconfig(unit, path, &ca, &server, user);
        }
        // `configure_kubelet` and `configure_kube_proxy` end in a restart.
        unit.restart_workload();
        Ok(())
    }

    /// `_request_certificates`: nothing is asked for before there is a CA. Whether it was.
    fn request_worker(&self, unit: &mut UnitContext<'_>) -> Result<bool, HookError> {
        if self.certificates.received(unit)?.is_none() {
            return Ok(false);
        }
        let address = unit.address();
        let mut names = vec![address.to_owned(), "127.0.0.1".to_owned(), unit.hostname()];
        // `get_bind_addresses`: every global address of the machine.
        names.extend(unit.all_addresses().into_iter().map(str::to_owned));
        let names = sorted(names);
        self.certificates
            .request_server(unit, address, &names, None)?;
        self.certificates.request_client(unit, CLIENT, None)?;
        Ok(true)
    }
}
