//! An order in which relations are made, as tables: `order`, `order_plays`, `order_failures`.

use super::data_table::{DataTable, Field};
use super::words::order as words;
use trustsim_whatif::{OrderPlay, OrderStep, RelationOrder};

/// Every table. `order` has a row for each step; `order_plays` one for each order that was played, and `order_failures`
/// one for each connection that failed in it.
pub fn order(found: &RelationOrder) -> Vec<DataTable> {
    vec![steps(found), plays(found), failures(found)]
}

fn steps(found: &RelationOrder) -> DataTable {
    let row = |(place, step): (u64, &OrderStep)| {
        vec![
            Field::Count(place),
            Field::text(words::kind(step.kind)),
            Field::text(step.gains.as_str()),
            Field::text(step.ca.as_str()),
            Field::text(words::commands(step).join("; ")),
            Field::Flag(step.is_new),
            Field::text(words::after(step)),
        ]
    };
    DataTable {
        name: "order",
        header: &["step", "kind", "gains", "ca", "command", "is_new", "after"],
        rows: (1..).zip(&found.steps).map(row).collect(),
    }
}

fn plays(found: &RelationOrder) -> DataTable {
    let row = |play: &OrderPlay| {
        let failing = u64::try_from(play.failures.len()).expect("a count of connections");
        vec![
            Field::text(words::played(play.order)),
            Field::time(play.from),
            Field::time(play.until),
            Field::Count(failing),
            Field::seconds(play.failures.iter().map(|one| one.lost).sum()),
            Field::Count(u64::from(play.seeds)),
        ]
    };
    DataTable {
        name: "order_plays",
        header: &[
            "order",
            "from",
            "until",
            "failing_connections",
            "lost_s",
            "seeds",
        ],
        rows: found.plays.iter().map(row).collect(),
    }
}

fn failures(found: &RelationOrder) -> DataTable {
    let rows = found.plays.iter().flat_map(|play| {
        play.failures.iter().map(|one| {
            vec![
                Field::text(words::played(play.order)),
                Field::text(&one.connection),
                Field::time(one.at),
                Field::text(one.error.kebab()),
                Field::seconds(one.lost),
            ]
        })
    });
    DataTable {
        name: "order_failures",
        header: &["order", "connection", "at", "error", "lost_s"],
        rows: rows.collect(),
    }
}
