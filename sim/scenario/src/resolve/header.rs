//! What a scenario says of the run as a whole: name, time, keys, timings, controllers, the ACME
//! server.

use super::{names::check_name, values};
use crate::format::{AcmeFile, ScenarioFile, TimingsFile};
use crate::name_rules::NameKind;
use trustsim_charms::{AcmeProfile, DeclaredDuration};
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_kernel::{Span, Time};
use trustsim_model::{ControllerIndex, ControllerSpec, Deployment, TiVec, Timings};
use trustsim_yaml::{Spanned, Text};

/// When a run begins unless the file says otherwise.
const START: &str = "2026-01-01T00:00:00Z";
/// How long it lasts unless the file says otherwise: one leaf certificate's life.
const DURATION: Span = Span::from_secs(90 * 86_400);
/// No run goes on after this instant. The clock ends in July 2554 (64 bits of nanoseconds), and what is issued for a
/// century has to end before that.
const LAST: &str = "2400-01-01T00:00:00Z";
/// How short an outage has to be to break nothing, unless the file says otherwise.
const TOLERATE: Span = Span::from_secs(60);

/// A deployment that has its controllers, and no model yet.
pub(super) fn header(scenario: &ScenarioFile, out: &mut Diagnostics) -> Deployment {
    if let Some(name) = &scenario.name {
        check_scenario_name(name, out);
    }
    let text = |text: &Option<Text>| {
        let text = text.as_ref();
        text.map_or_else(String::new, |text| text.value.clone())
    };
    let start = start(scenario.start.as_ref(), out);
    let duration = duration(scenario.duration.as_ref(), start, out);
    let keys = scenario.keys.as_ref();
    let keys = keys.and_then(|keys| values::key_algorithm(keys, out));
    let timings = scenario.timings.as_ref();
    Deployment {
        name: text(&scenario.name),
        about: text(&scenario.about),
        seed: scenario.seed.unwrap_or(1),
        start,
        duration,
        tolerate: scenario.tolerate.map_or(TOLERATE, |declared| declared.0),
        // What is none was reported, and nothing is played.
        keys: keys.unwrap_or_default(),
        timings: timings.map_or_else(Timings::default, |file| read_timings(file, out)),
        controllers: controllers(scenario, out),
        acme: scenario
            .acme
            .as_ref()
            .map_or_else(AcmeProfile::default, acme),
        ..Deployment::empty()
    }
}

/// The name is a folder's name too.
fn check_scenario_name(name: &Text, out: &mut Diagnostics) {
    let folder = |letter: char| letter == '/' || letter == '\\' || letter.is_control();
    let text = name.value.trim();
    if text.is_empty() || text.starts_with('.') || text.contains(folder) {
        let message = format!("{:?} cannot be the name of a folder", name.value);
        let help = "reports go into a folder of this name: leave out slashes and leading dots";
        out.push(Diagnostic::error(Code::BadName, name.place, message).help(help));
    }
}

fn start(text: Option<&Text>, out: &mut Diagnostics) -> Time {
    let default = Time::parse(START).expect("the default start is RFC 3339");
    let Some(text) = text else {
        return default;
    };
    let last = Time::parse(LAST).expect("the last instant is RFC 3339");
    let message = match Time::parse(&text.value) {
        Ok(start) if start + DURATION <= last => return start,
        Ok(_) => format!("the run would go on after {LAST}, the last instant that is played"),
        Err(error) => error.to_string(),
    };
    out.push(Diagnostic::error(Code::BadValue, text.place, message));
    default
}

fn duration(
    duration: Option<&Spanned<DeclaredDuration>>,
    start: Time,
    out: &mut Diagnostics,
) -> Span {
    let last = Time::parse(LAST).expect("the last instant is RFC 3339");
    let most = last.since(start);
    match duration {
        Some(duration) if duration.value.0 > most => {
            let message =
                format!("the run would go on after {LAST}, the last instant that is played");
            out.push(Diagnostic::error(Code::BadValue, duration.place, message));
            DURATION
        }
        Some(duration) if duration.value.0.is_zero() => {
            let message = "a run of no length has nothing to show";
            out.push(Diagnostic::error(Code::BadValue, duration.place, message));
            DURATION
        }
        Some(duration) => duration.value.0,
        None => DURATION,
    }
}

fn read_timings(file: &TimingsFile, out: &mut Diagnostics) -> Timings {
    let mut timings = Timings::default();
    let fields: [(&mut Span, Option<DeclaredDuration>); 8] = [
        (&mut timings.hook_min, file.hook_min),
        (&mut timings.hook_max, file.hook_max),
        (&mut timings.watch_latency, file.watch_latency),
        (&mut timings.cross_model_latency, file.cross_model_latency),
        (&mut timings.provision_min, file.provision_min),
        (&mut timings.provision_max, file.provision_max),
        (&mut timings.restart, file.restart),
        (&mut timings.settle_max, file.settle_max),
    ];
    for (field, given) in fields {
        *field = given.map_or(*field, |lasting| lasting.0);
    }
    for (least, most, what) in [
        (timings.hook_min, timings.hook_max, "hook"),
        (timings.provision_min, timings.provision_max, "provision"),
    ] {
        if least > most {
            let message = format!("`{what}-min` is longer than `{what}-max`");
            out.push(Diagnostic::error(Code::BadValue, file.place, message));
        }
    }
    timings
}

/// The controllers that are named, or the one that nothing names.
fn controllers(
    scenario: &ScenarioFile,
    out: &mut Diagnostics,
) -> TiVec<ControllerIndex, ControllerSpec> {
    let mut controllers = TiVec::new();
    for (name, _) in scenario.controllers.iter().flat_map(|map| map.iter()) {
        check_name(NameKind::Controller, name, out);
        let name = name.value.clone();
        controllers.push(ControllerSpec { name });
    }
    if controllers.is_empty() {
        let name = "controller".to_owned();
        controllers.push(ControllerSpec { name });
    }
    controllers
}

fn acme(file: &AcmeFile) -> AcmeProfile {
    let usual = AcmeProfile::default();
    AcmeProfile {
        zones: file.zones.clone().unwrap_or(usual.zones),
        dns_propagation: file
            .dns_propagation
            .map_or(usual.dns_propagation, |span| span.0),
        order: file.order.map_or(usual.order, |span| span.0),
    }
}
