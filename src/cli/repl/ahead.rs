//! What is counted while one types: the contacts of a condition, and the values of what is compared. No key waits longer than [`SOON`] for it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rustyline::hint::Hint;

use super::super::table;
use super::aside::{Aside, Found, Later};
use crate::exec::Cancel;
use crate::ide::complete::Subject;
use crate::store::Store;

/// How long a key waits for a count.
const SOON: Duration = Duration::from_millis(8);
/// How long the contacts of a condition are counted while nobody waits: the first one that reads a column compares its checksum, and
/// its pages may have to come from the disk.
const SIZE_LIMIT: Duration = Duration::from_secs(1);
/// The same for values: all rows of an attribute.
const VALUES_LIMIT: Duration = Duration::from_secs(10);
/// Columns in which a count fits that is yet to come: `   4 294 967 295 contacts`.
const ROOM: usize = 25;

/// What stands in grey behind the cursor.
pub enum Grey {
    /// How the text goes on: the right arrow takes it.
    Rest(String),
    /// What is said of it.
    Said(String),
    /// What is going to be said of it. The line is laid out for it already.
    Coming(Arc<OnceLock<String>>),
}

impl Hint for Grey {
    fn display(&self) -> &str {
        const { assert!(BLANK.len() == ROOM) };
        match self {
            Self::Rest(shown) | Self::Said(shown) => shown,
            Self::Coming(shown) => shown.get().map_or(BLANK, String::as_str),
        }
    }

    fn completion(&self) -> Option<&str> {
        if let Self::Rest(text) = self { Some(text) } else { None }
    }
}

const BLANK: &str = "                         ";

/// Draws the line anew, from whatever thread.
pub type Redraw = Box<dyn FnMut() + Send>;

/// Texts with how often each occurs.
type Values = Vec<(String, u64)>;

/// Counts ahead. One thing at a time: what is begun ends what was begun before and is not there yet.
pub struct Ahead {
    store: Arc<Store>,
    aside: Arc<Aside>,
    redraw: Arc<Mutex<Option<Redraw>>>,
    size: RefCell<Option<Size>>,
    values: RefCell<HashMap<Subject, Later<Values>>>,
}

/// How many contacts a condition has.
struct Size {
    condition: String,
    later: Later<u64>,
    shown: Arc<OnceLock<String>>,
}

impl Ahead {
    /// Counts in a store.
    pub fn new(store: Arc<Store>, aside: Arc<Aside>, redraw: Option<Redraw>) -> Self {
        let (size, values) = (RefCell::default(), RefCell::default());
        Self { store, aside, redraw: Arc::new(Mutex::new(redraw)), size, values }
    }

    /// How many contacts a condition has, which `count` finds out.
    pub fn size<F>(&self, condition: &str, count: impl FnOnce() -> Option<F>) -> Option<Grey>
    where
        F: FnOnce(&Arc<Cancel>) -> Option<u64> + Send + 'static,
    {
        let mut size = self.size.borrow_mut();
        if size.as_ref().is_none_or(|size| size.condition != condition) {
            *size = None;
            *size = Some(self.begin(condition, count()?));
        }
        let size = size.as_mut()?;
        match size.later.within(SOON) {
            Found::Nothing => None,
            Found::Known(contacts) => Some(Grey::Said(said(*contacts))),
            Found::NotYet => Some(Grey::Coming(Arc::clone(&size.shown))),
        }
    }

    fn begin(&self, condition: &str, count: impl FnOnce(&Arc<Cancel>) -> Option<u64> + Send + 'static) -> Size {
        self.values.borrow_mut().retain(|_, values| values.within(Duration::ZERO) != Found::NotYet);
        let redraw = Arc::clone(&self.redraw);
        let shown = Arc::new(OnceLock::new());
        let told = Arc::clone(&shown);
        let work = move |cancel: &Arc<Cancel>| {
            let contacts = count(cancel)?;
            // Nobody else sets it.
            let _ = told.set(format!("{:<ROOM$}", said(contacts)));
            Some(contacts)
        };
        let late = move || {
            if let Some(redraw) = redraw.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                redraw();
            }
        };
        Size { condition: condition.to_owned(), later: self.aside.begin(SIZE_LIMIT, work, late), shown }
    }

    /// The texts that occur, with how often, the most frequent first, if they are there soon.
    pub fn values(&self, subject: &Subject) -> Values {
        let mut values = self.values.borrow_mut();
        if !values.contains_key(subject) {
            self.size.take();
            values.retain(|_, values| values.within(Duration::ZERO) != Found::NotYet);
        }
        let later = values.entry(subject.clone()).or_insert_with(|| {
            let (store, subject) = (Arc::clone(&self.store), subject.clone());
            self.aside.begin(VALUES_LIMIT, move |cancel| counted(&store, &subject, cancel), || {})
        });
        match later.within(SOON) {
            Found::Known(values) => values.clone(),
            Found::NotYet | Found::Nothing => Vec::new(),
        }
    }

    /// Ends what is not there yet, so that it is in nobody's way, and forgets the size of a condition: the next input may change what it means.
    pub fn rest(&self) {
        self.size.take();
        self.values.borrow_mut().retain(|_, values| matches!(values.within(Duration::ZERO), Found::Known(_)));
    }
}

/// The texts that occur in something, with how often, the most frequent first.
fn counted(store: &Store, subject: &Subject, cancel: &Cancel) -> Option<Vec<(String, u64)>> {
    let snapshot = store.snapshot().ok()?;
    let (schema, go_on) = (snapshot.schema(), || !cancel.is_cancelled());
    let mut values = match subject {
        Subject::Field(name) => snapshot.field_texts_while(schema.field(name)?, &go_on)?,
        Subject::Attribute(event, name) => {
            let id = schema.event(event)?;
            snapshot.attribute_texts_while(id, schema.event_type(id)?.attribute(name)?, &go_on)?
        }
    };
    values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Some(values)
}

fn said(contacts: u64) -> String {
    format!("   {} {}", table::grouped(contacts), if contacts == 1 { "contact" } else { "contacts" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_is_to_come_takes_as_much_room_as_when_it_is_there() {
        assert_eq!(said(u64::from(u32::MAX)).chars().count(), ROOM);
        let shown = Arc::new(OnceLock::new());
        let grey = Grey::Coming(Arc::clone(&shown));
        assert_eq!(grey.display().trim(), "");
        shown.set(format!("{:<ROOM$}", said(7))).unwrap();
        assert_eq!((grey.display().chars().count(), grey.display().trim()), (ROOM, "7 contacts"));
        assert_eq!(grey.completion(), None);
    }
}
