//! Models joined by the URLs of offers: which model each consumed offer is of, and its URL as the scenario has it.

use std::collections::BTreeMap;

use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_scenario::{OfferUrl, parse_offer_url};

use trustsim_yaml::{Spanned, Text};

use crate::assemble::sanitised;
use crate::dump::{ApplicationDump, Found, SaasDump};
use crate::plan::Plan;

/// The parts of an offer URL; none where a template was not filled in.
fn parsed(url: &str) -> Option<OfferUrl<'_>> {
    parse_offer_url(url).filter(|_| !url.contains(['{', '}']))
}

/// Finds the model of each consumed offer, writes its URL as the scenario has it, and leaves out what has none.
pub(crate) fn join(plan: &mut Plan, out: &mut Diagnostics) {
    let mut owners: BTreeMap<usize, Text> = BTreeMap::new();
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
                    let place = url.map_or(saas.place, |url| url.place);
                    owners
                        .entry(target)
                        .or_insert_with(|| Spanned::new(user.to_owned(), place));
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
    name_endpoints(plan);
    hand_over_published(plan);
    for (at, owner) in owners {
        plan.models[at].owner = Some(owner).filter(|owner| owner.value != "admin");
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

/// Names the endpoint of a consumed offer where a relation does not, and the offer has one alone.
fn name_endpoints(plan: &mut Plan) {
    let mut only: BTreeMap<(usize, String), String> = BTreeMap::new();
    for (at, model) in plan.models.iter().enumerate() {
        for (name, saas) in &model.dump.saas {
            let parts = saas.url.as_ref().and_then(|url| parsed(&url.value));
            let of = parts.as_ref().and_then(|parts| offering(plan, at, parts));
            let Some((parts, of)) = parts.zip(of) else {
                continue;
            };
            let applications = plan.models[of].dump.applications.values();
            let offer = applications
                .filter_map(|application| application.offers.get(parts.offer))
                .next();
            let mut endpoints = offer.into_iter().flat_map(|offer| offer.endpoints.keys());
            if let (Some(endpoint), None) = (endpoints.next(), endpoints.next()) {
                only.insert((at, name.clone()), endpoint.clone());
            }
        }
    }
    for (at, model) in plan.models.iter_mut().enumerate() {
        let sides = model
            .relations
            .iter_mut()
            .flat_map(|relation| &mut relation.sides);
        for side in sides.filter(|side| side.endpoint.is_none()) {
            side.endpoint = only.get(&(at, side.name.clone())).cloned();
        }
    }
}

/// What a consumed offer publishes is what the application behind it does.
fn hand_over_published(plan: &mut Plan) {
    let mut found: Vec<(usize, String, String, Found)> = Vec::new();
    for (at, model) in plan.models.iter().enumerate() {
        for (name, saas) in &model.dump.saas {
            let parts = saas.url.as_ref().and_then(|url| parsed(&url.value));
            let of = parts.as_ref().and_then(|parts| offering(plan, at, parts));
            let published = model.dump.published.get(name);
            let (Some(parts), Some(of), Some(published)) = (parts, of, published) else {
                continue;
            };
            let mut applications = plan.models[of].dump.applications.iter();
            let offers =
                |application: &ApplicationDump| application.offers.contains_key(parts.offer);
            if let Some((application, _)) =
                applications.find(|(_, application)| offers(application))
            {
                let endpoints = published.iter().map(|(endpoint, urls)| {
                    (of, application.clone(), endpoint.clone(), urls.clone())
                });
                found.extend(endpoints);
            }
        }
    }
    for (of, application, endpoint, urls) in found {
        let published = &mut plan.models[of].dump.published;
        let known = published.entry(application).or_default();
        let known = known.entry(endpoint).or_default();
        for (url, place) in urls {
            known.entry(url).or_insert(place);
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

fn tell_no_offer(name: &str, saas: &SaasDump, out: &mut Diagnostics) {
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
