//! What is done to the TLS side of units and clients by hand, and what puts it right again.
//!
//! What a unit serves and trusts are files, so a change is a change of files: the process has it at
//! once, a charm that writes the file again puts it right, a new pod has lost it. What is remembered
//! here is only what a file was before.

use std::collections::BTreeMap;
use std::sync::Arc;
use trustsim_model::{
    Added, ApplicationIndex, CertificateKind, CertificateRecord, ClientIndex, Entry, Kind, TlsEdit,
};

use super::deployed::Deployed;
use super::journal::JournalWriter;
use super::keys::Keys;
use trustsim_charm_model::surface;
use trustsim_interfaces::pem;
use trustsim_juju::{About, UnitId, Value};
use trustsim_kernel::{Seq, Span, Time};
use trustsim_pki::{
    Certificate, KeyAlgorithm, KeyPair, RequestAttributes, SerialNumber, Template, Terms, self_sign,
};
use trustsim_validators::Validator;

mod chains;
#[cfg(test)]
mod tests;

/// Changes made by hand that may be put right again.
#[derive(Clone, Debug, Default)]
pub(super) struct Edits {
    of_units: Vec<FileEdit>,
    /// By client: what it was given, and what it was told not to trust.
    of_clients: Vec<ClientEdit>,
    /// How many there were, to tell files apart.
    count: usize,
}

/// One file changed by hand.
#[derive(Clone, Debug)]
struct FileEdit {
    edit: TlsEdit,
    /// Which edit of the run, counted from 1: equal ones may overlap.
    number: usize,
    unit: UnitId,
    path: Arc<str>,
    before: Option<Value>,
    after: Option<Value>,
}

#[derive(Clone, Debug)]
struct ClientEdit {
    edit: TlsEdit,
    /// Which edit of the run, counted from 1: equal ones may overlap.
    number: usize,
    client: ClientIndex,
    what: ClientChange,
}

#[derive(Clone, Debug)]
pub(super) enum ClientChange {
    Added(Vec<Certificate>),
    Distrusted(Vec<Certificate>),
    /// Its file has a damaged block.
    Damaged,
}

impl Edits {
    /// A change by hand begins.
    pub(super) fn begin(&mut self) {
        self.count += 1;
    }

    /// How many have begun: the number of the last one.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The change that has begun writes these files of a unit; `before` is what they are now.
    pub(super) fn add_files(
        &mut self,
        edit: &TlsEdit,
        unit: UnitId,
        files: &Files,
        before: &BTreeMap<Arc<str>, Value>,
    ) {
        let number = self.count;
        let edits = files.iter().map(|(path, after)| FileEdit {
            edit: edit.clone(),
            number,
            unit,
            path: Arc::clone(path),
            before: before.get(path).cloned(),
            after: after.clone(),
        });
        self.of_units.extend(edits);
    }

    /// The change that has begun is one of a client's store.
    pub(super) fn add_client(&mut self, edit: &TlsEdit, client: ClientIndex, what: ClientChange) {
        self.of_clients.push(ClientEdit {
            edit: edit.clone(),
            number: self.count,
            client,
            what,
        });
    }

    /// What puts back the files that were there before an edit, where each still is as that edit left
    /// it. An edit that was made on top of it puts that back in its turn.
    pub(super) fn undo_files(
        &mut self,
        number: usize,
        deployed: &Deployed,
    ) -> BTreeMap<UnitId, Files> {
        let mut by_unit: BTreeMap<UnitId, Files> = BTreeMap::new();
        for undone in self.take_of_units(number) {
            if let Some(above) = self.made_on_top_of(&undone) {
                above.before = undone.before;
                continue;
            }
            let files = &deployed.juju().unit(undone.unit).workload.files;
            if files.get(&undone.path) == undone.after.as_ref() {
                let files = by_unit.entry(undone.unit).or_default();
                files.insert(undone.path, undone.before);
            }
        }
        by_unit
    }

    /// What a client of this stack trusts after all that was done to its store by hand; `given` is what
    /// it was given.
    pub(super) fn by_hand(
        &self,
        client: ClientIndex,
        stack: Validator,
        given: Vec<Certificate>,
    ) -> Vec<Certificate> {
        let own = self.of_clients.iter().filter(|one| one.client == client);
        let mut first = Vec::new();
        let mut roots = given;
        let mut blocked = Vec::new();
        for one in own {
            match &one.what {
                ClientChange::Added(added) => first.extend(added.iter().cloned()),
                ClientChange::Distrusted(list) => blocked.extend(list.iter().cloned()),
                ClientChange::Damaged if stack.skips_damaged_blocks() => {}
                ClientChange::Damaged => roots.clear(),
            }
        }
        first.extend(roots);
        first.retain(|root| !blocked.contains(root));
        first
    }

    /// The number of the first edit that is equal to this one and was not undone.
    pub(super) fn first_equal_to(&self, edit: &TlsEdit) -> Option<usize> {
        let of_units = self.of_units.iter().map(|one| (&one.edit, one.number));
        let of_clients = self.of_clients.iter().map(|one| (&one.edit, one.number));
        let equal = of_units.chain(of_clients).filter(|(one, _)| *one == edit);
        equal.map(|(_, number)| number).min()
    }

    /// Takes out the files that an edit changed.
    fn take_of_units(&mut self, number: usize) -> Vec<FileEdit> {
        let is_it = |one: &mut FileEdit| one.number == number;
        self.of_units.extract_if(.., is_it).collect()
    }

    /// Takes out what an edit did to clients, and gives whose store it was.
    pub(super) fn take_of_clients(&mut self, number: usize) -> Vec<ClientIndex> {
        let is_it = |one: &mut ClientEdit| one.number == number;
        let taken = self.of_clients.extract_if(.., is_it);
        taken.map(|one| one.client).collect()
    }

    /// The edit of the same file that found it as `below` had left it.
    fn made_on_top_of(&mut self, below: &FileEdit) -> Option<&mut FileEdit> {
        self.of_units.iter_mut().find(|one| {
            one.number > below.number
                && (one.unit, &one.path) == (below.unit, &below.path)
                && one.before == below.after
        })
    }
}

pub(super) type Files = BTreeMap<Arc<str>, Option<Value>>;

/// How long a root made for a fault is valid.
const ROOT_VALIDITY: Span = Span::from_secs(3_650 * 86_400);

/// A block that looks like a certificate and is none.
const DAMAGED_BLOCK: &str =
    "-----BEGIN CERTIFICATE-----\nZ2FyYmFnZQ==\n-----END CERTIFICATE-----\n";

/// Makes what files become by one change: it reads what there is, and changes nothing.
#[derive(Clone, Copy)]
pub(super) struct Tampered<'a> {
    pub keys: Keys<'a>,
    /// Which change of the run, to tell files and names apart.
    pub number: usize,
    pub now: Time,
}

impl Tampered<'_> {
    /// Certificates that are added to a trust store.
    pub(super) fn added_roots(&self, added: &Added) -> Vec<Certificate> {
        match added {
            Added::Authority(ca) => {
                let mut roots = self.keys.deployed.ca_of(*ca, self.now);
                roots.extend(self.keys.operators.external_roots(*ca));
                roots
            }
            Added::Unrelated(count) => (0..*count).map(|index| self.unrelated(index)).collect(),
            Added::Namesakes { of, count } => {
                let Some(present) = self.keys.authorities_of(*of).pop() else {
                    return Vec::new();
                };
                self.namesakes(&present, *count)
            }
            Added::Garbage => Vec::new(),
        }
    }

    fn unrelated(&self, index: u32) -> Certificate {
        let subject = format!("{}/{index}", self.number);
        let streams = self.keys.deployed.streams();
        let mut stream = streams.stream("unrelated-root", &subject);
        let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
        let terms = Terms {
            serial: SerialNumber::random(&mut stream),
            now: self.now,
            validity: ROOT_VALIDITY,
        };
        let name = format!("unrelated root {}-{index}", self.number);
        let attributes = RequestAttributes::with_common_name(name);
        let root = self_sign(&attributes, &key, &terms, &Template::root());
        root.expect("a name of plain letters can be written")
    }

    /// The files of a unit's trust store that change where `roots` are added.
    pub(super) fn trust_files(&self, unit: UnitId, added: &Added, roots: &[Certificate]) -> Files {
        let files = &self.keys.deployed.juju().unit(unit).workload.files;
        match added {
            Added::Garbage => surface::paths_under(files, "trust/")
                .filter_map(|path| {
                    let text = files.get(path)?.text();
                    let end = if text.ends_with('\n') { "" } else { "\n" };
                    let text = format!("{text}{end}{DAMAGED_BLOCK}");
                    Some((Arc::clone(path), Some(Value::from(text))))
                })
                .collect(),
            _ if roots.is_empty() => Files::new(),
            _ => {
                let source = surface::hand_source(&format!("{:04}", self.number));
                let path: Arc<str> = surface::trust_path(&source).into();
                let value = pem::chain_value(roots);
                Files::from([(path, Some(value))])
            }
        }
    }

    /// The block list that has every CA of an application.
    pub(super) fn distrust_files(&self, ca: ApplicationIndex) -> Files {
        let name = format!("{:04}", self.number);
        let path: Arc<str> = surface::distrusted_path(&name).into();
        let value = pem::chain_value(&self.keys.authorities_of(ca));
        Files::from([(path, Some(value))])
    }
}

/// Certificates that were made for a change by hand are in the journal like any other.
pub(super) fn note_made(
    unit: UnitId,
    files: &Files,
    entry: Seq,
    time: Time,
    deployed: &Deployed,
    journal: &mut JournalWriter,
) {
    let values = files.values().flatten();
    let leaf_of = |value: &Value| (*pem::chain(value)).as_ref().ok()?.first().cloned();
    let leaves: BTreeMap<[u8; 32], Certificate> = values
        .filter_map(leaf_of)
        .map(|leaf| (*leaf.sha256(), leaf))
        .collect();
    for leaf in leaves.into_values() {
        let mut known = journal.certificates();
        if known.any(|record| record.certificate.serial() == leaf.serial()) {
            continue;
        }
        drop(known);
        let issuer = journal.issuer_of(&leaf);
        let of_unit = deployed.subject(About::Unit(unit));
        let record = CertificateRecord {
            kind: CertificateKind::Leaf,
            issuer_serial: issuer.as_ref().unwrap_or(&leaf).serial().into(),
            requested_at: None,
            request: None,
            model: of_unit.model.clone().expect("a unit is in a model"),
            application: of_unit
                .application
                .clone()
                .expect("a unit is of an application"),
            unit: of_unit.unit.clone(),
            certificate: leaf,
        };
        journal.record(Entry::new(
            time,
            Some(entry),
            of_unit,
            Kind::CertificateIssued(record),
        ));
    }
}
