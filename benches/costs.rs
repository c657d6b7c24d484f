//! Confronts the cost model with what happens: conditions of every kind, each evaluated alone on a store, and the ratio of
//! the measured time of its nodes to what the model says.
//!
//! `SEGQL_BENCH_STORE=DIR cargo bench --bench costs`, on a store of `segql gen --contacts 300000 --events 12000000 --seed 1`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods, missing_docs)]

use std::process::Command;

use serde_json::Value;

/// After all events of the data.
const NOW: &str = "2025-11-01T13:00";

/// One a line.
const CONDITIONS: &str = r#"field Kraj = "PL"
field Status_VIP in ["Gold", "Platinum"]
field Status_VIP != "Gold"
field Saldo > 100
field Saldo is set
field wiek between 30 and 40
field wiek in [20, 25, 30, 35, 40, 45, 50, 55, 60, 65]
field imie starts with "A"
field email ends with ".pl"
field email matches "a+b"
field nazwisko contains "ski" ignoring case
field urodziny anniversary within next 7d
field zainteresowania has any of ["muzyka", "sport"]
field ostatnie_logowanie within 30d
field Saldo > field Wartość_zakupów_12m
field Saldo * 2 + field wiek > 300
field contact_id starts with "k0001"
sample 10% salt "a"
not field Kraj = "PL"
at least 2 of < field Kraj = "PL"; field Saldo > 100; field wiek > 40 >
event Zakup within 30d
event MailOpen within 30d
not event MailOpen within 30d
event MailOpen at least 3 times within 30d
event MailOpen at least 3 times
event MailOpen between 2025-06-01 and 2025-07-01
event MailOpen at least 2 times between 2025-06-01 and 2025-07-01
event Zakup where kwota > 100
event Zakup where kwota > 100 within 90d
event Zakup where kategoria = "buty" at least 2 times
event MailClick where hour(time) >= 20 within 90d
last(Zakup) older than 90d
first(Zakup) within 365d
count(MailOpen) > 10
count(MailOpen within 90d) > 10
count(Zakup where kwota > 100) > 3
sum(Zakup.kwota within 12mo) > 2000
average(Zakup.kwota) > 100
max(Zakup.kwota) > 300
distinct(Zakup.kategoria) >= 3
most_frequent(Zakup.kategoria) = "buty"
last(Zakup.kategoria) = "buty"
active_days(MailOpen within 90d) > 3
sequence < event Zakup; then event MailOpen within 7d >
sequence < event MailSent; then not event MailOpen >
sequence by kategoria < event Zakup; then event Zakup within 30d >
event Zakup within 30d after field Data_otwarcia_konta
event Zakup after field ostatnie_logowanie
top 1000 by field Saldo
top 10% by sum(Zakup.kwota within 12mo)
if(field Kraj = "PL", field Saldo, field wiek) > 50
logistic(field wiek / 10) > 0.9
month(field urodziny) = 5
field Status_VIP = "Gold" for 7d"#;

/// Nanoseconds of all nodes of an item.
fn own(item: &Value) -> f64 {
    let parts: f64 = item["parts"].as_array().unwrap().iter().map(own).sum();
    item["measured"]["own_ns"].as_f64().unwrap() + parts
}

fn main() {
    let Ok(store) = std::env::var("SEGQL_BENCH_STORE") else {
        println!("skipped: SEGQL_BENCH_STORE names no store");
        return;
    };
    let mut ratios = Vec::new();
    println!("{:>12} {:>12} {:>6}", "measured", "model", "ratio");
    for condition in CONDITIONS.lines() {
        let arguments =
            ["explain", "--analyze", "--repeat", "9", "--format", "json", "--now", NOW, "--store", &store, "-e", condition];
        let output = Command::new(env!("CARGO_BIN_EXE_segql")).args(arguments).output().unwrap();
        let analysis: Value = serde_json::from_slice(&output.stdout).unwrap();
        let root = &analysis["segments"][0];
        let contacts = analysis["contacts"].as_f64().unwrap();
        let (measured, model) = (own(root) * 1_000.0 / contacts, root["cost"].as_f64().unwrap().max(1.0));
        println!("{measured:>9.0} ps {model:>9.0} ps {:>6.2}  {condition}", measured / model);
        ratios.push(measured / model);
    }
    ratios.sort_unstable_by(f64::total_cmp);
    let far = ratios.iter().filter(|ratio| !(1.0 / 3.0..3.0).contains(*ratio)).count();
    println!("median {:.2}; {far} of {} beyond a factor of 3", ratios[ratios.len() / 2], ratios.len());
}
