//! Relations as written, before their endpoints are found.

use super::inventory::Inventory;
use super::matching::quoted;
use super::names::check_name_at;
use super::suggestions::suggest_application;
use crate::format::MergedModel;
use crate::name_rules::NameKind;
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_model::{ApplicationIndex, ModelIndex, Party, TiVec};
use trustsim_yaml::{
    FromNode, Node, Place, Reader, Sources, Spanned, Text, Unknown, Value, nearest,
};

/// A relation as written, with both parties found.
#[derive(Clone, Debug)]
pub(super) struct RelationDraft {
    pub model: ModelIndex,
    pub sides: [SideDraft; 2],
    pub place: Place,
}

/// One side as written.
#[derive(Clone, Debug)]
pub(super) struct SideDraft {
    /// The whole text.
    pub text: Text,
    /// Application or SAAS.
    pub party: Party,
    /// The application behind it: itself, or the one that is offered.
    pub application: ApplicationIndex,
    /// The endpoint, where it is named.
    pub endpoint: Option<Text>,
}

/// The relations of every model.
pub(super) fn drafts(
    bundles: &TiVec<ModelIndex, MergedModel>,
    inventory: &Inventory,
    out: &mut Diagnostics,
) -> Vec<RelationDraft> {
    let mut found = Vec::new();
    let mut parties = Parties::new(inventory, out);
    for (model, bundle) in bundles.iter_enumerated() {
        let relations = bundle.file.relations.iter().flatten();
        found.extend(relations.filter_map(|node| parties.written(model, node)));
    }
    found
}

/// What a side of a relation can name.
pub(super) struct Parties<'a> {
    inventory: &'a Inventory,
    out: &'a mut Diagnostics,
}

impl<'a> Parties<'a> {
    pub(super) const fn new(inventory: &'a Inventory, out: &'a mut Diagnostics) -> Self {
        Self { inventory, out }
    }

    /// Two texts that name parties of the model.
    fn written(&mut self, model: ModelIndex, node: &Node) -> Option<RelationDraft> {
        let mut reader = Reader::new(Unknown::Refused, true);
        // What is no list of texts is a mistake that the reader keeps.
        let sides = Vec::<Text>::from_node(node, &mut reader).unwrap_or_default();
        let complete = reader.mistakes.is_empty();
        self.out.push_mistakes(reader);
        let list = matches!(node.value, Value::List(_));
        let Ok([left, right]) = <[Text; 2]>::try_from(sides) else {
            if complete && list {
                let message = format!("a relation has two sides, not {}", node.elements().len());
                let help = "write `[app:endpoint, app:endpoint]`";
                let place = node
                    .elements()
                    .first()
                    .map_or(node.place, |first| first.place);
                self.out
                    .push(Diagnostic::error(Code::BadValue, place, message).help(help));
            }
            return None;
        };
        let place = Place {
            end: right.place.end.max(left.place.end),
            ..left.place
        };
        self.between(model, left, right, place)
    }

    /// A draft between two sides as texts; also for faults.
    pub(super) fn between(
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
            self.out
                .push(Diagnostic::error(Code::RelationWithItself, place, message));
            return None;
        }
        if let (Party::Saas(_), Party::Saas(_)) = (left.party, right.party) {
            let message = "two consumed offers cannot be related";
            self.out
                .push(Diagnostic::error(Code::ImpossibleRelation, place, message));
            return None;
        }
        Some(draft)
    }

    fn side_draft(&mut self, model: ModelIndex, text: Text) -> Option<SideDraft> {
        let (name, endpoint) = match text.value.split_once(':') {
            Some((name, endpoint)) => (name, Some(endpoint)),
            None => (text.value.as_str(), None),
        };
        let Some((party, application)) = self.inventory.party(model, name) else {
            self.unknown_party(model, name, &text);
            return None;
        };
        if endpoint == Some("") {
            let message = format!("`{}` names no endpoint", text.value);
            self.out.push(Diagnostic::error(
                Code::UnknownEndpoint,
                text.place,
                message,
            ));
            return None;
        }
        let endpoint_place = tail_of(&self.out.sources, text.place, endpoint.map_or(0, str::len));
        if let Some(name) = endpoint {
            check_name_at(NameKind::Endpoint, name, endpoint_place, self.out);
        }
        let endpoint = endpoint.map(|name| Spanned::new(name.to_owned(), endpoint_place));
        Some(SideDraft {
            party,
            application,
            endpoint,
            text,
        })
    }

    fn unknown_party(&mut self, model: ModelIndex, name: &str, text: &Text) {
        let inventory = self.inventory;
        // It is there but could not be used; that has been told already.
        if inventory.is_application_written(model, name) || inventory.is_saas_written(model, name) {
            return;
        }
        let model_name = &inventory.deployment().models[model].name;
        let message = format!("no application `{name}` in model `{model_name}`");
        let diagnostic = Diagnostic::error(Code::UnknownApplication, text.place, message)
            .label("neither deployed nor consumed here");
        let known = inventory.application_names(model);
        let near = nearest(name, known.chain(inventory.saas_names(model)));
        let mut elsewhere = inventory.models_with(name);
        let diagnostic = match elsewhere.next().filter(|_| near.is_none()) {
            Some(other) => diagnostic.help(format!(
                "model `{}` has one: offer it there and consume it here (`saas`)",
                other.name
            )),
            None => {
                let saas = inventory.saas_names(model);
                suggest_application(diagnostic, inventory, model, name, saas, "an application")
            }
        };
        self.out.push(diagnostic);
    }
}

/// The last bytes of a place, without a closing quote.
fn tail_of(sources: &Sources, place: Place, length: usize) -> Place {
    let source = sources.get(place.file);
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
