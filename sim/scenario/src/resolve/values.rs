//! Words that several sections have: key algorithms, TLS stacks.

use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_pki::KeyAlgorithm;
use trustsim_validators::Validator;
use trustsim_yaml::{Text, nearest};

/// Every key algorithm's name.
const KEYS: [&str; 3] = ["ecdsa-p256", "ed25519", "rsa-2048"];

pub(super) fn key_algorithm(text: &Text, out: &mut Diagnostics) -> Option<KeyAlgorithm> {
    let parsed = text.value.parse().ok();
    if parsed.is_none() {
        let message = format!("`{}` is none of {}", text.value, KEYS.join(", "));
        let diagnostic = Diagnostic::error(Code::BadValue, text.place, message);
        out.push(diagnostic.similar("a key algorithm", nearest(&text.value, KEYS)));
    }
    parsed
}

pub(super) fn validator(text: &Text, out: &mut Diagnostics) -> Option<Validator> {
    let parsed: Option<Validator> = text.value.parse().ok();
    if parsed.is_none() {
        let names = Validator::ALL.map(Validator::name);
        let message = format!("there is no validator `{}`", text.value);
        let help = match nearest(&text.value, names) {
            Some(name) => format!("a validator with a similar name exists: `{name}`"),
            None => format!("there are {}", names.join(", ")),
        };
        out.push(Diagnostic::error(Code::BadValue, text.place, message).help(help));
    }
    parsed
}
