//! Applications: names, charms, units.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::charm_names::{series_name, store_of};
use super::charms::Charms;
use super::constraints;
use super::inventory::Inventory;
use super::names::check_name;
use super::options::Options;
use super::published;
use super::spaces;
use super::values;
use crate::format::{ApplicationFile, LoadBalancerFile, MergedModel};
use crate::name_rules::NameKind;
use trustsim_charms::{CharmMetadata, Pinned, Provenance, Role, WITHOUT_TLS, is_channel, track};
use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_model::{ApplicationSpec, LoadBalancerSpec, ModelIndex, ModelKind, TiVec};
use trustsim_yaml::{Map, Node, Place, Spanned, Text};

/// An application with what is known of it beyond its place in the deployment.
pub(super) struct Application {
    pub spec: ApplicationSpec,
    pub unlisted: Unlisted,
    /// Its name.
    pub place: Place,
    /// The options that are set, by name.
    pub option_places: BTreeMap<String, Place>,
}

/// What a charm may have although its description does not list it.
pub(super) struct Unlisted {
    /// Whether endpoints that are not listed may be real.
    pub endpoints: bool,
    /// Whether options that are not listed may be real.
    pub options: bool,
    /// Whether its relations are those of a deployment, which Juju has taken.
    pub deployed: bool,
    /// Endpoints whose interface was another one in other revisions, with those.
    pub earlier_interfaces: BTreeMap<String, Vec<String>>,
}

/// The applications of every model.
pub(super) fn applications(
    bundles: &TiVec<ModelIndex, MergedModel>,
    inventory: &Inventory,
    charms: &Charms<'_>,
    out: &mut Diagnostics,
) -> Vec<Application> {
    let mut found = Vec::new();
    let (mut undescribed, mut untold) = (BTreeMap::new(), BTreeMap::new());
    for (index, bundle) in bundles.iter_enumerated() {
        let mut model = Model {
            index,
            bundle,
            related: related_endpoints(bundle),
            kind: inventory.deployment().models[index].kind,
            charms,
            undescribed: &mut undescribed,
            untold: &mut untold,
            out,
        };
        let applications = bundle.file.applications.iter().flat_map(Map::iter);
        found.extend(applications.filter_map(|(name, file)| model.application(name, file)));
    }
    out.list.extend(not_told(&untold));
    out.list.extend(not_described(&undescribed));
    found
}

/// What the charm of an application is called in a scenario that was imported, where no input says which charm it has: no
/// charm is called that, and each may be another.
pub fn untold_charm(application: &str) -> String {
    format!("unknown-{application}")
}

/// One warning for all applications of which no input of an import says which charm they have, with the place of one.
fn not_told(applications: &BTreeMap<String, Place>) -> Option<Diagnostic> {
    let (_, place) = applications.first_key_value()?;
    let names: Vec<String> = applications.keys().map(|it| format!("`{it}`")).collect();
    let [charm, verb, whose] = match names.len() {
        1 => ["charm", "has", "its"],
        _ => ["charms", "have", "their"],
    };
    let message = format!(
        "no input says which {charm} {} {verb}: only what {whose} relations tell is simulated",
        names.join(", ")
    );
    let help = "import the status of the model together with it (juju status --format json), which names every charm";
    Some(Diagnostic::warning(Code::LeftOut, *place, message).help(help))
}

/// One note for all charms of which only the name is known, with the place of one of them.
fn not_described(charms: &BTreeMap<String, Place>) -> Option<Diagnostic> {
    let (first, place) = charms.first_key_value()?;
    let message = match charms.len() {
        1 => format!(
            "the charm `{first}` is not described: only what its relations tell is simulated"
        ),
        many => {
            let names: Vec<&str> = charms.keys().map(String::as_str).collect();
            format!(
                "{many} charms are not described: only what their relations tell is simulated: {}",
                names.join(", ")
            )
        }
    };
    let help = format!(
        "declare it under `charms.{first}` if it uses certificates, or put its `charmcraft.yaml` into `charms/{first}`"
    );
    let note = Diagnostic::new(Code::UnknownCharm, Severity::Note, message);
    Some(note.at(*place, "not in the catalogue").help(help))
}

/// Endpoints that the model's relations name, by application: one pass over the relations, of which there are as many as
/// applications.
fn related_endpoints(bundle: &MergedModel) -> BTreeMap<&str, BTreeSet<&str>> {
    let relations = bundle.file.relations.iter().flatten();
    let sides = relations
        .flat_map(Node::elements)
        .filter_map(Node::as_scalar);
    let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for side in sides {
        let named_side = side.text.split_once(':');
        // Every charm has this one.
        let named_side = named_side.filter(|(_, endpoint)| *endpoint != "juju-info");
        if let Some((application, endpoint)) = named_side {
            named.entry(application).or_default().insert(endpoint);
        }
    }
    named
}

/// Units of one application: a run of 100,000 units was measured at 8.8 GB, and nothing larger was.
const UNITS_MAX: u32 = 100_000;

/// The model whose applications are read.
struct Model<'a> {
    index: ModelIndex,
    bundle: &'a MergedModel,
    related: BTreeMap<&'a str, BTreeSet<&'a str>>,
    kind: ModelKind,
    charms: &'a Charms<'a>,
    /// Charms of which only the name is known, and where they are named first.
    undescribed: &'a mut BTreeMap<String, Place>,
    /// Applications of which no input of an import says which charm they have, and where that is said.
    untold: &'a mut BTreeMap<String, Place>,
    out: &'a mut Diagnostics,
}

impl Model<'_> {
    fn application(
        &mut self,
        name: &Spanned<String>,
        file: &ApplicationFile,
    ) -> Option<Application> {
        check_name(NameKind::Application, name, self.out);
        let charm_name = file.charm.as_ref()?;
        let series = self.series_of(file);
        let folder = self.bundle.folder.as_path();
        let channel = file.channel.as_ref();
        let revision = file.revision.as_ref().map(|revision| revision.value);
        let related = self.related.get(name.value.as_str());
        let endpoints: Vec<&str> = related.into_iter().flatten().copied().collect();
        let pinned = Pinned {
            endpoints: &endpoints,
            channel: channel.map(|text| text.value.as_str()),
            series: series.as_deref(),
            // Revisions of the Charm Store were counted apart from those of Charmhub.
            revision: revision.filter(|_| !charm_name.value.starts_with("cs:")),
        };
        let mut charm = self.charms.named(charm_name, pinned, folder, self.out);
        if charm_name.value == untold_charm(&name.value) && !charm.metadata.is_described() {
            charm.metadata.provenance = Provenance::Untold;
            self.untold.insert(name.value.clone(), charm_name.place);
        } else if !charm.metadata.is_described() {
            let name = charm.metadata.name.clone();
            self.undescribed.entry(name).or_insert(charm_name.place);
        }
        if let Some(diagnostic) = not_played(&charm.metadata, charm_name.place) {
            self.out.push(diagnostic);
        }
        if let Some(channel) = channel {
            self.check_channel(channel, &charm.metadata);
        }
        let units = self.units(name, file, &charm.metadata);
        let options = Options::new(&charm.metadata, charm.more_options, self.out);
        let mut options = options.deployed_as(pinned);
        let options = options.values(file.options.as_ref());
        // Null leaves the charm's default.
        let set = options
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let keys = file.keys.as_ref();
        let bindings = spaces::bindings(file, self.kind, self.out);
        let constraints = file.constraints.as_ref();
        let spec = ApplicationSpec {
            model: self.index,
            name: name.value.clone(),
            channel: channel.map(|text| text.value.clone()),
            revision,
            store: store_of(&charm_name.value),
            units,
            options: set.collect(),
            keys: keys.and_then(|keys| values::key_algorithm(keys, self.out)),
            placements: Vec::new(),
            published: published::published(file, self.out),
            spaces: constraints::of_application(constraints, self.kind, &bindings, self.out),
            bindings,
            load_balancer: file
                .load_balancer
                .as_ref()
                .and_then(|given| self.load_balancer(given)),
            charm: Arc::new(charm.metadata),
        };
        Some(Application {
            spec,
            unlisted: Unlisted {
                endpoints: charm.more_endpoints || self.bundle.from_file,
                options: charm.more_options,
                deployed: self.bundle.deployed,
                earlier_interfaces: charm.earlier_interfaces,
            },
            place: name.place,
            option_places: option_places(file),
        })
    }

    /// What the cluster puts in front of a service, where it can.
    fn load_balancer(&mut self, given: &LoadBalancerFile) -> Option<LoadBalancerSpec> {
        let text = given.address.as_ref()?;
        if self.kind != ModelKind::Kubernetes {
            let message = "no load balancer is put in front of machines";
            let wrong = Diagnostic::error(Code::BadValue, given.place, message);
            self.out
                .push(wrong.help("`load-balancer` is for a model with `bundle: kubernetes`"));
            return None;
        }
        let Ok(address) = text.value.parse() else {
            let message = format!("`{}` is no IPv4 or IPv6 address", text.value);
            self.out
                .push(Diagnostic::error(Code::BadValue, text.place, message));
            return None;
        };
        Some(LoadBalancerSpec {
            address,
            reverse_name: given.reverse_dns.as_ref().map(|name| name.value.clone()),
        })
    }

    /// What an application is deployed on, as far as the file says.
    fn series_of(&self, file: &ApplicationFile) -> Option<String> {
        let model = &self.bundle.file;
        let all = [&file.base, &file.series, &model.default_base, &model.series];
        let said = all.into_iter().flatten().find_map(Node::as_scalar)?;
        Some(series_name(&said.text).to_owned())
    }

    /// Whether there can be such a channel of a charm.
    fn check_channel(&mut self, channel: &Text, charm: &CharmMetadata) {
        if !is_channel(&channel.value) {
            let message = format!("`{}` is not a channel", channel.value);
            let diagnostic = Diagnostic::error(Code::BadChannel, channel.place, message);
            self.out
                .push(diagnostic.help("write `track/risk`, such as `1/stable`"));
            return;
        }
        let (Provenance::Read(reading), Some(track)) = (&charm.provenance, track(&channel.value))
        else {
            return;
        };
        // A version may be a track that came later or went; the answer says that what it brings is not known.
        let is_version = track.starts_with(|first: char| first.is_ascii_digit());
        let is_known = reading.tracks.iter().any(|known| known == track);
        if is_known || is_version || reading.tracks.is_empty() || track == "latest" {
            return;
        }
        let message = format!(
            "the charm {} has no track `{track}` that is known",
            charm.name
        );
        let help = match reading.tracks.as_slice() {
            [only] => format!("only the track `{only}` is known"),
            several => format!("the known tracks are {}", several.join(", ")),
        };
        let diagnostic = Diagnostic::warning(Code::UnknownTrack, channel.place, message);
        self.out.push(diagnostic.help(help));
    }

    fn units(
        &mut self,
        name: &Spanned<String>,
        file: &ApplicationFile,
        charm: &CharmMetadata,
    ) -> u32 {
        if let (Some(units), Some(scale)) = (&file.num_units, &file.scale)
            && units.value > 0
            && scale.value > 0
        {
            let message = "`num_units` and `scale` are the same thing";
            let diagnostic = Diagnostic::error(Code::Units, scale.place, message);
            self.out
                .push(diagnostic.also(units.place, "already given here"));
        }
        let given = file.num_units.as_ref().or(file.scale.as_ref());
        if charm.subordinate {
            if let Some(given) = given.filter(|given| given.value > 0) {
                let message = format!(
                    "application {:?} is subordinate but has non-zero num_units",
                    name.value
                );
                self.out
                    .push(Diagnostic::error(Code::Units, given.place, message));
            }
            return 0;
        }
        if given.is_none() && self.kind == ModelKind::Machine && charm.is_described() {
            let message = format!(
                "`{}` has no unit: on machines `num_units` is 0 unless given",
                name.value
            );
            let diagnostic = Diagnostic::new(Code::Units, Severity::Note, message);
            self.out
                .push(diagnostic.at(name.place, "").help("write `num_units: 1`"));
        }
        if let Some(given) = given.filter(|given| given.value > UNITS_MAX) {
            let message = format!("{} units are more than can be played", given.value);
            let help = format!("an application has {UNITS_MAX} units at most");
            self.out
                .push(Diagnostic::error(Code::Units, given.place, message).help(help));
            return 0;
        }
        let default = u32::from(self.kind == ModelKind::Kubernetes);
        given.map_or(default, |given| given.value)
    }
}

/// The catalogue knows more providers than can be played.
fn not_played(charm: &CharmMetadata, place: Place) -> Option<Diagnostic> {
    let issues = charm.endpoints.iter().any(|endpoint| {
        endpoint.role == Role::Provider && endpoint.interface == "tls-certificates"
    });
    if !issues || *charm.implementation != WITHOUT_TLS {
        return None;
    }
    let name = &charm.name;
    let message = format!("`{name}` is not played yet: it issues no certificate");
    let help = format!("give it a chain with `charms.{name}.issuer`, or use another provider");
    let diagnostic = Diagnostic::warning(Code::CharmNotPlayed, place, message);
    Some(diagnostic.help(help))
}

/// The place of each option that is set, from its name to the end of its value.
fn option_places(file: &ApplicationFile) -> BTreeMap<String, Place> {
    let options = file.options.iter().flat_map(Map::iter);
    let places = options.map(|(name, value)| {
        let end = value.place.end;
        (name.value.clone(), Place { end, ..name.place })
    });
    places.collect()
}
