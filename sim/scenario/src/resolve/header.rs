//! Name, time, keys, timings, controllers.

use super::Resolver;
use trustsim_charms::DeclaredDuration;
use trustsim_errors::{Code, Diagnostic};
use trustsim_kernel::{Span, Time};
use trustsim_model::{ControllerSpec, Timings};
use trustsim_pki::KeyAlgorithm;
use trustsim_validators::Validator;
use trustsim_yaml::{Text, nearest};

/// When a run begins unless the file says otherwise.
const START: &str = "2026-01-01T00:00:00Z";
/// How long it lasts unless the file says otherwise: one leaf certificate's life.
const DURATION: Span = Span::from_secs(90 * 86_400);

/// Every key algorithm's name.
const KEYS: [&str; 3] = ["ecdsa-p256", "ed25519", "rsa-2048"];

impl Resolver<'_> {
    pub(super) fn header(&mut self) {
        let scenario = self.scenario;
        if let Some(name) = &scenario.name {
            self.check_scenario_name(name);
            self.deployment.name.clone_from(&name.value);
        }
        let about = scenario.about.as_ref();
        self.deployment.about = about.map_or_else(String::new, |text| text.value.clone());
        self.deployment.seed = scenario.seed.unwrap_or(1);
        self.deployment.start = self.start();
        self.deployment.duration = match &scenario.duration {
            Some(duration) if duration.value.0.is_zero() => {
                let message = "a run of no length has nothing to show";
                self.push(Diagnostic::error(Code::BadValue, duration.place, message));
                DURATION
            }
            Some(duration) => duration.value.0,
            None => DURATION,
        };
        if let Some(keys) = &scenario.keys {
            // What is none was reported, and nothing is played.
            self.deployment.keys = self.key_algorithm(keys).unwrap_or_default();
        }
        self.deployment.timings = self.timings();
    }

    /// The name is a folder's name too.
    fn check_scenario_name(&mut self, name: &Text) {
        let folder = |letter: char| letter == '/' || letter == '\\' || letter.is_control();
        let text = name.value.trim();
        if text.is_empty() || text.starts_with('.') || text.contains(folder) {
            let message = format!("{:?} cannot be the name of a folder", name.value);
            let help = "reports go into a folder of this name: leave out slashes and leading dots";
            self.push(Diagnostic::error(Code::BadName, name.place, message).help(help));
        }
    }

    fn start(&mut self) -> Time {
        let default = Time::parse(START).expect("the default start is RFC 3339");
        let Some(text) = &self.scenario.start else {
            return default;
        };
        Time::parse(&text.value).unwrap_or_else(|error| {
            self.push(Diagnostic::error(
                Code::BadValue,
                text.place,
                error.to_string(),
            ));
            default
        })
    }

    pub(super) fn key_algorithm(&mut self, text: &Text) -> Option<KeyAlgorithm> {
        let parsed = text.value.parse().ok();
        if parsed.is_none() {
            let message = format!("`{}` is none of {}", text.value, KEYS.join(", "));
            let diagnostic = Diagnostic::error(Code::BadValue, text.place, message);
            self.push(diagnostic.similar("a key algorithm", nearest(&text.value, KEYS)));
        }
        parsed
    }

    pub(super) fn validator(&mut self, text: &Text) -> Option<Validator> {
        let parsed: Option<Validator> = text.value.parse().ok();
        if parsed.is_none() {
            let names = Validator::ALL.map(Validator::name);
            let message = format!("there is no validator `{}`", text.value);
            let help = match nearest(&text.value, names) {
                Some(name) => format!("a validator with a similar name exists: `{name}`"),
                None => format!("there are {}", names.join(", ")),
            };
            self.push(Diagnostic::error(Code::BadValue, text.place, message).help(help));
        }
        parsed
    }

    fn timings(&mut self) -> Timings {
        let mut timings = Timings::default();
        let Some(file) = &self.scenario.timings else {
            return timings;
        };
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
                self.push(Diagnostic::error(Code::BadValue, file.place, message));
            }
        }
        timings
    }

    pub(super) fn controllers(&mut self) {
        let named = self.scenario.controllers.iter().flat_map(|map| map.iter());
        self.deployment.controllers = named
            .map(|(name, _)| ControllerSpec {
                name: name.value.clone(),
            })
            .collect();
        if self.deployment.controllers.is_empty() {
            let name = "controller".to_owned();
            self.deployment.controllers.push(ControllerSpec { name });
        }
    }
}
