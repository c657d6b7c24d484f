//! Texts that come again and again in the rows of an import, each with a number that stands for it until the import is done.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use super::column::Hasher;

/// Most texts that get a number, and most bytes of them: what is beyond stands in the rows itself.
const MAX_TEXTS: usize = 1 << 18;
const MAX_BYTES: usize = 16 << 20;

/// The numbers of texts, given out by all threads that make rows for one [`Loader`](super::Loader).
///
/// A row with a number instead of a text is smaller, and nobody has to read the text again before the columns are built.
///
/// ```
/// use segql::store::Texts;
/// let texts = Texts::default();
/// let number = texts.number("buty");
/// assert_eq!(texts.number("czapki"), Some(1));
/// assert_eq!(texts.number("buty"), number);
/// ```
#[derive(Debug, Default)]
pub struct Texts(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    numbers: HashMap<Arc<str>, u32, Hasher>,
    texts: Vec<Arc<str>>,
    bytes: usize,
}

impl Texts {
    /// The number of a text, which is new or known; `None` for a new one when there are too many.
    #[must_use]
    pub fn number(&self, text: &str) -> Option<u32> {
        if let Some(number) = self.0.read().ok()?.numbers.get(text) {
            return Some(*number);
        }
        let mut known = self.0.write().ok()?;
        // Another thread may have been here in between.
        if let Some(number) = known.numbers.get(text) {
            return Some(*number);
        }
        if known.texts.len() >= MAX_TEXTS || known.bytes + text.len() > MAX_BYTES {
            return None;
        }
        let number = u32::try_from(known.texts.len()).ok()?;
        let text: Arc<str> = text.into();
        known.bytes += text.len();
        known.texts.push(Arc::clone(&text));
        known.numbers.insert(text, number);
        Some(number)
    }

    /// The texts in order of their numbers.
    pub(crate) fn all(&self) -> Vec<Arc<str>> {
        self.0.read().map(|known| known.texts.clone()).unwrap_or_default()
    }
}
