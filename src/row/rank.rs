//! `top` and `bottom`: what one contact must reach to be among them.

use std::cmp::Ordering;

use super::value::Val;
use super::{One, Profile, Setting};
use crate::check::typed::{Amount, Program, Ranked, RankedId};
use crate::schema::Schema;
use crate::time::Clock;

/// Where each ranking ends, by position in [`Program::ranked`]; or, for one contact, whether it is among them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cutoffs(Vec<End>);

/// Where a ranking ends.
#[derive(Debug, Clone, PartialEq)]
enum End {
    /// With this contact; `None` when it takes nobody.
    Last(Option<Place>),
    /// Whether it takes the one contact that is asked about.
    Known(bool),
}

impl Cutoffs {
    /// For one contact: which rankings take it.
    ///
    /// A store answers that for its contacts, see [`Wanted::Ranked`](crate::plan::Wanted::Ranked).
    #[must_use]
    pub fn known(taken: impl IntoIterator<Item = bool>) -> Self {
        Self(taken.into_iter().map(End::Known).collect())
    }
}

/// A place in a ranking.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    value: Val,
    id: String,
}

/// Where the rankings of a program end, given everyone.
#[must_use]
pub fn cutoffs(schema: &Schema, program: &Program, everyone: &[Profile], clock: &Clock) -> Cutoffs {
    let mut cutoffs = Cutoffs::default();
    // A ranking may be of the contacts of one before it.
    for ranked in &program.ranked {
        let setting = Setting { schema, program, clock: *clock, cutoffs: &cutoffs };
        let place = |profile| {
            let one = One::some(&setting, profile, &program.order);
            one.condition(&ranked.of).then(|| one.value(&ranked.by))?.map(|value| Place { value, id: profile.id.clone() })
        };
        let mut places: Vec<Place> = everyone.iter().filter_map(place).collect();
        places.sort_by(|a, b| order(ranked, a, b, clock));
        let taken = match ranked.amount {
            Amount::Count(n) => usize::try_from(n).unwrap_or(usize::MAX),
            Amount::Share(share) => {
                let exact = i128::try_from(places.len()).unwrap_or(0) * share.mantissa();
                let unit = 10_i128.pow(u32::from(share.scale()));
                usize::try_from((exact + unit - 1) / unit).unwrap_or(0)
            }
        };
        places.truncate(taken);
        let last = places.pop();
        cutoffs.0.push(End::Last(last));
    }
    cutoffs
}

fn order(ranked: &Ranked, a: &Place, b: &Place, clock: &Clock) -> Ordering {
    let by_value = a.value.compare(&b.value, clock).unwrap_or(Ordering::Equal);
    let by_value = if ranked.highest { by_value.reverse() } else { by_value };
    by_value.then_with(|| a.id.cmp(&b.id))
}

impl One<'_> {
    pub(super) fn is_ranked(&self, id: RankedId) -> bool {
        let at = id.0 as usize;
        let (Some(ranked), Some(end)) = (self.program.ranked.get(at), self.cutoffs.0.get(at)) else { return false };
        let last = match end {
            End::Known(taken) => return *taken,
            End::Last(None) => return false,
            End::Last(Some(last)) => last,
        };
        let Some(value) = self.value(&ranked.by) else { return false };
        let place = Place { value, id: self.profile.id.clone() };
        self.condition(&ranked.of) && order(ranked, &place, last, &self.clock).is_le()
    }
}
