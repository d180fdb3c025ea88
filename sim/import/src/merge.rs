//! Several dumps of one model as one: the first that says something counts, and what another says otherwise is told.

use std::collections::BTreeMap;
use std::fmt::Display;

use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_yaml::{Place, Spanned};

use crate::addresses::add_seen;
use crate::dump::{ApplicationDump, Kind, ModelDump, SaasDump};

/// One model, with what every input says of it.
pub(crate) fn merged(dumps: Vec<ModelDump>, out: &mut Diagnostics) -> ModelDump {
    let mut dumps = dumps.into_iter();
    let mut whole = dumps.next().expect("a model has a dump that named it");
    for dump in dumps {
        lay_under(&mut whole, dump, out);
    }
    add_seen(&mut whole, out);
    whole
}

/// Adds what a dump says that counts less.
fn lay_under(whole: &mut ModelDump, dump: ModelDump, out: &mut Diagnostics) {
    if [whole.kind, dump.kind] == [Kind::Status; 2] {
        tell_lacking(whole, &dump, out);
    }
    whole.name = whole.name.take().or(dump.name);
    whole.controller = whole.controller.take().or(dump.controller);
    if let ([Kind::Status, Kind::Status], Some(own), Some(other)) =
        ([whole.kind, dump.kind], whole.kubernetes, dump.kubernetes)
        && own != other
    {
        let [taken, left] = [own, other].map(|is_kubernetes| match is_kubernetes {
            true => "Kubernetes",
            false => "machines",
        });
        out.push(contradiction(
            format!("two inputs differ in where the model runs: `{taken}` is taken"),
            (whole.place, taken),
            (dump.place, left),
        ));
    }
    // A bundle without applications of its own says nothing of the kind of its model.
    whole.kubernetes = whole.kubernetes.or(dump.kubernetes);
    whole.machines.extend(dump.machines);
    for (machine, spaces) in dump.addresses {
        whole.addresses.entry(machine).or_insert(spaces);
    }
    for (machine, constraints) in dump.constraints {
        whole.constraints.entry(machine).or_insert(constraints);
    }
    whole.seen.extend(dump.seen);
    for (name, application) in dump.applications {
        match whole.applications.get_mut(&name) {
            Some(known) => merge_application(&name, known, application, dump.kind, out),
            None if whole.kind == Kind::Status && dump.kind != Kind::ShowUnit => {
                let message = format!("`{name}` is not in the status of the model: it is left out");
                let warning = Diagnostic::warning(Code::Contradiction, application.place, message);
                out.push(warning.also(whole.place, "the status"));
            }
            None => {
                whole.applications.insert(name, application);
            }
        }
    }
    for (name, saas) in dump.saas {
        match whole.saas.get_mut(&name) {
            Some(known) => merge_saas(&name, known, saas, out),
            None => {
                whole.saas.insert(name, saas);
            }
        }
    }
    for (name, endpoints) in dump.published {
        let known = whole.published.entry(name).or_default();
        for (endpoint, urls) in endpoints {
            let known = known.entry(endpoint).or_default();
            for (url, place) in urls {
                known.entry(url).or_insert(place);
            }
        }
    }
    whole.relations.extend(dump.relations);
    for listed in dump.listed {
        let is_same = |known: &&crate::dump::ListedRelation| {
            (&known.name, &known.endpoint, &known.related)
                == (&listed.name, &listed.endpoint, &listed.related)
        };
        // A status that is given twice lists each relation twice.
        if whole.listed.iter().find(is_same).is_none() {
            whole.listed.push(listed);
        }
    }
}

/// Of two statuses of one model the first counts, also for an application that the second does not have.
fn tell_lacking(whole: &ModelDump, other: &ModelDump, out: &mut Diagnostics) {
    for (name, application) in &whole.applications {
        if !other.applications.contains_key(name) {
            let message =
                format!("`{name}` is in one status of the model and not in another: it is taken");
            let warning = Diagnostic::warning(Code::Contradiction, application.place, message);
            out.push(warning.also(other.place, "the status without it"));
        }
    }
}

fn merge_saas(name: &str, known: &mut SaasDump, other: SaasDump, out: &mut Diagnostics) {
    merge(
        &mut known.url,
        other.url,
        &format!("the offer that `{name}` consumes"),
        out,
    );
    for (endpoint, said) in other.endpoints {
        known.endpoints.entry(endpoint).or_insert(said);
    }
}

fn merge_application(
    name: &str,
    known: &mut ApplicationDump,
    other: ApplicationDump,
    kind: Kind,
    out: &mut Diagnostics,
) {
    match (&known.charm, &other.charm) {
        (Some(own), Some(more)) if charm_name(&own.value) == charm_name(&more.value) => {
            if told_of(&more.value) > told_of(&own.value) {
                known.charm.clone_from(&other.charm);
            }
        }
        _ => merge(
            &mut known.charm,
            other.charm,
            &format!("the charm of `{name}`"),
            out,
        ),
    }
    merge(
        &mut known.channel,
        other.channel,
        &format!("the channel of `{name}`"),
        out,
    );
    merge(
        &mut known.revision,
        other.revision,
        &format!("the revision of `{name}`"),
        out,
    );
    known.base = known.base.take().or(other.base);
    // Of the units of an application some are shown, and the others are not denied.
    match kind {
        Kind::ShowUnit => known.units = known.units.take().or(other.units),
        _ if known.subordinate => {}
        _ => merge(
            &mut known.units,
            other.units,
            &format!("the number of units of `{name}`"),
            out,
        ),
    }
    if known.bindings.is_empty() {
        known.bindings = other.bindings;
    }
    known.constraints = known.constraints.take().or(other.constraints);
    known.address = known.address.take().or(other.address);
    known.serves_at = known.serves_at.take().or(other.serves_at);
    if known.to.is_empty() {
        known.to = other.to;
    }
    for (option, value) in other.options {
        known.options.entry(option).or_insert(value);
    }
    for (option, place) in other.secrets {
        known.secrets.entry(option).or_insert(place);
    }
    for (offer, said) in other.offers {
        known.offers.entry(offer).or_insert(said);
    }
    known.subordinate |= other.subordinate;
}

/// How much the text of a `charm:` tells beside the name. A local charm is known to Juju by its name alone, and a bundle has
/// its path.
fn told_of(charm: &str) -> u8 {
    match charm.split_once(':') {
        Some(("local", _)) => 1,
        Some(_) => 0,
        None => 2 * u8::from(charm != charm_name(charm)),
    }
}

/// `web` of `web`, `ch:web`, `./web.charm` and `charms/web_amd64.charm`.
pub(crate) fn charm_name(charm: &str) -> &str {
    let last = charm
        .trim_end_matches('/')
        .rsplit(['/', ':'])
        .next()
        .unwrap_or(charm);
    match last.strip_suffix(".charm") {
        Some(stem) => stem.split('_').next().unwrap_or(stem),
        None if charm.starts_with("cs:") => {
            let (name, revision) = last.rsplit_once('-').unwrap_or((last, ""));
            match revision.parse::<u64>() {
                Ok(_) => name,
                Err(_) => last,
            }
        }
        None => last,
    }
}

/// A fact that two inputs may have: the known one is kept, and where the other says otherwise, both are told.
fn merge<T: PartialEq + Display>(
    known: &mut Option<Spanned<T>>,
    other: Option<Spanned<T>>,
    what: &str,
    out: &mut Diagnostics,
) {
    match (&known, other) {
        (None, other) => *known = other,
        (Some(_), None) => {}
        (Some(own), Some(other)) if own.value == other.value => {}
        (Some(own), Some(other)) => {
            let message = format!("two inputs differ in {what}: `{}` is taken", own.value);
            let (taken, left) = (own.value.to_string(), other.value.to_string());
            out.push(contradiction(
                message,
                (own.place, &taken),
                (other.place, &left),
            ));
        }
    }
}

fn contradiction(message: String, taken: (Place, &str), left: (Place, &str)) -> Diagnostic {
    Diagnostic::warning(Code::Contradiction, left.0, message)
        .label(format!("`{}` here, which is left out", left.1))
        .also(taken.0, format!("`{}` here", taken.1))
}

/// The controllers of all models, each once, in order of their names.
pub(crate) fn controllers<'a>(models: impl Iterator<Item = &'a ModelDump>) -> Vec<String> {
    let names = models.filter_map(|model| model.controller.as_ref());
    let found: BTreeMap<&str, ()> = names.map(|name| (name.value.as_str(), ())).collect();
    found.into_keys().map(str::to_owned).collect()
}
