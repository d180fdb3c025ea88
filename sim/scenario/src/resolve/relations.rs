//! Relations: Juju's endpoint inference (juju/juju `state.InferEndpoints`), with its words.

use std::collections::BTreeMap;

use super::drafts::{RelationDraft, SideDraft};
use super::endpoints::{Candidate, ambiguous};
use super::{Resolver, quoted};
use trustsim_charms::Endpoint;
use trustsim_errors::{Code, Diagnostic};
use trustsim_faults::{RelationKey, relation_key};
use trustsim_model::{ApplicationIndex, ModelIndex, Party, RelationSpec, Side};
use trustsim_yaml::{FromNode, Node, Place, Reader, Spanned, Text, Unknown, Value, nearest};

impl Resolver<'_> {
    pub(super) fn relations(&mut self) {
        let mut drafts = Vec::new();
        for model in self.models.keys() {
            let relations = self.models[model].file.relations.take().unwrap_or_default();
            drafts.extend(
                relations
                    .iter()
                    .filter_map(|node| self.relation_draft(model, node)),
            );
        }
        let drafts = self.infer_open_endpoints(drafts);
        let mut seen: BTreeMap<RelationKey, Place> = BTreeMap::new();
        for draft in &drafts {
            let Some(relation) = self.resolve_relation(draft) else {
                continue;
            };
            let key = relation_key(relation.model, &relation.sides);
            if let Some(&first) = seen.get(&key) {
                let [left, right] = relation
                    .sides
                    .each_ref()
                    .map(|side| self.deployment.side_name(side));
                let message = format!("relation [{left:?} {right:?}] is defined more than once");
                let diagnostic = Diagnostic::error(Code::Duplicate, draft.place, message);
                self.push(diagnostic.also(first, "first here"));
                continue;
            }
            seen.insert(key, draft.place);
            self.deployment.relations.push(relation);
            self.places.relations.push(draft.place);
        }
        self.check_limits();
    }

    /// Two texts that name parties of the model.
    fn relation_draft(&mut self, model: ModelIndex, node: &Node) -> Option<RelationDraft> {
        let mut reader = Reader::new(Unknown::Refused, true);
        let sides = Vec::<Text>::from_node(node, &mut reader).unwrap_or_default();
        let complete = reader.mistakes.is_empty();
        self.out
            .list
            .extend(reader.mistakes.into_iter().map(Diagnostic::from));
        let list = matches!(node.value, Value::List(_));
        let Ok([left, right]) = <[Text; 2]>::try_from(sides) else {
            if complete && list {
                let message = format!("a relation has two sides, not {}", node.elements().len());
                let help = "write `[app:endpoint, app:endpoint]`";
                let place = node
                    .elements()
                    .first()
                    .map_or(node.place, |first| first.place);
                self.push(Diagnostic::error(Code::BadValue, place, message).help(help));
            }
            return None;
        };
        let place = Place {
            end: right.place.end.max(left.place.end),
            ..left.place
        };
        self.draft_between(model, left, right, place)
    }

    /// A draft between two sides as texts; also for faults.
    pub(super) fn draft_between(
        &mut self,
        model: ModelIndex,
        left: Text,
        right: Text,
        place: Place,
    ) -> Option<RelationDraft> {
        // Both are looked up before either is given up, so that both are told of.
        let (first, second) = (self.side_draft(model, left), self.side_draft(model, right));
        let draft = RelationDraft {
            model,
            sides: [first?, second?],
            place,
        };
        let [left, right] = &draft.sides;
        if left.party == right.party {
            let message = format!(
                "relation [{} {}] relates an application to itself",
                quoted(&left.text),
                quoted(&right.text)
            );
            self.push(Diagnostic::error(Code::RelationWithItself, place, message));
            return None;
        }
        if let (Party::Saas(_), Party::Saas(_)) = (left.party, right.party) {
            let message = "two consumed offers cannot be related";
            self.push(Diagnostic::error(Code::ImpossibleRelation, place, message));
            return None;
        }
        Some(draft)
    }

    fn side_draft(&mut self, model: ModelIndex, text: Text) -> Option<SideDraft> {
        let (name, endpoint) = match text.value.split_once(':') {
            Some((name, endpoint)) => (name, Some(endpoint)),
            None => (text.value.as_str(), None),
        };
        let party = self.party(model, name);
        let Some((party, application)) = party else {
            self.unknown_party(model, name, &text);
            return None;
        };
        if endpoint == Some("") {
            let message = format!("`{}` names no endpoint", text.value);
            self.push(Diagnostic::error(
                Code::UnknownEndpoint,
                text.place,
                message,
            ));
            return None;
        }
        let endpoint_place = self.tail_of(text.place, endpoint.map_or(0, str::len));
        let endpoint = endpoint.map(|name| Spanned::new(name.to_owned(), endpoint_place));
        Some(SideDraft {
            party,
            application,
            endpoint,
            text,
        })
    }

    /// The last bytes of a place, without a closing quote.
    fn tail_of(&self, place: Place, length: usize) -> Place {
        let source = self.out.sources.get(place.file);
        let written =
            source.and_then(|source| source.text.get(place.start as usize..place.end as usize));
        let quote = written.is_some_and(|text| text.ends_with(['"', '\'']));
        let end = place.end.saturating_sub(u32::from(quote));
        let length = u32::try_from(length).expect("a text of a file of at most 16 MiB");
        // A text with escapes is longer in the file than what it says; the place stays within it.
        let start = end.saturating_sub(length).max(place.start);
        Place {
            start,
            end,
            ..place
        }
    }

    fn party(&self, model: ModelIndex, name: &str) -> Option<(Party, ApplicationIndex)> {
        if let Some(&application) = self.application_names[model].get(name) {
            return Some((Party::Application(application), application));
        }
        let &saas = self.saas_names[model].get(name)?;
        let offer = self.deployment.saas[saas].offer;
        Some((Party::Saas(saas), self.deployment.offers[offer].application))
    }

    fn unknown_party(&mut self, model: ModelIndex, name: &str, text: &Text) {
        let file = &self.models[model].file;
        // It is there but could not be used; that has been told already.
        let broken = |map: Option<bool>| map.unwrap_or(false);
        if broken(
            file.applications
                .as_ref()
                .map(|map| map.get(name).is_some()),
        ) || broken(file.saas.as_ref().map(|map| map.get(name).is_some()))
        {
            return;
        }
        let model_name = &self.deployment.models[model].name;
        let message = format!("no application `{name}` in model `{model_name}`");
        let applications = self.application_names[model].keys();
        let names = applications
            .chain(self.saas_names[model].keys())
            .map(String::as_str);
        let near = nearest(name, names);
        let diagnostic = Diagnostic::error(Code::UnknownApplication, text.place, message)
            .label("neither deployed nor consumed here");
        let diagnostic = match near {
            Some(_) => diagnostic.similar("an application", near),
            None => {
                let elsewhere = self
                    .application_names
                    .position(|names| names.contains_key(name));
                match elsewhere {
                    Some(other) => diagnostic.help(format!(
                        "model `{}` has one: offer it there and consume it here (`saas`)",
                        self.deployment.models[other].name
                    )),
                    None => diagnostic,
                }
            }
        };
        self.push(diagnostic);
    }

    /// Finds the endpoints of both sides as Juju does.
    pub(super) fn resolve_relation(&mut self, draft: &RelationDraft) -> Option<RelationSpec> {
        let [left, right] = &draft.sides;
        let (lefts, rights) = (self.candidates(left), self.candidates(right));
        let (lefts, rights) = (lefts?, rights?);
        let mut pairs: Vec<(&Candidate, &Candidate)> = Vec::new();
        for one in &lefts {
            for other in &rights {
                if self.fits(draft, &one.endpoint, &other.endpoint) {
                    pairs.push((one, other));
                }
            }
        }
        if pairs.len() > 1 {
            pairs.retain(|(one, other)| !one.implicit && !other.implicit);
        }
        match pairs.as_slice() {
            [(one, other)] => Some(self.relation(draft, &one.endpoint, &other.endpoint)),
            [] => {
                let diagnostic = self.no_relation(draft, &lefts, &rights);
                self.push(diagnostic);
                None
            }
            several => {
                let diagnostic = ambiguous(draft, several);
                self.push(diagnostic);
                None
            }
        }
    }

    fn relation(&self, draft: &RelationDraft, left: &Endpoint, right: &Endpoint) -> RelationSpec {
        let side = |draft: &SideDraft, endpoint: &Endpoint| Side {
            party: draft.party,
            endpoint: endpoint.name.clone(),
            role: endpoint.role,
        };
        let mut sides = [side(&draft.sides[0], left), side(&draft.sides[1], right)];
        sides.sort_by_key(|side| side.role);
        RelationSpec {
            model: draft.model,
            sides,
            interface: left.interface.clone(),
        }
    }

    /// `limit` of every endpoint, on both ends of cross-model relations.
    fn check_limits(&mut self) {
        let mut taken: BTreeMap<(ApplicationIndex, String), u32> = BTreeMap::new();
        let mut wrong = Vec::new();
        for (relation, &place) in self.deployment.relations.iter().zip(&self.places.relations) {
            for side in &relation.sides {
                let Some(application) = self.deployment.application_of(side.party) else {
                    continue;
                };
                let count = taken
                    .entry((application, side.endpoint.clone()))
                    .or_default();
                *count += 1;
                if let Some(message) = self.limit_exceeded(application, &side.endpoint, *count) {
                    wrong.push(Diagnostic::error(Code::RelationLimit, place, message));
                }
            }
        }
        self.out.list.extend(wrong);
    }

    /// Juju's words where an endpoint would have more relations than it takes.
    pub(super) fn limit_exceeded(
        &self,
        application: ApplicationIndex,
        endpoint: &str,
        count: u32,
    ) -> Option<String> {
        let limit = self.charm(application).endpoint(endpoint)?.limit?;
        let name = &self.deployment.applications[application].name;
        (count > limit).then(|| {
            format!(
                "establishing a new relation for {name}:{endpoint} would exceed its maximum relation limit of {limit}"
            )
        })
    }
}
