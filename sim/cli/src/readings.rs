//! The readings of a scenario: the file as it is, and each of its variants, with the connections that each has.

use std::path::Path;

use crate::scenario::load_scenario;
use trustsim_model::Deployment;
use trustsim_scenario::LoadOptions;

/// A client and a server, as `trustsim why` takes them.
pub(super) type Pair = (String, String);

/// One reading of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// The variant; `None` for the file as it is.
    pub(super) variant: Option<String>,
    /// Its connections, each once, in file order.
    pub(super) pairs: Vec<Pair>,
}

impl Reading {
    pub(super) fn new(variant: Option<&str>, deployment: &Deployment) -> Self {
        let mut pairs: Vec<Pair> = Vec::new();
        for connection in &deployment.connections {
            let client = match deployment.application_of(connection.from) {
                Some(application) => deployment.application_address(application).to_string(),
                None => deployment.party_name(connection.from).to_owned(),
            };
            let server = deployment.application_address(connection.to).to_string();
            if !pairs.contains(&(client.clone(), server.clone())) {
                pairs.push((client, server));
            }
        }
        Self {
            variant: variant.map(str::to_owned),
            pairs,
        }
    }

    /// Whether it has a connection from `client` to `server`, each `model.app`, one of its units, or the name of a
    /// client outside Juju.
    pub(super) fn connects(&self, client: &str, server: &str) -> bool {
        let is_of = |given: &str, known: &String| {
            let rest = given.strip_prefix(known.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut pairs = self.pairs.iter();
        pairs.any(|(from, to)| is_of(client, from) && is_of(server, to))
    }

    /// Whose connections they are: `the scenario`, or ``variant `fixed` ``.
    pub(super) fn name(&self) -> String {
        match &self.variant {
            None => "the scenario".to_owned(),
            Some(variant) => format!("variant `{variant}`"),
        }
    }

    /// How it is asked for.
    pub(super) fn how(&self) -> String {
        match &self.variant {
            None => "without --variant".to_owned(),
            Some(variant) => format!("--variant {variant}"),
        }
    }
}

/// Every other reading of a scenario than `variant`. What cannot be read has no connections.
pub(super) fn others(path: &Path, asked: LoadOptions<'_>, variants: &[String]) -> Vec<Reading> {
    let all = std::iter::once(None).chain(variants.iter().map(|name| Some(name.as_str())));
    let read = |other: Option<&str>| {
        let options = LoadOptions {
            variant: other,
            ..asked
        };
        let loaded = load_scenario(path, options).ok()?;
        Some(Reading::new(other, &loaded.deployment))
    };
    all.filter(|other| *other != asked.variant)
        .filter_map(read)
        .collect()
}
