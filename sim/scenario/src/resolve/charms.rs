//! Which charm an application runs: declared, in the catalogue, in files of its own, or unknown.
//!
//! What is known of a charm comes in three layers, each laid over the one before: its entry in the catalogue, its own
//! files (`own_files`), and what the scenario says of it under `charms`.

use std::collections::BTreeMap;
use std::path::Path;

use super::charm_names::{charmhub_name, local_name, local_path, name_in_url, url_series};
use super::declarations::{behaviour_beside, catalogue_node, overlaid, overlay};
use super::folder::Folder;
use super::names::{check_declared_names, check_name_at};
use super::own_files::{OwnFiles, own_name};
use super::own_tree::OwnTree;
use super::unread_keys::refuse_unread_keys;
use super::values;
use crate::format::{CharmNode, beside};
use crate::name_rules::NameKind;
use trustsim_charms::{
    CharmDeclaration, CharmMetadata, KnownCharm, Pinned, Provenance, REGISTRY, Server, WITHOUT_TLS,
    entry_key, known_charm,
};
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_yaml::{FromNode, Map, Node, Reader, ScalarKind, Spanned, Text, Unknown};

/// The charms that a scenario can name.
pub(super) struct Charms<'a> {
    own_files: OwnFiles<'a>,
    /// What the scenario says of charms, as written.
    written: Option<&'a Map<CharmNode>>,
    declared: BTreeMap<String, KnownCharm>,
}

impl<'a> Charms<'a> {
    /// The scenario's own charms beside all others.
    pub(super) fn declared(
        written: Option<&'a Map<CharmNode>>,
        folder: Folder<'a>,
        out: &mut Diagnostics,
    ) -> Self {
        let own_files = OwnFiles::new(folder);
        let entries = written.into_iter().flat_map(Map::iter);
        let declared = entries.map(|(name, node)| {
            let charm = declared_charm(name, &node.0, &own_files, out);
            (name.value.clone(), charm)
        });
        let declared = declared.collect();
        Self {
            own_files,
            written,
            declared,
        }
    }

    /// The charm an application names. `folder` is that of its bundle.
    pub(super) fn named(
        &self,
        charm: &Text,
        pinned: Pinned<'_>,
        folder: &Path,
        out: &mut Diagnostics,
    ) -> KnownCharm {
        let local = local_path(&charm.value);
        let name = match &local {
            Some(path) => local_name(path),
            None => charmhub_name(&charm.value),
        };
        if local.is_none() {
            let name = name_in_url(&name);
            check_name_at(NameKind::Charm, name, charm.place, out);
        }
        let path = local.map(|path| beside(folder, &path));
        if let Some(declared) = self.declared.get(&name) {
            if let Some(path) = &path {
                self.warn_of_unread_files(&name, path, charm, out);
            }
            return declared.clone();
        }
        // Without a path it may be in a folder of charms beside the scenario.
        let own = match &path {
            Some(path) => match self.local(path, charm, out) {
                Some(own) => Some(own),
                None => self.own_files.beside(&name, charm.place, out),
            },
            None => self.own_files.beside(&name, charm.place, out),
        };
        let of_url = charm.value.strip_prefix("cs:").and_then(url_series);
        let pinned = Pinned {
            series: of_url.or(pinned.series),
            ..pinned
        };
        if let Some(own) = own {
            let own_name = own_name(&own, charm.place, out);
            return own_charm(&own_name.unwrap_or(name), own, pinned, out);
        }
        if let Some(known) = known_charm(&name, pinned) {
            return known;
        }
        unknown_charm(&name)
    }

    /// A charm as it is at a revision or in a channel, but for what `node` says otherwise.
    pub(super) fn changed(
        &self,
        name: &str,
        pinned: Pinned<'_>,
        node: &Node,
        out: &mut Diagnostics,
    ) -> KnownCharm {
        let key = entry_key(name, pinned);
        let mut whole = key.and_then(|key| catalogue_node(key, out));
        if let Some(own) = self.written.and_then(|written| written.get(name)) {
            match &mut whole {
                Some(whole) => overlay(whole, &own.0),
                None => whole = Some(own.0.clone()),
            }
        }
        let mut reader = Reader::new(Unknown::Refused, true);
        // What is no mapping is a mistake that the reader keeps.
        let mut declaration = CharmDeclaration::from_node(node, &mut reader).unwrap_or_default();
        if let Some(whole) = whole {
            declaration = overlaid(whole, node, out);
        }
        let mut charm = charm_of(&declaration, name, node, reader, out);
        charm.metadata.provenance = charm.metadata.provenance.adjusted();
        self.own_files.give_code(&declaration, &mut charm, out);
        charm
    }

    /// A charm as the catalogue has it at a revision or in a channel; `None` where the scenario declares it.
    pub(super) fn in_catalogue(&self, name: &str, pinned: Pinned<'_>) -> Option<KnownCharm> {
        let declared = self.declared.contains_key(name);
        let known = known_charm(name, pinned);
        known.filter(|_| !declared)
    }

    /// The files of a local charm: in its folder, in the packed charm, or beside a packed charm that is not there, where
    /// they are those of a charm of that name.
    fn local(&self, path: &Path, charm: &Text, out: &mut Diagnostics) -> Option<OwnTree> {
        if let Some(own) = self.own_files.at(path, charm.place, out) {
            return Some(own);
        }
        let is_packed = path.extension().is_some_and(|ending| ending == "charm");
        let beside = path.parent().filter(|_| is_packed)?;
        let own = self.own_files.at(beside, charm.place, out)?;
        let name = own.node.get("name")?.as_scalar()?;
        (name.text == local_name(&charm.value)).then_some(own)
    }

    /// A charm that the scenario describes is not read from its path: `from:` would say that it is both.
    fn warn_of_unread_files(&self, name: &str, path: &Path, charm: &Text, out: &mut Diagnostics) {
        let written = self.written.and_then(|written| written.get(name));
        let has_from = written.is_some_and(|node| node.0.get("from").is_some());
        if has_from || self.local(path, charm, out).is_none() {
            return;
        }
        let message = format!("the files of `{}` are not read", charm.value);
        let label = format!("`charms.{name}` describes the charm");
        let help = format!("give `charms.{name}` their place in `from`, to lay it over them");
        let diagnostic = Diagnostic::warning(Code::FilesOfCharm, charm.place, message);
        out.push(diagnostic.label(label).help(help));
    }
}

/// The charm of a name as its own files have it, which does what the catalogue knows of it beyond them.
fn own_charm(name: &str, own: OwnTree, pinned: Pinned<'_>, out: &mut Diagnostics) -> KnownCharm {
    let key = entry_key(name, pinned);
    let known = key.and_then(|key| catalogue_node(key, out));
    let is_known = known.is_some();
    let is_whole = own.is_whole;
    let whole = match known {
        Some(known) => behaviour_beside(known, own.node),
        None => own.node,
    };
    let mut reader = Reader::new(Unknown::Ignored, true);
    // What is wrong with each file was reported; a tree of what is left is a mapping.
    let declaration = CharmDeclaration::from_node(&whole, &mut reader).unwrap_or_default();
    let mut charm = declaration.to_charm(name, &REGISTRY, &mut reader);
    out.push_mistakes(reader);
    charm.metadata.provenance = match is_known {
        true => charm.metadata.provenance.adjusted(),
        false => Provenance::Metadata,
    };
    // What is missing may be in what could not be read.
    charm.more_options |= !is_whole;
    charm.more_endpoints |= !is_whole;
    charm
}

fn declared_charm(
    name: &Spanned<String>,
    node: &Node,
    own_files: &OwnFiles<'_>,
    out: &mut Diagnostics,
) -> KnownCharm {
    let mut reader = Reader::new(Unknown::Refused, true);
    // What is no mapping is a mistake that the reader keeps.
    let written = CharmDeclaration::from_node(node, &mut reader).unwrap_or_default();
    if let Some(source) = &written.source {
        refuse_beside_code(&written, source, out);
    }
    let own = match written.source.as_ref().or(written.from.as_ref()) {
        Some(from) => Some(own_files.named(from, out)),
        None => own_files.beside(&name.value, name.place, out),
    };
    let known = catalogue_node(&name.value, out);
    let (has_files, is_known) = (own.is_some(), known.is_some());
    let below = match (known, own) {
        (Some(known), Some(own)) => Some(behaviour_beside(known, own.node)),
        (known, own) => known.or(own.map(|own| own.node)),
    };
    let declaration = match below {
        // The keys of the scenario were checked above.
        Some(below) => overlaid(below, node, out),
        None => written,
    };
    let mut charm = charm_of(&declaration, &name.value, node, reader, out);
    let says_nothing = node.entries().iter().all(|entry| entry.key.value == "from");
    if is_known {
        charm.metadata.provenance = charm.metadata.provenance.adjusted();
    } else if (has_files && says_nothing) || is_part_of_metadata(node) {
        charm.metadata.provenance = Provenance::Metadata;
    }
    own_files.give_code(&declaration, &mut charm, out);
    charm
}

/// Refuses what a charm with `source` may not say beside it.
fn refuse_beside_code(written: &CharmDeclaration, source: &Text, out: &mut Diagnostics) {
    if let Some(from) = &written.from {
        let message = "a charm with `source` has its own files there";
        out.push(Diagnostic::error(Code::BadValue, from.place, message).help("leave `from` out"));
    }
    if written.behaviour.is_some() || written.issuer.is_some() {
        let message =
            "a charm with `source` is played by its own code, not by `issuer` or `behaviour`";
        out.push(Diagnostic::error(Code::BadValue, source.place, message));
    }
}

/// Whether a description says nothing but what a charm's metadata does, and that there is more. That is what is known of
/// a charm from `juju status`: some of its endpoints, and nothing of what it does with them.
fn is_part_of_metadata(node: &Node) -> bool {
    const OF_CHARM: [&str; 7] = [
        "name",
        "subordinate",
        "provides",
        "requires",
        "peers",
        "more-options",
        "more-endpoints",
    ];
    const OF_ENDPOINT: [&str; 3] = ["interface", "limit", "scope"];
    let more = node.get("more-endpoints").and_then(Node::as_scalar);
    let says_more = more.is_some_and(|more| more.kind == ScalarKind::Bool(true));
    let groups = node.entries().iter().map(|entry| &entry.value);
    let mut endpoints = groups.flat_map(|group| group.entries());
    says_more
        && node
            .entries()
            .iter()
            .all(|entry| OF_CHARM.contains(&&*entry.key.value))
        && endpoints.all(|endpoint| {
            let mut keys = endpoint.value.entries().iter();
            keys.all(|key| OF_ENDPOINT.contains(&&*key.key.value))
        })
}

/// The charm that is declared, with every mistake in it; `node` is what the scenario says of it.
fn charm_of(
    declaration: &CharmDeclaration,
    name: &str,
    node: &Node,
    mut reader: Reader,
    out: &mut Diagnostics,
) -> KnownCharm {
    if let Some(stack) = &declaration.validator {
        values::validator(stack, out);
    }
    for (_, process) in declaration.processes.iter().flat_map(Map::iter) {
        if let Some(stack) = &process.validator {
            values::validator(stack, out);
        }
    }
    check_declared_names(node, out);
    let charm = declaration.to_charm(name, &REGISTRY, &mut reader);
    // Of a charm that is declared wrongly it cannot be told what it reads.
    if reader.mistakes.is_empty() {
        refuse_unread_keys(name, node, &charm, out);
    }
    out.push_mistakes(reader);
    charm
}

/// A charm of which only the name is known.
fn unknown_charm(name: &str) -> KnownCharm {
    KnownCharm {
        metadata: CharmMetadata {
            name: name.to_owned(),
            subordinate: false,
            containers: Vec::new(),
            endpoints: Vec::new(),
            options: std::collections::BTreeMap::new(),
            implementation: &WITHOUT_TLS,
            issuer: None,
            validator: None,
            system_roots: true,
            server: Server::default(),
            volumes: Vec::new(),
            rotate_ca_action: None,
            processes: Vec::new(),
            actions: Vec::new(),
            provenance: Provenance::Unknown,
            source: None,
        },
        more_options: true,
        more_endpoints: true,
        earlier_interfaces: std::collections::BTreeMap::new(),
        tracks: Vec::new(),
        series: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    fn deployed<const N: usize>(files: [(&str, &str); N]) -> trustsim_model::Deployment {
        let files = crate::MemoryFiles::new(files);
        match crate::load(Path::new("s.yaml"), &files) {
            Ok(loaded) => loaded.deployment,
            Err(wrong) => panic!("{}", wrong.render(false)),
        }
    }

    fn refused(text: &str) -> String {
        let files = crate::MemoryFiles::new([("s.yaml", text)]);
        match crate::load(Path::new("s.yaml"), &files) {
            Ok(_) => panic!("nothing was found wrong"),
            Err(wrong) => wrong.render(false),
        }
    }

    #[test]
    fn a_scenario_says_otherwise_of_some_of_what_the_catalogue_knows() {
        use trustsim_interfaces::{certificate_transfer, tls_certificates};
        let text = "models: {m: {bundle: kubernetes, applications: {t: {charm: traefik-k8s}}}}
charms:
  traefik-k8s:
    requires:
      certificates: {library: tls-certificates-v4.27}
      receive-ca-cert: {library: certificate-transfer-v0}
";
        let deployment = deployed([("s.yaml", text)]);
        let charm = &deployment.applications.raw[0].charm;
        assert_eq!(charm.implementation.behaviour, "traefik");
        assert_eq!(charm.validator.as_deref(), Some("go"));
        let endpoint = charm.endpoint("certificates").expect("it has one");
        assert_eq!(endpoint.limit, Some(1), "the catalogue's");
        assert_eq!(
            charm.certificates_library("certificates"),
            Some(tls_certificates::Library::V4Patch27)
        );
        assert_eq!(
            charm.transfer_library("receive-ca-cert"),
            Some(certificate_transfer::Library::V0Patch11)
        );
    }

    #[test]
    fn a_known_provider_gets_a_chain_and_keeps_its_endpoints() {
        let text = "models: {m: {bundle: kubernetes, applications: {v: {charm: vault-k8s}}}}
charms: {vault-k8s: {issuer: {chain: [{common-name: Root, validity: 520w}]}}}
";
        let deployment = deployed([("s.yaml", text)]);
        let charm = &deployment.applications.raw[0].charm;
        assert!(charm.implementation.has_declared_chain() && charm.issuer.is_some());
        assert!(charm.endpoint("vault-pki").is_some());
    }

    #[test]
    fn charms_are_found_in_a_folder_beside_the_scenario() {
        let scenario = "models: {m: {bundle: kubernetes, applications: {a: {charm: mine}, b: {charm: ./elsewhere}}}}\n";
        let mine = "name: mine\ncontainers: {web: {}}\nrequires: {tls: {interface: tls-certificates, limit: 1}}\n";
        let elsewhere = "name: elsewhere\nrequires: {ca: {interface: certificate_transfer}}\n";
        let deployment = deployed([
            ("s.yaml", scenario),
            ("charms/mine/charmcraft.yaml", mine),
            ("elsewhere/metadata.yaml", elsewhere),
        ]);
        let [a, b] = [0, 1].map(|at| &deployment.applications.raw[at].charm);
        assert!(a.is_described() && b.is_described());
        assert_eq!(a.implementation.behaviour, "requirer");
        assert_eq!(a.containers, ["web"]);
        assert_eq!(a.endpoint("tls").and_then(|it| it.limit), Some(1));
        assert!(b.endpoint("ca").is_some_and(|it| it.profile.is_some()));
    }

    #[test]
    fn a_stack_that_nobody_knows_is_refused() {
        let said = refused(
            "models: {m: {bundle: kubernetes, applications: {a: {charm: mine}}}}
charms: {mine: {validator: opensll, requires: {tls: {interface: tls-certificates}}}}
",
        );
        assert!(said.contains("there is no validator `opensll`"), "{said}");
        assert!(said.contains("`openssl`"), "{said}");
    }

    #[test]
    fn a_library_that_cannot_do_what_the_catalogue_says_is_refused_with_its_place() {
        let said = refused(
            "models: {m: {bundle: kubernetes, applications: {t: {charm: traefik-k8s}}}}
charms: {traefik-k8s: {requires: {certificates: {library: tls-certificates-v3}}}}
",
        );
        assert!(said.contains("no application requests"), "{said}");
        assert!(said.contains("catalogue/ingress.yaml"), "{said}");
    }
}
