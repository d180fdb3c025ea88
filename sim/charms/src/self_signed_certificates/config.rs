//! The options of self-signed-certificates, as canonical/self-signed-certificates-operator `src/charm.py` at df04ad3
//! reads them. The names with an underscore are those of its methods.

use std::borrow::Cow;

use crate::{OptionFault, Options};
use trustsim_interfaces::UnitContext;
use trustsim_juju::HookError;
use trustsim_kernel::{Span, Time};
use trustsim_pki::{Certificate, RequestAttributes};

/// What the options say.
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
    /// Reads the options.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a validity is too long for Python: the charm catches `ValueError` and no `OverflowError`.
    /// A unit that does not lead reads no validity.
    pub(super) fn read(unit: &UnitContext<'_>) -> Result<Self, HookError> {
        let text = |option: &str| {
            let value = unit.config(option).filter(|value| !value.is_empty());
            value.map(str::to_owned)
        };
        let validity = |option: &str| match unit.config(option).filter(|_| unit.is_leader()) {
            Some(text) => parse_validity(text),
            None => Ok(None),
        };
        let config = Self {
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
            root_validity: validity("root-ca-validity")?,
            certificate_validity: validity("certificate-validity")?,
            limit: unit.config("certificate-limit").and_then(parse_limit),
        };
        // `_invalid_configs` doubles the validity of the leaves where both are given, and Python overflows there too.
        if let (Some(_), Some(leaf)) = (
            config.nonzero_root_validity(),
            config.nonzero_certificate_validity(),
        ) {
            timedelta_days(leaf.as_secs() / DAY_S * 2)?;
        }
        Ok(config)
    }

    /// Zero is falsy in Python, so that the charm takes it for none.
    fn nonzero_root_validity(&self) -> Option<Span> {
        self.root_validity.filter(|span| !span.is_zero())
    }

    fn nonzero_certificate_validity(&self) -> Option<Span> {
        self.certificate_validity.filter(|span| !span.is_zero())
    }

    pub(super) fn common_name(&self) -> Option<&str> {
        self.subject.common_name.as_deref()
    }

    /// `_ca_certificate_renewal_threshold`: how long after it was made the root is renewed, which is the validity of
    /// the root without that of its leaves. `None` where that is zero, which is falsy in Python.
    pub(super) fn renewal_threshold(&self) -> Option<Span> {
        let threshold = self
            .root_validity?
            .checked_sub(self.certificate_validity?)?;
        Some(threshold).filter(|span| !span.is_zero())
    }

    /// `_invalid_configs`: the root must live at least twice as long as what it signs.
    pub(super) fn invalid_options(&self) -> Vec<&'static str> {
        let mut invalid = Vec::new();
        if self.common_name().is_none() {
            invalid.push("ca-common-name");
        }
        let fits = match (
            self.nonzero_root_validity(),
            self.nonzero_certificate_validity(),
        ) {
            (Some(root), Some(leaf)) => leaf.checked_mul(2).is_some_and(|twice| root >= twice),
            _ => false,
        };
        if !fits {
            invalid.extend(["certificate-validity", "root-ca-validity"]);
        }
        invalid
    }
}

/// Options that cannot be read, so that nothing is issued. A root that lives less than twice as long as its leaves is
/// reported by [`Config::invalid_options`] instead.
pub(super) fn option_faults(options: &dyn Options) -> Vec<OptionFault> {
    let not_valid = |option, listed: &str| {
        let outcome = "The following configuration values are not valid";
        OptionFault::new(option, format!("{outcome}: [{listed}]"))
    };
    let mut faults = Vec::new();
    if options.option("ca-common-name").is_none_or(str::is_empty) {
        faults.push(not_valid("ca-common-name", "'ca-common-name'"));
    }
    for option in ["certificate-validity", "root-ca-validity"] {
        let validity = options.option(option).map_or(Ok(None), parse_validity);
        // A validity that ends after 9999 even from 1970 on is too long in every run.
        let validity = validity.and_then(|span| {
            let checked = span.map(|span| check_ends_by_9999(Time::EPOCH, span));
            checked.transpose()
        });
        match validity {
            Ok(Some(span)) if !span.is_zero() => {}
            Ok(_) => faults.push(not_valid(
                option,
                "'certificate-validity', 'root-ca-validity'",
            )),
            Err(error) => faults.push(OptionFault::new(option, error.to_string())),
        }
    }
    faults
}

/// `_config_certificate_limit`: zero is falsy in Python, and -1 means no limit. Juju takes whole numbers only; one that
/// is too large to be counted limits nothing.
fn parse_limit(text: &str) -> Option<usize> {
    let limit = text.parse::<i64>().ok().filter(|limit| *limit > 0)?;
    usize::try_from(limit).ok()
}

const DAY_S: u64 = 86_400;

fn overflow(message: impl std::fmt::Display) -> HookError {
    HookError::Charm(format!("OverflowError: {message}"))
}

/// `datetime.timedelta` of `CPython`, `Modules/_datetimemodule.c`: its days are a C integer of at most 999999999.
fn timedelta_days(days: u64) -> Result<(), HookError> {
    match i32::try_from(days) {
        Err(_) => Err(overflow("Python int too large to convert to C int")),
        Ok(days) if days > 999_999_999 => {
            let message = format!("days={days}; must have magnitude <= 999999999");
            Err(overflow(message))
        }
        Ok(_) => Ok(()),
    }
}

/// The same validity, where it ends by the year 9999, the last of a Python `datetime`.
///
/// # Errors
///
/// [`HookError`] where it ends later.
pub(super) fn check_ends_by_9999(now: Time, validity: Span) -> Result<Span, HookError> {
    const END_OF_9999_S: u64 = 253_402_300_799;
    let end = now.as_seconds().saturating_add(validity.as_secs());
    if end > END_OF_9999_S {
        return Err(overflow("date value out of range"));
    }
    Ok(validity)
}

/// `_parse_config_time_string`: a bare number is days; what Python cannot read is no validity.
/// (It reads negative numbers too; a negative validity is taken as none here.)
///
/// # Errors
///
/// [`HookError`] where it is longer than a `timedelta` can be.
fn parse_validity(text: &str) -> Result<Option<Span>, HookError> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(unit) = text.chars().next_back() else {
        return Ok(None);
    };
    let (number, unit_s) = match unit {
        _ if is_number(text) => (text, DAY_S),
        'm' => (&text[..text.len() - 1], 60),
        'h' => (&text[..text.len() - 1], 3_600),
        'd' => (&text[..text.len() - 1], DAY_S),
        'w' => (&text[..text.len() - 1], 7 * DAY_S),
        _ => return Ok(None),
    };
    let number = number.trim();
    let number = number.strip_prefix('+').unwrap_or(number);
    if !is_number(number) {
        return Ok(None);
    }
    // Python's integers have no end; what is longer than these 64 bits is longer than a `timedelta`.
    let seconds = number.parse().ok();
    let seconds = seconds.and_then(|number: u64| number.checked_mul(unit_s));
    timedelta_days(seconds.map_or(u64::MAX, |seconds| seconds / DAY_S))?;
    Ok(seconds.map(Span::from_secs))
}

/// An option of the track `latest`, which is a whole number of days.
///
/// # Errors
///
/// [`HookError`] where it is negative, so that `cryptography` refuses the certificate, or longer than a `timedelta` can be.
pub(super) fn days(text: &str) -> Result<Span, HookError> {
    if text.starts_with('-') {
        let message =
            "ValueError: The not valid after date must be after the not valid before date.";
        return Err(HookError::Charm(message.to_owned()));
    }
    let days: u64 = text
        .parse()
        .map_err(|_| overflow("Python int too large to convert to C int"))?;
    timedelta_days(days)?;
    Ok(Span::from_secs(days * DAY_S))
}

/// `_root_certificate_matches_config`: whether the root's validity and subject are those configured.
pub(super) fn root_matches_config(certificate: &Certificate, config: &Config) -> bool {
    let subject = certificate.subject();
    let wanted = &config.subject;
    // The sum saturates at the last instant that can be represented.
    let end = |validity| (certificate.not_before() + validity).truncated_to_seconds();
    let is_as_long = config
        .root_validity
        .is_some_and(|validity| end(validity) == certificate.not_after());
    is_as_long
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
        .all(|(kind, value)| attribute_value(subject, kind).as_deref() == value.as_deref())
}

/// The first value of an attribute of this type in a subject in RFC 4514 form, without its escapes.
fn attribute_value<'a>(subject: &'a str, attribute_type: &str) -> Option<Cow<'a, str>> {
    let mut rest = subject;
    loop {
        // The part ends at the first comma or plus sign that no backslash escapes.
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
            .strip_prefix(attribute_type)
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
            assert_eq!(parse_validity(text), Ok(span), "{text}");
        }
    }

    /// What `CPython` 3.12 prints for the same.
    #[test]
    fn a_validity_that_is_too_long_for_python_overflows() {
        let too_large =
            "uncaught exception: OverflowError: Python int too large to convert to C int";
        for (text, message) in [
            ("200000000000000", too_large),
            ("999999999999999999999999999999m", too_large),
            ("1000000000w", too_large),
            ("2147483648", too_large),
            (
                "2147483647d",
                "uncaught exception: OverflowError: days=2147483647; must have magnitude <= 999999999",
            ),
            (
                "1000000000",
                "uncaught exception: OverflowError: days=1000000000; must have magnitude <= 999999999",
            ),
        ] {
            let error = parse_validity(text).expect_err(text);
            assert_eq!(error.to_string(), message, "{text}");
        }
        assert!(parse_validity("999999999").is_ok());
        let eternity = Span::from_secs(DAY_S * 100_000_000);
        let error = check_ends_by_9999(Time::EPOCH, eternity).expect_err("after 9999");
        assert_eq!(
            error.to_string(),
            "uncaught exception: OverflowError: date value out of range"
        );
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
            assert_eq!(attribute_value(subject, kind).as_deref(), value, "{kind}");
        }
    }
}
