//! The schema of generated data.

use super::event::EventKind;
use super::words;
use crate::schema::toml::to_toml;
use crate::schema::{Column, ColumnType, EventKind as Sender, EventType, Scalar, Schema};

/// Złoty and grosze.
const MONEY: ColumnType = ColumnType::Scalar(Scalar::Number { decimals: 2 });
const TEXT: ColumnType = ColumnType::Scalar(Scalar::Text);
const BOOL: ColumnType = ColumnType::Scalar(Scalar::Bool);
const DATE: ColumnType = ColumnType::Scalar(Scalar::Date);
const TIME: ColumnType = ColumnType::Scalar(Scalar::Time);

/// Fields, events and attributes of generated data, whatever the options: in Warsaw's time zone, with the fields in
/// the order of [`super::ContactRow::fields`] and the events in that of [`EventKind`].
#[must_use]
pub fn schema() -> Schema {
    let mut schema = Schema::new(chrono_tz::Europe::Warsaw);
    schema.fields = vec![
        column("imie", TEXT, "first name"),
        column("nazwisko", TEXT, "last name"),
        column("email", TEXT, "mail address"),
        column("Miasto", TEXT, "city"),
        column("Kraj", TEXT, "country, ISO 3166 code"),
        closed("Status_VIP", &words::TIERS, "tier of the loyalty programme"),
        column("Wartość_zakupów_12m", MONEY, "purchases of the last 12 months, in złoty"),
        column("Program_lojalnościowy", BOOL, "whether the contact is in the loyalty programme"),
        column("Zgoda_SMS", BOOL, "consent to text messages; empty: never asked"),
        column("Zgoda_marketingowa", BOOL, "consent to marketing; empty: never asked"),
        closed("Typ_produktu", &words::BANK_PRODUCTS, "the contact's main bank product"),
        column("Data_otwarcia_konta", DATE, "when the bank account was opened"),
        column("Data_ostatniej_wizyty", DATE, "day of the last visit to a clinic"),
        column("urodziny", DATE, "date of birth"),
        column("wiek", ColumnType::Scalar(Scalar::Number { decimals: 0 }), "age in years"),
        column("Saldo", MONEY, "balance of the bank account, in złoty"),
        column("zainteresowania", ColumnType::List(Scalar::Text), "interests"),
        column("ostatnie_logowanie", TIME, "last visit to the website"),
    ];
    let customer = EventKind::ALL.into_iter().filter(|kind| schema.event(kind.name()).is_none()).map(event).collect::<Vec<_>>();
    schema.events.extend(customer);
    schema
}

/// [`schema`] as `schema.toml`.
#[must_use]
pub fn schema_toml() -> String {
    to_toml(&schema())
}

fn event(kind: EventKind) -> EventType {
    let description = match kind {
        EventKind::Zakup => "a purchase, online or in a shop",
        EventKind::Koszyk => "a product was put into the basket",
        EventKind::PorzuconyKoszyk => "a basket was left without a purchase",
        EventKind::Transakcja => "a transaction on the bank account",
        EventKind::OdwiedzinyStrony => "a visit of a page",
        EventKind::Rezerwacja => "a booking of a trip or an appointment at a clinic",
        _ => "a visit to a clinic",
    };
    EventType {
        name: kind.name().to_owned(),
        kind: Sender::Customer,
        description: Some(description.to_owned()),
        attributes: kind
            .attributes()
            .iter()
            .map(|attribute| Column::new(attribute.name(), if attribute.is_number() { MONEY } else { TEXT }))
            .collect(),
    }
}

fn column(name: &str, ty: ColumnType, description: &str) -> Column {
    Column { description: Some(description.to_owned()), ..Column::new(name, ty) }
}

fn closed(name: &str, values: &[&str], description: &str) -> Column {
    let values = Some(values.iter().map(|v| (*v).to_owned()).collect());
    Column { values, ..column(name, TEXT, description) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_events_are_those_of_the_schema() {
        let schema = schema();
        for kind in EventKind::ALL {
            assert_eq!(schema.event(kind.name()), Some(kind.id()), "{}", kind.name());
            let event = schema.event_type(kind.id()).unwrap();
            let names: Vec<&str> = kind.attributes().iter().map(|a| a.name()).collect();
            assert_eq!(event.attributes.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), names);
        }
        assert_eq!(schema.events.len(), EventKind::ALL.len());
    }
}
