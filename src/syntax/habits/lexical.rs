//! What is wrong whatever stands around it: foreign quotes, signs and comments, and numbers with something attached.

use super::super::lex::{Kind, Token};
use super::{Finding, named, names_kind, numbers, quoted};
use crate::diag::codes;

/// Everything of the kind in a text.
pub(in super::super) fn lexical(text: &str, tokens: &[Token]) -> Vec<Finding> {
    let opaque = tokens.first().is_some_and(|token| token.text(text) == "test");
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let view = View { text, tokens, index, token: *token, opaque };
        match token.kind {
            Kind::FancyQuoted => found.push(view.fancy()),
            Kind::SingleQuoted => found.push(view.single()),
            Kind::OpenText => found.push(view.open_text()),
            Kind::OpenName => found.push(view.open_name()),
            Kind::OpenComment => found.push(view.open_comment()),
            Kind::OtherComment => found.push(view.comment()),
            Kind::Invisible => found.push(view.invisible()),
            Kind::Sign => found.extend(view.sign()),
            Kind::Number | Kind::Date => found.extend(numbers::lexical(text, tokens, index)),
            Kind::Text => found.extend(view.quoted_name()),
            Kind::Word | Kind::Name => {}
        }
    }
    found
}

struct View<'a> {
    text: &'a str,
    tokens: &'a [Token],
    index: usize,
    token: Token,
    /// Inside a test, where names of contacts stand in quotes.
    opaque: bool,
}

impl View<'_> {
    fn word(&self) -> &str {
        self.token.text(self.text)
    }

    fn beside(&self, offset: isize) -> &str {
        self.index.checked_add_signed(offset).and_then(|index| self.tokens.get(index)).map_or("", |token| token.text(self.text))
    }

    /// The text between the first and the last character.
    fn content(&self) -> &str {
        let mut chars = self.word().chars();
        chars.next();
        chars.next_back();
        chars.as_str()
    }

    fn after_name_keyword(&self) -> bool {
        let title = self.index == 1 && self.beside(1) == "=" && self.beside(-1) != "field";
        !self.opaque && names_kind(self.beside(-1)) && self.beside(1) != "*" && !title && !names_kind(self.beside(-2))
    }

    fn fancy(&self) -> Finding {
        let content = self.content();
        if self.word().chars().count() < 2 {
            return Finding::new(
                codes::E0130,
                self.token.range(),
                format!("`{}` has no other quotation mark on this line", self.word()),
            )
            .here("straight quotes stand around a text: `\"`")
            .repair(vec![(self.token.range(), String::new())], false);
        }
        if self.after_name_keyword() {
            return self.name(content);
        }
        Finding::new(codes::E0130, self.token.range(), "typographic quotation marks")
            .here("a text stands between straight quotes")
            .write(quoted(content))
    }

    fn single(&self) -> Finding {
        let content = self.content().replace("''", "'").replace("\\'", "'");
        if self.after_name_keyword() {
            return self.name(&content);
        }
        Finding::new(codes::E0131, self.token.range(), "a text in single quotes")
            .here("a text stands between double quotes")
            .write(quoted(&content))
    }

    fn quoted_name(&self) -> Option<Finding> {
        self.after_name_keyword().then(|| self.name(self.content()))
    }

    fn name(&self, content: &str) -> Finding {
        Finding::new(codes::E0133, self.token.range(), "a name stands without quotes")
            .here(format!("the name of {}", kind(self.beside(-1))))
            .write(named(content))
    }

    fn open_text(&self) -> Finding {
        let (word, end) = (self.word(), self.token.end);
        let before = self.index.checked_sub(1).and_then(|before| self.tokens.get(before));
        if let Some(before) = before.filter(|before| before.end == self.token.start && before.kind == Kind::Word)
            && word.len() == 1
        {
            let at = before.start..end;
            return Finding::new(codes::E0112, at, "the opening quote of a text is missing")
                .here("the text only ends here")
                .certain("write `\"` before it", vec![(before.start..before.start, "\"".to_owned())]);
        }
        let finding =
            Finding::new(codes::E0112, self.token.range(), "a text without its closing quote").here("the text begins here");
        let changes = vec![(end..end, "\"".to_owned())];
        let title = format!("write `{word}\"`");
        let sure = word.len() > 1 && !word.contains([' ', '=', '<', '>', '\\']);
        if sure { finding.certain(title, changes) } else { finding.maybe(title, changes) }
    }

    fn open_name(&self) -> Finding {
        let end = self.token.end;
        Finding::new(codes::E0114, self.token.range(), "a name without its closing backtick")
            .here("the name begins here")
            .maybe(format!("write `` {}` ``", self.word()), vec![(end..end, "`".to_owned())])
    }

    fn open_comment(&self) -> Finding {
        let start = self.token.start..self.token.start + 2;
        Finding::new(codes::E0113, start, "a comment that never ends")
            .here("everything after this is comment")
            .help("write `*/` where the comment ends; a comment of one line begins with `//`")
            .repair(vec![(self.token.range(), String::new())], true)
    }

    fn comment(&self) -> Finding {
        let sign = if self.word().starts_with('#') { "#" } else { "--" };
        let at = self.token.start..self.token.start + sign.len();
        Finding::new(codes::E0183, at, format!("a comment begins with `//`, not with `{sign}`"))
            .here("comments in SQL and scripts look like this")
            .write("//")
    }

    fn invisible(&self) -> Finding {
        let c = self.word().chars().next().unwrap_or(' ');
        let by = if c.is_whitespace() { " " } else { "" };
        let message = format!("an invisible character (U+{:04X})", u32::from(c));
        Finding::new(codes::E0115, self.token.range(), message)
            .here("it came with text copied from elsewhere")
            .certain(if by.is_empty() { "remove it" } else { "write a plain space" }, vec![(self.token.range(), by.to_owned())])
    }

    fn sign(&self) -> Option<Finding> {
        let sign = self.word();
        let at = self.token.range();
        let wrong = |code, message: &str, by: &str| Some(Finding::new(code, at.clone(), message).write(by));
        match sign {
            "==" | "===" => wrong(codes::E0140, &format!("`{sign}` is written `=`"), "="),
            "<>" | "!==" | "=!" | "~=" | "^=" | "≠" => wrong(codes::E0141, &format!("`{sign}` is written `!=`"), "!="),
            "=<" | "≤" => wrong(codes::E0142, &format!("`{sign}` is written `<=`"), "<="),
            "≥" => wrong(codes::E0142, "`≥` is written `>=`", ">="),
            "'" => self.lone_quote(),
            _ => look_alike(sign).map(|by| {
                Finding::new(codes::E0116, at.clone(), format!("`{sign}` looks like `{by}` but is another character"))
                    .here("it came with text copied from elsewhere")
                    .write(by)
            }),
        }
    }

    fn lone_quote(&self) -> Option<Finding> {
        let next = self.tokens.get(self.index + 1).filter(|next| next.start == self.token.end)?;
        let changes = vec![(self.token.range(), "\"".to_owned()), (next.end..next.end, "\"".to_owned())];
        Some(
            Finding::new(codes::E0112, self.token.start..next.end, "a text without its closing quote")
                .here("the text begins here")
                .maybe(format!("write `\"{}\"`", next.text(self.text)), changes),
        )
    }
}

/// The sign for which a character from elsewhere stands.
fn look_alike(sign: &str) -> Option<&'static str> {
    Some(match sign {
        "；" | "\u{37E}" => ";",
        "，" | "、" => ",",
        "＝" => "=",
        "＜" | "‹" | "〈" => "<",
        "＞" | "›" | "〉" => ">",
        "（" => "(",
        "）" => ")",
        "［" | "【" => "[",
        "］" | "】" => "]",
        "＄" => "$",
        "–" | "—" | "−" | "‐" | "‑" => "-",
        "→" => "->",
        "×" | "·" => "*",
        "÷" => "/",
        "！" => "!",
        _ => return None,
    })
}

/// What a keyword names.
fn kind(keyword: &str) -> &'static str {
    match keyword {
        "event" => "an event",
        "segment" => "a segment",
        "list" => "a list",
        "decision" => "a decision",
        _ => "a field",
    }
}
