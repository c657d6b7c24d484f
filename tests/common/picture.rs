//! Terminal sessions as SVG pictures for the README and the docs, kept equal to what the program prints.

#![allow(dead_code, reason = "shared by tests of which each uses a part")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Colours of the old VGA palette, and what they become: readable on a dark ground.
const COLOURS: [(&str, &str); 10] = [
    ("#000000", "#16191D"),
    ("#AAAAAA", "#D8DEE4"),
    ("#AA0000", "#FF7B72"),
    ("#00AA00", "#7EE787"),
    ("#AA5500", "#E3B341"),
    ("#0000AA", "#79C0FF"),
    ("#AA00AA", "#D2A8FF"),
    ("#00AAAA", "#76E3EA"),
    ("#585858", "#7D8590"),
    ("#555555", "#7D8590"),
];

/// What a terminal shows: commands and their output.
pub struct Session {
    title: String,
    folder: PathBuf,
    screen: String,
}

impl Session {
    /// An empty terminal in a folder. The title describes the picture to those who cannot see it.
    pub fn new(title: &str, folder: &Path) -> Self {
        Self { title: title.to_owned(), folder: folder.to_owned(), screen: String::new() }
    }

    /// Shows a command line as if it were typed, and output (with colour escapes) below it.
    #[must_use]
    pub fn show(self, command: &str, output: &str) -> Self {
        self.typed("$", command, output)
    }

    /// The same behind another prompt.
    #[must_use]
    pub fn typed(mut self, prompt: &str, command: &str, output: &str) -> Self {
        if !self.screen.is_empty() {
            self.screen.push('\n');
        }
        let _ = write!(self.screen, "\u{1b}[32m{prompt}\u{1b}[0m \u{1b}[1m{command}\u{1b}[0m\n{output}");
        if !output.is_empty() && !output.ends_with('\n') {
            self.screen.push('\n');
        }
        self
    }

    /// Shows what a terminal has on its screen, with colours.
    #[must_use]
    pub fn screen(mut self, screen: &str) -> Self {
        self.screen.push_str(screen);
        self
    }

    /// Runs the program with arguments and shows the command line and what it printed, errors first, in colour.
    #[must_use]
    pub fn run(self, arguments: &[&str]) -> Self {
        // Pictures are drawn by the program that people use; a test may run a slower one.
        let program =
            std::env::var_os("SEGQL_PROGRAM").unwrap_or_else(|| option_env!("CARGO_BIN_EXE_segql").unwrap_or_default().into());
        let output = Command::new(program)
            .args(["--color", "always"])
            .args(arguments)
            .current_dir(&self.folder)
            .env_remove("NO_COLOR")
            .env_remove("SEGQL_STORE")
            .output()
            .expect("the program is built with the tests and starts");
        let printed = [output.stderr, output.stdout].concat();
        let quoted = arguments.iter().map(|argument| quote(argument)).collect::<Vec<_>>();
        self.show(&format!("segql {}", quoted.join(" ")), &String::from_utf8(printed).expect("output is UTF-8"))
    }

    /// Replaces text on the screen that differs from run to run (times, temporary folders).
    #[must_use]
    pub fn replace(mut self, from: &str, to: &str) -> Self {
        self.screen = self.screen.replace(from, to);
        self
    }

    /// The picture.
    pub fn svg(&self) -> String {
        let svg = anstyle_svg::Term::new().min_width_px(640).render_svg(&merged(self.screen.trim_end()));
        let svg = COLOURS.iter().fold(svg, |svg, (from, to)| svg.replace(from, to));
        let title = self.title.replace('&', "&amp;").replace('<', "&lt;");
        match svg.split_once('\n') {
            Some((head, rest)) => format!("{head}\n  <title>{title}</title>\n{rest}"),
            None => svg,
        }
    }

    /// Compares the picture with `docs/img/NAME.svg`; writes it when `UPDATE_PICTURES` is set.
    pub fn check(&self, name: &str) -> Result<(), String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/img").join(format!("{name}.svg"));
        let svg = self.svg();
        if std::env::var_os("UPDATE_PICTURES").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("docs/img can be made");
            std::fs::write(&path, &svg).expect("the picture can be written");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        if timeless(&kept) == timeless(&svg) {
            return Ok(());
        }
        Err(format!("docs/img/{name}.svg is not what the program prints now:\n{}", self.screen))
    }
}

/// The picture without the times taken, which differ from run to run.
fn timeless(svg: &str) -> String {
    let times = regex::Regex::new(r" *\d+\.\d+ ms").expect("a pattern").replace_all(svg, " #").into_owned();
    // The heading stands above the end of the longest.
    regex::Regex::new(r" +time ").expect("a pattern").replace_all(&times, " time ").into_owned()
}

/// An argument as a shell wants it.
fn quote(argument: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=,:$".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) { argument.to_owned() } else { format!("'{argument}'") }
}

/// The same text with fewer escapes: neighbours of one style in one run. Some printers colour each character alone.
fn merged(screen: &str) -> String {
    let mut runs: Vec<(String, String)> = Vec::new();
    let mut style = String::new();
    for (at, piece) in screen.split('\u{1b}').enumerate() {
        let escape = piece.strip_prefix('[').and_then(|piece| piece.split_once('m')).filter(|_| at > 0);
        let (codes, text) = escape.map_or((None, piece), |(codes, text)| (Some(codes), text));
        match codes {
            None => {}
            Some("" | "0") => style.clear(),
            Some(codes) if style.is_empty() => codes.clone_into(&mut style),
            // Styles add up until a reset.
            Some(codes) => style = format!("{style};{codes}"),
        }
        match runs.last_mut() {
            _ if text.is_empty() => {}
            Some((last, so_far)) if *last == style => so_far.push_str(text),
            _ => runs.push((style.clone(), text.to_owned())),
        }
    }
    let run = |(style, text): &(String, String)| match style.as_str() {
        "" => text.clone(),
        style => format!("\u{1b}[{style}m{text}\u{1b}[0m"),
    };
    runs.iter().map(run).collect()
}
