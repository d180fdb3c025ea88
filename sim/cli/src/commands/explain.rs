//! `trustsim explain`: the page of a code.

use crate::args::Explain;
use crate::console::Console;
use crate::engine::Engine;
use crate::error::CliError;
use trustsim_report::terminal::{Align, Cell, Table, style};

pub(super) fn explain(
    args: &Explain,
    engine: &dyn Engine,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    let codes = engine.codes();
    let Some(wanted) = &args.code else {
        let mut table = Table::new(&[("Code", Align::Left), ("Title", Align::Left)]);
        for (code, title) in &codes {
            table.row([Cell::new(code, style::DETAIL), Cell::plain(title)]);
        }
        return console.print(&table.render());
    };
    let by_name = codes.iter().find(|(_, title)| title == wanted);
    let code = by_name.map_or_else(|| wanted.to_uppercase(), |(code, _)| code.clone());
    let page = engine.explain(&code).ok_or_else(|| {
        CliError::usage(format!("no code `{wanted}`"))
            .hint("`trustsim explain` without a code lists them all")
    })?;
    console.print(&format!("{}\n", page.trim_end()))
}
