//! The charm's options, as it reads them.

use std::borrow::Cow;

use crate::{OptionFault, Options};
use trustsim_interfaces::UnitContext;
use trustsim_kernel::Span;
use trustsim_pki::{Certificate, RequestAttributes};

/// The charm's options.
#[derive(Clone, Debug)]
pub(super) struct Config {
    /// `ca-*` options.
    pub subject: RequestAttributes,
    /// `root-ca-validity`.
    pub root_validity: Option<Span>,
    /// `certificate-validity`.
    pub certificate_validity: Option<Span>,
    /// `certificate-limit`; `None` is no limit.
    pub limit: Option<usize>,
}

impl Config {
    pub(super) fn read(unit: &UnitContext<'_>) -> Self {
        let text = |option: &str| {
            let value = unit.config(option).filter(|value| !value.is_empty());
            value.map(str::to_owned)
        };
        let span = |option: &str| unit.config(option).and_then(parse_validity);
        // Zero is falsy in Python, and -1 means no limit. Juju takes whole numbers only.
        let limit = unit.config("certificate-limit");
        let limit = limit.and_then(|value| value.parse::<i64>().ok());
        Self {
            subject: RequestAttributes {
                common_name: text("ca-common-name"),
                organization: text("ca-organization"),
                organizational_unit: text("ca-organizational-unit"),
                email_address: text("ca-email-address"),
                country_name: text("ca-country-name"),
                state_or_province_name: text("ca-state-or-province-name"),
                locality_name: text("ca-locality-name"),
                ..RequestAttributes::default()
            },
            root_validity: span("root-ca-validity"),
            certificate_validity: span("certificate-validity"),
            limit: limit.filter(|value| *value > 0).map(|value| {
                usize::try_from(value).expect("a positive number of requests can be counted")
            }),
        }
    }

    pub(super) fn common_name(&self) -> Option<&str> {
        self.subject.common_name.as_deref()
    }

    /// `_ca_certificate_renewal_threshold`; a zero one is falsy.
    pub(super) fn renewal_threshold(&self) -> Option<Span> {
        let threshold = self
            .root_validity?
            .checked_sub(self.certificate_validity?)?;
        Some(threshold).filter(|span| !span.is_zero())
    }

    /// `_invalid_configs`: the root must live at least twice as long as what it signs.
    pub(super) fn invalid(&self) -> Vec<&'static str> {
        let mut invalid = Vec::new();
        if self.common_name().is_none() {
            invalid.push("ca-common-name");
        }
        let (root, leaf) = (self.root_validity, self.certificate_validity);
        let nonzero = |span: &Span| !span.is_zero();
        let fits = root.filter(nonzero).zip(leaf.filter(nonzero));
        if fits.is_none_or(|(root, leaf)| root < leaf * 2) {
            invalid.extend(["certificate-validity", "root-ca-validity"]);
        }
        invalid
    }
}

/// Options that cannot be read, so that nothing is issued; a root that is too short is another
/// matter.
pub(super) fn faults(options: &dyn Options) -> Vec<OptionFault> {
    let is_bad = |option: &&str| {
        let value = options.option(option);
        match *option {
            "ca-common-name" => value.is_none_or(str::is_empty),
            _ => value
                .and_then(parse_validity)
                .is_none_or(|span| span.is_zero()),
        }
    };
    let all = ["ca-common-name", "certificate-validity", "root-ca-validity"];
    let bad = all.into_iter().filter(is_bad);
    bad.map(|option| {
        let listed = match option {
            "ca-common-name" => "'ca-common-name'",
            _ => "'certificate-validity', 'root-ca-validity'",
        };
        let outcome = "The following configuration values are not valid";
        OptionFault::new(option, format!("{outcome}: [{listed}]"))
    })
    .collect()
}

/// `_parse_config_time_string`: a bare number is days; what Python cannot read is no validity.
/// (It reads negative numbers too; a negative validity is taken as none here.)
fn parse_validity(text: &str) -> Option<Span> {
    let seconds = |number: &str, unit_s: u64| {
        let number: u64 = number.trim().parse().ok()?;
        Some(Span::from_secs(number.checked_mul(unit_s)?))
    };
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return seconds(text, 86_400);
    }
    let unit = text.chars().next_back()?;
    let number = &text[..text.len() - unit.len_utf8()];
    match unit {
        'm' => seconds(number, 60),
        'h' => seconds(number, 3_600),
        'd' => seconds(number, 86_400),
        'w' => seconds(number, 7 * 86_400),
        _ => None,
    }
}

/// The rest of `_root_certificate_matches_config`.
pub(super) fn certificate_matches(certificate: &Certificate, config: &Config) -> bool {
    let subject = certificate.subject();
    let wanted = &config.subject;
    let validity = certificate.not_after().since(certificate.not_before());
    config.root_validity == Some(validity)
        && [
            ("CN", &wanted.common_name),
            ("O", &wanted.organization),
            ("OU", &wanted.organizational_unit),
            ("emailAddress", &wanted.email_address),
            ("C", &wanted.country_name),
            ("ST", &wanted.state_or_province_name),
            ("L", &wanted.locality_name),
        ]
        .iter()
        .all(|(kind, value)| field(subject, kind).as_deref() == value.as_deref())
}

/// The first value of this kind in a subject in RFC 4514 form, without its escapes.
fn field<'a>(subject: &'a str, kind: &str) -> Option<Cow<'a, str>> {
    let mut rest = subject;
    loop {
        let mut escaped = false;
        let end = rest.find(|letter| match letter {
            _ if escaped => {
                escaped = false;
                false
            }
            '\\' => {
                escaped = true;
                false
            }
            letter => letter == ',' || letter == '+',
        });
        let part = &rest[..end.unwrap_or(rest.len())];
        let value = part
            .strip_prefix(kind)
            .and_then(|rest| rest.strip_prefix('='));
        if let Some(value) = value {
            return Some(without_escapes(value));
        }
        rest = &rest[end? + 1..];
    }
}

fn without_escapes(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut escaped = false;
    let letters = value.chars().filter(|letter| {
        escaped = *letter == '\\' && !escaped;
        !escaped
    });
    Cow::Owned(letters.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validities_read_as_the_charm_reads_them() {
        let day = Span::from_secs(86_400);
        for (text, span) in [
            ("90", Some(day * 90)),
            ("90d", Some(day * 90)),
            ("2w", Some(day * 14)),
            ("12h", Some(day / 2)),
            ("5m", Some(Span::from_secs(300))),
            ("30s", None),
            ("1y", None),
            ("d", None),
            ("", None),
            ("-5d", None),
        ] {
            assert_eq!(parse_validity(text), span, "{text}");
        }
    }

    #[test]
    fn a_subject_is_read_back_with_its_escapes() {
        let subject = r"CN=a\,b\=c+O=x=y,L=\ z,ST=\\";
        for (kind, value) in [
            ("CN", Some("a,b=c")),
            ("O", Some("x=y")),
            ("L", Some(" z")),
            ("ST", Some("\\")),
            ("b", None),
            ("C", None),
        ] {
            assert_eq!(field(subject, kind).as_deref(), value, "{kind}");
        }
    }
}
