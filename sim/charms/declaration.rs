//! A charm as it is declared: in the catalogue, in a scenario's `charms` section, or in the
//! charm's own `charmcraft.yaml` and `metadata.yaml`. One shape, one reader.

use std::collections::BTreeMap;

use super::VaultGuard;
use super::metadata::{
    Apply, Behaviour, CertificatesProfile, CharmMetadata, DeclaredAuthority, Endpoint,
    EndpointProfile, IssuerProfile, Mode, OptionSpec, Role, Transfers, TrustProfile,
};
use crate::kernel::{Span, parse_duration};
use crate::yaml::{FromNode, Map, Node, Reader, Spanned, Value, nearest, record};

type Text = Spanned<String>;

record! {
    /// A charm: its endpoints, its options, and how it uses certificates.
    pub struct CharmDeclaration {
        /// File with the charm's own `charmcraft.yaml` or `metadata.yaml`, relative to this one.
        from: Text = "from" [Extension],
        /// Charmhub name.
        name: Text = "name",
        /// Whether its units live beside the units of a principal.
        subordinate: bool = "subordinate",
        /// Workload containers: a list of names, or a mapping as in `charmcraft.yaml`.
        containers: Node = "containers",
        /// Endpoints it provides.
        provides: Map<EndpointDeclaration> = "provides",
        /// Endpoints it requires.
        requires: Map<EndpointDeclaration> = "requires",
        /// Endpoints among its own units.
        peers: Map<EndpointDeclaration> = "peers",
        /// Options, by name.
        options: Map<OptionDeclaration> = "options",
        /// Options, as in `charmcraft.yaml`.
        config: ConfigDeclaration = "config",
        /// Actions: a list of names, or a mapping as in `charmcraft.yaml`.
        actions: Node = "actions",
        /// TLS stack of its workload, such as `openssl`, `rustls` or `go`.
        validator: Text = "validator" [Extension],
        /// The action that rotates its CA.
        rotate_ca_action: Text = "rotate-ca-action" [Extension],
        /// Which code plays it: `requirer`, `plain`, `self-signed-certificates`, `traefik`,
        /// `manual-tls-certificates`, `notary`, `vault`, or `vault-renews-early` for a Vault whose early renewal works.
        /// Without it: `requirer` where an endpoint uses certificates, else `plain`.
        behaviour: Text = "behaviour" [Extension],
        /// Makes it a provider of certificates with a given chain of CAs.
        issuer: IssuerDeclaration = "issuer" [Extension],
        /// Whether it has more options than are listed.
        more_options: bool = "more-options" [Extension],
        /// Whether it has more endpoints than are listed.
        more_endpoints: bool = "more-endpoints" [Extension],
    }
}

record! {
    /// One endpoint.
    pub struct EndpointDeclaration {
        /// Interface name.
        interface: Text = "interface",
        /// How many relations it takes.
        limit: u32 = "limit",
        /// `global` (the default) or `container`.
        scope: Text = "scope",
        /// Whether the charm works without it; has no effect, as in Juju.
        optional: bool = "optional",
        /// What it is for.
        description: Node = "description",
        /// Who asks for certificates: `unit` (each unit), `app` (the leader) or `app-and-unit`.
        mode: Text = "mode" [Extension],
        /// What the workload does when its files change: `restart`, `reload` or `none`.
        apply: Text = "apply" [Extension],
        /// The option whose value is the name a certificate is asked for.
        name_option: Text = "name-option" [Extension],
        /// Options whose values are further names, separated by commas or spaces.
        extra_name_options: Vec<String> = "extra-name-options" [Extension],
        /// The share of a certificate's life after which it is renewed (0.9).
        renewal: Spanned<f64> = "renewal" [Extension],
        /// Whether the CA that comes with the certificate is trusted (true).
        trusts_ca: bool = "trusts-ca" [Extension],
        /// Whether the files go when there is no certificate for the current request.
        delete_on_missing: bool = "delete-on-missing" [Extension],
        /// Interfaces that other revisions of the charm have in its place.
        earlier_interfaces: Vec<String> = "earlier-interfaces" [Extension],
        /// `legacy` for the protocol of the reactive charms, which is not played yet.
        protocol: Text = "protocol" [Extension],
    }
}

record! {
    /// One option.
    pub struct OptionDeclaration {
        /// `string` (the default), `int`, `float`, `boolean` or `secret`.
        kind: Text = "type",
        /// Value where nobody sets one.
        default: Node = "default",
        /// What it does.
        description: Node = "description",
    }
}

record! {
    /// The `config` section of a `charmcraft.yaml`.
    pub struct ConfigDeclaration {
        /// Options, by name.
        options: Map<OptionDeclaration> = "options",
    }
}

record! {
    /// A provider of certificates with a given chain.
    pub struct IssuerDeclaration {
        /// The CAs from the root down; the last one signs.
        #[schemars(required, length(min = 1))]
        chain: Vec<AuthorityDeclaration> = "chain" [Required],
        /// How long its certificates live (90d).
        leaf_validity: Lasting = "leaf-validity",
        /// Whether the root stands in the chain that requirers get.
        chain_includes_root: bool = "chain-includes-root",
        /// What `certificate_transfer` hands out: `root` (the default), `issuer` or `all`.
        transfers: Text = "transfers",
        /// Whether the `ca` that requirers get is the root; else it is the CA that signs.
        ca_is_root: bool = "ca-is-root",
    }
}

record! {
    /// One CA of a declared chain.
    pub struct AuthorityDeclaration {
        /// Subject common name.
        #[schemars(required)]
        common_name: Text = "common-name" [Required],
        /// How long it lives from the start of the run.
        #[schemars(required)]
        validity: Lasting = "validity" [Required],
    }
}

/// A duration: `90d`, `12h`, `5m`, `30s`, `2w`, or a bare number of days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lasting(pub Span);

impl FromNode for Lasting {
    fn from_node(node: &Node, reader: &mut Reader) -> Option<Self> {
        let text = String::from_node(node, reader)?;
        parse_duration(&text)
            .map(Self)
            .map_err(|error| reader.bad_value(node.place, error.to_string(), None))
            .ok()
    }
}

impl schemars::JsonSchema for Lasting {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A duration: 90d, 12h, 5m, 30s, 2w, several in a row (1d12h), or a bare number of days.",
            "type": ["string", "integer"],
            "pattern": "^\\s*([0-9]+(ms|s|m|h|d|w))*[0-9]*\\s*$",
            "minimum": 0,
        })
    }
}

/// A charm and what its declaration leaves open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCharm {
    /// What is known.
    pub metadata: CharmMetadata,
    /// Whether it has more options than are known.
    pub more_options: bool,
    /// Whether it has more endpoints than are known.
    pub more_endpoints: bool,
    /// Endpoints whose interface was another one in other revisions, with those.
    pub earlier_interfaces: BTreeMap<String, Vec<String>>,
}

impl CharmDeclaration {
    /// The charm that is declared; mistakes are noted in the reader.
    pub fn to_charm(&self, name: &str, reader: &mut Reader) -> KnownCharm {
        let mut endpoints = Vec::new();
        let groups = [
            (&self.provides, Role::Provider),
            (&self.requires, Role::Requirer),
            (&self.peers, Role::Peer),
        ];
        for (group, role) in groups {
            for (name, endpoint) in group.iter().flat_map(Map::iter) {
                if let Some(other) = endpoint_named(&endpoints, &name.value) {
                    let message = format!("the endpoint `{}` is declared twice", other.name);
                    reader.bad_value(name.place, message, None);
                    continue;
                }
                endpoints.extend(endpoint.to_endpoint(&name.value, role, reader));
            }
        }
        endpoints.sort_by(|a, b| a.name.cmp(&b.name));
        let behaviour = self.to_behaviour(&endpoints, reader);
        let actions = names(self.actions.as_ref(), "actions", reader);
        if let Some(action) = &self.rotate_ca_action
            && !actions.contains(&action.value)
        {
            let message = format!("`{}` is not among the charm's actions", action.value);
            reader.bad_value(action.place, message, None);
        }
        KnownCharm {
            metadata: CharmMetadata {
                name: name.to_owned(),
                subordinate: self.subordinate.unwrap_or(false),
                containers: names(self.containers.as_ref(), "containers", reader),
                endpoints,
                options: self.to_options(reader),
                behaviour,
                validator: self.validator.as_ref().map(|text| text.value.clone()),
                rotate_ca_action: self
                    .rotate_ca_action
                    .as_ref()
                    .map(|text| text.value.clone()),
                actions,
                known: true,
            },
            more_options: self.more_options.unwrap_or(false),
            more_endpoints: self.more_endpoints.unwrap_or(false),
            earlier_interfaces: self.earlier_interfaces(),
        }
    }

    fn earlier_interfaces(&self) -> BTreeMap<String, Vec<String>> {
        let groups = [&self.provides, &self.requires];
        let endpoints = groups.into_iter().flatten().flat_map(Map::iter);
        endpoints
            .filter_map(|(name, endpoint)| {
                let earlier = endpoint.earlier_interfaces.clone()?;
                Some((name.value.clone(), earlier))
            })
            .collect()
    }

    fn to_options(&self, reader: &mut Reader) -> BTreeMap<String, OptionSpec> {
        let own = self.options.iter().flat_map(Map::iter);
        let config = self
            .config
            .iter()
            .filter_map(|config| config.options.as_ref());
        own.chain(config.flat_map(Map::iter))
            .map(|(name, option)| (name.value.clone(), option.to_option(reader)))
            .collect()
    }

    fn to_behaviour(&self, endpoints: &[Endpoint], reader: &mut Reader) -> Behaviour {
        let known = [
            ("requirer", Behaviour::Requirer),
            ("plain", Behaviour::Plain),
            (
                "self-signed-certificates",
                Behaviour::SelfSignedCertificates,
            ),
            ("traefik", Behaviour::Traefik),
            ("manual-tls-certificates", Behaviour::ManualTlsCertificates),
            ("notary", Behaviour::Notary),
            ("vault", Behaviour::Vault(VaultGuard::WholeValidity)),
            (
                "vault-renews-early",
                Behaviour::Vault(VaultGuard::RemainingValidity),
            ),
        ];
        let names = known.each_ref().map(|(name, _)| *name);
        let given = one_of(self.behaviour.as_ref(), &names, reader);
        let uses_certificates = endpoints.iter().any(|endpoint| endpoint.profile.is_some());
        match (&self.issuer, given) {
            (Some(issuer), _) => Behaviour::DeclaredProvider(issuer.to_profile(reader)),
            (None, Some(index)) => known[index].1.clone(),
            (None, None) if uses_certificates => Behaviour::Requirer,
            (None, None) => Behaviour::Plain,
        }
    }
}

impl EndpointDeclaration {
    fn to_endpoint(&self, name: &str, role: Role, reader: &mut Reader) -> Option<Endpoint> {
        let Some(interface) = self.interface.as_ref().map(|text| text.value.clone()) else {
            reader.missing_key(self.place, "interface");
            return None;
        };
        let scopes = ["global", "container"];
        Some(Endpoint {
            name: name.to_owned(),
            role,
            limit: self.limit,
            container_scope: one_of(self.scope.as_ref(), &scopes, reader) == Some(1),
            profile: self.to_profile(role, &interface, reader),
            interface,
        })
    }

    /// How a generic consumer uses it: only requirers of the two TLS interfaces do.
    fn to_profile(
        &self,
        role: Role,
        interface: &str,
        reader: &mut Reader,
    ) -> Option<EndpointProfile> {
        let apply = match one_of(self.apply.as_ref(), &["restart", "reload", "none"], reader) {
            Some(1) => Apply::Reload,
            Some(2) => Apply::None,
            _ => Apply::Restart,
        };
        let mode = match one_of(self.mode.as_ref(), &["unit", "app", "app-and-unit"], reader) {
            Some(1) => Mode::App,
            Some(2) => Mode::AppAndUnit,
            _ => Mode::Unit,
        };
        let legacy = one_of(self.protocol.as_ref(), &["v1", "legacy"], reader) == Some(1);
        let renewal_permille = self.renewal_permille(reader);
        if role != Role::Requirer || legacy {
            return None;
        }
        match interface {
            "tls-certificates" => Some(EndpointProfile::Certificates(CertificatesProfile {
                mode,
                name_option: self.name_option.as_ref().map(|text| text.value.clone()),
                extra_name_options: self.extra_name_options.clone().unwrap_or_default(),
                renewal_permille,
                apply,
                trusts_ca: self.trusts_ca.unwrap_or(true),
                delete_on_missing: self.delete_on_missing.unwrap_or(false),
            })),
            "certificate_transfer" => Some(EndpointProfile::ReceivesCa(TrustProfile { apply })),
            _ => None,
        }
    }

    fn renewal_permille(&self, reader: &mut Reader) -> u32 {
        // charmlibs-interfaces-tls-certificates renews at 0.9 unless told otherwise, and refuses
        // shares outside (0.5, 1.0].
        let Some(renewal) = &self.renewal else {
            return 900;
        };
        if !(renewal.value > 0.5 && renewal.value <= 1.0) {
            let message = format!("`{}` is not above 0.5 and at most 1.0", renewal.value);
            reader.bad_value(renewal.place, message, None);
            return 900;
        }
        (renewal.value * 1000.0).round() as u32
    }
}

impl OptionDeclaration {
    fn to_option(&self, reader: &mut Reader) -> OptionSpec {
        let kinds = ["string", "int", "float", "boolean", "secret"];
        let kind = one_of(self.kind.as_ref(), &kinds, reader).unwrap_or(0);
        let default = self
            .default
            .as_ref()
            .and_then(|node| match node.as_scalar() {
                Some(scalar) => Some(scalar.canonical()),
                None => {
                    reader.wrong_type(node, "a text, number or boolean");
                    None
                }
            });
        OptionSpec {
            kind: kinds[kind].to_owned(),
            default,
        }
    }
}

impl IssuerDeclaration {
    /// The chain that is declared; mistakes are noted in the reader.
    pub fn to_profile(&self, reader: &mut Reader) -> IssuerProfile {
        let authority = |declared: &AuthorityDeclaration| {
            Some(DeclaredAuthority {
                common_name: declared.common_name.as_ref()?.value.clone(),
                validity: declared.validity?.0,
            })
        };
        let chain: Vec<_> = self.chain.iter().flatten().filter_map(authority).collect();
        if self.chain.as_ref().is_some_and(Vec::is_empty) {
            reader.bad_value(self.place, "the chain has no CA", None);
        }
        let transfers = match one_of(self.transfers.as_ref(), &["root", "issuer", "all"], reader) {
            Some(1) => Transfers::Issuer,
            Some(2) => Transfers::All,
            _ => Transfers::Root,
        };
        IssuerProfile {
            chain,
            leaf_validity: self
                .leaf_validity
                .map_or(Span::from_secs(90 * 86_400), |lasting| lasting.0),
            chain_includes_root: self.chain_includes_root.unwrap_or(false),
            transfers,
            ca_is_root: self.ca_is_root.unwrap_or(false),
        }
    }
}

fn endpoint_named<'a>(endpoints: &'a [Endpoint], name: &str) -> Option<&'a Endpoint> {
    endpoints.iter().find(|endpoint| endpoint.name == name)
}

/// Index of the word among the allowed ones; anything else is noted.
fn one_of(word: Option<&Text>, allowed: &[&str], reader: &mut Reader) -> Option<usize> {
    let word = word?;
    let found = allowed.iter().position(|name| *name == word.value);
    if found.is_none() {
        let help = nearest(&word.value, allowed.iter().copied())
            .map(|name| format!("a similar value exists: `{name}`"));
        let message = format!("`{}` is none of {}", word.value, allowed.join(", "));
        reader.bad_value(word.place, message, help);
    }
    found
}

/// Names given as a list or as the keys of a mapping.
fn names(node: Option<&Node>, what: &str, reader: &mut Reader) -> Vec<String> {
    let Some(node) = node else {
        return Vec::new();
    };
    match &node.value {
        Value::Null => Vec::new(),
        Value::List(_) => Vec::from_node(node, reader).unwrap_or_default(),
        Value::Map(entries) => entries
            .iter()
            .map(|entry| entry.key.value.clone())
            .collect(),
        Value::Scalar(_) => {
            reader.wrong_type(node, &format!("a list of {what}"));
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Unknown, parse};

    fn read(text: &str, unknown: Unknown) -> (KnownCharm, Vec<String>) {
        let documents = parse(text, 0).expect("yaml");
        let mut reader = Reader::new(unknown, unknown == Unknown::Refused);
        let declaration =
            CharmDeclaration::from_node(&documents[0], &mut reader).expect("a record");
        let charm = declaration.to_charm("web", &mut reader);
        let said = reader.mistakes.into_iter().map(|mistake| mistake.message);
        (charm, said.collect())
    }

    #[test]
    fn a_generic_requirer_is_read() {
        let (charm, mistakes) = read(
            "requires:
  certificates: {interface: tls-certificates, mode: app, apply: reload, name-option: external-hostname, renewal: 0.85}
  receive-ca-cert: {interface: certificate_transfer, limit: 1, apply: none}
  juju: {interface: juju-info, scope: container}
peers: {cluster: {interface: web_peers}}
options: {external-hostname: {type: string}, workers: {type: int, default: 4}}
",
            Unknown::Refused,
        );
        assert!(mistakes.is_empty(), "{mistakes:?}");
        let metadata = charm.metadata;
        assert_eq!(metadata.behaviour, Behaviour::Requirer);
        let Some(EndpointProfile::Certificates(profile)) = metadata
            .endpoint("certificates")
            .and_then(|endpoint| endpoint.profile.clone())
        else {
            panic!("no profile");
        };
        assert_eq!(
            (profile.mode, profile.apply, profile.renewal_permille),
            (Mode::App, Apply::Reload, 850)
        );
        assert!(profile.trusts_ca);
        assert_eq!(
            metadata
                .endpoint("receive-ca-cert")
                .and_then(|endpoint| endpoint.limit),
            Some(1)
        );
        assert!(
            metadata
                .endpoint("juju")
                .is_some_and(|endpoint| endpoint.container_scope)
        );
        assert_eq!(metadata.options["workers"].default.as_deref(), Some("4"));
    }

    #[test]
    fn a_declared_issuer_is_read() {
        let (charm, mistakes) = read(
            "issuer:
  chain: [{common-name: Root, validity: 520w}, {common-name: Issuing, validity: 260w}]
  leaf-validity: 30d
  transfers: all
  ca-is-root: true
provides: {certificates: {interface: tls-certificates}}
",
            Unknown::Refused,
        );
        assert!(mistakes.is_empty(), "{mistakes:?}");
        let Behaviour::DeclaredProvider(profile) = charm.metadata.behaviour else {
            panic!("no issuer");
        };
        assert_eq!(profile.chain.len(), 2);
        assert_eq!(profile.transfers, Transfers::All);
        assert!(profile.ca_is_root && !profile.chain_includes_root);
    }

    #[test]
    fn a_charms_own_file_is_read_without_complaint() {
        let (charm, mistakes) = read(
            "name: web
type: charm
links: {website: x}
containers: {web: {resource: image}}
requires: {certificates: {interface: tls-certificates, optional: true, limit: 1, description: x}}
config: {options: {port: {type: int, default: 8080, description: x}}}
actions: {rotate: {description: x}}
",
            Unknown::Ignored,
        );
        assert!(mistakes.is_empty(), "{mistakes:?}");
        assert_eq!(charm.metadata.containers, ["web"]);
        assert_eq!(charm.metadata.actions, ["rotate"]);
        assert_eq!(
            charm.metadata.options["port"].default.as_deref(),
            Some("8080")
        );
    }

    #[test]
    fn mistakes_are_gathered() {
        let (_, mistakes) = read(
            "behaviour: requirr
rotate-ca-action: spin
provides: {a: {interface: x}, b: {}}
requires: {a: {interface: x, scope: local}, c: {interface: tls-certificates, mode: units, renewal: 0.2, apply: reboot}}
options: {o: {type: text, default: [1]}}
issuer: {chain: [], transfers: none}
",
            Unknown::Refused,
        );
        insta::assert_snapshot!(mistakes.join("\n"), @"
        `interface` is missing
        the endpoint `a` is declared twice
        `reboot` is none of restart, reload, none
        `units` is none of unit, app, app-and-unit
        `0.2` is not above 0.5 and at most 1.0
        `requirr` is none of requirer, plain, self-signed-certificates, traefik, manual-tls-certificates, notary, vault, vault-renews-early
        the chain has no CA
        `none` is none of root, issuer, all
        `spin` is not among the charm's actions
        `text` is none of string, int, float, boolean, secret
        expected a text, number or boolean, found a list
        ");
    }
}
