//! Deployments of charms of the catalogue, drawn from a seed: two or three that want certificates, each in one of the
//! generations that are known of it, beside a provider, with a plan of what people do to them and what happens to them.

use trustsim::charms::{
    CharmMetadata, Endpoint, KnownReading, Protocol, Role, catalogue, readings,
};

use super::deployed;
use super::random::Draw;

/// A charm of the catalogue, in one generation.
struct Drawn {
    name: String,
    revision: Option<u64>,
    charm: CharmMetadata,
}

/// A deployment under construction.
struct Plan {
    draw: Draw,
    pods: bool,
    /// Charm and options of the provider.
    provider: &'static str,
    applications: Vec<Drawn>,
    /// Relations with it, as they are written between brackets.
    relations: Vec<String>,
}

/// A scenario up to its line `faults:`, and the lines of its plan.
pub(crate) fn deciding(seed: u64) -> (String, Vec<String>) {
    let mut plan = Plan::new(seed);
    let head = plan.head(seed);
    let head = format!("{head}{}", plan.connections(&head));
    let mut lines: Vec<String> = Vec::new();
    let mut away: Vec<usize> = Vec::new();
    for number in 0..2 + plan.draw.below(2) {
        let hour = 6 + 48 * number + plan.draw.below(36);
        lines.extend(plan.fault(hour, &mut away));
    }
    // A relation that is away is not removed again.
    if away.is_empty() {
        let random = format!("{head}faults:\n  - {{at: 8h, random: {{count: 2, for: 60h}}}}\n");
        lines.extend(deployed(&random).drawn);
    }
    (format!("{head}faults:\n"), lines)
}

fn is_wanted(endpoint: &Endpoint, interface: &str) -> bool {
    endpoint.role == Role::Requirer
        && endpoint.interface == interface
        && endpoint.protocol != Protocol::Legacy
}

/// Whether it is a consumer of the kind that is drawn.
fn is_consumer(charm: &CharmMetadata, pods: bool) -> bool {
    let mut endpoints = charm.endpoints.iter();
    let provides = |endpoint: &Endpoint| {
        endpoint.role == Role::Provider && endpoint.interface == "tls-certificates"
    };
    charm.containers.is_empty() != pods
        && !charm.subordinate
        // A Vault that is to have its certificate from elsewhere from the start never starts (TS0307).
        && charm.implementation.api.is_none()
        && !charm.endpoints.iter().any(provides)
        && endpoints.any(|endpoint| is_wanted(endpoint, "tls-certificates"))
}

impl Plan {
    fn new(seed: u64) -> Self {
        let mut draw = Draw(seed.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ 0x6361_7461);
        let pods = draw.below(3) > 0;
        let mut providers = vec![
            "charm: self-signed-certificates, channel: 1/stable",
            "charm: self-signed-certificates, channel: 1/stable, options: {certificate-validity: 2d, root-ca-validity: 30d}",
            "charm: self-signed-certificates, revision: 270",
            "charm: manual-tls-certificates, channel: 1/stable",
        ];
        if pods {
            providers.push(
                "charm: vault-k8s, channel: 1.18/stable, options: {pki_ca_common_name: Small Root, pki_allow_any_name: true, pki_allow_ip_sans: true, pki_allow_subdomains: true}",
            );
        }
        let provider = draw.of(&providers);
        let consumers: Vec<Vec<KnownReading>> = catalogue()
            .values()
            .map(|known| known.metadata.name.as_str())
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .map(|name| {
                let known = readings(name).into_iter();
                let fit = known.filter(|known| is_consumer(&known.charm.metadata, pods));
                fit.collect::<Vec<_>>()
            })
            .filter(|known| !known.is_empty())
            .collect();
        let mut plan = Self {
            draw,
            pods,
            provider,
            applications: Vec::new(),
            relations: Vec::new(),
        };
        for _ in 0..2 + plan.draw.below(2) {
            let known = &consumers[plan.draw.below(consumers.len())];
            let reading = &known[plan.draw.below(known.len())];
            let revision = plan.revision(reading);
            plan.applications.push(Drawn {
                name: reading.charm.metadata.name.clone(),
                revision,
                charm: reading.charm.metadata.clone(),
            });
        }
        plan.relate();
        plan
    }

    fn revision(&mut self, reading: &KnownReading) -> Option<u64> {
        if reading.revisions.is_empty() {
            return None;
        }
        let range = reading.revisions[self.draw.below(reading.revisions.len())];
        Some(range.first)
    }

    fn endpoints(&self) -> [&'static str; 2] {
        match self.provider {
            vault if vault.contains("vault") => ["vault-pki", "send-ca-cert"],
            manual if manual.contains("manual") => ["certificates", "trust_certificate"],
            _ => ["certificates", "send-ca-cert"],
        }
    }

    fn relate(&mut self) {
        let [issues, gives] = self.endpoints();
        for index in 0..self.applications.len() {
            let endpoints = self.applications[index].charm.endpoints.clone();
            for endpoint in &endpoints {
                if is_wanted(endpoint, "tls-certificates") {
                    let relation = format!("'app{index}:{}', 'ca:{issues}'", endpoint.name);
                    self.relations.push(relation);
                } else if is_wanted(endpoint, "certificate_transfer") && self.draw.below(4) > 0 {
                    let relation = format!("'app{index}:{}', 'ca:{gives}'", endpoint.name);
                    self.relations.push(relation);
                }
            }
        }
    }

    /// Everything before the connections.
    fn head(&mut self, seed: u64) -> String {
        let number = if self.pods { "scale" } else { "num_units" };
        let kind = if self.pods {
            "    bundle: kubernetes\n"
        } else {
            ""
        };
        let mut applications = String::new();
        for (index, drawn) in self.applications.iter().enumerate() {
            let revision = drawn.revision.map(|it| format!(", revision: {it}"));
            applications += &format!(
                "      app{index}: {{charm: {}{}, {number}: {}}}\n",
                drawn.name,
                revision.unwrap_or_default(),
                1 + self.draw.below(2)
            );
        }
        let relations: String = self
            .relations
            .iter()
            .map(|relation| format!("      - [{relation}]\n"))
            .collect();
        let signs = match self.provider.contains("manual") {
            true => {
                ", signs-with: {chain: [{common-name: Corporate Root, validity: 3650d}], leaf-validity: 90d}"
            }
            false => "",
        };
        let operators = match self.provider.contains("self-signed") {
            true => String::new(),
            false => format!(
                "operators:\n  team: {{answers: [m.ca], delay: {{from: 1m, to: 20m}}{signs}}}\n"
            ),
        };
        let refresh = self.draw.of(&["", ", refresh: 1h"]);
        format!(
            "seed: {seed}\nduration: 12d\nmodels:\n  m:\n{kind}    applications:\n      ca: {{{}, {number}: 1}}\n{applications}    relations:\n{relations}clients:\n  browser: {{trusts: [m.ca]{refresh}}}\n{operators}",
            self.provider
        )
    }

    /// Those of the connections among the browser and the applications that the deployment can have.
    fn connections(&self, head: &str) -> String {
        let all = 0..self.applications.len();
        let mut kept = String::new();
        for to in all.clone() {
            let sources = all.clone().map(|from| format!("m.app{from}"));
            for from in std::iter::once("browser".to_owned()).chain(sources) {
                let line = format!("  - {{from: {from}, to: m.app{to}, every: 30s}}\n");
                if is_accepted(&format!("{head}connections:\n{line}")) {
                    kept += &line;
                }
            }
        }
        match kept.is_empty() {
            true => String::new(),
            false => format!("connections:\n{kept}"),
        }
    }

    fn fault(&mut self, hour: usize, away: &mut Vec<usize>) -> Vec<String> {
        let one = |fault: String| vec![format!("- {{at: {hour}h, {fault}}}")];
        let app = self.draw.below(self.applications.len());
        match self.draw.below(14) {
            0..=3 => {
                let relation = self.draw.below(self.relations.len());
                if away.contains(&relation) {
                    return Vec::new();
                }
                away.push(relation);
                let ends = &self.relations[relation];
                let mut lines = one(format!("remove-relation: {{model: m, between: [{ends}]}}"));
                let back = match self.draw.below(4) {
                    0 => None,
                    // Refused: the relation is not gone a second later.
                    1 => Some(format!("{hour}h1s")),
                    _ => Some(format!("{}h", hour + 40)),
                };
                lines.extend(back.map(|at| {
                    format!("- {{at: {at}, integrate: {{model: m, between: [{ends}]}}}}")
                }));
                lines
            }
            4 | 5
                if self.provider.contains("1/stable, options")
                    || self.provider.ends_with("d-certificates, channel: 1/stable") =>
            {
                one("rotate-ca: {app: m.ca}".to_owned())
            }
            4 | 5 if self.provider.contains("vault") => one("seal: {app: m.ca}".to_owned()),
            4..=6 => one("stop: {app: m.ca, for: 70h}".to_owned()),
            7 => one(format!("distrust: {{app: m.app{app}, ca: m.ca, for: 30h}}")),
            8 => one(format!(
                "clock-skew: {{app: m.app{app}, by: 100d, for: 20h}}"
            )),
            9 => one(format!("kill-unit: {{unit: m.app{app}/0}}")),
            10 => one(format!("lose-leader: {{app: m.app{app}}}")),
            11 | 12 => self.refresh(app, hour),
            _ => one(format!("restart: {{app: m.app{app}}}")),
        }
    }

    /// `juju refresh` to another revision that is known of the charm, where there is one with the same endpoints.
    fn refresh(&mut self, app: usize, hour: usize) -> Vec<String> {
        let drawn = &self.applications[app];
        let names = |charm: &CharmMetadata| -> Vec<String> {
            charm.endpoints.iter().map(|it| it.name.clone()).collect()
        };
        let own = names(&drawn.charm);
        let fit: Vec<KnownReading> = readings(&drawn.name)
            .into_iter()
            .filter(|known| names(&known.charm.metadata) == own && !known.revisions.is_empty())
            .collect();
        if drawn.revision.is_none() || fit.is_empty() {
            return Vec::new();
        }
        let known = &fit[self.draw.below(fit.len())];
        match self.revision(known) {
            Some(revision) => vec![format!(
                "- {{at: {hour}h, refresh: {{app: m.app{app}, revision: {revision}}}}}"
            )],
            None => Vec::new(),
        }
    }
}

fn is_accepted(text: &str) -> bool {
    let files = trustsim::scenario::MemoryFiles::new([("s.yaml", text)]);
    trustsim::scenario::load(std::path::Path::new("s.yaml"), &files).is_ok()
}
