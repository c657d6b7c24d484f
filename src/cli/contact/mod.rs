//! Questions about one contact: `why`, `which`, `decide`, `profile`. Each file has the text and the JSON of one of them; the
//! subcommands and the prompt print the same.

pub mod decide;
pub mod profile;
pub mod which;
pub mod why;
mod words;

pub use words::moment;

use roaring::RoaringBitmap;
use serde_json::Value;

use super::args::{ContactFormat, DataArgs, NowArgs, ScriptArgs};
use super::failure::Failure;
use super::script::{self, Script};
use super::{Ui, data, interrupt, output, progress};
use crate::check::nearest;
use crate::check::typed::{Program, RankedId};
use crate::exec::{Cancel, Engine, evaluate};
use crate::plan::{Wanted, lower_wanted, rewrite};
use crate::row::{Cutoffs, Profile, Setting};
use crate::schema::Schema;
use crate::store::{Snapshot, Store};
use crate::syntax::Sources;
use crate::time::{Clock, format_instant};

/// What questions are asked of: a state of a store, a checked script with its texts, and a moment.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The data.
    pub snapshot: &'a Snapshot<'a>,
    /// The definitions.
    pub program: &'a Program,
    /// Their texts.
    pub sources: &'a Sources,
    /// The moment.
    pub clock: Clock,
    /// Whether nobody wants the answer any more; only rankings take long enough to look.
    pub cancel: &'a Cancel,
}

impl View<'_> {
    /// Everything known of a contact, and which rankings of the script take it.
    pub fn contact(&self, id: &str) -> Result<(Profile, Cutoffs), Failure> {
        let profile = find(self.snapshot, id)?;
        let number = self.snapshot.find(id)?.unwrap_or_default();
        let rankings: Vec<Wanted> = (0_u32..).map(RankedId).take(self.program.ranked.len()).map(Wanted::Ranked).collect();
        if rankings.is_empty() {
            return Ok((profile, Cutoffs::default()));
        }
        // Whether a contact is among the first depends on everyone.
        let (sets, _) = self.sets(&rankings, &self.clock)?;
        Ok((profile, Cutoffs::known(sets.iter().map(|set| set.contains(number)))))
    }

    /// An engine to evaluate many sets with.
    pub fn engine(&self) -> Engine<'_> {
        Engine::new(self.snapshot)
    }

    /// The members of some sets at a moment, and whether a field decides about one of them.
    pub fn sets(&self, wanted: &[Wanted], clock: &Clock) -> Result<(Vec<RoaringBitmap>, bool), Failure> {
        self.sets_on(&self.engine(), wanted, clock)
    }

    /// The same with an engine that knows columns already.
    pub fn sets_on(&self, engine: &Engine<'_>, wanted: &[Wanted], clock: &Clock) -> Result<(Vec<RoaringBitmap>, bool), Failure> {
        members(engine, self.program, wanted, clock, self.cancel)
    }

    /// What a contact is asked about under.
    pub fn setting<'s>(&'s self, cutoffs: &'s Cutoffs) -> Setting<'s> {
        Setting { schema: self.snapshot.schema(), program: self.program, clock: self.clock, cutoffs }
    }

    fn instant(&self, ms: i64) -> String {
        format_instant(ms, self.clock.zone)
    }
}

/// The members of some sets of a program at a moment, and whether a field decides about one of them.
pub fn members(
    engine: &Engine<'_>,
    program: &Program,
    wanted: &[Wanted],
    clock: &Clock,
    cancel: &Cancel,
) -> Result<(Vec<RoaringBitmap>, bool), Failure> {
    let plan = rewrite(&lower_wanted(program, wanted, engine.snapshot().schema(), clock));
    let sets = evaluate(engine, &plan, clock, cancel)?;
    Ok((sets, plan.reads_fields()))
}

/// Everything known of a contact; an unknown id is an error that names those written alike.
pub fn find(snapshot: &Snapshot<'_>, id: &str) -> Result<Profile, Failure> {
    if let Some(profile) = snapshot.profile(id)? {
        return Ok(profile);
    }
    let like = snapshot.ids_like(id)?;
    let hint = nearest(id, like.iter().map(String::as_str)).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    Err(Failure::usage(format!("there is no contact `{id}`{hint}")))
}

/// Opens data and scripts, and prints what a question gives.
pub fn answer(
    scripts: &[&ScriptArgs],
    (data, now): (&DataArgs, &NowArgs),
    ui: Ui,
    ask: impl FnOnce(&[(View<'_>, &Script)]) -> Result<String, Failure>,
) -> Result<(), Failure> {
    let scripts = scripts.iter().map(|script| script::open(script, ui)).collect::<Result<Vec<_>, _>>()?;
    let cancel = interrupt::cancel();
    let store = data::open(data, now, ui, &cancel)?;
    let snapshot = store.snapshot()?;
    let schema = snapshot.schema();
    let scripts = scripts.into_iter().map(|script| script.check(schema, None, ui)).collect::<Result<Vec<_>, _>>()?;
    let clock = clock(now, schema)?;
    note_the_past(&clock, &store);
    let mut views: Vec<(View<'_>, &Script)> = Vec::new();
    for script in &scripts {
        let program = &script.checked.program;
        views.push((View { snapshot: &snapshot, program, sources: &script.sources, clock, cancel: &cancel }, script));
    }
    output::print(progress::evaluating(ui, &cancel, || ask(&views))?.as_bytes())
}

/// Says that fields have no history when the moment is in the past.
fn note_the_past(clock: &Clock, store: &Store) {
    const HOUR: i64 = 3_600_000;
    if clock.now < data::clock_now() - HOUR && !store.is_temporary() {
        eprintln!("note: events are those up to {}, fields are as they are today", format_instant(clock.now, clock.zone));
    }
}

/// The moment of the question; one that comes from the clock is said.
fn clock(now: &NowArgs, schema: &Schema) -> Result<Clock, Failure> {
    let clock = Clock { now: data::instant(now, schema)?, zone: schema.timezone };
    if now.now.is_none() {
        eprintln!("now {}", format_instant(clock.now, clock.zone));
    }
    Ok(clock)
}

/// The text or the JSON of an answer.
fn printed(
    format: ContactFormat,
    text: impl FnOnce() -> Result<String, Failure>,
    json: impl FnOnce() -> Result<Value, Failure>,
) -> Result<String, Failure> {
    match format {
        ContactFormat::Text => text(),
        ContactFormat::Json => Ok(format!("{:#}\n", json()?)),
    }
}
