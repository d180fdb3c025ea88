//! Workloads that read the files of their certificate for each connection, and so need no restart for a new one. Must not
//! know charms: a program is known by its name in the plan of Pebble.

use serde_json::Value as Json;

/// Programs that do, by the name of their file: the web server of Prometheus and Alertmanager loads the pair of its
/// `tls_server_config` anew for each handshake (prometheus/exporter-toolkit 19a7c2d `web/tls_config.go`,
/// `getTLSConfig` and `ConfigToTLSConfig`), and so does that of Loki (grafana/dskit 0682988 `server/server.go` with the same
/// toolkit).
const PROGRAMS: [&str; 3] = ["alertmanager", "loki", "prometheus"];

/// Whether one of the services that Pebble runs, as the worker keeps what it knows, is such a program.
pub(crate) fn runs_one(known: &Json) -> bool {
    running(known).any(|service| {
        let command = service.pointer("/started-with/command");
        let program = command.and_then(Json::as_str).and_then(program);
        program.is_some_and(|name| PROGRAMS.contains(&name))
    })
}

/// Whether Pebble runs any service.
pub(crate) fn runs_any(known: &Json) -> bool {
    running(known).next().is_some()
}

fn running(known: &Json) -> impl Iterator<Item = &Json> {
    let services = known.get("services").and_then(Json::as_object);
    let services = services.into_iter().flat_map(|all| all.values());
    services.filter(|service| service.get("status").and_then(Json::as_str) == Some("active"))
}

/// The name of the file that a command runs, which may be quoted.
fn program(command: &str) -> Option<&str> {
    let first = command.split_whitespace().next()?;
    let path = first.trim_matches(['"', '\'']);
    path.rsplit('/').next()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_program_is_known_by_its_file_while_it_runs() {
        let known = |status: &str, command: &str| json!({"layers": [], "services": {"it": {"status": status, "started-with": {"command": command}}}});
        for (status, command, is_one) in [
            ("active", "/bin/prometheus --config.file=/etc/p.yml", true),
            ("active", "alertmanager --web.config.file=/etc/w.yml", true),
            ("active", "'/usr/bin/loki' -config.file=/etc/l.yml", true),
            ("inactive", "/bin/prometheus", false),
            ("active", "/bin/prometheus-proxy", false),
            ("active", "/bin/sh -c prometheus", false),
            ("active", "", false),
        ] {
            assert_eq!(
                runs_one(&known(status, command)),
                is_one,
                "{status} {command}"
            );
            assert_eq!(runs_any(&known(status, command)), status == "active");
        }
        assert!(!runs_one(&json!({})));
        let never = json!({"services": {"it": {"status": "active", "started-with": null}}});
        assert!(!runs_one(&never));
    }
}
