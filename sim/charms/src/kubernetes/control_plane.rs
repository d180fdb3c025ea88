//! `kubernetes-control-plane`: API server, kubelet and the rest on one machine.

use super::{
    CERTIFICATES, Kubernetes, Stop, on_error, remote_value, sorted, words, write_kubeconfig,
};
use crate::surface::{client_chain_path, client_key_path, process_trust_path, trust_path};
use trustsim_interfaces::UnitContext;
use trustsim_juju::{HookError, Value};
use trustsim_kernel::Span;

const CLIENT: &str = "system:kube-apiserver";
const ETCD: &str = "etcd";
/// `kubectl` of root, and of the charm: its kubeconfig has the CA within.
const ROOT: &str = "root";
const LOAD_BALANCERS: [&str; 2] = ["loadbalancer-external", "loadbalancer-internal"];

impl Kubernetes {
    /// `reconcile`.
    pub(super) fn reconcile_control_plane(&self, unit: &mut UnitContext<'_>) -> Result<(), Stop> {
        let requested = self.request_control_plane(unit);
        on_error("Waiting for certificate authority", requested)?;
        let ca = self.write_node_certificates(unit, CLIENT)?;
        if let Err(stop) = write_etcd_credentials(unit) {
            // The API server notices its certificate files by itself; nothing else does.
            unit.reload_workload(&format!("tls/{CERTIFICATES}/"));
            return Err(stop);
        }
        let internal = api_address(unit, ["loadbalancer-internal", "loadbalancer-external"]);
        self.check_root_kubeconfig(unit, &ca)?;
        write_kubeconfigs(unit, &ca);
        tell_workers(unit, &internal)?;
        // `configure_apiserver`, `configure_kubelet` and the others end in a restart.
        unit.restart_workload();
        Ok(())
    }

    /// `create_token` before #354: `kubectl` with root's kubeconfig as it is, for a minute, at an API server that has
    /// started with its new certificate already (`configure_apiserver`).
    fn check_root_kubeconfig(&self, unit: &mut UnitContext<'_>, ca: &Value) -> Result<(), Stop> {
        let root = process_trust_path(ROOT, CERTIFICATES);
        let has_old = unit.files().get(root.as_str()).is_some_and(|old| old != ca);
        if !self.keeps_root_kubeconfig || !has_old {
            return Ok(());
        }
        unit.restart_workload();
        unit.spend(Span::from_secs(60));
        Err(Stop::waiting("Waiting for Auth Tokens"))
    }

    /// `request_certificates`.
    fn request_control_plane(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        if self.certificates.relation(unit)?.is_none() {
            let message = "AssertionError: Certificates relation doesn't yet exist";
            return Err(HookError::Charm(message.to_owned()));
        }
        let names = sorted(names(unit));
        self.certificates.request_client(unit, CLIENT, None)?;
        let address = unit.address();
        self.certificates
            .request_server(unit, address, &names, None)
    }
}

fn names(unit: &UnitContext<'_>) -> Vec<String> {
    let domain = option_or(unit, "dns_domain", "cluster.local");
    let mut names = vec![
        unit.address().to_owned(),
        "127.0.0.1".to_owned(),
        unit.hostname(),
        "kubernetes".to_owned(),
        format!("kubernetes.{domain}"),
        "kubernetes.default".to_owned(),
        "kubernetes.default.svc".to_owned(),
        format!("kubernetes.default.svc.{domain}"),
    ];
    for option in ["loadbalancer-ips", "ha-cluster-vip", "ha-cluster-dns"] {
        names.extend(words(unit, option));
    }
    let networks = option_or(unit, "service-cidr", "10.152.183.0/24");
    names.extend(networks.split(',').filter_map(first_host));
    // `get_bind_addresses`: every global address of the machine.
    names.extend(unit.all_addresses().into_iter().map(str::to_owned));
    for endpoint in LOAD_BALANCERS {
        names.extend(load_balancer(unit, endpoint));
    }
    names.extend(words(unit, "extra_sans"));
    names
}

/// An option, or the charm's default where a declaration of its own leaves the option out.
fn option_or<'a>(unit: &UnitContext<'a>, option: &str, default: &'static str) -> &'a str {
    match unit.config(option) {
        Some(value) => value,
        None => default,
    }
}

/// `get_kubernetes_service_addresses`: the first host of a network, `10.152.183.1`.
fn first_host(network: &str) -> Option<String> {
    let (address, length) = network.trim().split_once('/')?;
    let length: u32 = length.parse().ok()?;
    if let Ok(address) = address.parse::<std::net::Ipv4Addr>() {
        // A shift by all of the bits, which Rust has none of, leaves nothing.
        let mask = u32::MAX
            .checked_shl(32_u32.checked_sub(length)?)
            .unwrap_or(0);
        let network = u32::from(address) & mask;
        return Some(std::net::Ipv4Addr::from(network + 1).to_string());
    }
    let address: std::net::Ipv6Addr = address.parse().ok()?;
    let shift = 128_u32.checked_sub(length)?;
    let mask = u128::MAX.checked_shl(shift).unwrap_or(0);
    let first = std::net::Ipv6Addr::from((u128::from(address) & mask) + 1);
    // `exploded`, as Python writes it.
    let groups = first.segments().map(|group| format!("{group:04x}"));
    Some(groups.join(":"))
}

/// `get_response(..).address`.
fn load_balancer(unit: &UnitContext<'_>, endpoint: &str) -> Option<String> {
    let (_, address) = remote_value(unit, endpoint, super::load_balancer::ADDRESS)?;
    Some(address.text().to_owned())
}

/// `k8s_api_endpoints`: by option, by load balancer, or this unit.
fn api_address(unit: &UnitContext<'_>, endpoints: [&str; 2]) -> String {
    let by_option = words(unit, "loadbalancer-ips").into_iter().next();
    let by_relation = || {
        endpoints
            .into_iter()
            .find_map(|each| load_balancer(unit, each))
    };
    by_option
        .or_else(by_relation)
        .unwrap_or_else(|| unit.address().to_owned())
}

/// `write_etcd_client_credentials`: `/root/cdk/etcd/client-{ca,cert,key}.pem`.
fn write_etcd_credentials(unit: &mut UnitContext<'_>) -> Result<(), Stop> {
    let credential = |key| remote_value(unit, ETCD, key).map(|(_, value)| value);
    let (Some(ca), Some(certificate), Some(key), Some(_)) = (
        credential("client_ca"),
        credential("client_cert"),
        credential("client_key"),
        credential("connection_string"),
    ) else {
        return Err(Stop::waiting("Waiting for etcd"));
    };
    unit.push_file(&trust_path(ETCD), ca);
    unit.push_file(&client_chain_path(ETCD, "client"), certificate);
    unit.push_file(&client_key_path(ETCD, "client"), key);
    Ok(())
}

/// `create_kubeconfigs`: for this machine, and for people outside.
fn write_kubeconfigs(unit: &mut UnitContext<'_>, ca: &Value) {
    let public = api_address(unit, LOAD_BALANCERS);
    let local = "https://127.0.0.1:6443";
    unit.push_file(&process_trust_path(ROOT, CERTIFICATES), ca.clone());
    for (path, user) in [
        ("root/.kube/config", "admin"),
        ("home/ubuntu/.kube/config", "admin"),
        (
            "root/cdk/kubecontrollermanagerconfig",
            "kube-controller-manager",
        ),
        ("root/cdk/kubeschedulerconfig", "kube-scheduler"),
        ("root/cdk/kubeconfig", "kubelet"),
        ("root/cdk/kubeproxyconfig", "kube-proxy"),
    ] {
        write_kubeconfig(unit, path, ca, local, user);
    }
    let public = format!("https://{public}:443");
    write_kubeconfig(unit, "home/ubuntu/config", ca, &public, "admin");
}

/// `configure_kube_control`: what workers wait for.
fn tell_workers(unit: &mut UnitContext<'_>, internal: &str) -> Result<(), Stop> {
    let endpoints = format!("[\"https://{internal}:6443\"]");
    for relation in unit.relations("kube-control") {
        let value = Some(Value::from(endpoints.as_str()));
        unit.set_unit_data(relation, "api-endpoints", value)
            .map_err(HookError::from)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::first_host;

    /// `next(network.hosts()).exploded` of `CPython` 3.11.
    #[test]
    fn the_first_host_is_that_of_pythons_ipaddress() {
        for (network, first) in [
            ("10.152.183.0/24", "10.152.183.1"),
            ("10.152.183.77/16", "10.152.0.1"),
            ("fd00:1::/112", "fd00:0001:0000:0000:0000:0000:0000:0001"),
        ] {
            assert_eq!(first_host(network).as_deref(), Some(first));
        }
        for wrong in ["", "10.0.0.0", "10.0.0.0/33", "a/8"] {
            assert_eq!(first_host(wrong), None, "{wrong}");
        }
    }
}
