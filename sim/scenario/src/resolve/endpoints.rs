//! Which endpoints two sides of a relation could mean, and what is said where none or several
//! fit.

use super::drafts::{RelationDraft, SideDraft};
use super::{Resolver, quoted};
use trustsim_charms::{Endpoint, Role};
use trustsim_errors::{Code, Diagnostic};
use trustsim_model::Party;

/// An endpoint that one side could mean.
pub(super) struct Candidate {
    pub endpoint: Endpoint,
    pub implicit: bool,
}

impl Resolver<'_> {
    /// Every endpoint a side could mean; a named one that is not there is told of.
    pub(super) fn candidates(&mut self, side: &SideDraft) -> Option<Vec<Candidate>> {
        let charm = self.charm(side.application);
        let offered: Option<&[String]> = match side.party {
            Party::Saas(saas) => {
                Some(&self.deployment.offers[self.deployment.saas[saas].offer].endpoints)
            }
            _ => None,
        };
        let is_offered =
            |name: &str| offered.is_none_or(|offered| offered.iter().any(|known| known == name));
        let explicit = |endpoint: &Endpoint| Candidate {
            endpoint: endpoint.clone(),
            implicit: false,
        };
        let Some(named) = &side.endpoint else {
            let own = charm
                .endpoints
                .iter()
                .filter(|endpoint| endpoint.role != Role::Peer && is_offered(&endpoint.name));
            let mut candidates: Vec<Candidate> = own.map(explicit).collect();
            if offered.is_none() && charm.endpoint("juju-info").is_none() {
                candidates.push(juju_info());
            }
            return Some(candidates);
        };
        if let Some(endpoint) = charm
            .endpoint(&named.value)
            .filter(|_| is_offered(&named.value))
        {
            return Some(vec![explicit(endpoint)]);
        }
        if named.value == "juju-info" && offered.is_none() {
            return Some(vec![juju_info()]);
        }
        match offered {
            Some(offered) => {
                let party = self.deployment.party_name(side.party);
                let message = format!(
                    "saas application {party:?} has no {:?} relation",
                    named.value
                );
                let help = format!("the offer has {}", offered.join(", "));
                let diagnostic =
                    Diagnostic::error(Code::UnknownEndpoint, side.text.place, message).help(help);
                self.push(diagnostic);
            }
            None => self.unknown_endpoint(side.application, named),
        }
        None
    }

    pub(super) fn fits(&self, draft: &RelationDraft, left: &Endpoint, right: &Endpoint) -> bool {
        let opposite = matches!(
            (left.role, right.role),
            (Role::Provider, Role::Requirer) | (Role::Requirer, Role::Provider)
        );
        opposite
            && left.interface == right.interface
            && (!(left.container_scope || right.container_scope) || self.shares_machines(draft))
    }

    /// Container scope needs a subordinate and no other model.
    fn shares_machines(&self, draft: &RelationDraft) -> bool {
        let local = draft
            .sides
            .iter()
            .all(|side| matches!(side.party, Party::Application(_)));
        local
            && draft
                .sides
                .iter()
                .any(|side| self.charm(side.application).subordinate)
    }

    pub(super) fn no_relation(
        &self,
        draft: &RelationDraft,
        lefts: &[Candidate],
        rights: &[Candidate],
    ) -> Diagnostic {
        let [left, right] = &draft.sides;
        if let Some(diagnostic) = self.not_an_intermediate(left, right) {
            return diagnostic;
        }
        let says = format!(
            "juju says: cannot add relation between {} and {}: no relations found",
            quoted(&left.text),
            quoted(&right.text)
        );
        let (code, message) = match (lefts, rights) {
            ([one], [other]) if one.endpoint.interface != other.endpoint.interface => (
                Code::NoRelation,
                format!(
                    "`{}` is `{}` and `{}` is `{}`: interfaces differ",
                    left.text.value,
                    one.endpoint.interface,
                    right.text.value,
                    other.endpoint.interface
                ),
            ),
            ([one], [other]) if one.endpoint.role == other.endpoint.role => (
                Code::NoRelation,
                format!(
                    "`{}` and `{}` both {} `{}`",
                    left.text.value,
                    right.text.value,
                    both_verb(one.endpoint.role),
                    one.endpoint.interface
                ),
            ),
            ([one], [other]) if one.endpoint.container_scope || other.endpoint.container_scope => {
                let message =
                    "an endpoint with container scope needs a subordinate in the same model";
                (Code::ImpossibleRelation, message.to_owned())
            }
            _ => (
                Code::NoRelation,
                format!(
                    "no endpoints of `{}` and `{}` fit",
                    left.text.value, right.text.value
                ),
            ),
        };
        let label = |candidates: &[Candidate]| match candidates {
            [one] => format!("{} {}", verb(one.endpoint.role), one.endpoint.interface),
            _ => String::new(),
        };
        let mut diagnostic = Diagnostic::error(code, left.text.place, message)
            .label(label(lefts))
            .also(right.text.place, label(rights))
            .note(says);
        if let Some(help) = self.fitting_endpoint(left, lefts, right, rights) {
            diagnostic = diagnostic.help(help);
        }
        diagnostic
    }

    /// The endpoint that would fit in the place of a named one that does not.
    fn fitting_endpoint(
        &self,
        left: &SideDraft,
        lefts: &[Candidate],
        right: &SideDraft,
        rights: &[Candidate],
    ) -> Option<String> {
        let suggest = |side: &SideDraft, other: &[Candidate]| {
            let [wanted] = other else {
                return None;
            };
            let charm = self.charm(side.application);
            let mut fitting = charm.endpoints.iter().filter(|endpoint| {
                endpoint.interface == wanted.endpoint.interface
                    && endpoint.role != wanted.endpoint.role
                    && endpoint.role != Role::Peer
            });
            let first = fitting.next()?;
            let name = self.deployment.party_name(side.party);
            Some(format!("`{name}:{}` would fit", first.name))
        };
        suggest(right, lefts).or_else(|| suggest(left, rights))
    }
}

pub(super) fn ambiguous(draft: &RelationDraft, pairs: &[(&Candidate, &Candidate)]) -> Diagnostic {
    let [left, right] = &draft.sides;
    let name = |side: &SideDraft| {
        let text = side.text.value.as_str();
        text.split_once(':')
            .map_or(text, |(name, _)| name)
            .to_owned()
    };
    let (one, other) = (name(left), name(right));
    let mut could: Vec<String> = pairs
        .iter()
        .map(|(a, b)| {
            let a_text = format!("{one}:{}", a.endpoint.name);
            let b_text = format!("{other}:{}", b.endpoint.name);
            // Juju writes the requirer first.
            if a.endpoint.role == Role::Requirer {
                format!("\"{a_text} {b_text}\"")
            } else {
                format!("\"{b_text} {a_text}\"")
            }
        })
        .collect();
    could.sort();
    let both = format!("{} {}", left.text.value, right.text.value);
    let message = format!(
        "ambiguous relation: {both:?} could refer to {}",
        could.join("; ")
    );
    Diagnostic::error(Code::AmbiguousRelation, draft.place, message)
        .help("name the endpoints: `[app:endpoint, app:endpoint]`")
}

/// The endpoint every application has without saying so.
fn juju_info() -> Candidate {
    Candidate {
        endpoint: Endpoint {
            name: "juju-info".to_owned(),
            role: Role::Provider,
            interface: "juju-info".to_owned(),
            limit: None,
            container_scope: false,
            protocol: trustsim_charms::Protocol::Current,
            profile: None,
            library: None,
            bugs: trustsim_charms::Bugs::default(),
        },
        implicit: true,
    }
}

const fn verb(role: Role) -> &'static str {
    match role {
        Role::Provider => "provides",
        Role::Requirer => "requires",
        Role::Peer => "peers with",
    }
}

const fn both_verb(role: Role) -> &'static str {
    match role {
        Role::Provider => "provide",
        Role::Requirer => "require",
        Role::Peer => "peer with",
    }
}
