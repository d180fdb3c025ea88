//! What may have been meant by a name that no application of a model has: one with a similar name, or one whose charm
//! is called so; where there is neither, those that the model has.

use super::inventory::Inventory;
use trustsim_errors::Diagnostic;
use trustsim_model::ModelIndex;
use trustsim_yaml::nearest;

/// Applications of a model that are listed.
const LISTED: usize = 8;
/// What names of charms have at their end, and people leave out; the longest first.
const ENDINGS: [&str; 3] = ["-k8s-operator", "-operator", "-k8s"];

/// Adds to `diagnostic` what may have been meant by `wrong`. `others` are names that would be right too, and `what`
/// says what all of them are.
pub(super) fn suggest_application<'a>(
    diagnostic: Diagnostic,
    inventory: &'a Inventory,
    model: ModelIndex,
    wrong: &str,
    others: impl Iterator<Item = &'a str>,
    what: &str,
) -> Diagnostic {
    let deployed = deployed(inventory, model);
    if let Some(help) = deployed_as(&deployed, wrong) {
        return diagnostic.help(help);
    }
    let names = inventory.application_names(model);
    let near = nearest(wrong, names.chain(others));
    if near.is_some() {
        return diagnostic.similar(what, near);
    }
    let charms = deployed.iter();
    let charms = charms.flat_map(|(charm, _)| [*charm, without_ending(charm)]);
    let by_charm = nearest(wrong, charms).and_then(|charm| deployed_as(&deployed, charm));
    match by_charm.or_else(|| list(inventory.application_names(model))) {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// Charm and name of each application of a model.
fn deployed(inventory: &Inventory, model: ModelIndex) -> Vec<(&str, &str)> {
    let applications = inventory.deployment().applications.iter();
    applications
        .filter(|application| application.model == model)
        .map(|application| (application.charm.name.as_str(), application.name.as_str()))
        .collect()
}

/// ``charm `grafana-k8s` is deployed here as `graf` ``; `None` where no charm is called so.
fn deployed_as(deployed: &[(&str, &str)], wanted: &str) -> Option<String> {
    let is_meant = |charm: &str| charm == wanted || without_ending(charm) == wanted;
    let &(charm, _) = deployed.iter().find(|(charm, _)| is_meant(charm))?;
    let named = deployed.iter().filter(|(other, _)| *other == charm);
    let named: Vec<String> = named.map(|(_, name)| format!("`{name}`")).collect();
    let named = named.join(" and ");
    Some(format!("charm `{charm}` is deployed here as {named}"))
}

fn without_ending(charm: &str) -> &str {
    let mut short = ENDINGS.iter().filter_map(|end| charm.strip_suffix(end));
    short.next().unwrap_or(charm)
}

/// The first applications of a model, and how many more there are.
fn list<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let names: Vec<&str> = names.collect();
    let shown = names.get(..LISTED).unwrap_or(&names).join(", ");
    match names.len() {
        0 => None,
        1 => Some(format!("its only application is {shown}")),
        count if count > LISTED => {
            let more = count - LISTED;
            Some(format!("its applications are {shown} and {more} more"))
        }
        _ => Some(format!("its applications are {shown}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charm_is_found_with_and_without_its_ending() {
        let deployed = [
            ("grafana-k8s", "graf"),
            ("loki-k8s", "logs"),
            ("grafana-k8s", "g2"),
        ];
        for (wanted, help) in [
            (
                "grafana",
                Some("charm `grafana-k8s` is deployed here as `graf` and `g2`"),
            ),
            (
                "loki-k8s",
                Some("charm `loki-k8s` is deployed here as `logs`"),
            ),
            ("vault", None),
        ] {
            assert_eq!(deployed_as(&deployed, wanted).as_deref(), help, "{wanted}");
        }
    }

    #[test]
    fn eight_applications_are_listed() {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        for (count, listed) in [
            (0, None),
            (1, Some("its only application is a")),
            (2, Some("its applications are a, b")),
            (8, Some("its applications are a, b, c, d, e, f, g, h")),
            (
                10,
                Some("its applications are a, b, c, d, e, f, g, h and 2 more"),
            ),
        ] {
            let names = names[..count].iter().copied();
            assert_eq!(list(names).as_deref(), listed, "{count}");
        }
    }
}
