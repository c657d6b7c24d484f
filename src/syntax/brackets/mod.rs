//! Which `<` opens a group and which `>` closes one.
//!
//! `>` closes a group unless it stands where a comparison is expected, so this follows, token by token, whether the
//! value of a test has been read and its operator has not. It needs no tree and no recursion: it is what the limit on
//! nesting and the search for the broken part of a script are made of.

mod frame;

use super::lex::{Kind, Token};
use frame::{Count, Frame, Naming, Progress};

/// What the parts of a group are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Members {
    Conditions,
    Filters,
    Steps,
    Branches,
    /// Of a list in square brackets.
    Items,
}

/// What a token did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Nothing,
    /// A bracket was opened. With members it is a group or a list; `implied` means that the `<` is missing before the token.
    Open {
        members: Option<Members>,
        implied: bool,
    },
    /// The innermost brackets were closed; all but the last of them lacked their closing sign.
    Close(usize),
    /// A member of the innermost group or list ends.
    Separator,
}

/// Follows the brackets of a text.
#[derive(Debug)]
pub(super) struct Brackets {
    /// For broken texts: keywords in any case, other brackets for `<`, missing signs.
    tolerant: bool,
    frames: Vec<Frame>,
    /// The word whose name comes next.
    naming: Option<Naming>,
    previous: String,
    previous_kind: Option<Kind>,
    previous_end: usize,
}

impl Brackets {
    pub fn new(tolerant: bool) -> Self {
        let top = Frame::new(None, None, false, 0);
        Self { tolerant, frames: vec![top], naming: None, previous: String::new(), previous_kind: None, previous_end: 0 }
    }

    /// Brackets and `not`s around the next token.
    pub fn depth(&self) -> usize {
        self.frames.last().map_or(0, |frame| frame.depth + frame.nots)
    }

    /// Reads a token; `next` is the one after it.
    pub fn step(&mut self, text: &str, token: Token, next: Option<Token>) -> Event {
        let word = token.text(text);
        let next = next.map(|next| (next.kind, next.text(text)));
        let Some(frame) = self.frames.last_mut() else { return Event::Nothing };
        let event = if frame.closer == Some('}') && frame.members.is_none() {
            self.opaque(word)
        } else if let Some(naming) = self.naming.take().filter(|_| token.kind != Kind::Sign) {
            frame.name(naming);
            Event::Nothing
        } else {
            match token.kind {
                Kind::Sign => self.sign(word, token, next),
                Kind::Word => self.word(word, next),
                _ => self.literal(token.kind),
            }
        };
        self.previous.clear();
        self.previous.push_str(word);
        self.previous_kind = Some(token.kind);
        self.previous_end = token.end;
        event
    }

    /// The inside of a test: only its own brackets matter.
    fn opaque(&mut self, word: &str) -> Event {
        match word {
            "{" => self.open('}', None),
            "}" => self.close('}'),
            _ => Event::Nothing,
        }
    }

    fn literal(&mut self, kind: Kind) -> Event {
        let Some(frame) = self.frames.last_mut() else { return Event::Nothing };
        let head = frame.head.take();
        if frame.count == Count::Words && kind == Kind::Number {
            frame.count = Count::Number;
            frame.head = head;
        } else {
            frame.has = false;
            frame.count = Count::No;
            if frame.progress == Progress::Start {
                frame.progress = Progress::Value;
            }
        }
        Event::Nothing
    }

    fn word(&mut self, word: &str, next: Option<(Kind, &str)>) -> Event {
        let lower;
        let word = if self.tolerant && word.bytes().any(|b| b.is_ascii_uppercase()) && is_structural(&word.to_ascii_lowercase()) {
            lower = word.to_ascii_lowercase();
            lower.as_str()
        } else {
            word
        };
        let tolerant = self.tolerant;
        let top = self.frames.len() == 1;
        let Some(frame) = self.frames.last_mut() else { return Event::Nothing };
        let head = frame.head.take();
        if tolerant && let Some(members) = head.filter(|_| frame.progress == Progress::Start && starts_condition(word)) {
            // The `<` is missing: the group begins all the same.
            self.open('>', Some(members));
            self.word(word, next);
            return Event::Open { members: Some(members), implied: true };
        }
        if top && frame.progress != Progress::Start && begins_definition(word) {
            // The next definition.
            frame.start(false);
            frame.progress = Progress::Done;
        }
        // After a complete operand these words begin a condition, and a `;` is missing before it.
        let complete = !matches!(self.previous_kind, Some(Kind::Word | Kind::Name | Kind::Sign) | None)
            || matches!(self.previous.as_str(), ")" | "]");
        if tolerant && frame.progress == Progress::Done && complete && matches!(word, "field" | "event" | "segment") {
            frame.start(frame.base_filter);
        }
        match word {
            "where" => frame.start(true),
            "when" | "then" if frame.members.is_some() => frame.start(false),
            _ => match frame.progress {
                Progress::Start if frame.filter => self.filter_start(word, next),
                Progress::Start => self.start(word),
                Progress::Value => frame.operator(word, tolerant),
                Progress::Done => self.done(word, next),
            },
        }
        Event::Nothing
    }

    /// A word where a test on an attribute may begin: a name, unless the words of a group stand there.
    fn filter_start(&mut self, word: &str, next: Option<(Kind, &str)>) {
        let tolerant = self.tolerant;
        let Some(frame) = self.frames.last_mut() else { return };
        let next_is = |signs: &[&str]| next.is_some_and(|(_, text)| signs.contains(&text));
        match word {
            "not" => frame.nots += 1,
            "all" | "any" | "none" if next_is(&["<"]) || tolerant && next_is(&["(", "{", "["]) => {
                frame.head = Some(Members::Filters);
            }
            "at" if next_is(&["least", "most"]) => frame.count = Count::Words,
            "exactly" if next.is_some_and(|(kind, _)| kind == Kind::Number) => frame.count = Count::Words,
            "least" | "most" if frame.count == Count::Words => {}
            "of" if frame.count == Count::Number => {
                frame.count = Count::No;
                frame.head = Some(Members::Filters);
            }
            _ => frame.progress = Progress::Value,
        }
    }

    /// A word where a condition or a value may begin.
    fn start(&mut self, word: &str) {
        let Some(frame) = self.frames.last_mut() else { return };
        match word {
            "not" => frame.nots += 1,
            "all" | "any" | "none" => frame.head = Some(Members::Conditions),
            "at" | "exactly" => frame.count = Count::Words,
            "least" | "most" if frame.count == Count::Words => {}
            "of" if frame.count == Count::Number => {
                frame.count = Count::No;
                frame.head = Some(Members::Conditions);
            }
            "sequence" => {
                frame.sequence = true;
                frame.progress = Progress::Done;
            }
            "top" | "bottom" => {
                frame.ranked = true;
                frame.progress = Progress::Done;
            }
            "field" => self.naming = Some(Naming::Value),
            "event" => self.naming = Some(Naming::Event),
            "segment" | "list" => self.naming = Some(Naming::Other),
            "decision" => self.naming = Some(Naming::Decision),
            "sample" | "everyone" | "nobody" | "otherwise" | "use" | "edition" | "test" => frame.progress = Progress::Done,
            "param" | "let" => {}
            _ => frame.progress = Progress::Value,
        }
    }

    /// A word after a test, or after what takes none.
    fn done(&mut self, word: &str, next: Option<(Kind, &str)>) {
        let (tolerant, previous) = (self.tolerant, self.previous.as_str());
        let Some(frame) = self.frames.last_mut() else { return };
        let has = std::mem::take(&mut frame.has);
        match word {
            "and" if frame.between => frame.between = false,
            "and" if matches!(previous, "case" | "accents") && next.is_some_and(|(_, n)| matches!(n, "case" | "accents")) => {}
            "and" if frame.filter => frame.start(true),
            "or" if next.is_some_and(|(_, next)| next.eq_ignore_ascii_case("empty")) => {}
            "and" | "or" if tolerant => frame.start(frame.filter),
            "any" | "only" | "none" | "all" if has => frame.head = Some(Members::Filters),
            "at" | "exactly" if has => {
                frame.has = true;
                frame.count = Count::Words;
                frame.head = Some(Members::Filters);
            }
            "least" | "most" if frame.count == Count::Words => {
                frame.has = has;
                frame.head = Some(Members::Filters);
            }
            "of" if frame.ranked => {
                let nots = frame.nots + 1;
                frame.start(false);
                frame.nots = nots;
            }
            "between" => frame.between = true,
            "field" => self.naming = Some(Naming::Value),
            "event" => self.naming = Some(Naming::Event),
            "segment" | "list" => self.naming = Some(Naming::Other),
            "decision" => self.naming = Some(Naming::Decision),
            _ => {}
        }
    }

    fn sign(&mut self, sign: &str, token: Token, next: Option<(Kind, &str)>) -> Event {
        let (tolerant, adjacent) = (self.tolerant, self.previous_end == token.start);
        let top = self.frames.len() == 1;
        // Closing the only group would leave what follows outside.
        let alone = self.frames.iter().filter(|frame| frame.closer == Some('>')).count() == 1;
        let union = matches!(self.previous.as_str(), "event" | "(");
        let Some(frame) = self.frames.last_mut() else { return Event::Nothing };
        let head = frame.head.take();
        let groups = head.filter(|_| frame.count != Count::Words);
        let counted = frame.count == Count::Number && frame.progress == Progress::Start;
        match sign {
            "<" => match groups {
                Some(members) => return self.open('>', Some(members)),
                None if counted => {
                    let members = if frame.filter { Members::Filters } else { Members::Conditions };
                    return self.open('>', Some(members));
                }
                None if frame.sequence => {
                    frame.sequence = false;
                    return self.open('>', Some(Members::Steps));
                }
                None if frame.decision => {
                    frame.decision = false;
                    return self.open('>', Some(Members::Branches));
                }
                None => frame.compare(),
            },
            ">" if frame.progress == Progress::Value
                && (!tolerant || next.is_some_and(|n| begins_operand(n) || alone && n.1 == ";")) =>
            {
                frame.compare();
            }
            ">" => return self.close('>'),
            "(" | "[" | "{" if tolerant && frame.progress == Progress::Start && (groups.is_some() || counted) => {
                let closer = if sign == "(" {
                    ')'
                } else if sign == "[" {
                    ']'
                } else {
                    '}'
                };
                let members = groups.unwrap_or(if frame.filter { Members::Filters } else { Members::Conditions });
                return self.open(closer, Some(members));
            }
            "(" => return self.open(')', None),
            "[" => return self.open(']', (!union).then_some(Members::Items)),
            "{" => return self.open('}', None),
            ")" => return self.close(')'),
            "]" => return self.close(']'),
            "}" => return self.close('}'),
            ";" => return self.semicolon(),
            "," => {
                let number = next.is_some_and(|(kind, _)| kind == Kind::Number);
                match frame.members {
                    Some(Members::Items) => return Event::Separator,
                    Some(_) if !tolerant || number => {}
                    _ => frame.start(frame.base_filter),
                }
            }
            "$" => self.naming = Some(Naming::Value),
            "." if adjacent => self.naming = Some(Naming::Path),
            "=" if top && frame.progress == Progress::Done => frame.start(false),
            "->" => frame.progress = Progress::Done,
            "&&" | "||" if tolerant => frame.start(frame.filter),
            "=" | "!=" | "<=" | ">=" | "==" | "===" | "!==" | "<>" | "=<" | "=>" => frame.compare(),
            _ => {}
        }
        Event::Nothing
    }

    fn semicolon(&mut self) -> Event {
        // Inside parentheses or a list that nobody closed, the group around them goes on.
        let group =
            self.frames.iter().rposition(|frame| frame.closer.is_some() && frame.members.is_some_and(|m| m != Members::Items));
        let inner_list = self.frames.last().is_some_and(|frame| frame.members == Some(Members::Items));
        if inner_list && self.tolerant {
            return Event::Separator;
        }
        match group {
            Some(group) if group + 1 == self.frames.len() => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.start(frame.base_filter);
                }
                Event::Separator
            }
            _ => Event::Nothing,
        }
    }

    /// Gives up the brackets inside the innermost group: they are not closed.
    pub fn leave_brackets(&mut self) -> usize {
        let Some(group) = self.frames.iter().rposition(|frame| frame.members.is_some_and(|m| m != Members::Items)) else {
            return 0;
        };
        let left = self.frames.len() - group - 1;
        self.frames.truncate(group + 1);
        left
    }

    fn open(&mut self, closer: char, members: Option<Members>) -> Event {
        let Some(frame) = self.frames.last_mut() else { return Event::Nothing };
        frame.count = Count::No;
        frame.has = false;
        let filter = match members {
            None => frame.filter,
            Some(members) => members == Members::Filters,
        };
        let depth = frame.depth + frame.nots + 1;
        self.frames.push(Frame::new(Some(closer), members, filter, depth));
        Event::Open { members, implied: false }
    }

    fn close(&mut self, closer: char) -> Event {
        // `>` also closes a group that was opened by another sign.
        let closes = |frame: &Frame| {
            frame.closer == Some(closer)
                || closer == '>' && frame.closer.is_some() && frame.members.is_some_and(|m| m != Members::Items)
        };
        let Some(found) = self.frames.iter().rposition(closes) else { return Event::Nothing };
        let closed = self.frames.len() - found;
        // `>` closes a group over what is open inside it; the others close only what they opened.
        if closer != '>' && closed > 3 {
            return Event::Nothing;
        }
        self.close_frames(closed)
    }

    /// Closes the innermost brackets.
    pub fn close_frames(&mut self, closed: usize) -> Event {
        let group =
            self.frames.get(self.frames.len() - closed).is_some_and(|frame| frame.members.is_some_and(|m| m != Members::Items));
        self.frames.truncate(self.frames.len() - closed);
        if let Some(frame) = self.frames.last_mut() {
            if group {
                frame.progress = Progress::Done;
            } else if frame.progress == Progress::Start {
                frame.progress = Progress::Value;
            }
        }
        Event::Close(closed)
    }
}

fn begins_operand((kind, text): (Kind, &str)) -> bool {
    match kind {
        Kind::Sign => matches!(text, "$" | "(" | "-" | "="),
        Kind::Word => !begins_definition(text) && !matches!(text, "when" | "otherwise" | "and" | "or" | "AND" | "OR"),
        _ => true,
    }
}

/// Keywords at the start of a definition.
pub(super) fn begins_definition(word: &str) -> bool {
    matches!(word, "segment" | "param" | "use" | "let" | "list" | "decision" | "test" | "edition")
}

/// Words that begin a condition, other than names.
pub(super) fn starts_condition(word: &str) -> bool {
    matches!(
        word,
        "field"
            | "event"
            | "segment"
            | "not"
            | "all"
            | "any"
            | "none"
            | "everyone"
            | "nobody"
            | "at"
            | "exactly"
            | "sequence"
            | "top"
            | "bottom"
            | "sample"
            | "list"
            | "decision"
            | "count"
            | "sum"
            | "average"
            | "min"
            | "max"
            | "distinct"
            | "first"
            | "last"
            | "most_frequent"
            | "nth"
            | "active_days"
            | "active_periods"
            | "if"
    )
}

/// Keywords that matter here in whatever case they are written.
fn is_structural(word: &str) -> bool {
    starts_condition(word)
        || matches!(
            word,
            "where"
                | "and"
                | "or"
                | "between"
                | "has"
                | "of"
                | "least"
                | "most"
                | "only"
                | "when"
                | "then"
                | "otherwise"
                | "is"
                | "in"
                | "contains"
                | "starts"
                | "ends"
                | "matches"
                | "within"
                | "older"
                | "before"
                | "after"
                | "since"
                | "on"
                | "by"
        )
}
