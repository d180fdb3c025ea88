//! Constraints of applications and machines: which spaces they name. The others, of cores, memory, zones or tags, say nothing
//! of addresses or certificates.

use std::collections::{BTreeMap, BTreeSet};

use super::spaces::not_on_kubernetes;
use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_juju::ALPHA;
use trustsim_model::ModelKind;
use trustsim_yaml::{Node, Place, Text};

/// The spaces of `spaces=oam,^dmz`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Constrained {
    /// Those that a machine is put into.
    pub(super) include: BTreeSet<String>,
    /// Those that it may not be in.
    pub(super) exclude: BTreeSet<String>,
}

/// The spaces that the constraints of an application name, which no endpoint may contradict: the provisioner makes no such
/// machine (juju/juju 3.6 `apiserver/facades/agent/provisioner/provisioninginfo.go`, `machineSpaces`).
pub(super) fn of_application(
    file: Option<&Text>,
    kind: ModelKind,
    bindings: &BTreeMap<String, String>,
    out: &mut Diagnostics,
) -> BTreeSet<String> {
    let Some(text) = file else {
        return BTreeSet::new();
    };
    let found = parsed(&text.value, text.place, out);
    if kind == ModelKind::Kubernetes {
        if found != Constrained::default() {
            let what = "`spaces=`";
            out.push(not_on_kubernetes(Severity::Note, text.place, what));
        }
        return BTreeSet::new();
    }
    let by_default = (!bindings.contains_key("")).then_some(("", ALPHA));
    let bound = bindings.iter();
    let bound = bound.map(|(endpoint, space)| (endpoint.as_str(), space.as_str()));
    for (endpoint, space) in bound.chain(by_default) {
        if found.exclude.contains(space) {
            let message = match endpoint {
                "" => format!(
                    "a machine that is not in `{space}` has no address for the endpoints that are bound to no other space"
                ),
                _ => format!(
                    "a machine that is not in `{space}` has no address for `{endpoint}`, which is bound to it"
                ),
            };
            out.push(Diagnostic::error(Code::BadValue, text.place, message));
        }
    }
    found.include
}

/// The spaces that a node with constraints names.
pub(super) fn constrained(node: Option<&Node>, out: &mut Diagnostics) -> Constrained {
    let Some(node) = node else {
        return Constrained::default();
    };
    match node.as_scalar() {
        Some(scalar) => parsed(&scalar.text, node.place, out),
        None if node.is_null() => Constrained::default(),
        None => {
            let message = "constraints are a text, such as `mem=8G spaces=oam`";
            out.push(Diagnostic::error(Code::BadValue, node.place, message));
            Constrained::default()
        }
    }
}

/// Constraints are words `key=value` (juju/juju 3.6 `core/constraints/constraints.go`, `ParseWithAliases`).
fn parsed(text: &str, place: Place, out: &mut Diagnostics) -> Constrained {
    let mut found = Constrained::default();
    for word in text.split_whitespace() {
        let Some((key, value)) = word.split_once('=') else {
            let message = format!("`{word}` is no constraint");
            let wrong = Diagnostic::error(Code::BadValue, place, message);
            out.push(wrong.help("constraints are written as in `mem=8G spaces=oam,^dmz`"));
            continue;
        };
        if key != "spaces" {
            continue;
        }
        for space in value.split(',').filter(|space| !space.is_empty()) {
            match space.strip_prefix('^') {
                Some(space) => found.exclude.insert(space.to_owned()),
                None => found.include.insert(space.to_owned()),
            };
        }
    }
    found
}
