//! Who answers what imported applications wait for: a Vault is sealed until a person has unsealed it, and no input tells
//! of people.

use trustsim_charms::{Pinned, known_charm};
use trustsim_errors::{Code, Diagnostic, Diagnostics, Label, Severity};
use trustsim_yaml::Place;

use crate::dump::ApplicationDump;
use crate::merge::charm_name;
use crate::plan::Plan;
use crate::text::quoted;
use crate::write::{Item, Writer};

/// How soon they are assumed to come.
const DELAY: &str = "1h";

/// An application that is sealed until a person comes: its address, and what its lines are about.
struct Sealed {
    address: String,
    item: Item,
    place: Place,
}

fn sealed(plan: &Plan) -> Vec<Sealed> {
    let models = plan.models.iter().enumerate();
    let all = models.flat_map(|(at, model)| {
        let applications = model.dump.applications.iter();
        let sealed = applications.filter(|(_, application)| is_sealed(application));
        sealed.map(move |(name, application)| Sealed {
            address: format!("{}.{name}", model.name),
            item: Item::Application(at, name.clone()),
            place: application.place,
        })
    });
    all.collect()
}

/// Says of each such application that people are assumed.
pub(crate) fn note_operators(plan: &Plan, out: &mut Diagnostics) {
    for one in sealed(plan) {
        let message = format!(
            "`{}` is sealed until a person unseals it: one is assumed to come within {DELAY}",
            one.address
        );
        let note = Diagnostic::new(Code::LeftOut, Severity::Note, message);
        let mut note = note.help("say in `operators:` of the scenario when people really come");
        note.primary = Some(Label {
            place: one.place,
            text: String::new(),
        });
        out.push(note);
    }
}

impl Writer<'_> {
    /// The operators of applications that are sealed until a person comes; nothing where there is none.
    pub(crate) fn operators(&mut self, plan: &Plan) {
        let kept = sealed(plan).into_iter();
        let kept: Vec<Sealed> = kept
            .filter(|one| !self.is_left_out(one.item.clone()))
            .collect();
        if kept.is_empty() {
            return;
        }
        self.frame(&format!(
            "# These applications wait for a person. That one comes within {DELAY} is an assumption."
        ));
        self.frame("operators:");
        self.frame("  people:");
        self.frame(&format!("    delay: {{exactly: {DELAY}}}"));
        self.frame("    answers:");
        for one in kept {
            self.push(format!("      - {}", quoted(&one.address)), one.item, None);
        }
        self.frame("");
    }
}

/// Whether the workload of an application is sealed after each start.
fn is_sealed(application: &ApplicationDump) -> bool {
    let Some(charm) = &application.charm else {
        return false;
    };
    let pinned = Pinned {
        channel: application.channel.as_ref().map(|text| text.value.as_str()),
        series: None,
        revision: application.revision.as_ref().map(|revision| revision.value),
        endpoints: &[],
    };
    let known = known_charm(charm_name(&charm.value), pinned);
    known.is_some_and(|known| known.metadata.implementation.seals)
}
