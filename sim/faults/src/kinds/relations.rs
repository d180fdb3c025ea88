//! Relations that come and go, and relations through an offer that are suspended and resumed.

use std::ops::Range;

use trustsim_charm_model::DeclaredDuration;
use trustsim_errors::{Code, Diagnostic};
use trustsim_kernel::Span;
use trustsim_model::{Action, Deployment, ModelIndex, OfferAction, Party, RelationSpec, Side};
use trustsim_yaml::{Place, Spanned, Text, record};

use crate::Fault;
use crate::draw::{Draw, Drawn};
use crate::kind::{Effect, FaultKind};
use crate::site::{Site, relation_key, span};

record! {
    /// Which relation.
    pub(crate) struct RelationFile {
        /// Its model; may be left out where there is only one.
        model: Text = "model",
        /// Both sides, `app:endpoint` or `app`, as `juju integrate` takes them.
        #[schemars(required, length(equal = 2))]
        between: Vec<Text> = "between" [Required],
    }
}

const SUSPENSION: &str = "in the offering model: both sides run `departed` and `broken`, the \
    relation stays. Resumed, both create it again and the requirer asks anew. Only relations through \
    an offer can be suspended; a resume is refused while consume access is revoked";
const SUSPENSION_SOURCE: &str =
    "juju/juju 3.6 `apiserver/facades/client/application`, `SetRelationsSuspended`";

pub(crate) struct RemoveRelation;

impl FaultKind for RemoveRelation {
    type Shape = RelationFile;
    const KEY: &'static str = "remove-relation";
    const ABOUT: &'static str = "A relation is removed, as by `juju remove-relation`.";
    const EFFECT: &'static str = "`juju remove-relation`";
    const SOURCE: &'static str = "juju/juju 3.6 `state/state.go`";
    const DRAWN_ON: Range<u64> = 18..19;

    fn resolve(shape: &RelationFile, site: &mut Site<'_>) -> Option<Effect> {
        let (relation, place) = relation_of(&Written::from(shape), site)?;
        let key = relation_key(relation.model, &relation.sides);
        if !site.relations.remove(&key) {
            let [left, right] = side_names(&relation, site);
            let message =
                format!("there is no relation of `{left}` and `{right}` to remove at that time");
            return site.error(Code::Fault, place, message);
        }
        let RelationSpec { model, sides, .. } = relation;
        Some(Action::RemoveRelation { model, sides }.into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        match &fault.action {
            Action::RemoveRelation { model, sides } => Some(keys(*model, sides, deployment)),
            _ => None,
        }
    }

    /// `juju integrate` brings it back, as a fault of its own.
    fn draw(draw: &mut Draw<'_>, _lasts: Span) -> Option<Drawn> {
        let RelationSpec { model, sides, .. } = draw.relation(|_| true)?.clone();
        let removal = Action::RemoveRelation { model, sides };
        let after = removal.inverse().map(Fault::from);
        let fault = removal.into();
        Some(Drawn { fault, after })
    }
}

pub(crate) struct Integrate;

impl FaultKind for Integrate {
    type Shape = RelationFile;
    const KEY: &'static str = "integrate";
    const ABOUT: &'static str = "A relation is added, as by `juju integrate`.";
    const EFFECT: &'static str = "`juju integrate`";
    const SOURCE: &'static str = "juju/juju 3.6 `state/state.go`";

    fn resolve(shape: &RelationFile, site: &mut Site<'_>) -> Option<Effect> {
        let (relation, place) = relation_of(&Written::from(shape), site)?;
        if let Some(message) = over_limit(&relation, site) {
            return site.error(Code::RelationLimit, place, message);
        }
        let key = relation_key(relation.model, &relation.sides);
        if !site.relations.insert(key) {
            let [left, right] = side_names(&relation, site);
            let message = format!("`{left}` and `{right}` are related already at that time");
            return site.error(Code::Fault, place, message);
        }
        let RelationSpec { model, sides, .. } = relation;
        Some(Action::Integrate { model, sides }.into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        match &fault.action {
            Action::Integrate { model, sides } => Some(keys(*model, sides, deployment)),
            _ => None,
        }
    }
}

record! {
    /// Which relation is suspended, as the consuming model has it.
    pub(crate) struct SuspendRelationFile {
        /// The consuming model; may be left out where there is only one.
        model: Text = "model",
        /// Both sides there, `app:endpoint` or `app`; one is a SAAS.
        #[schemars(required, length(equal = 2))]
        between: Vec<Text> = "between" [Required],
        /// How long until it is resumed.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

pub(crate) struct SuspendRelation;

impl FaultKind for SuspendRelation {
    type Shape = SuspendRelationFile;
    const KEY: &'static str = "suspend-relation";
    const ABOUT: &'static str =
        "A relation through an offer is suspended, as by `juju suspend-relation`.";
    const EFFECT: &'static str = SUSPENSION;
    const SOURCE: &'static str = SUSPENSION_SOURCE;
    const DRAWN_ON: Range<u64> = 17..18;

    fn resolve(shape: &SuspendRelationFile, site: &mut Site<'_>) -> Option<Effect> {
        let written = Written {
            model: shape.model.as_ref(),
            between: shape.between.as_deref(),
            place: shape.place,
        };
        let RelationSpec { model, sides, .. } = offered_relation(&written, site)?;
        let suspend = Action::Offer(OfferAction::Suspend { model, sides });
        Some(Fault::lasting(suspend, span(shape.lasts.as_ref())).into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        match &fault.action {
            Action::Offer(OfferAction::Suspend { model, sides }) => {
                Some(keys(*model, sides, deployment))
            }
            _ => None,
        }
    }

    fn draw(draw: &mut Draw<'_>, lasts: Span) -> Option<Drawn> {
        let RelationSpec { model, sides, .. } = draw.relation(crosses_models)?.clone();
        let suspend = Action::Offer(OfferAction::Suspend { model, sides });
        Some(Drawn::lasting(suspend, lasts))
    }
}

pub(crate) struct ResumeRelation;

impl FaultKind for ResumeRelation {
    type Shape = RelationFile;
    const KEY: &'static str = "resume-relation";
    const ABOUT: &'static str = "And resumed, as by `juju resume-relation`.";
    const EFFECT: &'static str = "see `suspend-relation`";
    const SOURCE: &'static str = SUSPENSION_SOURCE;

    fn resolve(shape: &RelationFile, site: &mut Site<'_>) -> Option<Effect> {
        let RelationSpec { model, sides, .. } = offered_relation(&Written::from(shape), site)?;
        Some(Action::Offer(OfferAction::Resume { model, sides }).into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        match &fault.action {
            Action::Offer(OfferAction::Resume { model, sides }) => {
                Some(keys(*model, sides, deployment))
            }
            _ => None,
        }
    }
}

/// A relation as written.
struct Written<'a> {
    model: Option<&'a Text>,
    between: Option<&'a [Text]>,
    place: Place,
}

impl<'a> From<&'a RelationFile> for Written<'a> {
    fn from(file: &'a RelationFile) -> Self {
        Self {
            model: file.model.as_ref(),
            between: file.between.as_deref(),
            place: file.place,
        }
    }
}

/// The relation, there or not, and the place of its sides.
fn relation_of(written: &Written<'_>, site: &mut Site<'_>) -> Option<(RelationSpec, Place)> {
    let model = site.model(written.model, written.place)?;
    let between = written.between?;
    let place = match between {
        [first, .., last] => Place {
            end: last.place.end,
            ..first.place
        },
        [only] => only.place,
        [] => written.place,
    };
    let [left, right] = between else {
        let message = format!("a relation has two sides, not {}", between.len());
        return site.error(Code::BadValue, place, message);
    };
    let relation = site.names.relation(model, [left, right], place)?;
    Some((relation, place))
}

/// A relation through an offer that is there.
fn offered_relation(written: &Written<'_>, site: &mut Site<'_>) -> Option<RelationSpec> {
    let (relation, place) = relation_of(written, site)?;
    let [left, right] = side_names(&relation, site);
    let key = relation_key(relation.model, &relation.sides);
    if !site.relations.contains(&key) {
        let message = format!("there is no relation of `{left}` and `{right}` at that time");
        return site.error(Code::Fault, place, message);
    }
    if !crosses_models(&relation) {
        // In Juju's words (juju/juju 3.6, `SetRelationsSuspended`).
        let message = format!(
            "cannot set suspend status for \"{right} {left}\" which is not associated with an offer"
        );
        let wrong = Diagnostic::error(Code::Fault, place, message);
        return site.report(wrong.help("only relations through an offer can be suspended"));
    }
    Some(relation)
}

/// Juju's words where an endpoint would have more relations than it takes.
fn over_limit(relation: &RelationSpec, site: &Site<'_>) -> Option<String> {
    let deployment = site.deployment();
    relation.sides.iter().find_map(|side| {
        let application = deployment.application_of(side.party)?;
        let sides = site.relations.iter().flat_map(|(_, sides)| sides);
        let taken = sides.filter(|(party, endpoint)| {
            deployment.application_of(*party) == Some(application) && *endpoint == side.endpoint
        });
        let count = u32::try_from(taken.count() + 1).expect("a scenario has fewer relations");
        site.names.over_limit(application, &side.endpoint, count)
    })
}

fn side_names(relation: &RelationSpec, site: &Site<'_>) -> [String; 2] {
    let sides = relation.sides.each_ref();
    sides.map(|side| site.deployment().side_name(side))
}

fn crosses_models(relation: &RelationSpec) -> bool {
    let mut sides = relation.sides.iter();
    sides.any(|side| matches!(side.party, Party::Saas(_)))
}

fn keys(model: ModelIndex, sides: &[Side; 2], deployment: &Deployment) -> Vec<String> {
    let [left, right] = sides.each_ref().map(|side| deployment.side_name(side));
    let model = &deployment.models[model].name;
    vec![
        format!("model: {model}"),
        format!("between: [{left}, {right}]"),
    ]
}
