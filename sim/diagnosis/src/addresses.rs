//! Names of things in a deployment: `model.app/0` for a unit, `model.app` for an application, a plain
//! name for a client outside Juju. Knows how they are written and what they name, nothing else.

use trustsim_model::{ApplicationIndex, CertificateRecord, Deployment, Subject};

/// `model.app/0`, `model.app` or, outside Juju, a plain name.
pub fn address(subject: &Subject) -> String {
    let local = subject.unit.as_deref().or(subject.application.as_deref());
    match (subject.model.as_deref(), local) {
        (Some(model), Some(local)) => format!("{model}.{local}"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => String::new(),
    }
}

/// `model.app` of `model.app/0`; a name without a unit is itself.
pub fn application_of(address: &str) -> &str {
    address
        .rsplit_once('/')
        .map_or(address, |(application, _)| application)
}

/// `model.app` and the number of `model.app/0`.
///
/// # Panics
///
/// Where it is not the address of a unit.
pub fn unit_of(address: &str) -> (&str, u32) {
    let parts = address.rsplit_once('/');
    let (application, number) = parts.expect("the address of a unit is `model.app/0`");
    let number = number.parse();
    (application, number.expect("units are numbered"))
}

/// The holder of a certificate: `model.app/0`, or `model.app` for one of all its units.
pub fn holder(record: &CertificateRecord) -> String {
    let holder = record.unit.as_ref().unwrap_or(&record.application);
    format!("{}.{holder}", record.model)
}

/// Index of the application at `model.app`.
pub fn application(deployment: &Deployment, address: &str) -> Option<ApplicationIndex> {
    let mut applications = deployment.applications.keys();
    applications.find(|&index| deployment.application_address(index) == address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_testkit::subject;

    #[test]
    fn addresses_read_as_juju_writes_them() {
        for text in ["a.web/0", "a.web", "browser"] {
            assert_eq!(address(&subject(text)), text);
        }
        assert_eq!(address(&Subject::default()), "");
    }

    #[test]
    fn the_application_of_an_address_is_what_comes_before_the_unit() {
        assert_eq!(application_of("a.web/10"), "a.web");
        assert_eq!(application_of("browser"), "browser");
    }
}
