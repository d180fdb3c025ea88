//! A playbook: which of the known ways to rotate a CA it is, and its steps with the pauses left open.

use trustsim_diagnosis::Command;
use trustsim_kernel::Span;
use trustsim_world::{ApplicationIndex, RotationStep};

/// The known ways to rotate a CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlaybookKind {
    /// Both roots are trusted, the issuer is switched, every certificate is signed again, the old root
    /// is withdrawn.
    StepByStep,
    /// The same, and certificates are renewed at their own time.
    ByRenewal,
    /// The old CA signs the new one, which may then sign at once.
    CrossSigned,
    /// The root is issued again with its own key.
    SameKey,
    /// The old root is withdrawn first.
    Emergency,
    /// Step by step, with restarts that close connections before the withdrawal.
    StepByStepClosing,
    /// A second provider takes over.
    SecondProvider,
    /// A second provider takes over, with restarts that close connections before the withdrawal.
    SecondProviderClosing,
    /// The charm's own actions make a new CA.
    CharmAction,
    /// The charm makes a new CA because its configuration changes.
    CharmConfig,
}

impl PlaybookKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::StepByStep,
        Self::ByRenewal,
        Self::CrossSigned,
        Self::SameKey,
        Self::Emergency,
        Self::StepByStepClosing,
        Self::SecondProvider,
        Self::SecondProviderClosing,
        Self::CharmAction,
        Self::CharmConfig,
    ];

    /// Its kebab-case name, which reports and `docs/reference/playbooks.md` use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StepByStep => "step-by-step",
            Self::ByRenewal => "by-renewal",
            Self::CrossSigned => "cross-signed",
            Self::SameKey => "same-key",
            Self::Emergency => "emergency",
            Self::StepByStepClosing => "step-by-step-closing",
            Self::SecondProvider => "second-provider",
            Self::SecondProviderClosing => "second-provider-closing",
            Self::CharmAction => "charm-action",
            Self::CharmConfig => "charm-config",
        }
    }

    /// Whether servers are restarted before the withdrawal, so that nothing stays open that began
    /// with the old CA. Its pauses are long enough only where nothing does (I6).
    pub const fn closes_connections(self) -> bool {
        matches!(self, Self::StepByStepClosing | Self::SecondProviderClosing)
    }
}

/// Steps with the pause before the switch and the pause before the withdrawal left open.
pub(super) type Steps = Box<dyn Fn(Span, Span) -> Vec<RotationStep> + Send + Sync>;

/// Which pauses a playbook has, and so which are solved for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OpenPauses {
    /// None: its steps follow each other at once.
    Neither,
    /// One before the switch and one before the withdrawal.
    Both,
}

/// One way to rotate a CA.
pub(super) struct Playbook {
    pub(super) kind: PlaybookKind,
    pub(super) pauses: OpenPauses,
    pub(super) steps: Steps,
    /// The application that takes over; none where the CA rotates by itself.
    pub(super) successor: Option<ApplicationIndex>,
    /// The commands that are typed at any time before it begins.
    pub(super) beforehand: Vec<Command>,
}

impl Playbook {
    /// Whether it is one that an operator would take in place of a change in one step: with pauses,
    /// and with another key.
    pub(super) fn is_orderly(&self) -> bool {
        self.pauses == OpenPauses::Both
            && !self.kind.closes_connections()
            && self.kind != PlaybookKind::SameKey
    }
}
