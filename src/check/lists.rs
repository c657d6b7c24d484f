//! Static lists: files of contact ids.

use std::path::Path;

use super::files::{ReadFile, normal};
use super::names::Names;
use super::typed::StaticList;
use crate::diag::{Diagnostic, codes};
use crate::syntax::Sources;

/// Reads every list. A file that cannot be read is reported; its list is empty.
///
/// The file has one id a line, or is a CSV file: with a header that has a column `contact_id`, the ids of this column,
/// otherwise the first column. Empty lines are passed over.
pub(super) fn load(
    sources: &Sources,
    names: &Names<'_>,
    read: ReadFile<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<StaticList> {
    let mut lists = Vec::with_capacity(names.lists.len());
    for (source, definition) in &names.lists {
        let base = sources.get(*source).map_or("", |s| s.name.as_str());
        let path = normal(&Path::new(base).parent().unwrap_or(Path::new("")).join(&definition.file.value));
        let ids = match read(&path).and_then(|text| ids(&text)) {
            Ok(ids) => ids,
            Err(reason) => {
                let message = format!("cannot read the list `{}`: {reason}", definition.file.value);
                diagnostics.push(
                    Diagnostic::new(codes::E0217, definition.file.span, message)
                        .help("the path is relative to the script; the file has one contact id a line"),
                );
                Vec::new()
            }
        };
        lists.push(StaticList { name: definition.name.value.clone(), ids });
    }
    lists
}

fn ids(text: &str) -> Result<Vec<String>, String> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut ids = Vec::new();
    let mut column = 0;
    for (at, record) in reader.records().enumerate() {
        let record = record.map_err(|error| error.to_string())?;
        if at == 0
            && let Some(header) = record.iter().position(|cell| cell.trim() == "contact_id")
        {
            column = header;
            continue;
        }
        let id = record.get(column).unwrap_or_default();
        if !id.is_empty() {
            ids.push(crate::value::nfc(id).into_owned());
        }
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::ids;

    #[test]
    fn one_a_line_or_a_column() {
        assert_eq!(ids("b\na\n\nb\n").unwrap(), ["a", "b"]);
        assert_eq!(ids("name,contact_id\nX,2\nY,00001\n").unwrap(), ["00001", "2"]);
        assert_eq!(ids("\u{FEFF}contact_id\r\nx\r\n").unwrap(), ["x"]);
        assert_eq!(ids("").unwrap(), Vec::<String>::new());
    }
}
