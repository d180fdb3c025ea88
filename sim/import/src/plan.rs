//! The models of a scenario that is written: merged, with their relations, joined by the URLs of offers.

use std::collections::{BTreeMap, BTreeSet};

use trustsim_charms::Role;
use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_yaml::{Node, Spanned};

use crate::assemble::{Dumps, sanitised};
use crate::dump::{ModelDump, RelationDump, SideDump};
use crate::gather::CharmFile;
use crate::knowledge::Knowledge;
use crate::merge::{charm_name, controllers, merged};
use crate::pair::paired;

/// A model as it is written.
pub(crate) struct PlannedModel {
    pub(crate) name: String,
    pub(crate) dump: ModelDump,
    pub(crate) relations: Vec<RelationDump>,
    /// The user that the URLs of its offers name, where it is not `admin`.
    pub(crate) owner: Option<String>,
}

/// A charm as `juju status` shows it: some of its endpoints.
#[derive(Default)]
pub(crate) struct PlannedCharm {
    pub(crate) subordinate: bool,
    /// Interface and scope by endpoint, by role.
    pub(crate) endpoints: BTreeMap<String, (Role, String, bool)>,
}

/// Everything that is written.
pub(crate) struct Plan {
    pub(crate) models: Vec<PlannedModel>,
    /// Controllers, where there are several.
    pub(crate) controllers: Vec<String>,
    pub(crate) charms: BTreeMap<String, PlannedCharm>,
    /// Charms whose own files were found.
    pub(crate) files: Vec<CharmFile>,
}

/// What a charm is called of which no input says the name: no charm is.
pub(crate) const UNKNOWN_CHARM: &str = "unknown";

/// The endpoint that every charm provides.
const JUJU_INFO: &str = "juju-info";

/// Merges the dumps of each model, and joins the models.
pub(crate) fn plan(
    models: Vec<Dumps>,
    files: Vec<CharmFile>,
    metadata: &BTreeMap<String, Node>,
    out: &mut Diagnostics,
) -> Plan {
    let mut planned = Vec::new();
    let mut charms = Declared::default();
    for Dumps { name, dumps } in models {
        let mut dump = merged(dumps, out);
        name_unknown_charms(&mut dump, out);
        drop_offers_without_endpoints(&mut dump, out);
        let knowledge = Knowledge::of(&dump, metadata);
        let relations = paired(&mut dump, &knowledge, out);
        charms.add(&name, &dump, &relations, &knowledge, metadata);
        if dump.applications.is_empty() {
            let message = format!("the model `{name}` has no application: it is left out");
            let warning = Diagnostic::new(Code::LeftOut, Severity::Warning, message);
            out.push(warning.at(dump.place, ""));
            continue;
        }
        planned.push(PlannedModel {
            name,
            dump,
            relations,
            owner: None,
        });
    }
    let names = controllers(planned.iter().map(|model| &model.dump));
    let mut plan = Plan {
        controllers: if names.len() > 1 { names } else { Vec::new() },
        models: planned,
        charms: charms.charms(),
        files: Vec::new(),
    };
    join(&mut plan, out);
    let used: BTreeSet<&str> = plan
        .models
        .iter()
        .flat_map(|model| model.dump.applications.values())
        .filter_map(|application| application.charm.as_ref())
        .map(|charm| charm_name(&charm.value))
        .collect();
    let mut seen = BTreeSet::new();
    let is_first =
        |file: &CharmFile| used.contains(file.name.as_str()) && seen.insert(file.name.clone());
    plan.files = files.into_iter().filter(is_first).collect();
    plan
}

fn drop_offers_without_endpoints(dump: &mut ModelDump, out: &mut Diagnostics) {
    for application in dump.applications.values_mut() {
        application.offers.retain(|name, offer| {
            if offer.endpoints.is_empty() {
                let message = format!("the offer `{name}` has no endpoints: it is left out");
                let warning = Diagnostic::warning(Code::LeftOut, offer.place, message);
                out.push(
                    warning.help("an overlay that changes an offer names its endpoints again"),
                );
            }
            !offer.endpoints.is_empty()
        });
    }
}

/// Applications that only relations name.
fn name_unknown_charms(dump: &mut ModelDump, out: &mut Diagnostics) {
    let unknown = dump
        .applications
        .iter_mut()
        .filter(|(_, application)| application.charm.is_none());
    let mut names = Vec::new();
    let mut first = None;
    for (name, application) in unknown {
        let place = application.place;
        first.get_or_insert(place);
        application.charm = Some(Spanned::new(UNKNOWN_CHARM.to_owned(), place));
        names.push(format!("`{name}`"));
    }
    if let Some(place) = first {
        let message = format!(
            "no input says which charm {} has: nothing of it is simulated",
            names.join(", ")
        );
        let help = "give the status of the model too: juju status --format json";
        out.push(Diagnostic::warning(Code::LeftOut, place, message).help(help));
    }
}

/// An endpoint of a charm; of a consumed offer, that of the offer.
type Of = (String, String);

/// A relation with the endpoints of both sides.
struct Edge {
    ends: [Of; 2],
}

/// What is told of charms by the relations of all models.
#[derive(Default)]
struct Declared {
    charms: BTreeMap<String, PlannedCharm>,
    edges: Vec<Edge>,
    roles: BTreeMap<Of, Role>,
    /// Interface and scope of endpoints of charms that nothing else describes.
    told: BTreeMap<Of, (String, bool)>,
}

impl Declared {
    /// Adds what the relations of a model tell.
    fn add(
        &mut self,
        model: &str,
        dump: &ModelDump,
        relations: &[RelationDump],
        knowledge: &Knowledge,
        metadata: &BTreeMap<String, Node>,
    ) {
        let charm = |name: &str| -> String {
            let application = dump.applications.get(name);
            let charm = application.and_then(|application| application.charm.as_ref());
            match charm.map(|charm| charm_name(&charm.value)) {
                Some(charm) if charm != UNKNOWN_CHARM => charm.to_owned(),
                _ => format!("{model}.{name}"),
            }
        };
        for (name, application) in &dump.applications {
            let of = charm(name);
            if knowledge.is_in_catalogue(name) || metadata.contains_key(&of) || of.contains('.') {
                continue;
            }
            let planned = self.charms.entry(of.clone()).or_default();
            planned.subordinate |= application.subordinate;
            for relation in relations {
                let sides = relation.sides.iter().filter(|side| side.name == *name);
                for endpoint in sides.filter_map(|side| side.endpoint.clone()) {
                    // Every charm provides it, and a subordinate may require it.
                    let is_info = endpoint == JUJU_INFO;
                    if is_info && !application.subordinate {
                        continue;
                    }
                    let interface = match is_info {
                        true => Some(JUJU_INFO.to_owned()),
                        false => relation.interface.clone(),
                    };
                    let container = (relation.container || is_info) && application.subordinate;
                    if let Some(interface) = interface {
                        let told = self.told.entry((of.clone(), endpoint));
                        told.or_insert((interface, container));
                    }
                }
            }
        }
        for relation in relations {
            let end = |side: &SideDump| Some((charm(&side.name), side.endpoint.clone()?));
            let [left, right] = &relation.sides;
            let (Some(one), Some(two)) = (end(left), end(right)) else {
                continue;
            };
            for (side, of) in [(left, &one), (right, &two)] {
                let name = (side.name.clone(), of.1.clone());
                let application = dump.applications.get(&side.name);
                if let Some(application) = application.filter(|_| of.1 == JUJU_INFO) {
                    let role = match application.subordinate {
                        true => Role::Requirer,
                        false => Role::Provider,
                    };
                    self.roles.insert(of.clone(), role);
                    continue;
                }
                self.roles
                    .extend(knowledge.role(&name).map(|role| (of.clone(), role)));
            }
            self.edges.push(Edge { ends: [one, two] });
        }
    }

    /// The charms with the role of each endpoint. Where neither side of a relation tells it, the endpoint with more
    /// relations provides, and of two with as many the second one, as of every bundle whose charms are not known.
    fn charms(mut self) -> BTreeMap<String, PlannedCharm> {
        loop {
            let mut changed = false;
            for Edge {
                ends: [left, right],
            } in &self.edges
            {
                for (this, other) in [(left, right), (right, left)] {
                    if let (None, Some(&role)) = (self.roles.get(this), self.roles.get(other)) {
                        self.roles.insert(this.clone(), opposite(role));
                        changed = true;
                    }
                }
            }
            if changed {
                continue;
            }
            let roles = &self.roles;
            let undecided = self
                .edges
                .iter()
                .find(|edge| !roles.contains_key(&edge.ends[0]));
            let Some(Edge {
                ends: [left, right],
            }) = undecided
            else {
                break;
            };
            let count = |end: &Of| {
                self.edges
                    .iter()
                    .filter(|edge| edge.ends.contains(end))
                    .count()
            };
            let provider = match count(left) > count(right) {
                true => left.clone(),
                false => right.clone(),
            };
            self.roles.insert(provider, Role::Provider);
        }
        for ((charm, endpoint), (interface, container)) in self.told {
            let role = self.roles.get(&(charm.clone(), endpoint.clone()));
            if let (Some(&role), Some(planned)) = (role, self.charms.get_mut(&charm)) {
                planned
                    .endpoints
                    .insert(endpoint, (role, interface, container));
            }
        }
        self.charms
            .retain(|_, charm| charm.subordinate || !charm.endpoints.is_empty());
        self.charms
    }
}

const fn opposite(role: Role) -> Role {
    match role {
        Role::Provider => Role::Requirer,
        Role::Requirer => Role::Provider,
        Role::Peer => Role::Peer,
    }
}

/// `[controller:][user/]model.offer`, without an endpoint.
struct OfferUrl<'a> {
    controller: Option<&'a str>,
    user: Option<&'a str>,
    model: &'a str,
    offer: &'a str,
}

fn parsed(url: &str) -> Option<OfferUrl<'_>> {
    let (controller, path) = match url.split_once(':') {
        Some((controller, path)) => (Some(controller), path),
        None => (None, url),
    };
    let (user, path) = match path.split_once('/') {
        Some((user, path)) => (Some(user), path),
        None => (None, path),
    };
    let (model, offer) = path.split_once('.')?;
    let is_whole = |part: &str| !part.is_empty() && !part.contains([':', '/', ' ', '{', '}']);
    let whole = controller.is_none_or(is_whole)
        && user.is_none_or(is_whole)
        && is_whole(model)
        && is_whole(offer);
    whole.then_some(OfferUrl {
        controller,
        user,
        model,
        offer,
    })
}

/// Finds the model of each consumed offer, writes its URL as the scenario has it, and leaves out what has none.
fn join(plan: &mut Plan, out: &mut Diagnostics) {
    let mut owners: BTreeMap<usize, String> = BTreeMap::new();
    let mut urls: Vec<(usize, String, Option<String>)> = Vec::new();
    for (at, model) in plan.models.iter().enumerate() {
        for (name, saas) in &model.dump.saas {
            let url = saas.url.as_ref();
            let Some(parts) = url.and_then(|url| parsed(&url.value)) else {
                tell_no_offer(name, saas, out);
                urls.push((at, name.clone(), None));
                continue;
            };
            let written = match offering(plan, at, &parts) {
                None => url.map(|url| elsewhere(plan, &parts, &url.value)),
                Some(target) => {
                    let user = parts.user.unwrap_or("admin");
                    owners.entry(target).or_insert_with(|| user.to_owned());
                    let of = &plan.models[target];
                    let controller = of
                        .dump
                        .controller
                        .as_ref()
                        .filter(|_| !plan.controllers.is_empty());
                    let controller =
                        controller.map_or_else(String::new, |text| format!("{}:", text.value));
                    Some(format!("{controller}{user}/{}.{}", of.name, parts.offer))
                }
            };
            urls.push((at, name.clone(), written));
        }
    }
    for (at, owner) in owners {
        plan.models[at].owner = Some(owner).filter(|owner| owner != "admin");
    }
    for (at, name, url) in urls {
        let model = &mut plan.models[at];
        match (url, model.dump.saas.get_mut(&name)) {
            (Some(written), Some(saas)) => {
                if let Some(url) = &mut saas.url {
                    url.value = written;
                }
            }
            _ => {
                model.dump.saas.remove(&name);
                model
                    .relations
                    .retain(|relation| relation.sides.iter().all(|side| side.name != name));
            }
        }
    }
}

/// The URL of an offer whose model is not there. A model of that name on another controller is not meant.
fn elsewhere(plan: &Plan, parts: &OfferUrl<'_>, url: &str) -> String {
    let is_taken = plan.models.iter().any(|model| model.name == parts.model);
    let (true, Some(controller)) = (is_taken, parts.controller) else {
        return url.to_owned();
    };
    let model = sanitised(&format!("{}-{controller}", parts.model));
    let user = parts.user.unwrap_or("admin");
    format!("{controller}:{user}/{model}.{}", parts.offer)
}

fn tell_no_offer(name: &str, saas: &crate::dump::SaasDump, out: &mut Diagnostics) {
    let place = saas.url.as_ref().map_or(saas.place, |url| url.place);
    let (code, message, help) = match (&saas.url, name.starts_with("remote-")) {
        (Some(url), _) => (
            Code::LeftOut,
            format!(
                "`{}` is no URL of an offer: the relations of `{name}` are left out",
                url.value
            ),
            "a URL is [controller:][user/]model.offer; a template has to be rendered first",
        ),
        (None, true) => (
            Code::RemoteConsumer,
            format!("`{name}` is a consumer of an offer of this model: its relations are left out"),
            "give the consuming model too",
        ),
        (None, false) => (
            Code::LeftOut,
            format!("no input says which offer `{name}` consumes: its relations are left out"),
            "give the status of the model too: juju status --format json",
        ),
    };
    let severity = match code {
        Code::RemoteConsumer => Severity::Note,
        _ => Severity::Warning,
    };
    out.push(
        Diagnostic::new(code, severity, message)
            .at(place, "")
            .help(help),
    );
}

/// The model that an offer is of, seen from another one: that of the name, on the controller that the URL says, else on
/// the same controller.
fn offering(plan: &Plan, from: usize, url: &OfferUrl<'_>) -> Option<usize> {
    let controller = |at: usize| {
        plan.models[at]
            .dump
            .controller
            .as_ref()
            .map(|text| text.value.as_str())
    };
    let wanted = url.controller.or_else(|| controller(from));
    let named = |at: &usize| {
        let model = &plan.models[*at];
        let own = model
            .dump
            .name
            .as_ref()
            .map_or(model.name.as_str(), |name| name.value.as_str());
        own == url.model
    };
    let all = (0..plan.models.len()).filter(named);
    let mut fitting = all.filter(|&at| match (wanted, controller(at)) {
        (Some(wanted), Some(own)) => wanted == own,
        _ => true,
    });
    fitting.next()
}
