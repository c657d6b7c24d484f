//! Numbers, money, lengths of time and dates as they are written elsewhere.

use super::super::lex::{Kind, Token};
use super::{Finding, Place, names_kind};
use crate::diag::codes;

/// What is wrong with a number or a date wherever it stands.
pub(super) fn lexical(text: &str, tokens: &[Token], index: usize) -> Option<Finding> {
    let token = *tokens.get(index)?;
    if token.kind == Kind::Date {
        return date(text, tokens, index, token);
    }
    let word = token.text(text);
    let beside = |offset: isize| index.checked_add_signed(offset).and_then(|index| tokens.get(index)).copied();
    if beside(-1).is_some_and(|before| names_kind(before.text(text))) && !beside(-2).is_some_and(|b| names_kind(b.text(text))) {
        return name(text, tokens, index);
    }
    if beside(-1).is_some_and(|before| before.kind == Kind::Sign && before.end == token.start && before.text(text) == "$")
        || beside(-1).is_some_and(|before| matches!(before.text(text), "€" | "£"))
    {
        let start = beside(-1).map_or(token.start, |before| before.start);
        return Some(money(start..token.end, word));
    }
    let (digits, suffix) = split(word);
    if is_currency(suffix) {
        return Some(money(token.range(), digits));
    }
    let next = beside(1)?;
    let following = next.text(text);
    if !suffix.is_empty() || beside(-1).is_some_and(|before| before.text(text) == "last") {
        return None;
    }
    if is_currency(following) && (next.kind == Kind::Word || next.kind == Kind::Sign) {
        return Some(money(token.start..next.end, word));
    }
    let percent = matches!(following.to_lowercase().as_str(), "%" | "percent" | "procent" | "proc" | "pct");
    percent.then(|| {
        Finding::new(codes::E0153, token.start..next.end, format!("a percentage is written `{word}%`"))
            .here(if following == "%" { "without a space" } else { "with the sign `%`" })
            .write(format!("{word}%"))
    })
}

/// What is wrong with the numbers where reading stopped.
pub(super) fn find(place: &Place<'_>, found: &mut Vec<Finding>) {
    found.extend(decimal_comma(place));
    found.extend(groups_of_three(place));
    found.extend(long_duration(place));
    found.extend([0, -1].iter().filter_map(|ahead| suffixed(place, *ahead)));
}

/// Digits (with a fraction), and what is attached to them.
fn split(word: &str) -> (&str, &str) {
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '_' && c != '.').unwrap_or(word.len());
    word.split_at_checked(end).unwrap_or((word, ""))
}

fn money(at: std::ops::Range<usize>, digits: &str) -> Finding {
    Finding::new(codes::E0152, at, "an amount of money is written as a plain number")
        .here("without its currency")
        .help("amounts are compared as they are in the data: in the currency in which they were recorded")
        .write(digits)
}

fn is_currency(word: &str) -> bool {
    let lower = word.to_lowercase();
    matches!(
        lower.as_str(),
        "zł" | "zl"
            | "pln"
            | "złotych"
            | "zlotych"
            | "€"
            | "eur"
            | "euro"
            | "euros"
            | "$"
            | "usd"
            | "£"
            | "gbp"
            | "chf"
            | "czk"
            | "kč"
    )
}

/// `field 2nd_purchase`: the name goes on over everything that touches it.
fn name(text: &str, tokens: &[Token], index: usize) -> Option<Finding> {
    let first = tokens.get(index)?;
    let mut end = first.end;
    for token in tokens.get(index + 1..).unwrap_or_default() {
        if token.start != end || !matches!(token.kind, Kind::Word | Kind::Number) && token.text(text) != "-" {
            break;
        }
        end = token.end;
    }
    let name = text.get(first.start..end)?;
    Some(
        Finding::new(codes::E0134, first.start..end, "a name that begins with a digit stands between backticks")
            .certain("put it between backticks", vec![(first.start..end, format!("`{name}`"))]),
    )
}

/// `1000,50`
fn decimal_comma(place: &Place<'_>) -> Option<Finding> {
    let (before, comma, after) = (place.token(-1)?, place.token(0)?, place.token(1)?);
    let text = |token: Token| token.text(place.text);
    let adjacent = before.end == comma.start && comma.end == after.start;
    if text(comma) != "," || !adjacent || before.kind != Kind::Number || after.kind != Kind::Number {
        return None;
    }
    let (whole, fraction) = (text(before), text(after));
    let at = before.start..after.end;
    if fraction.len() == 3 && whole.len() <= 3 && !whole.contains('.') && fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Some(
            Finding::new(codes::E0151, at, format!("`{whole},{fraction}` can be read as thousands or as a fraction"))
                .here("no commas inside a number")
                .perhaps(format!("{whole}_{fraction}"))
                .perhaps(format!("{whole}.{fraction}")),
        );
    }
    if let Some((_, last)) = whole.rsplit_once('.')
        && last.len() == 3
    {
        let plain = format!("{}.{fraction}", whole.replace('.', "_"));
        return Some(Finding::new(codes::E0151, at, "thousands are not separated by `.`").write(plain));
    }
    Some(Finding::new(codes::E0150, at, "a fraction begins with a point, not with a comma").write(format!("{whole}.{fraction}")))
}

/// `1 000`, `1 000 000,50`, `1.000.000`
fn groups_of_three(place: &Place<'_>) -> Option<Finding> {
    let first = place.token(-1).filter(|token| token.kind == Kind::Number)?;
    let dotted = place.word(0) == ".";
    let mut index = place.index + usize::from(dotted);
    let mut number = place.word(-1).replace('.', "_");
    let mut end = first.end;
    let three = |token: &Token| {
        let text = token.text(place.text);
        token.kind == Kind::Number && text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit())
    };
    if dotted && !place.token(-1).is_some_and(|t| t.text(place.text).contains('.')) {
        return None;
    }
    while let Some(token) = place.tokens.get(index).filter(|token| three(token)) {
        number.push('_');
        number.push_str(token.text(place.text));
        end = token.end;
        index += 1;
        if dotted {
            match place.tokens.get(index).filter(|dot| dot.text(place.text) == "." && dot.start == end) {
                Some(_) => index += 1,
                None => break,
            }
        }
    }
    if end == first.end || !place.word(-1).bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    if let [comma, fraction, ..] = place.tokens.get(index..).unwrap_or_default()
        && comma.text(place.text) == ","
        && comma.start == end
        && fraction.kind == Kind::Number
        && fraction.start == comma.end
    {
        number.push('.');
        number.push_str(fraction.text(place.text));
        end = fraction.end;
    }
    let message = if dotted { "thousands are not separated by `.`" } else { "a number has no spaces inside" };
    Some(Finding::new(codes::E0151, first.start..end, message).here("thousands may be separated by `_`").write(number))
}

/// The short unit for a word such as `days` or `dni`; nothing for one that is a unit already.
pub(super) fn unit(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "s" | "second" | "seconds" | "sec" | "secs" | "sekunda" | "sekundy" | "sekund" => "s",
        "min" | "minute" | "minutes" | "mins" | "minuta" | "minuty" | "minut" => "min",
        "h" | "hour" | "hours" | "hr" | "hrs" | "godzina" | "godziny" | "godzin" | "godz" => "h",
        "d" | "day" | "days" | "dzień" | "dzien" | "dni" | "dnia" => "d",
        "w" | "week" | "weeks" | "wk" | "wks" | "tydzień" | "tydzien" | "tygodnie" | "tygodni" | "tyg" => "w",
        "mo" | "month" | "months" | "mon" | "mos" | "miesiąc" | "miesiac" | "miesiące" | "miesiace" | "miesięcy" | "miesiecy"
        | "mies" => "mo",
        "y" | "year" | "years" | "yr" | "yrs" | "rok" | "lata" | "lat" => "y",
        _ => return None,
    })
}

/// `30 days`, `1h 30min`
fn long_duration(place: &Place<'_>) -> Option<Finding> {
    // Reading stops at the unit, or at the number before it.
    let (number, word) = match (place.kind(-1), place.kind(0), place.kind(1)) {
        (Some(Kind::Number), Some(Kind::Word | Kind::Number), _) => (place.token(-1)?, place.token(0)?),
        (_, Some(Kind::Number), Some(Kind::Word)) => (place.token(0)?, place.token(1)?),
        _ => return None,
    };
    let (digits, word_text) = (number.text(place.text), word.text(place.text));
    let at = number.start..word.end;
    // A number is compared with a number, whatever stands behind it.
    let before = place.tokens.iter().rev().find(|token| token.end <= number.start).map_or("", |token| token.text(place.text));
    if matches!(before, "=" | "!=" | "<" | "<=" | ">" | ">=") {
        return None;
    }
    if word.kind == Kind::Number {
        let duration = |text: &str| split(text).1.chars().all(char::is_alphabetic) && unit(split(text).1).is_some();
        return (duration(digits) && duration(word_text)).then(|| {
            Finding::new(codes::E0162, at, "a length of time has no spaces inside").write(format!("{digits}{word_text}"))
        });
    }
    if !split(digits).1.is_empty() {
        return None;
    }
    if matches!(word_text, "m" | "M") {
        return Some(minutes_or_months(at, digits));
    }
    let unit = unit(word_text)?;
    Some(length(at, digits, unit))
}

fn length(at: std::ops::Range<usize>, digits: &str, unit: &str) -> Finding {
    if digits.contains('.') {
        return fraction(at, digits, unit);
    }
    Finding::new(codes::E0162, at, format!("this length of time is written `{digits}{unit}`"))
        .here("a number and its unit in one word")
        .help("units: `s`, `min`, `h`, `d`, `w`, `mo`, `y`")
        .write(format!("{digits}{unit}"))
}

fn minutes_or_months(at: std::ops::Range<usize>, digits: &str) -> Finding {
    Finding::new(codes::E0163, at, format!("`{digits}m` can be minutes or months"))
        .here("which of them?")
        .perhaps(format!("{digits}mo"))
        .perhaps(format!("{digits}min"))
}

/// `1.5h`
fn fraction(at: std::ops::Range<usize>, digits: &str, unit: &str) -> Finding {
    let finding = Finding::new(codes::E0172, at, "a length of time is made of whole numbers").here("a fraction of a unit");
    let (smaller, many) = match unit {
        "min" => ("s", 60.0),
        "h" => ("min", 60.0),
        "d" => ("h", 24.0),
        "w" => ("d", 7.0),
        "y" => ("mo", 12.0),
        _ => ("d", 30.0),
    };
    let amount = digits.parse::<f64>().unwrap_or(1.0) * many;
    let rounded = amount.round().max(1.0);
    if (amount - rounded).abs() < 1e-9 && unit != "mo" {
        finding.write(format!("{rounded:.0}{smaller}"))
    } else {
        finding.perhaps(format!("{rounded:.0}{smaller}"))
    }
}

/// `30days`, `180m`, `30x`, `2k`
fn suffixed(place: &Place<'_>, ahead: isize) -> Option<Finding> {
    let token = place.token(ahead).filter(|token| token.kind == Kind::Number)?;
    let (digits, suffix) = split(token.text(place.text));
    if suffix.is_empty() || suffix == "%" || !suffix.chars().all(char::is_alphabetic) {
        return None;
    }
    let at = token.range();
    if matches!(suffix, "m" | "M") {
        return Some(minutes_or_months(at, digits));
    }
    if let Some(unit) = unit(suffix) {
        return (unit != suffix || digits.contains('.')).then(|| length(at, digits, unit));
    }
    if matches!(suffix, "x" | "X" | "×") && matches!(place.word(ahead - 1), "least" | "most" | "exactly") {
        let finding = Finding::new(codes::E0175, at, format!("`{digits}{suffix}` is written `{digits} times`"));
        return Some(finding.write(format!("{digits} times")));
    }
    let thousand = match suffix.to_lowercase().as_str() {
        "k" | "tys" => Some("000"),
        "mln" | "mio" => Some("000_000"),
        _ => None,
    };
    if let Some(zeros) = thousand.filter(|_| !digits.contains('.')) {
        let message = format!("`{digits}{suffix}` is written out");
        return Some(Finding::new(codes::E0151, at, message).write(format!("{digits}_{zeros}")));
    }
    let message = format!("`{suffix}` is not a unit of time");
    let start = token.start + digits.len();
    let finding = Finding::new(codes::E0164, start..token.end, message)
        .here("units: `s`, `min`, `h`, `d`, `w`, `mo`, `y`")
        .help("minutes are `min`, months are `mo`");
    Some(finding.repair(vec![(start..token.end, "d".to_owned())], false))
}

/// A date in another order, with other signs, or with a part missing.
fn date(text: &str, tokens: &[Token], index: usize, token: Token) -> Option<Finding> {
    let word = token.text(text);
    if index.checked_sub(1).and_then(|before| tokens.get(before)).is_some_and(|before| names_kind(before.text(text))) {
        return name(text, tokens, index);
    }
    let end = word.find(['T', 't', ' ', ':']).unwrap_or(word.len());
    let (day, time) = word.split_at_checked(end)?;
    let parts: Vec<&str> = day.split(['-', '/', '.']).collect();
    let time = clock(time);
    let canonical = matches!(parts.as_slice(), [y, m, d] if y.len() == 4 && m.len() == 2 && d.len() == 2) && day.contains('-');
    if canonical && time == word.get(end..)? {
        return None;
    }
    let at = token.range();
    let number = |part: &str| part.parse::<u32>().unwrap_or(0);
    let write = |y: &str, m: &str, d: &str| format!("{y}-{:02}-{:02}{time}", number(m), number(d));
    let possible = |m: &str, d: &str| (1..=12).contains(&number(m)) && (1..=31).contains(&number(d));
    let finding =
        Finding::new(codes::E0160, at.clone(), format!("`{word}` is not how a date is written")).here("year, month, day");
    Some(match parts.as_slice() {
        [y, m] | [m, y] if y.len() == 4 => month(at, tokens, index, text, y, number(m)),
        [y, m, d] if y.len() == 4 && possible(m, d) => finding.write(write(y, m, d)),
        [y, d, m] if y.len() == 4 && possible(m, d) => finding.perhaps(write(y, m, d)),
        [d, m, y] if y.len() == 4 && day.contains('.') && possible(m, d) => finding.write(write(y, m, d)),
        [d, m, y] if y.len() == 2 && possible(m, d) => finding.perhaps(write(&format!("20{y}"), m, d)),
        [a, b, y] if y.len() == 4 => match (possible(b, a), possible(a, b)) {
            (true, true) if a != b => {
                finding.help("day or month first? Both are read somewhere").perhaps(write(y, b, a)).perhaps(write(y, a, b))
            }
            (true, _) => finding.write(write(y, b, a)),
            (false, true) => finding.write(write(y, a, b)),
            _ => impossible(at, word),
        },
        _ => impossible(at, word),
    })
}

fn impossible(at: std::ops::Range<usize>, word: &str) -> Finding {
    Finding::new(codes::E0106, at.clone(), format!("`{word}` is not a date"))
        .here("there is no such day")
        .help("a date is written year-month-day, such as `2025-11-01`")
        .repair(vec![(at, "2025-01-01".to_owned())], false)
}

/// `11-2025`
fn month(at: std::ops::Range<usize>, tokens: &[Token], index: usize, text: &str, year: &str, month: u32) -> Finding {
    if !(1..=12).contains(&month) {
        return impossible(at.clone(), text.get(at).unwrap_or_default());
    }
    let exists = |day: &u32| crate::time::parse_date(&format!("{year}-{month:02}-{day:02}")).is_ok();
    let last = (28..=31).rev().find(exists).unwrap_or(28);
    let whole = format!("between {year}-{month:02}-01 and {year}-{month:02}-{last:02}");
    let finding = Finding::new(codes::E0161, at.clone(), "a month alone is not a point in time")
        .here("the day is missing")
        .help(format!("the whole month is `{whole}`"));
    let before = index.checked_sub(1).and_then(|before| tokens.get(before));
    match before.filter(|word| matches!(word.text(text), "on" | "in" | "during")) {
        Some(word) => finding.maybe(format!("write `{whole}`"), vec![(word.start..at.end, whole)]),
        None => finding.perhaps(format!("{year}-{month:02}-01")),
    }
}

/// A time of day as the language writes it after a date.
fn clock(time: &str) -> String {
    let time = time.trim_start_matches([' ', 'T', 't']);
    if time.is_empty() {
        return String::new();
    }
    let time = time.replace('z', "Z");
    match time.rfind(['+', '-']) {
        Some(at) if time.len() - at == 3 => format!("T{time}:00"),
        _ => format!("T{time}"),
    }
}

/// Whether a token is a number or a percentage of the language.
pub(super) fn is_number(word: &str) -> bool {
    let (digits, suffix) = split(word);
    !digits.is_empty() && (suffix.is_empty() || suffix == "%")
}

/// Whether a token is a length of time of the language.
pub(super) fn is_duration(word: &str) -> bool {
    let mut rest = word;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let tail = rest.get(digits..).unwrap_or_default();
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        if digits == 0 || !tail.get(..letters).is_some_and(|unit| matches!(unit, "s" | "min" | "h" | "d" | "w" | "mo" | "y")) {
            return false;
        }
        rest = tail.get(letters..).unwrap_or_default();
    }
    !word.is_empty()
}
