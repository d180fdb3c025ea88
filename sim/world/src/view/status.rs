//! `juju status --format json` of one model (juju/juju 3.6 `cmd/juju/status/formatted.go`).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::Simulation;
use trustsim_juju::{
    ALPHA, Application, ApplicationId, ApplicationKind, Juju, Machine, ModelId, Role, UnitId,
};
use trustsim_kernel::Time;
use trustsim_model::CharmStore;

impl Simulation {
    /// Names of all models, in file order.
    pub fn model_names(&self) -> Vec<String> {
        self.juju()
            .models()
            .map(|(_, model)| model.name.to_string())
            .collect()
    }

    /// What `juju status -m MODEL --format json` would print now; `None` for an unknown model.
    pub fn status(&self, model: &str) -> Option<Value> {
        let juju = self.juju();
        let (id, found) = juju.models().find(|(_, found)| *found.name == *model)?;
        let since = timestamp(self.deployment().start);
        let controller = &juju.controller(found.controller).name;
        let mut applications = Map::new();
        let mut remote = Map::new();
        let mut offers = Map::new();
        for application in &found.applications {
            let app = juju.application(*application);
            match &app.kind {
                // The last that referred to it is gone, and it with that.
                ApplicationKind::Local if app.is_removed() => {}
                ApplicationKind::Local => {
                    applications.insert(app.name.to_string(), self.application(*application));
                    offers.extend(self.offers(*application));
                }
                ApplicationKind::Saas { url, .. } => {
                    remote.insert(app.name.to_string(), self.saas(*application, url));
                }
                ApplicationKind::Consumer { .. } => {}
            }
        }
        let mut status = json!({
            "model": {
                "name": model,
                "type": if found.kubernetes { "caas" } else { "iaas" },
                "controller": &**controller,
                "cloud": "trustsim",
                "version": "3.6.0",
                "model-status": {"current": "available", "since": since},
                "sla": "unsupported",
            },
            "machines": self.machines(id),
            "applications": applications,
        });
        if !remote.is_empty() {
            status["application-endpoints"] = remote.into();
        }
        if !offers.is_empty() {
            status["offers"] = offers.into();
        }
        status["storage"] = json!({});
        status["controller"] = json!({"timestamp": timestamp(self.now())});
        Some(status)
    }

    fn machines(&self, model: ModelId) -> Value {
        let since = timestamp(self.deployment().start);
        let machines = self
            .juju()
            .machines()
            .filter(|(_, machine)| machine.model == model);
        let of_model: BTreeMap<String, Value> = machines
            .map(|(_, machine)| {
                let status = json!({
                    "juju-status": {"current": "started", "since": since, "version": "3.6.0"},
                    "dns-name": &*machine.address,
                    "ip-addresses": ip_addresses(machine),
                    "instance-id": format!("juju-{}", machine.id.replace('/', "-")),
                    "machine-status": {"current": "running", "since": since},
                    "network-interfaces": network_interfaces(machine),
                    "base": {"name": "ubuntu", "channel": "24.04"},
                });
                (machine.id.to_string(), status)
            })
            .collect();
        json!(of_model)
    }

    fn application(&self, id: ApplicationId) -> Value {
        let juju = self.juju();
        let application = juju.application(id);
        let now = self.version_now(id);
        let kubernetes = juju.model(application.model).kubernetes;
        let mut status = json!({
            "charm": &*application.charm,
            "base": {"name": "ubuntu", "channel": "24.04"},
            "charm-origin": match now.store {
                CharmStore::Local => "local",
                CharmStore::Charmhub | CharmStore::Old { .. } => "charmhub",
            },
            "charm-name": &*application.charm,
            // Juju prints a number in any case: 0 is a charm that is not from Charmhub, and one of which it is not known here.
            "charm-rev": now.revision.unwrap_or(0),
        });
        if let Some(channel) = now.channel {
            status["charm-channel"] = json!(channel);
        }
        if kubernetes {
            status["scale"] = json!(application.units.len());
        }
        status["exposed"] = json!(false);
        if application.dying {
            status["life"] = json!("dying");
        }
        status["application-status"] = self.application_status(application);
        status["relations"] = relations(juju, id);
        if application.subordinate {
            return status;
        }
        let units: Map<String, Value> = application
            .units
            .iter()
            .map(|unit| (juju.unit(*unit).name.to_string(), self.unit_status(*unit)))
            .collect();
        status["units"] = units.into();
        let bindings = application
            .endpoints
            .iter()
            .filter(|info| &*info.name != "juju-info");
        let bindings: BTreeMap<String, &str> = bindings
            .map(|info| (info.name.to_string(), juju.space_of(id, &info.name)))
            .collect();
        let mut all = BTreeMap::from([(String::new(), juju.space_of(id, ""))]);
        all.extend(bindings);
        status["endpoint-bindings"] = json!(all);
        status
    }

    /// The worst status of the units, as Juju derives it where the charm sets none.
    fn application_status(&self, application: &Application) -> Value {
        let juju = self.juju();
        let rank = |status: &str| {
            [
                "error",
                "blocked",
                "maintenance",
                "waiting",
                "active",
                "terminated",
                "unknown",
            ]
            .iter()
            .position(|known| *known == status)
        };
        let units = application
            .units
            .iter()
            .map(|unit| workload_status(juju, *unit));
        let worst = units.min_by_key(|(current, ..)| rank(current));
        let unknown = ("unknown", String::new(), self.deployment().start);
        let (current, message, since) = worst.unwrap_or(unknown);
        status_value(current, &message, since)
    }

    fn unit_status(&self, id: UnitId) -> Value {
        let juju = self.juju();
        let unit = juju.unit(id);
        let application = juju.application(unit.application);
        let (current, message, since) = workload_status(juju, id);
        let (agent, agent_message) = juju.agent_status(id);
        let mut agent = status_value(agent, &agent_message, self.deployment().start);
        agent["version"] = json!("3.6.0");
        let mut status = json!({
            "workload-status": status_value(current, &message, since),
            "juju-status": agent,
        });
        if application.lease.holder == Some(id) {
            status["leader"] = json!(true);
        }
        if let Some(machine) = unit.machine {
            status["machine"] = json!(&*juju.machine(machine).id);
            status["public-address"] = json!(&*unit.address.value);
        } else {
            status["address"] = json!(&*unit.address.value);
            status["provider-id"] = json!(unit.name.replace('/', "-"));
        }
        status
    }

    fn saas(&self, id: ApplicationId, url: &str) -> Value {
        let juju = self.juju();
        let application = juju.application(id);
        let mut links = juju.links().filter(|(_, link)| {
            juju.relation(link.consumer)
                .ends
                .iter()
                .any(|end| end.application == id)
        });
        let error = links.find_map(|(_, link)| link.error.clone());
        let since = self.deployment().start;
        let status = match error {
            Some(error) => status_value("error", &error.of_link(), since),
            // juju/juju 3.6 `internal/worker/remoterelations/remoteapplicationworker.go`.
            None if application.terminated => {
                status_value("terminated", "offer has been removed", since)
            }
            None => status_value("active", "", since),
        };
        let used = application.relations.iter().filter_map(|relation| {
            let relation = juju.relation(*relation);
            Some(relation.ends[relation.end_of(id)?].endpoint.to_string())
        });
        let used: Vec<String> = used.collect();
        let endpoints: BTreeMap<String, Value> = application
            .endpoints
            .iter()
            .filter(|info| used.contains(&info.name.to_string()))
            .map(|info| {
                (
                    info.name.to_string(),
                    endpoint_value(&info.interface, info.role),
                )
            })
            .collect();
        json!({
            "url": url,
            "endpoints": endpoints,
            "application-status": status,
            "relations": relations(juju, id),
        })
    }

    fn offers(&self, id: ApplicationId) -> Vec<(String, Value)> {
        let juju = self.juju();
        let application = juju.application(id);
        let offers = application.offers.iter().map(|(name, endpoints)| {
            let connected = application.relations.iter().filter(|relation| {
                let relation = juju.relation(**relation);
                let own = relation.ends.iter().find(|end| end.application == id);
                own.is_some_and(|end| relation.link.is_some() && endpoints.contains(&end.endpoint))
            });
            let connected = connected.count();
            let shown: BTreeMap<String, Value> = application
                .endpoints
                .iter()
                .filter(|info| endpoints.contains(&info.name))
                .map(|info| {
                    (
                        info.name.to_string(),
                        endpoint_value(&info.interface, info.role),
                    )
                })
                .collect();
            let offer = json!({
                "application": &*application.name,
                "charm": &*application.charm,
                "total-connected-count": connected,
                "active-connected-count": connected,
                "endpoints": shown,
            });
            (name.to_string(), offer)
        });
        offers.collect()
    }
}

/// Every address of a machine, the private one first.
fn ip_addresses(machine: &Machine) -> Vec<&str> {
    let mut all = vec![&*machine.address];
    for address in machine.spaces.values().flatten() {
        if !all.contains(&&**address) {
            all.push(address);
        }
    }
    all
}

/// The interfaces of a machine: one in each space (`cmd/juju/status/formatted.go`, `networkInterface`).
fn network_interfaces(machine: &Machine) -> Value {
    let mut spaces: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (space, addresses) in &machine.spaces {
        spaces.insert(space, addresses.iter().map(|address| &**address).collect());
    }
    if !spaces
        .values()
        .flatten()
        .any(|known| *known == &*machine.address)
    {
        spaces.insert(ALPHA, vec![&*machine.address]);
    }
    let shown = spaces
        .into_iter()
        .enumerate()
        .map(|(number, (space, addresses))| {
            let shown = json!({"ip-addresses": addresses, "is-up": true, "space": space});
            (format!("eth{number}"), shown)
        });
    Value::Object(shown.collect())
}

fn endpoint_value(interface: &str, role: Role) -> Value {
    let role = match role {
        Role::Provider => "provider",
        Role::Requirer => "requirer",
        Role::Peer => "peer",
    };
    json!({"interface": interface, "role": role})
}

/// Relations by local endpoint; what is on the other side of each.
/// What each endpoint is related to: an application once, however many relations to it there are (juju/juju 3.6
/// `apiserver/facades/client/client/status.go`, `processApplicationRelations`).
fn relations(juju: &Juju, id: ApplicationId) -> Value {
    let mut by_endpoint: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for relation in &juju.application(id).relations {
        let relation = juju.relation(*relation);
        let Some(end) = relation.end_of(id) else {
            continue;
        };
        let remote = juju.application(relation.opposite(end).application);
        // The offering side does not see who consumes.
        if matches!(remote.kind, ApplicationKind::Consumer { .. }) {
            continue;
        }
        let entry = json!({
            "related-application": &*remote.name,
            "interface": &*relation.interface,
            "scope": "global",
        });
        by_endpoint
            .entry(relation.ends[end].endpoint.to_string())
            .or_default()
            .entry(remote.name.to_string())
            .or_insert(entry);
    }
    let listed = by_endpoint.into_iter();
    let listed = listed.map(|(endpoint, related)| (endpoint, related.into_values().collect()));
    Value::Object(listed.collect())
}

/// A unit whose hook failed shows `error` over its workload status.
fn workload_status(juju: &Juju, id: UnitId) -> (&'static str, String, Time) {
    let unit = juju.unit(id);
    let (agent, message) = juju.agent_status(id);
    if agent == "error" {
        return ("error", message, unit.status_since);
    }
    let (status, message) = &unit.status;
    (status.as_str(), message.to_string(), unit.status_since)
}

fn status_value(current: &str, message: &str, since: Time) -> Value {
    let mut status = json!({"current": current});
    if !message.is_empty() {
        status["message"] = json!(message);
    }
    status["since"] = json!(timestamp(since));
    status
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// As Juju prints instants with `--utc`: `02 May 2023 10:50:02Z`.
fn timestamp(time: Time) -> String {
    let text = time.truncated_to_seconds().to_string();
    let (date, clock) = text
        .split_once('T')
        .expect("an instant has a date and a time");
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        panic!("a date has three parts: {date}");
    };
    let month: usize = month.parse().expect("months are numbered");
    format!("{day} {} {year} {clock}", MONTHS[month - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_juju_writes_them() {
        let time = Time::parse("2023-05-02T10:50:02.5Z").expect("an instant");
        assert_eq!(timestamp(time), "02 May 2023 10:50:02Z");
    }
}
