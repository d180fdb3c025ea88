//! The scenario of a session as it grows, with the keys of a scenario file. Must not know when anything of it is played.

use std::path::PathBuf;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// A scenario as a session writes it: a part of what a scenario file may have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Written {
    /// `session`.
    pub(crate) name: String,
    /// The seed, where it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seed: Option<u64>,
    /// Controllers that models name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) controllers: IndexMap<String, Map<String, Json>>,
    /// Models, in the order in which they were added.
    #[serde(default)]
    pub(crate) models: IndexMap<String, WrittenModel>,
    /// Charms that are played by their own code.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) charms: IndexMap<String, WrittenCharm>,
    /// Clients outside Juju.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) clients: IndexMap<String, Map<String, Json>>,
    /// People who do what applications wait for.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) operators: IndexMap<String, Map<String, Json>>,
    /// Connections that are watched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) connections: Vec<Map<String, Json>>,
    /// What was done once time had passed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) faults: Vec<Map<String, Json>>,
    /// How much time has passed; none where nothing was played yet. Last, so that every line before it stays where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct WrittenModel {
    /// `kubernetes`, or nothing for machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bundle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) controller: Option<String>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) config: IndexMap<String, Json>,
    #[serde(default)]
    pub(crate) applications: IndexMap<String, WrittenApplication>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) relations: Vec<[String; 2]>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) saas: IndexMap<String, WrittenSaas>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenApplication {
    pub(crate) charm: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) channel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<u64>,
    pub(crate) num_units: u32,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) options: IndexMap<String, Json>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) offers: IndexMap<String, WrittenOffer>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenOffer {
    pub(crate) endpoints: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenSaas {
    pub(crate) url: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenCharm {
    pub(crate) source: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) python: Option<PathBuf>,
}

impl Written {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            name: "session".to_owned(),
            ..Self::default()
        }
    }

    /// Whether two have the same but for what was done once time had passed.
    pub(crate) fn begins_as(&self, other: &Self) -> bool {
        let beginning = |written: &Self| Self {
            faults: Vec::new(),
            duration: None,
            ..written.clone()
        };
        beginning(self) == beginning(other)
    }

    /// As the text of a file.
    pub(crate) fn text(&self) -> String {
        let mut text =
            serde_json::to_string_pretty(self).expect("names, texts and numbers can be written");
        text.push('\n');
        text
    }
}
