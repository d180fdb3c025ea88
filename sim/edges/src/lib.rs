//! Which TLS edges a deployment has, derived from its relations: which side dials, under which name, over TLS or plain,
//! and what the dialer checks.
//!
//! What each interface means is data, `interfaces.yaml`, every row with its source; [`row_of`] gives the row of an
//! interface. [`derive()`] applies the rows to a deployment. Every relation ends as one [`Outcome`]: TLS, plain, no edge
//! by the table, or unknown with what would have to be supplied. For example, from `[grafana:grafana-source,
//! loki:grafana-source]` comes one edge from grafana to loki, over TLS if loki has a relation for certificates; with an
//! ingress in front of loki it is two, grafana to the ingress and the ingress to loki.
//!
//! What no relation shows is derived too where it is known of a charm, and so is what it finds in a catalogue of services.
//!
//! Where an application is seen to publish URLs, these say whether it is dialled over TLS and under which name, whatever
//! the row says.
//!
//! Must not know files, scenarios or how runs work.

mod agents;
mod called;
mod catalogues;
mod certificates;
mod derive;
mod edge;
mod file;
mod fronts;
mod ingress;
mod legs;
mod ports;
mod published;
mod row;
mod table;
#[cfg(test)]
mod tests;
mod told;
mod unseen;
mod versions;

pub use agents::{CONTROLLER_NAME, CONTROLLER_SOURCE, ControllerEdge, controller_edges};
pub use catalogues::unknown_lookups;
pub use derive::derive;
pub use edge::{
    Counts, Edge, EdgeIndex, Edges, End, Name, NoEdge, Outcome, Plain, Process, Reason, Transport,
    Unknown,
};
pub use row::{
    Called, CatalogueRow, Checks, Dialled, Dials, Exception, IngressOption, ListenerRow, LookupRow,
    OptionRule, Part, Row, Speaks, TlsWhen, UnitsRow, WorkloadRow,
};
pub use table::{catalogue_rows, listener_rows, row_of, rows, units_rows, workload_rows};
pub use versions::CharmVersions;
