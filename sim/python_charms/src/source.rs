//! A charm's folder with its interpreter: workers that are idle, answers that were given, and what could not be played.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rand::Rng;
use serde_json::{Map, Value as Json};
use trustsim_charm_model::{Answered, Charm, Setup, SourceCode};
use trustsim_kernel::Stream;
use trustsim_pki::{KeyAlgorithm, KeyPool};

use crate::answer::{Answer, LONGEST_SLEEP};
use crate::answers::{Answers, FoundIn, Key};
use crate::charm::PythonCharm;
use crate::worker::{Ended, Limits, WantedKey, Worker, WorkerError};

/// What runs a charm for which no interpreter is known.
const ANY_PYTHON: &str = "python3";

/// A charm's folder with the interpreter that runs its code.
#[derive(Clone, Debug)]
pub struct PythonSource(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    /// Named, found in the charm's folder, or found later; else it is the one of the path.
    python: OnceLock<PathBuf>,
    limits: Limits,
    /// What the scenario says that comes back of what the code asks of others: commands, requests, files, secrets.
    declared: Json,
    idle: Mutex<Vec<Worker>>,
    /// What answers depend on beside the hook, as the first worker said it.
    identity: Mutex<Option<[u8; 32]>>,
    answers: Mutex<Answers>,
    unplayed: Mutex<BTreeSet<String>>,
    /// Why no worker starts: that is not tried at every hook.
    not_started: Mutex<Option<String>>,
    answered: Mutex<Answered>,
}

/// How a hook ended.
#[derive(Debug)]
pub(crate) enum Played {
    /// With an answer.
    Answered(Box<Answer>),
    /// Its process ended without one: how, with the hook as the subject.
    Died(String),
    /// It could not be played, which is noted.
    Impossible(String),
}

/// What a hook draws from at random.
pub(crate) struct Chance<'a> {
    pub(crate) stream: Stream,
    pub(crate) pool: &'a KeyPool,
}

impl PythonSource {
    /// The charm in this folder, with its interpreter where one is known, and with what comes back of commands, requests and
    /// files that trustsim does not know: the list `answers` of `docs/reference/own-code.md`. Nothing is started before its
    /// first hook.
    pub fn new(folder: PathBuf, python: Option<PathBuf>, limits: Limits, declared: Json) -> Self {
        Self(Arc::new(Inner {
            declared,
            folder,
            python: python.map_or_else(OnceLock::new, OnceLock::from),
            limits,
            idle: Mutex::default(),
            identity: Mutex::default(),
            answers: Mutex::default(),
            unplayed: Mutex::default(),
            not_started: Mutex::default(),
            answered: Mutex::default(),
        }))
    }

    /// Plays a hook, or finds how an equal one was answered.
    pub(crate) fn play(&self, asked: &Map<String, Json>, mut chance: Chance<'_>) -> Played {
        let mut seed = [0; 32];
        chance.stream.fill_bytes(&mut seed);
        let seed = hex::encode(seed);
        let text = Json::Object(asked.clone()).to_string();
        match self.answer(asked, &text, &seed, &mut chance) {
            Ok(Given::Died(how)) => Played::Died(how),
            Ok(Given::Slow(how)) => self.not_played(format!("a hook {how}")),
            Ok(Given::Answer(answer)) => self.read(&answer),
            Err(error) => self.not_played(error.to_string()),
        }
    }

    /// What an answer says. One that has not the shape of an answer is the worker's own mistake, which it tells.
    fn read(&self, answer: &str) -> Played {
        match serde_json::from_str::<Answer>(answer) {
            Ok(read) if !(0.0..=LONGEST_SLEEP).contains(&read.slept) => {
                self.not_played(format!("a hook that sleeps for {} s", read.slept))
            }
            Ok(read) => {
                for refused in &read.refused {
                    self.note_unplayed(format!("{}: {}", refused.kind, refused.what));
                }
                Played::Answered(Box::new(read))
            }
            Err(error) => {
                let told: Option<Json> = serde_json::from_str(answer).ok();
                let told = told.as_ref().and_then(|told| told.get("broken")?.as_str());
                let last = told.and_then(|told| told.lines().rev().find(|line| !line.is_empty()));
                self.not_played(last.map_or_else(|| error.to_string(), str::to_owned))
            }
        }
    }

    fn answer(
        &self,
        asked: &Map<String, Json>,
        text: &str,
        seed: &str,
        chance: &mut Chance<'_>,
    ) -> Result<Given, WorkerError> {
        let identity = self.identity()?;
        let keys = [Some(seed), None].map(|seed| Key::new(&identity, text, seed));
        for key in keys {
            let found = lock(&self.0.answers).find(key);
            if let Some((answer, place)) = found {
                let mut answered = lock(&self.0.answered);
                match place {
                    FoundIn::Memory => answered.again += 1,
                    FoundIn::Folder => answered.kept += 1,
                }
                return Ok(Given::Answer(answer));
            }
        }
        let mut asked = asked.clone();
        asked.insert("entropy".to_owned(), Json::from(seed));
        let mut worker = self.idle_worker()?;
        let mut make_key = |wanted: &WantedKey| made_key(wanted, chance);
        let ended = worker.play(&asked.into(), &mut make_key)?;
        lock(&self.0.idle).push(worker);
        lock(&self.0.answered).run += 1;
        match ended {
            // What is not kept: it is run again each time.
            Ended::Died(how) => Ok(Given::Died(how)),
            // A slower host is no reason for another outcome.
            Ended::Slow(how) => Ok(Given::Slow(how)),
            Ended::Answered(answer) => {
                let drew = answer.get("drew") != Some(&Json::Bool(false));
                let answer: Arc<str> = answer.to_string().into();
                lock(&self.0.answers).keep(keys[usize::from(!drew)], &answer);
                Ok(Given::Answer(answer))
            }
        }
    }

    fn identity(&self) -> Result<[u8; 32], WorkerError> {
        if let Some(identity) = *lock(&self.0.identity) {
            return Ok(identity);
        }
        let worker = self.idle_worker()?;
        let identity = worker.identity;
        lock(&self.0.idle).push(worker);
        Ok(identity)
    }

    fn idle_worker(&self) -> Result<Worker, WorkerError> {
        let idle = lock(&self.0.idle).pop();
        if let Some(worker) = idle {
            return Ok(worker);
        }
        let mut not_started = lock(&self.0.not_started);
        if let Some(why) = &*not_started {
            return Err(WorkerError::NotStartedBefore(why.clone()));
        }
        let started = Worker::start(self.interpreter(), &self.0.folder, self.0.limits);
        if let Err(error) = &started {
            *not_started = Some(error.to_string());
        }
        drop(not_started);
        let worker = started?;
        let mut identity = lock(&self.0.identity);
        match *identity {
            Some(first) if first != worker.identity => Err(WorkerError::Rubbish(
                "the charm was changed while it was played".to_owned(),
            )),
            _ => {
                *identity = Some(worker.identity);
                Ok(worker)
            }
        }
    }

    /// The answers that the scenario declares.
    pub(crate) fn declared(&self) -> &Json {
        &self.0.declared
    }

    fn not_played(&self, why: String) -> Played {
        self.note_unplayed(why.clone());
        Played::Impossible(why)
    }

    /// Notes what is not played: no answer that rests on the charm holds.
    pub(crate) fn note_unplayed(&self, what: String) {
        lock(&self.0.unplayed).insert(what);
    }
}

enum Given {
    Answer(Arc<str>),
    Died(String),
    Slow(String),
}

/// The next key of the hook's stream: a key that no other has, since any of them may be that of an authority.
fn made_key(wanted: &WantedKey, chance: &mut Chance<'_>) -> Option<String> {
    let algorithm = KeyAlgorithm::Rsa2048;
    let is_known = format!("{}-{}", wanted.algorithm, wanted.bits) == algorithm.name();
    let key = is_known.then(|| chance.pool.authority(algorithm, &mut chance.stream));
    key.map(|key| key.to_pem().to_owned())
}

/// What a panic elsewhere left is whole: each of these is changed in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SourceCode for PythonSource {
    fn folder(&self) -> &Path {
        &self.0.folder
    }

    fn interpreter(&self) -> &Path {
        let python = self.0.python.get();
        python.map_or(Path::new(ANY_PYTHON), PathBuf::as_path)
    }

    fn use_interpreter(&self, python: PathBuf) {
        self.0.python.get_or_init(|| python);
    }

    fn has_interpreter(&self) -> bool {
        self.0.python.get().is_some()
    }

    fn charm(&self, setup: &Setup<'_>) -> Arc<dyn Charm> {
        Arc::new(PythonCharm::new(self.clone(), setup))
    }

    fn keep_answers_in(&self, folder: PathBuf) {
        lock(&self.0.answers).keep_in(folder);
    }

    fn unplayed(&self) -> Vec<String> {
        lock(&self.0.unplayed).iter().cloned().collect()
    }

    fn answered(&self) -> Answered {
        *lock(&self.0.answered)
    }
}
