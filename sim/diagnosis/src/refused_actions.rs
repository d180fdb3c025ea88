//! Commands of a scenario, and of its people, that were refused while it was played: what, when and why.
//! Read off the journal; must not know the terminal.

use trustsim_kernel::Time;
use trustsim_model::{ActionRecord, Journal, Kind, Note, Refusal, Seq};

/// An action that could not be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedAction<'a> {
    /// When it was refused.
    pub at: Time,
    /// What should have been done.
    pub action: &'a ActionRecord,
    /// Why it was not.
    pub why: &'a Refusal,
    /// The entry of the action.
    pub seq: Seq,
}

/// Every action that was refused, in order of time. Where several units refuse one action for the same reason,
/// it is there once.
pub fn refused_actions(journal: &Journal) -> Vec<RefusedAction<'_>> {
    let mut found: Vec<RefusedAction<'_>> = Vec::new();
    for entry in journal.entries() {
        let Kind::Note(Note::ActionRefused(why)) = &entry.kind else {
            continue;
        };
        let seq = entry.cause.expect("what is refused is an action");
        let Some(Kind::Action(action)) = journal.get(seq).map(|entry| &entry.kind) else {
            continue;
        };
        // What one action led to comes at its instant, so that equal ones are among the last.
        let mut last = found.iter().rev().take_while(|one| one.at == entry.time);
        if !last.any(|one| one.seq == seq && one.why == why) {
            found.push(RefusedAction {
                at: entry.time,
                action,
                why,
                seq,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_model::Subject;
    use trustsim_testkit::{Script, set_option};

    #[test]
    fn an_action_that_two_units_refuse_for_one_reason_is_told_once() {
        let mut script = Script::new(&["a.web/0"]);
        for (at, refusals) in [
            (10, &[Refusal::WorkloadDown, Refusal::WorkloadDown][..]),
            (20, &[Refusal::ControllerDown][..]),
            (30, &[][..]),
        ] {
            let done = script.done(at, None, set_option());
            for why in refusals {
                let kind = Kind::Note(Note::ActionRefused(why.clone()));
                script.record(at, Some(done), Subject::default(), kind);
            }
        }
        let found = refused_actions(&script.journal);
        let found: Vec<_> = found
            .iter()
            .map(|one| {
                let after = one.at.since(script.manifest.start);
                (after.as_secs(), one.why.clone(), one.action.source().line)
            })
            .collect();
        assert_eq!(
            found,
            [
                (10, Refusal::WorkloadDown, 3),
                (20, Refusal::ControllerDown, 3)
            ]
        );
    }
}
