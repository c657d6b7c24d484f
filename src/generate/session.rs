//! What people do at one go: a mail and its opening, a visit that ends in a basket and perhaps a purchase.
//!
//! A slot is filled with sessions until it has its events; what a session would do after the end of its slot is left
//! out. The weights give about: mails sent 25 %, opened 12 %, page visits 20 %, transactions 12 %, purchases 11 %.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::alias::Alias;
use super::event::{EMPTY, EventKind, EventRow, variant};
use super::population::{Population, Trait};
use super::timeline::{Slot, Timeline};
use super::vocabulary::Vocabulary;
use super::{Industry, words};

const MINUTE: f64 = 60_000.0;

/// Kinds of sessions with their weights.
const SESSIONS: [(Play, f32); 8] = [
    (Play::Mail, 25.0),
    (Play::Sms, 2.5),
    (Play::Push, 1.5),
    (Play::Industry(Industry::Ecommerce), 6.0),
    (Play::Industry(Industry::Retail), 9.0),
    (Play::Industry(Industry::Bank), 12.0),
    (Play::Industry(Industry::Travel), 3.3),
    (Play::Industry(Industry::Health), 2.6),
];

/// A kind of session.
#[derive(Debug, Clone, Copy)]
enum Play {
    Mail,
    Sms,
    Push,
    Industry(Industry),
}

/// How often each kind of session occurs.
#[derive(Debug)]
pub struct Mix(Alias);

impl Mix {
    /// The mix of some industries; of all when none is named.
    pub fn new(industries: &[Industry]) -> Self {
        let wanted = |play: Play| match play {
            Play::Industry(industry) => industries.is_empty() || industries.contains(&industry),
            _ => true,
        };
        Self(Alias::new(&SESSIONS.map(|(play, weight)| if wanted(play) { weight } else { 0.0 })))
    }
}

/// What sessions draw from.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The history.
    pub timeline: &'a Timeline,
    /// The contacts.
    pub population: &'a Population,
    /// The texts.
    pub words: &'a Vocabulary,
    /// The sessions.
    pub mix: &'a Mix,
}

/// A session being played.
struct Session<'a> {
    scene: Scene<'a>,
    slot: &'a Slot,
    rng: ChaCha8Rng,
    rows: Vec<EventRow>,
    /// The present instant.
    ts: i64,
    contact: u32,
    message: u32,
    code: u16,
    variant: u8,
}

/// The events of a slot in order of time.
pub fn play(scene: Scene<'_>, slot: &Slot) -> Vec<EventRow> {
    let wanted = slot.events as usize;
    let rng = scene.population.slot_rng(slot.index);
    let rows = Vec::with_capacity(wanted + 8);
    let mut session = Session { scene, slot, rng, rows, ts: 0, contact: 0, message: 0, code: 0, variant: 0 };
    while session.rows.len() < wanted {
        session.ts = scene.timeline.draw(slot, &mut session.rng);
        let play = SESSIONS.get(scene.mix.0.draw(&mut session.rng) as usize).map_or(Play::Mail, |(play, _)| *play);
        match play {
            Play::Mail => session.mail(),
            Play::Sms => session.sms(),
            Play::Push => session.push_message(),
            Play::Industry(Industry::Ecommerce) => session.online_shop(),
            Play::Industry(Industry::Retail) => session.shop(),
            Play::Industry(Industry::Bank) => session.bank(),
            Play::Industry(Industry::Travel) => session.travel(),
            Play::Industry(Industry::Health) => session.health(),
        }
    }
    let mut rows = session.rows;
    rows.truncate(wanted);
    rows.sort_unstable_by_key(|row| (row.ts, row.contact, row.kind));
    rows
}

impl Session<'_> {
    fn mail(&mut self) {
        self.message(None, 0);
        self.emit(EventKind::MailSent, 0);
        if self.chance(0.02) {
            self.later(0.2, 1.0);
            self.emit(EventKind::MailBounce, 0);
            return;
        }
        if self.chance(0.16) {
            self.later(0.1, 0.8);
            self.emit(EventKind::MailDelivered, 0);
        }
        let reads = self.scene.population.strength(self.contact, Trait::Mail).sqrt();
        let here = self.scene.population.is_active(self.contact, self.slot.day);
        if here && self.chance(reads * 1.4) {
            self.later(70.0, 1.4);
            self.emit(EventKind::MailOpen, 0);
            if self.chance(0.25) {
                self.later(1.0, 0.8);
                self.emit(EventKind::MailClick, 0);
            } else if self.chance(0.006) {
                self.later(1.0, 0.8);
                self.emit(EventKind::Unsubscribe, 0);
            }
        }
    }

    fn sms(&mut self) {
        self.message(Some(Trait::Sms), 1);
        self.emit(EventKind::SmsSent, 0);
        if self.chance(0.4) {
            self.later(0.1, 0.6);
            self.emit(EventKind::SmsDelivered, 0);
        }
        if self.chance(0.12) {
            self.later(20.0, 1.3);
            self.emit(EventKind::SmsClick, 0);
        }
    }

    fn push_message(&mut self) {
        self.message(Some(Trait::Push), 2);
        self.emit(EventKind::PushSent, 0);
        if self.chance(0.3) {
            self.later(15.0, 1.3);
            self.emit(EventKind::PushOpen, 0);
            if self.chance(0.33) {
                self.later(0.5, 0.7);
                self.emit(EventKind::PushClick, 0);
            }
        }
    }

    fn online_shop(&mut self) {
        self.somebody(Trait::Online);
        let mut product = self.product();
        loop {
            if self.chance(0.2) {
                self.variant = variant::PAGE;
                self.code = self.scene.words.popular.pages.draw(&mut self.rng) as u16;
            } else {
                (self.variant, self.code) = (variant::PRODUCT, product);
            }
            self.emit(EventKind::OdwiedzinyStrony, 0);
            self.later(3.0, 0.9);
            if self.chance(0.5) {
                break;
            }
            product = self.product();
        }
        if !self.chance(0.45) || !self.scene.population.buys(self.contact, self.slot.day) {
            return;
        }
        self.code = product;
        let amount = self.price(product);
        self.emit(EventKind::Koszyk, amount);
        if self.chance(0.6) {
            self.later(8.0, 0.9);
            // The website or the app.
            self.variant = u8::from(self.chance(0.35));
            self.emit(EventKind::Zakup, amount);
        } else if self.chance(0.7) {
            self.later(60.0, 0.2);
            self.emit(EventKind::PorzuconyKoszyk, amount);
        }
    }

    fn shop(&mut self) {
        self.somebody(Trait::Shops);
        if !self.scene.population.buys(self.contact, self.slot.day) {
            return;
        }
        self.code = self.product();
        self.variant = 2 + self.scene.words.popular.shops.draw(&mut self.rng) as u8;
        let amount = self.price(self.code);
        self.emit(EventKind::Zakup, amount);
    }

    fn bank(&mut self) {
        self.somebody(Trait::Bank);
        let purpose = self.scene.words.popular.spending.draw(&mut self.rng);
        let usual = words::SPENDING.get(purpose as usize).map_or(50.0, |(_, usual)| *usual);
        // Some transactions have not been put into a category.
        self.code = if self.chance(0.04) { EMPTY } else { purpose as u16 };
        let amount = self.amount(usual, 0.8);
        self.emit(EventKind::Transakcja, amount);
    }

    fn travel(&mut self) {
        self.somebody(Trait::Travel);
        self.variant = variant::DESTINATION;
        self.code = self.scene.words.popular.destinations.draw(&mut self.rng) as u16;
        self.emit(EventKind::OdwiedzinyStrony, 0);
        while self.chance(0.58) {
            self.later(4.0, 0.9);
            if self.chance(0.25) {
                self.code = self.scene.words.popular.destinations.draw(&mut self.rng) as u16;
            }
            self.emit(EventKind::OdwiedzinyStrony, 0);
        }
        if self.chance(0.06) {
            self.later(25.0, 0.8);
            let usual = words::DESTINATIONS.get(usize::from(self.code)).map_or(3000.0, |(_, usual)| *usual);
            let amount = self.amount(usual, 0.35);
            self.emit(EventKind::Rezerwacja, amount);
        }
    }

    fn health(&mut self) {
        self.somebody(Trait::Health);
        self.code = self.scene.words.popular.clinics.draw(&mut self.rng) as u16;
        self.variant = variant::CLINIC;
        let kind = if self.chance(0.38) { EventKind::Rezerwacja } else { EventKind::Wizyta };
        self.emit(kind, 0);
    }

    /// Begins a message of a campaign on a channel to somebody.
    fn message(&mut self, wanted: Option<Trait>, channel: u8) {
        self.contact = self.scene.population.known(self.slot.day, wanted, &mut self.rng);
        self.message = self.rng.random();
        self.variant = channel;
        let always = words::CAMPAIGNS.len() as u16;
        self.code = match self.rng.random::<f64>() {
            p if p < 0.5 => always + 2 * self.slot.month,
            p if p < 0.8 => always + 2 * self.slot.month + 1,
            _ => self.scene.words.popular.campaigns.draw(&mut self.rng) as u16,
        };
    }

    fn somebody(&mut self, wanted: Trait) {
        self.contact = self.scene.population.active(self.slot.day, wanted, &mut self.rng);
        self.message = 0;
    }

    fn product(&mut self) -> u16 {
        self.scene.words.popular.products.draw(&mut self.rng) as u16
    }

    fn price(&mut self, product: u16) -> u32 {
        let usual = words::PRODUCTS.get(usize::from(product) % words::PRODUCTS.len()).map_or(50.0, |(.., usual)| *usual);
        self.amount(usual, 0.45)
    }

    /// An amount in grosze, log-normal around `usual` złoty.
    fn amount(&mut self, usual: f64, sigma: f64) -> u32 {
        let deviate: f64 = self.rng.sample(StandardNormal);
        ((usual * (sigma * deviate).exp() * 100.0) as u32).max(1)
    }

    /// Lets time pass, log-normal around `minutes`.
    fn later(&mut self, minutes: f64, sigma: f64) {
        let deviate: f64 = self.rng.sample(StandardNormal);
        self.ts += (minutes * MINUTE * (sigma * deviate).exp()) as i64 + 1;
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.rng.random::<f64>() < probability
    }

    fn emit(&mut self, kind: EventKind, amount: u32) {
        if self.ts <= self.slot.end {
            let Self { ts, contact, message, code, variant, .. } = *self;
            self.rows.push(EventRow { ts, contact, kind, amount, message, code, variant });
        }
    }
}
