//! Names as Juju takes them.
//!
//! The rules are those of two libraries that Juju and its clients ask, read at a commit: juju/names (v6) at
//! b50ca77a4137 and juju/charm at f5d79a50fdf9. For example, `web-1` is no name of an application, and `web-1a` is one.

use std::fmt::{self, Display};

/// What a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameKind {
    /// An application: juju/names `application.go`, `ApplicationSnippet`.
    Application,
    /// A model: juju/names `model.go`, `validModelName`.
    Model,
    /// A controller: juju/names `controller.go`, `validControllerName`.
    Controller,
    /// A user, who may be of a domain: juju/names `user.go`, `validName`. A name of one letter is refused.
    User,
    /// An endpoint of a charm: juju/names `relation.go`, `RelationSnippet`.
    Endpoint,
    /// An offer: juju/charm `bundledata.go`, `validOfferName`, which is the rule of applications.
    Offer,
    /// A consumed offer, by the name that it has in its model: the same.
    Saas,
    /// A charm of Charmhub: juju/charm `url.go`, `validName`, which is the rule of applications too.
    Charm,
    /// An action of a charm: juju/charm `actions.go`, `actionNameRule`.
    Action,
}

impl NameKind {
    /// Whether Juju takes a name.
    pub(crate) fn allows(self, name: &str) -> bool {
        match self {
            Self::Application | Self::Offer | Self::Saas | Self::Charm => is_application(name),
            Self::Model | Self::Controller => {
                let allowed = |letter: char| is_lower(letter) || letter == '-';
                !name.starts_with('-') && !name.is_empty() && name.chars().all(allowed)
            }
            Self::User => match name.split_once('@') {
                Some((name, domain)) => is_user_part(name) && is_user_part(domain),
                None => is_user_part(name),
            },
            Self::Endpoint => {
                let mut parts = name.split(['_', '-']);
                name.starts_with(|first: char| first.is_ascii_lowercase())
                    && parts.all(|part| !part.is_empty() && part.chars().all(is_lower))
            }
            Self::Action => {
                let allowed = |letter: char| is_lower(letter) || letter == '-';
                name.starts_with(is_lower) && name.ends_with(is_lower) && name.chars().all(allowed)
            }
        }
    }

    /// What a name is made of, to follow "use".
    pub(crate) const fn rule(self) -> &'static str {
        match self {
            Self::Application | Self::Offer | Self::Saas | Self::Charm => {
                "lower-case letters, digits and single hyphens, beginning with a letter"
            }
            Self::Model | Self::Controller => "lower-case letters, digits and hyphens",
            Self::User => {
                "two or more letters, digits, dots, hyphens or plus signs, beginning and ending with a letter or a digit"
            }
            Self::Endpoint => {
                "lower-case letters and digits, with single hyphens or underscores between, beginning with a letter"
            }
            Self::Action => {
                "lower-case letters, digits and hyphens, beginning and ending with a letter or a digit"
            }
        }
    }
}

/// To follow "is not a valid".
impl Display for NameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Application => "application name",
            Self::Model => "model name",
            Self::Controller => "controller name",
            Self::User => "user name",
            Self::Endpoint => "endpoint name",
            Self::Offer => "offer name",
            Self::Saas => "SAAS name",
            Self::Charm => "charm name",
            Self::Action => "action name",
        })
    }
}

const fn is_lower(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit()
}

fn is_application(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.split('-').enumerate().all(|(index, part)| {
            let has_letter = part.contains(|letter: char| letter.is_ascii_lowercase());
            (index == 0 || has_letter) && part.chars().all(is_lower)
        })
}

fn is_user_part(part: &str) -> bool {
    let is_edge = |letter: char| letter.is_ascii_alphanumeric();
    let allowed = |letter: char| is_edge(letter) || ".+-".contains(letter);
    part.len() > 1
        && part.starts_with(is_edge)
        && part.ends_with(is_edge)
        && part.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::NameKind::{
        Action, Application, Charm, Controller, Endpoint, Model, Offer, Saas, User,
    };
    use super::*;

    /// Names that a shell or a terminal would act on: none of anything.
    const HOSTILE: &[&str] = &[
        "",
        "a;touch${IFS}PWN",
        "a b",
        "a\nb",
        "ab\n",
        "a\u{1b}[2J",
        "\u{202e}ab",
        "--help",
        "=1+1",
        "a'b",
        "a/b",
        "a.b:c",
        "ab@cd@ef",
    ];

    /// Of what, names that are taken, names that are refused: as the tests of the two libraries have them.
    type Rule = (
        &'static [NameKind],
        &'static [&'static str],
        &'static [&'static str],
    );
    const RULES: [Rule; 5] = [
        (
            &[Application, Offer, Saas, Charm],
            &["wordpress", "foo42", "foo-bar", "foo-1a", "a1-2b", "a"],
            &[
                "foo-42",
                "Foo",
                "_foo",
                "foo_bar",
                "foo-",
                "-foo",
                "foo--bar",
                "1a",
                "foo-bar-123",
            ],
        ),
        (
            &[Model, Controller],
            &["a", "0", "0-a", "a--b", "a-"],
            &["-a", "A", "a_b", "é"],
        ),
        (
            &[User],
            &[
                "admin",
                "bob",
                "b-ob.by+1",
                "Bob",
                "00",
                "bob@local",
                "bob@corp.example",
            ],
            &[
                "b",
                "-bob",
                "bob-",
                ".bob",
                "bob@",
                "@corp",
                "bob@c",
                "b_b",
                "bob brown",
            ],
        ),
        (
            &[Endpoint],
            &["db", "receive-ca-cert", "shared_db", "web2-proxy_1", "a-1"],
            &["1db", "Db", "a--b", "a-", "a_", "-a", "a-_b"],
        ),
        (
            &[Action],
            &["backup", "get-csr", "1up", "a--b", "a"],
            &["-a", "a-", "A", "a_b"],
        ),
    ];

    #[test]
    fn names_are_jujus() {
        for (kinds, valid, refused) in RULES {
            for kind in kinds {
                for name in valid {
                    assert!(kind.allows(name), "{kind} {name}");
                }
                for name in refused.iter().chain(HOSTILE) {
                    assert!(!kind.allows(name), "{kind} {name:?}");
                }
            }
        }
    }
}
