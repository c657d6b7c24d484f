//! A new name for a definition, in every file.
//!
//! Goes in: the texts of all files, the old name and the new one. Comes out: the texts in which the definition and
//! everything that refers to it has the new name, and nothing else is changed, comments included.

use crate::fmt::written_name;
use crate::syntax::parse::{Node, NodeKind};
use crate::syntax::parts::{Part, parts};
use crate::value::nfc;

/// A file.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// What people call it.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// A file after a renaming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renamed {
    /// Its text.
    pub text: String,
    /// How many places have changed.
    pub places: usize,
}

/// What has a name. Names of different kinds do not clash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `segment s = ...`
    Segment,
    /// `list l = "..."`
    List,
    /// `decision d < ... >`
    Decision,
    /// `let $v = ...`, `param $v: ...`: they share their names.
    Value,
}

/// Why nothing was renamed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenameError {
    /// The new name is none.
    #[error("`{0}` cannot be a name; a name is not empty and has no backticks and no line breaks")]
    NotAName(String),
    /// A value gets the name of something else, or the other way round.
    #[error("`{old}` and `{new}` are names of different kinds; {words}")]
    OtherKind {
        /// The old name as it was given.
        old: String,
        /// The new name as it was given.
        new: String,
        /// What to do instead.
        words: &'static str,
    },
    /// A file has mistakes, so that it is not known what it refers to.
    #[error("`{0}` has mistakes; correct them first (`segql check {0}` shows them)")]
    Broken(String),
    /// Nothing has the old name.
    #[error("no file given here defines `{name}`{hint}")]
    Unknown {
        /// The old name.
        name: String,
        /// A name like it, in words, or nothing.
        hint: String,
    },
    /// Several things of different kinds have the old name.
    #[error("`{name}` is {kinds}; say which with {remedy}")]
    Ambiguous {
        /// The old name.
        name: String,
        /// Which kinds.
        kinds: String,
        /// How to say it.
        remedy: String,
    },
    /// Something has the new name already.
    #[error("there is a {kind} `{name}` already, in `{file}` on line {line}")]
    Taken {
        /// Of which kind.
        kind: &'static str,
        /// The new name.
        name: String,
        /// Where.
        file: String,
        /// On which line, from 1.
        line: usize,
    },
}

impl Kind {
    const ALL: [Self; 4] = [Self::Segment, Self::List, Self::Decision, Self::Value];

    fn word(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::List => "list",
            Self::Decision => "decision",
            Self::Value => "value",
        }
    }

    fn node(self) -> NodeKind {
        match self {
            Self::Segment => NodeKind::segment_name,
            Self::List => NodeKind::list_name,
            Self::Decision => NodeKind::decision_name,
            Self::Value => NodeKind::param_name,
        }
    }
}

/// A name in a file.
struct Place<'a> {
    file: usize,
    node: Node<'a>,
    kind: Kind,
    name: String,
    defines: bool,
}

/// Gives the definition `old` the name `new` in all files.
///
/// `old` is a name, `$name`, or with its kind `segment name`, `list name`, `decision name`; `new` is a name, with `$` or
/// without. Backticks are neither needed nor wrong.
///
/// # Errors
/// When a file has mistakes, nothing or more than one kind of thing has the old name, or the new one is taken or is no
/// name. Nothing is renamed then.
///
/// ```
/// use segql::ide::rename::{File, rename};
/// let file = File { name: "a.seg", text: "segment vip = everyone // vip\nsegment b = not segment vip" };
/// let renamed = rename(&[file], "vip", "ważni klienci").unwrap();
/// assert_eq!(renamed[0].text, "segment `ważni klienci` = everyone // vip\nsegment b = not segment `ważni klienci`");
/// ```
pub fn rename(files: &[File<'_>], old: &str, new: &str) -> Result<Vec<Renamed>, RenameError> {
    let (asked, old_name) = old_name(old);
    let (new_is_value, new_name) = match new.trim().strip_prefix('$') {
        Some(rest) => (true, bare(rest)),
        None => (false, bare(new)),
    };
    if new_name.is_empty() || new_name.contains(['`', '\n']) {
        return Err(RenameError::NotAName(new_name));
    }
    let places = places(files)?;
    let kind = kind_of(&places, asked, &old_name)?;
    if new_is_value && kind != Kind::Value {
        let words = "only a `let` or a `param` has a name with `$`";
        return Err(RenameError::OtherKind { old: old.to_owned(), new: new.to_owned(), words });
    }
    if let Some(taken) = places.iter().find(|place| place.defines && place.kind == kind && place.name == new_name) {
        return Err(taken_error(taken, files));
    }
    Ok(files.iter().enumerate().map(|(at, file)| replaced(file, at, &places, (kind, &old_name), &new_name)).collect())
}

/// The name to look for, and its kind where it is given.
fn old_name(old: &str) -> (Option<Kind>, String) {
    let old = old.trim();
    if let Some(name) = old.strip_prefix('$') {
        return (Some(Kind::Value), bare(name));
    }
    let with_kind = [Kind::Segment, Kind::List, Kind::Decision].into_iter().find_map(|kind| {
        let name = old.strip_prefix(kind.word())?;
        name.starts_with([' ', '`']).then(|| (Some(kind), bare(name)))
    });
    with_kind.unwrap_or_else(|| (None, bare(old)))
}

/// A name in NFC without its backticks.
fn bare(name: &str) -> String {
    let name = name.trim();
    let inner = name.strip_prefix('`').and_then(|name| name.strip_suffix('`')).unwrap_or(name);
    nfc(inner).into_owned()
}

/// Every name in every file, in order.
fn places<'a>(files: &[File<'a>]) -> Result<Vec<Place<'a>>, RenameError> {
    let mut places = Vec::new();
    for (file, File { name, text }) in files.iter().enumerate() {
        for part in parts(text).unwrap_or_default() {
            match part {
                Part::Whole(node) => collect(file, node, NodeKind::statement, &mut places),
                Part::Broken(_) => return Err(RenameError::Broken((*name).to_owned())),
            }
        }
    }
    Ok(places)
}

fn collect<'a>(file: usize, node: Node<'a>, parent: NodeKind, places: &mut Vec<Place<'a>>) {
    if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.node() == node.kind) {
        let defines = matches!(
            parent,
            NodeKind::segment_def | NodeKind::list_def | NodeKind::decision_def | NodeKind::let_def | NodeKind::param_def
        );
        let name = bare(node.text);
        places.push(Place { file, node, kind, name, defines });
        return;
    }
    let kind = node.kind;
    for child in node.children {
        collect(file, child, kind, places);
    }
}

fn kind_of(places: &[Place<'_>], asked: Option<Kind>, name: &str) -> Result<Kind, RenameError> {
    let is_meant = |place: &&Place<'_>| place.defines && asked.is_none_or(|kind| kind == place.kind);
    let defined = |kind: &Kind| places.iter().filter(is_meant).any(|place| place.kind == *kind && place.name == name);
    // A value is asked for with its `$`.
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| asked.is_some() || *kind != Kind::Value).filter(defined).collect();
    match kinds.as_slice() {
        [kind] => Ok(*kind),
        [] => {
            let near = crate::check::nearest(name, places.iter().filter(is_meant).map(|place| place.name.as_str()));
            let as_value = asked.is_none() && places.iter().any(|place| place.defines && place.name == name);
            let hint = match near {
                _ if as_value => format!("; did you mean `${name}`?"),
                Some(near) => format!("; did you mean `{near}`?"),
                None => String::new(),
            };
            Err(RenameError::Unknown { name: name.to_owned(), hint })
        }
        kinds => {
            let joined = |words: Vec<String>, by: &str| words.join(by);
            Err(RenameError::Ambiguous {
                name: name.to_owned(),
                kinds: joined(kinds.iter().map(|kind| format!("a {}", kind.word())).collect(), " and "),
                remedy: joined(kinds.iter().map(|kind| format!("`\"{} {name}\"`", kind.word())).collect(), " or "),
            })
        }
    }
}

fn taken_error(taken: &Place<'_>, files: &[File<'_>]) -> RenameError {
    let file = files.get(taken.file);
    let before = file.and_then(|file| file.text.get(..taken.node.span.start)).unwrap_or_default();
    RenameError::Taken {
        kind: taken.kind.word(),
        name: taken.name.clone(),
        file: file.map_or_else(String::new, |file| file.name.to_owned()),
        line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
    }
}

fn replaced(file: &File<'_>, at: usize, places: &[Place<'_>], old: (Kind, &str), new: &str) -> Renamed {
    let mut renamed = Renamed { text: String::with_capacity(file.text.len()), places: 0 };
    let mut from = 0;
    for place in places.iter().filter(|place| place.file == at && (place.kind, place.name.as_str()) == old) {
        renamed.text.push_str(file.text.get(from..place.node.span.start).unwrap_or_default());
        renamed.text.push_str(&written_name(place.node.kind, new));
        renamed.places += 1;
        from = place.node.span.end;
    }
    renamed.text.push_str(file.text.get(from..).unwrap_or_default());
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "/// vip\nsegment vip = all < $wydatki > 5; list vip; event vip >\nlet $wydatki = sum(vip.vip) // $wydatki\nlist vip = \"vip.csv\"\n";
    const B: &str = "use \"a.seg\"\ndecision d < when segment /* vip */ `vip` -> \"vip\"; otherwise -> \"x\" >\nsegment e = decision d = \"vip\"\ntest \"vip\" { expect \"vip\" in vip expect segment vip = [\"vip\"] expect \"x\" in decision d = \"vip\" }\n";

    fn renamed(old: &str, new: &str) -> Result<(String, String), RenameError> {
        let files = [File { name: "a.seg", text: A }, File { name: "b.seg", text: B }];
        let mut renamed = rename(&files, old, new)?.into_iter().map(|file| file.text);
        Ok((renamed.next().unwrap(), renamed.next().unwrap()))
    }

    #[test]
    fn everything_that_refers_to_it_and_nothing_else() {
        let (a, b) = renamed("segment vip", "decision").unwrap();
        // After `in` a bare `decision` would mean something else.
        assert_eq!(a, A.replace("segment vip", "segment `decision`"));
        assert_eq!(
            b,
            B.replace("`vip`", "vip")
                .replace("*/ vip", "*/ `decision`")
                .replace("in vip", "in `decision`")
                .replace("segment vip", "segment `decision`")
        );
        let (a, b) = renamed("list vip", "stali klienci").unwrap();
        assert_eq!(a, A.replace("list vip", "list `stali klienci`"));
        assert_eq!(b, B);
        let (a, _) = renamed("$wydatki", "`suma`").unwrap();
        assert_eq!(a, A.replacen("$wydatki", "$suma", 2));
        let (_, b) = renamed("d", "oferta").unwrap();
        assert_eq!(b, B.replace("decision d", "decision oferta"));
    }

    #[test]
    fn refusals() {
        let message = |old, new| renamed(old, new).unwrap_err().to_string();
        assert_eq!(message("vip", "x"), "`vip` is a segment and a list; say which with `\"segment vip\"` or `\"list vip\"`");
        assert_eq!(message("segment vip", "e"), "there is a segment `e` already, in `b.seg` on line 3");
        assert_eq!(message("wydatki", "x"), "no file given here defines `wydatki`; did you mean `$wydatki`?");
        assert_eq!(message("list wip", "x"), "no file given here defines `wip`; did you mean `vip`?");
        assert_eq!(message("$nic", "x"), "no file given here defines `nic`");
        assert!(message("e", "").contains("cannot be a name"));
        assert!(message("e", "$x").contains("different kinds"));
        let broken = File { name: "c.seg", text: "segment x = == 1" };
        assert_eq!(rename(&[broken], "x", "y"), Err(RenameError::Broken("c.seg".to_owned())));
    }
}
