//! One generated contact: names, addresses, consents, products, and sums over its events.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::population::{Core, Life, Population, Trait};
use super::vocabulary::slug;
use super::world::Ledger;
use super::{GenOptions, words, write_id};
use crate::schema::FieldId;
use crate::store::record::Batch;
use crate::time::{Clock, Duration};
use crate::value::ValueRef;

/// One contact.
#[derive(Debug, Clone, PartialEq)]
pub struct ContactRow {
    /// Number, from 0.
    pub number: u32,
    /// Its id.
    pub id: String,
    /// The values of the fields in the order of [`super::schema`]; `None` is empty.
    pub fields: Vec<Option<FieldValue>>,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue {
    /// A text of the vocabulary.
    Word(&'static str),
    /// A text of its own.
    Text(String),
    /// A number, scaled by the field's decimals.
    Number(i64),
    /// True or false.
    Bool(bool),
    /// Days since 1970-01-01.
    Date(i32),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Time(i64),
    /// A list of texts, not empty.
    Words(Vec<&'static str>),
}

/// What contacts are made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contacts<'a> {
    pub options: &'a GenOptions,
    pub clock: &'a Clock,
    pub population: &'a Population,
    pub ledger: &'a Ledger,
    pub slugs: &'a Slugs,
}

/// Names as parts of mail addresses, in the order of [`words`].
#[derive(Debug)]
pub(super) struct Slugs {
    first: Vec<String>,
    last: Vec<String>,
}

/// A name by its positions in [`words`].
#[derive(Debug, Clone, Copy)]
struct Name {
    woman: bool,
    first: usize,
    last: usize,
}

impl ContactRow {
    /// Adds the contact to an import batch with values that hold from `since` on (milliseconds). The schema is
    /// [`super::schema`] or one that has grown from it.
    pub fn push(&self, since: i64, batch: &mut Batch) {
        batch.begin_contact(&self.id, since);
        for (field, value) in (0..).map(FieldId).zip(&self.fields) {
            match value {
                None => {}
                Some(FieldValue::Words(items)) => {
                    let items: Vec<_> = items.iter().map(|item| Some(ValueRef::Text(item))).collect();
                    batch.field(field, Some(ValueRef::List(&items)));
                }
                Some(FieldValue::Word(text)) => batch.field(field, Some(ValueRef::Text(text))),
                Some(FieldValue::Text(text)) => batch.field(field, Some(ValueRef::Text(text))),
                Some(FieldValue::Number(n)) => batch.field(field, Some(ValueRef::Number(*n))),
                Some(FieldValue::Bool(b)) => batch.field(field, Some(ValueRef::Bool(*b))),
                Some(FieldValue::Date(day)) => batch.field(field, Some(ValueRef::Date(*day))),
                Some(FieldValue::Time(ms)) => batch.field(field, Some(ValueRef::Time(*ms))),
            }
        }
    }
}

impl Contacts<'_> {
    /// The contact with a number.
    pub fn row(&self, number: u32) -> ContactRow {
        let (core, mut rng) = self.population.contact(number, self.options.days);
        let rng = &mut rng;
        let mut id = Vec::with_capacity(12);
        write_id(number, &mut id);

        let name = Name::draw(rng);
        let email = self.slugs.email(number, name, rng);
        let (country, city) = home(rng);
        let (birthday, age) = self.birth(rng).unzip();
        let fields = vec![
            Some(FieldValue::Word(name.first())),
            Some(FieldValue::Word(name.last())),
            email,
            city.map(FieldValue::Word),
            country.map(FieldValue::Word),
            tier(&core, rng),
            Some(self.ledger.spent(number)).filter(|spent| *spent > 0).map(|spent| FieldValue::Number(i64::from(spent))),
            consent(self.population.has(number, Trait::Shops) && rng.random_bool(0.7), 0.06, rng),
            consent(self.population.has(number, Trait::Sms), 0.35, rng),
            consent(rng.random_bool(0.72), 0.3, rng),
            self.population.has(number, Trait::Bank).then(|| bank_product(rng)),
            self.population.has(number, Trait::Bank).then(|| self.opened(&core, rng)),
            self.visit(number, rng),
            birthday.map(FieldValue::Date),
            age.map(FieldValue::Number),
            self.population.has(number, Trait::Bank).then(|| balance(rng)),
            interests(rng),
            self.ledger.login(number).map(FieldValue::Time),
        ];
        ContactRow { number, id: String::from_utf8(id).unwrap_or_default(), fields }
    }

    /// Birthday and age on the last day.
    fn birth(&self, rng: &mut ChaCha8Rng) -> Option<(i32, i64)> {
        if rng.random_bool(0.12) {
            return None;
        }
        let deviate: f64 = rng.sample(StandardNormal);
        let age = (43.0 + 15.0 * deviate).clamp(18.0, 97.0) as u32;
        let birthday = self.clock.day_minus(self.clock.today(), &Duration { months: 12 * age, days: 0, millis: 0 });
        Some((birthday - rng.random_range(0..365), i64::from(age)))
    }

    /// When an account was opened: on joining, or at some time before the history begins.
    fn opened(&self, core: &Core, rng: &mut ChaCha8Rng) -> FieldValue {
        let first = self.ledger.first_day();
        FieldValue::Date(match core.life.start {
            0 | Life::NEVER => first - rng.random_range(0..12 * 365),
            start => first + i32::from(start),
        })
    }

    /// The last visit to a clinic; for some, one from before the history.
    fn visit(&self, number: u32, rng: &mut ChaCha8Rng) -> Option<FieldValue> {
        let before = self.ledger.first_day() - rng.random_range(1..500);
        let earlier = self.population.has(number, Trait::Health) && rng.random_bool(0.5);
        self.ledger.visit(number).or(earlier.then_some(before)).map(FieldValue::Date)
    }
}

/// A position drawn by rank: the first ones more often.
fn rank(len: usize, rng: &mut ChaCha8Rng) -> usize {
    let share: f64 = rng.random();
    ((share * share * len as f64) as usize).min(len.saturating_sub(1))
}

fn pick<T: Copy>(list: &[T], rng: &mut ChaCha8Rng) -> Option<T> {
    list.get(rank(list.len(), rng)).copied()
}

impl Name {
    fn draw(rng: &mut ChaCha8Rng) -> Self {
        let woman = rng.random_bool(0.54);
        Self { woman, first: rank(words::WOMEN.len().min(words::MEN.len()), rng), last: rank(words::LAST_NAMES.len(), rng) }
    }

    fn first(self) -> &'static str {
        (if self.woman { &words::WOMEN } else { &words::MEN }).get(self.first).copied().unwrap_or_default()
    }

    fn last(self) -> &'static str {
        let (man, woman) = words::LAST_NAMES.get(self.last).copied().unwrap_or_default();
        if self.woman { woman } else { man }
    }
}

impl Slugs {
    /// Of all names: men's first, then women's.
    pub fn new() -> Self {
        let (men, women) = words::LAST_NAMES.into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
        Self {
            first: words::MEN.iter().chain(&words::WOMEN).map(|name| slug(name)).collect(),
            last: men.iter().chain(&women).map(|name| slug(name)).collect(),
        }
    }

    fn email(&self, number: u32, name: Name, rng: &mut ChaCha8Rng) -> Option<FieldValue> {
        let domain = pick(&words::MAIL_DOMAINS, rng).unwrap_or_default();
        let known = rng.random_bool(0.96);
        let women = usize::from(name.woman);
        let first = self.first.get(name.first + women * words::MEN.len())?;
        let last = self.last.get(name.last + women * words::LAST_NAMES.len())?;
        known.then(|| FieldValue::Text(format!("{first}.{last}{}@{domain}", number % 1_000_000)))
    }
}

/// Country and city; either may be unknown.
fn home(rng: &mut ChaCha8Rng) -> (Option<&'static str>, Option<&'static str>) {
    let (country, city) =
        if rng.random_bool(0.95) { ("PL", polish_city(rng)) } else { pick(&words::ABROAD, rng).unwrap_or_default() };
    let (has_country, has_city) = (rng.random_bool(0.94), rng.random_bool(0.93));
    (has_country.then_some(country), has_city.then_some(city))
}

fn polish_city(rng: &mut ChaCha8Rng) -> &'static str {
    let total: f64 = words::CITIES.iter().map(|(_, inhabitants)| inhabitants).sum();
    let mut rest = rng.random::<f64>() * total;
    let found = words::CITIES.iter().find(|(_, inhabitants)| {
        rest -= inhabitants;
        rest < 0.0
    });
    found.map_or("Warszawa", |(city, _)| city)
}

/// The tier of the loyalty programme: by activity, not strictly.
fn tier(core: &Core, rng: &mut ChaCha8Rng) -> Option<FieldValue> {
    let noise: f64 = rng.sample(StandardNormal);
    let standing = 0.9 * core.activity + 0.35 * noise;
    let tier = match standing {
        s if s > 1.9 => 3,
        s if s > 1.25 => 2,
        s if s > 0.5 => 1,
        _ => 0,
    };
    let unknown = rng.random_bool(0.05);
    words::TIERS.get(tier).copied().filter(|_| !unknown).map(FieldValue::Word)
}

/// True, or false or (with a share of `unasked`) empty.
fn consent(given: bool, unasked: f64, rng: &mut ChaCha8Rng) -> Option<FieldValue> {
    let asked = given || !rng.random_bool(unasked);
    asked.then_some(FieldValue::Bool(given))
}

fn bank_product(rng: &mut ChaCha8Rng) -> FieldValue {
    FieldValue::Word(pick(&words::BANK_PRODUCTS, rng).unwrap_or_default())
}

/// A balance in grosze: log-normal, overdrawn now and then.
fn balance(rng: &mut ChaCha8Rng) -> FieldValue {
    let deviate: f64 = rng.sample(StandardNormal);
    let grosze = (4_200.0 * (1.4 * deviate).exp() * 100.0) as i64;
    FieldValue::Number(if rng.random_bool(0.06) { -(grosze / 8) } else { grosze })
}

fn interests(rng: &mut ChaCha8Rng) -> Option<FieldValue> {
    let wanted = rng.random_range(0..5_usize);
    let mut chosen: Vec<&'static str> = Vec::with_capacity(wanted);
    for _ in 0..wanted {
        let interest = pick(&words::INTERESTS, rng)?;
        if !chosen.contains(&interest) {
            chosen.push(interest);
        }
    }
    (!chosen.is_empty()).then_some(FieldValue::Words(chosen))
}
