//! The charms of a scenario that is written: those whose files were found, and what relations tell of others.

use std::collections::BTreeSet;

use trustsim_charms::Role;

use crate::declared::PlannedCharm;
use crate::plan::Plan;
use crate::text::quoted;
use crate::write::{Item, Writer};

impl Writer<'_> {
    pub(crate) fn charms(&mut self, plan: &Plan) {
        let described: BTreeSet<&String> = plan.files.iter().map(|file| &file.name).collect();
        let told = plan
            .charms
            .iter()
            .filter(|(name, _)| !described.contains(name));
        let told: Vec<_> = told.collect();
        if told.is_empty() && plan.files.is_empty() {
            return;
        }
        self.frame("charms:");
        for file in &plan.files {
            let path = self.relative(&file.path.display().to_string());
            let text = format!("  {}: {{from: {}}}", quoted(&file.name), quoted(&path));
            self.push(text, Item::Charm(file.name.clone()), None);
        }
        for (name, charm) in told {
            self.charm(name, charm);
        }
    }

    /// A charm that the catalogue does not know.
    fn charm(&mut self, name: &str, charm: &PlannedCharm) {
        let item = Item::Charm(name.to_owned());
        if self.is_left_out(item.clone()) {
            return;
        }
        let mut push = |text: String, item: Item| self.push(text, item, None);
        push(
            format!("  {}:  # what its relations tell of it", quoted(name)),
            item.clone(),
        );
        push("    more-endpoints: true".to_owned(), item.clone());
        push("    more-options: true".to_owned(), item.clone());
        if charm.subordinate {
            push("    subordinate: true".to_owned(), item.clone());
        }
        for (group, role) in [("provides", Role::Provider), ("requires", Role::Requirer)] {
            let of_role = charm.endpoints.iter().filter(|(_, (of, _, _))| *of == role);
            let mut of_role = of_role.peekable();
            if of_role.peek().is_some() {
                push(format!("    {group}:"), item.clone());
            }
            for (endpoint, (_, interface, container)) in of_role {
                let scope = if *container { ", scope: container" } else { "" };
                let text = format!(
                    "      {}: {{interface: {}{scope}}}",
                    quoted(endpoint),
                    quoted(interface)
                );
                push(text, Item::Endpoint(name.to_owned(), endpoint.clone()));
            }
        }
    }
}
