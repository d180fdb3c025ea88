//! Who takes part in something, by name and not by position: a unit, an application, or a client outside Juju.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Who takes part in something: `model.app/0`, `model.app`, or the plain name of a client outside Juju. It is
/// its written form, by which it is found and ordered, and knows where in it the parts are.
#[derive(Clone)]
pub struct Address {
    written: Arc<str>,
    parts: Parts,
}

/// How many bytes of an address name its model, and its application; and the number of a unit.
#[derive(Clone, Copy)]
enum Parts {
    Outside,
    Application {
        model: usize,
    },
    Unit {
        model: usize,
        application: usize,
        number: u32,
    },
}

/// A process of a unit beside its workload, by the name or the address of the unit: `web/0 (charm)`.
pub fn process_name(unit: &str, process: &str) -> String {
    format!("{unit} ({process})")
}

/// The unit and the process that [`process_name`] put together; `None` where no process is named.
pub(crate) fn split_process(name: &str) -> Option<(&str, &str)> {
    name.strip_suffix(')')?.split_once(" (")
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

    /// A unit of an application.
    pub fn unit_in(model: &str, application: &str, number: u32) -> Self {
        Self {
            written: format!("{model}.{application}/{number}").into(),
            parts: Parts::Unit {
                model: model.len(),
                application: model.len() + 1 + application.len(),
                number,
            },
        }
    }

    /// A process of this unit beside its workload, `model.app/0 (process)`.
    ///
    /// # Panics
    ///
    /// Where it is no unit, or a process already.
    pub fn of_process(&self, process: &str) -> Self {
        assert!(
            self.unit_number().is_some() && self.process().is_none(),
            "a process is of a unit: {self}"
        );
        Self {
            written: process_name(&self.written, process).into(),
            parts: self.parts,
        }
    }

    /// The process of a unit that is meant; `None` where it is the unit's workload, or no unit.
    pub fn process(&self) -> Option<&str> {
        let Parts::Unit { application, .. } = self.parts else {
            return None;
        };
        let (_, process) = split_process(&self.written[application..])?;
        Some(process)
    }

    /// The unit of a process; anything else is itself.
    pub fn to_unit(&self) -> Self {
        match self.process().and(self.unit_number()) {
            Some(number) => self
                .unit(number)
                .expect("a unit is of an application in a model"),
            None => self.clone(),
        }
    }

    /// The unit of its application with this number; `None` outside Juju.
    pub fn unit(&self, number: u32) -> Option<Self> {
        let model = self.model()?;
        Some(Self::unit_in(model, self.application_name()?, number))
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

    /// Its application as an address; an application and a client are themselves.
    pub fn to_application(&self) -> Self {
        match self.parts {
            Parts::Outside | Parts::Application { .. } => self.clone(),
            Parts::Unit { model, .. } => Self {
                written: self.application().into(),
                parts: Parts::Application { model },
            },
        }
    }

    /// The name of its application in its model; `None` outside Juju.
    pub fn application_name(&self) -> Option<&str> {
        let model = self.model()?;
        Some(&self.application()[model.len() + 1..])
    }

    /// The number of a unit; `None` of an application and a client.
    pub const fn unit_number(&self) -> Option<u32> {
        match self.parts {
            Parts::Outside | Parts::Application { .. } => None,
            Parts::Unit { number, .. } => Some(number),
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
        fmt::Display::fmt(&self.written, f)
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

impl PartialEq<str> for Address {
    fn eq(&self, other: &str) -> bool {
        *self.written == *other
    }
}

impl PartialEq<&str> for Address {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

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
        let unit = Address::unit_in("a", "web", 10);
        assert_eq!((unit.as_str(), unit.application()), ("a.web/10", "a.web"));
        assert_eq!((unit.model(), unit.unit_number()), (Some("a"), Some(10)));
        let application = Address::application_in("a", "web");
        assert_eq!(unit.to_application(), application);
        assert_eq!(application.to_application(), application);
        assert_eq!(application.application_name(), Some("web"));
        assert_eq!(application.unit_number(), None);
        assert_eq!(application.unit(10), Some(unit));
        let process = Address::unit_in("a", "web", 10).of_process("charm");
        assert_eq!(process.as_str(), "a.web/10 (charm)");
        assert_eq!(
            (process.application(), process.unit_number()),
            ("a.web", Some(10))
        );
        assert_eq!(process.process(), Some("charm"));
        assert_eq!(process.to_unit(), Address::unit_in("a", "web", 10));
        assert_eq!(process.to_unit().process(), None);
        let browser = Address::outside("browser");
        assert_eq!((browser.application(), browser.model()), ("browser", None));
        assert_eq!(browser.to_application(), browser);
        assert_eq!((browser.application_name(), browser.unit(0)), (None, None));
    }
}
