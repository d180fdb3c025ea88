//! What a stack prints about a chain, as values. The rules fill a message in, and the page of its error
//! shows it: neither can say what the other does not.

use crate::catalogue::ErrorKind;

/// In a message, what depends on the case.
const GAP: char = '…';

/// A line that a stack prints about a chain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message {
    error: ErrorKind,
    /// With [`GAP`] for what depends on the case.
    text: &'static str,
}

impl Message {
    pub(super) const fn new(error: ErrorKind, text: &'static str) -> Self {
        Self { error, text }
    }

    /// What it means.
    pub(crate) const fn error(self) -> ErrorKind {
        self.error
    }

    /// The line, with one value for each gap.
    pub(super) fn fill(self, values: &[&str]) -> String {
        let gaps = self.text.matches(GAP).count();
        assert_eq!(
            gaps,
            values.len(),
            "a message has a value for each gap: {}",
            self.text
        );
        let mut values = values.iter();
        let parts = self.text.split_inclusive(GAP).map(|part| {
            let filled = part.strip_suffix(GAP).zip(values.next());
            filled.map_or_else(
                || part.to_owned(),
                |(before, value)| format!("{before}{value}"),
            )
        });
        parts.collect()
    }
}

/// The messages of a list that mean an error, as its page shows them.
pub(crate) fn patterns(messages: &[Message], error: ErrorKind) -> Vec<String> {
    let meant = messages.iter().filter(|message| message.error == error);
    meant.map(|message| message.text.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_GAPS: Message = Message::new(ErrorKind::Expired, "it is …, not …");

    #[test]
    fn gaps_are_filled_in_order() {
        assert_eq!(TWO_GAPS.fill(&["late", "…"]), "it is late, not …");
        let none = Message::new(ErrorKind::Expired, "gone");
        assert_eq!(none.fill(&[]), "gone");
    }

    #[test]
    #[should_panic(expected = "a value for each gap")]
    fn a_gap_without_a_value_is_a_mistake() {
        let _ = TWO_GAPS.fill(&["late"]);
    }
}
