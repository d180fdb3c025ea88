//! Virtual time, the pending events, and random streams; the letters that are seen in texts.
//!
//! Knows nothing of Juju, of TLS, of files or of wall clocks. A world is whatever handles typed
//! events; [`run`] is the whole loop.

mod agenda;
mod delay;
mod letters;
mod random;
mod time;

pub use agenda::{Agenda, EventId, Places};
pub use delay::Delay;
pub use letters::{is_invisible, visible};
pub use random::{Stream, Streams};
pub use time::{DurationError, Span, Time, TimeError, format_duration, parse_duration};

/// Position of an entry in the record of a run: what anything that happens names as its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u32);

/// What the loop plays: anything that handles one typed event at a time.
pub trait World {
    /// The typed event.
    type Event;

    /// Handles `event`, due now (`agenda.now()`); whatever follows from it is put on the agenda.
    fn handle(&mut self, event: Self::Event, agenda: &mut Agenda<Self::Event>);
}

/// Events of one instant: some hundred for each unit of the largest deployment. More of them are a loop in which time
/// does not go on, and that is a mistake of the world's.
const EVENTS_AT_ONCE_MAX: u64 = 100_000_000;

/// Plays every event due at or before `until`, in order of (time, insertion), and leaves the
/// clock at `until`. Returns how many events were handled.
///
/// # Panics
///
/// Where events follow each other without an end at one instant.
pub fn run<W: World>(world: &mut W, agenda: &mut Agenda<W::Event>, until: Time) -> u64 {
    let mut handled = 0;
    let (mut instant, mut at_once) = (agenda.now(), 0);
    while let Some(event) = agenda.next(until) {
        if agenda.now() > instant {
            (instant, at_once) = (agenda.now(), 0);
        }
        at_once += 1;
        assert!(
            at_once < EVENTS_AT_ONCE_MAX,
            "{at_once} events at {instant}: they never end"
        );
        world.handle(event, agenda);
        handled += 1;
    }
    agenda.advance(until);
    handled
}
