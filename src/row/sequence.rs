//! Events in order.

use super::One;
use super::value::Val;
use crate::check::typed::{Sequence, Step};
use crate::time::Interval;

impl One<'_> {
    pub(super) fn sequence(&self, sequence: &Sequence) -> bool {
        let window = sequence.window.as_ref().map_or(Interval::ALL, |w| self.window(w));
        let steps = &sequence.steps;
        let Some(first) = steps.first() else { return false };
        self.found(&first.sources, window).iter().any(|event| match (sequence.by, &event.value) {
            (true, None) => false,
            (true, shared) => self.goes_on(event.event.ts, steps.get(1..).unwrap_or_default(), window, shared.as_ref()),
            (false, _) => self.goes_on(event.event.ts, steps.get(1..).unwrap_or_default(), window, None),
        })
    }

    /// Whether the steps can follow an event at `t`; with the same value of the attribute where one is shared.
    fn goes_on(&self, t: i64, steps: &[Step], window: Interval, shared: Option<&Val>) -> bool {
        let Some((step, rest)) = steps.split_first() else { return true };
        let end = step.within.as_ref().map(|d| self.clock.plus(t, d));
        let near = |ts: i64| ts > t && end.is_none_or(|end| ts <= end);
        let same = |value: Option<&Val>| shared.is_none_or(|s| value == Some(s));
        if step.negated {
            // The wait must be over.
            let over = end.is_none_or(|end| end <= self.clock.now);
            let nothing = !self.found(&step.sources, Interval::ALL).iter().any(|e| near(e.event.ts) && same(e.value.as_ref()));
            return over && nothing && self.goes_on(t, rest, window, shared);
        }
        self.found(&step.sources, window)
            .iter()
            .any(|e| near(e.event.ts) && same(e.value.as_ref()) && self.goes_on(e.event.ts, rest, window, shared))
    }
}
