//! Options of an application as Juju stores them, each checked against its charm.

use std::collections::BTreeMap;

use trustsim_charms::{CharmMetadata, Pinned, Provenance, Revisions, revisions_with_option};
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_yaml::{Map, Node, ScalarKind, Spanned, Value, nearest};

/// The options that a charm has.
pub(super) struct Options<'a> {
    charm: &'a CharmMetadata,
    /// Whether options that are not listed may be real.
    more: bool,
    /// What the deployment says of the charm, where its other revisions are to be asked too.
    pinned: Option<Pinned<'a>>,
    out: &'a mut Diagnostics,
}

/// Ranges of revisions that a message tells before it counts the rest.
const RANGES_TOLD: usize = 3;

impl<'a> Options<'a> {
    pub(super) const fn new(
        charm: &'a CharmMetadata,
        more: bool,
        out: &'a mut Diagnostics,
    ) -> Self {
        Self {
            charm,
            more,
            pinned: None,
            out,
        }
    }

    /// The same, of an application that is deployed as this.
    pub(super) const fn deployed_as(mut self, pinned: Pinned<'a>) -> Self {
        self.pinned = Some(pinned);
        self
    }

    /// Every value that fits its option; `None` for null.
    pub(super) fn values(
        &mut self,
        options: Option<&Map<Node>>,
    ) -> BTreeMap<String, Option<String>> {
        let mut values = BTreeMap::new();
        for (name, node) in options.into_iter().flat_map(Map::iter) {
            self.check_name(name);
            if let Some(value) = self.value(name, node) {
                values.insert(name.value.clone(), value);
            }
        }
        values
    }

    fn check_name(&mut self, name: &Spanned<String>) {
        let known = &self.charm.options;
        if known.contains_key(&name.value) {
            return;
        }
        if self.tell_other_revisions(name) {
            return;
        }
        let near = nearest(&name.value, known.keys().map(String::as_str));
        if self.more {
            // It may be an option that is not listed, unless it looks like a slip.
            if near.is_some() {
                let message = format!("`{}` may be misspelt", name.value);
                let diagnostic = Diagnostic::warning(Code::UnknownOption, name.place, message);
                self.out.push(diagnostic.similar("an option", near));
            }
            return;
        }
        let charm_name = &self.charm.name;
        let message = format!("the charm `{charm_name}` has no option `{}`", name.value);
        let diagnostic = Diagnostic::error(Code::UnknownOption, name.place, message);
        self.out.push(match near {
            Some(_) => diagnostic.similar("an option", near),
            None if known.is_empty() => diagnostic.help("it has no options"),
            None => {
                let names: Vec<&str> = known.keys().map(String::as_str).collect();
                diagnostic.help(format!("it has {}", names.join(", ")))
            }
        });
    }

    /// Says that other revisions of the charm have an option, where they do: it came or went, or has another name there.
    /// Where nothing says which revision is deployed it may be one of those, which makes it a warning.
    fn tell_other_revisions(&mut self, name: &Spanned<String>) -> bool {
        let (Some(pinned), Provenance::Read(reading)) = (&self.pinned, &self.charm.provenance)
        else {
            return false;
        };
        let having = revisions_with_option(&self.charm.name, &name.value);
        if having.is_empty() {
            return false;
        }
        let is_known_track = |track| reading.tracks.iter().any(|known| known == track);
        let is_certain = match pinned.revision {
            Some(revision) => reading.covers(revision),
            None => pinned.track().is_some_and(is_known_track),
        };
        let charm = &self.charm.name;
        let which = match pinned.revision {
            Some(revision) => format!("at revision {revision}"),
            None => "in the revisions that are played".to_owned(),
        };
        let message = format!("the charm `{charm}` has no option `{}` {which}", name.value);
        let diagnostic = match is_certain {
            true => Diagnostic::error(Code::UnknownOption, name.place, message),
            false => Diagnostic::warning(Code::UnknownOption, name.place, message),
        };
        self.out.push(diagnostic.help(have_it(&having)));
        true
    }

    /// `None` where the value is refused, `Some(None)` for null.
    fn value(&mut self, name: &Spanned<String>, node: &Node) -> Option<Option<String>> {
        let scalar = match &node.value {
            Value::Null => return Some(None),
            Value::Scalar(scalar) => scalar,
            Value::List(_) | Value::Map(_) => {
                let message = format!("option {:?} cannot be {}", name.value, node.kind());
                self.out
                    .push(Diagnostic::error(Code::OptionType, node.place, message));
                return None;
            }
        };
        let kind = self
            .charm
            .options
            .get(&name.value)
            .map(|option| option.kind.as_str());
        let fits = match (kind, scalar.kind) {
            (None | Some("string" | "secret"), ScalarKind::String) => true,
            (Some("string" | "secret"), _) => false,
            // juju/schema reads numbers and booleans from texts too.
            (Some("int"), ScalarKind::String) => scalar.text.parse::<i64>().is_ok(),
            (Some("int"), kind) => matches!(kind, ScalarKind::Int(_)),
            (Some("float"), ScalarKind::String) => scalar.text.parse::<f64>().is_ok(),
            (Some("float"), kind) => !matches!(kind, ScalarKind::Bool(_)),
            (Some("boolean"), ScalarKind::String) => scalar.text.parse::<bool>().is_ok(),
            (Some("boolean"), kind) => matches!(kind, ScalarKind::Bool(_)),
            (_, _) => true,
        };
        if !fits {
            let kind = kind.unwrap_or("string");
            let message = format!(
                "option {:?} expected {kind}, got {}",
                name.value, scalar.text
            );
            let mut diagnostic = Diagnostic::error(Code::OptionType, node.place, message);
            if kind == "string" {
                diagnostic = diagnostic.help(format!("quote it: \"{}\"", scalar.text));
            }
            self.out.push(diagnostic);
            return None;
        }
        Some(Some(scalar.canonical()))
    }
}

/// Which revisions have what another one has not: `revisions 1 to 5 have it`.
pub(super) fn have_it(having: &[Revisions]) -> String {
    format!("revisions {} have it", told(having))
}

/// Ranges of revisions in words, those that touch taken together.
fn told(ranges: &[Revisions]) -> String {
    let mut joined: Vec<Revisions> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(before) if range.first.saturating_sub(1) <= before.last => {
                before.last = before.last.max(range.last);
            }
            _ => joined.push(*range),
        }
    }
    let count = joined.len();
    let mut words: Vec<String> = joined.iter().map(ToString::to_string).collect();
    if count > RANGES_TOLD {
        words.truncate(RANGES_TOLD);
        words.push(format!("{} more ranges", count - RANGES_TOLD));
    }
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u64, last: u64) -> Revisions {
        Revisions { first, last }
    }

    #[test]
    fn ranges_that_touch_are_one() {
        let ranges = [range(1, 4), range(5, 9), range(11, 12)];
        assert_eq!(told(&ranges), "1 to 9 and 11 to 12");
        let ranges = [range(1, 20), range(5, 9), range(15, 30)];
        assert_eq!(told(&ranges), "1 to 30");
        assert_eq!(told(&[range(7, 7)]), "7");
    }

    #[test]
    fn more_than_three_ranges_are_counted() {
        let ranges: Vec<Revisions> = [1, 3, 5, 7, 9].map(|at| range(at, at)).to_vec();
        assert_eq!(told(&ranges), "1, 3, 5 and 2 more ranges");
    }
}
