//! What lints ask of the data, counted from the columns.

use std::collections::HashMap;

use super::column::{Column, TextColumn};
use super::{Snapshot, Words, slots};
use crate::lint::Facts;
use crate::schema::{AttrId, EventId, FieldId};

/// Different texts beyond which a column is no set of values that one could mean.
const MAX_DISTINCT: usize = 100_000;

impl Facts for Snapshot<'_> {
    fn contacts(&self) -> u64 {
        u64::from(Snapshot::contacts(self))
    }

    fn without(&self, field: FieldId) -> Option<u64> {
        let mut with = 0_u64;
        self.each_field(field, &|| true, &mut |column, members| {
            let mut present = slots::empty();
            match column {
                Column::Int(c) => c.present_into(present.as_mut_slice()),
                Column::Text(c) => c.codes().present_into(present.as_mut_slice()),
                Column::List(c) => c.present_into(present.as_mut_slice()),
            }
            with += present.iter().zip(members).map(|(p, m)| u64::from((p & m).count_ones())).sum::<u64>();
            Some(())
        })?;
        u64::from(Snapshot::contacts(self)).checked_sub(with)
    }

    fn field_texts(&self, field: FieldId) -> Option<Vec<(String, u64)>> {
        self.field_texts_while(field, &|| true)
    }

    fn attribute_texts(&self, event: EventId, attr: AttrId) -> Option<Vec<(String, u64)>> {
        self.attribute_texts_while(event, attr, &|| true)
    }

    fn oldest(&self, event: EventId) -> Option<i64> {
        let mut oldest = None;
        for chunk in 0..self.chunks() {
            let layers = self.layers(chunk, self.has_appended_events(event, chunk).ok()?).ok()?;
            let whole = layers.len() == 1;
            for (layer, members) in layers {
                let Some(summary) = self.events_in(layer, event, chunk).ok()? else { continue };
                let first = if whole && summary.blocks() > 0 {
                    Some(summary.first().bounds().0)
                } else {
                    slots::iter(&members).filter_map(|slot| summary.first().get(usize::from(slot))).min()
                };
                oldest = oldest.into_iter().chain(first).min();
            }
        }
        oldest
    }
}

impl Snapshot<'_> {
    /// As [`Facts::field_texts`], for as long as it is to go on; nothing when it was not to.
    pub(crate) fn field_texts_while(&self, field: FieldId, go_on: &dyn Fn() -> bool) -> Option<Vec<(String, u64)>> {
        let mut counted = Counted::default();
        self.each_field(field, go_on, &mut |column, members| counted.add(column, slots::iter(members).map(usize::from)))?;
        Some(counted.finish())
    }

    /// As [`Facts::attribute_texts`], for as long as it is to go on; nothing when it was not to.
    pub(crate) fn attribute_texts_while(
        &self,
        event: EventId,
        attr: AttrId,
        go_on: &dyn Fn() -> bool,
    ) -> Option<Vec<(String, u64)>> {
        let mut counted = Counted::default();
        for chunk in 0..self.chunks() {
            for (layer, members) in self.layers(chunk, self.has_appended_events(event, chunk).ok()?).ok()? {
                let blocks = self.events_in(layer, event, chunk).ok()?.map_or(0, |summary| summary.blocks());
                for block in 0..blocks {
                    go_on().then_some(())?;
                    let Some(column) = self.attribute_in(layer, event, chunk, block, attr).ok()? else { continue };
                    let rows = self.rows_in(layer, event, chunk, block).ok()?;
                    counted.add(&column, rows.contacts().filter(|(s, _)| slots::contains(&members, *s)).flat_map(|(_, r)| r))?;
                }
            }
        }
        Some(counted.finish())
    }

    /// Shows the columns of a field with the contacts whose values are in them, for as long as it is to go on.
    fn each_field(
        &self,
        field: FieldId,
        go_on: &dyn Fn() -> bool,
        see: &mut dyn FnMut(&Column<'_>, &Words) -> Option<()>,
    ) -> Option<()> {
        for chunk in 0..self.chunks() {
            go_on().then_some(())?;
            for (layer, members) in self.layers(chunk, self.has_appended_field(field, chunk).ok()?).ok()? {
                if let Some(column) = self.field_in(layer, field, chunk).ok()? {
                    see(&column, &members)?;
                }
            }
        }
        Some(())
    }
}

/// How often each text occurs; in lists each element counts.
#[derive(Default)]
struct Counted(HashMap<String, u64>);

impl Counted {
    /// Adds some places of a column; nothing when it holds no texts, or when there are too many.
    fn add(&mut self, column: &Column<'_>, places: impl Iterator<Item = usize>) -> Option<()> {
        let (texts, mut counts): (&TextColumn<'_>, Vec<u64>);
        match column {
            Column::Text(column) => {
                (texts, counts) = (column, vec![0; column.distinct() as usize]);
                places.for_each(|place| count(&mut counts, texts.code(place)));
            }
            Column::List(list) => {
                let Column::Text(column) = list.items() else { return None };
                (texts, counts) = (column, vec![0; column.distinct() as usize]);
                places.flat_map(|place| list.range(place)).for_each(|item| count(&mut counts, texts.code(item)));
            }
            Column::Int(_) => return None,
        }
        for (code, n) in (0..).zip(counts).filter(|(_, n)| *n > 0) {
            if let Some(text) = texts.value(code) {
                *self.0.entry(text.to_owned()).or_default() += n;
            }
        }
        (self.0.len() <= MAX_DISTINCT).then_some(())
    }

    fn finish(self) -> Vec<(String, u64)> {
        self.0.into_iter().collect()
    }
}

fn count(counts: &mut [u64], code: Option<u32>) {
    if let Some(n) = code.and_then(|code| counts.get_mut(code as usize)) {
        *n += 1;
    }
}
