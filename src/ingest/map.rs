//! `--map`: other names of columns, paths and units.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::IngestError;
use crate::value::Decimal;

/// Where things stand in a file whose names are not ours.
///
/// ```toml
/// contact_id = "customer.id"
/// event = "const:Zakup"
/// ts = { path = "time", unit = "ms" }
/// ignore = ["_airbyte_id"]
/// [attributes]
/// kwota = "amount"
/// ```
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    contact_id: Option<String>,
    event: Option<String>,
    event_id: Option<String>,
    ts: Option<Ts>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    #[serde(default)]
    ignore: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Ts {
    Path(String),
    WithUnit { path: String, unit: Unit },
}

/// Unit of instants that are numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Unit {
    /// Not given: numbers are refused.
    #[default]
    #[serde(skip)]
    Unknown,
    S,
    Ms,
    Us,
    Ns,
}

impl Unit {
    /// Milliseconds of so many units.
    pub fn millis(self, n: i64) -> Option<i64> {
        match self {
            Self::Unknown => None,
            Self::S => n.checked_mul(1000),
            Self::Ms => Some(n),
            Self::Us => Some(n.div_euclid(1000)),
            Self::Ns => Some(n.div_euclid(1_000_000)),
        }
    }

    /// Milliseconds of a number of units with parts.
    pub fn millis_of(self, n: Decimal) -> Option<i64> {
        let thousandths = i64::try_from(n.floor_scaled(3)).ok()?;
        match self {
            Self::Unknown => None,
            Self::S => Some(thousandths),
            Self::Ms | Self::Us | Self::Ns => self.millis(thousandths.div_euclid(1000)),
        }
    }
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// [`IngestError::Mapping`] when it cannot be read or has something unknown in it.
    pub fn read(path: &Path) -> Result<Self, IngestError> {
        let text = std::fs::read_to_string(path).map_err(|e| IngestError::unreadable(path, &e))?;
        ::toml::from_str(&text)
            .map_err(|e| IngestError::Mapping { path: path.to_owned(), message: e.to_string().trim().to_owned() })
    }

    pub(super) fn contact_id(&self) -> &str {
        self.contact_id.as_deref().unwrap_or("contact_id")
    }

    /// The path of the event's name.
    pub(super) fn event(&self) -> &str {
        self.event.as_deref().unwrap_or("event")
    }

    /// The name that all events of the file have.
    pub(super) fn event_constant(&self) -> Option<&str> {
        self.event.as_deref()?.strip_prefix("const:")
    }

    pub(super) fn event_id(&self) -> &str {
        self.event_id.as_deref().unwrap_or("event_id")
    }

    pub(super) fn ts(&self) -> &str {
        match &self.ts {
            Some(Ts::Path(path) | Ts::WithUnit { path, .. }) => path,
            None => "ts",
        }
    }

    pub(super) fn ts_unit(&self) -> Unit {
        match &self.ts {
            Some(Ts::WithUnit { unit, .. }) => *unit,
            _ => Unit::Unknown,
        }
    }

    pub(super) fn ignores(&self, name: &str) -> bool {
        self.ignore.iter().any(|i| i == name)
    }

    /// Our name and the path of every mapped field or attribute.
    pub(super) fn values(&self, events: bool) -> impl Iterator<Item = (&str, &str)> {
        (if events { &self.attributes } else { &self.fields }).iter().map(|(ours, path)| (ours.as_str(), path.as_str()))
    }

    /// Our name of a column of a file.
    pub(super) fn ours<'n>(&'n self, events: bool, column: &'n str) -> &'n str {
        self.values(events).find(|(_, path)| *path == column).map_or(column, |(ours, _)| ours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(Unit::S.millis_of("1700000000.25".parse().unwrap()), Some(1_700_000_000_250));
        assert_eq!(Unit::Us.millis(-1), Some(-1));
        assert_eq!(Unit::Unknown.millis(5), None);
    }
}
