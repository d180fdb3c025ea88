//! The `faults` section: what strikes, checked against what is there at that time.

mod hooks;
mod network;
mod offers;
mod scale;
mod tls;
mod units;

use std::collections::{BTreeMap, BTreeSet};

use super::Resolver;
use super::relations::relation_key;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::shape::{
    AcmeOutageFile, ClockSkewFile, FaultFile, RandomFile, RelationFile, RestartFile, RevokeFile,
    RotateCaFile, RunActionFile, SetConfigFile, Text,
};
use trustsim_charms::DeclaredDuration;
use trustsim_faults::{Fault, PlannedFault, draw, plan};
use trustsim_kernel::{Span, parse_duration};
use trustsim_model::{
    Action, Answering, NetworkAction, Party, RandomPlan, RelationSpec, UnitAction,
};
use trustsim_yaml::{Map, Place, Spanned, nearest};

type Key = (usize, [(Party, String); 2]);

impl Resolver<'_> {
    pub(super) fn faults(&mut self) {
        let mut faults: Vec<&FaultFile> = self.scenario.faults.iter().flatten().collect();
        // Later ones are checked against what earlier ones leave.
        faults.sort_by_key(|file| file.at.as_ref().map(|at| at.value.0));
        let mut there: BTreeSet<Key> = self
            .deployment
            .relations
            .iter()
            .map(|relation| (relation.model, relation_key(&relation.sides)))
            .collect();
        let (mut planned, mut rotated) = (Vec::new(), Vec::new());
        for file in faults {
            if let (Some(rotation), Some(at)) = (&file.rotation, &file.at) {
                if self.one_kind(file).is_some() {
                    rotated.extend(self.rotation(rotation, at.value.0).unwrap_or_default());
                }
                continue;
            }
            if let (Some(random), Some(at)) = (&file.random, &file.at)
                && self.one_kind(file).is_some()
            {
                let plan = self.random_plan(random, at.value.0, file.place);
                self.deployment.random.push(plan);
                continue;
            }
            let Some(fault) = self.fault(file, &mut there) else {
                continue;
            };
            let Some(at) = &file.at else {
                continue;
            };
            if at.value.0 >= self.deployment.duration {
                let message = "this happens after the end of the run";
                let end = trustsim_kernel::format_duration(self.deployment.duration);
                let diagnostic = Diagnostic::warning(Code::Fault, at.place, message);
                self.push(diagnostic.note(format!("the run lasts {end}")));
            }
            planned.push(PlannedFault {
                at: at.value.0,
                fault,
                source: self.source(file.place),
            });
        }
        self.deployment.actions = plan(planned);
        self.deployment.actions.extend(rotated);
        self.deployment.actions.sort_by_key(|timed| timed.at);
        draw(&mut self.deployment);
    }

    /// The one kind that is written.
    fn one_kind<'a>(&mut self, file: &'a FaultFile) -> Option<&'a str> {
        let kinds: Vec<&Spanned<String>> = file
            .given
            .iter()
            .filter(|key| FaultFile::kinds().any(|kind| kind == key.value))
            .collect();
        if kinds.len() != 1 {
            let message = match kinds.len() {
                0 => "a fault needs its kind".to_owned(),
                _ => "a fault has one kind; write one entry for each".to_owned(),
            };
            let place = kinds.get(1).map_or(file.place, |key| key.place);
            let kinds: Vec<&str> = FaultFile::kinds().collect();
            let help = format!("kinds are {}", kinds.join(", "));
            self.push(Diagnostic::error(Code::OneOf, place, message).help(help));
            return None;
        }
        Some(kinds[0].value.as_str())
    }

    fn fault(&mut self, file: &FaultFile, there: &mut BTreeSet<Key>) -> Option<Fault> {
        match self.one_kind(file)? {
            "rotate-ca" => self.rotate_ca(file.rotate_ca.as_ref()?),
            "run-action" => self.run_action(file.run_action.as_ref()?, file.place),
            "set-config" => self.set_config(file.set_config.as_ref()?),
            "remove-relation" => self.remove_relation(file.remove_relation.as_ref()?, there),
            "integrate" => self.integrate(file.integrate.as_ref()?, there),
            "restart" => self.restart(file.restart.as_ref()?),
            "acme-outage" => self.acme_outage(file.acme_outage.as_ref()?, file.place),
            "revoke" => self.revoke(file.revoke.as_ref()?),
            "clock-skew" => self.clock_skew(file.clock_skew.as_ref()?),
            "stop" => self.stop(file.stop.as_ref()?),
            "kill-unit" => self.kill_unit(file.kill_unit.as_ref()?),
            "seal" => self.seal(file.seal.as_ref()?),
            "lose-leader" => self.lose_leader(file.lose_leader.as_ref()?),
            "tamper" => self.tamper(file.tamper.as_ref()?),
            "trust" => self.trust(file.trust.as_ref()?),
            "distrust" => self.distrust(file.distrust.as_ref()?),
            "publish-crl" => self.publish_crl(file.publish_crl.as_ref()?),
            "compromise" => self.compromise(file.compromise.as_ref()?),
            "plaintext" => self.answers(file.plaintext.as_ref()?, Answering::PlainText),
            "hang-up" => self.answers(file.hang_up.as_ref()?, Answering::HangUp),
            "add-units" => self.add_units(file.add_units.as_ref()?),
            "remove-unit" => self.remove_unit(file.remove_unit.as_ref()?),
            "refresh" => self.refresh(file.refresh.as_ref()?),
            "fail-hook" => self.fail_hook(file.fail_hook.as_ref()?),
            "fail-commit" => self.fail_commit(file.fail_commit.as_ref()?),
            "suspend-relation" => self.suspend_relation(file.suspend_relation.as_ref()?, there),
            "resume-relation" => self.resume_relation(file.resume_relation.as_ref()?, there),
            "remove-offer" => self.remove_offer(file.remove_offer.as_ref()?, there),
            "revoke-offer" => self.revoke_offer(file.revoke_offer.as_ref()?),
            "controller-down" => self.controller_down(file.controller_down.as_ref()?),
            "partition" => self.partition(file.partition.as_ref()?),
            "link" => self.link(file.link.as_ref()?),
            _ => None,
        }
    }

    fn random_plan(&mut self, file: &RandomFile, from: Span, place: Place) -> RandomPlan {
        let (count, lasts) = (file.count.as_ref(), file.lasts.as_ref());
        RandomPlan {
            count: count.map_or(10, |count| count.value.min(10_000)),
            from,
            window: lasts.map_or(Span::from_secs(12 * 3_600), |lasts| lasts.value.0),
            source: self.source(place),
        }
    }

    fn rotate_ca(&mut self, file: &RotateCaFile) -> Option<Fault> {
        let text = file.app.as_ref()?;
        let application = self.application_address(text)?;
        let charm = self.charm(application);
        let Some(action) = charm.rotate_ca_action.clone() else {
            let message = format!(
                "the charm `{}` has no action that rotates its CA",
                charm.name
            );
            let help =
                "self-signed-certificates has one; others rotate by configuration (`set-config`)";
            self.push(Diagnostic::error(Code::Fault, text.place, message).help(help));
            return None;
        };
        let rotation = Action::RunAction {
            application,
            unit: None,
            name: action,
            parameters: BTreeMap::new(),
        };
        Some(rotation.into())
    }

    fn run_action(&mut self, file: &RunActionFile, place: trustsim_yaml::Place) -> Option<Fault> {
        let (application, unit) = self.units_of(file.app.as_ref(), file.unit.as_ref(), place)?;
        let action = file.action.as_ref()?;
        let charm = self.charm(application);
        if !charm.actions.contains(&action.value) {
            let message = format!(
                "the charm `{}` has no action `{}`",
                charm.name, action.value
            );
            let near = nearest(&action.value, charm.actions.iter().map(String::as_str));
            let diagnostic = Diagnostic::error(Code::Fault, action.place, message);
            let diagnostic = diagnostic.similar("an action", near);
            self.push(diagnostic);
            return None;
        }
        let parameters = file.parameters.iter().flat_map(Map::iter);
        let run = Action::RunAction {
            application,
            unit,
            name: action.value.clone(),
            parameters: parameters
                .map(|(name, value)| (name.value.clone(), value.clone()))
                .collect(),
        };
        Some(run.into())
    }

    fn set_config(&mut self, file: &SetConfigFile) -> Option<Fault> {
        let application = self.application_address(file.app.as_ref()?)?;
        let charm = self.known_charm(application);
        let mut options = BTreeMap::new();
        for (name, node) in file.options.iter().flat_map(Map::iter) {
            self.check_option_name(name, &charm);
            if let Some(value) = self.option_value(name, node, &charm) {
                options.insert(name.value.clone(), value);
            }
        }
        let set = Action::SetConfig {
            application,
            options,
        };
        Some(set.into())
    }

    fn remove_relation(&mut self, file: &RelationFile, there: &mut BTreeSet<Key>) -> Option<Fault> {
        let relation = self.fault_relation(file)?;
        let key = (relation.model, relation_key(&relation.sides));
        if !there.remove(&key) {
            let [left, right] = relation
                .sides
                .each_ref()
                .map(|side| self.deployment.side_name(side));
            let message =
                format!("there is no relation of `{left}` and `{right}` to remove at that time");
            self.push(Diagnostic::error(Code::Fault, between_place(file), message));
            return None;
        }
        let RelationSpec { model, sides, .. } = relation;
        Some(Action::RemoveRelation { model, sides }.into())
    }

    fn integrate(&mut self, file: &RelationFile, there: &mut BTreeSet<Key>) -> Option<Fault> {
        let relation = self.fault_relation(file)?;
        let place = between_place(file);
        let key = (relation.model, relation_key(&relation.sides));
        for side in &relation.sides {
            let Some(application) = self.application_behind(side.party) else {
                continue;
            };
            let taken = there
                .iter()
                .flat_map(|(_, sides)| sides)
                .filter(|(party, endpoint)| {
                    self.application_behind(*party) == Some(application)
                        && *endpoint == side.endpoint
                });
            let count = u32::try_from(taken.count()).unwrap_or(u32::MAX);
            if let Some(message) =
                self.over_limit(application, &side.endpoint, count.saturating_add(1))
            {
                self.push(Diagnostic::error(Code::RelationLimit, place, message));
                return None;
            }
        }
        if !there.insert(key) {
            let [left, right] = relation
                .sides
                .each_ref()
                .map(|side| self.deployment.side_name(side));
            let message = format!("`{left}` and `{right}` are related already at that time");
            self.push(Diagnostic::error(Code::Fault, place, message));
            return None;
        }
        let RelationSpec { model, sides, .. } = relation;
        Some(Action::Integrate { model, sides }.into())
    }

    pub(super) fn fault_relation(&mut self, file: &RelationFile) -> Option<RelationSpec> {
        let model = self.fault_model(file)?;
        let between = file.between.as_deref()?;
        let [left, right] = between else {
            let message = format!("a relation has two sides, not {}", between.len());
            self.push(Diagnostic::error(
                Code::BadValue,
                between_place(file),
                message,
            ));
            return None;
        };
        let place = between_place(file);
        let draft = self.draft_between(model, left.clone(), right.clone(), place)?;
        self.resolve_relation(&draft)
    }

    fn fault_model(&mut self, file: &RelationFile) -> Option<usize> {
        let Some(name) = &file.model else {
            if self.deployment.models.len() == 1 {
                return Some(0);
            }
            let message = "there are several models";
            let help = "say in which with `model:`";
            self.push(Diagnostic::error(Code::MissingKey, file.place, message).help(help));
            return None;
        };
        let found = self.model_names.get(&name.value).copied();
        if found.is_none() {
            let message = format!("there is no model `{}`", name.value);
            let near = nearest(&name.value, self.model_names.keys().map(String::as_str));
            let diagnostic = Diagnostic::error(Code::UnknownModel, name.place, message);
            let diagnostic = diagnostic.similar("a model", near);
            self.push(diagnostic);
        }
        found
    }

    fn restart(&mut self, file: &RestartFile) -> Option<Fault> {
        let (application, unit) =
            self.units_of(file.app.as_ref(), file.unit.as_ref(), file.place)?;
        Some(Action::Restart { application, unit }.into())
    }

    fn acme_outage(&mut self, file: &AcmeOutageFile, place: Place) -> Option<Fault> {
        let mut applications = self.deployment.applications.iter();
        if !applications.any(|spec| spec.charm.implementation.orders_from_acme()) {
            let message = "nobody orders from the ACME server";
            self.push(Diagnostic::error(Code::Fault, place, message));
            return None;
        }
        let away = Action::AcmeServer { reachable: false };
        Some(Fault::lasting(away, span(file.lasts.as_ref())))
    }

    fn revoke(&mut self, file: &RevokeFile) -> Option<Fault> {
        let text = file.app.as_ref()?;
        let application = self.application_address(text)?;
        let charm = self.charm(application);
        if !charm.implementation.revokes {
            let message = format!("nobody can revoke what `{}` gave", charm.name);
            let help = "of the charms that are played, only notary-k8s knows revocation";
            self.push(Diagnostic::error(Code::Fault, text.place, message).help(help));
            return None;
        }
        let name = file.name.as_ref()?.value.clone();
        Some(Action::Revoke { application, name }.into())
    }

    fn clock_skew(&mut self, file: &ClockSkewFile) -> Option<Fault> {
        let by = file.by.as_ref();
        let skew_ns = by.and_then(|by| match parse_skew(&by.value) {
            Ok(skew_ns) => Some(skew_ns),
            Err(message) => {
                self.push(Diagnostic::error(Code::BadValue, by.place, message));
                None
            }
        });
        let lasts = span(file.lasts.as_ref());
        if let (Some(name), None, None, None) =
            (&file.controller, &file.machine, &file.app, &file.unit)
        {
            let skew = NetworkAction::SkewController {
                controller: self.controller_named(name)?,
                skew_ns: skew_ns?,
            };
            return Some(Fault::lasting(Action::Network(skew), lasts));
        }
        if let (Some(text), None, None) = (&file.machine, &file.app, &file.unit) {
            let skew = UnitAction::SkewMachine {
                machine: self.machine_address(text)?,
                skew_ns: skew_ns?,
            };
            return Some(Fault::lasting(Action::Unit(skew), lasts));
        }
        let (application, unit) =
            self.units_of(file.app.as_ref(), file.unit.as_ref(), file.place)?;
        let skew = Action::SkewClock {
            application,
            unit,
            skew_ns: skew_ns?,
        };
        Some(Fault::lasting(skew, lasts))
    }

    /// Every unit of `app`, or the one unit; exactly one of both is given.
    pub(super) fn units_of(
        &mut self,
        app: Option<&Text>,
        unit: Option<&Text>,
        place: trustsim_yaml::Place,
    ) -> Option<(usize, Option<u32>)> {
        match (app, unit) {
            (Some(app), None) => Some((self.application_address(app)?, None)),
            (None, Some(unit)) => {
                let address = self.address(unit)?;
                if address.unit.is_none() || address.endpoint.is_some() {
                    let message = format!("`{}` is no unit", unit.value);
                    let help = "write `model.app/0`, or `app:` for every unit";
                    self.push(Diagnostic::error(Code::BadAddress, unit.place, message).help(help));
                    return None;
                }
                Some((address.application, address.unit))
            }
            _ => {
                let message = "name either `app` or `unit`";
                self.push(Diagnostic::error(Code::OneOf, place, message));
                None
            }
        }
    }
}

/// `for:`.
fn span(lasts: Option<&Spanned<DeclaredDuration>>) -> Option<Span> {
    lasts.map(|lasts| lasts.value.0)
}

fn between_place(file: &RelationFile) -> trustsim_yaml::Place {
    match file.between.as_deref() {
        Some([first, .., last]) => trustsim_yaml::Place {
            end: last.place.end,
            ..first.place
        },
        Some([only]) => only.place,
        _ => file.place,
    }
}

/// `5m` is ahead, `-5m` behind.
fn parse_skew(text: &str) -> Result<i64, String> {
    let (sign, length) = match text.trim().strip_prefix('-') {
        Some(length) => (-1, length),
        None => (1, text.trim().trim_start_matches('+')),
    };
    let span: Span = parse_duration(length).map_err(|error| error.to_string())?;
    i64::try_from(span.as_nanos())
        .map(|nanos| sign * nanos)
        .map_err(|_| format!("`{text}` is further off than a clock can be (292 years)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_go_both_ways() {
        assert_eq!(parse_skew("5m"), Ok(300_000_000_000));
        assert_eq!(parse_skew("-30s"), Ok(-30_000_000_000));
        assert!(parse_skew("--5m").is_err());
        assert!(parse_skew("400000d").is_err());
        assert!(parse_skew("later").is_err());
    }
}
