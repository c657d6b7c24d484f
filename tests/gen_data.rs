//! The data generator: same bytes for the same seed, exact counts, skew, and data that fits its own schema.
#![cfg(feature = "engine")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods, clippy::panic)]
#![allow(clippy::cast_precision_loss, clippy::cast_sign_loss, clippy::cast_possible_truncation)]

use std::collections::HashMap;
use std::convert::Infallible;
use std::ops::ControlFlow;

use segql::generate::{
    AttributeValue, ContactRow, EventKind, EventRow, FieldValue, FileFormat, GenOptions, Industry, Sink, World, generate, schema,
    schema_toml, write_files,
};
use segql::schema::{ColumnType, Scalar};
use segql::time::{Clock, Duration};

/// Keeps everything.
#[derive(Default)]
struct Kept {
    events: Vec<EventRow>,
    contacts: Vec<ContactRow>,
    texts: Vec<(EventKind, String, String)>,
}

impl Sink for Kept {
    type Error = Infallible;

    fn events(&mut self, world: &World, rows: &[EventRow]) -> Result<(), Infallible> {
        for row in rows {
            for &attribute in row.kind.attributes() {
                if let Some(AttributeValue::Word(number)) = world.attribute(row, attribute) {
                    self.texts.push((row.kind, attribute.name().to_owned(), world.text(number).to_owned()));
                }
            }
        }
        self.events.extend_from_slice(rows);
        Ok(())
    }

    fn contacts(&mut self, _: &World, rows: Vec<ContactRow>) -> Result<(), Infallible> {
        self.contacts.extend(rows);
        Ok(())
    }
}

fn kept(options: &GenOptions) -> Kept {
    let mut kept = Kept::default();
    generate(options, &mut kept).unwrap();
    kept
}

fn options() -> GenOptions {
    GenOptions { contacts: 5_000, events: 60_000, ..GenOptions::default() }
}

#[test]
fn counts_are_exact_and_times_ordered() {
    for (contacts, events, days) in [(1, 1, 1), (1, 1000, 3), (3, 0, 10), (1000, 7, 400), (5_000, 60_001, 365)] {
        let options = GenOptions { contacts, events, days, ..GenOptions::default() };
        let kept = kept(&options);
        assert_eq!((kept.contacts.len(), kept.events.len() as u64), (contacts as usize, events));
        assert!(kept.events.is_sorted_by_key(|row| row.ts));
        assert!(kept.events.iter().all(|row| row.contact < contacts && row.ts <= options.until));
        assert!(kept.events.iter().all(|row| row.ts > options.until - i64::from(days) * 86_400_000));
        let ids: Vec<&str> = kept.contacts.iter().map(|c| c.id.as_str()).collect();
        assert!(ids.is_sorted() && ids[0] == "k00000001");
    }
}

#[test]
fn same_seed_same_data_whatever_the_threads() {
    let first = kept(&options());
    let again = rayon_pool(1).install(|| kept(&options()));
    assert!(first.events == again.events && first.contacts == again.contacts);
    let other = kept(&GenOptions { seed: 2, ..options() });
    assert!(first.events != other.events && first.contacts != other.contacts);
}

fn rayon_pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

#[test]
fn files_are_the_same_bytes_and_replaceable() {
    let folder = tempfile::tempdir().unwrap();
    let small = GenOptions { contacts: 300, events: 4_000, message_ids: true, ..GenOptions::default() };
    for format in [FileFormat::Parquet, FileFormat::Ndjson, FileFormat::NdjsonZst, FileFormat::NdjsonGz] {
        let mut seen = Vec::new();
        for _ in 0..2 {
            let mut last = None;
            let progress = |progress| {
                last = Some(progress);
                ControlFlow::Continue(())
            };
            write_files(&small, folder.path(), format, progress).unwrap();
            let last = last.unwrap();
            assert_eq!((last.events, last.contacts), (4_000, 300));
            let read = |name: &str| std::fs::read(folder.path().join(format!("{name}.{}", format.extension()))).unwrap();
            seen.push((read("events"), read("contacts")));
        }
        assert!(seen[0] == seen[1], "{format:?}");
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("schema.toml")).unwrap(), schema_toml());
    let lines = std::fs::read_to_string(folder.path().join("events.ndjson")).unwrap();
    assert_eq!(lines.lines().count(), 4_000);
    for line in lines.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let event = schema().event(line["event"].as_str().unwrap()).unwrap();
        for name in line["attrs"].as_object().unwrap().keys() {
            assert!(schema().event_type(event).unwrap().attribute(name).is_some(), "{line}");
        }
    }
}

#[test]
fn the_importer_takes_every_line() {
    use segql::ingest::{Options, Source, SourceKind, import};
    let folder = tempfile::tempdir().unwrap();
    let options = GenOptions { contacts: 400, events: 5_000, message_ids: true, ..GenOptions::default() };
    for format in [FileFormat::Parquet, FileFormat::Ndjson, FileFormat::NdjsonZst, FileFormat::NdjsonGz] {
        write_files(&options, folder.path(), format, |_| ControlFlow::Continue(())).unwrap();
        let text = std::fs::read_to_string(folder.path().join("schema.toml")).unwrap();
        let read = segql::schema::toml::parse(&text).unwrap();
        assert_eq!(read, schema());
        let source = |kind, name: &str| Source {
            path: folder.path().join(format!("{name}.{}", format.extension())),
            copy: None,
            kind,
            format: None,
        };
        let sources = [source(SourceKind::Contacts, "contacts"), source(SourceKind::Events, "events")];
        let mut rows = 0;
        let mut sink = |batch: &segql::store::record::Batch| {
            rows += batch.len();
            Ok::<(), Infallible>(())
        };
        let report = import(&sources, &read, &Options::default(), &mut sink, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(
            (rows, report.accepted, report.rounded, report.rejected_lines()),
            (5_400, 5_400, 0, 0),
            "{format:?} {report:?}"
        );
    }
}

#[test]
fn parquet_holds_what_the_sink_saw() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;
    let folder = tempfile::tempdir().unwrap();
    let options = GenOptions { contacts: 500, events: 3_000, ..GenOptions::default() };
    write_files(&options, folder.path(), FileFormat::Parquet, |_| ControlFlow::Continue(())).unwrap();
    let kept = kept(&options);
    let open = |name: &str| SerializedFileReader::new(std::fs::File::open(folder.path().join(name)).unwrap()).unwrap();
    let events = open("events.parquet");
    for (row, want) in events.get_row_iter(None).unwrap().zip(&kept.events) {
        let row = row.unwrap();
        assert_eq!(row.get_string(1).unwrap(), want.kind.name());
        assert_eq!(row.get_timestamp_millis(2).unwrap(), want.ts);
        assert_eq!(row.get_string(0).unwrap(), &kept.contacts[want.contact as usize].id);
    }
    assert_eq!(events.metadata().file_metadata().num_rows(), 3_000);
    let contacts = open("contacts.parquet");
    for (row, want) in contacts.get_row_iter(None).unwrap().zip(&kept.contacts) {
        let row = row.unwrap();
        assert_eq!(row.get_string(0).unwrap(), &want.id);
        let interests = row.get_column_iter().find(|(name, _)| *name == "zainteresowania").unwrap().1.to_string();
        match &want.fields[16] {
            Some(FieldValue::Words(items)) => assert!(items.iter().all(|item| interests.contains(item))),
            _ => assert_eq!(interests, "null"),
        }
    }
}

#[test]
fn activity_is_skewed_and_recent() {
    let kept = kept(&GenOptions { contacts: 5_000, events: 100_000, ..GenOptions::default() });
    let mut counts = vec![0u64; 5_000];
    for row in &kept.events {
        counts[row.contact as usize] += 1;
    }
    counts.sort_unstable();
    let total: u64 = counts.iter().sum();
    let ranked: f64 = counts.iter().enumerate().map(|(rank, n)| (rank as f64 + 1.0) * *n as f64).sum();
    let gini = 2.0 * ranked / (5_000.0 * total as f64) - 5_001.0 / 5_000.0;
    assert!((0.45..0.85).contains(&gini), "gini {gini}");
    assert!(counts[0] == 0 && counts[100] == 0, "some contacts have no events");

    let options = GenOptions::default();
    let half = options.until - i64::from(options.days) * 43_200_000;
    let recent = kept.events.iter().filter(|row| row.ts > half).count() as f64 / 100_000.0;
    assert!((0.58..0.75).contains(&recent), "recent half {recent}");

    let mut last = HashMap::new();
    for row in kept.events.iter().filter(|row| row.kind == EventKind::Zakup) {
        last.insert(row.contact, row.ts);
    }
    let lapsed = last.values().filter(|ts| **ts < options.until - 90 * 86_400_000).count() as f64 / last.len() as f64;
    assert!((0.15..0.5).contains(&lapsed), "lapsed {lapsed}");

    let zone = Clock { now: options.until, zone: schema().timezone };
    let hour = |ts: i64| (ts - zone.day_start(zone.day_of(ts))) / 3_600_000;
    let night = kept.events.iter().filter(|row| (1..5).contains(&hour(row.ts))).count() as f64 / 100_000.0;
    assert!(night < 0.03, "night {night}");
}

#[test]
fn the_mix_is_plausible() {
    let kept = kept(&GenOptions { contacts: 5_000, events: 100_000, ..GenOptions::default() });
    let mut shares: HashMap<EventKind, f64> = HashMap::new();
    for row in &kept.events {
        *shares.entry(row.kind).or_default() += 1e-5;
    }
    for (kind, low, high) in [
        (EventKind::MailSent, 0.20, 0.30),
        (EventKind::MailOpen, 0.08, 0.15),
        (EventKind::OdwiedzinyStrony, 0.16, 0.24),
        (EventKind::Transakcja, 0.09, 0.15),
        (EventKind::Zakup, 0.09, 0.15),
        (EventKind::Rezerwacja, 0.005, 0.03),
        (EventKind::Unsubscribe, 0.0001, 0.004),
    ] {
        let share = shares.get(&kind).copied().unwrap_or_default();
        assert!((low..high).contains(&share), "{} {share}", kind.name());
    }
    assert_eq!(shares.len(), EventKind::ALL.len(), "every type occurs");
    let mut products: HashMap<&str, u32> = HashMap::new();
    for (_, _, text) in kept.texts.iter().filter(|(kind, name, _)| *kind == EventKind::Zakup && name == "produkt") {
        *products.entry(text).or_default() += 1;
    }
    let most = products.values().max().copied().unwrap();
    assert_eq!(products["buty biegowe"], most);
    assert!(most > 20 * products.values().sum::<u32>() / products.len() as u32 / 2);
}

#[test]
fn an_industry_alone() {
    let kept = kept(&GenOptions { industries: vec![Industry::Bank], ..options() });
    assert!(kept.events.iter().all(|row| row.kind <= EventKind::Unsubscribe || row.kind == EventKind::Transakcja));
    assert!(kept.events.iter().any(|row| row.kind == EventKind::Transakcja));
}

#[test]
fn fields_fit_the_schema_and_the_events() {
    let options = options();
    let kept = kept(&options);
    let schema = schema();
    let clock = Clock { now: options.until, zone: schema.timezone };
    let year_ago = clock.minus(options.until, &Duration { months: 12, ..Duration::default() });
    let mut empty = vec![0; schema.fields.len()];
    for contact in &kept.contacts {
        assert_eq!(contact.fields.len(), schema.fields.len());
        for (at, (column, value)) in schema.fields.iter().zip(&contact.fields).enumerate() {
            let fits = match (value, column.ty) {
                (None, _) => {
                    empty[at] += 1;
                    true
                }
                (Some(FieldValue::Word(text)), ColumnType::Scalar(Scalar::Text)) => {
                    column.values.as_ref().is_none_or(|values| values.iter().any(|v| v == text))
                }
                (Some(FieldValue::Text(_)), ColumnType::Scalar(Scalar::Text))
                | (Some(FieldValue::Number(_)), ColumnType::Scalar(Scalar::Number { .. }))
                | (Some(FieldValue::Bool(_)), ColumnType::Scalar(Scalar::Bool))
                | (Some(FieldValue::Date(_)), ColumnType::Scalar(Scalar::Date))
                | (Some(FieldValue::Time(_)), ColumnType::Scalar(Scalar::Time)) => true,
                (Some(FieldValue::Words(items)), ColumnType::List(Scalar::Text)) => !items.is_empty(),
                _ => false,
            };
            assert!(fits, "{}: {value:?}", column.name);
        }
    }
    for (column, empty) in schema.fields.iter().zip(&empty) {
        let always = ["imie", "nazwisko"].contains(&column.name.as_str());
        assert!(*empty < 5_000 && (always || *empty > 0), "{}: {empty} empty", column.name);
    }

    let spent_field = usize::from(schema.field("Wartość_zakupów_12m").unwrap().0);
    let login_field = usize::from(schema.field("ostatnie_logowanie").unwrap().0);
    let (mut spent, mut login) = (vec![0; 5_000], vec![None; 5_000]);
    let mut sums = Sums { year_ago, spent: &mut spent, login: &mut login };
    generate(&options, &mut sums).unwrap();
    for contact in &kept.contacts {
        let at = contact.number as usize;
        assert_eq!(contact.fields[spent_field], Some(spent[at]).filter(|s| *s > 0).map(FieldValue::Number));
        match (&contact.fields[login_field], login[at]) {
            (Some(FieldValue::Time(field)), Some(event)) => assert!((0..1000).contains(&(event - field))),
            (None, None) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Sums over events, in another way than the generator's own.
struct Sums<'a> {
    year_ago: i64,
    spent: &'a mut [i64],
    login: &'a mut [Option<i64>],
}

impl Sink for Sums<'_> {
    type Error = Infallible;

    fn events(&mut self, world: &World, rows: &[EventRow]) -> Result<(), Infallible> {
        for row in rows {
            if row.kind == EventKind::OdwiedzinyStrony {
                self.login[row.contact as usize] = Some(row.ts);
            }
            if let (EventKind::Zakup, Some(AttributeValue::Amount(grosze))) =
                (row.kind, world.attribute(row, segql::generate::Attribute::Kwota))
                && row.ts >= self.year_ago
            {
                self.spent[row.contact as usize] += grosze;
            }
        }
        Ok(())
    }

    fn contacts(&mut self, _: &World, _: Vec<ContactRow>) -> Result<(), Infallible> {
        Ok(())
    }
}

#[test]
fn batches_take_generated_rows() {
    use segql::store::record::{Batch, BatchKind, Body};
    struct Batches(Batch, Batch);
    impl Sink for Batches {
        type Error = Infallible;
        fn events(&mut self, world: &World, rows: &[EventRow]) -> Result<(), Infallible> {
            let schema = schema();
            for row in rows {
                row.push(world, &schema, &mut self.0);
            }
            Ok(())
        }
        fn contacts(&mut self, _: &World, rows: Vec<ContactRow>) -> Result<(), Infallible> {
            for row in &rows {
                row.push(0, &mut self.1);
            }
            Ok(())
        }
    }
    let mut batches = Batches(Batch::new(BatchKind::Events), Batch::new(BatchKind::Contacts));
    generate(&GenOptions { contacts: 100, events: 2_000, ..GenOptions::default() }, &mut batches).unwrap();
    assert_eq!((batches.0.len(), batches.1.len()), (2_000, 100));
    for (id, body) in batches.0.rows() {
        assert!(id.starts_with(b"k0000"));
        let mut body = Body::new(body);
        let head = body.event_head().unwrap();
        while !body.is_at_end() {
            let (attr, value) = body.entry().unwrap();
            assert!(schema().attribute_column(head.event, segql::schema::AttrId(attr)).is_some() && value.is_some());
        }
    }
}

#[test]
fn impossible_options_are_refused() {
    for (options, message) in [
        (GenOptions { contacts: 0, ..GenOptions::default() }, "at least 1 contact is needed"),
        (GenOptions { days: 0, ..GenOptions::default() }, "a history of 0 days is not possible: choose 1 to 36500"),
        (GenOptions { until: i64::MAX, ..GenOptions::default() }, "the newest instant must lie between the years 1900 and 3000"),
    ] {
        assert_eq!(World::new(&options).unwrap_err().to_string(), message);
    }
}

/// `cargo test --release --test gen_data -- --ignored --nocapture`, with `EVENTS` and `CONTACTS` from the environment.
#[test]
#[ignore = "measures, on large data"]
fn speed() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |n| n.parse().unwrap());
    let options = GenOptions {
        contacts: number("CONTACTS", 1_000_000) as u32,
        events: number("EVENTS", 4_000_000),
        days: 730,
        ..GenOptions::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let start = std::time::Instant::now();
    let mut at_contacts = None;
    let progress = |done: segql::generate::Progress| {
        if done.contacts > 0 {
            at_contacts.get_or_insert_with(|| start.elapsed());
        }
        ControlFlow::Continue(())
    };
    write_files(&options, folder.path(), FileFormat::Parquet, progress).unwrap();
    println!("events after {:?}, everything after {:?}", at_contacts.unwrap(), start.elapsed());
    for file in ["events.parquet", "contacts.parquet"] {
        println!("{file}: {} MB", std::fs::metadata(folder.path().join(file)).unwrap().len() / 1_000_000);
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
}
