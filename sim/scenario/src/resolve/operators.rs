//! The `operators` section: who answers what applications wait for, and when.

use super::addresses::Addresses;
use super::inventory::Inventory;
use super::source_of;
use crate::format::{DelayFile, OperatorFile};
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_kernel::Delay;
use trustsim_model::{ApplicationIndex, OperatorSpec, When};
use trustsim_yaml::{Map, Reader, Spanned, Text, Unknown};

/// Every operator.
pub(super) fn operators(
    files: Option<&Map<OperatorFile>>,
    inventory: &Inventory,
    out: &mut Diagnostics,
) -> Vec<OperatorSpec> {
    let mut operators = Operators {
        inventory,
        out,
        found: Vec::new(),
    };
    for (name, file) in files.into_iter().flat_map(Map::iter) {
        let operator = operators.operator(name, file);
        operators.found.extend(operator);
    }
    operators.found
}

/// The `operators` section while it is read.
struct Operators<'a> {
    inventory: &'a Inventory,
    out: &'a mut Diagnostics,
    /// Those that are read. An application has one at most.
    found: Vec<OperatorSpec>,
}

impl Operators<'_> {
    fn operator(&mut self, name: &Spanned<String>, file: &OperatorFile) -> Option<OperatorSpec> {
        let mut answers: Vec<ApplicationIndex> = Vec::new();
        for text in file.answers.iter().flatten() {
            if let Some(application) = self.answered(text, file, &answers) {
                answers.push(application);
            }
        }
        let when = when(file, self.out);
        let signs_with = file.signs_with.as_ref().map(|issuer| {
            let mut reader = Reader::new(Unknown::Refused, true);
            let profile = issuer.to_profile(&mut reader);
            self.out.push_mistakes(reader);
            profile
        });
        if let Some(unit) = &file.unit {
            for application in &answers {
                self.check_operator_unit(*application, unit);
            }
        }
        Some(OperatorSpec {
            name: name.value.clone(),
            answers,
            when: when?,
            unit: file.unit.as_ref().map(|unit| unit.value),
            // An operator who is not said to reject any name rejects none.
            rejects: file.rejects.clone().unwrap_or_default(),
            signs_with,
            source: source_of(&self.out.sources, name.place),
        })
    }

    /// One application that they look after, beside those of `before`.
    fn answered(
        &mut self,
        text: &Text,
        file: &OperatorFile,
        before: &[ApplicationIndex],
    ) -> Option<ApplicationIndex> {
        let application = Addresses::new(self.inventory, self.out).application(text)?;
        if before.contains(&application) {
            let message = format!("`{}` is given twice", text.value);
            self.out
                .push(Diagnostic::error(Code::Duplicate, text.place, message));
            return None;
        }
        let taken = |operator: &&OperatorSpec| operator.answers.contains(&application);
        if let Some(other) = self.found.iter().find(taken) {
            let message = format!(
                "`{}` is looked after by `{}` already",
                text.value, other.name
            );
            self.out
                .push(Diagnostic::error(Code::Duplicate, text.place, message));
            return None;
        }
        let charm = self.inventory.charm(application);
        let Some(need) = charm.implementation.operator else {
            let message = format!("the charm `{}` never waits for an operator", charm.name);
            self.out.push(Diagnostic::warning(
                Code::NothingToAnswer,
                text.place,
                message,
            ));
            return Some(application);
        };
        if need.signs && file.signs_with.is_none() {
            let message = format!("`{}` needs an operator who can sign", text.value);
            let help = "declare the CA outside Juju: `signs-with: {chain: [{common-name: ..., validity: ...}]}`";
            self.out
                .push(Diagnostic::error(Code::MissingKey, text.place, message).help(help));
        }
        Some(application)
    }

    fn check_operator_unit(&mut self, application: ApplicationIndex, unit: &Spanned<u32>) {
        let units = self.inventory.deployment().applications[application].units;
        if unit.value >= units {
            let address = self.inventory.deployment().application_address(application);
            let message = format!("there is no unit `{address}/{}`", unit.value);
            self.out
                .push(Diagnostic::error(Code::UnknownUnit, unit.place, message));
        }
    }
}

fn when(file: &OperatorFile, out: &mut Diagnostics) -> Option<When> {
    match (&file.delay, &file.at) {
        (Some(delay), None) => read_delay(delay, out).map(When::After),
        (None, Some(at)) => {
            let mut rounds: Vec<_> = at.iter().map(|at| at.value.0).collect();
            rounds.sort_unstable();
            rounds.dedup();
            Some(When::At(rounds))
        }
        _ => {
            let message = "an operator answers either after a `delay` or `at` given times";
            out.push(Diagnostic::error(Code::OneOf, file.place, message));
            None
        }
    }
}

fn read_delay(file: &DelayFile, out: &mut Diagnostics) -> Option<Delay> {
    match (
        &file.exactly,
        &file.from,
        &file.to,
        &file.median,
        &file.sigma,
    ) {
        (Some(exactly), None, None, None, None) => Some(Delay::Fixed(exactly.0)),
        (None, Some(from), Some(to), None, None) => {
            if from.value.0 > to.value.0 {
                let message = "the longest delay is shorter than the shortest";
                out.push(Diagnostic::error(Code::BadValue, to.place, message));
                return None;
            }
            Some(Delay::Between(from.value.0, to.value.0))
        }
        (None, None, None, Some(median), Some(sigma)) => {
            if !(0.0..=3.0).contains(&sigma.value) {
                let message = format!("`{}` is not between 0 and 3", sigma.value);
                out.push(Diagnostic::error(Code::BadValue, sigma.place, message));
                return None;
            }
            Some(Delay::LogNormal {
                median: median.0,
                sigma_permille: (sigma.value * 1000.0).round() as u32,
            })
        }
        _ => {
            let message = "a delay is one of three things";
            let help = "write `exactly`, or `from` and `to`, or `median` and `sigma`";
            out.push(Diagnostic::error(Code::OneOf, file.place, message).help(help));
            None
        }
    }
}
