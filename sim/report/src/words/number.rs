//! The words for numbers: thousands apart, a count with its noun, and the order in which people
//! sort names with numbers in them.

/// `1 209 600`: thousands apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// `1 outage`, `1 200 outages`: a count with its noun, to which an `s` is added.
pub fn counted(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        many => format!("{} {noun}s", grouped(many)),
    }
}

/// A key that sorts `web/2` before `web/10`: digits are compared by length first.
pub fn natural(text: &str) -> Vec<(String, usize, String)> {
    let mut key = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (before, after) = rest.split_at(word);
        let digits = after
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(after.len());
        let number = after[..digits].trim_start_matches('0');
        key.push((before.to_owned(), number.len(), number.to_owned()));
        rest = &after[digits..];
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1 000"),
            (1_209_600, "1 209 600"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn names_sort_as_people_count() {
        let mut names = ["web/10", "web/2", "api/1", "web/1", "web"];
        names.sort_by_cached_key(|name| natural(name));
        assert_eq!(names, ["api/1", "web", "web/1", "web/2", "web/10"]);
    }

    #[test]
    fn one_is_not_several() {
        assert_eq!(counted(1, "outage"), "1 outage");
        assert_eq!(counted(0, "outage"), "0 outages");
        assert_eq!(counted(1_200, "outage"), "1 200 outages");
    }
}
