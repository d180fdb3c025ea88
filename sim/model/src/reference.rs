//! References to what is in a deployment, by name and not by position: for records that hold when units and
//! relations have come and gone. A reference has one written form, its `Display`, which is never read back.

use std::fmt;
use std::sync::Arc;

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
