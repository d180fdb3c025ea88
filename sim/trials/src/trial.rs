//! The trials: which deployment each one is, what happens in it, and for which charms it is one.

use std::path::PathBuf;

use serde_json::{Map, Value as Json, json};
use trustsim_charm_model::CharmMetadata;
use trustsim_juju::Role;
use trustsim_kernel::Span;

/// The interface over which certificates are requested.
const CERTIFICATES: &str = "tls-certificates";
/// The interface over which CAs are sent.
const TRANSFER: &str = "certificate_transfer";
/// The model of a trial.
pub(crate) const MODEL: &str = "trial";
/// The application whose charm is tried.
pub(crate) const SUBJECT: &str = "subject";
/// The application that issues certificates to it.
const CA: &str = "ca";
/// The application that sends it another CA.
const OTHER_CA: &str = "other-ca";
/// The address of the load balancer before an ingress.
const LOAD_BALANCER: &str = "10.64.140.43";
/// The application that asks it for certificates.
const CONSUMER: &str = "consumer";
/// Who answers what it waits for, where a person signs for it.
const PERSON: &str = "person";

/// The charm that is tried.
#[derive(Clone, Debug)]
pub struct Charm<'a> {
    /// Its name.
    pub name: &'a str,
    /// What a scenario says of it under `charms`, in place of the catalogue, where the model is described there.
    pub described: Option<&'a Json>,
    /// An option that changes nothing of TLS, with the value to which it is set where `config-changed` has to run.
    pub option: Option<(&'a str, &'a Json)>,
}

/// The code of a charm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The charm's folder, as an absolute path.
    pub source: PathBuf,
    /// The interpreter that runs it, where one is named.
    pub python: Option<PathBuf>,
    /// What it asks for beside what trustsim knows, as `answers` of a scenario declares it.
    pub answers: Option<Json>,
}

/// One trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trial {
    /// The charm is deployed and asks for its first certificate, or issues one.
    FirstCertificate,
    /// Its certificate is renewed while everything is well.
    Renewal,
    /// The renewal is answered hours later, with update-status in between.
    RenewalLate,
    /// The same, and its configuration changes in between.
    RenewalLateConfig,
    /// The renewal is never answered.
    ProviderSilent,
    /// The CA makes a new root and sends it beside the old one, until the old one ends.
    CaRotated,
    /// A CA that was received goes with its relation.
    CaWithdrawn,
    /// The leaf is signed by an intermediate CA.
    Intermediate,
    /// The relation over which certificates come is removed and made again.
    RelationAgain,
    /// The leader of two units cannot reach its controller until another one leads.
    LeaderLost,
    /// Its pod is replaced.
    PodReplaced,
    /// It is refreshed from its previous code. Only where that is given.
    Refresh,
}

/// What endpoints a charm has that matter.
#[derive(Clone, Copy, Debug, Default)]
struct Endpoints<'a> {
    asks: Option<&'a str>,
    receives: Option<&'a str>,
    receives_one: bool,
    issues: Option<&'a str>,
    sends: Option<&'a str>,
}

impl<'a> Endpoints<'a> {
    fn of(charm: &'a CharmMetadata) -> Self {
        let first = |interface: &str, role: Role| {
            let mut endpoints = charm.endpoints.iter();
            endpoints.find(|each| *each.interface == *interface && each.role == role)
        };
        let name = |interface, role| first(interface, role).map(|each| each.name.as_str());
        let receives = first(TRANSFER, Role::Requirer);
        Self {
            asks: name(CERTIFICATES, Role::Requirer),
            receives: name(TRANSFER, Role::Requirer),
            receives_one: receives.is_some_and(|each| each.limit == Some(1)),
            issues: name(CERTIFICATES, Role::Provider),
            sends: name(TRANSFER, Role::Provider),
        }
    }
}

impl Trial {
    /// All of them, in the order in which they are played.
    pub const ALL: [Self; 12] = [
        Self::FirstCertificate,
        Self::Renewal,
        Self::RenewalLate,
        Self::RenewalLateConfig,
        Self::ProviderSilent,
        Self::CaRotated,
        Self::CaWithdrawn,
        Self::Intermediate,
        Self::RelationAgain,
        Self::LeaderLost,
        Self::PodReplaced,
        Self::Refresh,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstCertificate => "first-certificate",
            Self::Renewal => "renewal",
            Self::RenewalLate => "renewal-late",
            Self::RenewalLateConfig => "renewal-late-config",
            Self::ProviderSilent => "provider-silent",
            Self::CaRotated => "ca-rotated",
            Self::CaWithdrawn => "ca-withdrawn",
            Self::Intermediate => "intermediate",
            Self::RelationAgain => "relation-again",
            Self::LeaderLost => "leader-lost",
            Self::PodReplaced => "pod-replaced",
            Self::Refresh => "refresh",
        }
    }

    /// Whether it is one for this charm: it has the endpoints, and what is needed was given.
    pub(crate) fn is_for(
        self,
        charm: &CharmMetadata,
        given: &Charm<'_>,
        has_previous: bool,
    ) -> bool {
        let ends = Endpoints::of(charm);
        let has_certificates = ends.asks.is_some() || ends.issues.is_some();
        match self {
            Self::FirstCertificate => has_certificates || ends.receives.is_some(),
            Self::Renewal | Self::RelationAgain => has_certificates,
            Self::RenewalLate | Self::ProviderSilent | Self::Intermediate => ends.asks.is_some(),
            Self::RenewalLateConfig => ends.asks.is_some() && given.option.is_some(),
            Self::CaRotated => ends.asks.is_some() || ends.receives.is_some(),
            Self::CaWithdrawn => ends.receives.is_some(),
            Self::LeaderLost => has_certificates || ends.receives.is_some(),
            // On a machine nothing of it is lost.
            Self::PodReplaced => !charm.containers.is_empty(),
            Self::Refresh => has_previous,
        }
    }

    /// From when on what happens is compared. What was before is compared in [`Trial::FirstCertificate`].
    pub const fn compared_from(self) -> Span {
        match self {
            Self::FirstCertificate | Self::Intermediate => Span::ZERO,
            _ => Span::from_secs(3600),
        }
    }

    /// A scenario with nothing but the charm, for what its files, or its model, say of it.
    pub(crate) fn bare(given: &Charm<'_>, code: Option<&Code>) -> Json {
        let mut charms = Map::new();
        if let Some(said) = said_of_charm(given, code) {
            charms.insert(given.name.to_owned(), said);
        }
        json!({
            "duration": "1h",
            "models": {MODEL: {
                "bundle": "kubernetes",
                "applications": {SUBJECT: {"charm": given.name, "scale": 1}},
            }},
            "charms": charms,
        })
    }

    /// The scenario of this trial as JSON, which is YAML. `code` is what plays the charm, in place of its model; `previous` is
    /// what played it before a refresh. An ingress has a load balancer, at which it is dialled.
    pub(crate) fn scenario(
        self,
        charm: &CharmMetadata,
        is_ingress: bool,
        given: &Charm<'_>,
        code: Option<&Code>,
        previous: Option<&Code>,
    ) -> Json {
        let ends = Endpoints::of(charm);
        let deployed = previous.filter(|_| self == Self::Refresh).or(code);
        let mut charms = Map::new();
        if let Some(said) = said_of_charm(given, deployed) {
            charms.insert(given.name.to_owned(), said);
        }
        charms.insert("issuing-ca".to_owned(), intermediate());
        let scale = if self == Self::LeaderLost { 2 } else { 1 };
        let mut applications = Map::new();
        let mut subject = json!({"charm": given.name, "scale": scale, "trust": true});
        if is_ingress {
            subject["load-balancer"] = json!({"address": LOAD_BALANCER});
        }
        applications.insert(SUBJECT.to_owned(), subject);
        let mut relations = Vec::new();
        self.add_providers(ends, &mut applications, &mut relations);
        let asks_subject = ends.issues.filter(|_| ends.asks.is_none());
        if let Some(endpoint) = asks_subject {
            applications.insert(CONSUMER.to_owned(), json!({"charm": CONSUMER, "scale": 1}));
            relations.push(json!([
                format!("{SUBJECT}:{endpoint}"),
                format!("{CONSUMER}:certificates")
            ]));
            if let Some(sends) = ends.sends {
                relations.push(json!([
                    format!("{SUBJECT}:{sends}"),
                    format!("{CONSUMER}:receive-ca-cert")
                ]));
            }
            charms.insert(CONSUMER.to_owned(), consumer());
        }
        let ca = applications.contains_key(CA).then_some(CA);
        let mut whole = json!({
            "duration": self.duration(asks_subject.is_some()),
            "models": {MODEL: {
                "bundle": "kubernetes",
                "applications": applications,
                "relations": relations,
            }},
            "charms": charms,
            "faults": self.faults(ends, given, code),
        });
        if charm.implementation.operator.is_some_and(|need| need.signs) {
            whole["operators"] = json!({PERSON: operator()});
        }
        let server = if asks_subject.is_some() {
            CONSUMER
        } else {
            SUBJECT
        };
        let trusted = if asks_subject.is_some() {
            Some(SUBJECT)
        } else {
            ca
        };
        let is_server = asks_subject.is_some()
            || (ends.asks.is_some() && charm.server != trustsim_charm_model::Server::None);
        if let Some(trusted) = trusted.filter(|_| is_server) {
            whole["clients"] = json!({"operator": {"trusts": [trusted], "refresh": "1h"}});
            whole["connections"] = json!([{"from": "operator", "to": server, "every": "1m"}]);
            if is_ingress && server == SUBJECT {
                whole["connections"][0]["name"] = json!(LOAD_BALANCER);
            }
        }
        whole
    }

    /// What issues certificates to the charm, and what sends it CAs.
    fn add_providers(
        self,
        ends: Endpoints<'_>,
        applications: &mut Map<String, Json>,
        relations: &mut Vec<Json>,
    ) {
        let root = if self == Self::CaRotated {
            "20d"
        } else {
            "200d"
        };
        let own = |root: &str| {
            json!({
                "charm": "self-signed-certificates",
                "scale": 1,
                "options": {"certificate-validity": "10d", "root-ca-validity": root},
            })
        };
        if let Some(asks) = ends.asks {
            let ca = match self {
                Self::Intermediate => json!({"charm": "issuing-ca", "scale": 1}),
                _ => own(root),
            };
            applications.insert(CA.to_owned(), ca);
            relations.push(json!([
                format!("{CA}:certificates"),
                format!("{SUBJECT}:{asks}")
            ]));
        }
        let Some(receives) = ends.receives else {
            return;
        };
        let is_other = self == Self::CaWithdrawn;
        if is_other {
            applications.insert(OTHER_CA.to_owned(), own(root));
            relations.push(json!([
                format!("{OTHER_CA}:send-ca-cert"),
                format!("{SUBJECT}:{receives}")
            ]));
        }
        if !is_other || !ends.receives_one {
            applications.entry(CA).or_insert_with(|| own(root));
            relations.push(json!([
                format!("{CA}:send-ca-cert"),
                format!("{SUBJECT}:{receives}")
            ]));
        }
    }

    const fn duration(self, issues: bool) -> &'static str {
        match self {
            Self::FirstCertificate | Self::Intermediate => "3h",
            Self::Renewal if issues => "100d",
            Self::Renewal | Self::RenewalLate | Self::RenewalLateConfig => "10d",
            Self::ProviderSilent => "11d",
            Self::CaRotated => "22d",
            Self::CaWithdrawn | Self::RelationAgain | Self::LeaderLost | Self::PodReplaced => "6h",
            Self::Refresh => "10d",
        }
    }

    /// What happens. Certificates of the built-in CA live for ten days, and are renewed on the ninth.
    fn faults(self, ends: Endpoints<'_>, given: &Charm<'_>, code: Option<&Code>) -> Json {
        let ca_away = |span: &str| json!({"at": "1h", "kill-unit": {"unit": format!("{MODEL}.{CA}/0"), "for": span}});
        let subject = format!("{MODEL}.{SUBJECT}");
        match self {
            Self::FirstCertificate | Self::Renewal | Self::CaRotated | Self::Intermediate => {
                json!([])
            }
            Self::RenewalLate => json!([ca_away("221h")]),
            Self::RenewalLateConfig => {
                let (name, value) = given.option.expect("the trial is for charms with one");
                json!([
                    ca_away("221h"),
                    {"at": "217h", "set-config": {"app": subject, "options": {name: value}}},
                ])
            }
            Self::ProviderSilent => json!([ca_away("300d")]),
            Self::CaWithdrawn => {
                let receives = ends.receives.expect("the trial is for charms with one");
                json!([{"at": "1h", "remove-relation": {"model": MODEL, "between": [
                    format!("{OTHER_CA}:send-ca-cert"), format!("{SUBJECT}:{receives}"),
                ]}}])
            }
            Self::RelationAgain => {
                let between = match (ends.asks, ends.issues) {
                    (Some(asks), _) => {
                        json!([format!("{CA}:certificates"), format!("{SUBJECT}:{asks}")])
                    }
                    (None, Some(issues)) => {
                        json!([
                            format!("{SUBJECT}:{issues}"),
                            format!("{CONSUMER}:certificates")
                        ])
                    }
                    (None, None) => unreachable!("the trial is for charms with certificates"),
                };
                json!([
                    {"at": "1h", "remove-relation": {"model": MODEL, "between": between}},
                    {"at": "3h", "integrate": {"model": MODEL, "between": between}},
                ])
            }
            Self::LeaderLost => json!([{"at": "1h", "lose-leader": {"app": subject}}]),
            Self::PodReplaced => {
                json!([{"at": "1h", "kill-unit": {"unit": format!("{subject}/0")}}])
            }
            Self::Refresh => {
                let charm = said_of_charm(given, code).unwrap_or_else(|| json!({}));
                json!([{"at": "1h", "refresh": {"app": subject, "charm": charm}}])
            }
        }
    }
}

/// What the scenario says of the charm: where its code is, or what its model is described as.
fn said_of_charm(given: &Charm<'_>, code: Option<&Code>) -> Option<Json> {
    let Some(code) = code else {
        return given.described.cloned();
    };
    let mut said = json!({"source": code.source});
    if let Some(python) = &code.python {
        said["python"] = json!(python);
    }
    if let Some(answers) = &code.answers {
        said["answers"] = answers.clone();
    }
    // What is true of the workload, whatever plays the charm.
    for key in ["validator", "system-roots", "server"] {
        if let Some(value) = given.described.and_then(|described| described.get(key)) {
            said[key] = value.clone();
        }
    }
    Some(said)
}

/// A person who signs with an intermediate CA, ten minutes after they are asked.
fn operator() -> Json {
    json!({
        "answers": [format!("{MODEL}.{SUBJECT}")],
        "delay": {"exactly": "10m"},
        "signs-with": {
            "chain": [
                {"common-name": "Trial Root", "validity": "200d"},
                {"common-name": "Trial Issuing CA", "validity": "150d"},
            ],
            "leaf-validity": "40d",
        },
    })
}

fn intermediate() -> Json {
    json!({
        "issuer": {
            "chain": [
                {"common-name": "Trial Root", "validity": "200d"},
                {"common-name": "Trial Issuing CA", "validity": "100d"},
            ],
            "leaf-validity": "10d",
            "chain-includes-root": true,
            "transfers": "root",
            "ca-is-root": false,
        },
        "provides": {
            "certificates": {"interface": CERTIFICATES},
            "send-ca-cert": {"interface": TRANSFER},
        },
    })
}

fn consumer() -> Json {
    json!({
        "containers": {"web": {}},
        "requires": {
            "certificates": {"interface": CERTIFICATES, "limit": 1},
            "receive-ca-cert": {"interface": TRANSFER},
        },
    })
}
