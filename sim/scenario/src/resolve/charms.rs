//! Which charm an application runs: declared, in the catalogue, beside the bundle, or unknown.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Resolver;
use crate::format::{beside, read_text};
use trustsim_charms::{
    CharmDeclaration, CharmMetadata, KnownCharm, REGISTRY, WITHOUT_TLS, catalogue,
    catalogue_source, known_charm, known_charm_on,
};
use trustsim_errors::{Code, Diagnostic, Severity};
use trustsim_yaml::{Entry, FromNode, Node, Place, Reader, Spanned, Text, Unknown, Value, parse};

impl Resolver<'_> {
    /// The scenario's own charms.
    pub(super) fn declared_charms(&mut self) {
        let charms = self.scenario.charms.iter().flat_map(|map| map.iter());
        for (name, node) in charms {
            let charm = self.declared_charm(name, &node.0);
            self.declared_charms
                .insert(name.value.clone(), Arc::new(charm));
        }
    }

    fn declared_charm(&mut self, name: &Spanned<String>, node: &Node) -> KnownCharm {
        let mut reader = Reader::new(Unknown::Refused, true);
        let mut declaration = CharmDeclaration::from_node(node, &mut reader).unwrap_or_default();
        if let Some(from) = &declaration.from {
            // Its own file first, then the keys beside `from:`, which were checked above.
            let path = beside(self.folder, &from.value);
            let whole = self.charm_file(&path, from.place).unwrap_or_default();
            declaration = self.overlaid(whole, node);
        } else if let Some(known) = self.catalogue_node(&name.value) {
            // What the catalogue knows, but for what the scenario says otherwise.
            declaration = self.overlaid(known, node);
        }
        if let Some(stack) = &declaration.validator {
            self.validator(stack);
        }
        let charm = declaration.to_charm(&name.value, &REGISTRY, &mut reader);
        self.out
            .list
            .extend(reader.mistakes.into_iter().map(Diagnostic::from));
        charm
    }

    /// A charm as it is in a channel, but for what `node` says otherwise.
    pub(super) fn changed_charm(
        &mut self,
        name: &str,
        channel: Option<&Text>,
        node: &Node,
    ) -> KnownCharm {
        let channel = channel.map(|text| text.value.as_str());
        let known = known_charm(name, channel);
        let key = catalogue()
            .iter()
            .find(|(_, charm)| known.is_some_and(|known| std::ptr::eq(*charm, known)))
            .map(|(key, _)| key.as_str());
        let mut whole = key.and_then(|key| self.catalogue_node(key));
        let mut declared = self.scenario.charms.iter().flat_map(|map| map.iter());
        if let Some((_, own)) = declared.find(|(own, _)| own.value == name) {
            match &mut whole {
                Some(whole) => overlay(whole, &own.0),
                None => whole = Some(own.0.clone()),
            }
        }
        let mut reader = Reader::new(Unknown::Refused, true);
        let mut declaration = CharmDeclaration::from_node(node, &mut reader).unwrap_or_default();
        if let Some(whole) = whole {
            declaration = self.overlaid(whole, node);
        }
        if let Some(stack) = &declaration.validator {
            self.validator(stack);
        }
        let charm = declaration.to_charm(name, &REGISTRY, &mut reader);
        let mistakes = reader.mistakes.into_iter().map(Diagnostic::from);
        self.out.list.extend(mistakes);
        charm
    }

    /// A charm as the catalogue has it in a channel; `None` where the scenario declares it.
    pub(super) fn charm_in_channel(&self, name: &str, channel: &Text) -> Option<KnownCharm> {
        let declared = self.declared_charms.contains_key(name);
        let known = known_charm(name, Some(&channel.value));
        known.filter(|_| !declared).cloned()
    }

    fn overlaid(&mut self, mut whole: Node, node: &Node) -> CharmDeclaration {
        overlay(&mut whole, node);
        let mut reader = Reader::new(Unknown::Ignored, true);
        let declaration = CharmDeclaration::from_node(&whole, &mut reader).unwrap_or_default();
        let mistakes = reader.mistakes.into_iter().map(Diagnostic::from);
        self.out.list.extend(mistakes);
        declaration
    }

    /// The entry of a charm in the catalogue, as written.
    fn catalogue_node(&mut self, charm: &str) -> Option<Node> {
        let (name, text) = catalogue_source(charm)?;
        let file = self.out.sources.add(name, text);
        let documents = parse(text, file).ok()?;
        documents.first()?.get(charm).cloned()
    }

    /// A charm's own `charmcraft.yaml` or `metadata.yaml`, with the `config.yaml` and
    /// `actions.yaml` beside an older one.
    fn charm_file(&mut self, path: &Path, named_at: Place) -> Option<Node> {
        let mut whole = self.one_document(path, named_at)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for (name, key) in [("config.yaml", "config"), ("actions.yaml", "actions")] {
            let beside = folder.join(name);
            if whole.get(key).is_some() || !self.files.is_file(&beside) {
                continue;
            }
            if let Some(node) = self.one_document(&beside, named_at)
                && let Value::Map(entries) = &mut whole.value
            {
                entries.push(Entry {
                    key: Spanned::new(key.to_owned(), node.place),
                    value: node,
                });
            }
        }
        Some(whole)
    }

    fn one_document(&mut self, path: &Path, named_at: Place) -> Option<Node> {
        let text = match read_text(self.files, path, Some(named_at)) {
            Ok(text) => text,
            Err(diagnostic) => {
                self.push(*diagnostic);
                return None;
            }
        };
        let file = self.out.sources.add(&path.display().to_string(), &text);
        match parse(&text, file) {
            Ok(documents) => documents.into_iter().next(),
            Err(error) => {
                self.push(Diagnostic::error(Code::Syntax, error.place, error.message));
                None
            }
        }
    }

    /// The charm an application names.
    pub(super) fn charm_of(
        &mut self,
        charm: &Text,
        channel: Option<&Text>,
        (folder, series): (&Path, Option<&str>),
    ) -> KnownCharm {
        let local = local_path(&charm.value);
        let name = match &local {
            Some(path) => local_name(path),
            None => charmhub_name(&charm.value),
        };
        if let Some(declared) = self.declared_charms.get(&name) {
            return declared.as_ref().clone();
        }
        if let Some(path) = &local
            && let Some(known) = self.local_charm(&beside(folder, path), charm.place)
        {
            return known;
        }
        // A folder of charms beside the scenario.
        if local.is_none()
            && let Some(known) =
                self.local_charm(&self.folder.join("charms").join(&name), charm.place)
        {
            return known;
        }
        let channel = channel.map(|text| text.value.as_str());
        let of_url = charm.value.strip_prefix("cs:").and_then(url_series);
        if let Some(known) = known_charm_on(&name, channel, of_url.or(series)) {
            return known.clone();
        }
        let message =
            format!("nobody described the charm `{name}`, so it runs as a plain application");
        let diagnostic = Diagnostic::new(Code::UnknownCharm, Severity::Note, message)
            .at(charm.place, "not in the catalogue")
            .help(format!(
                "declare it under `charms.{name}` if it uses certificates, or put its `charmcraft.yaml` into `charms/{name}`"
            ));
        self.push(diagnostic);
        unknown_charm(&name)
    }

    /// Metadata in the charm's folder, or beside a packed `.charm` of the same name.
    fn local_charm(&mut self, path: &Path, named_at: Place) -> Option<KnownCharm> {
        let packed = path
            .extension()
            .is_some_and(|extension| extension == "charm");
        let folder = if packed { path.parent()? } else { path };
        let found: PathBuf = ["charmcraft.yaml", "metadata.yaml"]
            .iter()
            .map(|name| folder.join(name))
            .find(|candidate| self.files.is_file(candidate))?;
        let node = self.charm_file(&found, named_at)?;
        let name = node.get("name")?.as_scalar()?.text.clone();
        if packed && name != local_name(&path.to_string_lossy()) {
            return None;
        }
        // What the catalogue knows beyond the metadata (how it behaves) still holds.
        let known = catalogue().get(&name);
        let mut reader = Reader::new(Unknown::Ignored, false);
        let declaration = CharmDeclaration::from_node(&node, &mut reader)?;
        let mut charm = declaration.to_charm(&name, &REGISTRY, &mut reader);
        self.out
            .list
            .extend(reader.mistakes.into_iter().map(Diagnostic::from));
        if let Some(known) = known {
            charm.metadata = with_behaviour_of(charm.metadata, &known.metadata);
            charm
                .earlier_interfaces
                .clone_from(&known.earlier_interfaces);
        }
        Some(charm)
    }
}

fn with_behaviour_of(mut own: CharmMetadata, known: &CharmMetadata) -> CharmMetadata {
    own.implementation = known.implementation;
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
            known: false,
        },
        more_options: true,
        more_endpoints: true,
        earlier_interfaces: std::collections::BTreeMap::new(),
        tracks: Vec::new(),
        series: Vec::new(),
    }
}

/// Mappings are merged, everything else replaced.
fn overlay(base: &mut Node, node: &Node) {
    let (Value::Map(own), Value::Map(more)) = (&mut base.value, &node.value) else {
        if !node.is_null() {
            *base = node.clone();
        }
        return;
    };
    for entry in more {
        match own
            .iter_mut()
            .find(|known| known.key.value == entry.key.value)
        {
            Some(known) => overlay(&mut known.value, &entry.value),
            None => own.push(entry.clone()),
        }
    }
}

/// The path of a local charm: `./x`, `/x`, `local:x`, `x.charm`.
fn local_path(charm: &str) -> Option<String> {
    if let Some(path) = charm.strip_prefix("local:") {
        return Some(path.to_owned());
    }
    let is_path = charm.starts_with('.') || charm.starts_with('/') || charm.ends_with(".charm");
    is_path.then(|| charm.to_owned())
}

/// `alertmanager-k8s` of `../alertmanager-k8s_ubuntu-20.04-amd64.charm`.
fn local_name(path: &str) -> String {
    let last = path
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path);
    let stem = last.strip_suffix(".charm").unwrap_or(last);
    let stem = stem.split('_').next().unwrap_or(stem);
    without_revision(stem).to_owned()
}

/// `easyrsa` of `ch:easyrsa` and of `cs:~containers/bionic/easyrsa-253`.
fn charmhub_name(charm: &str) -> String {
    if let Some(store) = charm.strip_prefix("cs:") {
        let last = store.rsplit('/').next().unwrap_or(store);
        return without_revision(last).to_owned();
    }
    charm.strip_prefix("ch:").unwrap_or(charm).to_owned()
}

/// `bionic` of `~containers/bionic/easyrsa-253`.
fn url_series(store: &str) -> Option<&str> {
    let (path, _) = store.rsplit_once('/')?;
    path.rsplit('/')
        .next()
        .filter(|part| !part.starts_with('~'))
}

/// `jammy` of `jammy`, `22.04` and `ubuntu@22.04/stable`.
pub(super) fn series_name(base: &str) -> &str {
    let release = base.strip_prefix("ubuntu@").unwrap_or(base);
    match release.split('/').next().unwrap_or(release) {
        "16.04" => "xenial",
        "18.04" => "bionic",
        "20.04" => "focal",
        "22.04" => "jammy",
        "24.04" => "noble",
        other => other,
    }
}

fn without_revision(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((stem, revision))
            if !revision.is_empty() && revision.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            stem
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charm_names_are_read_from_every_way_to_write_them() {
        for (charm, name) in [
            ("ch:wordpress", "wordpress"),
            ("cs:~containers/easyrsa-253", "easyrsa"),
            ("traefik-k8s", "traefik-k8s"),
        ] {
            assert_eq!(charmhub_name(charm), name);
        }
        for (charm, name) in [
            (
                "./alertmanager-k8s_ubuntu-20.04-amd64.charm",
                "alertmanager-k8s",
            ),
            ("../charm", "charm"),
            ("local:easyrsa-3", "easyrsa"),
        ] {
            assert_eq!(local_name(&local_path(charm).expect("local")), name);
        }
        assert_eq!(local_path("traefik-k8s"), None);
    }

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
        assert!(a.known && b.known);
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
