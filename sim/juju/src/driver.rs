//! Plays an event to its end: the one loop that answers every [`Step`], for the world and for tests.
//!
//! Juju does not know what a charm's code does or whether a controller's certificate is accepted. It hands out a
//! [`Step`] instead and waits for the answer, and the answer may lead to the next step. A [`Driver`] has the answers. A
//! new step is a variant of [`Step`]: the compiler then asks [`drive`] for its answer, and where only the caller knows
//! that, it is a method of [`Driver`].
//!
//! ```text
//! drive(event) -> Juju::handle -> Step::Connect -> Driver::judge_agent -> Juju::connected -> Step::Run
//!              -> Driver::run_hook -> nothing left to do
//! ```

use crate::{
    ConnectionError, Event, Hook, Host, Juju, LinkId, Quiet, RepeatedFailure, Step, UnitId,
};
use trustsim_kernel::{Seq, Time};

/// What the simulated Juju needs from its caller.
pub trait Driver {
    /// Calls into Juju with the clock, the agenda and the journal at hand.
    fn in_juju<T>(&mut self, call: impl FnOnce(&mut Juju, &mut dyn Host) -> T) -> T;

    /// Runs the charm's code for a hook that failed `failures` times before, and gives what it left
    /// behind to [`Uniter::hook_ran`](crate::Uniter::hook_ran). This is the one answer that [`drive`] does not pass back
    /// itself: the effects of a hook are of the caller's making.
    fn run_hook(&mut self, unit: UnitId, hook: Hook, cause: Option<Seq>, failures: u32);

    /// Whether the charm of an idle unit would do anything in the hooks that Juju repeats.
    fn ask_quiet(&mut self, unit: UnitId) -> Quiet;

    /// Until when a hook that has failed would only fail the same whenever it is run again, where that is known.
    fn ask_failing(&mut self, _unit: UnitId) -> Option<(RepeatedFailure, Time)> {
        None
    }

    /// Whether an agent can connect to its controller now.
    ///
    /// # Errors
    /// Why it does not.
    fn judge_agent(&mut self, unit: UnitId) -> Result<(), ConnectionError>;

    /// Whether a controller can connect to another one now.
    ///
    /// # Errors
    /// Why it does not.
    fn judge_link(&mut self, link: LinkId) -> Result<(), ConnectionError>;
}

/// Gives an event to Juju and answers what it asks for, until it asks for nothing.
pub fn drive(driver: &mut impl Driver, event: Event) {
    let mut next = driver.in_juju(|juju, host| juju.handle(event, host));
    while let Some(step) = next {
        next = match step {
            Step::Run {
                unit,
                hook,
                cause,
                failures,
            } => {
                driver.run_hook(unit, hook, cause, failures);
                None
            }
            Step::Idle { unit } => {
                let quiet = driver.ask_quiet(unit);
                driver.in_juju(|juju, host| juju.agents().rest(unit, quiet, host))
            }
            Step::Repeat { unit } => {
                let quiet = driver.ask_quiet(unit);
                driver.in_juju(|juju, host| juju.uniter().repeat(unit, quiet, host))
            }
            Step::Failing { unit } => {
                if let Some((failure, until)) = driver.ask_failing(unit) {
                    driver.in_juju(|juju, host| {
                        juju.agents().rest_failing(unit, failure, until, host);
                    });
                }
                None
            }
            Step::Connect { unit } => {
                let judged = driver.judge_agent(unit);
                driver.in_juju(|juju, host| juju.uniter().connected(unit, judged, host))
            }
            Step::Dial { link } => {
                let judged = driver.judge_link(link);
                driver.in_juju(|juju, host| juju.relations_mut().dialled(link, judged, host))
            }
        };
    }
}
