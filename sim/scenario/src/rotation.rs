//! A rotation of a CA as written: the steps, each with its place. What they become is found out
//! later.

use super::shape::{RestartFile, Text};
use trustsim_charms::DeclaredDuration;
use trustsim_yaml::{Map, Node, Spanned, record};

record! {
    /// A CA is rotated, step by step.
    pub struct RotationFile {
        /// The provider whose CA goes, `model.app`.
        #[schemars(required)]
        ca: Text = "ca" [Required],
        /// The provider that takes over, `model.app`; without it the same one makes a new CA.
        to: Text = "to",
        /// One after the other: `hold` lets time pass, the others take none.
        #[schemars(required, length(min = 1))]
        steps: Vec<StepFile> = "steps" [Required],
    }
}

record! {
    /// One step of a rotation: one key.
    #[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
    pub struct StepFile {
        /// A new CA is made; nobody uses or trusts it yet. For a declared provider.
        prepare: PrepareFile = "prepare",
        /// Whoever trusts the old root gets the new one beside it.
        distribute: HandingFile = "distribute",
        /// The old root signs the new one's key, and every new certificate comes with that bridge.
        /// For a declared provider.
        cross_sign: NothingFile = "cross-sign",
        /// The new CA signs from now on; for a real charm its action or the options that do it.
        switch_issuer: SwitchFile = "switch-issuer",
        /// What the old CA signed is signed again. For a declared provider.
        re_issue: ReIssueFile = "re-issue",
        /// Workloads are restarted, so that they read their files.
        reload: RestartFile = "reload",
        /// The old root is taken from whoever trusts it.
        withdraw: HandingFile = "withdraw",
        /// The old CA signs again.
        roll_back: NothingFile = "roll-back",
        /// Nothing happens for so long.
        hold: Spanned<DeclaredDuration> = "hold",
        /// This must be true of the run up to here: `no-failures`, `trust-before-use`,
        /// `use-ends-before-distrust`, `leaf-within-issuer`, `distrust-effective`, `new-ca-in-use`,
        /// `old-ca-distrusted`.
        assert: Vec<Text> = "assert",
    }
}

record! {
    /// Nothing to say.
    pub struct NothingFile {
    }
}

record! {
    /// How the new CA is made.
    pub struct PrepareFile {
        /// It has the names of the old one (false).
        same_name: bool = "same-name",
        /// It has the keys of the old one, and so its names (false).
        same_key: bool = "same-key",
    }
}

record! {
    /// How a root reaches, or leaves, whoever trusts it. Relations carry it by themselves.
    pub struct HandingFile {
        /// How long after the step people have done it at clients outside Juju (1m).
        lag: DeclaredDuration = "lag",
        /// Clients that are forgotten; with `to`, applications too.
        except: Vec<Text> = "except",
    }
}

record! {
    /// What makes a real charm use another CA; without options its own action does.
    pub struct SwitchFile {
        /// Options of the CA's application, as by `juju config`.
        options: Map<Node> = "options",
    }
}

record! {
    /// How fast certificates are signed again.
    pub struct ReIssueFile {
        /// Each is late by up to this long, drawn from the seed.
        jitter: DeclaredDuration = "jitter",
        /// How many an hour; all at once without it.
        per_hour: Spanned<u32> = "per-hour",
    }
}
