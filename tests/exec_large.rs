//! Programs that machines write, and data of more than one chunk: the executor's answers against plain calculations.
#![cfg(feature = "engine")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fmt::Write as _;

use segql::check::{Checked, Options, check};
use segql::diag::{has_errors, render};
use segql::exec::{Cancel, Engine, ExecError, Stopwatch, evaluate, measure};
use segql::plan::{Plan, Wanted, explain, lower, lower_wanted, rewrite};
use segql::schema::{AttrId, FieldId, Schema};
use segql::store::record::{Batch, BatchKind};
use segql::store::{LoadOptions, Loader, Snapshot, Store};
use segql::syntax::Sources;
use segql::time::Clock;
use segql::value::ValueRef;

const NOW: i64 = 1_761_998_400_000;
const HOUR: i64 = 3_600_000;

fn schema() -> Schema {
    segql::schema::toml::parse(
        r#"
timezone = "Europe/Warsaw"
[fields.n]
type = "number"
decimals = 2
[events.A.attributes]
v = "number"
t = "text"
[events.B]
"#,
    )
    .unwrap()
}

/// `contacts` contacts c0, c1, ...: every third has no `n`, the others a value that many share.
fn store(contacts: u32) -> Store {
    store_of(contacts, field)
}

/// The same with other values of `n`.
fn store_of(contacts: u32, field: impl Fn(u32) -> Option<i64>) -> Store {
    let schema = schema();
    let store = Store::temporary(&schema).unwrap();
    let mut loader = Loader::begin(&store, &schema, LoadOptions::default()).unwrap();
    let mut lines = Batch::new(BatchKind::Contacts);
    for n in 0..contacts {
        lines.begin_contact(&format!("c{n}"), 0);
        if let Some(value) = field(n) {
            lines.field(FieldId(0), Some(ValueRef::Number(value)));
        }
    }
    loader.push(&lines).unwrap();
    loader.finish().unwrap();
    store
}

/// The value of `n` times 100.
fn field(n: u32) -> Option<i64> {
    (!n.is_multiple_of(3)).then(|| i64::from(n.wrapping_mul(2_654_435_761) % 500) * 50)
}

fn checked(schema: &Schema, text: &str, list: &str) -> Checked {
    let mut sources = Sources::default();
    let entry = sources.add("a.seg", text);
    let checked = check(&mut sources, entry, Options { schema, overrides: &[], read: &|_| Ok(list.to_owned()) });
    assert!(!has_errors(&checked.diagnostics), "{}", render::human(&checked.diagnostics, &sources, false));
    checked
}

fn clock(schema: &Schema) -> Clock {
    Clock { now: NOW, zone: schema.timezone }
}

/// The members of all sets of a plan, as lowered; rewritten they must be the same.
fn members(snapshot: &Snapshot<'_>, plan: &Plan) -> Vec<Vec<u32>> {
    let (engine, clock) = (Engine::new(snapshot), clock(snapshot.schema()));
    let plain = evaluate(&engine, plan, &clock, &Cancel::default()).unwrap();
    let rewritten = rewrite(plan);
    assert!(!explain(&rewritten, &[], snapshot.schema()).text().is_empty());
    assert_eq!(plain, evaluate(&engine, &rewritten, &clock, &Cancel::default()).unwrap());
    plain.iter().map(|set| set.iter().collect()).collect()
}

fn run(store: &Store, text: &str) -> Vec<Vec<u32>> {
    let snapshot = store.snapshot().unwrap();
    let checked = checked(snapshot.schema(), text, "");
    members(&snapshot, &lower(&checked.program, &checked.own, snapshot.schema(), &clock(snapshot.schema())))
}

/// The contacts with the best values; ties by id, bytewise.
fn ranked(contacts: u32, highest: bool, take: impl Fn(usize) -> usize) -> Vec<u32> {
    ranked_of(contacts, field, highest, take)
}

/// The same for other values of `n`.
fn ranked_of(contacts: u32, field: impl Fn(u32) -> Option<i64>, highest: bool, take: impl Fn(usize) -> usize) -> Vec<u32> {
    let mut all: Vec<(i64, String, u32)> =
        (0..contacts).filter_map(|n| field(n).map(|v| (if highest { -v } else { v }, format!("c{n}"), n))).collect();
    all.sort();
    let mut best: Vec<u32> = all[..take(all.len()).min(all.len())].iter().map(|(_, _, n)| *n).collect();
    best.sort_unstable();
    best
}

#[test]
fn rankings_look_at_all_chunks() {
    let contacts = 140_001;
    let store = store(contacts);
    let text = "segment a = top 1 by field n\nsegment b = top 1000 by field n\nsegment c = bottom 777 by field n\n\
                segment d = top 33.3% by field n\nsegment e = bottom 1000000 by field n\n\
                segment f = top 10 by field n / 3 + 0\nsegment g = top 50 by field n of not segment b\n\
                segment h = bottom 5 by field n of top 50 by field n of not segment b\n\
                segment i = top 3 by field n * 1000000000000 * 1000000000000";
    let sets = run(&store, text);
    let best = |n| ranked(contacts, true, |_| n);
    assert_eq!(sets[0], best(1));
    assert_eq!(sets[1], best(1000));
    assert_eq!(sets[2], ranked(contacts, false, |_| 777));
    assert_eq!(sets[3], ranked(contacts, true, |all| (all * 333).div_ceil(1000)));
    assert_eq!(sets[4], ranked(contacts, false, |all| all));
    assert_eq!(sets[5], best(10));
    let next: Vec<u32> = best(1050).into_iter().filter(|n| !sets[1].contains(n)).collect();
    assert_eq!(sets[6], next);
    let mut last: Vec<(i64, String, u32)> = next.iter().map(|n| (field(*n).unwrap(), format!("c{n}"), *n)).collect();
    last.sort();
    let mut last: Vec<u32> = last[..5].iter().map(|(_, _, n)| *n).collect();
    last.sort_unstable();
    assert_eq!(sets[7], last);
    assert_eq!(sets[8], best(3));
}

/// Chunks that have more of the best than others, and contacts that follow each other.
#[test]
fn rankings_find_the_best_where_they_are() {
    let contacts = 140_000;
    let clump =
        |n: u32| i64::from(if (80_100..80_900).contains(&n) { 1_000_000 + n % 7 } else { n.wrapping_mul(2_654_435_761) % 1000 });
    let rising = |n: u32| i64::from(n / 10);
    let (clump, rising): (&dyn Fn(u32) -> i64, &dyn Fn(u32) -> i64) = (&clump, &rising);
    let text = "segment a = top 1% by field n\nsegment b = bottom 1% by field n\nsegment c = top 500 by field n\n\
                segment d = bottom 3000 by field n\nsegment e = top 30% by field n\nsegment f = top 0.001% by field n";
    for value in [clump, rising] {
        for some in [1, 3] {
            let field = |n: u32| n.is_multiple_of(some).then(|| value(n) * 100);
            let sets = run(&store_of(contacts, field), text);
            let best = |highest, take: &dyn Fn(usize) -> usize| ranked_of(contacts, field, highest, take);
            assert_eq!(sets[0], best(true, &|all| all.div_ceil(100)));
            assert_eq!(sets[1], best(false, &|all| all.div_ceil(100)));
            assert_eq!(sets[2], best(true, &|_| 500));
            assert_eq!(sets[3], best(false, &|_| 3000));
            assert_eq!(sets[4], best(true, &|all| (all * 3).div_ceil(10)));
            assert_eq!(sets[5], best(true, &|all| all.div_ceil(100_000)));
        }
    }
}

#[test]
fn lists_and_shares_find_their_contacts_in_every_chunk() {
    let store = store(70_000);
    let snapshot = store.snapshot().unwrap();
    let text = "list l = \"l.csv\"\nsegment a = list l\nsegment b = sample 10% salt \"x\"\nsegment c = sample 20% salt \"x\"\n\
                segment d = all < sample 10% salt \"x\"; sample 10% salt \"y\" >";
    let checked = checked(snapshot.schema(), text, "contact_id\nc69999\nc3\nnobody\nc65536\n");
    let sets = members(&snapshot, &lower(&checked.program, &checked.own, snapshot.schema(), &clock(snapshot.schema())));
    assert_eq!(sets[0], [3, 65_536, 69_999]);
    assert!((6_500..7_500).contains(&sets[1].len()), "{}", sets[1].len());
    assert!(sets[1].iter().all(|n| sets[2].binary_search(n).is_ok()));
    assert!((550..850).contains(&sets[3].len()), "{}", sets[3].len());
}

#[test]
fn values_that_double_fifty_times_are_calculated_once_each() {
    let store = store(3_000);
    let mut text = "let $a0 = field n\n".to_owned();
    (1..=50).for_each(|n| writeln!(text, "let $a{n} = $a{m} + $a{m}", m = n - 1).unwrap());
    writeln!(text, "segment s = $a50 = field n * 1125899906842624\nsegment t = $a50 > 0 or empty").unwrap();
    let sets = run(&store, &text);
    assert_eq!(sets[0].len(), 2_000);
    assert_eq!(sets[1].len(), (0..3_000).filter(|n| field(*n).is_none_or(|v| v > 0)).count());
}

#[test]
fn chains_of_definitions_do_not_nest() {
    let store = store(300);
    let mut text = "let $a0 = field n\nsegment s0 = field n > 100\n".to_owned();
    for n in 1..=3_000 {
        let m = n - 1;
        writeln!(text, "let $a{n} = $a{m} + 1").unwrap();
        let group = ["all", "any", "none"][n % 3];
        writeln!(text, "segment s{n} = {group} < segment s{m}; $a{n} > {} >", 100 + n).unwrap();
    }
    let sets = run(&store, &text);
    // The same, one contact at a time: `$an > 100 + n` says what `field n > 100` says.
    let expected = |contact: u32| {
        let base = field(contact).is_some_and(|v| v > 10_000);
        (1..=3_000).fold(base, |before, n| match n % 3 {
            0 => before && base,
            1 => before || base,
            _ => !(before || base),
        })
    };
    let last: Vec<u32> = (0..300).filter(|n| expected(*n)).collect();
    assert_eq!(*sets.last().unwrap(), last);
}

#[test]
fn each_contact_has_one_label_of_a_decision_of_thousands_of_branches() {
    let store = store(2_000);
    let snapshot = store.snapshot().unwrap();
    let mut text = "decision d <\n".to_owned();
    for n in 0..2_000 {
        writeln!(text, "  when field n < {} -> \"{}\";", n / 10, n % 7).unwrap();
    }
    text.push_str("  otherwise -> \"rest\"\n>\nsegment s = decision d = \"3\"\n");
    let checked = checked(snapshot.schema(), &text, "");
    let decision = checked.own_decisions[0];
    let labels = checked.program.decisions[0].labels.clone();
    let mut wanted: Vec<Wanted> = (0..labels.len()).map(|l| Wanted::Label(decision, u32::try_from(l).unwrap())).collect();
    wanted.push(Wanted::Segment(checked.own[0]));
    let plan = lower_wanted(&checked.program, &wanted, snapshot.schema(), &clock(snapshot.schema()));
    assert!(plan.nodes().count() < 10_000, "{} nodes", plan.nodes().count());
    let sets = members(&snapshot, &plan);
    let label = |contact: u32| match field(contact) {
        Some(v) => (0..2_000_i64).find(|n| v < n / 10 * 100).map_or("rest".to_owned(), |n| (n % 7).to_string()),
        None => "rest".to_owned(),
    };
    for (at, name) in labels.iter().enumerate() {
        assert_eq!(sets[at], (0..2_000).filter(|n| label(*n) == *name).collect::<Vec<u32>>(), "label {name}");
    }
    assert_eq!(sets[labels.len()], (0..2_000).filter(|n| label(*n) == "3").collect::<Vec<u32>>());
}

#[test]
fn groups_and_lists_of_a_hundred_thousand_members() {
    let store = store(500);
    let members =
        |many: u32, make: &dyn Fn(u32) -> String, separator: &str| (0..many).map(make).collect::<Vec<String>>().join(separator);
    let any = members(100_000, &|n| format!("field n = {n}.5"), "; ");
    let ids = members(100_000, &|n| format!("\"c{}\"", n * 2), ", ");
    let counts = members(5_000, &|n| format!("count(A) = {n}"), "; ");
    let text = format!("segment a = any < {any} >\nsegment b = field contact_id in [{ids}]\nsegment c = none < {counts} >");
    let sets = run(&store, &text);
    assert_eq!(sets[0], (0..500).filter(|n| field(*n).is_some_and(|v| v % 100 == 50)).collect::<Vec<u32>>());
    assert_eq!(sets[1], (0..500).filter(|n| n % 2 == 0).collect::<Vec<u32>>());
    assert_eq!(sets[2], Vec::<u32>::new());
}

#[test]
fn conditions_nest_as_deep_as_the_language_allows() {
    let store = store(100);
    let depth = 120;
    let groups = format!("{}field n > 100{}", "not all < ".repeat(depth / 2), " >".repeat(depth / 2));
    let parentheses = format!("{}field n{} > 100", "(1 + ".repeat(depth), ")".repeat(depth));
    let sets = run(&store, &format!("segment a = {groups}\nsegment b = {parentheses}"));
    let over = |limit: i64| (0..100).filter(|n| field(*n).is_some_and(|v| v > limit)).collect::<Vec<u32>>();
    assert_eq!(sets[0], over(10_000));
    assert_eq!(sets[1], over(10_000 - 100 * i64::try_from(depth).unwrap()));
}

/// Where few contacts are asked for, their rows are read alone, and where many are, all rows of a block together.
#[test]
fn contacts_read_alone_have_the_answers_of_blocks() {
    const CONTACTS: u32 = 3_000;
    let schema = schema();
    let store = Store::temporary(&schema).unwrap();
    let mut loader = Loader::begin(&store, &schema, LoadOptions::default()).unwrap();
    let (a, b) = (schema.event("A").unwrap(), schema.event("B").unwrap());
    let mut contacts = Batch::new(BatchKind::Contacts);
    let mut events = Batch::new(BatchKind::Events);
    for n in 0..CONTACTS {
        let id = format!("c{n}");
        contacts.begin_contact(&id, 0);
        contacts.field(FieldId(0), Some(ValueRef::Number(i64::from(n) * 100)));
        // Every fifth has no event; the others have up to 120, in three blocks.
        for k in 0..if n % 5 == 0 { 0 } else { 1 + n * 7_919 % 120 } {
            let random = i64::from((n * 131 + k * 7_907).wrapping_mul(2_654_435_761) % 600);
            let ts = NOW - random * 24 * HOUR - i64::from(n * k) % HOUR;
            events.begin_event(&id, if k % 8 == 7 { b } else { a }, ts, None);
            if k % 8 != 7 {
                events.attribute(AttrId(0), ValueRef::Number(random % 100));
                events.attribute(AttrId(1), ValueRef::Text(["x", "y", "z"][usize::try_from(random % 3).unwrap()]));
            }
        }
    }
    loader.push(&contacts).unwrap();
    loader.push(&events).unwrap();
    loader.finish().unwrap();
    let conditions = [
        "event A within 90d",
        "event A at least 4 times within 60d",
        "event A where v >= 50 at least 3 times within 200d",
        "event A where t = \"x\" within 9d",
        "event B between 1 and 2 times within 300d",
        "sum(A.v within 100d) > 300",
        "average(A.v where t = \"y\" within 1y) < 45",
        "active_days(A within 60d) >= 5",
        "last(A.t within 30d) = \"x\"",
        "first(A.t) = \"z\"",
        "most_frequent(A.t within 300d) = \"y\"",
        "sequence within 60d < event A; then event B within 2d >",
        "sequence within 90d < event B; then not event A within 7d >",
    ];
    let asked = [3_u32, 7, 8, 1_501, 1_502, 2_998];
    let list = asked.map(|n| n.to_string()).join(", ");
    let script = |of: &dyn Fn(&str) -> String| {
        conditions
            .iter()
            .enumerate()
            .fold(String::new(), |text, (n, condition)| text + &format!("segment s{n} = {}\n", of(condition)))
    };
    let whole = run(&store, &script(&|condition| condition.to_owned()));
    let (mut inside, mut outside) = (0, 0);
    for (n, condition) in conditions.iter().enumerate() {
        // One by one: what several ask about is evaluated for everybody.
        let few = run(&store, &format!("segment s = all < field n in [{list}]; {condition} >"));
        let expected: Vec<u32> = asked.into_iter().filter(|contact| whole[n].contains(contact)).collect();
        assert_eq!(few[0], expected, "{condition}");
        (inside, outside) = (inside + expected.len(), outside + asked.len() - expected.len());
    }
    assert!(inside > 20 && outside > 20, "{inside} and {outside}");
}

/// One contact with very many events, so that anything but linear work would be felt.
#[test]
fn sequences_are_linear_in_the_events() {
    let schema = schema();
    let store = Store::temporary(&schema).unwrap();
    let mut loader = Loader::begin(&store, &schema, LoadOptions::default()).unwrap();
    let (a, b) = (schema.event("A").unwrap(), schema.event("B").unwrap());
    let mut events = Batch::new(BatchKind::Events);
    // `many`: A every hour, B half an hour after each; `gap`: the last A has no B within an hour.
    for n in 1..=30_000 {
        events.begin_event("many", a, NOW - n * HOUR, None);
        events.attribute(AttrId(1), ValueRef::Text(if n % 2 == 0 { "x" } else { "y" }));
        events.begin_event("many", b, NOW - n * HOUR + HOUR / 2, None);
    }
    events.begin_event("gap", a, NOW - 10 * HOUR, None);
    events.attribute(AttrId(1), ValueRef::Text("x"));
    events.begin_event("gap", b, NOW - 8 * HOUR, None);
    loader.push(&events).unwrap();
    loader.finish().unwrap();
    let steps = ["event A within 1h"; 12].join("; then ").replacen(" within 1h", "", 1);
    let text = format!(
        "segment a = sequence < {steps} >\n\
         segment b = sequence < event A; then not event B within 1h >\n\
         segment c = sequence < event A; then event B within 31min; then event A within 31min; then not event B >\n\
         segment d = sequence by t < event A; then event A within 1h >\n\
         segment e = sequence by t < event A; then event A within 2h; then event A within 2h >\n\
         segment f = sequence < event A; then event B >\n\
         segment g = sequence < event A; then not event B >\n\
         segment h = sequence within 9h < event A; then event B >\n\
         segment i = active_days(any) > 100\n\
         segment j = most_frequent(A.t) = \"y\"\n\
         segment k = distinct(A.t) = 1"
    );
    let sets = run(&store, &text);
    let (many, gap) = (0, 1);
    assert_eq!(sets[0], [many]);
    assert_eq!(sets[1], [gap]);
    assert_eq!(sets[2], Vec::<u32>::new());
    assert_eq!(sets[3], Vec::<u32>::new());
    assert_eq!(sets[4], [many]);
    assert_eq!(sets[5], [many, gap]);
    assert_eq!(sets[6], Vec::<u32>::new());
    assert_eq!(sets[7], [many]);
    assert_eq!(sets[8], [many]);
    // Both occur as often; the oldest event has "x".
    assert_eq!(sets[9], Vec::<u32>::new());
    assert_eq!(sets[10], [gap]);
}

#[test]
fn cancelling_ends_every_kind_of_evaluation() {
    let store = store(10);
    let snapshot = store.snapshot().unwrap();
    let cancel = Cancel::default();
    cancel.cancel();
    for text in ["field n > 1", "top 3 by field n", "sum(A.v) > 1", "sequence < event A; then event B >"] {
        let checked = checked(snapshot.schema(), text, "");
        let plan = lower(&checked.program, &checked.own, snapshot.schema(), &clock(snapshot.schema()));
        let result = evaluate(&Engine::new(&snapshot), &plan, &clock(snapshot.schema()), &cancel);
        assert!(matches!(result, Err(ExecError::Cancelled)), "{text}");
    }
}

/// Cancels as soon as a chunk is done; a stopwatch is asked at every node.
struct AfterAChunk<'c>(&'c Cancel);

impl Stopwatch for AfterAChunk<'_> {
    fn thread(&self) -> u64 {
        if self.0.progress().0 > 0 {
            self.0.cancel();
        }
        0
    }

    fn process(&self) -> u64 {
        0
    }
}

#[test]
fn progress_counts_chunks_and_cancelling_stops_at_the_next() {
    const CONTACTS: u64 = 140_000;
    let store = store(140_000);
    // One thread, so that chunks come one after the other.
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    alone.install(|| {
        let snapshot = store.snapshot().unwrap();
        let clock = clock(snapshot.schema());
        let plan = |text: &str| {
            let checked = checked(snapshot.schema(), text, "");
            lower(&checked.program, &checked.own, snapshot.schema(), &clock)
        };
        let engine = Engine::new(&snapshot);
        let cancel = Cancel::default();
        evaluate(&engine, &plan("field n > 1"), &clock, &cancel).unwrap();
        assert_eq!(cancel.progress(), (CONTACTS, CONTACTS));
        // A ranking looks at everyone first.
        evaluate(&engine, &plan("top 3 by field n"), &clock, &cancel).unwrap();
        assert_eq!(cancel.progress(), (3 * CONTACTS, 3 * CONTACTS));
        let cancel = Cancel::default();
        let result = measure(&engine, &plan("all < field n > 1; field n < 100 >"), &clock, &cancel, &AfterAChunk(&cancel));
        assert!(matches!(result, Err(ExecError::Cancelled)));
        assert_eq!(cancel.progress(), (65_536, CONTACTS));
    });
}

#[test]
fn what_is_kept_stays_within_the_budget_and_changes_no_answer() {
    let store = store(70_000);
    let snapshot = store.snapshot().unwrap();
    let clock = clock(snapshot.schema());
    let answers = |engine: &Engine<'_>| -> Vec<(u64, usize)> {
        let texts = ["field n > 1", "event A at least 2 times within 30d", "sum(A.v) > 1", "field n > 1"];
        let answer = |text: &str| {
            let checked = checked(snapshot.schema(), text, "");
            let plan = lower(&checked.program, &checked.own, snapshot.schema(), &clock);
            let members = evaluate(engine, &plan, &clock, &Cancel::default()).unwrap();
            (members.first().unwrap().len(), engine.kept_bytes())
        };
        texts.map(answer).into()
    };
    let (all, nothing) = (answers(&Engine::new(&snapshot)), answers(&Engine::with_budget(&snapshot, 0)));
    let counts = |answers: &[(u64, usize)]| answers.iter().map(|(count, _)| *count).collect::<Vec<_>>();
    assert_eq!(counts(&all), counts(&nothing));
    // What is kept grows up to the last, which needs nothing new; without a budget there is what the last one needed.
    assert!(all.is_sorted_by_key(|(_, bytes)| *bytes) && all[3].1 == all[2].1);
    assert_eq!(nothing[0].1, nothing[3].1);
    assert!(nothing[3].1 < all[3].1);
}

#[test]
fn long_lists_have_the_same_members_however_often_they_are_asked_for() {
    const CONTACTS: u32 = 70_000;
    /// Some share a text, some have none.
    fn mail(n: u32) -> Option<String> {
        (n % 7 != 3).then(|| format!("m{}@poczta.example", n % 50_021))
    }
    let schema = segql::schema::toml::parse("timezone = \"Europe/Warsaw\"\n[fields.mail]\ntype = \"text\"\n").unwrap();
    let store = Store::temporary(&schema).unwrap();
    let mut loader = Loader::begin(&store, &schema, LoadOptions::default()).unwrap();
    let mut lines = Batch::new(BatchKind::Contacts);
    for n in 0..CONTACTS {
        lines.begin_contact(&format!("c{n}"), 0);
        if let Some(text) = mail(n) {
            lines.field(FieldId(0), Some(ValueRef::Text(&text)));
        }
    }
    loader.push(&lines).unwrap();
    loader.finish().unwrap();
    let wanted: std::collections::BTreeSet<String> = (0..90_000).step_by(77).map(|n| format!("m{n}@poczta.example")).collect();
    let list = wanted.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "segment a = field mail in [{list}]\nsegment b = field mail not in [{list}]\n\
         segment c = field mail in [{list}] or empty\nsegment d = field mail not in [{list}] or empty\n"
    );
    let checked = checked(&schema, &text, "");
    let snapshot = store.snapshot().unwrap();
    let plan = lower(&checked.program, &checked.own, &schema, &clock(&schema));
    let (engine, clock) = (Engine::new(&snapshot), clock(&schema));
    let of = |test: &dyn Fn(Option<&str>) -> bool| (0..CONTACTS).filter(|n| test(mail(*n).as_deref())).collect::<Vec<u32>>();
    let is_in = |text: &str| wanted.contains(text);
    let expected = [
        of(&|mail| mail.is_some_and(is_in)),
        of(&|mail| mail.is_some_and(|mail| !is_in(mail))),
        of(&|mail| mail.is_none_or(is_in)),
        of(&|mail| mail.is_none_or(|mail| !is_in(mail))),
    ];
    for _ in 0..3 {
        let found = evaluate(&engine, &plan, &clock, &Cancel::default()).unwrap();
        let found: Vec<Vec<u32>> = found.iter().map(|set| set.iter().collect()).collect();
        assert_eq!(found, expected);
    }
}
