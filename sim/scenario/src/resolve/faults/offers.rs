//! Faults that strike offers and relations through them.

use std::collections::BTreeSet;

use super::super::Resolver;
use super::{Key, between_place, span};
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::resolve::relations::relation_key;
use crate::shape::{RelationFile, RemoveOfferFile, RevokeOfferFile, SuspendRelationFile, Text};
use trustsim_faults::Fault;
use trustsim_model::{Action, OfferAction, Party, RelationSpec};
use trustsim_yaml::nearest;

impl Resolver<'_> {
    pub(super) fn suspend_relation(
        &mut self,
        file: &SuspendRelationFile,
        there: &BTreeSet<Key>,
    ) -> Option<Fault> {
        let relation = RelationFile {
            model: file.model.clone(),
            between: file.between.clone(),
            place: file.place,
            given: Vec::new(),
        };
        let RelationSpec { model, sides, .. } = self.offered_relation(&relation, there)?;
        let suspend = Action::Offer(OfferAction::Suspend { model, sides });
        Some(Fault::lasting(suspend, span(file.lasts.as_ref())))
    }

    pub(super) fn resume_relation(
        &mut self,
        file: &RelationFile,
        there: &BTreeSet<Key>,
    ) -> Option<Fault> {
        let RelationSpec { model, sides, .. } = self.offered_relation(file, there)?;
        Some(Action::Offer(OfferAction::Resume { model, sides }).into())
    }

    /// A relation through an offer that is there.
    fn offered_relation(
        &mut self,
        file: &RelationFile,
        there: &BTreeSet<Key>,
    ) -> Option<RelationSpec> {
        let relation = self.fault_relation(file)?;
        let [left, right] = relation
            .sides
            .each_ref()
            .map(|side| self.deployment.side_name(side));
        let place = between_place(file);
        if !there.contains(&(relation.model, relation_key(&relation.sides))) {
            let message = format!("there is no relation of `{left}` and `{right}` at that time");
            self.push(Diagnostic::error(Code::Fault, place, message));
            return None;
        }
        let crosses = relation
            .sides
            .iter()
            .any(|side| matches!(side.party, Party::Saas(_)));
        if !crosses {
            // In Juju's words (juju/juju 3.6, `SetRelationsSuspended`).
            let message = format!(
                "cannot set suspend status for \"{right} {left}\" which is not associated with an offer"
            );
            let help = "only relations through an offer can be suspended";
            self.push(Diagnostic::error(Code::Fault, place, message).help(help));
            return None;
        }
        Some(relation)
    }

    pub(super) fn remove_offer(
        &mut self,
        file: &RemoveOfferFile,
        there: &mut BTreeSet<Key>,
    ) -> Option<Fault> {
        let offer = self.offer_address(file.offer.as_ref()?)?;
        let force = file.force.unwrap_or(false);
        let goes_through = |(party, _): &(Party, String)| match party {
            Party::Saas(saas) => self.deployment.saas[*saas].offer == offer,
            _ => false,
        };
        there.retain(|(_, sides)| !force || !sides.iter().any(goes_through));
        Some(Action::Offer(OfferAction::Remove { offer, force }).into())
    }

    pub(super) fn revoke_offer(&mut self, file: &RevokeOfferFile) -> Option<Fault> {
        let text = file.offer.as_ref()?;
        let offer = self.offer_address(text)?;
        let deployment = &self.deployment;
        let home =
            &deployment.models[deployment.applications[deployment.offers[offer].application].model];
        let consuming = deployment.saas.iter().filter(|saas| saas.offer == offer);
        let consuming: Vec<_> = consuming
            .map(|saas| &deployment.models[saas.model])
            .collect();
        let owners: BTreeSet<String> = consuming.iter().map(|model| model.owner.clone()).collect();
        let user = match &file.user {
            Some(user) => user.clone(),
            None => {
                let place = text.place;
                let mut owners = owners.iter();
                match (owners.next(), owners.next()) {
                    (Some(owner), None) => Text::new(owner.clone(), place),
                    (None, _) => {
                        let message = format!("nobody consumes `{}`", text.value);
                        self.push(Diagnostic::error(Code::Fault, place, message));
                        return None;
                    }
                    _ => {
                        let message = "several users consume it";
                        let help = "say whose access goes with `user:`";
                        self.push(Diagnostic::error(Code::MissingKey, place, message).help(help));
                        return None;
                    }
                }
            }
        };
        if !owners.contains(&user.value) {
            let message = format!("`{}` owns no model that consumes it", user.value);
            let near = nearest(&user.value, owners.iter().map(String::as_str));
            let diagnostic = Diagnostic::error(Code::Fault, user.place, message);
            let diagnostic = diagnostic.similar("one who does", near);
            self.push(diagnostic);
            return None;
        }
        // An admin's relations are not suspended (juju/juju 3.6 `state/applicationofferuser.go`,
        // `UpdateOfferAccess`). A user of another controller is another user.
        let is_admin = home.owner == user.value
            && consuming
                .iter()
                .filter(|model| model.owner == user.value)
                .all(|model| model.controller == home.controller);
        if is_admin {
            let message = format!(
                "`{}` owns model `{}`, so it may consume whatever is revoked",
                user.value, home.name
            );
            let help = "give the consuming model another `owner`";
            self.push(Diagnostic::error(Code::Fault, user.place, message).help(help));
            return None;
        }
        let user = user.value;
        let revoke = Action::Offer(OfferAction::Revoke { offer, user });
        Some(Fault::lasting(revoke, span(file.lasts.as_ref())))
    }

    /// `model.offer`.
    fn offer_address(&mut self, text: &Text) -> Option<usize> {
        let deployment = &self.deployment;
        let names: Vec<String> = (0..deployment.offers.len())
            .map(|index| {
                let url = deployment.offer_url(index);
                url.split_once('/')
                    .map_or(url.clone(), |(_, name)| name.to_owned())
            })
            .collect();
        let found = names.iter().position(|name| *name == text.value);
        if found.is_none() {
            let message = format!("there is no offer `{}`", text.value);
            let near = nearest(&text.value, names.iter().map(String::as_str));
            let diagnostic = Diagnostic::error(Code::Fault, text.place, message);
            self.push(
                diagnostic
                    .help("write `model.offer`")
                    .similar("an offer", near),
            );
        }
        found
    }
}
