//! The URLs that databags publish: of each, scheme, host and port are kept.
//!
//! A URL is looked for where a value is one, or is JSON that has some as `url`. A user in it, who may have a password, is
//! never copied, and that is told; so is what begins as a URL and cannot be used.

use std::collections::BTreeSet;

use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_model::{NoPublishedUrl, PublishedUrl};
use trustsim_yaml::{Entry, Node, Place};

use crate::dump::ModelDump;

/// An application and its endpoint.
pub(super) type Name<'a> = (&'a str, &'a str);

/// What a unit publishes in a relation, and what is published to it: URLs, less their paths.
pub(super) fn publish(
    own_name: Name<'_>,
    node: &Node,
    related: Option<Name<'_>>,
    dump: &mut ModelDump,
    out: &mut Diagnostics,
) {
    let own = node.get("local-unit");
    let own = own.map_or(&[][..], |unit| unit.entries_of("data"));
    publish_all(own_name, own, dump, out);
    let Some(related) = related.filter(|(other, _)| *other != own_name.0) else {
        return;
    };
    publish_all(related, node.entries_of("application-data"), dump, out);
    for unit in node.entries_of("related-units") {
        publish_all(related, unit.value.entries_of("data"), dump, out);
    }
}

fn publish_all(of: Name<'_>, bag: &[Entry], dump: &mut ModelDump, out: &mut Diagnostics) {
    let (application, endpoint) = of;
    for entry in bag {
        let Some(value) = entry.value.as_scalar() else {
            continue;
        };
        let found = urls(&value.text);
        let place = entry.value.place;
        for url in found.usable {
            let known = dump.published.entry(application.to_owned()).or_default();
            let known = known.entry(endpoint.to_owned()).or_default();
            known.entry(url).or_insert(place);
        }
        if found.has_user {
            let message = format!(
                "a URL that `{application}:{endpoint}` publishes has a user in it, who is not copied"
            );
            note(
                place,
                message,
                "who calls with it is not played; where it leads to is",
                out,
            );
        }
        for why in found.unusable {
            let message =
                format!("a URL that `{application}:{endpoint}` publishes is left out: {why}");
            let help = "what is dialled is told by the kind of relation instead; `published:` of the application says it";
            note(place, message, help, out);
        }
    }
}

fn note(place: Place, message: String, help: &str, out: &mut Diagnostics) {
    let note = Diagnostic::new(Code::LeftOut, Severity::Note, message);
    out.push(note.at(place, "").help(help));
}

/// Longest value of a databag in which URLs are looked for: a dashboard has those of others.
const VALUE_MAX: usize = 4096;

/// What a value of a databag publishes.
#[derive(Debug, Default)]
struct Urls {
    /// URLs, less their paths and users.
    usable: BTreeSet<String>,
    /// Whether one of them has a user.
    has_user: bool,
    /// Why others cannot be used.
    unusable: Vec<NoPublishedUrl>,
}

/// The URLs that a value of a databag publishes. Others that it has in it are of others, such as the pages that alert rules
/// name.
fn urls(text: &str) -> Urls {
    let mut found = Urls::default();
    if text.len() > VALUE_MAX {
        return found;
    }
    found.add(text);
    // JSON is YAML. What is neither publishes nothing.
    if text.trim_start().starts_with(['{', '['])
        && let Ok(documents) = trustsim_yaml::parse(text, 0)
    {
        for document in &documents {
            found.collect(document);
        }
    }
    found
}

impl Urls {
    fn add(&mut self, text: &str) {
        let (text, has_user) = without_user(text.trim());
        match text.parse::<PublishedUrl>() {
            Ok(url) => {
                self.usable.insert(url.to_string());
                self.has_user |= has_user;
            }
            // Most values are no URLs, and no client of HTTP dials others.
            Err(NoPublishedUrl::Scheme) => {}
            Err(why) => self.unusable.push(why),
        }
    }

    fn collect(&mut self, value: &Node) {
        for entry in value.entries() {
            match entry.value.as_scalar() {
                Some(scalar) if entry.key.value == "url" => self.add(&scalar.text),
                _ => self.collect(&entry.value),
            }
        }
        // A text in a list is told by no key.
        for element in value.elements() {
            self.collect(element);
        }
    }
}

/// A URL without the user before its host, and whether it had one.
fn without_user(text: &str) -> (String, bool) {
    let parts = text.split_once("://").and_then(|(scheme, rest)| {
        let end = rest.find(['/', '?', '#']);
        let (authority, path) = rest.split_at(end.unwrap_or(rest.len()));
        let (_, host) = authority.rsplit_once('@')?;
        Some(format!("{scheme}://{host}{path}"))
    });
    match parts {
        Some(url) => (url, true),
        None => (text.to_owned(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usable(text: &str) -> Vec<String> {
        urls(text).usable.into_iter().collect()
    }

    #[test]
    fn of_a_url_only_scheme_host_and_port_are_kept() {
        assert_eq!(
            usable("http://a-0.a-endpoints.m.svc:9090/m-a?token=x"),
            ["http://a-0.a-endpoints.m.svc:9090"]
        );
        assert_eq!(
            usable("{\"url\": \"https://[fd00::1]:3100/x\"}"),
            ["https://[fd00::1]:3100"]
        );
        // As traefik answers `ingress-per-unit`.
        assert_eq!(
            usable("{\"loki/0\": {\"url\": \"http://1.2.3.4/m-loki-0\"}}"),
            ["http://1.2.3.4"]
        );
        for text in [
            "postgresql://relation_id_5:secret@10.1.2.3:5432/db",
            "{\"runbook\": \"https://github.com/x\", \"n\": [\"http://y\"]}",
            "no address; é://x",
        ] {
            let found = urls(text);
            assert!(
                found.usable.is_empty() && found.unusable.is_empty(),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn a_user_is_not_kept_and_what_cannot_be_used_is_told() {
        let found = urls("https://me:hunter2@loki.example.com:3100/x@y");
        assert!(found.has_user && found.unusable.is_empty());
        assert_eq!(
            Vec::from_iter(found.usable),
            ["https://loki.example.com:3100"]
        );
        assert!(!urls("https://loki/x@y").has_user);
        for (text, why) in [
            ("https://", NoPublishedUrl::Host),
            ("http://{{host}}:80", NoPublishedUrl::Host),
            ("{\"url\": \"https://loki:http\"}", NoPublishedUrl::Port),
        ] {
            assert_eq!(urls(text).unusable, [why], "{text}");
        }
    }
}
