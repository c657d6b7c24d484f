//! One generated event, in 24 bytes, and what its attributes are.

use super::vocabulary::Vocabulary;
use super::{mix, write_id};
use crate::schema::{EventId, Schema};
use crate::store::record::Batch;
use crate::value::ValueRef;

/// Types of events, numbered as in the schema: the system events first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are those of the events")]
#[repr(u8)]
pub enum EventKind {
    MailSent,
    MailDelivered,
    MailOpen,
    MailClick,
    MailBounce,
    SmsSent,
    SmsDelivered,
    SmsClick,
    PushSent,
    PushOpen,
    PushClick,
    Unsubscribe,
    Zakup,
    Koszyk,
    PorzuconyKoszyk,
    Transakcja,
    OdwiedzinyStrony,
    Rezerwacja,
    Wizyta,
}

/// Attributes, over all types of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are those of the attributes")]
pub enum Attribute {
    Campaign,
    MessageId,
    Channel,
    Url,
    Kwota,
    Wartosc,
    Kategoria,
    Produkt,
    Sklep,
    Destynacja,
    Poradnia,
}

/// The value of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeValue {
    /// A text, by its number in [`super::World::text`].
    Word(u32),
    /// An amount in grosze (a number with 2 decimals).
    Amount(i64),
    /// A message id: the text is its 16 hexadecimal digits.
    MessageId(u64),
}

/// Code of an attribute that is empty.
pub(super) const EMPTY: u16 = u16::MAX;

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRow {
    /// When, milliseconds since 1970-01-01T00:00:00Z.
    pub ts: i64,
    /// Whose: the contact's number, from 0.
    pub contact: u32,
    /// What.
    pub kind: EventKind,
    /// An amount in grosze, where there is one.
    pub(super) amount: u32,
    /// Tells messages to the same contact apart.
    pub(super) message: u32,
    /// Position of the campaign, product, destination, clinic, page or spending.
    pub(super) code: u16,
    /// Which of several vocabularies `code` means, or the shop, or the channel.
    pub(super) variant: u8,
}

/// Meanings of [`EventRow::variant`] for page visits and bookings.
pub(super) mod variant {
    /// A page of a product.
    pub const PRODUCT: u8 = 0;
    /// A destination.
    pub const DESTINATION: u8 = 1;
    /// Another page.
    pub const PAGE: u8 = 2;
    /// A clinic.
    pub const CLINIC: u8 = 3;
}

impl EventKind {
    /// All of them, in order of their numbers.
    pub const ALL: [Self; 19] = [
        Self::MailSent,
        Self::MailDelivered,
        Self::MailOpen,
        Self::MailClick,
        Self::MailBounce,
        Self::SmsSent,
        Self::SmsDelivered,
        Self::SmsClick,
        Self::PushSent,
        Self::PushOpen,
        Self::PushClick,
        Self::Unsubscribe,
        Self::Zakup,
        Self::Koszyk,
        Self::PorzuconyKoszyk,
        Self::Transakcja,
        Self::OdwiedzinyStrony,
        Self::Rezerwacja,
        Self::Wizyta,
    ];

    /// Its name in the schema.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MailSent => "MailSent",
            Self::MailDelivered => "MailDelivered",
            Self::MailOpen => "MailOpen",
            Self::MailClick => "MailClick",
            Self::MailBounce => "MailBounce",
            Self::SmsSent => "SmsSent",
            Self::SmsDelivered => "SmsDelivered",
            Self::SmsClick => "SmsClick",
            Self::PushSent => "PushSent",
            Self::PushOpen => "PushOpen",
            Self::PushClick => "PushClick",
            Self::Unsubscribe => "Unsubscribe",
            Self::Zakup => "Zakup",
            Self::Koszyk => "Koszyk",
            Self::PorzuconyKoszyk => "Porzucony_koszyk",
            Self::Transakcja => "Transakcja",
            Self::OdwiedzinyStrony => "Odwiedziny_strony",
            Self::Rezerwacja => "Rezerwacja",
            Self::Wizyta => "Wizyta",
        }
    }

    /// Its identifier in [`super::schema`].
    #[must_use]
    pub fn id(self) -> EventId {
        EventId(self as u16)
    }

    /// The attributes it can have, in the order of the schema.
    #[must_use]
    pub fn attributes(self) -> &'static [Attribute] {
        use Attribute::{Campaign, Channel, Destynacja, Kategoria, Kwota, MessageId, Poradnia, Produkt, Sklep, Url, Wartosc};
        match self {
            Self::MailClick | Self::SmsClick | Self::PushClick => &[Campaign, MessageId, Channel, Url],
            Self::Zakup => &[Kwota, Kategoria, Produkt, Sklep],
            Self::Koszyk | Self::PorzuconyKoszyk => &[Wartosc, Produkt],
            Self::Transakcja => &[Kwota, Kategoria],
            Self::OdwiedzinyStrony => &[Destynacja, Url],
            Self::Rezerwacja => &[Destynacja, Kwota, Poradnia],
            Self::Wizyta => &[Poradnia],
            _ => &[Campaign, MessageId, Channel],
        }
    }
}

impl Attribute {
    /// All of them, in the order of columns in files.
    pub const ALL: [Self; 11] = [
        Self::Campaign,
        Self::MessageId,
        Self::Channel,
        Self::Url,
        Self::Kwota,
        Self::Wartosc,
        Self::Kategoria,
        Self::Produkt,
        Self::Sklep,
        Self::Destynacja,
        Self::Poradnia,
    ];

    /// Its name in the schema.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::MessageId => "message_id",
            Self::Channel => "channel",
            Self::Url => "url",
            Self::Kwota => "kwota",
            Self::Wartosc => "wartosc",
            Self::Kategoria => "kategoria",
            Self::Produkt => "produkt",
            Self::Sklep => "sklep",
            Self::Destynacja => "Destynacja",
            Self::Poradnia => "poradnia",
        }
    }

    /// Whether it is a number (with 2 decimals) rather than a text.
    #[must_use]
    pub fn is_number(self) -> bool {
        matches!(self, Self::Kwota | Self::Wartosc)
    }
}

impl EventRow {
    /// The value of an attribute, or `None` where it is empty or not one of this type of event.
    pub(super) fn attribute(&self, attribute: Attribute, words: &Vocabulary, message_ids: bool) -> Option<AttributeValue> {
        use EventKind::{
            Koszyk, MailClick, OdwiedzinyStrony, PorzuconyKoszyk, PushClick, Rezerwacja, SmsClick, Transakcja, Unsubscribe,
            Wizyta, Zakup,
        };
        let word = |first: u32| (self.code != EMPTY).then(|| AttributeValue::Word(first + u32::from(self.code)));
        let shown = |wanted: u8| self.variant == wanted;
        let amount = Some(AttributeValue::Amount(i64::from(self.amount)));
        match (attribute, self.kind) {
            (Attribute::Campaign, kind) if kind <= Unsubscribe => word(words.campaigns),
            (Attribute::Channel, kind) if kind <= Unsubscribe => {
                Some(AttributeValue::Word(words.channels + u32::from(self.variant)))
            }
            (Attribute::MessageId, kind) if kind <= Unsubscribe && message_ids => {
                Some(AttributeValue::MessageId(mix(u64::from(self.contact), u64::from(self.message))))
            }
            (Attribute::Url, MailClick | SmsClick | PushClick) => word(words.campaign_links),
            (Attribute::Url, OdwiedzinyStrony) => word(match self.variant {
                variant::PRODUCT => words.product_links,
                variant::DESTINATION => words.destination_links,
                _ => words.pages,
            }),
            (Attribute::Kwota, Zakup | Transakcja) | (Attribute::Wartosc, Koszyk | PorzuconyKoszyk) => amount,
            (Attribute::Kwota, Rezerwacja) if shown(variant::DESTINATION) => amount,
            (Attribute::Kategoria, Zakup) => {
                let product = u32::from(self.code) % super::words::PRODUCTS.len() as u32;
                Some(AttributeValue::Word(words.categories + product))
            }
            (Attribute::Kategoria, Transakcja) => word(words.spending),
            (Attribute::Produkt, Zakup | Koszyk | PorzuconyKoszyk) => word(words.products),
            (Attribute::Sklep, Zakup) => Some(AttributeValue::Word(words.shops + u32::from(self.variant))),
            (Attribute::Destynacja, OdwiedzinyStrony | Rezerwacja) if shown(variant::DESTINATION) => word(words.destinations),
            (Attribute::Poradnia, Wizyta) => word(words.clinics),
            (Attribute::Poradnia, Rezerwacja) if shown(variant::CLINIC) => word(words.clinics),
            _ => None,
        }
    }

    /// Adds the event to an import batch. `schema` is [`super::schema`] or one that has grown from it.
    pub fn push(&self, world: &super::World, schema: &Schema, batch: &mut Batch) {
        let mut id = Vec::with_capacity(12);
        write_id(self.contact, &mut id);
        let Ok(id) = std::str::from_utf8(&id) else { return };
        batch.begin_event(id, self.kind.id(), self.ts, None);
        for &attribute in self.kind.attributes() {
            let Some(value) = world.attribute(self, attribute) else { continue };
            let Some(attr) = schema.event_type(self.kind.id()).and_then(|event| event.attribute(attribute.name())) else {
                continue;
            };
            match value {
                AttributeValue::Word(number) => batch.attribute(attr, ValueRef::Text(world.text(number))),
                AttributeValue::Amount(grosze) => batch.attribute(attr, ValueRef::Number(grosze)),
                AttributeValue::MessageId(id) => batch.attribute(attr, ValueRef::Text(&message_id(id))),
            }
        }
    }
}

/// The text of a message id.
pub(super) fn message_id(id: u64) -> String {
    format!("{id:016x}")
}
