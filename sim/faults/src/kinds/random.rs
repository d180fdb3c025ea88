//! Faults that are drawn from the seed before the run: the plan. [`crate::draw()`] draws them.

use trustsim_charm_model::DeclaredDuration;
use trustsim_errors::{Code, Diagnostic};
use trustsim_kernel::Span;
use trustsim_model::RandomPlan;
use trustsim_yaml::{Spanned, record};

use crate::kind::{Effect, FaultKind};
use crate::site::{Site, span};

const COUNT: u32 = 10;
/// More faults than this in one plan are a mistake.
const COUNT_MAX: u32 = 10_000;
const WINDOW: Span = Span::from_secs(12 * 3_600);

record! {
    /// How many faults are drawn from the seed, and when they strike.
    pub(crate) struct RandomFile {
        /// How many (10).
        count: Spanned<u32> = "count",
        /// All are over so long after `at` (12h).
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

pub(crate) struct Random;

impl FaultKind for Random {
    type Shape = RandomFile;
    const KEY: &'static str = "random";
    const ABOUT: &'static str =
        "Faults are drawn from the seed before the run; its summary lists them.";
    const EFFECT: &'static str = "see [random plans](#random-plans)";

    fn resolve(shape: &RandomFile, site: &mut Site<'_>) -> Option<Effect> {
        if let Some(count) = shape.count.as_ref().filter(|count| count.value > COUNT_MAX) {
            let message = format!("{} faults", count.value);
            let wrong = Diagnostic::error(Code::BadValue, count.place, message);
            return site.report(wrong.help(format!("write 0 to {COUNT_MAX}")));
        }
        Some(Effect::Random(RandomPlan {
            count: shape.count.as_ref().map_or(COUNT, |count| count.value),
            from: site.at?,
            window: span(shape.lasts.as_ref()).unwrap_or(WINDOW),
            source: site.names.source(site.place),
        }))
    }
}
