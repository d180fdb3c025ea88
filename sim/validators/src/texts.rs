//! The lines that programs print about a failed handshake, on both sides: each stack's own words
//! (`profiles/`), with the time of printing filled in by [`Text::at`].

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, Error};

use super::catalogue::ErrorKind;
use super::chain::{NOW, Refusal};
use super::profiles::{Stack, Words};
use super::side::Side;
use trustsim_kernel::Time;

/// A line that is printed because of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// On which side it is seen.
    pub side: Side,
    /// Which program or library prints it.
    pub stack: Stack,
    /// The line; [`Text::at`] fills in the time of printing, where a stack prints one.
    pub line: String,
}

pub(super) const NOW_UNIX: &str = "{now unix}";
pub(super) const SINCE: &str = "{seconds since ";
pub(super) const UNTIL: &str = "{seconds until ";

impl Text {
    /// The line as it is printed by a side whose clock shows `now`.
    pub fn at(&self, now: Time) -> String {
        let unix = now.as_seconds();
        let line = self
            .line
            .replace(NOW, &now.truncated_to_seconds().to_string())
            .replace(NOW_UNIX, &unix.to_string());
        let distance = |line: String, marker: &str, count: &dyn Fn(u64) -> u64| {
            // Only rustls prints distances, and a line has one at most.
            let Some((before, rest)) = line.split_once(marker) else {
                return line;
            };
            let (bound, after) = rest
                .split_once('}')
                .expect("a marker ends with a closing brace");
            let bound = bound
                .parse()
                .expect("a marker holds the seconds of a validity bound");
            format!("{before}{}{after}", count(bound))
        };
        // Reports print a line at the run's own time. A side whose clock is ahead has found the bound
        // passed before that, which is no distance yet, and so the other way round.
        let line = distance(line, SINCE, &|bound| unix.saturating_sub(bound));
        distance(line, UNTIL, &|bound| bound.saturating_sub(unix))
    }
}

/// One line of every stack that has one.
fn of_stacks(side: Side, line: impl Fn(&'static Words) -> Option<String>) -> Vec<Text> {
    let lines = Stack::ALL.into_iter().filter_map(|stack| {
        let line = line(stack.words())?;
        Some(Text { side, stack, line })
    });
    lines.collect()
}

/// What the stack that refused a chain prints, and the programs that use it.
pub(super) fn of_refusal(
    refusal: &Refusal,
    side: Side,
    name: Option<&ServerName<'_>>,
) -> Vec<Text> {
    of_stacks(side, |words| (words.of_refusal)(refusal, side, name))
}

/// What each stack prints where a side finds an error that is no chain's: its own key, no client
/// certificate, no common ground with its peer.
pub(super) fn of_handshake(error: ErrorKind, rustls: &Error, side: Side) -> Vec<Text> {
    of_stacks(side, |words| (words.of_handshake)(error, rustls))
}

/// What the side that receives the alert prints.
pub(super) fn of_alert(judged_by: Side, alert: Option<AlertDescription>) -> Vec<Text> {
    let side = match judged_by {
        Side::Client => Side::Server,
        Side::Server => Side::Client,
    };
    let Some(alert) = alert else {
        return Vec::new();
    };
    of_stacks(side, |words| (words.of_alert)(alert, side))
}
