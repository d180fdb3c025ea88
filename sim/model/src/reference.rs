//! References to what is in a deployment, by name and not by position: for records that hold when units and
//! relations have come and gone. A reference has one written form, its `Display`, which is never read back.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::journal::Subject;

/// An endpoint of an application, `model.app:endpoint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointRef {
    /// `model.app`; of a relation through an offer the application that is offered, not the SAAS.
    pub application: Arc<str>,
    /// Name of the endpoint.
    pub endpoint: Arc<str>,
}

impl EndpointRef {
    /// An endpoint of an application in a model.
    pub fn new(model: &str, application: &str, endpoint: &str) -> Self {
        Self {
            application: format!("{model}.{application}").into(),
            endpoint: endpoint.into(),
        }
    }
}

impl fmt::Display for EndpointRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.application, self.endpoint)
    }
}

/// Who takes part in something: `model.app/0`, `model.app`, or the plain name of a client outside Juju. It is
/// its written form, by which it is found and ordered, and knows where in it the parts are.
#[derive(Clone)]
pub struct Address {
    written: Arc<str>,
    parts: Parts,
}

/// How many bytes of an address name its model, and its application.
#[derive(Clone, Copy)]
enum Parts {
    Outside,
    Application { model: usize },
    Unit { model: usize, application: usize },
}

impl Address {
    /// A client outside Juju.
    pub fn outside(name: &str) -> Self {
        Self {
            written: name.into(),
            parts: Parts::Outside,
        }
    }

    /// An application, or what all its units share.
    pub fn application_in(model: &str, application: &str) -> Self {
        Self {
            written: format!("{model}.{application}").into(),
            parts: Parts::Application { model: model.len() },
        }
    }

    /// A unit; its name is `app/0`.
    ///
    /// # Panics
    ///
    /// Where the name is not one of a unit of the application.
    pub fn unit_in(model: &str, application: &str, unit: &str) -> Self {
        let number = unit.strip_prefix(application);
        assert!(
            number.is_some_and(|number| number.starts_with('/')),
            "{unit} is named after its application, {application}"
        );
        Self {
            written: format!("{model}.{unit}").into(),
            parts: Parts::Unit {
                model: model.len(),
                application: model.len() + 1 + application.len(),
            },
        }
    }

    /// Its written form.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// `model.app` of a unit; an application and a client are themselves.
    pub fn application(&self) -> &str {
        match self.parts {
            Parts::Outside | Parts::Application { .. } => &self.written,
            Parts::Unit { application, .. } => &self.written[..application],
        }
    }

    /// The name of its model; `None` outside Juju.
    pub fn model(&self) -> Option<&str> {
        match self.parts {
            Parts::Outside => None,
            Parts::Application { model } | Parts::Unit { model, .. } => {
                Some(&self.written[..model])
            }
        }
    }
}

impl Subject {
    /// The subject of an entry as one address; `None` where it is about the deployment or a model.
    pub fn address(&self) -> Option<Address> {
        match (&self.model, &self.application, &self.unit) {
            (Some(model), Some(application), Some(unit)) => {
                Some(Address::unit_in(model, application, unit))
            }
            (Some(model), Some(application), None) => {
                Some(Address::application_in(model, application))
            }
            (None, None, Some(name)) | (None, Some(name), None) => Some(Address::outside(name)),
            _ => None,
        }
    }
}

impl Deref for Address {
    type Target = str;

    fn deref(&self) -> &str {
        &self.written
    }
}

impl Borrow<str> for Address {
    fn borrow(&self) -> &str {
        &self.written
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.written, f)
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Address {}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        self.written.cmp(&other.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_knows_its_parts() {
        let unit = Address::unit_in("a", "web", "web/10");
        assert_eq!((unit.as_str(), unit.application()), ("a.web/10", "a.web"));
        assert_eq!(unit.model(), Some("a"));
        let application = Address::application_in("a", "web");
        assert_eq!(application.application(), "a.web");
        let browser = Address::outside("browser");
        assert_eq!((browser.application(), browser.model()), ("browser", None));
    }

    #[test]
    #[should_panic(expected = "named after its application")]
    fn a_unit_of_another_application_is_none() {
        Address::unit_in("a", "web", "ca/0");
    }
}
