//! What an operator does for a change, as values: commands, and what no command does. The words are
//! made in `trustsim_report::words::command`.

use trustsim_interfaces::Interface;
use trustsim_kernel::Span;
use trustsim_model::{Action, Address, CommandLine, Deployment, Instruction};

use super::fix::Fix;

/// One thing that an operator types or does.
///
/// In what is typed, applications, offers and SAAS have their local names, models theirs, units are `app/0`,
/// endpoints `app:endpoint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// An action with a `juju` command, as [`Action::to_command`] writes it.
    Juju(CommandLine),
    /// An action for which Juju has no command, as [`Action::to_command`] writes it.
    ByHand(String),
    /// `juju deploy`.
    Deploy {
        /// The model.
        model: String,
        /// The charm.
        charm: String,
        /// The application.
        name: String,
        /// The channel, where it is not the default.
        channel: Option<String>,
        /// How many units.
        units: u32,
        /// Options with their values.
        options: Vec<(String, String)>,
    },
    /// `juju offer` (juju/juju `cmd/juju/crossmodel`).
    Offer {
        /// The controller, where it has to be named.
        controller: Option<String>,
        /// The model of the application.
        model: String,
        /// The application.
        application: String,
        /// Its endpoints that are offered.
        endpoints: Vec<String>,
        /// The name of the offer.
        name: String,
    },
    /// `juju consume` (juju/juju `cmd/juju/application`).
    Consume {
        /// The model in which the SAAS appears.
        model: String,
        /// The controller of the offer, where it is another one.
        controller: Option<String>,
        /// The owner of the offer's model.
        owner: String,
        /// The offer's model.
        offer_model: String,
        /// The offer.
        offer: String,
        /// The name of the SAAS, where it is not the offer's.
        alias: Option<String>,
    },
    /// `juju integrate` (juju/juju `cmd/juju/application`).
    Integrate {
        /// The model.
        model: String,
        /// Both endpoints.
        endpoints: [String; 2],
    },
    /// `juju refresh` to a version without mistakes that the charm is played with.
    Refresh {
        /// The command without what follows it.
        command: CommandLine,
        /// Whether units in error are refreshed too.
        force_units: bool,
        /// What that version does otherwise.
        fixes: Vec<Fix>,
    },
    /// An operator answers each wait in time.
    Answer {
        /// The operator.
        operator: String,
        /// The applications that wait.
        applications: Vec<Address>,
        /// How soon.
        within: Span,
    },
    /// An operator runs actions on the leader in place of a unit.
    UseLeader {
        /// The operator.
        operator: String,
        /// The application.
        application: Address,
        /// The number of the unit.
        unit: u32,
    },
}

impl Command {
    /// An action of a plan.
    pub fn of(action: &Action, deployment: &Deployment) -> Self {
        match action.to_command(deployment) {
            Instruction::Typed(command) => Self::Juju(command),
            Instruction::ByHand(phrase) => Self::ByHand(phrase),
        }
    }
}

/// Why no command makes a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A charm has no endpoint that provides, or requires, an interface, as far as its endpoints are known.
    NoEndpoint {
        /// The charm.
        charm: String,
        /// Its application.
        application: Address,
        /// Whether it would have to provide it; else to require it.
        provides: bool,
        /// The interface.
        interface: Interface,
        /// Whether more is known of the charm than its name.
        is_described: bool,
    },
    /// What the provider's charm sends over an interface the other's cannot read.
    NotRead {
        /// Who sends, with the endpoint.
        sends: String,
        /// Who would receive it, with the endpoint.
        receives: String,
    },
    /// The operator uses the leader already.
    UsesLeader,
    /// Only others than operators can undo the action.
    NotUndoable,
    /// No version of the charm without its mistakes is known.
    NoLaterVersion,
    /// The two applications are not related directly.
    NotRelated,
    /// The other provider is in another model.
    OtherModel,
    /// The other application provides no certificates.
    ProvidesNoCertificates,
}
