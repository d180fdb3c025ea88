//! `juju status` as a table, from the same value that its JSON is.
//!
//! Sections, columns, order and words are those of juju/juju
//! cmd/juju/status/output_tabular.go (3.6).

use serde_json::{Map, Value};

use super::terminal::{Align, Cell, Table, style};
use super::words::number::natural;

/// The tables of one model's status.
pub fn status_tables(status: &Value) -> String {
    let sections = [
        model(status),
        saas(status),
        applications(status),
        units(status),
        machines(status),
        offers(status),
    ];
    let tables: Vec<String> = sections
        .iter()
        .filter(|table| !table.is_empty())
        .map(Table::render)
        .collect();
    tables.join("\n")
}

fn model(status: &Value) -> Table {
    let mut table = left(&[
        "Model",
        "Controller",
        "Cloud/Region",
        "Version",
        "Timestamp",
    ]);
    let model = &status["model"];
    let cloud = match text(model, "region") {
        "" => text(model, "cloud").to_owned(),
        region => format!("{}/{region}", text(model, "cloud")),
    };
    let timestamp = text(&status["controller"], "timestamp");
    table.row([
        Cell::plain(text(model, "name")),
        Cell::plain(text(model, "controller")),
        Cell::plain(&cloud),
        Cell::plain(text(model, "version")),
        Cell::plain(timestamp),
    ]);
    table
}

fn saas(status: &Value) -> Table {
    let mut table = left(&["SAAS", "Status", "Store", "URL"]);
    for (name, saas) in sorted(&status["application-endpoints"]) {
        let url = text(saas, "url");
        let store = url.split_once(':').map_or("local", |(store, _)| store);
        table.row([
            Cell::plain(name),
            state(current(saas, "application-status")),
            Cell::plain(store),
            Cell::plain(url.split_once(':').map_or(url, |(_, rest)| rest)),
        ]);
    }
    table
}

fn applications(status: &Value) -> Table {
    let kubernetes = text(&status["model"], "type") == "caas";
    let mut header = vec![
        ("App", Align::Left),
        ("Version", Align::Left),
        ("Status", Align::Left),
        ("Scale", Align::Right),
        ("Charm", Align::Left),
        ("Channel", Align::Left),
        ("Rev", Align::Right),
    ];
    if kubernetes {
        header.push(("Address", Align::Left));
    }
    header.extend([("Exposed", Align::Left), ("Message", Align::Left)]);
    let mut table = Table::new(&header);
    for (name, application) in sorted(&status["applications"]) {
        let units = object(&application["units"]).map_or(0, Map::len);
        let scale = match application["scale"].as_u64() {
            Some(scale) if scale as usize != units => format!("{units}/{scale}"),
            _ => units.to_string(),
        };
        let mut row = vec![
            Cell::plain(name),
            Cell::plain(text(application, "version")),
            state(current(application, "application-status")),
            Cell::plain(&scale),
            Cell::plain(first(application, &["charm-name", "charm"])),
            Cell::plain(text(application, "charm-channel")),
            Cell::plain(&number(&application["charm-rev"])),
        ];
        if kubernetes {
            row.push(Cell::plain(text(application, "address")));
        }
        // `juju status` leaves out what is false, zero or empty (`omitempty`).
        let exposed = application["exposed"] == true;
        row.push(Cell::plain(if exposed { "yes" } else { "no" }));
        row.push(Cell::plain(text(
            &application["application-status"],
            "message",
        )));
        table.row(row);
    }
    table
}

fn units(status: &Value) -> Table {
    let kubernetes = text(&status["model"], "type") == "caas";
    let mut table = match kubernetes {
        true => left(&["Unit", "Workload", "Agent", "Address", "Ports", "Message"]),
        false => left(&[
            "Unit",
            "Workload",
            "Agent",
            "Machine",
            "Public address",
            "Ports",
            "Message",
        ]),
    };
    for (_, application) in sorted(&status["applications"]) {
        for (name, unit) in sorted(&application["units"]) {
            unit_row(&mut table, name, unit, kubernetes, "");
            for (name, subordinate) in sorted(&unit["subordinates"]) {
                unit_row(&mut table, name, subordinate, kubernetes, "  ");
            }
        }
    }
    table
}

fn unit_row(table: &mut Table, name: &str, unit: &Value, kubernetes: bool, indent: &str) {
    let leader = if unit["leader"] == true { "*" } else { "" };
    let ports: Vec<&str> = unit["open-ports"]
        .as_array()
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let mut row = vec![
        Cell::plain(&format!("{indent}{name}{leader}")),
        state(current(unit, "workload-status")),
        state(current(unit, "juju-status")),
    ];
    if kubernetes {
        row.push(Cell::plain(text(unit, "address")));
    } else {
        row.push(Cell::plain(text(unit, "machine")));
        row.push(Cell::plain(text(unit, "public-address")));
    }
    row.push(Cell::plain(&ports.join(",")));
    row.push(Cell::plain(text(&unit["workload-status"], "message")));
    table.row(row);
}

fn machines(status: &Value) -> Table {
    let mut table = left(&[
        "Machine", "State", "Address", "Inst id", "Base", "AZ", "Message",
    ]);
    for (name, machine) in sorted(&status["machines"]) {
        let base = match (
            text(&machine["base"], "name"),
            text(&machine["base"], "channel"),
        ) {
            ("", _) => String::new(),
            (name, channel) => format!("{name}@{channel}"),
        };
        table.row([
            Cell::plain(name),
            state(current(machine, "juju-status")),
            Cell::plain(text(machine, "dns-name")),
            Cell::plain(text(machine, "instance-id")),
            Cell::plain(&base),
            Cell::plain(""),
            Cell::plain(text(&machine["machine-status"], "message")),
        ]);
    }
    table
}

fn offers(status: &Value) -> Table {
    let mut table = left(&[
        "Offer",
        "Application",
        "Charm",
        "Rev",
        "Connected",
        "Endpoint",
        "Interface",
        "Role",
    ]);
    for (name, offer) in sorted(&status["offers"]) {
        let charm = text(offer, "charm");
        let revision = charm.rsplit_once('-').map_or("", |(_, revision)| revision);
        let numeric = !revision.is_empty() && revision.bytes().all(|b| b.is_ascii_digit());
        let connected = format!(
            "{}/{}",
            offer["active-connected-count"].as_u64().unwrap_or(0),
            offer["total-connected-count"].as_u64().unwrap_or(0)
        );
        for (index, (endpoint, shape)) in sorted(&offer["endpoints"]).into_iter().enumerate() {
            let once = |text: &str| Cell::plain(if index == 0 { text } else { "" });
            table.row([
                once(name),
                once(text(offer, "application")),
                once(charm),
                once(if numeric { revision } else { "" }),
                once(&connected),
                Cell::plain(endpoint),
                Cell::plain(text(shape, "interface")),
                Cell::plain(text(shape, "role")),
            ]);
        }
    }
    table
}

/// A status word in the colour that Juju gives it.
fn state(word: &str) -> Cell {
    let colour = match word {
        "active" | "idle" | "started" | "executing" | "running" | "attached" => style::GOOD,
        "maintenance" | "pending" | "unknown" | "waiting" | "allocating" | "installing" => {
            style::WAIT
        }
        "blocked" | "down" | "error" | "failed" | "lost" | "terminated" => style::BAD,
        _ => style::PLAIN,
    };
    Cell::new(word, colour)
}

fn left(header: &[&str]) -> Table {
    let header: Vec<(&str, Align)> = header.iter().map(|&name| (name, Align::Left)).collect();
    Table::new(&header)
}

fn object(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object()
}

fn sorted(value: &Value) -> Vec<(&str, &Value)> {
    let mut entries: Vec<(&str, &Value)> = object(value)
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
        .collect();
    entries.sort_by_cached_key(|(name, _)| natural(name));
    entries
}

/// The text at a key; empty where there is none: `juju status` leaves out what is empty.
fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The first text that is not empty, of several keys; empty where none is.
fn first<'a>(value: &'a Value, keys: &[&str]) -> &'a str {
    let mut texts = keys.iter().map(|key| text(value, key));
    texts.find(|text| !text.is_empty()).unwrap_or_default()
}

fn current<'a>(value: &'a Value, key: &str) -> &'a str {
    text(&value[key], "current")
}

fn number(value: &Value) -> String {
    value
        .as_u64()
        .map_or_else(String::new, |number| number.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stripped(status: &Value) -> String {
        anstream::adapter::strip_str(&status_tables(status)).to_string()
    }

    #[test]
    fn a_kubernetes_model() {
        let status = json!({
            "model": {
                "name": "a", "type": "caas", "controller": "k8s", "cloud": "microk8s",
                "region": "localhost", "version": "3.6.0",
            },
            "application-endpoints": {
                "root": { "url": "lxd:admin/pki.ca", "application-status": { "current": "active" } },
            },
            "applications": {
                "web": {
                    "charm-name": "web", "charm-channel": "latest/stable", "charm-rev": 7,
                    "scale": 3, "address": "10.1.0.1", "exposed": false,
                    "application-status": { "current": "blocked", "message": "no certificate" },
                    "units": {
                        "web/10": unit("active", false),
                        "web/2": unit("blocked", true),
                    },
                },
            },
            "offers": {
                "ca": {
                    "application": "ca", "charm": "ch:self-signed-certificates-264",
                    "active-connected-count": 1, "total-connected-count": 2,
                    "endpoints": {
                        "certificates": { "interface": "tls-certificates", "role": "provider" },
                        "send-ca-cert": { "interface": "certificate_transfer", "role": "provider" },
                    },
                },
            },
            "controller": { "timestamp": "12:00:00Z" },
        });
        insta::assert_snapshot!(stripped(&status));
    }

    fn unit(workload: &str, leader: bool) -> Value {
        let mut unit = json!({
            "workload-status": { "current": workload, "message": "" },
            "juju-status": { "current": "idle" },
            "address": "10.1.0.2",
            "open-ports": ["443/tcp"],
        });
        if leader {
            unit["leader"] = json!(true);
        }
        unit
    }

    #[test]
    fn a_machine_model_with_a_subordinate() {
        let status = json!({
            "model": { "name": "m", "type": "iaas", "controller": "lxd", "cloud": "lxd" },
            "machines": {
                "0": {
                    "juju-status": { "current": "started" }, "dns-name": "10.0.0.1",
                    "instance-id": "juju-0", "base": { "name": "ubuntu", "channel": "24.04" },
                },
            },
            "applications": {
                "db": {
                    "charm-name": "db", "application-status": { "current": "active" },
                    "exposed": true,
                    "units": {
                        "db/0": {
                            "workload-status": { "current": "active" },
                            "juju-status": { "current": "executing" },
                            "leader": true, "machine": "0", "public-address": "10.0.0.1",
                            "subordinates": {
                                "agent/0": {
                                    "workload-status": { "current": "waiting", "message": "for peers" },
                                    "juju-status": { "current": "idle" },
                                    "leader": true, "public-address": "10.0.0.1",
                                },
                            },
                        },
                    },
                },
                "agent": {
                    "charm-name": "agent", "application-status": { "current": "waiting" },
                    "subordinate-to": ["db"],
                },
            },
        });
        insta::assert_snapshot!(stripped(&status));
    }

    #[test]
    fn a_value_of_another_shape_is_only_a_heading() {
        assert!(status_tables(&json!([1, 2])).starts_with("Model"));
    }
}
