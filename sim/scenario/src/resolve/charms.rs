//! Which charm an application runs: declared, in the catalogue, beside the bundle, or unknown.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::charm_names::{charmhub_name, local_name, local_path, url_series};
use super::declarations::{catalogue_node, charm_file, overlaid, overlay};
use super::folder::Folder;
use super::unread_keys::refuse_unread_keys;
use super::values;
use crate::format::{CharmNode, beside};
use trustsim_charms::{
    CharmDeclaration, CharmMetadata, KnownCharm, Pinned, Provenance, REGISTRY, WITHOUT_TLS,
    catalogue, entry_key, known_charm,
};
use trustsim_errors::Diagnostics;
use trustsim_yaml::{FromNode, Map, Node, Place, Reader, Spanned, Text, Unknown};

/// The charms that a scenario can name.
pub(super) struct Charms<'a> {
    folder: Folder<'a>,
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
        let entries = written.into_iter().flat_map(Map::iter);
        let declared = entries.map(|(name, node)| {
            let charm = declared_charm(name, &node.0, folder, out);
            (name.value.clone(), charm)
        });
        let declared = declared.collect();
        Self {
            folder,
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
        if let Some(declared) = self.declared.get(&name) {
            return declared.clone();
        }
        // Without a path it may be in a folder of charms beside the scenario.
        let path = match &local {
            Some(path) => beside(folder, path),
            None => self.folder.charm(&name),
        };
        if let Some(known) = self.local(&path, charm.place, out) {
            return known;
        }
        let of_url = charm.value.strip_prefix("cs:").and_then(url_series);
        let pinned = Pinned {
            series: of_url.or(pinned.series),
            ..pinned
        };
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
        charm
    }

    /// A charm as the catalogue has it at a revision or in a channel; `None` where the scenario declares it.
    pub(super) fn in_catalogue(&self, name: &str, pinned: Pinned<'_>) -> Option<KnownCharm> {
        let declared = self.declared.contains_key(name);
        let known = known_charm(name, pinned);
        known.filter(|_| !declared)
    }

    /// Metadata in the charm's folder, or beside a packed `.charm` of the same name.
    fn local(&self, path: &Path, named_at: Place, out: &mut Diagnostics) -> Option<KnownCharm> {
        let packed = path
            .extension()
            .is_some_and(|extension| extension == "charm");
        let folder = if packed { path.parent()? } else { path };
        let found: PathBuf = ["charmcraft.yaml", "metadata.yaml"]
            .iter()
            .map(|name| folder.join(name))
            .find(|candidate| self.folder.is_file(candidate))?;
        let node = charm_file(self.folder, &found, named_at, out)?;
        let name = node.get("name")?.as_scalar()?.text.clone();
        if packed && name != local_name(&path.to_string_lossy()) {
            return None;
        }
        // What the catalogue knows beyond the metadata (how it behaves) still holds.
        let known = catalogue().get(&name);
        let mut reader = Reader::new(Unknown::Ignored, false);
        let declaration = CharmDeclaration::from_node(&node, &mut reader)?;
        let mut charm = declaration.to_charm(&name, &REGISTRY, &mut reader);
        charm.metadata.provenance = Provenance::Metadata;
        out.push_mistakes(reader);
        if let Some(known) = known {
            charm.metadata = with_behaviour_of(charm.metadata, &known.metadata);
            charm
                .earlier_interfaces
                .clone_from(&known.earlier_interfaces);
        }
        Some(charm)
    }
}

fn declared_charm(
    name: &Spanned<String>,
    node: &Node,
    folder: Folder<'_>,
    out: &mut Diagnostics,
) -> KnownCharm {
    let mut reader = Reader::new(Unknown::Refused, true);
    // What is no mapping is a mistake that the reader keeps.
    let mut declaration = CharmDeclaration::from_node(node, &mut reader).unwrap_or_default();
    if let Some(from) = &declaration.from {
        // Its own file first, then the keys beside `from:`, which were checked above.
        let path = folder.beside(&from.value);
        // A file that cannot be read was reported.
        let whole = charm_file(folder, &path, from.place, out).unwrap_or_default();
        declaration = overlaid(whole, node, out);
    } else if let Some(known) = catalogue_node(&name.value, out) {
        // What the catalogue knows, but for what the scenario says otherwise.
        declaration = overlaid(known, node, out);
        let mut charm = charm_of(&declaration, &name.value, node, reader, out);
        charm.metadata.provenance = charm.metadata.provenance.adjusted();
        return charm;
    }
    charm_of(&declaration, &name.value, node, reader, out)
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
    let charm = declaration.to_charm(name, &REGISTRY, &mut reader);
    // Of a charm that is declared wrongly it cannot be told what it reads.
    if reader.mistakes.is_empty() {
        refuse_unread_keys(node, &charm.metadata, out);
    }
    out.push_mistakes(reader);
    charm
}

fn with_behaviour_of(mut own: CharmMetadata, known: &CharmMetadata) -> CharmMetadata {
    own.implementation = known.implementation;
    own.provenance = known.provenance.clone().adjusted();
    own.issuer.clone_from(&known.issuer);
    own.validator.clone_from(&known.validator);
    own.rotate_ca_action.clone_from(&known.rotate_ca_action);
    for endpoint in &mut own.endpoints {
        if let Some(same) = known.endpoint(&endpoint.name) {
            endpoint.profile.clone_from(&same.profile);
        }
    }
    own
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
            volumes: Vec::new(),
            rotate_ca_action: None,
            actions: Vec::new(),
            provenance: Provenance::Unknown,
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
