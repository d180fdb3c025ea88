//! What can be seen of a charm from outside: each thing that happened, and each state with when it began.

use std::collections::{BTreeMap, BTreeSet};

use trustsim_juju::Status;
use trustsim_kernel::Span;
use trustsim_validators::ErrorKind;

use crate::difference::Aspect;

/// What a fact is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A unit such as `subject/0`, or a process beside its workload.
    Unit(String),
    /// A connection, by its name.
    Connection(String),
}

/// A certificate by whose it is and which one: keys and serial numbers are others with each way to play a charm.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateName {
    /// The so-many-th certificate of this unit or application, counted from one.
    Issued {
        /// The unit that asked for it, or the application where it is shared or is the CA's own.
        holder: String,
        /// Which one.
        number: u32,
    },
    /// One that no CA of the trial has issued: its subject.
    Foreign(String),
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The unit asked for a certificate.
    Requested {
        /// Its common name; empty where there is none.
        common_name: String,
        /// Its other names.
        names: BTreeSet<String>,
        /// Whether it is for the application.
        is_shared: bool,
        /// Whether it is for a CA.
        is_ca: bool,
    },
    /// A CA issued a certificate.
    Issued {
        /// Which one.
        certificate: CertificateName,
        /// Its common name; empty where there is none.
        common_name: String,
        /// For how long it is valid.
        lives: Span,
        /// Whether it is a CA.
        is_ca: bool,
    },
    /// From here on the workload serves these: of each the leaf with the CAs beside it that are no roots.
    Serves(BTreeSet<Vec<CertificateName>>),
    /// From here on these are trusted.
    Trusts(BTreeSet<CertificateName>),
    /// The workload started again.
    Restarted,
    /// A hook failed, first or with another error than before.
    HookFailed {
        /// Which one.
        hook: String,
        /// With what.
        error: String,
    },
    /// Hooks followed each other without an end, and the trial ended.
    WithoutEnd,
    /// From here on the unit has this status.
    Status(Status),
    /// From here on handshakes end like this.
    Connects(Handshake),
}

/// A fact with when it came about, in time since the start of the trial, to the minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// When.
    pub at: Span,
    /// What.
    pub fact: Fact,
}

/// All facts of a trial, by what they are about, in the order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(pub BTreeMap<(Subject, Aspect), Vec<Occurrence>>);

/// How a handshake ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Handshake {
    /// It is completed.
    Completed,
    /// Both speak without TLS.
    WithoutTls,
    /// It fails, since the server has no certificate. Whether its process expects one or speaks without TLS is not known of a
    /// charm that its own code plays.
    WithoutCertificate,
    /// It fails otherwise.
    Fails(ErrorKind),
}
