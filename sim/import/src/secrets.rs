//! Options that are set to a secret: none is written, and the scenario says where one was.
//!
//! What is a secret is said by [`trustsim_errors::is_secret`].

use trustsim_charms::{Pinned, known_charm};
use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_yaml::Place;

use crate::dump::ApplicationDump;
use crate::merge::charm_name;
use crate::plan::Plan;
use crate::text::{comment, quoted};
use crate::write::{Item, Writer};

/// What is written in place of a secret that the charm looks at: it matters that there is one, and not which.
const STAND_IN: &str = "left out";

/// Whether the charm of an application is known to have an option.
pub(crate) fn has_option(read: &ApplicationDump, option: &str) -> bool {
    let Some(charm) = &read.charm else {
        return false;
    };
    let pinned = Pinned {
        channel: read.channel.as_ref().map(|text| text.value.as_str()),
        series: None,
        revision: read.revision.as_ref().map(|revision| revision.value),
        endpoints: &[],
    };
    let known = known_charm(charm_name(&charm.value), pinned);
    known.is_some_and(|known| known.metadata.options.contains_key(option))
}

/// Says of each such option that it is left out.
pub(crate) fn note_secrets(plan: &Plan, out: &mut Diagnostics) {
    for model in &plan.models {
        for (name, read) in &model.dump.applications {
            for (option, place) in &read.secrets {
                let help = match has_option(read, option) {
                    true => {
                        "a text without meaning is in its place, since the charm looks whether it is set"
                    }
                    false => "nothing that is played reads it",
                };
                let message = format!(
                    "the option `{option}` of `{name}` looks like a secret: it is left out"
                );
                let note = Diagnostic::new(Code::LeftOut, Severity::Note, message);
                out.push(note.at(*place, "").help(help));
            }
        }
    }
}

impl Writer<'_> {
    /// The secrets among the options of an application, below those that are written.
    pub(crate) fn secrets(&mut self, at: usize, name: &str, read: &ApplicationDump) {
        for (option, place) in &read.secrets {
            let item = Item::Option(at, name.to_owned(), option.clone());
            let about = self.about_secret(*place);
            let line = match has_option(read, option) {
                true => format!(
                    "          {}: {}  # {about}",
                    quoted(option),
                    quoted(STAND_IN)
                ),
                false => format!("          # {} is left out: {about}", comment(option)),
            };
            self.push(line, item, Some(*place));
        }
    }

    fn about_secret(&self, place: Place) -> String {
        match self.origin(place) {
            Some(origin) => format!("a secret, which is not copied; {origin}"),
            None => "a secret, which is not copied".to_owned(),
        }
    }
}
