//! `trustsim explain`: the page of a code.

use crate::args::Explain;
use crate::console::Console;
use crate::error::CliError;
use trustsim_diagnosis as diagnosis;
use trustsim_report::terminal::{Align, Cell, Table, style};
use trustsim_report::words::invariant;
use trustsim_scenario as scenario;
use trustsim_validators as validators;

pub(super) fn explain(args: &Explain, console: &mut Console<'_>) -> Result<(), CliError> {
    let codes = codes();
    let Some(wanted) = &args.code else {
        let mut table = Table::new(&[("Code", Align::Left), ("Title", Align::Left)]);
        for (code, title) in &codes {
            table.row([Cell::new(code, style::DETAIL), Cell::plain(title)]);
        }
        return console.print(&table.render());
    };
    let by_name = codes.iter().find(|(_, title)| title == wanted);
    let code = by_name.map_or_else(|| wanted.to_uppercase(), |(code, _)| (*code).to_owned());
    let page = page(&code).ok_or_else(|| {
        CliError::usage(format!("no code `{wanted}`"))
            .hint("`trustsim explain` without a code lists them all")
    })?;
    console.print(&format!("{}\n", page.trim_end()))
}

/// The page of a code, in Markdown.
fn page(code: &str) -> Option<&'static str> {
    scenario::explain(code)
        .or_else(|| validators::explain(code))
        .or_else(|| invariant::explain(code))
}

/// Every code with its one-line title: those of scenario files, of handshakes and of rotations.
fn codes() -> Vec<(&'static str, &'static str)> {
    let of_files = scenario::Code::ALL.iter().map(|code| {
        let title = code.page().lines().next();
        let title = title.expect("the page of a code begins with its title");
        (code.text(), title.trim_start_matches([' ', '#']))
    });
    let of_handshakes = validators::ErrorKind::ALL
        .iter()
        .map(|error| (error.code(), error.kebab()));
    let of_rotations = diagnosis::Invariant::ALL
        .iter()
        .map(|each| (each.code(), invariant::name(*each)));
    of_files.chain(of_handshakes).chain(of_rotations).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_and_a_title_of_its_own() {
        let codes = codes();
        for (index, (code, title)) in codes.iter().enumerate() {
            assert!(page(code).is_some(), "{code} has no page");
            assert!(!title.is_empty(), "{code} has no title");
            let twice = codes[..index].iter().any(|(known, _)| known == code);
            assert!(!twice, "{code} is listed twice");
        }
    }
}
