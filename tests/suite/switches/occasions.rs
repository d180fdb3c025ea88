//! Deployments in which the charm `it` meets what the keys of its endpoints are about: a CA that is rotated or withdrawn,
//! a relation that goes, a pod that is killed, a machine that restarts while its provider is away, two units that send
//! CAs.

/// What is deployed and what befalls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Occasion {
    /// Its provider's CA is rotated, both its pods are killed, its relation is removed, and its process starts again.
    Rotated,
    /// The same under an intermediate CA, without a rotation.
    Chained,
    /// On machines: one of its machines restarts while its provider is away and a renewal is due.
    Rebooted,
    /// On machines: one of its machines restarts with another address.
    Moved,
    /// A control plane with its etcd, which goes over to another CA; its process `root` dials it.
    Root,
    /// On machines, in two spaces.
    Bound,
    /// A load balancer is in front of it.
    Fronted,
    /// Another charm is related to its endpoint `trustsim-route`.
    Routed,
    /// The first of two CAs is taken back, with which a server still serves.
    Withdrawn,
    /// Two units send a CA with version 0 of the library, and the one that leads changes.
    TwoSenders,
    /// It is related to a provider that sends nothing, and the relation is removed.
    Mute,
    /// Its provider speaks the legacy protocol.
    Legacy,
    /// It is the provider.
    Provides,
}

/// The charm and the endpoint that are tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub charm: &'a str,
    pub endpoint: &'a str,
    pub interface: &'a str,
}

/// Applications, relations, faults and charms of a scenario, as its lines.
struct Parts {
    kind: &'static str,
    applications: Vec<String>,
    relations: Vec<[String; 2]>,
    charms: String,
    operators: &'static str,
    connections: String,
    faults: Vec<String>,
}

const SELF_SIGNED: &str = "charm: self-signed-certificates, channel: 1/stable, \
                           options: {root-ca-validity: 60d, certificate-validity: 20d}";

/// A declared provider, whose operator holds the key of an intermediate CA.
pub(super) const CHAINED: &str = "
  chained:
    provides: {certificates: {interface: tls-certificates}, send-ca-cert: {interface: certificate_transfer}}
    issuer:
      chain: [{common-name: root, validity: 3650d}, {common-name: mid, validity: 3650d}]
      leaf-validity: 20d
";

/// A charm that is related to an endpoint which `it` is given.
const ROUTER: &str =
    "  trustsim-router: {requires: {trustsim-route: {interface: trustsim_route}}}\n";

impl Occasion {
    /// The scenario, in which `changed` is what it says of the charm.
    pub(super) fn scenario(self, subject: &Subject<'_>, changed: &str) -> String {
        let is_control_plane =
            (subject.charm, subject.endpoint) == ("kubernetes-control-plane", "certificates");
        if self == Self::Root && !is_control_plane {
            return Self::Rotated.scenario(subject, changed);
        }
        let parts = match self {
            Self::Provides => provides(subject),
            _ => self.requires(subject),
        };
        let lines = |lines: &[String], indent: &str| -> String {
            lines
                .iter()
                .map(|line| format!("{indent}{line}\n"))
                .collect()
        };
        let relations: Vec<String> = parts
            .relations
            .iter()
            .map(|[left, right]| format!("- ['{left}', '{right}']"))
            .collect();
        format!(
            "
name: switches
duration: 50d
models:
  m:
{}    applications:
{}    relations:
{}charms:
{}{changed}
{}{}faults:
{}",
            parts.kind,
            lines(&parts.applications, "      "),
            lines(&relations, "    "),
            parts.charms,
            parts.operators,
            parts.connections,
            lines(&parts.faults, "  - "),
        )
    }

    fn requires(self, subject: &Subject<'_>) -> Parts {
        let Subject {
            charm,
            endpoint,
            interface,
        } = subject;
        let given = match (*interface, self) {
            ("tls-certificates", Self::Legacy | Self::Root) => "client",
            ("tls-certificates", _) => "certificates",
            _ => "send-ca-cert",
        };
        let (ca, charms) = match self {
            Self::Chained | Self::Withdrawn => ("charm: chained, num_units: 1", CHAINED.to_owned()),
            Self::TwoSenders => (
                "charm: chained, num_units: 2",
                CHAINED.replace(
                    "certificate_transfer}",
                    "certificate_transfer, library: certificate-transfer-v0}",
                ),
            ),
            Self::Legacy | Self::Root => ("charm: easyrsa, num_units: 1", String::new()),
            _ => (SELF_SIGNED, String::new()),
        };
        let ca = ca.replace(
            "certificates, channel",
            "certificates, num_units: 1, channel",
        );
        let (web, issuing) = match self {
            Self::Legacy | Self::Root => ("keystone", "client"),
            _ => ("catalogue-k8s", "certificates"),
        };
        let fronted = match self {
            Self::Bound => ", bindings: {'': oam, trustsim-endpoint: data}",
            Self::Fronted => ", load-balancer: {address: 10.1.2.3, reverse-dns: front.example.com}",
            _ => "",
        };
        let mut applications = vec![
            format!("ca: {{{ca}}}"),
            format!("it: {{charm: {charm}, num_units: 2{fronted}}}"),
            format!("web: {{charm: {web}, num_units: 1}}"),
        ];
        if self == Self::Mute {
            // Its root would live too short, so that it is blocked.
            let mute = SELF_SIGNED.replace("60d", "1d");
            applications.push(format!("mute: {{{mute}, num_units: 1}}"));
        }
        let mut relations = vec![
            [format!("ca:{given}"), format!("it:{endpoint}")],
            [format!("ca:{issuing}"), "web:certificates".to_owned()],
        ];
        if self == Self::Root {
            applications.push("etcd: {charm: etcd, num_units: 1}".to_owned());
            applications.push("new: {charm: easyrsa, num_units: 1}".to_owned());
            relations.push(["etcd:db", "it:etcd"].map(str::to_owned));
            relations.push(["ca:client", "etcd:certificates"].map(str::to_owned));
        }
        let charms = self.routed(charms, &mut applications, &mut relations);
        Parts {
            kind: match self {
                Self::Rebooted | Self::Moved | Self::Bound | Self::Root | Self::Legacy => "",
                _ if *charm == "vault" => "",
                _ => "    bundle: kubernetes\n",
            },
            applications,
            relations,
            charms,
            connections: self.connections(),
            faults: self.faults(given, endpoint),
            operators: "",
        }
    }

    /// With the other charm where there is one; the charms of the scenario.
    fn routed(
        self,
        charms: String,
        applications: &mut Vec<String>,
        relations: &mut Vec<[String; 2]>,
    ) -> String {
        if self != Self::Routed {
            return charms;
        }
        applications.push("route: {charm: trustsim-router, num_units: 1}".to_owned());
        relations.push(["route:trustsim-route", "it:trustsim-route"].map(str::to_owned));
        format!("{charms}{ROUTER}")
    }

    fn connections(self) -> String {
        let of_root = match self {
            Self::Root => "  - {from: m.it, process: root, to: m.it, every: 1h}\n",
            _ => "",
        };
        format!(
            "clients: {{browser: {{trusts: [m.ca], validator: openssl}}}}
connections:
  - {{from: browser, to: m.it, every: 1h}}
  - {{from: m.it, to: m.web, every: 1h}}
{of_root}"
        )
    }

    fn faults(self, given: &str, endpoint: &str) -> Vec<String> {
        let relation = format!("between: ['ca:{given}', 'it:{endpoint}']");
        // The certificate of a Vault's own API is for other names from then on.
        let other_names = (endpoint == "tls-certificates-access").then(|| {
            "{at: 43d, set-config: {app: m.it, options: {access_sans_dns: it.example.com}}}"
                .to_owned()
        });
        match self {
            Self::Rotated => vec![
                "{at: 10d, rotate-ca: {app: m.ca}}".to_owned(),
                "{at: 12d, restart: {app: m.it}}".to_owned(),
                "{at: 22d, kill-unit: {unit: m.it/1}}".to_owned(),
                "{at: 23d, kill-unit: {unit: m.it/0}}".to_owned(),
                format!("{{at: 40d, remove-relation: {{{relation}}}}}"),
                "{at: 41d, restart: {app: m.it}}".to_owned(),
            ]
            .into_iter()
            .chain(other_names)
            .collect(),
            Self::Chained => vec![
                "{at: 25d, kill-unit: {unit: m.it/1}}".to_owned(),
                format!("{{at: 40d, remove-relation: {{{relation}}}}}"),
            ],
            Self::Rebooted => vec![
                "{at: 11d, kill-unit: {unit: m.ca/0, for: 8d}}".to_owned(),
                "{at: 18d12h, kill-unit: {unit: m.it/1}}".to_owned(),
            ],
            Self::Moved => vec![
                "{at: 10d, change-address: {unit: m.it/1}}".to_owned(),
                "{at: 10d, kill-unit: {unit: m.it/1}}".to_owned(),
            ],
            Self::Root => ["etcd:certificates", "it:certificates"]
                .into_iter()
                .flat_map(|user| {
                    [
                        format!(
                            "{{at: 10d, remove-relation: {{between: ['ca:client', '{user}']}}}}"
                        ),
                        format!("{{at: 11d, integrate: {{between: ['new:client', '{user}']}}}}"),
                    ]
                })
                .collect(),
            // Between two steps, so that both CAs are on disk.
            Self::Withdrawn => rotation(4)
                .chain(["{at: 6d12h, restart: {app: m.it}}".to_owned()])
                .collect(),
            Self::TwoSenders => rotation(4)
                .chain(["{at: 10d, lose-leader: {app: m.ca}}".to_owned()])
                .chain(rotation(20))
                .chain(["{at: 30d, lose-leader: {app: m.ca}}".to_owned()])
                .chain(rotation(32))
                // A process that has read the first CA alone reads what is there.
                .chain(["{at: 38d, restart: {app: m.it}}".to_owned()])
                .collect(),
            Self::Mute => vec![
                format!("{{at: 5d, remove-relation: {{{relation}}}}}"),
                format!("{{at: 6d, integrate: {{between: ['mute:{given}', 'it:{endpoint}']}}}}"),
                format!(
                    "{{at: 7d, remove-relation: {{between: ['mute:{given}', 'it:{endpoint}']}}}}"
                ),
            ],
            Self::Legacy => vec!["{at: 20d, restart: {app: m.it}}".to_owned()],
            Self::Bound | Self::Fronted | Self::Routed | Self::Provides => Vec::new(),
        }
    }
}

/// `it` issues certificates to `web`, or sends its CA to it, and to `app`, whose leader asks for all its units in a
/// protocol that not every library hears.
fn provides(subject: &Subject<'_>) -> Parts {
    let Subject {
        charm,
        endpoint,
        interface,
    } = subject;
    let takes = match *interface {
        "tls-certificates" => "certificates",
        _ => "receive-ca-cert",
    };
    // A Vault signs once an operator came, for `app`, and refuses `web`, which asks for a name of its own.
    let (own, name, operators) = match *endpoint {
        "vault-pki" => (
            ", options: {pki_ca_common_name: example.com, pki_allow_subdomains: true, pki_allow_ip_sans: true}",
            ", options: {external_hostname: app.example.com}",
            "operators: {on-call: {answers: [m.it], delay: {exactly: 5m}}}\n",
        ),
        _ => ("", "", ""),
    };
    // In its older protocol nothing but another address makes a charm of one unit ask again.
    let (web, faults) = match *charm {
        "easyrsa" => (
            "etcd",
            vec!["{at: 10d, change-address: {unit: m.web/0}}".to_owned()],
        ),
        // Who writes the chain as it came shows in which order it was sent.
        _ if *interface == "tls-certificates" && *endpoint != "vault-pki" => ("front", Vec::new()),
        _ => ("prometheus-k8s", Vec::new()),
    };
    let charms = match web {
        "front" => "\n  front:\n    requires: {certificates: {interface: tls-certificates}}\n",
        _ => "",
    };
    Parts {
        faults,
        charms: charms.to_owned(),
        kind: match *charm {
            "vault" | "easyrsa" => "",
            _ => "    bundle: kubernetes\n",
        },
        operators,
        applications: vec![
            format!("it: {{charm: {charm}, num_units: 1{own}}}"),
            format!("web: {{charm: {web}, num_units: 1}}"),
            format!("app: {{charm: traefik-k8s, num_units: 1{name}}}"),
        ],
        relations: ["web", "app"]
            .map(|user| [format!("it:{endpoint}"), format!("{user}:{takes}")])
            .into(),
        // A server that does not start fails otherwise than one whose CA is not known.
        connections: "clients: {browser: {validator: openssl}}
connections:
  - {from: browser, to: m.web, every: 1h}
  - {from: browser, to: m.app, every: 1h}
"
        .to_owned(),
    }
}

/// The CA of the declared provider is replaced, and what it issued before is still served.
fn rotation(day: u32) -> impl Iterator<Item = String> {
    let steps = ["prepare", "distribute", "switch-issuer", "withdraw"].into_iter();
    steps
        .zip(day..)
        .map(|(step, day)| format!("{{at: {day}d, run-action: {{app: m.ca, action: {step}}}}}"))
}
