//! A charm that its own Python plays: one hook is one question to the worker and what follows from its answer.

use trustsim_charm_model::{Charm, CharmMetadata, Setup};
use trustsim_interfaces::UnitContext;
use trustsim_juju::{Hook, HookError, VisibleModel};
use trustsim_kernel::Time;
use trustsim_pki::{Certificate, KeyPool};

use crate::answer::{Answer, Raised};
use crate::apply::{apply_committed, apply_outside, does_nothing};
use crate::asked::{asked, at};
use crate::journal::{self, own_cas};
use crate::lookahead::{Asked, boundaries, quiet_until};
use crate::source::{Chance, Played, PythonSource};

/// What a hook draws at random comes from this stream of its unit.
const PURPOSE: &str = "charm-code";

/// The code of one application. It holds no state: what the charm keeps lies in Juju and among the workload's files.
#[derive(Debug)]
pub(crate) struct PythonCharm {
    source: PythonSource,
    metadata: CharmMetadata,
    pool: KeyPool,
}

impl PythonCharm {
    pub(crate) fn new(source: PythonSource, setup: &Setup<'_>) -> Self {
        Self {
            source,
            metadata: setup.metadata.clone(),
            pool: setup.keys.pool().clone(),
        }
    }

    /// Asks the worker, and gives its answer unless the hook ends without one.
    fn play(&self, asked: &Asked, unit: &UnitContext<'_>) -> Result<Box<Answer>, HookError> {
        let chance = Chance {
            stream: unit.next_stream(PURPOSE),
            pool: &self.pool,
        };
        match self.source.play(asked, chance) {
            Played::Answered(answer) => Ok(answer),
            Played::Died(how) => Err(HookError::Charm(format!("the hook {how}"))),
            Played::Impossible(why) => Err(HookError::Charm(format!("it cannot be played: {why}"))),
        }
    }

    /// Says until when the hook would do nothing again.
    fn look_ahead(&self, asked: &Asked, seen: &VisibleModel, unit: &UnitContext<'_>) {
        let is_quiet = |instant: Time| {
            let answer = self.play(&at(asked, instant), unit);
            answer.is_ok_and(|answer| does_nothing(&answer, seen, unit))
        };
        let boundaries = boundaries(seen, unit.files().values());
        let quiet = quiet_until(seen.now, &boundaries, is_quiet);
        if quiet > seen.now {
            unit.has_passed(quiet);
        } else {
            // It may do something at the next one: the clock counts as read, and that is played.
            unit.now();
        }
    }
}

impl Charm for PythonCharm {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        if matches!(hook, Hook::PebbleCustomNotice { .. }) {
            self.source
                .note_unplayed("hook: pebble-custom-notice".to_owned());
        }
        let seen = unit.look();
        let asked = asked(hook, &seen, unit, &self.metadata, self.source.declared());
        let answer = self.play(&asked, unit)?;
        // Juju runs these again and again.
        let repeats = matches!(hook, Hook::UpdateStatus | Hook::SecretExpired { .. });
        if repeats && does_nothing(&answer, &seen, unit) {
            self.look_ahead(&asked, &seen, unit);
        } else if repeats {
            // What it would do later is not known: the clock counts as read.
            unit.now();
        }
        if answer.drew {
            // The next draw is another one.
            unit.stream(PURPOSE);
        }
        for service in apply_outside(&answer, &seen, unit, &self.metadata)? {
            self.source
                .note_unplayed(format!("the service {service} stays stopped"));
        }
        if let Some(Raised {
            kind,
            message,
            place,
        }) = &answer.error
        {
            return Err(HookError::Charm(format!("{kind}: {message} ({place})")));
        }
        apply_committed(&answer, &seen, unit)?;
        let after = unit.look();
        journal::note(&answer, &seen, &after, unit);
        Ok(())
    }

    fn ca_certificates(&self, unit: &UnitContext<'_>) -> Vec<Certificate> {
        own_cas(&unit.look())
    }
}
