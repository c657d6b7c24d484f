//! `segql explain-error`: the page of a code.

use std::fmt::Write as _;

use super::failure::Failure;
use super::output;
use crate::diag::codes;

/// Prints the page of a code, or all codes with their titles.
pub fn explain_error(code: Option<&str>) -> Result<(), Failure> {
    let Some(wanted) = code else { return output::print(index().as_bytes()) };
    match find(wanted) {
        Some(code) => output::print(code.page().as_bytes()),
        None => Err(Failure::usage(unknown(wanted))),
    }
}

/// `E0203`, `e0203`, `error[E0203]`, `203`
fn find(wanted: &str) -> Option<codes::Code> {
    let bare = wanted.trim().trim_start_matches("error").trim_start_matches("warning").trim_matches(['[', ']', ':']);
    codes::find(bare).or_else(|| {
        let number: u16 = bare.parse().ok()?;
        codes::find(&format!("E{number:04}"))
    })
}

fn index() -> String {
    let mut out = String::new();
    for code in codes::ALL {
        let _ = writeln!(out, "{code}  {}", code.title());
    }
    out
}

fn unknown(wanted: &str) -> String {
    let upper = wanted.to_uppercase();
    let near =
        codes::ALL.iter().map(|code| (strsim::osa_distance(&upper, code.id()), code)).min_by_key(|(distance, _)| *distance);
    let hint = match near {
        Some((1, code)) => format!("; did you mean `{code}` ({})?", code.title()),
        _ => "; `segql explain-error` lists all of them".to_owned(),
    };
    format!("there is no code `{wanted}`{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_in_any_form() {
        for form in ["E0203", "e0203", "error[E0203]:", "203", " E0203 "] {
            assert_eq!(find(form), Some(codes::E0203), "{form}");
        }
        assert_eq!(find("E9999"), None);
        assert!(unknown("E0293").contains("did you mean `E0203`") || unknown("E0293").contains("did you mean"));
        assert!(unknown("nonsense").contains("lists all"));
        assert_eq!(index().lines().count(), codes::ALL.len());
    }
}
