//! What each kind of fault that strikes Juju itself takes.

use super::{CharmNode, Text};
use trustsim_charms::DeclaredDuration;
use trustsim_yaml::{Spanned, record};

record! {
    /// Whose workload processes are down, and for how long.
    pub struct StopFile {
        /// `model.app`: every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// How long until they start again; without it, they stay down.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

record! {
    /// Which pods are killed, or whose machines restart with every unit on them.
    pub struct KillUnitFile {
        /// `model.app`: every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// How long until they are back; without it 5 s for a pod and 60 s for a machine.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

record! {
    /// Which Vaults are sealed.
    pub struct SealFile {
        /// `model.app`: every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
    }
}

record! {
    /// Whose leader is cut off from its controller until its lease is over.
    pub struct LoseLeaderFile {
        /// `model.app`.
        #[schemars(required)]
        app: Text = "app" [Required],
    }
}

record! {
    /// How many units come.
    pub struct AddUnitsFile {
        /// `model.app`.
        #[schemars(required)]
        app: Text = "app" [Required],
        /// How many (1).
        count: Spanned<u32> = "count",
    }
}

record! {
    /// Which unit goes.
    pub struct RemoveUnitFile {
        /// `model.app/0`; on Kubernetes the one with the highest number.
        #[schemars(required)]
        unit: Text = "unit" [Required],
    }
}

record! {
    /// Whose charm is refreshed, to what.
    pub struct RefreshFile {
        /// `model.app`.
        #[schemars(required)]
        app: Text = "app" [Required],
        /// The channel to refresh to.
        channel: Text = "channel",
        /// The revision to refresh to.
        revision: u64 = "revision",
        /// What the new charm does otherwise, with the keys of a charm under `charms`.
        charm: CharmNode = "charm",
    }
}

record! {
    /// Which hooks fail: the charm raises before it has done anything.
    pub struct FailHookFile {
        /// `model.app`: of every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// Name of the hook, such as `certificates-relation-changed`; every hook without it.
        hook: Text = "hook",
        /// How often, over all units; each time without it.
        times: Spanned<u32> = "times",
        /// How long until they succeed again.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

record! {
    /// Which hooks fail at their commit, and what is written by then.
    pub struct FailCommitFile {
        /// `model.app`: of every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// Name of the hook, such as `certificates-relation-changed`; every hook without it.
        hook: Text = "hook",
        /// `before-secrets`, `between-secrets`, `between-secrets-and-databags`, `after-commit`.
        #[schemars(required, extend("enum" = [
            "before-secrets", "between-secrets", "between-secrets-and-databags", "after-commit"
        ]))]
        point: Text = "at" [Required],
        /// How often, over all units; each time without it.
        times: Spanned<u32> = "times",
        /// How long until they succeed again.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

record! {
    /// Which relation is suspended, as the consuming model has it.
    pub struct SuspendRelationFile {
        /// The consuming model; may be left out where there is only one.
        model: Text = "model",
        /// Both sides there, `app:endpoint` or `app`; one is a SAAS.
        #[schemars(required, length(equal = 2))]
        between: Vec<Text> = "between" [Required],
        /// How long until it is resumed.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

record! {
    /// Which offer goes.
    pub struct RemoveOfferFile {
        /// `model.offer`.
        #[schemars(required)]
        offer: Text = "offer" [Required],
        /// With the relations through it; without it Juju refuses where there are any.
        force: bool = "force",
    }
}

record! {
    /// Who may not consume an offer any more.
    pub struct RevokeOfferFile {
        /// `model.offer`.
        #[schemars(required)]
        offer: Text = "offer" [Required],
        /// Owner of consuming models; may be left out where all have one.
        user: Text = "user",
        /// How long until access is granted again and the relations are resumed.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

record! {
    /// Which controller is down.
    pub struct ControllerDownFile {
        /// Its name; may be left out where there is only one.
        controller: Text = "controller",
        /// How long until it is back.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

record! {
    /// Between whom nothing passes.
    pub struct PartitionFile {
        /// Two controllers, by name or by one of their models; or a model and its controller.
        #[schemars(required, length(equal = 2))]
        between: Vec<Text> = "between" [Required],
        /// How long until the network carries again.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

record! {
    /// What is wrong between two: one of `delay`, `drop`, `hold` and `cut`.
    #[schemars(extend("oneOf" = [
        {"required": ["delay"]}, {"required": ["drop"]}, {"required": ["hold"]}, {"required": ["cut"]}
    ]))]
    pub struct LinkFile {
        /// Two controllers, by name or by one of their models; or a model, or one unit, and its
        /// controller: what connects its agents.
        #[schemars(required, length(equal = 2))]
        between: Vec<Text> = "between" [Required],
        /// Everything takes so much longer, each way.
        delay: Spanned<DeclaredDuration> = "delay",
        /// So many in a hundred packets are lost, 1 to 99; TCP sends them again.
        drop: Spanned<u32> = "drop",
        /// Nothing passes, but connections outlive it; then everything arrives.
        hold: bool = "hold",
        /// Connections break at once, and are dialled in vain.
        cut: bool = "cut",
        /// How long.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

record! {
    /// How many faults are drawn from the seed, and when they strike.
    pub struct RandomFile {
        /// How many (10).
        count: Spanned<u32> = "count",
        /// All are over so long after `at` (12h).
        lasts: Spanned<DeclaredDuration> = "for",
    }
}
