//! Reads `interfaces.yaml`. It is embedded, and read once.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::file::{
    AcrossFile, CalledFile, CatalogueFile, ExceptionFile, IngressOptionFile, ListenerFile,
    LookupFile, OptionFile, PlainEndpointFile, RowFile, TableFile, UnitsFile, WorkloadFile,
};
use crate::row::{
    Called, CatalogueRow, Checks, Dialled, Dials, Exception, IngressOption, ListenerRow, LookupRow,
    OptionRule, Part, PlainEndpoint, Row, Speaks, TlsWhen, UnitsRow, WorkloadRow,
};
use crate::versions::CharmVersions;
use trustsim_charm_model::revisions;
use trustsim_packed::packed_text;
use trustsim_yaml::{FromNode, Reader, Spanned, Text, Unknown, parse};

/// The rows, and which of them an interface has.
struct Table {
    rows: Vec<Row>,
    units: Vec<UnitsRow>,
    workloads: Vec<WorkloadRow>,
    listeners: Vec<ListenerRow>,
    catalogues: Vec<CatalogueRow>,
}

const DIALS: [(&str, Dials); 4] = [
    ("none", Dials::None),
    ("provider", Dials::Provider),
    ("requirer", Dials::Requirer),
    ("both", Dials::Both),
];

const TLS_WHEN: [(&str, TlsWhen); 7] = [
    ("never", TlsWhen::Never),
    ("always", TlsWhen::Always),
    ("listener-certificate", TlsWhen::ListenerCertificate),
    ("provider-certificate", TlsWhen::ProviderCertificate),
    ("passed-through", TlsWhen::PassedThrough),
    ("outside", TlsWhen::Outside),
    ("outside-url", TlsWhen::OutsideUrl),
];

const DIALLED: [(&str, Dialled); 9] = [
    ("fqdn", Dialled::Fqdn),
    ("address", Dialled::Address),
    ("ingress-address", Dialled::IngressAddress),
    ("service", Dialled::Service),
    ("headless-service", Dialled::HeadlessService),
    ("ingress", Dialled::Ingress),
    ("url", Dialled::Url),
    ("localhost", Dialled::Localhost),
    ("loopback", Dialled::Loopback),
];

const CHECKS: [(&str, Checks); 4] = [
    ("verified", Checks::Verified),
    ("chain-only", Checks::ChainOnly),
    ("unverified", Checks::Unverified),
    ("client-decides", Checks::ClientDecides),
];

const SPEAKS: [(&str, Speaks); 3] = [
    ("always", Speaks::Always),
    ("own-certificate", Speaks::OwnCertificate),
    ("never", Speaks::Never),
];

const PARTS: [(&str, Part); 2] = [("dialer", Part::Dialer), ("listener", Part::Listener)];

/// The row of an interface; of two that cover it, the one that names it. What is so between some charms is beside it.
pub fn row_of(interface: &str) -> Option<&'static Row> {
    static BY_NAME: OnceLock<BTreeMap<&str, &Row>> = OnceLock::new();
    let by_name = BY_NAME.get_or_init(|| {
        let named = |row: &'static Row| row.interfaces.iter().map(move |name| (&**name, row));
        let of_all = rows().iter().filter(|row| row.between.is_none());
        of_all.flat_map(named).collect()
    });
    let mut of_all = rows().iter().filter(|row| row.between.is_none());
    let by_end = || of_all.find(|row| row.covers(interface));
    by_name.get(interface).copied().or_else(by_end)
}

/// What is so of an interface between some charms, beside its row.
pub(crate) fn rows_between(interface: &str) -> impl Iterator<Item = &'static Row> {
    let between = rows().iter().filter(|row| row.between.is_some());
    between.filter(move |row| row.covers(interface))
}

/// Every row, in file order.
pub fn rows() -> &'static [Row] {
    &table().rows
}

/// Every row about units among themselves, in file order.
pub fn units_rows() -> &'static [UnitsRow] {
    &table().units
}

/// Every row about charms and their own workloads, in file order.
pub fn workload_rows() -> &'static [WorkloadRow] {
    &table().workloads
}

/// Every row about the ports of charms, in file order.
pub fn listener_rows() -> &'static [ListenerRow] {
    &table().listeners
}

/// Every row about a catalogue of services, in file order.
pub fn catalogue_rows() -> &'static [CatalogueRow] {
    &table().catalogues
}

/// # Panics
///
/// Never, as long as the embedded file is well formed, which a test holds it to.
fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        read(&packed_text!("interfaces.yaml"))
            .unwrap_or_else(|error| panic!("interfaces.yaml: {error}"))
    })
}

fn read(text: &str) -> Result<Table, String> {
    let documents = parse(text, 0).map_err(|error| error.message)?;
    let mut reader = Reader::new(Unknown::Refused, true);
    let file = documents
        .first()
        .and_then(|node| TableFile::from_node(node, &mut reader))
        .ok_or("it has no rows")?;
    let rows = file.interfaces.iter().flatten();
    let rows: Vec<Row> = rows.filter_map(|row| row.to_row(&mut reader)).collect();
    let units = file.units.iter().flatten();
    let units: Vec<UnitsRow> = units.filter_map(|row| row.to_row(&mut reader)).collect();
    let workloads = file.workloads.iter().flatten();
    let workloads = workloads.filter_map(|row| row.to_row(&mut reader));
    let workloads: Vec<WorkloadRow> = workloads.collect();
    let listeners = file.listeners.iter().flatten();
    let listeners = listeners.filter_map(|row| row.to_row(&mut reader));
    let listeners: Vec<ListenerRow> = listeners.collect();
    let catalogues = file.catalogues.iter().flatten();
    let catalogues = catalogues.filter_map(|row| row.to_row(&mut reader));
    let catalogues: Vec<CatalogueRow> = catalogues.collect();
    match reader.mistakes.first() {
        Some(mistake) => Err(format!(
            "{} at byte {}",
            mistake.message, mistake.place.start
        )),
        None => Ok(Table {
            rows,
            units,
            workloads,
            listeners,
            catalogues,
        }),
    }
}

/// The value of a word; one that is not known is noted.
fn word<T: Copy>(text: &Text, known: &[(&str, T)], reader: &mut Reader) -> Option<T> {
    let found = known.iter().find(|(name, _)| *name == text.value);
    if found.is_none() {
        let message = format!("`{}` is not known here", text.value);
        reader.bad_value(text.place, message, None);
    }
    found.map(|(_, value)| *value)
}

/// The value of a word that may be left out.
fn optional<T: Copy>(text: Option<&Text>, known: &[(&str, T)], reader: &mut Reader) -> Option<T> {
    text.and_then(|text| word(text, known, reader))
}

/// A port.
fn port(given: Option<&Spanned<u32>>, reader: &mut Reader) -> Option<u16> {
    let given = given?;
    let found = u16::try_from(given.value).ok().filter(|port| *port > 0);
    if found.is_none() {
        reader.bad_value(given.place, "it is no port", None);
    }
    found
}

/// A source that says something.
fn source(text: Option<&Text>, reader: &mut Reader) -> Option<String> {
    let text = text?;
    if !text.value.chars().any(char::is_alphabetic) {
        reader.bad_value(text.place, "a row needs its source", None);
    }
    Some(text.value.clone())
}

impl RowFile {
    /// What is missing was noted when it was read.
    fn to_row(&self, reader: &mut Reader) -> Option<Row> {
        let dials = word(self.dials.as_ref()?, &DIALS, reader)?;
        let tls = match (dials, &self.transport) {
            // Without a connection there is nothing to encrypt.
            (Dials::None, None) => TlsWhen::Never,
            (Dials::None, Some(text)) => {
                reader.bad_value(text.place, "no side dials here", None);
                return None;
            }
            (_, None) => {
                reader.missing_key(self.place, "transport");
                return None;
            }
            (_, Some(text)) => word(text, &TLS_WHEN, reader)?,
        };
        let exceptions = self.exceptions.iter().flatten();
        let exceptions = exceptions.filter_map(|one| one.to_exception(reader));
        let exceptions = exceptions.collect();
        let plain = self.plain_endpoints.iter().flatten();
        let plain = plain.filter_map(|one| one.to_endpoint(reader));
        let plain = plain.collect();
        Some(Row {
            number: self.row?,
            exceptions,
            named_by: self.named_by.iter().flatten().cloned().collect(),
            clustered_by: self.clustered_by.iter().flatten().cloned().collect(),
            interfaces: texts(self.interfaces.as_ref()?),
            between: match &self.between {
                Some(between) => Some([between.providers.clone()?, between.requirers.clone()?]),
                None => None,
            },
            dials,
            tls,
            dialled: optional(self.dialled.as_ref(), &DIALLED, reader).unwrap_or(Dialled::Fqdn),
            dialled_on_kubernetes: optional(self.dialled_k8s.as_ref(), &DIALLED, reader),
            checks: optional(self.checks.as_ref(), &CHECKS, reader).unwrap_or(Checks::Verified),
            port: port(self.port.as_ref(), reader),
            mutual: self.mutual == Some(true),
            shows: self.shows.clone(),
            as_units: self.as_units == Some(true),
            ingress: self.ingress == Some(true),
            ingress_endpoints: self.ingress_endpoints.iter().flatten().cloned().collect(),
            ingress_in_order: self.ingress_in_order == Some(true),
            called: match &self.called {
                Some(called) => Some(called.to_called(reader)?),
                None => None,
            },
            outside_endpoints: self.outside_endpoints.iter().flatten().cloned().collect(),
            ingress_option: match &self.ingress_option {
                Some(option) => Some(option.to_option()?),
                None => None,
            },
            hands_on: self.hands_on.iter().flatten().cloned().collect(),
            gives_url: self.gives_url == Some(true),
            front: self.front == Some(true),
            ca_in_databag: self.ca_in_databag == Some(true),
            requirers_too: self.requirers_too == Some(true),
            called_as_first: self.called_as_first == Some(true),
            tls_endpoints: self.tls_endpoints.iter().flatten().cloned().collect(),
            charm_endpoints: self.charm_endpoints.iter().flatten().cloned().collect(),
            plain_endpoints: plain,
            option: self.option.as_ref().and_then(OptionFile::to_rule),
            assumed: self.assumed == Some(true),
            note: self.note.clone(),
            source: source(self.source.as_ref(), reader)?,
        })
    }
}

fn texts(list: &[Text]) -> Vec<String> {
    list.iter().map(|text| text.value.clone()).collect()
}

impl IngressOptionFile {
    fn to_option(&self) -> Option<IngressOption> {
        Some(IngressOption {
            name: self.name.clone()?,
            endpoints: self.endpoints.clone()?,
        })
    }
}

impl CalledFile {
    fn to_called(&self, reader: &mut Reader) -> Option<Called> {
        Some(Called {
            dialled: word(self.dialled.as_ref()?, &DIALLED, reader)?,
            named_by: self.named_by.iter().flatten().cloned().collect(),
            clustered_by: self.clustered_by.iter().flatten().cloned().collect(),
        })
    }
}

impl OptionFile {
    fn to_rule(&self) -> Option<OptionRule> {
        Some(OptionRule {
            name: self.name.clone()?,
            tls: self.tls.clone()?,
        })
    }
}

impl PlainEndpointFile {
    fn to_endpoint(&self, reader: &mut Reader) -> Option<PlainEndpoint> {
        Some(PlainEndpoint {
            endpoint: self.endpoint.clone()?,
            unless: self.unless.clone()?,
            source: source(self.source.as_ref(), reader)?,
        })
    }
}

impl ExceptionFile {
    fn to_exception(&self, reader: &mut Reader) -> Option<Exception> {
        if self.dials_nothing == Some(true) && self.note.is_none() {
            let message = "an exception by which nothing is dialled has a `note` that says why";
            reader.bad_value(self.place, message, None);
            return None;
        }
        Some(Exception {
            charms: CharmVersions {
                charms: self.charms.clone()?,
                revisions: revisions(&self.revisions, reader),
                pinned: self.pinned == Some(true),
            },
            part: word(self.side.as_ref()?, &PARTS, reader)?,
            across: self
                .across
                .as_ref()
                .and_then(|across| across.to_versions(reader)),
            without_ingress: self.without_ingress == Some(true),
            dials_nothing: self.dials_nothing == Some(true),
            endpoints: self.endpoints.iter().flatten().cloned().collect(),
            speaks: optional(self.speaks.as_ref(), &SPEAKS, reader),
            process: self.process.clone(),
            tls: optional(self.transport.as_ref(), &TLS_WHEN, reader),
            dialled: optional(self.dialled.as_ref(), &DIALLED, reader),
            checks: optional(self.checks.as_ref(), &CHECKS, reader),
            port: port(self.port.as_ref(), reader),
            ingress: self.ingress,
            ingress_endpoints: self.ingress_endpoints.clone(),
            note: self.note.clone(),
            source: source(self.source.as_ref(), reader)?,
        })
    }
}

impl AcrossFile {
    fn to_versions(&self, reader: &mut Reader) -> Option<CharmVersions> {
        Some(CharmVersions {
            charms: self.charms.clone()?,
            revisions: revisions(&self.revisions, reader),
            pinned: false,
        })
    }
}

impl ListenerFile {
    fn to_row(&self, reader: &mut Reader) -> Option<ListenerRow> {
        Some(ListenerRow {
            charms: self.charms.clone()?,
            not_as: self.not_as.iter().flatten().cloned().collect(),
            interfaces: self.interfaces.iter().flatten().cloned().collect(),
            endpoints: self.endpoints.iter().flatten().cloned().collect(),
            port: port(self.port.as_ref(), reader)?,
            plain_port: port(self.plain_port.as_ref(), reader),
            option: self.option.clone(),
            source: source(self.source.as_ref(), reader)?,
        })
    }
}

impl UnitsFile {
    fn to_row(&self, reader: &mut Reader) -> Option<UnitsRow> {
        Some(UnitsRow {
            charms: self.charms.clone()?,
            not_as: self.not_as.iter().flatten().cloned().collect(),
            tls: word(self.transport.as_ref()?, &TLS_WHEN, reader)?,
            dialled: optional(self.dialled.as_ref(), &DIALLED, reader).unwrap_or(Dialled::Fqdn),
            dialled_on_kubernetes: optional(self.dialled_k8s.as_ref(), &DIALLED, reader),
            port: port(self.port.as_ref(), reader),
            checks: optional(self.checks.as_ref(), &CHECKS, reader).unwrap_or(Checks::Verified),
            mutual: self.mutual == Some(true),
            shows: self.shows.clone(),
            assumed: self.assumed == Some(true),
            source: source(self.source.as_ref(), reader)?,
        })
    }
}

impl WorkloadFile {
    fn to_row(&self, reader: &mut Reader) -> Option<WorkloadRow> {
        Some(WorkloadRow {
            charms: self.charms.clone()?,
            not_as: self.not_as.iter().flatten().cloned().collect(),
            process: self.process.clone()?,
            tls: word(self.transport.as_ref()?, &TLS_WHEN, reader)?,
            dialled: word(self.dialled.as_ref()?, &DIALLED, reader)?,
            dialled_on_kubernetes: optional(self.dialled_k8s.as_ref(), &DIALLED, reader),
            checks: optional(self.checks.as_ref(), &CHECKS, reader).unwrap_or(Checks::Verified),
            mutual: self.mutual == Some(true),
            unplayed: self.unplayed == Some(true),
            in_actions: self.in_actions == Some(true),
            by_ingress: match self.by_ingress.as_deref() {
                None => None,
                Some(&[first, last]) if first <= last => Some([first, last]),
                Some(_) => {
                    let message = "`by-ingress` is the first and the last revision";
                    reader.bad_value(self.place, message, None);
                    return None;
                }
            },
            source: source(self.source.as_ref(), reader)?,
        })
    }
}

impl CatalogueFile {
    fn to_row(&self, reader: &mut Reader) -> Option<CatalogueRow> {
        let lookups = self.lookups.iter().flatten();
        let lookups = lookups.filter_map(|one| one.to_row(reader)).collect();
        Some(CatalogueRow {
            name: self.name.clone()?,
            interfaces: self.interfaces.clone()?,
            told_over: self.told_over.iter().flatten().cloned().collect(),
            tls: word(self.transport.as_ref()?, &TLS_WHEN, reader)?,
            dialled: word(self.dialled.as_ref()?, &DIALLED, reader)?,
            checks: optional(self.checks.as_ref(), &CHECKS, reader).unwrap_or(Checks::Verified),
            named_by: self.named_by.iter().flatten().cloned().collect(),
            named_internally_by: self.named_internally_by.iter().flatten().cloned().collect(),
            clustered_by: self.clustered_by.iter().flatten().cloned().collect(),
            lookups,
        })
    }
}

impl LookupFile {
    fn to_row(&self, reader: &mut Reader) -> Option<LookupRow> {
        Some(LookupRow {
            charms: self.charms.clone()?,
            finds: self.finds.clone()?,
            with: self.with.iter().flatten().cloned().collect(),
            internal: self.internal == Some(true),
            internal_by: self.internal_by.clone(),
            ca_in_databag: self.ca_in_databag == Some(true),
            source: source(self.source.as_ref(), reader)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_embedded_file_is_well_formed() {
        let table = read(&packed_text!("interfaces.yaml")).expect("well formed");
        let mut seen = BTreeSet::new();
        let (between, of_all): (Vec<_>, Vec<_>) =
            table.rows.iter().partition(|row| row.between.is_some());
        for row in between {
            assert!(
                row.dials != Dials::None,
                "beside another row it adds an edge"
            );
        }
        for name in of_all.iter().flat_map(|row| &row.interfaces) {
            assert!(seen.insert(name.as_str()), "`{name}` is in two rows");
        }
        let handed_on = table.rows.iter().flat_map(|row| &row.hands_on);
        for name in handed_on {
            assert!(seen.contains(name.as_str()), "`{name}` has no row");
        }
        // 131 names with `website`, `reverseproxy` and `kube-api-endpoint`, which are endpoints of `http`.
        assert!(seen.len() >= 128, "{}", seen.len());
        let numbers: BTreeSet<u32> = table.rows.iter().map(|row| row.number).collect();
        // Row 2 is version 1 of the interface of row 1.
        let missing: Vec<u32> = (1..=76).filter(|row| !numbers.contains(row)).collect();
        assert_eq!(missing, [2]);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let row = |more: &str| {
            format!(
                "interfaces: [{{row: 1, interfaces: [x], {more}}}]\nunits: []\nworkloads: []\nlisteners: []\ncatalogues: []\n"
            )
        };
        for (more, wrong) in [
            ("dials: none, source: a", None),
            (
                "dials: none, source: a, colour: red",
                Some("unknown key `colour`"),
            ),
            ("dials: none", Some("`source` is missing")),
            ("dials: none, source: '-'", Some("a row needs its source")),
            (
                "dials: someone, source: a",
                Some("`someone` is not known here"),
            ),
            ("dials: both, source: a", Some("`transport` is missing")),
            (
                "dials: both, transport: maybe, source: a",
                Some("`maybe` is not known here"),
            ),
            (
                "dials: none, transport: always, source: a",
                Some("no side dials here"),
            ),
            (
                "dials: both, transport: always, source: a, exceptions: [{charms: [a], side: dialer, dials-nothing: true, source: a}]",
                Some("an exception by which nothing is dialled has a `note`"),
            ),
        ] {
            let error = read(&row(more)).err();
            match wrong {
                Some(wrong) => assert!(error.expect(more).starts_with(wrong), "{more}"),
                None => assert_eq!(error, None),
            }
        }
    }

    #[test]
    fn an_interface_has_its_row() {
        let number = |name: &str| row_of(name).map(|row| row.number);
        assert_eq!(number("loki_push_api"), Some(15));
        assert_eq!(number("aws-integration"), Some(59));
        assert_eq!(number("no-such-interface"), None);
    }
}
