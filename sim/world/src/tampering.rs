//! Carries out what is done to the TLS side of units and clients by hand, and puts it right again.
//!
//! What a unit serves and trusts are files, so a change is a change of files: the process has it at
//! once, a charm that writes the file again mends it, a new pod has lost it. What is remembered
//! here is only what stood there before.

use std::collections::BTreeMap;
use std::sync::Arc;
use trustsim_model::{
    Added, Answering, CertificateKind, CertificateRecord, ClientIndex, Entry, Kind, Refusal, Store,
    TlsAction, TlsEdit, Trigger,
};

use super::desk::subject;
use super::simulation::{Event, World};
use trustsim_charm_model::surface;
use trustsim_interfaces::pem;
use trustsim_juju::{About, UnitId, Value};
use trustsim_kernel::{Agenda, Seq, Span, Time};
use trustsim_pki::{
    Certificate, KeyAlgorithm, KeyPair, RequestAttributes, SerialNumber, Template, Terms, self_sign,
};

mod chains;
#[cfg(test)]
mod tests;

/// Changes made by hand that somebody may put right again.
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
enum ClientChange {
    Added(Vec<Certificate>),
    Distrusted(Vec<Certificate>),
    /// Its file has a damaged block.
    Damaged,
}

impl Edits {
    /// The number of the first edit that is equal to this one and was not undone.
    fn first_equal_to(&self, edit: &TlsEdit) -> Option<usize> {
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
    fn take_of_clients(&mut self, number: usize) -> Vec<ClientIndex> {
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

type Files = BTreeMap<Arc<str>, Option<Value>>;

/// How long a root made for a fault is valid.
const ROOT_VALIDITY: Span = Span::from_secs(3_650 * 86_400);

/// A block that looks like a certificate and is none.
pub(super) const DAMAGED_BLOCK: &str =
    "-----BEGIN CERTIFICATE-----\nZ2FyYmFnZQ==\n-----END CERTIFICATE-----\n";

impl World {
    pub(super) fn do_to_tls(&mut self, action: &TlsAction, entry: Seq, agenda: &mut Agenda<Event>) {
        match action {
            TlsAction::Edit(edit) => self.edit_by_hand(edit, entry, agenda),
            TlsAction::Undo(edit) => self.undo_edit(edit, entry, agenda),
            TlsAction::PublishLists {
                ca,
                revoked,
                valid,
                every,
            } => self.publish_lists(*ca, revoked, (*valid, *every), entry, agenda),
            TlsAction::StopLists { ca } => self.stop_lists(*ca),
            TlsAction::Compromise { ca } => self.compromise(*ca, entry, agenda),
            TlsAction::Answer {
                application,
                unit,
                how,
            } => {
                for unit in self.targets(*application, *unit) {
                    self.set_answering(unit, *how, entry, agenda);
                }
            }
        }
    }

    fn set_answering(
        &mut self,
        unit: UnitId,
        how: Answering,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        self.sides.of(unit).set_answering(how, entry);
        self.judge_touching(unit, Trigger::Reachability, agenda);
    }

    fn edit_by_hand(&mut self, edit: &TlsEdit, entry: Seq, agenda: &mut Agenda<Event>) {
        self.edits.count += 1;
        match edit {
            TlsEdit::Tamper {
                application,
                unit,
                endpoint,
                how,
            } => {
                let units = self.targets(*application, *unit);
                let mut any = false;
                for unit in units {
                    let files = self.tampered(unit, endpoint.as_deref(), *how, agenda.now());
                    any |= !files.is_empty();
                    self.note_made(unit, &files, entry, agenda.now());
                    self.change_by_hand(edit, unit, &files, entry, agenda);
                }
                if !any {
                    self.refused(Refusal::NothingToChange, entry, agenda.now());
                }
            }
            TlsEdit::Trust { whose, added } => {
                let roots = self.added_roots(added, agenda);
                match whose {
                    Store::Units { application, unit } => {
                        for unit in self.targets(*application, *unit) {
                            let files = self.trust_files(unit, added, &roots);
                            self.change_by_hand(edit, unit, &files, entry, agenda);
                        }
                    }
                    Store::Client(client) => {
                        let what = match added {
                            Added::Garbage => ClientChange::Damaged,
                            _ => ClientChange::Added(roots),
                        };
                        self.change_client(edit, (*client, what), entry, agenda);
                    }
                }
            }
            TlsEdit::Distrust { whose, ca } => {
                let blocked = self.authorities_of(*ca);
                match whose {
                    Store::Units { application, unit } => {
                        let name = format!("{:04}", self.edits.count);
                        let path: Arc<str> = surface::distrusted_path(&name).into();
                        let value = pem::chain_value(&blocked);
                        let files = Files::from([(path, Some(value))]);
                        for unit in self.targets(*application, *unit) {
                            self.change_by_hand(edit, unit, &files, entry, agenda);
                        }
                    }
                    Store::Client(client) => {
                        let what = ClientChange::Distrusted(blocked);
                        self.change_client(edit, (*client, what), entry, agenda);
                    }
                }
            }
        }
    }

    fn change_by_hand(
        &mut self,
        edit: &TlsEdit,
        unit: UnitId,
        files: &Files,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        if files.is_empty() {
            return;
        }
        let before = &self.juju.unit(unit).workload.files;
        let number = self.edits.count;
        let edits = files.iter().map(|(path, after)| FileEdit {
            edit: edit.clone(),
            number,
            unit,
            path: Arc::clone(path),
            before: before.get(path).cloned(),
            after: after.clone(),
        });
        self.edits.of_units.extend(edits);
        self.write_files(unit, files, entry, agenda);
    }

    /// Certificates that were made for this stand in the journal like any other.
    fn note_made(&mut self, unit: UnitId, files: &Files, entry: Seq, time: Time) {
        let values = files.values().flatten();
        let leaf_of = |value: &Value| (*pem::chain(value)).as_ref().ok()?.first().cloned();
        let leaves: BTreeMap<[u8; 32], Certificate> = values
            .filter_map(leaf_of)
            .map(|leaf| (*leaf.sha256(), leaf))
            .collect();
        for leaf in leaves.into_values() {
            let is_known = self.journal.entries().iter().any(|entry| {
                matches!(&entry.kind, Kind::CertificateIssued(record)
                    if record.certificate.serial() == leaf.serial())
            });
            if is_known {
                continue;
            }
            let issuer = self.issuer_of(&leaf);
            let of_unit = subject(&self.juju, About::Unit(unit));
            let record = CertificateRecord {
                kind: CertificateKind::Leaf,
                issuer_serial: issuer.as_ref().unwrap_or(&leaf).serial().into(),
                requested_at: None,
                model: of_unit.model.clone().expect("a unit is in a model"),
                application: of_unit
                    .application
                    .clone()
                    .expect("a unit is of an application"),
                unit: of_unit.unit.clone(),
                certificate: leaf,
            };
            self.journal.record(Entry {
                time,
                cause: Some(entry),
                subject: of_unit,
                kind: Kind::CertificateIssued(record),
            });
        }
    }

    fn write_files(&mut self, unit: UnitId, files: &Files, entry: Seq, agenda: &mut Agenda<Event>) {
        self.in_juju(agenda, |juju, desk| {
            juju.operator().change_files(unit, files, Some(entry), desk);
        });
        self.workload_changed(unit, agenda);
    }

    /// Puts back what was there before the first of the edits that are equal to this one, where the
    /// file still is as that edit left it. An edit that was made on top of it puts that back in its turn.
    fn undo_edit(&mut self, edit: &TlsEdit, entry: Seq, agenda: &mut Agenda<Event>) {
        let Some(number) = self.edits.first_equal_to(edit) else {
            // Nothing could be changed when it was made.
            return;
        };
        let mut by_unit: BTreeMap<UnitId, Files> = BTreeMap::new();
        for undone in self.edits.take_of_units(number) {
            if let Some(above) = self.edits.made_on_top_of(&undone) {
                above.before = undone.before;
                continue;
            }
            let files = &self.juju.unit(undone.unit).workload.files;
            if files.get(&undone.path) == undone.after.as_ref() {
                let files = by_unit.entry(undone.unit).or_default();
                files.insert(undone.path, undone.before);
            }
        }
        for (unit, files) in by_unit {
            self.write_files(unit, &files, entry, agenda);
        }
        for client in self.edits.take_of_clients(number) {
            self.client_store_changed(client, entry, agenda);
        }
    }

    fn change_client(
        &mut self,
        edit: &TlsEdit,
        (client, what): (ClientIndex, ClientChange),
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        self.edits.of_clients.push(ClientEdit {
            edit: edit.clone(),
            number: self.edits.count,
            client,
            what,
        });
        self.client_store_changed(client, entry, agenda);
    }

    /// What a client trusts after all that was done to its store by hand; `given` is what it was
    /// given.
    pub(super) fn by_hand(&self, client: ClientIndex, given: Vec<Certificate>) -> Vec<Certificate> {
        let edits = self.edits.of_clients.iter();
        let own = edits.filter(|one| one.client == client);
        let reads_rest = self.deployment.clients[client]
            .validator
            .skips_damaged_blocks();
        let mut first = Vec::new();
        let mut roots = given;
        let mut blocked = Vec::new();
        for one in own {
            match &one.what {
                ClientChange::Added(added) => first.extend(added.iter().cloned()),
                ClientChange::Distrusted(list) => blocked.extend(list.iter().cloned()),
                ClientChange::Damaged if reads_rest => {}
                ClientChange::Damaged => roots.clear(),
            }
        }
        first.extend(roots);
        first.retain(|root| !blocked.contains(root));
        first
    }

    fn added_roots(&self, added: &Added, agenda: &Agenda<Event>) -> Vec<Certificate> {
        let now = agenda.now();
        let count = self.edits.count;
        let root = |attributes: &RequestAttributes, index: u32| {
            let subject = format!("{count}/{index}");
            let mut stream = self.streams.stream("unrelated-root", &subject);
            let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
            let terms = Terms {
                serial: SerialNumber::random(&mut stream),
                now,
                validity: ROOT_VALIDITY,
            };
            let root = self_sign(attributes, &key, &terms, &Template::root());
            root.expect("a name of plain letters can be written")
        };
        match added {
            Added::Authority(ca) => {
                let mut roots = self.ca_of(*ca, now);
                roots.extend(self.external_roots(*ca));
                roots
            }
            Added::Unrelated(count) => (0..*count)
                .map(|index| {
                    let name = format!("unrelated root {}-{index}", self.edits.count);
                    root(&RequestAttributes::with_common_name(name), index)
                })
                .collect(),
            Added::Namesakes { of, count } => {
                let Some(present) = self.authorities_of(*of).pop() else {
                    return Vec::new();
                };
                chains::namesakes(&self.streams, &present, *count, now, self.edits.count)
            }
            Added::Garbage => Vec::new(),
        }
    }

    /// The files of a unit's trust store that change.
    fn trust_files(&self, unit: UnitId, added: &Added, roots: &[Certificate]) -> Files {
        let files = &self.juju.unit(unit).workload.files;
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
                let source = surface::hand_source(&format!("{:04}", self.edits.count));
                let path: Arc<str> = surface::trust_path(&source).into();
                let value = pem::chain_value(roots);
                Files::from([(path, Some(value))])
            }
        }
    }
}
