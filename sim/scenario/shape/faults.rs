//! What each kind of fault that strikes Juju itself takes.

use super::Text;
use crate::charms::Lasting;
use crate::yaml::{Spanned, record};

record! {
    /// Whose workload processes are down, and for how long.
    pub struct StopFile {
        /// `model.app`: every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// How long until they start again; without it, they stay down.
        lasts: Spanned<Lasting> = "for",
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
        lasts: Spanned<Lasting> = "for",
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
