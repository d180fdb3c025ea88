//! What `juju` and `terraform` print, damaged, alone or several in a folder: `trustsim import` refuses it, or writes a
//! scenario that loads.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;

use super::damage;
use super::limits::limited;
use super::trees::{self, Pool};
use super::workers::Target;
use crate::common::random::Draw;

pub(crate) const TARGET: Target = Target {
    name: "dumps",
    case,
};

const STATUS: &str = r#"
model: {name: m, type: iaas, controller: c, cloud: lxd, version: 3.6.1}
machines: {'0': {hostname: juju-0, ip-addresses: [10.0.0.1], containers: {0/lxd/0: {hostname: juju-1}}}}
applications:
  ca:
    charm: self-signed-certificates
    charm-name: self-signed-certificates
    charm-channel: 1/stable
    charm-rev: 300
    base: {name: ubuntu, channel: '24.04'}
    application-status: {current: active, since: 01 Jan 2026 00:00:00Z}
    relations: {certificates: [{related-application: web, interface: tls-certificates, scope: global}]}
    units: {ca/0: {workload-status: {current: active}, machine: '0', public-address: 10.0.0.1}}
  web:
    charm: haproxy
    charm-rev: 200
    exposed: true
    endpoint-bindings: {'': alpha, certificates: beta}
    relations:
      certificates: [{related-application: ca, interface: tls-certificates, scope: global}]
      receive-ca-certs: [{related-application: other, interface: certificate_transfer, scope: global}]
    units: {web/0: {leader: true, address: 10.0.0.2, machine: 0/lxd/0, subordinates: {agent/0: {}}}}
  agent: {charm: grafana-agent, subordinate-to: [web], relations: {peers: [agent]}}
application-endpoints: {other: {url: 'c:admin/n.send-ca', endpoints: {send-ca-cert: {interface: certificate_transfer, role: provider}}, relations: {send-ca-cert: [web]}}}
offers: {out: {application: ca, charm: ch:self-signed-certificates, endpoints: {certificates: {interface: tls-certificates, role: provider}}}}
"#;

const UNIT: &str = r#"
web/0:
  opened-ports: [443/tcp]
  charm: ch:amd64/haproxy-200
  leader: true
  life: alive
  relation-info:
    - relation-id: 3
      endpoint: certificates
      related-endpoint: certificates
      application-data: {}
      related-units:
        ca/0: {in-scope: true, data: {egress-subnets: 10.0.0.1/32, url: 'https://10.0.0.1:8200', certificates: '[]'}}
      local-unit: {in-scope: true, data: {certificate_signing_requests: '[{"certificate_signing_request": "x"}]'}}
  public-address: 10.0.0.2
  address: 10.0.0.2
"#;

const TERRAFORM: [&str; 3] = [
    "kafka-test.json",
    "cos-lite-plan.json",
    "identity-state.json",
];

struct Seeds {
    all: Vec<(String, Option<Value>)>,
    pool: Pool,
}

fn seeds() -> &'static Seeds {
    static SEEDS: OnceLock<Seeds> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let read = |path: String| fs::read_to_string(folder.join(path)).expect("a file");
        let terraform = TERRAFORM.map(|name| read(format!("tests/suite/import/terraform/{name}")));
        let bundles = ["cos-lite", "charmed-kubernetes"]
            .map(|name| read(format!("scenarios/bundles/{name}.yaml")));
        let own = [STATUS, UNIT].map(str::to_owned);
        let texts = own.into_iter().chain(terraform).chain(bundles);
        // Lines of `terraform test` are no tree.
        let all: Vec<(String, Option<Value>)> = texts
            .map(|text| {
                let tree = serde_saphyr::from_str::<Value>(&text).ok();
                (text, tree.filter(Value::is_object))
            })
            .collect();
        let mut pool = Pool::default();
        all.iter()
            .filter_map(|(_, tree)| tree.as_ref())
            .for_each(|tree| pool.add(tree));
        pool.finish();
        Seeds { all, pool }
    })
}

fn damaged(draw: &mut Draw) -> Vec<u8> {
    let seeds = seeds();
    let (text, tree) = &seeds.all[draw.below(seeds.all.len())];
    match (draw.below(8), tree) {
        (0, _) => {
            let mut bytes = text.clone().into_bytes();
            damage::bytes(draw, &mut bytes);
            bytes
        }
        (2.., Some(tree)) => {
            let mut tree = tree.clone();
            trees::damage(draw, &mut tree, &seeds.pool);
            trees::yaml(&tree).into_bytes()
        }
        _ => {
            let (other, _) = &seeds.all[draw.below(seeds.all.len())];
            damage::lines(draw, text, other).into_bytes()
        }
    }
}

fn case(number: u64, folder: &Path) -> Result<&'static str, String> {
    let mut draw = Draw(number);
    let inside = folder.join("in");
    fs::create_dir(&inside).expect("a folder");
    let names = ["a.json", "b.yaml", "c.yaml"];
    let count = draw.of(&[1, 1, 1, 2, 3]);
    for name in &names[..count] {
        fs::write(inside.join(name), damaged(&mut draw)).expect("written");
    }
    let path = match count {
        1 => "in/a.json",
        _ => "in",
    };
    let made = limited(folder, &["import", path, "-o", "s.yaml", "-q"])?;
    if made.code == 2 {
        return Ok("refused");
    }
    let loads = limited(folder, &["check", "s.yaml", "-q"])?;
    match loads.code {
        0 => Ok("imported"),
        code => Err(format!(
            "it was imported, and `check` ends with {code}: {}",
            loads.error
        )),
    }
}
