//! Who the contacts are: how active, since when and until when, and what they care about.
//!
//! Activity is log-normal, a third of the contacts lapsed at some time in the past, a few never did anything. Only
//! twelve bytes are kept for each contact; everything else follows from the seed and the contact's number.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use rayon::prelude::*;

use super::alias::Alias;
use super::mix;

/// Spread of activity: the busiest percent has about a quarter of all events.
const ACTIVITY_SIGMA: f64 = 1.2;
/// Draws before a contact without the wanted trait is taken after all.
const TRIES: u32 = 400;

/// The contacts.
#[derive(Debug)]
pub struct Population {
    seed: u64,
    activity: Alias,
    lives: Vec<Life>,
    days: u16,
}

/// What a contact's number alone decides.
#[derive(Debug, Clone, Copy)]
pub struct Core {
    /// Activity as a standard normal deviate.
    pub activity: f64,
    /// When it is active.
    pub life: Life,
}

/// First and last active day, counted from the beginning of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// Known from this day on; [`Life::NEVER`] for contacts without any event.
    pub start: u16,
    /// Active up to this day.
    pub end: u16,
}

/// What a contact may take part in; each is held by a share of the contacts, independently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trait {
    /// Opens mails, more or less often.
    Mail,
    /// Gets text messages: has consented.
    Sms,
    /// Has the app, gets push notifications.
    Push,
    /// Buys online.
    Online,
    /// Buys in shops.
    Shops,
    /// Has an account at the bank.
    Bank,
    /// Travels.
    Travel,
    /// Is a patient.
    Health,
    /// Has stopped buying, but still looks around; see [`Population::buys`].
    Looking,
}

impl Trait {
    /// The share of contacts that hold it.
    const fn share(self) -> f64 {
        match self {
            Self::Mail => 0.78,
            Self::Sms => 0.60,
            Self::Online => 0.65,
            Self::Shops => 0.70,
            Self::Bank => 0.55,
            Self::Travel => 0.40,
            Self::Looking => 0.12,
            Self::Push | Self::Health => 0.35,
        }
    }
}

impl Life {
    /// The start of contacts without any event.
    pub const NEVER: u16 = u16::MAX;

    fn known(self, day: u16) -> bool {
        self.start <= day && self.start != Self::NEVER
    }

    fn active(self, day: u16) -> bool {
        self.known(day) && day <= self.end
    }
}

impl Population {
    /// `contacts` contacts over a history of `days` days.
    pub fn new(seed: u64, contacts: u32, days: u16) -> Self {
        let cores: Vec<(f32, Life)> = (0..contacts)
            .into_par_iter()
            .map(|number| {
                let core = Core::draw(&mut contact_rng(seed, number), days);
                let weight = if core.life.start == Life::NEVER { 0.0 } else { (ACTIVITY_SIGMA * core.activity).exp() };
                (weight as f32, core.life)
            })
            .collect();
        let (weights, lives): (Vec<f32>, Vec<Life>) = cores.into_iter().unzip();
        Self { seed, activity: Alias::new(&weights), lives, days }
    }

    /// Number of contacts.
    pub fn len(&self) -> u32 {
        self.lives.len() as u32
    }

    /// Someone active on a day with a trait, the active ones more often.
    pub fn active(&self, day: u16, wanted: Trait, rng: &mut impl Rng) -> u32 {
        self.choose(rng, |rng| self.activity.draw(rng), |number, life| life.active(day) && self.has(number, wanted))
    }

    /// Someone who is known on a day, lapsed or not: half of the time anybody alike, as mass mailings go.
    pub fn known(&self, day: u16, wanted: Option<Trait>, rng: &mut impl Rng) -> u32 {
        let anybody = rng.random::<bool>();
        self.choose(
            rng,
            |rng| if anybody { rng.random_range(0..self.len()) } else { self.activity.draw(rng) },
            |number, life| life.known(day) && wanted.is_none_or(|w| self.has(number, w)),
        )
    }

    /// Whether a contact is active on a day.
    pub fn is_active(&self, number: u32, day: u16) -> bool {
        self.life(number).active(day)
    }

    /// Whether a contact buys anything on a day: some stop in the last two fifths of the history, without leaving.
    pub fn buys(&self, number: u32, day: u16) -> bool {
        u32::from(day) * 5 < u32::from(self.days) * 3 || !self.has(number, Trait::Looking)
    }

    /// Whether a contact holds a trait.
    pub fn has(&self, number: u32, wanted: Trait) -> bool {
        self.level(number, wanted) < wanted.share()
    }

    /// How strongly a contact holds a trait: 1 most, 0 not at all.
    pub fn strength(&self, number: u32, wanted: Trait) -> f64 {
        (1.0 - self.level(number, wanted) / wanted.share()).max(0.0)
    }

    /// The rest of a contact's own random numbers, after its core.
    pub fn contact(&self, number: u32, days: u16) -> (Core, ChaCha8Rng) {
        let mut rng = contact_rng(self.seed, number);
        (Core::draw(&mut rng, days), rng)
    }

    /// The random numbers of a slot.
    pub fn slot_rng(&self, slot: u64) -> ChaCha8Rng {
        stream(self.seed, slot)
    }

    fn choose<R: Rng>(&self, rng: &mut R, draw: impl Fn(&mut R) -> u32, fits: impl Fn(u32, Life) -> bool) -> u32 {
        let mut fallback = None;
        for _ in 0..TRIES {
            let number = draw(rng);
            let life = self.life(number);
            if fits(number, life) {
                return number;
            }
            if fallback.is_none() && life.start != Life::NEVER {
                fallback = Some(number);
            }
        }
        fallback.unwrap_or(0)
    }

    fn life(&self, number: u32) -> Life {
        self.lives.get(number as usize).copied().unwrap_or(Life { start: Life::NEVER, end: 0 })
    }

    fn level(&self, number: u32, wanted: Trait) -> f64 {
        let bits = mix(self.seed ^ ((wanted as u64 + 1) << 56), u64::from(number));
        (bits >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl Core {
    fn draw(rng: &mut impl Rng, days: u16) -> Self {
        let activity: f64 = rng.sample(StandardNormal);
        let (fate, begun, ended): (f64, f64, f64) = rng.random();
        let days = f64::from(days);
        // More than half were there before the history begins, the others joined in the course of it.
        let start = ((begun - 0.55) / 0.45).max(0.0) * (days - 1.0);
        // Most of those who lapsed did so long ago.
        let end = start + ended.powf(1.3) * (days - start);
        let life = match fate {
            f if f < 0.04 => Life { start: Life::NEVER, end: 0 },
            f if f < 0.36 => Life { start: start as u16, end: end as u16 },
            _ => Life { start: start as u16, end: u16::MAX },
        };
        Self { activity, life }
    }
}

fn contact_rng(seed: u64, number: u32) -> ChaCha8Rng {
    stream(seed, (1 << 63) | u64::from(number))
}

fn stream(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}
