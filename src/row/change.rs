//! When an answer will change by time alone.

use super::formula::Formula;
use super::looked::{Looked, Looking};
use super::{One, Profile, Setting};
use crate::check::typed::{Condition, DefinitionId};
use crate::time::{Changes, Clock};

/// Evaluations of one condition that a search for its next change may take.
const MAX_EVALUATIONS: u32 = 30_000;
/// Changes of parts that a search for the next change of the whole looks at.
const MAX_TURNS: u32 = 20_000;

/// When an answer will be another one if nothing but time happens: no new event, no new value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// From this instant on, in milliseconds; not a millisecond earlier.
    At(i64),
    /// Never.
    Never,
    /// Not before this instant; what comes after it was not looked at.
    NotBefore(i64),
    /// It depends on other contacts: a ranking.
    Others,
}

impl Change {
    /// The instant, if there is one.
    #[must_use]
    pub fn at(self) -> Option<i64> {
        match self {
            Self::At(ms) => Some(ms),
            _ => None,
        }
    }
}

/// A condition without parts, and how its answer goes on.
pub(super) struct Course<'a> {
    setting: Setting<'a>,
    profile: &'a Profile,
    condition: &'a Condition,
    order: Vec<DefinitionId>,
    changes: Changes,
    evaluations: u32,
    /// Whether it holds, up to the next change.
    pub holds: bool,
    /// Its next change.
    pub next: Change,
    pub looked: Looked,
}

impl<'a> Course<'a> {
    /// The course of a condition from the setting's now on.
    pub fn new(one: &One<'a>, setting: Setting<'a>, condition: &'a Condition) -> Self {
        let looked = Looking::new(one).conditions(&[condition]);
        let changes = Changes::new(looked.moving.clone(), setting.clock);
        let mut course = Self {
            setting,
            profile: one.profile,
            condition,
            order: looked.order(setting.program),
            changes,
            evaluations: 0,
            holds: one.condition(condition),
            next: Change::Never,
            looked,
        };
        course.next = course.find();
        course
    }

    fn find(&mut self) -> Change {
        while let Some(at) = self.changes.next() {
            self.evaluations += 1;
            if self.evaluations > MAX_EVALUATIONS {
                return Change::NotBefore(at);
            }
            let setting = Setting { clock: Clock { now: at, ..self.setting.clock }, ..self.setting };
            if One::some(&setting, self.profile, &self.order).condition(self.condition) != self.holds {
                return Change::At(at);
            }
        }
        match self.changes.limit() {
            Some(limit) => Change::NotBefore(limit),
            None if self.looked.ranked => Change::Others,
            None => Change::Never,
        }
    }

    /// Goes to the next change.
    fn turn(&mut self) {
        self.holds = !self.holds;
        self.next = self.find();
    }
}

/// When a formula will turn, given the courses of its leaves. A ranking stays as it is.
pub(super) fn of_formula(formula: &Formula<'_>, courses: &mut [Course<'_>]) -> Change {
    let states = |courses: &[Course<'_>]| courses.iter().map(|c| c.holds).collect::<Vec<bool>>();
    let now = formula.holds(&states(courses));
    for turn in 0.. {
        let limits = courses.iter().filter_map(|c| if let Change::NotBefore(at) = c.next { Some(at) } else { None });
        let limit = limits.min();
        let Some(at) = courses.iter().filter_map(|c| c.next.at()).min() else {
            return limit.map_or(Change::Never, Change::NotBefore);
        };
        if let Some(limit) = limit.filter(|limit| *limit <= at) {
            return Change::NotBefore(limit);
        }
        if turn > MAX_TURNS {
            return Change::NotBefore(at);
        }
        courses.iter_mut().filter(|c| c.next == Change::At(at)).for_each(Course::turn);
        if formula.holds(&states(courses)) != now {
            return Change::At(at);
        }
    }
    Change::Never
}
