//! Pictures: the few shapes that charts are made of.

use std::fmt::Write as _;

/// A drawing; all lengths are pixels.
pub struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Where a text is anchored.
#[derive(Clone, Copy)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

const PAPER: &str = "#f6f8fa";
pub const INK: &str = "#24292f";
pub const FAINT: &str = "#d0d7de";
pub const COLORS: [&str; 6] = ["#0969da", "#bf3989", "#1a7f37", "#9a6700", "#8250df", "#cf222e"];

impl Svg {
    /// An empty drawing.
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    pub fn rect(&mut self, (x, y): (f64, f64), width: f64, height: f64, color: &str) {
        let _ = writeln!(self.body, r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="{color}"/>"#);
    }

    /// A frame that tells a text under the pointer.
    pub fn framed(&mut self, (x, y): (f64, f64), width: f64, height: f64, tip: &str) {
        let tip = escaped(tip);
        let _ = writeln!(
            self.body,
            r#"<g><title>{tip}</title><rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="4" fill="{PAPER}" stroke="{FAINT}"/></g>"#
        );
    }

    pub fn dot(&mut self, (x, y): (f64, f64), color: &str) {
        let _ = writeln!(self.body, r#"<circle cx="{x:.1}" cy="{y:.1}" r="5" fill="{color}"/>"#);
    }

    pub fn line(&mut self, points: &[(f64, f64)], color: &str, width: f64) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let points = points.join(" ");
        let _ = writeln!(self.body, r#"<polyline points="{points}" fill="none" stroke="{color}" stroke-width="{width:.1}"/>"#);
    }

    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escaped(text);
        let _ = writeln!(self.body, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" fill="{INK}">{text}</text>"#);
    }

    /// The whole picture.
    pub fn finish(self, title: &str) -> String {
        let Self { width, height, body } = self;
        let title = escaped(title);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" font-size=\"12\">\n<title>{title}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{body}</svg>\n"
        )
    }
}

/// A text as XML has it; what XML has no place for is left out.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' | '\r' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => {}
            c => out.push(c),
        }
    }
    out
}

/// A number of contacts as a length.
#[expect(clippy::cast_precision_loss, reason = "a length on a screen")]
pub fn length(part: u64, all: u64, pixels: f64) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 * pixels }
}
