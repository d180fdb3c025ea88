//! Clients outside Juju by their names: a deployment may have ten thousand of them, and each failure asks for its own.

use std::collections::BTreeMap;

use crate::{Address, ClientIndex, ClientSpec, Deployment};

/// The clients of a deployment by name.
#[derive(Clone, Debug)]
pub struct ClientNames<'a>(BTreeMap<&'a str, (ClientIndex, &'a ClientSpec)>);

impl<'a> ClientNames<'a> {
    /// Those of a deployment.
    pub fn of(deployment: &'a Deployment) -> Self {
        let clients = deployment.clients.iter_enumerated();
        let by_name: BTreeMap<_, _> = clients
            .map(|(index, client)| (client.name.as_str(), (index, client)))
            .collect();
        assert_eq!(
            by_name.len(),
            deployment.clients.len(),
            "a name is that of one client"
        );
        Self(by_name)
    }

    /// The client at an address; `None` where a unit or an application is there.
    pub fn get(&self, address: &Address) -> Option<(ClientIndex, &'a ClientSpec)> {
        self.0.get(address.as_str()).copied()
    }
}
