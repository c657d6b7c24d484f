//! What lints ask of the data, counted from the columns.

use std::collections::HashMap;

use super::column::Column;
use super::{Snapshot, StoreError};
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
        for chunk in 0..self.chunks() {
            let mut present = [0; super::WORDS];
            match self.field(field, chunk).ok()? {
                Some(Column::Int(c)) => c.present_into(&mut present),
                Some(Column::Text(c)) => c.codes().present_into(&mut present),
                Some(Column::List(c)) => c.present_into(&mut present),
                None => {}
            }
            with += present.iter().map(|w| u64::from(w.count_ones())).sum::<u64>();
        }
        u64::from(Snapshot::contacts(self)).checked_sub(with)
    }

    fn field_texts(&self, field: FieldId) -> Option<Vec<(String, u64)>> {
        counted((0..self.chunks()).map(|chunk| self.field(field, chunk)))
    }

    fn attribute_texts(&self, event: EventId, attr: AttrId) -> Option<Vec<(String, u64)>> {
        let mut columns = Vec::new();
        for chunk in 0..self.chunks() {
            let blocks = self.events(event, chunk).ok()?.map_or(0, |summary| summary.blocks());
            columns.extend((0..blocks).map(|block| (chunk, block)));
        }
        counted(columns.into_iter().map(|(chunk, block)| self.attribute(event, chunk, block, attr)))
    }

    fn oldest(&self, event: EventId) -> Option<i64> {
        let first = |chunk| Some(self.events(event, chunk).ok()??.first().bounds().0);
        (0..self.chunks()).filter_map(first).min()
    }
}

/// How often each text occurs in some columns; in lists each element counts.
fn counted<'a>(columns: impl Iterator<Item = Result<Option<Column<'a>>, StoreError>>) -> Option<Vec<(String, u64)>> {
    let mut all: HashMap<String, u64> = HashMap::new();
    for column in columns {
        let column = column.ok()?;
        let texts = match &column {
            Some(Column::Text(texts)) => texts,
            Some(Column::List(list)) => match list.items() {
                Column::Text(texts) => texts,
                _ => return None,
            },
            Some(Column::Int(_)) => return None,
            None => continue,
        };
        let mut counts = vec![0_u64; texts.distinct() as usize];
        for slot in 0..texts.codes().len() {
            if let Some(count) = texts.code(slot).and_then(|code| counts.get_mut(code as usize)) {
                *count += 1;
            }
        }
        for (code, count) in (0..).zip(counts) {
            if let Some(text) = texts.value(code) {
                *all.entry(text.to_owned()).or_default() += count;
            }
        }
        if all.len() > MAX_DISTINCT {
            return None;
        }
    }
    Some(all.into_iter().filter(|(_, n)| *n > 0).collect())
}
