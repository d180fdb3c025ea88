//! A rotation as it was planned: its steps and when each begins, for those who judge the run by its
//! journal. The world plays the actions that a plan became and never reads this.

use std::collections::BTreeMap;

use super::deployment::{Party, Source};
use crate::index::ApplicationIndex;
use trustsim_kernel::Span;

/// One rotation of one CA. Indices point into the deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationSpec {
    /// The application whose CA goes.
    pub ca: ApplicationIndex,
    /// The application whose CA comes, where that is another one.
    pub successor: Option<ApplicationIndex>,
    /// When it begins, from the start of the run.
    pub at: Span,
    /// Its steps, in order of time.
    pub steps: Vec<TimedStep>,
}

/// One step of a rotation at its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedStep {
    /// When it begins, from the start of the run.
    pub at: Span,
    /// What it does.
    pub step: RotationStep,
    /// The scenario line.
    pub source: Source,
}

/// What a step of a rotation does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RotationStep {
    /// The new CA is made; no unit or client knows of it.
    Prepare {
        /// Under the names of the old one.
        same_name: bool,
        /// With the keys of the old one, and so its names.
        same_key: bool,
    },
    /// The new root goes to whatever trusts the old one.
    Distribute(TrustChange),
    /// The old root signs the new one's key; that goes with every new certificate.
    CrossSign,
    /// The new CA signs from now on. A real charm may need options to be set for it.
    SwitchIssuer {
        /// Those options.
        options: BTreeMap<String, Option<String>>,
    },
    /// What the old CA signed is signed again, requirer by requirer.
    ReIssue {
        /// Each is late by up to this long, drawn from the seed.
        jitter: Span,
        /// How many an hour; all at once where absent.
        per_hour: Option<u32>,
    },
    /// Workloads are restarted, so that they read their files again.
    Reload {
        /// The application.
        application: ApplicationIndex,
        /// One unit of it; every one where absent.
        unit: Option<u32>,
    },
    /// The old root is taken from whatever trusts it.
    Withdraw(TrustChange),
    /// The old CA signs again.
    RollBack,
    /// Nothing happens for so long.
    Hold(Span),
    /// This must be true of the run so far.
    Assert(Claim),
}

/// How a root is given to, or taken from, those that trust the old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustChange {
    /// How long after the step people have done it at clients outside Juju.
    pub lag: Span,
    /// Who is left out.
    pub except: Vec<Party>,
}

impl TrustChange {
    /// How long people take for clients outside Juju where the scenario does not say.
    pub const LAG: Span = Span::from_secs(60);
}

impl Default for TrustChange {
    fn default() -> Self {
        Self {
            lag: Self::LAG,
            except: Vec::new(),
        }
    }
}

/// What can be said of a rotation by its journal alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// No connection failed since the rotation began.
    NoFailures,
    /// No client met a certificate of the new CA before it trusted that CA, unless it was bridged.
    TrustBeforeUse,
    /// No client met a certificate of the old CA after it ceased to trust that CA.
    UseEndsBeforeDistrust,
    /// No certificate outlives the one that signed it.
    LeafWithinIssuer,
    /// Nothing goes on with a certificate of the old CA, open or by a session, with a side that no
    /// longer trusts that CA.
    DistrustEffective,
    /// No server presents a certificate of the old CA now.
    NewInUse,
    /// No client trusts the old CA now.
    OldDistrusted,
}

impl Claim {
    /// All of them with their names in a scenario.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::NoFailures, "no-failures"),
        (Self::TrustBeforeUse, "trust-before-use"),
        (Self::UseEndsBeforeDistrust, "use-ends-before-distrust"),
        (Self::LeafWithinIssuer, "leaf-within-issuer"),
        (Self::DistrustEffective, "distrust-effective"),
        (Self::NewInUse, "new-ca-in-use"),
        (Self::OldDistrusted, "old-ca-distrusted"),
    ];

    /// Its name in a scenario.
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(claim, _)| *claim == self);
        found.expect("every claim is listed in ALL").1
    }
}
