//! References to what is in a deployment, by name and not by position: for records that hold when units and
//! relations have come and gone. A reference has one written form, its `Display`, which is never read back.

use std::fmt;
use std::sync::Arc;

use super::address::{Address, split_process};
use super::journal::{CertificateRecord, Subject};

/// An endpoint of an application, `model.app:endpoint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointRef {
    /// The application; of a relation through an offer the one that is offered, not the SAAS.
    pub application: Address,
    /// Name of the endpoint.
    pub endpoint: Arc<str>,
}

impl EndpointRef {
    /// An endpoint of an application in a model.
    pub fn new(model: &str, application: &str, endpoint: &str) -> Self {
        Self {
            application: Address::application_in(model, application),
            endpoint: endpoint.into(),
        }
    }
}

impl fmt::Display for EndpointRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.application, self.endpoint)
    }
}

impl Subject {
    /// The subject of an entry as one address; `None` where it is about the deployment or a model.
    ///
    /// # Panics
    ///
    /// Where its unit is not named after its application, which [`super::Journal::record`] asserts.
    pub fn address(&self) -> Option<Address> {
        match (&self.model, &self.application, &self.unit) {
            (Some(model), Some(application), unit) => {
                Some(holder(model, application, unit.as_deref()))
            }
            (None, None, Some(name)) | (None, Some(name), None) => Some(Address::outside(name)),
            _ => None,
        }
    }
}

/// As it is read: an address, the name of a model, or nothing of what is about the deployment.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.address(), &self.model) {
            (Some(address), _) => fmt::Display::fmt(&address, f),
            (None, Some(model)) => fmt::Display::fmt(model, f),
            (None, None) => Ok(()),
        }
    }
}

impl CertificateRecord {
    /// The unit it was issued to, or the application for all its units.
    ///
    /// # Panics
    ///
    /// Where its unit is not named after its application, which [`super::Journal::record`] asserts.
    pub fn holder(&self) -> Address {
        holder(&self.model, &self.application, self.unit.as_deref())
    }

    /// The application that it was issued to; of a certificate of a CA, the one that has the CA.
    pub fn owner(&self) -> Address {
        Address::application_in(&self.model, &self.application)
    }
}

/// An application, its unit with the name `app/0`, or a process of the unit, `app/0 (process)`.
fn holder(model: &str, application: &str, unit: Option<&str>) -> Address {
    let Some(unit) = unit else {
        return Address::application_in(model, application);
    };
    let number = unit_number(application, unit);
    let number = number.unwrap_or_else(|| panic!("{unit} is a unit of {application}"));
    let address = Address::unit_in(model, application, number);
    match split_process(unit) {
        Some((_, process)) => address.of_process(process),
        None => address,
    }
}

/// The number in the name of a unit, or of a process of it; `None` where it is not one of a unit of this application.
pub(super) fn unit_number(application: &str, unit: &str) -> Option<u32> {
    let unit = split_process(unit).map_or(unit, |(unit, _)| unit);
    let number = unit.strip_prefix(application)?.strip_prefix('/')?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(model: &str, application: &str, unit: &str) -> Subject {
        let part = |name: &str| (!name.is_empty()).then(|| Arc::from(name));
        Subject {
            model: part(model),
            application: part(application),
            unit: part(unit),
        }
    }

    #[test]
    fn a_subject_reads_as_juju_writes_it() {
        let said = |model, application, unit| {
            let subject = subject(model, application, unit);
            let address = subject.address();
            (subject.to_string(), address.is_some())
        };
        assert_eq!(said("a", "web", "web/0"), ("a.web/0".to_owned(), true));
        assert_eq!(said("a", "web", ""), ("a.web".to_owned(), true));
        assert_eq!(said("", "", "browser"), ("browser".to_owned(), true));
        assert_eq!(said("a", "", ""), ("a".to_owned(), false));
        assert_eq!(said("", "", ""), (String::new(), false));
    }

    #[test]
    #[should_panic(expected = "ca/0 is a unit of web")]
    fn a_unit_of_another_application_is_none() {
        subject("a", "web", "ca/0").address();
    }
}
