//! What a kind of fault is: its key in a scenario, its shape, its check, the lines that ask for it,
//! its share of random plans and its row in the reference. One file under `kinds/` implements
//! [`FaultKind`] for each kind, and [`KINDS`] lists them; the reader, the JSON Schema, random plans
//! and `docs/reference/faults.md` are derived from that list.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use trustsim_kernel::Span;
use trustsim_model::{Deployment, RandomPlan, RotationSpec, TimedAction};
use trustsim_yaml::{FromNode, Node, Reader};

use super::Fault;
use super::draw::{Draw, Drawn};
use super::site::Site;

/// A kind of fault that a scenario can ask for.
pub(crate) trait FaultKind: 'static {
    /// The value of the key.
    type Shape: FromNode + JsonSchema + Debug + Send + Sync + 'static;

    /// The key, such as `stop`.
    const KEY: &'static str;

    /// What happens, in a sentence: the description of the key in the JSON Schema.
    const ABOUT: &'static str;

    /// What really happens, in Markdown, for the reference.
    const EFFECT: &'static str;

    /// Where that was read, in Markdown; empty where the effect says so itself.
    const SOURCE: &'static str = "";

    /// The sides of the die on which random plans draw this kind. A new kind takes the sides after
    /// the last; all kinds together leave none out. Empty for what is never drawn.
    const DRAWN_ON: Range<u64> = 0..0;

    /// Finds every name and checks every value; `None` where a diagnostic says what is wrong.
    fn resolve(shape: &Self::Shape, site: &mut Site<'_>) -> Option<Effect>;

    /// The keys that ask for this fault, such as `["unit: a.web/0", "times: 2"]`; `None` for a fault
    /// of another kind. Every kind that is drawn can be written.
    fn write(_fault: &Fault, _deployment: &Deployment) -> Option<Vec<String>> {
        None
    }

    /// A fault of this kind that lasts so long; `None` where the deployment has nothing it could
    /// strike.
    fn draw(_draw: &mut Draw<'_>, _lasts: Span) -> Option<Drawn> {
        None
    }
}

/// What an entry of `faults` comes to.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    /// Faults that strike together, in this order.
    Faults(Vec<Fault>),
    /// A rotation of a CA: its actions, and the plan by which it is judged.
    Rotation(Vec<TimedAction>, RotationSpec),
    /// Faults that are drawn before the run.
    Random(RandomPlan),
}

impl<F: Into<Fault>> From<F> for Effect {
    fn from(fault: F) -> Self {
        Self::Faults(vec![fault.into()])
    }
}

/// What was written under the key of a kind.
pub(crate) trait Request: Debug + Send + Sync {
    /// See [`FaultKind::resolve`].
    fn resolve(&self, site: &mut Site<'_>) -> Option<Effect>;
}

/// The shape of a kind, with the kind as its type.
struct Written<K: FaultKind>(K::Shape);

impl<K: FaultKind> Debug for Written<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<K: FaultKind> Request for Written<K> {
    fn resolve(&self, site: &mut Site<'_>) -> Option<Effect> {
        K::resolve(&self.0, site)
    }
}

/// A [`FaultKind`] as a value.
#[derive(Debug)]
pub(crate) struct Kind {
    pub key: &'static str,
    pub about: &'static str,
    pub effect: &'static str,
    pub source: &'static str,
    pub drawn_on: Range<u64>,
    /// Reads the value of the key.
    pub read: fn(&Node, &mut Reader) -> Option<Arc<dyn Request>>,
    /// The JSON Schema of that.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    pub write: fn(&Fault, &Deployment) -> Option<Vec<String>>,
    pub draw: fn(&mut Draw<'_>, Span) -> Option<Drawn>,
}

impl Kind {
    pub(crate) const fn of<K: FaultKind>() -> Self {
        Self {
            key: K::KEY,
            about: K::ABOUT,
            effect: K::EFFECT,
            source: K::SOURCE,
            drawn_on: K::DRAWN_ON,
            read: read::<K>,
            schema: schema::<K>,
            write: K::write,
            draw: K::draw,
        }
    }
}

fn read<K: FaultKind>(node: &Node, reader: &mut Reader) -> Option<Arc<dyn Request>> {
    let shape = K::Shape::from_node(node, reader)?;
    Some(Arc::new(Written::<K>(shape)))
}

fn schema<K: FaultKind>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Option<K::Shape>>()
}
