//! What is said of endpoints that no description has.

use std::collections::BTreeMap;

use super::{Inference, Known, Name};
use crate::resolve::drafts::RelationDraft;
use crate::resolve::usual_names::is_for_certificates;
use trustsim_charms::{EndpointSource, Role};
use trustsim_errors::{Code, Diagnostic, Severity};
use trustsim_model::ApplicationIndex;
use trustsim_yaml::nearest;

impl Inference<'_> {
    pub(super) fn note_left_out(&mut self, draft: &RelationDraft) {
        let [left, right] = draft.sides.each_ref().map(|side| side.text.value.as_str());
        let message = format!(
            "the relation of `{left}` and `{right}` is left out: their endpoints are not known"
        );
        let diagnostic = Diagnostic::warning(Code::UnknownCharm, draft.place, message);
        self.out
            .push(diagnostic.help("write `app:endpoint`, or declare the charms under `charms`"));
    }

    /// One note for all endpoints that are taken for what their names say.
    pub(super) fn note_usual_names(&mut self, found: &BTreeMap<Name, Known>) {
        let by_name = found
            .iter()
            .filter(|(_, known)| known.source == EndpointSource::UsualName)
            .filter(|(_, known)| is_for_certificates(&known.interface));
        let taken: Vec<String> = by_name
            .clone()
            .map(|((application, name), known)| {
                let address = self
                    .inventory
                    .deployment()
                    .application_address(*application);
                let does = match known.role {
                    Role::Provider => "provides",
                    Role::Requirer | Role::Peer => "requires",
                };
                format!("`{address}:{name}` {does} {}", known.interface)
            })
            .collect();
        let Some(((first, _), _)) = by_name.clone().next() else {
            return;
        };
        let message = format!(
            "no description tells what these endpoints are, and they are taken for what their names say: {}",
            taken.join(", ")
        );
        let charm = &self.inventory.charm(*first).name;
        let help = format!(
            "declare it under `charms.{charm}`, or put its `charmcraft.yaml` into `charms/{charm}`"
        );
        let place = self.inventory.place_of(*first);
        let note = Diagnostic::new(Code::UnknownCharm, Severity::Note, message);
        self.out.push(note.at(place, "").help(help));
    }

    pub(super) fn note_added_endpoint(
        &mut self,
        application: ApplicationIndex,
        name: &str,
        interface: &str,
    ) {
        let charm = self.inventory.charm(application);
        let endpoints = &charm.endpoints;
        let others = endpoints.iter().map(|endpoint| endpoint.name.as_str());
        // What Juju has taken is no slip of the pen.
        let near = match self.inventory.unlisted(application).deployed {
            true => None,
            false => nearest(name, others.filter(|other| *other != name)),
        };
        let told_by = match charm.endpoint(name).map(|endpoint| endpoint.source) {
            Some(EndpointSource::UsualName | EndpointSource::Guess) => "by its name",
            _ => "from its relations",
        };
        let place = self.inventory.place_of(application);
        if near.is_none() {
            self.added.push((format!("{}:{name}", charm.name), place));
            return;
        }
        let message = format!(
            "the charm `{}` is not known to have `{name}`; taken as `{interface}` {told_by}",
            charm.name
        );
        let diagnostic = Diagnostic::warning(Code::UnknownEndpoint, place, message);
        self.out.push(diagnostic.similar("an endpoint", near));
    }

    /// One note for all endpoints that were added, with the place of one of them.
    pub(super) fn note_added(&mut self) {
        let Some((_, place)) = self.added.first() else {
            return;
        };
        let place = *place;
        let mut names: Vec<&str> = self.added.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let message = match names.as_slice() {
            [one] => format!(
                "the endpoint `{one}` is not in the catalogue, and taken from its relations"
            ),
            many => format!(
                "{} endpoints are not in the catalogue, and taken from their relations: {}",
                many.len(),
                listed(many)
            ),
        };
        let note = Diagnostic::new(Code::UnknownEndpoint, Severity::Note, message);
        self.out.push(note.at(place, ""));
    }
}

/// The first few, and how many more there are.
fn listed(names: &[&str]) -> String {
    const FEW: usize = 8;
    let shown = names.len().min(FEW);
    let text = names[..shown].join(", ");
    match names.len() - shown {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}
