//! A charm as it is declared: in the catalogue, in a scenario's `charms` section, or in the
//! charm's own `charmcraft.yaml` and `metadata.yaml`. One shape, one reader.

mod answer;
mod duration;
mod endpoint;
mod issuer;
mod one_or_more;

use std::collections::BTreeMap;

use super::metadata::{
    CharmMetadata, Endpoint, EndpointProfile, EndpointSource, OptionSpec, ProcessProfile, Protocol,
    Role, Server, Serves,
};
use super::{
    Bugs, Implementation, OWN_CODE, OWN_CODE_OF_CA, Provenance, ReadingDeclaration, Registry,
    WITHOUT_TLS,
};
use trustsim_juju::HookName;
use trustsim_yaml::{FromNode, Map, Node, Reader, Spanned, Value, nearest, record};

pub use answer::AnswerDeclaration;
pub use duration::DeclaredDuration;
pub use issuer::{AuthorityDeclaration, IssuerDeclaration};
use one_or_more::OneOrMore;

type Text = Spanned<String>;

record! {
    /// A charm: its endpoints, its options, and how it uses certificates.
    pub struct CharmDeclaration {
        /// The charm's own files, relative to this one: its folder, a file in it, or the packed `.charm`.
        from: Text = "from" [Extension],
        /// The charm's folder, relative to this file, with the code that plays it. Its own files are read there, too.
        source: Text = "source" [Extension],
        /// With `source`: the interpreter that runs the code, relative to this file. Without it that of a virtual environment
        /// in the charm's folder (`.venv` or `venv`), else `python3`.
        python: Text = "python" [Extension],
        /// With `source`: what comes back of what the code asks of others and trustsim does not know.
        answers: Vec<AnswerDeclaration> = "answers" [Extension],
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
        /// The program that runs, for entries of the catalogue: it says why the TLS stack is what it is.
        workload: Text = "workload" [Extension],
        /// Whether its workload trusts the system's roots beside what it is given (true).
        system_roots: bool = "system-roots" [Extension],
        /// What its units have for clients to connect to: a server with `tls` (the default), a `plain` one, which no
        /// certificate is for, or `none`.
        server: Text = "server" [Extension],
        /// Beginnings of the paths of its workload's files that lie on volumes, which outlive a pod.
        volumes: Vec<String> = "volumes" [Extension],
        /// The action that rotates its CA.
        rotate_ca_action: Text = "rotate-ca-action" [Extension],
        /// Which code plays it: `requirer`, `plain`, or the name of a charm that is played, such as
        /// `self-signed-certificates`. Without it: `requirer` where an endpoint uses certificates,
        /// else `plain`.
        behaviour: Text = "behaviour" [Extension],
        /// Which version of it is played, where that makes a difference: EasyRSA `3.0.1` (the
        /// default of easyrsa) to `3.0.9`, charm-vault `1.7` (the default) or `1.8`.
        version: Text = "version" [Extension],
        /// Tracks of the charm's channels, where charms of different kinds share one name.
        tracks: Vec<String> = "tracks" [Extension],
        /// Series that only the charm of this kind is for, where charms of different kinds share one
        /// name and no track decides.
        series: Node = "series" [Extension],
        /// Makes it a provider of certificates with a given chain of CAs.
        issuer: IssuerDeclaration = "issuer" [Extension],
        /// Where it was read, for entries of the catalogue.
        reading: ReadingDeclaration = "reading" [Extension],
        /// Processes of each unit that open connections beside its workload, each with a trust store of its own: the
        /// charm itself, a sidecar, root with a kubeconfig.
        processes: Map<ProcessDeclaration> = "processes" [Extension],
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
        /// What the workload does when its files change: `restart`, `reload` or `none`; or, where CAs come over
        /// `certificate_transfer`, `always`: a restart each time that the library tells of them, the same or others.
        apply: Text = "apply" [Extension],
        /// The option whose value is the name a certificate is asked for.
        name_option: Text = "name-option" [Extension],
        /// Options whose values are further names, separated by commas or spaces: a port after a name
        /// is left out, and `{unit}` is the number of the unit.
        extra_name_options: Vec<String> = "extra-name-options" [Extension],
        /// Of which endpoint's space the address is that a unit on a machine asks for and is dialled at, or `every`, with
        /// all addresses of its machine; without it that of its application's space.
        address_of: Text = "address-of" [Extension],
        /// The name that the charm's code asks for in place of the Juju name, such as `amf.sdcore`: `{unit}` is the number
        /// of the unit, `{app}` the name of the application and `{model}` that of the model.
        fixed_name: Text = "fixed-name" [Extension],
        /// The common name that its code asks for beside its names, filled in the same way: `{app}`.
        common_name: Text = "common-name" [Extension],
        /// With `name-option`, what it asks for where that is not set: `own-name` (the address of its load balancer, else
        /// the Juju name), `load-balancer` (nothing without one) or `nothing`.
        unnamed: Text = "unnamed" [Extension],
        /// Endpoints of the charm: it asks for nothing without a relation of one of them.
        asks_with: Vec<Text> = "asks-with" [Extension],
        /// Endpoints of the charm over which names come that it asks for, which are not played: what rests on the charm is
        /// assumed where one of them has a relation, and it asks for its usual name where no option says another.
        names_from: Vec<Text> = "names-from" [Extension],
        /// The share of a certificate's life after which it is renewed (0.9).
        renewal: Spanned<f64> = "renewal" [Extension],
        /// Whether the CA that comes with the certificate is trusted (true); of other interfaces than
        /// `tls-certificates`, whether the CA that the other side hands on is (false).
        trusts_ca: bool = "trusts-ca" [Extension],
        /// The endpoint of its own certificates whose CA it hands to those who are related to this one, as databases
        /// do under `tls-ca`; of several, the first over which a CA came. Of other interfaces than those of
        /// certificates and CAs.
        passes_ca: OneOrMore = "passes-ca" [Extension],
        /// The endpoint of its own certificates from which it hands the leader's to the server over this one, for the server
        /// to trust: `mtls-cert` of the data platform. Of requirers of other interfaces than those of certificates and CAs.
        hands_certificate: Text = "hands-certificate" [Extension],
        /// What the workload does when a client hands it another certificate over this endpoint, which it then trusts; as
        /// `apply`. Of providers of other interfaces than those of certificates and CAs.
        trusts_handed: Text = "trusts-handed" [Extension],
        /// Whether the files go when there is no certificate for the current request.
        delete_on_missing: bool = "delete-on-missing" [Extension],
        /// Whether the files go when the relation goes (false); charms with version 3 of the library are told that their
        /// certificates are void, and delete them then.
        delete_when_broken: bool = "delete-when-broken" [Extension],
        /// In which hooks the charm looks at what it is assigned, beside those in which the library tells it of a
        /// certificate, and deletes its files where a request is not answered yet: `at-start` or `at-end` of each hook
        /// (before or after the library), or the names of hooks, such as `update-status`. With version 4 of the library.
        reconciles: OneOrMore = "reconciles" [Extension],
        /// Whether the workload is restarted with a certificate where it had none, and without where it goes, whatever
        /// `apply` says (false).
        restarts_at_first: bool = "restarts-at-first" [Extension],
        /// As `restarts-at-first`, and whether it is restarted with a certificate for other names than the one before (false).
        restarts_for_names: bool = "restarts-for-names" [Extension],
        /// Whether units get from one CA to the next in two phases (false): each trusts a new CA beside the old one and
        /// restarts, and serves under it when all have; the old one goes when all do. With version 4 of the library.
        phased: bool = "phased" [Extension],
        /// Where the charm has a CA of its own for the units of its application, which signs while nothing is assigned over
        /// this endpoint: how long that CA and what it signs live. No charm makes another one when it ends.
        own_ca: DeclaredDuration = "own-ca" [Extension],
        /// With `restarts-at-first`: in which hooks the charm makes its configuration anew, such as `config-changed`, and
        /// notices that it has no certificate (at once). It is restarted then, and again with the next certificate; one
        /// that is there again before finds the same configuration.
        reconfigures: OneOrMore = "reconfigures" [Extension],
        /// Where the charm stops its workload while the relation is there without a certificate: the status that it sets.
        stops_without: String = "stops-without" [Extension],
        /// Whether the workload serves without TLS while it has no certificate, and its charm tells that to those who take
        /// its scheme from a relation (false).
        plain_without_certificate: bool = "plain-without-certificate" [Extension],
        /// Whether the library hears the unit's hooks (true). `false` where the charm keeps no reference to it, so that it
        /// is collected as garbage: it acts in each hook then, but renews at the end of a certificate's life only.
        listens: bool = "listens" [Extension],
        /// Interfaces that other revisions of the charm have in its place.
        earlier_interfaces: Vec<String> = "earlier-interfaces" [Extension],
        /// `legacy` for the protocol of the reactive charms, in which keys travel in clear.
        protocol: Text = "protocol" [Extension],
        /// The library it is spoken with: `tls-certificates` (today's), `tls-certificates-v4`,
        /// `tls-certificates-v4.27` or `tls-certificates-v3`; `certificate-transfer` (today's),
        /// `certificate-transfer-v1` or `certificate-transfer-v0`.
        library: Text = "library" [Extension],
        /// What the workload does when the CA that comes with the certificate changes; as `apply`.
        apply_ca: Text = "apply-ca" [Extension],
        /// What goes to disk: `chain` (as it came), `leaf-first`, `leaf-and-chain`, `leaf`, `built` (the certificate and
        /// each issuer above it, as a key store has them), or as some revisions of charms did, `reversed` or
        /// `without-leaf`; `nothing` where only the CA is wanted.
        serves: Text = "serves" [Extension],
        /// Whether a renewal keeps the key: `kept`, `renewed` or `renewed-early`, whose new key is
        /// on disk before its certificate. Only charms with version 3 of the library renew keys.
        key: Text = "key" [Extension],
        /// Whether each request has an identifier of its own (true); without one a request made
        /// again is the same bytes, and no hook runs.
        unique_requests: bool = "unique-requests" [Extension],
        /// Whether the files are written again when the workload starts (true).
        restores: bool = "restores" [Extension],
        /// Whether the CA before is trusted beside a new one until the next certificate (false).
        keeps_old_ca: bool = "keeps-old-ca" [Extension],
        /// Whether the CA that came first stays the only one for as long as the relation is there (false).
        keeps_first_ca: bool = "keeps-first-ca" [Extension],
        /// With version 3 of the library: `expiring`, `expired`, `revoked` (all of them).
        renews_on: Spanned<Vec<Text>> = "renews-on" [Extension],
        /// With version 3 of the library: how long before the end the charm is told (a third).
        notification: DeclaredDuration = "notification" [Extension],
        /// With version 3 of the library: whether the charm installs its first certificate only.
        installs_once: bool = "installs-once" [Extension],
        /// With version 3 of the library: the `cert_handler` of observability_libs between it and the charm, `v0`,
        /// `v1.6`, `v1.13` or `v1` (the last patch that does the same).
        cert_handler: Text = "cert-handler" [Extension],
        /// Which files received CAs go to: one each `relation`, one `bundle`, one for `each`
        /// certificate, or `last`: each of a relation's is written over the one before.
        store: Text = "store" [Extension],
        /// Where received CAs are taken from: the library's `event`, the library `again` in the
        /// same hook, or `raw` from the provider's unit databags. Of a CA that comes over another interface: `event`,
        /// or `again` in each hook.
        reads: Text = "reads" [Extension],
        /// Whether the process reads the first CA that it is given, whatever `apply` says (false): a process of Go reads those
        /// of the system with its first connection, and once.
        reads_first: bool = "reads-first" [Extension],
        /// Whether received CAs that left the set stay on disk (false).
        keeps_removed: bool = "keeps-removed" [Extension],
        /// Mistakes of some revision to play it with: `root-first` (providers),
        /// `broken-raises`, `empty-name-raises`, `keeps-when-broken`, `unknown-alias-raises`,
        /// `shared-not-applied`, `no-alternative-names`, `start-takes-address`, `keeps-issued`, `reload-only`,
        /// `reverse-dns-only`; with `passes-ca`, `word-as-ca`, `earlier-relations-only`; of
        /// `kubernetes-control-plane`, `stale-root-kubeconfig`; of `vault-k8s`, `ingress-address-only`.
        bugs: Vec<Text> = "bugs" [Extension],
    }
}

record! {
    /// A process of each unit that opens connections beside its workload.
    pub struct ProcessDeclaration {
        /// Endpoints whose CAs it is given (none).
        trusts: Vec<Text> = "trusts",
        /// When it takes another CA: `restart` in the hook that brings it, `none` when the workload starts.
        apply: Text = "apply",
        /// Whether the CA that came first over an endpoint stays the only one (false).
        keeps_first_ca: bool = "keeps-first-ca",
        /// Whether it trusts the system's roots beside what it is given (true).
        system_roots: bool = "system-roots",
        /// The endpoint whose certificate it shows to a server that asks for one (none).
        shows: Text = "shows",
        /// Whether it dials nothing while none of the CAs is there that it is given (false).
        waits_for_ca: bool = "waits-for-ca",
        /// Its TLS stack; that of the workload without it.
        validator: Text = "validator",
    }
}

record! {
    /// One option.
    pub struct OptionDeclaration {
        /// `string` (the default), `int`, `float`, `boolean` or `secret`.
        kind: Text = "type",
        /// Value where none is set.
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
    /// Tracks of its channels, where another charm has the same name.
    pub tracks: Vec<String>,
    /// Series that are its alone, where another charm has the same name.
    pub series: Vec<String>,
}

impl CharmDeclaration {
    /// The charm that is declared, with code of this registry; mistakes are noted in the reader.
    pub fn to_charm(&self, name: &str, registry: &Registry, reader: &mut Reader) -> KnownCharm {
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
        self.check_peers(&endpoints, reader);
        let containers = names(self.containers.as_ref(), "containers", reader);
        self.check_named(&endpoints, &containers, reader);
        let processes = self.to_processes(&endpoints, reader);
        let implementation = self.to_implementation(&endpoints, registry, reader);
        let own_api = implementation.api.map(|api| api.endpoint);
        self.check_passed(&endpoints, own_api, reader);
        // The code of a charm has a CA of its own, whatever the catalogue says.
        let issuer = self.issuer.as_ref().filter(|_| self.source.is_none());
        let issuer = issuer.map(|issuer| issuer.to_profile(reader));
        let reading = self.reading.as_ref();
        let provenance = reading.and_then(|reading| reading.to_provenance(reader));
        // Without a reading the author of the scenario wrote it.
        let provenance = provenance.unwrap_or(Provenance::Scenario);
        let mut actions = names(self.actions.as_ref(), "actions", reader);
        actions.extend(implementation.actions.iter().map(|name| (*name).to_owned()));
        if let Some(action) = &self.rotate_ca_action
            && !actions.contains(&action.value)
        {
            let message = format!("`{}` is not among the charm's actions", action.value);
            reader.bad_value(action.place, message, None);
        }
        KnownCharm {
            metadata: CharmMetadata {
                name: name.to_owned(),
                subordinate: self.subordinate == Some(true),
                containers,
                endpoints,
                options: self.to_options(reader),
                implementation,
                issuer,
                validator: self.validator.as_ref().map(|text| text.value.clone()),
                system_roots: self.system_roots != Some(false),
                server: match one_of(self.server.as_ref(), &["tls", "plain", "none"], reader) {
                    Some(1) => Server::Plain,
                    Some(2) => Server::None,
                    _ => Server::Tls,
                },
                volumes: self.volumes.iter().flatten().cloned().collect(),
                rotate_ca_action: self
                    .rotate_ca_action
                    .as_ref()
                    .map(|text| text.value.clone()),
                processes,
                actions,
                provenance,
                source: None,
            },
            more_options: self.more_options == Some(true),
            more_endpoints: self.more_endpoints == Some(true),
            earlier_interfaces: self.earlier_interfaces(),
            tracks: self.tracks.iter().flatten().cloned().collect(),
            series: self.series_names(),
        }
    }

    /// Only the catalogue's own matter: a charm's `metadata.yaml` has a list of another meaning.
    fn series_names(&self) -> Vec<String> {
        let listed = self.series.iter().flat_map(Node::elements);
        listed
            .filter_map(|node| Some(node.as_scalar()?.text.clone()))
            .collect()
    }

    /// The first `cert_handler` keeps everything in a peer relation.
    fn check_peers(&self, endpoints: &[Endpoint], reader: &mut Reader) {
        if endpoints.iter().any(|each| each.role == Role::Peer) {
            return;
        }
        for (_, endpoint) in self.requires.iter().flat_map(Map::iter) {
            if let Some(given) = &endpoint.cert_handler
                && given.value == "v0"
            {
                let message = "`v0` keeps its key in a peer relation: the charm needs an endpoint under `peers`";
                reader.bad_value(given.place, message, None);
            }
        }
    }

    /// What decides about a request is a relation of an endpoint that the charm has.
    fn check_named(&self, endpoints: &[Endpoint], containers: &[String], reader: &mut Reader) {
        for (_, endpoint) in self.requires.iter().flat_map(Map::iter) {
            let named = [&endpoint.asks_with, &endpoint.names_from];
            for other in named.into_iter().flatten().flatten() {
                if endpoint_named(endpoints, &other.value).is_none() {
                    let message = format!("the charm has no endpoint `{}`", other.value);
                    reader.bad_value(other.place, message, None);
                }
            }
            let listed = [&endpoint.reconciles, &endpoint.reconfigures];
            for hook in listed.into_iter().flatten().flat_map(|listed| &listed.0) {
                let message = match hook.value.parse() {
                    Ok(HookName::Relation { endpoint, .. })
                        if endpoint_named(endpoints, &endpoint).is_none() =>
                    {
                        format!("the charm has no endpoint `{endpoint}`")
                    }
                    Ok(
                        HookName::PebbleReady { container }
                        | HookName::PebbleCustomNotice { container },
                    ) if !containers.iter().any(|own| **own == *container) => {
                        format!("the charm has no container `{container}`")
                    }
                    // A name that is none is reported where it is read.
                    Ok(_) | Err(_) => continue,
                };
                reader.bad_value(hook.place, message, None);
            }
        }
    }

    /// What is handed on is the CA that the charm trusts of its own certificates, or a client's own certificate. A server whose
    /// charm signs for it without an endpoint has one even where a revision lacks that endpoint.
    fn check_passed(
        &self,
        endpoints: &[Endpoint],
        own_api: Option<&'static str>,
        reader: &mut Reader,
    ) {
        for (_, endpoint) in self.provides.iter().flat_map(Map::iter) {
            for of in endpoint.passes_ca.iter().flat_map(|named| &named.0) {
                let own = endpoint_named(endpoints, &of.value);
                let is_trusted = own.is_some_and(|own| {
                    matches!(&own.profile, Some(EndpointProfile::Certificates(profile)) if profile.trusts_ca)
                });
                if !is_trusted && own_api != Some(of.value.as_str()) {
                    let message = format!(
                        "no CA comes over `{}`: name an endpoint under `requires` of tls-certificates that trusts its CA",
                        of.value
                    );
                    reader.bad_value(of.place, message, None);
                }
            }
        }
        for (_, endpoint) in self.requires.iter().flat_map(Map::iter) {
            let Some(own) = &endpoint.hands_certificate else {
                continue;
            };
            let is_one = endpoint_named(endpoints, &own.value).is_some_and(|named| {
                matches!(&named.profile, Some(EndpointProfile::Certificates(profile)) if profile.serves != Serves::Nothing)
            });
            if !is_one {
                let message = format!(
                    "no certificate comes over `{}`: name an endpoint under `requires` of tls-certificates",
                    own.value
                );
                reader.bad_value(own.place, message, None);
            }
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

    fn to_processes(&self, endpoints: &[Endpoint], reader: &mut Reader) -> Vec<ProcessProfile> {
        let declared = self.processes.iter().flat_map(Map::iter);
        let mut processes = Vec::new();
        for (name, process) in declared {
            let is_letter = |letter: char| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-'
            };
            if name.value.is_empty() || !name.value.chars().all(is_letter) {
                let message = "a process is called by lower-case letters, digits and hyphens";
                reader.bad_value(name.place, message, None);
            }
            for endpoint in process.trusts.iter().flatten() {
                let known = endpoint_named(endpoints, &endpoint.value);
                if !known.is_some_and(brings_ca) {
                    let message = format!("no CA comes over `{}`", endpoint.value);
                    reader.bad_value(endpoint.place, message, None);
                }
            }
            if let Some(endpoint) = &process.shows
                && !endpoint_named(endpoints, &endpoint.value).is_some_and(brings_certificate)
            {
                let message = format!("no certificate comes over `{}`", endpoint.value);
                reader.bad_value(endpoint.place, message, None);
            }
            let trusts = process.trusts.iter().flatten();
            processes.push(ProcessProfile {
                name: name.value.clone(),
                trusts: trusts.map(|endpoint| endpoint.value.clone()).collect(),
                at_start_only: one_of(process.apply.as_ref(), &["restart", "none"], reader)
                    == Some(1),
                keeps_first_ca: process.keeps_first_ca == Some(true),
                system_roots: process.system_roots != Some(false),
                shows: process.shows.as_ref().map(|text| text.value.clone()),
                waits_for_ca: process.waits_for_ca == Some(true),
                validator: process.validator.as_ref().map(|text| text.value.clone()),
            });
        }
        processes
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

    /// The code that plays the charm: the declared chain's, the one that is named, or what the
    /// endpoints need.
    fn to_implementation(
        &self,
        endpoints: &[Endpoint],
        registry: &Registry,
        reader: &mut Reader,
    ) -> &'static Implementation {
        let mut behaviours: Vec<&str> = registry.named().map(|each| each.behaviour).collect();
        behaviours.dedup();
        let given = one_of(self.behaviour.as_ref(), &behaviours, reader);
        if self.source.is_some() {
            let provides = |each: &Endpoint| {
                each.role == Role::Provider && each.interface == "tls-certificates"
            };
            let of_behaviour =
                given.and_then(|index| registry.implementation(behaviours[index], None));
            return match of_behaviour.and_then(|known| known.with_own_code) {
                Some(with_own_code) => with_own_code,
                None if endpoints.iter().any(provides) => &OWN_CODE_OF_CA,
                None => &OWN_CODE,
            };
        }
        if let Some(python) = &self.python {
            let message = "`python` has no effect without `source`";
            reader.bad_value(python.place, message, None);
        }
        if let Some(answer) = self.answers.iter().flatten().next() {
            let message = "`answers` has no effect without `source`";
            reader.bad_value(answer.place, message, None);
        }
        if let Some(issuer) = &self.issuer {
            if let Some(public) = issuer.public.as_ref().filter(|public| public.value) {
                let message = "no application's CA is among the public ones".to_owned();
                reader.bad_value(public.place, message, None);
            }
            return registry.declared_provider;
        }
        let uses = |legacy: bool| {
            endpoints.iter().any(|endpoint| match &endpoint.profile {
                Some(EndpointProfile::LegacyCertificates(_)) => legacy,
                Some(_) => !legacy,
                None => false,
            })
        };
        let requirer: &Implementation = match uses(true) {
            true => registry.legacy_requirer,
            false => registry.requirer,
        };
        match given.map(|index| behaviours[index]) {
            Some(name) if name == registry.requirer.behaviour => requirer,
            Some(name) => self.in_version(name, registry, reader),
            None if uses(true) || uses(false) => requirer,
            None => &WITHOUT_TLS,
        }
    }

    /// The implementation of a registered behaviour in the declared version, else the first.
    fn in_version(
        &self,
        behaviour: &str,
        registry: &Registry,
        reader: &mut Reader,
    ) -> &'static Implementation {
        let all = registry.named().filter(|each| each.behaviour == behaviour);
        let all: Vec<&Implementation> = all.collect();
        let versions: Vec<&str> = all.iter().filter_map(|each| each.version).collect();
        let given = match versions.is_empty() {
            // A charm's own metadata may have a version that means nothing here.
            true => None,
            false => one_of(self.version.as_ref(), &versions, reader),
        };
        match given {
            Some(index) => {
                let chosen = all[index];
                assert_eq!(
                    chosen.version,
                    Some(versions[index]),
                    "either every implementation of `{behaviour}` has a version or none"
                );
                chosen
            }
            // None is given; or one that is not there, which `one_of` has reported.
            None => all[0],
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
            protocol: self.to_protocol(reader),
            profile: self.to_profile(role, &interface, reader),
            client_certificate: self.to_client_certificate(role, &interface, reader),
            library: self.to_library(&interface, reader),
            bugs: Bugs::named(self.bugs.iter().flatten(), reader),
            source: EndpointSource::Description,
            interface,
        })
    }

    fn to_protocol(&self, reader: &mut Reader) -> Protocol {
        match one_of(self.protocol.as_ref(), &["v1", "legacy"], reader) {
            Some(1) => Protocol::Legacy,
            _ => Protocol::Current,
        }
    }
}

impl OptionDeclaration {
    fn to_option(&self, reader: &mut Reader) -> OptionSpec {
        let kinds = ["string", "int", "float", "boolean", "secret"];
        // Without a kind it is a text; a kind that is none was reported by `one_of`.
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

/// Whether a charm that is nothing but its declaration trusts a CA that comes over an endpoint.
fn brings_ca(endpoint: &Endpoint) -> bool {
    match &endpoint.profile {
        Some(
            EndpointProfile::Certificates(profile) | EndpointProfile::LegacyCertificates(profile),
        ) => profile.trusts_ca,
        Some(EndpointProfile::ReceivesCa(_) | EndpointProfile::TakesCa(_)) => true,
        Some(EndpointProfile::PassesCa(_)) | None => false,
    }
}

fn brings_certificate(endpoint: &Endpoint) -> bool {
    matches!(
        endpoint.profile,
        Some(EndpointProfile::Certificates(_) | EndpointProfile::LegacyCertificates(_))
    )
}

fn endpoint_named<'a>(endpoints: &'a [Endpoint], name: &str) -> Option<&'a Endpoint> {
    endpoints.iter().find(|endpoint| endpoint.name == name)
}

/// Index of the word among the allowed ones; anything else is noted.
pub(super) fn one_of(word: Option<&Text>, allowed: &[&str], reader: &mut Reader) -> Option<usize> {
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
        // A list of something else was reported by its reader.
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
