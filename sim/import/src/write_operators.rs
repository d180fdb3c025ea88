//! Who answers what imported applications wait for: a Vault is sealed until a person has unsealed it, and no input tells
//! of people.

use trustsim_charms::{Pinned, known_charm};

use crate::dump::ApplicationDump;
use crate::merge::charm_name;
use crate::plan::Plan;
use crate::text::quoted;
use crate::write::{Item, Writer};

/// How soon they are assumed to come.
const DELAY: &str = "1h";

impl Writer<'_> {
    /// The operators of applications that are sealed until a person comes; nothing where there is none.
    pub(crate) fn operators(&mut self, plan: &Plan) {
        let mut sealed = Vec::new();
        for (at, model) in plan.models.iter().enumerate() {
            for (name, application) in &model.dump.applications {
                let item = Item::Application(at, name.clone());
                if is_sealed(application) && !self.is_left_out(item.clone()) {
                    sealed.push((format!("{}.{name}", model.name), item));
                }
            }
        }
        if sealed.is_empty() {
            return;
        }
        self.frame("# That people come so soon to what waits for them, to be unsealed for example, is an assumption.");
        self.frame("operators:");
        self.frame("  people:");
        self.frame(&format!("    delay: {{exactly: {DELAY}}}"));
        self.frame("    answers:");
        for (address, item) in sealed {
            self.push(format!("      - {}", quoted(&address)), item, None);
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
