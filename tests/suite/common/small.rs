//! Small deployments drawn from a seed, each with a random plan of faults.

use std::collections::BTreeSet;

use trustsim::kernel::Streams;

/// Choices for one scenario, each drawn by name.
struct Choice {
    streams: Streams,
}

impl Choice {
    fn new(seed: u64) -> Self {
        let streams = Streams::new(seed);
        Self { streams }
    }

    fn below(&self, what: u64, bound: u64) -> u64 {
        self.streams.below(0x7261_6e64, what, 0, bound)
    }

    fn of<T: Copy, const N: usize>(&self, what: u64, all: [T; N]) -> T {
        let index = usize::try_from(self.below(what, N as u64)).expect("small");
        all[index]
    }
}

/// Who issues certificates, and where.
struct Provider {
    /// Its charm and options.
    declared: &'static str,
    pods: bool,
    /// On two controllers, in two models of one, or in one model.
    shape: u64,
    /// The charms of `web` and `api`: `web`, or a real one, which may drop its certificate when the relation goes, or
    /// keep one CA of those that it is given.
    client: &'static str,
    server: &'static str,
}

impl Provider {
    fn draw(choice: &Choice) -> Self {
        let declared = choice.of(
            1,
            [
                "charm: self-signed-certificates",
                "charm: self-signed-certificates, options: {certificate-validity: 2d, root-ca-validity: 30d}",
                "charm: manual-tls-certificates",
                "charm: vault-k8s, options: {pki_ca_common_name: Small Root, pki_allow_any_name: true, pki_allow_ip_sans: true}",
            ],
        );
        // vault-k8s and its kind are Kubernetes charms.
        let pods = choice.below(2, 3) > 0 || declared.contains("vault");
        let shape = choice.below(3, 3);
        let client = choice.of(11, ["web", "web", "traefik-k8s"]);
        let server = choice.of(
            10,
            [
                "web",
                "web",
                "traefik-k8s",
                "alertmanager-k8s",
                "catalogue-k8s",
                "mongodb-k8s",
            ],
        );
        Self {
            declared,
            pods,
            shape,
            client: if pods { client } else { "web" },
            server: if pods { server } else { "web" },
        }
    }

    fn is(&self, name: &str) -> bool {
        self.declared.contains(name)
    }

    fn address(&self) -> &'static str {
        if self.shape == 0 { "m.ca" } else { "pki.ca" }
    }

    /// The models, with `web` and `api` beside it or in another model.
    fn models(&self, choice: &Choice) -> String {
        let number = if self.pods { "scale" } else { "num_units" };
        let kind = match self.pods {
            true => "    bundle: kubernetes\n",
            false => "",
        };
        let endpoint = match self.is("vault") {
            true => "vault-pki",
            false => "certificates",
        };
        let transfer = match self.is("manual") {
            true => "trust_certificate",
            false => "send-ca-cert",
        };
        let provider = format!("{}, {number}: 1", self.declared);
        let (webs, apis) = (1 + choice.below(4, 3), 1 + choice.below(5, 2));
        let applications = format!(
            "      web: {{charm: {}, {number}: {webs}}}\n      api: {{charm: {}, {number}: {apis}}}\n",
            self.client, self.server
        );
        if self.shape == 0 {
            return format!(
                "models:\n  m:\n{kind}    applications:\n      ca: {{{provider}}}\n{applications}    relations:\n      - [web:certificates, ca:{endpoint}]\n      - [api:certificates, ca:{endpoint}]\n      - [web:receive-ca-cert, ca:{transfer}]\n"
            );
        }
        let (controllers, home, away, url) = match self.shape {
            2 => (
                "controllers: {north: {}, south: {}}\n",
                "    controller: north\n",
                "    controller: south\n",
                "north:admin/pki",
            ),
            _ => ("", "", "", "admin/pki"),
        };
        format!(
            "{controllers}models:\n  pki:\n{home}{kind}    applications:\n      ca: {{{provider}, offers: {{certificates: {{endpoints: [{endpoint}]}}, trust: {{endpoints: [{transfer}]}}}}}}\n  m:\n{away}{kind}    saas:\n      certificates: {{url: '{url}.certificates'}}\n      trust: {{url: '{url}.trust'}}\n    applications:\n{applications}    relations:\n      - [web:certificates, certificates]\n      - [api:certificates, certificates]\n      - [web:receive-ca-cert, trust]\n"
        )
    }

    /// The people it waits for.
    fn operators(&self) -> String {
        let signs = match self.is("manual") {
            true => {
                ", signs-with: {chain: [{common-name: Corporate Root, validity: 3650d}], leaf-validity: 90d}"
            }
            false => "",
        };
        if self.is("self-signed") {
            return String::new();
        }
        format!(
            "operators:\n  team: {{answers: [{}], delay: {{from: 1m, to: 20m}}{signs}}}\n",
            self.address()
        )
    }
}

/// A small deployment and its random plan, as a scenario.
pub(crate) fn scenario(seed: u64) -> String {
    let count = Choice::new(seed).below(9, 10);
    planned(seed, 1 + count)
}

/// The same with so many faults in its plan.
pub(crate) fn planned(seed: u64, count: u64) -> String {
    let choice = Choice::new(seed);
    let provider = Provider::draw(&choice);
    let library = choice.of(
        6,
        [
            "tls-certificates",
            "tls-certificates",
            "tls-certificates-v4",
        ],
    );
    let store = choice.of(7, ["certificate-transfer-v1", "certificate-transfer-v0"]);
    let refresh = choice.of(8, ["", ", refresh: 1h"]);
    format!(
        "seed: {seed}\nduration: 4d\n{}charms:\n  web: {{config: {{options: {{level: {{type: string, default: info}}}}}}, requires: {{certificates: {{interface: tls-certificates, library: {library}}}, receive-ca-cert: {{interface: certificate_transfer, library: {store}}}}}}}\nclients:\n  browser: {{trusts: [{}]{refresh}}}\n{}connections:\n  - {{from: browser, to: m.web, every: 10s}}\n  - {{from: m.web, to: m.api, every: 10s}}\nfaults:\n  - {{at: 1h, random: {{count: {count}, for: 24h}}}}\n",
        provider.models(&choice),
        provider.address(),
        provider.operators(),
    )
}

/// The same deployment, and a plan of two or three faults that decide which certificates and CAs are where: relations
/// that are removed and made again, commands that Juju refuses, rotations, providers that are away, hooks that fail.
pub(crate) fn deciding(seed: u64) -> (String, Vec<String>) {
    let choice = Choice::new(seed);
    let provider = Provider::draw(&choice);
    let (text, _) = planned(seed, 1)
        .split_once("faults:\n")
        .map(|(head, tail)| (head.to_owned(), tail.to_owned()))
        .expect("it ends with its plan");
    let text = text.replace("duration: 4d", "duration: 12d");
    let mut lines: Vec<String> = Vec::new();
    let mut relations = BTreeSet::new();
    for number in 0..2 + choice.below(20, 2) {
        let hour = 6 + 48 * number + choice.below(30 + number, 36);
        let kind = choice.below(40 + number, 10);
        // A relation that is away is not removed again.
        let relation = match kind {
            0 | 3 => "web:certificates",
            2 | 4 => "web:receive-ca-cert",
            1 => "api:certificates",
            _ => "",
        };
        if relation.is_empty() || relations.insert(relation) {
            lines.extend(provider.fault(kind, hour));
        }
    }
    (format!("{text}faults:\n"), lines)
}

impl Provider {
    fn fault(&self, kind: u64, hour: u64) -> Vec<String> {
        let ca = self.address();
        let (issues, gives) = match (self.shape, self.is("vault"), self.is("manual")) {
            (0, true, _) => ("ca:vault-pki", "ca:send-ca-cert"),
            (0, _, true) => ("ca:certificates", "ca:trust_certificate"),
            (0, ..) => ("ca:certificates", "ca:send-ca-cert"),
            _ => ("certificates", "trust"),
        };
        let relation =
            |ends: &str, back: Option<String>| {
                let mut lines = vec![format!(
                    "- {{at: {hour}h, remove-relation: {{model: m, between: [{ends}]}}}}"
                )];
                lines.extend(back.map(|at| {
                    format!("- {{at: {at}, integrate: {{model: m, between: [{ends}]}}}}")
                }));
                lines
            };
        let one = |fault: &str| vec![format!("- {{at: {hour}h, {fault}}}")];
        match kind {
            0 => relation(
                &format!("web:certificates, {issues}"),
                Some(format!("{}h", hour + 60)),
            ),
            1 => relation(&format!("api:certificates, {issues}"), None),
            2 => relation(
                &format!("web:receive-ca-cert, {gives}"),
                Some(format!("{}h", hour + 40)),
            ),
            // Refused: the relation is not gone a second later.
            3 => relation(
                &format!("web:certificates, {issues}"),
                Some(format!("{hour}h1s")),
            ),
            4 => relation(
                &format!("web:receive-ca-cert, {gives}"),
                Some(format!("{hour}h1s")),
            ),
            5 if self.is("self-signed") => one(&format!("rotate-ca: {{app: {ca}}}")),
            5 if self.is("vault") => one(&format!("seal: {{app: {ca}}}")),
            5 | 6 => one(&format!("stop: {{app: {ca}, for: 70h}}")),
            7 => one("fail-hook: {app: m.web, hook: certificates-relation-changed, for: 50h}"),
            8 => one(&format!("distrust: {{app: m.web, ca: {ca}, for: 30h}}")),
            _ => one("clock-skew: {app: m.web, by: 100d, for: 20h}"),
        }
    }
}
