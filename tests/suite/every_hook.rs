//! Quiet hooks are elided; playing them all gives the same certificates, verdicts and outages.

use crate::common::{certificates, cut, load, play, scenario_files, verdicts};
use trustsim::kernel::Span;
use trustsim::world::Options;

#[test]
fn elided_hooks_would_have_changed_nothing() {
    for path in scenario_files() {
        let deployment = cut(&load(&path), Span::from_secs(30 * 86_400));
        let elided = play(&deployment, Options::default());
        let every = play(
            &deployment,
            Options {
                every_hook: true,
                ..Options::default()
            },
        );
        let name = path.display();
        assert_eq!(
            certificates(&elided),
            certificates(&every),
            "certificates of {name}"
        );
        assert_eq!(verdicts(&elided), verdicts(&every), "verdicts of {name}");
        assert!(!certificates(&elided).is_empty(), "{name} issues nothing");
    }
}
