//! Names with letters that are not seen. Every name of a file is a key of a mapping, so the keys are looked at, whatever
//! they mean. For example, a client that is called `web` and ESC is refused at its place.

use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_kernel::{is_invisible, visible};
use trustsim_yaml::Node;

/// Notes each key with a control character, a line break, or another letter that is not seen.
pub(super) fn refuse_unseen_letters(node: &Node, out: &mut Diagnostics) {
    for entry in node.entries() {
        if entry.key.value.contains(is_invisible) {
            let name = visible(&entry.key.value);
            let message = format!("the name `{name}` has a letter that is not seen");
            out.push(Diagnostic::error(Code::BadName, entry.key.place, message));
        }
        refuse_unseen_letters(&entry.value, out);
    }
    for element in node.elements() {
        refuse_unseen_letters(element, out);
    }
}
