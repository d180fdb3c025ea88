//! A rotation as it was planned: when each step begins, for whoever judges the run by its journal.
//! The world plays the actions that a plan became and never reads this.

use super::deployment::Source;
use trustsim_kernel::Span;

/// One rotation of one CA. Indices point into the deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationSpec {
    /// The application whose CA goes.
    pub ca: usize,
    /// The application whose CA comes, where that is another one.
    pub successor: Option<usize>,
    /// When it begins, from the start of the run.
    pub at: Span,
    /// Its steps, in order of time.
    pub steps: Vec<RotationStep>,
}

/// One step of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationStep {
    /// When it begins, from the start of the run.
    pub at: Span,
    /// What it does.
    pub kind: StepKind,
    /// The scenario line.
    pub source: Source,
}

/// What a step of a rotation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepKind {
    /// The new CA is made; nobody knows of it.
    Prepare,
    /// The new root goes to whoever trusts the old one.
    Distribute,
    /// The old root signs the new one's key.
    CrossSign,
    /// The new CA signs from now on.
    SwitchIssuer,
    /// What the old CA signed is signed again.
    ReIssue,
    /// Processes read their files again.
    Reload,
    /// The old root is taken from whoever trusts it.
    Withdraw,
    /// The old CA signs again.
    RollBack,
    /// Nothing happens for a while.
    Hold,
    /// Something must be true of the run so far.
    Assert(Claim),
}

/// What can be said of a rotation by its journal alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// No connection failed since the rotation began.
    NoFailures,
    /// Nobody met a certificate of the new CA before they trusted it, unless it was bridged.
    TrustBeforeUse,
    /// Nobody met a certificate of the old CA after they trusted it no more.
    UseEndsBeforeDistrust,
    /// No certificate outlives the one that signed it.
    LeafWithinIssuer,
    /// Nothing goes on with a certificate of the old CA, open or by a session, for whoever trusts
    /// that CA no more.
    DistrustEffective,
    /// Nobody serves a certificate of the old CA now.
    NewInUse,
    /// Nobody trusts the old CA now.
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
        found.map_or("", |(_, name)| name)
    }
}
