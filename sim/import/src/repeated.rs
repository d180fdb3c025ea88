//! Keys that are there twice in what a program printed: every reader of JSON takes the last, and so does an import, which says so.
//! Of bundles it is told where they are read.

use std::collections::BTreeMap;

use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_yaml::{Node, Value};

/// Keeps the last of each key, and warns of the others.
pub(crate) fn keep_last(node: &mut Node, out: &mut Diagnostics) {
    match &mut node.value {
        Value::Null | Value::Scalar(_) => {}
        Value::List(elements) => elements.iter_mut().for_each(|each| keep_last(each, out)),
        Value::Map(entries) => {
            let mut last: BTreeMap<String, usize> = BTreeMap::new();
            let mut is_kept = vec![true; entries.len()];
            for (at, entry) in entries.iter().enumerate() {
                let Some(before) = last.insert(entry.key.value.clone(), at) else {
                    continue;
                };
                is_kept[before] = false;
                let message = format!("`{}` is given twice: the last counts", entry.key.value);
                let warning = Diagnostic::warning(Code::DuplicateKey, entry.key.place, message);
                out.push(warning.also(entries[before].key.place, "left out"));
            }
            let mut is_kept = is_kept.into_iter();
            entries.retain(|_| is_kept.next().expect("each entry was looked at"));
            for entry in entries {
                keep_last(&mut entry.value, out);
            }
        }
    }
}
