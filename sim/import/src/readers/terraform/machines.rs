//! The machines of an application, their constraints, and the spaces of its endpoints.

use std::collections::BTreeMap;

use trustsim_yaml::{Node, Spanned, Text};

use super::models::Reading;
use super::references::{Given, split};
use super::resources::{Resource, unkeyed};
use crate::addresses::{of_constraints, of_pairs};
use crate::readers::status::placement;
use crate::readers::{left_out, text};

impl<'a> Reading<'a> {
    /// The machines that an application is deployed to, as `to` of a bundle has them. Their numbers are known after apply:
    /// before it, what `machines` refers to is counted among the machines of the model. With them come the constraints of
    /// containers, which are made for their units.
    pub(super) fn machines_of(
        &mut self,
        resource: &Resource<'_>,
        model: &str,
    ) -> (Vec<Text>, Option<Text>) {
        let given = resource.values.get("machines");
        let place = given.map_or(resource.place, |machines| machines.place);
        let known = resource.values.elements_of("machines").iter();
        let known = known.filter_map(|machine| Some(machine.as_scalar()?.canonical()));
        let mut numbers: Vec<String> = known.collect();
        if numbers.is_empty() {
            numbers = self.referred_machines(resource, model);
        }
        let mut of_containers = None;
        for (number, machine) in self.machines_in(model) {
            let constraints = of_constraints(machine.values.get("constraints"));
            let Some(constraints) = constraints.filter(|_| numbers.contains(&number)) else {
                continue;
            };
            if number.contains('/') {
                of_containers = of_containers.or(Some(constraints));
            } else {
                let model = self.model(model, machine.place);
                model.constraints.insert(number, constraints);
            }
        }
        let to = numbers
            .iter()
            .map(|number| Spanned::new(placement(number), place));
        (to.collect(), of_containers)
    }

    /// The machines of a model, each with its number: the one that it has, or the next one that is free.
    fn machines_in(&mut self, model: &str) -> Vec<(String, Resource<'a>)> {
        let resources = self.resources;
        let all = resources.of_kind("juju_machine");
        let all = all.filter(|machine| !machine.is_data());
        let own: Vec<&'a Resource<'a>> = all
            .filter(|machine| self.model_of(machine) == model)
            .collect();
        let number = |machine: &Resource<'_>| Some(text(machine.values, "machine_id")?.value);
        let taken: Vec<String> = own.iter().filter_map(|machine| number(machine)).collect();
        let mut free = (0_u32..).map(|number| number.to_string());
        let mut next = || {
            let found = free.find(|number| !taken.contains(number));
            found.expect("there are more numbers than machines")
        };
        let numbered = own
            .into_iter()
            .map(|machine| (number(machine).unwrap_or_else(&mut next), machine.clone()));
        numbered.collect()
    }

    /// The machines that the expression of an application refers to: each instance of a resource.
    fn referred_machines(&mut self, resource: &Resource<'_>, model: &str) -> Vec<String> {
        let (module, _) = split(&unkeyed(&resource.address));
        let expression = self.configuration.expressions(&resource.address);
        let given = expression.and_then(|expressions| {
            self.configuration
                .given(expressions.get("machines")?, &module)
        });
        let Some(Given::Attribute { address, .. }) = given else {
            return Vec::new();
        };
        let from = resource.module().to_owned();
        let machines = self.machines_in(model).into_iter();
        let referred = machines.filter(|(_, machine)| {
            // Each instance of a module has machines of its own.
            unkeyed(&machine.address) == address
                && (machine.module().starts_with(&from) || from.starts_with(machine.module()))
        });
        referred.map(|(number, _)| number).collect()
    }

    /// `endpoint_bindings`: without an endpoint the space of all others (juju/terraform-provider-juju
    /// `docs/resources/application.md` at 0c40cee).
    pub(super) fn bindings_of(&mut self, resource: &Resource<'_>) -> BTreeMap<String, Text> {
        let mut pairs = Vec::new();
        for binding in resource.values.elements_of("endpoint_bindings") {
            let endpoint = text(binding, "endpoint").map_or_else(String::new, |text| text.value);
            match text(binding, "space") {
                Some(space) => pairs.push((endpoint, space)),
                None => self.leave_out_binding(binding, resource, &endpoint),
            }
        }
        of_pairs(pairs.into_iter())
    }

    fn leave_out_binding(&mut self, binding: &Node, resource: &Resource<'_>, endpoint: &str) {
        let of = match endpoint {
            "" => format!("of all endpoints of `{}`", resource.address),
            _ => format!("of `{endpoint}` of `{}`", resource.address),
        };
        let message = format!("the space {of} is known after apply: the binding is left out");
        let help = "give the state after apply: terraform show -json";
        left_out(self.out, binding.place, message, help);
    }
}
