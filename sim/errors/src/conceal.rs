//! What is a secret: in a line that is shown below a message, since keys and passwords lie in what Juju prints, and messages
//! are copied into reports and logs; and of a name and its value, where they would be copied.
//!
//! A guess by the names of keys and the looks of values: rather too much is hidden than too little. Where a value is, and how
//! long it is, stays to be seen.

use std::ops::Range;

/// What is shown for each byte of a secret.
const MASK: &str = "*";
/// Letters and digits in a row that are no word.
const LONG: usize = 40;
/// A shorter value of a `key` is a word.
const SHORT_KEY: usize = 8;
/// Letters of a user in a URL that are a token.
const LONG_USER: usize = 16;
/// Parts of the names of keys whose value is a secret. `system-users` has passwords of charms for databases, and `basic-auth`
/// what htpasswd writes (canonical/traefik-k8s-operator `charmcraft.yaml`, `basic_auth_user`).
const NAMES: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "private",
    "credential",
    "api-key",
    "system-users",
    "basic-auth",
    "kubeconfig",
    "access-key",
    "license",
];
/// Ends of names of a password.
const ENDS: [&str; 2] = ["-pass", "-pwd"];
/// Ends of names that say something about a secret, which is not in the value.
const ABOUT: [&str; 10] = [
    "public-key",
    "-name",
    "-provider",
    "-expiration",
    "-ttl",
    "-type",
    "-length",
    "-size",
    "-url",
    "-hook",
];
/// Values that are none.
const NO_SECRETS: [&str; 6] = ["", "true", "false", "yes", "no", "null"];
/// `PRIVATE KEY` in base64, by where it begins in a group of three bytes, less the letters that depend on others.
const IN_BASE64: [&str; 3] = ["UFJJVkFURSBLRV", "BSSVZBVEUgS0VZ", "QUklWQVRFIEtFW"];

/// Whether the value of a name, such as that of an option, is a secret or has one in it: a password, a private key as PEM or as
/// base64 of that, a URL with a password. What Juju keeps as a secret and is named by its URI (`secret:...`) is none.
///
/// ```
/// use trustsim_errors::is_secret;
/// assert!(is_secret("admin-password", "hunter2"));
/// assert!(!is_secret("ssl_cert", "-----BEGIN CERTIFICATE-----"));
/// ```
pub fn is_secret(name: &str, value: &str) -> bool {
    if is_reference(value.trim()) {
        return false;
    }
    if is_named(name, value) {
        return true;
    }
    let packed: String = value.split_whitespace().collect();
    if IN_BASE64.iter().any(|label| packed.contains(label)) {
        return true;
    }
    let (mut hidden, mut in_key) = (Vec::new(), false);
    for line in value.split_inclusive('\n') {
        private_keys(line, &mut in_key, &mut hidden);
        // What is called `key` alone names something else in much that is configured.
        values(line, |name| name != "key", &mut hidden);
        users(line, &mut hidden);
    }
    !hidden.is_empty()
}

/// Whether a value is the URI of a secret that Juju keeps: `secret:9m4e2mr0ui3e8a215n4g` (juju/juju `core/secrets/secret.go`,
/// `URI`).
fn is_reference(value: &str) -> bool {
    let is_of_uri = |letter: char| letter.is_ascii_alphanumeric() || "/-".contains(letter);
    let id = value.strip_prefix("secret:");
    id.is_some_and(|id| id.chars().all(is_of_uri))
}

/// Whether the name of a value tells that it is a secret.
fn is_named(name: &str, value: &str) -> bool {
    let name = name.to_lowercase().replace('_', "-");
    let bare = value.trim_matches([' ', '"', '\'']);
    if NO_SECRETS.contains(&bare.to_lowercase().as_str()) || is_reference(bare) {
        return false;
    }
    let is_about = ABOUT.iter().any(|end| name.ends_with(end));
    let is_secret = NAMES.iter().any(|part| name.contains(part))
        || ENDS.iter().any(|end| name.ends_with(end))
        || (name.ends_with("key") && value.len() >= SHORT_KEY);
    is_secret && !is_about
}

/// Whole lines of a text, as long as they are, with secrets hidden.
pub(crate) fn concealed(text: &str, lines: Range<usize>) -> String {
    let mut in_key = is_in_private_key(&text[..lines.start]);
    let shown = text[lines].split_inclusive('\n').map(|line| {
        let mut hidden = Vec::new();
        private_keys(line, &mut in_key, &mut hidden);
        values(line, |_| true, &mut hidden);
        users(line, &mut hidden);
        long_words(line, &mut hidden);
        masked(line, &hidden)
    });
    shown.collect()
}

/// The same text with `*` in these places; a line's end stays.
fn masked(line: &str, hidden: &[Range<usize>]) -> String {
    let letters = line.char_indices().map(|(at, letter)| {
        let is_hidden = letter != '\n' && hidden.iter().any(|range| range.contains(&at));
        match is_hidden {
            true => MASK.repeat(letter.len_utf8()),
            false => letter.to_string(),
        }
    });
    letters.collect()
}

/// Whether a text ends within a PEM block of a private key.
fn is_in_private_key(before: &str) -> bool {
    let Some(begin) = before.rfind("-----BEGIN ") else {
        return false;
    };
    let block = &before[begin..];
    let label = block.lines().next().unwrap_or(block);
    label.contains("PRIVATE KEY") && !block.contains("-----END ")
}

/// From the label of a private key to the end of its block, or of the line.
fn private_keys(line: &str, in_key: &mut bool, hidden: &mut Vec<Range<usize>>) {
    let mut at = 0;
    loop {
        if *in_key {
            let end = line[at..].find("-----END ").map(|end| at + end);
            *in_key = end.is_none();
            hidden.push(at..end.unwrap_or(line.len()));
            at = match end {
                Some(end) => end,
                None => return,
            };
        }
        let Some(begin) = line[at..].find("-----BEGIN ").map(|begin| at + begin) else {
            return;
        };
        let after = &line[begin + 11..];
        let label = after.find("-----").map(|end| &after[..end]);
        at = begin + 11;
        if let Some(label) = label.filter(|label| label.ends_with("PRIVATE KEY")) {
            at += label.len() + 5;
            *in_key = true;
        }
    }
}

/// Values of keys with a telling name: `password: x`, `"token": "x"`, `secret=x`.
fn values(line: &str, is_looked_at: fn(&str) -> bool, hidden: &mut Vec<Range<usize>>) {
    for (at, _) in line.match_indices([':', '=']) {
        // JSON within JSON has a backslash before each quote.
        let before = line[..at].trim_end_matches([' ', '"', '\'', '\\']);
        let is_of_name =
            |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
        let name = before.rsplit(|letter| !is_of_name(letter)).next();
        let name = name.unwrap_or(before);
        let value = value_at(line, at + 1);
        if is_looked_at(name) && is_named(name, &line[value.clone()]) {
            hidden.push(value);
        }
    }
}

/// What is before the host of a URL, where it is more than the name of a user.
fn users(line: &str, hidden: &mut Vec<Range<usize>>) {
    for (at, scheme) in line.match_indices("://") {
        let start = at + scheme.len();
        let rest = &line[start..];
        let end = rest.find(|letter: char| letter.is_whitespace() || "/?#\"',".contains(letter));
        let authority = end.map_or(rest, |end| &rest[..end]);
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        if let Some(user) = user.filter(|user| user.contains(':') || user.len() >= LONG_USER) {
            hidden.push(start..start + user.len());
        }
    }
}

/// The value that begins after the sign between a key and it.
fn value_at(line: &str, from: usize) -> Range<usize> {
    let rest = &line[from..];
    let start = from + (rest.len() - rest.trim_start().len());
    let value = &line[start..];
    let slashes = value.len() - value.trim_start_matches('\\').len();
    if slashes > 0 && value[slashes..].starts_with('"') {
        let quote = &value[..=slashes];
        let end = value[quote.len()..].find(quote);
        return start..end.map_or(line.len(), |end| start + end + 2 * quote.len());
    }
    let Some(quote) = value
        .chars()
        .next()
        .filter(|letter| matches!(letter, '"' | '\''))
    else {
        let end = value.find([',', '}', ']', '\n']);
        return start..end.map_or(line.len(), |end| start + end);
    };
    let mut is_escaped = false;
    for (at, letter) in value.char_indices().skip(1) {
        if letter == quote && !is_escaped {
            return start..start + at + 1;
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    start..line.len()
}

/// Words that are no words: base64, hexadecimal.
fn long_words(line: &str, hidden: &mut Vec<Range<usize>>) {
    let is_of_word =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '=' | '_');
    let mut begin = None;
    for (at, letter) in line.char_indices().chain([(line.len(), '\n')]) {
        match (is_of_word(letter), begin) {
            (true, None) => begin = Some(at),
            (false, Some(from)) => {
                let word = &line[from..at];
                // A path has no digits in most of its parts.
                let has_digits = word.bytes().any(|byte| byte.is_ascii_digit());
                let is_path = word.contains('/') && !word.contains(['+', '=']);
                if word.len() >= LONG && has_digits && !is_path {
                    hidden.push(from..at);
                }
                begin = None;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        concealed(text, 0..text.len())
    }

    #[test]
    fn secrets_are_hidden_and_as_long() {
        for (text, told) in [
            ("password: hunter2", "password: *******"),
            (
                "{db_password: 'a b', name: web}",
                "{db_password: *****, name: web}",
            ),
            (
                r#""admin-token": "x\"y", "port": 80"#,
                r#""admin-token": ******, "port": 80"#,
            ),
            (r#""password": "hunte"#, r#""password": ******"#),
            (
                r#""data": "{\"password\": \"a,b\", \"x\": 1}""#,
                r#""data": "{\"password\": *******, \"x\": 1}""#,
            ),
            ("ssl_key: c2VjcmV0", "ssl_key: ********"),
            ("key: kept", "key: kept"),
            ("token-provider: fernet", "token-provider: fernet"),
            ("use-token: true", "use-token: true"),
            (
                "url: https://user:hunter2@loki:3100/x",
                "url: https://************@loki:3100/x",
            ),
            (
                "url: https://git@example.com",
                "url: https://git@example.com",
            ),
            ("keys: rsa-2048-and-more", "keys: rsa-2048-and-more"),
            (
                "common-name: web.example.com",
                "common-name: web.example.com",
            ),
            (
                r#""x": "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----""#,
                r#""x": "-----BEGIN RSA PRIVATE KEY-----********-----END RSA PRIVATE KEY-----""#,
            ),
            (
                r#""x": "-----BEGIN PRIVATE KEY-----\nMIIE"#,
                r#""x": "-----BEGIN PRIVATE KEY-----******"#,
            ),
            (
                "-----BEGIN CERTIFICATE-----\nMIIE",
                "-----BEGIN CERTIFICATE-----\nMIIE",
            ),
            (
                "url: https://a.example.com/é",
                "url: https://a.example.com/é",
            ),
        ] {
            assert_eq!(shown(text), told);
        }
        let long = "a1".repeat(20);
        assert_eq!(
            shown(&format!("x: {long} y")),
            format!("x: {} y", "*".repeat(40))
        );
    }

    /// Options as they are in bundles: those of OpenStack and Kafka among them.
    #[test]
    fn secrets_of_options_are_told_by_name_or_value() {
        let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n";
        for (name, value) in [
            ("ssl_key", "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVk="),
            ("admin-password", "hunter2"),
            ("admin-password", "1234"),
            ("system-users", "hunter2"),
            ("admin_pass", "hunter2"),
            ("smtp-pwd", "hunter2"),
            ("kubeconfig", "clusters: []"),
            ("access-key", "AKIA"),
            ("license", "x"),
            ("extra", pem),
            ("http-proxy", "http://me:hunter2@proxy:3128"),
            ("config", "{\"api_token\": \"x\"}"),
            // base64 of certificates with a key behind them, at each offset
            ("ssl_bundle", "LS0tLS1CRUdJTiBQUklWQVRFIEtFWCk1JSUU="),
            ("ssl_bundle", "eC0tLS0tQkVHSU4gUFJJVkFURSBLRVQpNSUlF"),
            ("ssl_bundle", "eHgtLS0tLUJFR0lOIFBSSVZBVEUgS0VZ0KTUlJRQ=="),
        ] {
            assert!(is_secret(name, value), "{name}: {value}");
        }
        for (name, value) in [
            ("ssl_cert", "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUM="),
            (
                "ssl_ca",
                "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n",
            ),
            ("use-https", "yes"),
            ("token-expiration", "3600"),
            ("ssl-public-key", "/etc/ssl/landscape.pem"),
            ("enable_jwt_bearer_tokens", "true"),
            ("tls-secret-name", "web"),
            ("plugin-config-secret-id", "secret:cqv1ok"),
            ("openstack-origin", "cloud:jammy-antelope"),
            ("external_hostname", "web.example.com"),
            ("ca-common-name", "key"),
            ("bypass", "cache"),
            // canonical/observability-stack, an option of opentelemetry-collector
            ("processors", "actions:\n- key: deployment_environment\n"),
        ] {
            assert!(!is_secret(name, value), "{name}: {value}");
        }
    }

    /// What is shown may begin within the block.
    #[test]
    fn a_key_goes_on_over_lines() {
        let text = "k: |\n  -----BEGIN PRIVATE KEY-----\n  MIIE\n  AB==\n  -----END PRIVATE KEY-----\n  after\n";
        let from = text.find("  AB").expect("it is there");
        assert_eq!(
            concealed(text, from..text.len()),
            "******\n**-----END PRIVATE KEY-----\n  after\n"
        );
    }

    proptest! {
        /// Whatever a line has, what is shown is as long, ends where it ends, and differs in what is hidden alone.
        #[test]
        fn every_text_is_as_long(text in "([a-z\"' :={},@\\\\\n\u{e9}\u{1f600}]|://|key|password|-----BEGIN PRIVATE KEY-----|-----END ){0,60}") {
            let told = shown(&text);
            prop_assert_eq!(told.len(), text.len());
            for (own, other) in told.bytes().zip(text.bytes()) {
                prop_assert!(own == other || own == b'*');
                prop_assert!(own != b'*' || other != b'\n');
            }
            let from = text.find('\n').map_or(0, |end| end + 1);
            prop_assert_eq!(concealed(&text, from..text.len()).len(), text.len() - from);
        }
    }
}
