//! Offers that go, and users who may not consume them any more.

use std::collections::BTreeSet;

use trustsim_charm_model::DeclaredDuration;
use trustsim_errors::{Code, Diagnostic};
use trustsim_model::{Action, Deployment, ModelSpec, OfferAction, OfferIndex, Party, TiVec};
use trustsim_yaml::{Spanned, Text, nearest, record};

use crate::Fault;
use crate::kind::{Effect, FaultKind};
use crate::site::{Site, span};

record! {
    /// Which offer goes.
    pub(crate) struct RemoveOfferFile {
        /// `model.offer`.
        #[schemars(required)]
        offer: Text = "offer" [Required],
        /// With the relations through it; without it Juju refuses where there are any.
        force: bool = "force",
    }
}

pub(crate) struct RemoveOffer;

impl FaultKind for RemoveOffer {
    type Shape = RemoveOfferFile;
    const KEY: &'static str = "remove-offer";
    const ABOUT: &'static str = "An offer is removed, as by `juju remove-offer`.";
    const EFFECT: &'static str = "refused while relations go through it; by force they are removed, \
        and the SAAS is terminated: nothing can be integrated with it any more";
    const SOURCE: &'static str = "juju/juju 3.6 `apiserver/facades/client/applicationoffers`";

    fn resolve(shape: &RemoveOfferFile, site: &mut Site<'_>) -> Option<Effect> {
        let offer = offer(shape.offer.as_ref()?, site)?;
        let force = shape.force == Some(true);
        if force {
            let saas = &site.names.deployment().saas;
            let goes_through = |(party, _): &(Party, String)| match party {
                Party::Saas(index) => saas[*index].offer == offer,
                _ => false,
            };
            site.relations
                .retain(|(_, sides)| !sides.iter().any(goes_through));
        }
        Some(Action::Offer(OfferAction::Remove { offer, force }).into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        let Action::Offer(OfferAction::Remove { offer, force }) = fault.action else {
            return None;
        };
        Some(vec![
            offer_key(offer, deployment),
            format!("force: {force}"),
        ])
    }
}

record! {
    /// Who may not consume an offer any more.
    pub(crate) struct RevokeOfferFile {
        /// `model.offer`.
        #[schemars(required)]
        offer: Text = "offer" [Required],
        /// Owner of consuming models; may be left out where all have one.
        user: Text = "user",
        /// How long until access is granted again and the relations are resumed.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

pub(crate) struct RevokeOffer;

impl FaultKind for RevokeOffer {
    type Shape = RevokeOfferFile;
    const KEY: &'static str = "revoke-offer";
    const ABOUT: &'static str = "Access to an offer is revoked, as by `juju revoke`.";
    const EFFECT: &'static str = "`juju revoke USER consume OFFER`: the relations of that user's \
        models are suspended at once, and stay so after access is granted again until they are \
        resumed, which `for` does. An admin of the offering model cannot be revoked; a user of \
        another controller is another user";
    const SOURCE: &'static str =
        "juju/juju 3.6 `state/applicationofferuser.go`, `suspendRevokedRelationsOps`";

    fn resolve(shape: &RevokeOfferFile, site: &mut Site<'_>) -> Option<Effect> {
        let text = shape.offer.as_ref()?;
        let offer = offer(text, site)?;
        let owners: BTreeSet<String> = consuming(offer, site.deployment())
            .map(|model| model.owner.clone())
            .collect();
        let user = match &shape.user {
            Some(user) => user.clone(),
            None => only_owner(&owners, text, site)?,
        };
        if !owners.contains(&user.value) {
            let message = format!("`{}` owns no model that consumes it", user.value);
            let near = nearest(&user.value, owners.iter().map(String::as_str));
            let wrong = Diagnostic::error(Code::Fault, user.place, message);
            return site.report(wrong.similar("one who does", near));
        }
        if let Some(home) = administered(offer, &user.value, site.deployment()) {
            let message = format!(
                "`{}` owns model `{home}`, so it may consume whatever is revoked",
                user.value
            );
            let wrong = Diagnostic::error(Code::Fault, user.place, message);
            return site.report(wrong.help("give the consuming model another `owner`"));
        }
        let revoke = OfferAction::Revoke {
            offer,
            user: user.value,
        };
        let lasts = span(shape.lasts.as_ref());
        Some(Fault::lasting(Action::Offer(revoke), lasts).into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        let Action::Offer(OfferAction::Revoke { offer, user }) = &fault.action else {
            return None;
        };
        Some(vec![offer_key(*offer, deployment), format!("user: {user}")])
    }
}

/// The one user whose models consume an offer.
fn only_owner(owners: &BTreeSet<String>, offer: &Text, site: &mut Site<'_>) -> Option<Text> {
    let mut names = owners.iter();
    match (names.next(), names.next()) {
        (Some(owner), None) => Some(Text::new(owner.clone(), offer.place)),
        (None, _) => {
            let message = format!("no model consumes `{}`", offer.value);
            site.error(Code::Fault, offer.place, message)
        }
        (Some(_), Some(_)) => {
            let message = "several users consume it";
            let wrong = Diagnostic::error(Code::MissingKey, offer.place, message);
            site.report(wrong.help("say whose access goes with `user:`"))
        }
    }
}

/// The offering model where the user is its admin: an admin's relations are not suspended (juju/juju
/// 3.6 `state/applicationofferuser.go`, `UpdateOfferAccess`). A user of another controller is
/// another user.
fn administered<'a>(offer: OfferIndex, user: &str, deployment: &'a Deployment) -> Option<&'a str> {
    let offering = deployment.offers[offer].application;
    let home = &deployment.models[deployment.applications[offering].model];
    let mut theirs = consuming(offer, deployment).filter(|model| model.owner == user);
    let is_admin = home.owner == user && theirs.all(|model| model.controller == home.controller);
    is_admin.then_some(home.name.as_str())
}

/// The models that consume an offer.
fn consuming(offer: OfferIndex, deployment: &Deployment) -> impl Iterator<Item = &ModelSpec> {
    let saas = deployment
        .saas
        .iter()
        .filter(move |saas| saas.offer == offer);
    saas.map(|saas| &deployment.models[saas.model])
}

/// `model.offer`.
fn offer(text: &Text, site: &mut Site<'_>) -> Option<OfferIndex> {
    let deployment = site.deployment();
    let offers = deployment.offers.keys();
    let names = offers.map(|index| offer_name(index, deployment));
    let names: TiVec<OfferIndex, String> = names.collect();
    let found = names.position(|name| *name == text.value);
    if found.is_none() {
        let message = format!("there is no offer `{}`", text.value);
        let near = nearest(&text.value, names.iter().map(String::as_str));
        let wrong = Diagnostic::error(Code::Fault, text.place, message);
        return site.report(wrong.help("write `model.offer`").similar("an offer", near));
    }
    found
}

/// `model.offer`: the URL without the owner.
fn offer_name(offer: OfferIndex, deployment: &Deployment) -> String {
    let url = deployment.offer_url(offer);
    match url.split_once('/') {
        Some((_, name)) => name.to_owned(),
        None => url,
    }
}

fn offer_key(offer: OfferIndex, deployment: &Deployment) -> String {
    format!("offer: {}", offer_name(offer, deployment))
}
