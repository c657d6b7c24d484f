//! Phrases from elsewhere and what is written here instead.
//!
//! A pattern is words and signs between spaces, in any case; `a|b` is a choice. `{int}` is a whole number, `{count}` a
//! number in words, `{num}` a number, `{str}` a text, `{word}` a name, `{date}` a point in time, `{value}` a literal,
//! `{dur}` a length of time (`30d`, `30 days`), `{unit}` a unit alone. `{1}` in the other column is what stood for the
//! first of them, `{1+}` one more. `~` marks a sign before or after the phrase that must stand there and stays. A `?` in front marks a guess, ` ?? ` separates several.

use super::super::parse::NodeKind;
use crate::diag::{Code, codes};

/// Phrases with one code.
pub(super) struct Group {
    pub code: Code,
    /// Said at the place.
    pub label: &'static str,
    /// The reason, or more advice.
    pub help: &'static str,
    /// What must be read for them to count; anything if empty.
    pub rules: &'static [NodeKind],
    pub phrases: &'static [(&'static str, &'static str)],
}

const BRANCH: &[NodeKind] = &[NodeKind::branch_alone];

const fn group(code: Code, label: &'static str, help: &'static str, phrases: &'static [(&'static str, &'static str)]) -> Group {
    Group { code, label, help, rules: &[], phrases }
}

/// The table, likelier groups first.
pub(super) const GROUPS: &[Group] = &[
    group(codes::E0144, "a missing value is called empty", "", NULL),
    group(codes::E0148, "", "", COMPARISONS),
    group(codes::E0168, "", "`within 30d` is the time up to now; `last 30 days` are 30 whole days before today", SLIDING),
    group(codes::E0167, "", "", AGO_TOO_MUCH),
    group(codes::E0169, "", "", OLDER),
    group(codes::E0176, "", "", TIMES_IN_WORDS),
    group(codes::E0166, "a length of time is no point in time", "", AGO_MISSING),
    group(codes::E0170, "", "both ends belong to the range", RANGES),
    group(codes::E0171, "", "", NOW),
    group(codes::E0175, "how many what?", "", TIMES_MISSING),
    group(codes::E0154, "a number is written in digits", "", NUMBER_WORDS),
    group(codes::E0177, "at least, at most, or exactly?", "", BARE_TIMES),
    group(codes::E0165, "the unit is missing", "units: `s`, `min`, `h`, `d`, `w`, `mo`, `y`", UNIT_MISSING),
    group(codes::E0143, "", "", NOT),
    Group { code: codes::E0187, label: "", help: "", rules: BRANCH, phrases: ARROWS },
    Group { code: codes::E0188, label: "", help: "", rules: BRANCH, phrases: OTHERWISE },
    group(codes::E0142, "", "", REVERSED),
    group(codes::E0137, "", "", FIELD_AS_MEMBER),
    group(codes::E0189, "the function's name says it already", "", EVENT_IN_CALL),
    group(codes::E0190, "", "", FUNCTIONS),
    group(codes::E0138, "keywords are English words", "", OTHER_LANGUAGES),
];

type Phrases = &'static [(&'static str, &'static str)];

const NULL: Phrases = &[
    ("is not null|nil|none|empty|blank|missing|undefined|unset|unknown", "is set"),
    ("is null|nil|none|blank|missing|undefined|unset|unknown", "is empty"),
    ("is not set|known|present|defined", "is empty"),
    ("is known|present|defined|filled", "is set"),
    ("isnull", "is empty"),
    ("notnull", "is set"),
    ("= null|nil|none|undefined|empty", "is empty"),
    ("!= null|nil|none|undefined|empty", "is set"),
    ("does not exist", "is empty"),
    ("not exists", "is empty"),
    ("exists", "is set"),
];

const COMPARISONS: Phrases = &[
    ("is not equal to", "!="),
    ("does not equal", "!="),
    ("not equal to", "!="),
    ("not equals|equal", "!="),
    ("is equal to", "="),
    ("equal to", "="),
    ("equals|eq", "="),
    ("is greater|more|higher|larger|bigger than or equal to", ">="),
    ("is less|lower|smaller than or equal to", "<="),
    ("greater|more|higher|larger than or equal to", ">="),
    ("less|lower|smaller than or equal to", "<="),
    ("is greater|more|higher|larger|bigger than", ">"),
    ("is less|lower|smaller|fewer than", "<"),
    ("greater|more|higher|larger|bigger than", ">"),
    ("less|lower|smaller|fewer than", "<"),
    ("is at least {num}", ">= {1}"),
    ("is at most {num}", "<= {1}"),
    ("at least {num}", ">= {1}"),
    ("at most {num}", "<= {1}"),
    ("no less|fewer than", ">="),
    ("no more than", "<="),
    ("is over|above {num}", "> {1}"),
    ("is under|below {num}", "< {1}"),
    ("over|above {num}", "> {1}"),
    ("under|below {num}", "< {1}"),
    ("is not {value}", "!= {1}"),
    ("is {value}", "= {1}"),
    ("is not in", "not in"),
    ("is not one of", "not in"),
    ("is not any of", "not in"),
    ("isn't in", "not in"),
    ("notin", "not in"),
    ("! in", "not in"),
    ("is one of", "in"),
    ("is any of", "in"),
    ("one of", "in"),
    ("any of [", "in ["),
    ("is in", "in"),
    ("is between", "between"),
    ("is before", "before"),
    ("is after", "after"),
    ("is on", "on"),
    ("is within", "within"),
    ("is older than", "older than"),
    ("begins|begin with", "starts with"),
    ("is like", "contains"),
    ("startswith|starts_with", "starts with"),
    ("endswith|ends_with", "ends with"),
    ("start with", "starts with"),
    ("end with", "ends with"),
    ("starts {str}", "starts with {1}"),
    ("ends {str}", "ends with {1}"),
    ("contain|includes|include", "contains"),
    ("match|rlike|regexp", "matches"),
    ("contains ( {str} )", "contains {1}"),
    ("is yes", "is true"),
    ("is no", "is false"),
    ("gte", ">="),
    ("lte", "<="),
    ("gt", ">"),
    ("lt", "<"),
];

const SLIDING: Phrases = &[
    ("within|in|during|for|over|from the last|past|previous {dur}", "within {1}"),
    ("within|in|during|for|over|from last|past|previous {dur}", "within {1}"),
    ("within|in|during the last|past {unit}", "within {1}"),
    ("within|in|during last|past {unit}", "within {1}"),
    ("the last|past {dur}", "within {1}"),
    ("past {dur}", "within {1}"),
    ("last {dur}", "within {1}"),
    ("during|in {dur}", "within {1}"),
    ("within a|an {unit}", "within {1}"),
    ("within {unit}", "within {1}"),
];

const AGO_TOO_MUCH: Phrases = &[("within {dur} ago", "within {1}"), ("older than {dur} ago", "older than {1}")];

const OLDER: Phrases = &[
    ("older then {dur}", "older than {1}"),
    ("older {dur}", "older than {1}"),
    ("more than {dur} ago", "older than {1}"),
    ("over {dur} ago", "older than {1}"),
    ("longer than {dur} ago", "older than {1}"),
    ("at least {dur} ago", "?older than {1}"),
    ("less than {dur} ago", "within {1}"),
    ("newer|younger than {dur}", "within {1}"),
    ("more recent than {dur}", "within {1}"),
    ("not older than {dur}", "within {1}"),
    ("{dur} ago or more|earlier|before", "older than {1}"),
];

const TIMES_IN_WORDS: Phrases = &[
    ("more than {int} times|time", "at least {1+} times"),
    ("over {int} times|time", "at least {1+} times"),
    ("less|fewer than {int} times|time", "at most {1-} times"),
    ("under {int} times|time", "at most {1-} times"),
    ("no|not more than {int} times|time", "at most {1} times"),
    ("no|not less|fewer than {int} times|time", "at least {1} times"),
    ("up to {int} times|time", "at most {1} times"),
    ("minimum|min|min. {int} times|time", "at least {1} times"),
    ("maximum|max|max. {int} times|time", "at most {1} times"),
    ("{int} or more times|time", "at least {1} times"),
    ("{int} times or more", "at least {1} times"),
    ("{int} or less|fewer times", "at most {1} times"),
    ("{int} + times|time", "at least {1} times"),
    ("from {int} to {int} times", "between {1} and {2} times"),
    ("{int} to {int} times", "between {1} and {2} times"),
    ("{int} - {int} times", "between {1} and {2} times"),
    (">= {int} times|time", "at least {1} times"),
    ("<= {int} times|time", "at most {1} times"),
    ("> {int} times|time", "at least {1+} times"),
    ("< {int} times|time", "at most {1-} times"),
    ("= {int} times|time", "exactly {1} times"),
    ("more than {int}", "at least {1+} times"),
    ("less|fewer than {int}", "at most {1-} times"),
    (">= {int}", "at least {1} times"),
    ("<= {int}", "at most {1} times"),
    ("> {int}", "at least {1+} times"),
    ("< {int}", "at most {1-} times"),
    ("= {int}", "exactly {1} times"),
];

const AGO_MISSING: Phrases = &[
    ("between {dur} and {dur} ago", "between {1} ago and {2} ago"),
    ("between {dur} and {dur}", "between {1} ago and {2} ago"),
    ("between {dur} ago and {dur}", "between {1} ago and {2} ago"),
    ("since {dur}", "since {1} ago"),
    ("before {dur}", "before {1} ago"),
    ("on {dur}", "on {1} ago"),
    ("after {dur}", "?after {1} ago ?? after {1} from now"),
    ("{dur} before now", "{1} ago"),
    ("{dur} back|earlier", "{1} ago"),
    ("in {dur} from now", "{1} from now"),
    ("{dur} after now", "{1} from now"),
    ("{dur} from today", "{1} from now"),
    ("now - {dur}", "{1} ago"),
    ("today - {dur}", "{1} ago"),
    ("now + {dur}", "{1} from now"),
    ("today + {dur}", "{1} from now"),
];

const RANGES: Phrases = &[
    ("between ( {value} , {value} )", "between {1} and {2}"),
    ("between [ {value} , {value} ]", "between {1} and {2}"),
    ("between {value} , {value}", "between {1} and {2}"),
    ("between {value} to|till|until|..|-|& {value}", "between {1} and {2}"),
    ("between {value} and and {value}", "between {1} and {2}"),
    ("from {value} to|till|until|and {value}", "between {1} and {2}"),
    ("since {date} to|till|until {date}", "between {1} and {2}"),
    ("from {dur} ago to|till|until {dur} ago", "between {1} ago and {2} ago"),
    ("in [ {value} .. {value} ]", "between {1} and {2}"),
    ("from {date}", "since {1}"),
    ("until|till {date}", "?before {1}"),
];

const NOW: Phrases = &[
    ("now ( )", "now"),
    ("today ( )", "today"),
    ("yesterday ( )", "yesterday"),
    ("current_timestamp|sysdate|getdate|current_time ( )", "now"),
    ("current_timestamp|sysdate|current_time", "now"),
    ("current_date|curdate ( )", "today"),
    ("current_date|curdate", "today"),
];

const TIMES_MISSING: Phrases = &[
    ("at least {int} x", "at least {1} times"),
    ("at most {int} x", "at most {1} times"),
    ("exactly {int} x", "exactly {1} times"),
    ("at least {int}", "at least {1} times"),
    ("at most {int}", "at most {1} times"),
    ("exactly {int}", "exactly {1} times"),
];

const NUMBER_WORDS: Phrases = &[
    ("at least {count} times|time", "at least {1} times"),
    ("at most {count} times|time", "at most {1} times"),
    ("exactly {count} times|time", "exactly {1} times"),
    ("at least {count}", "at least {1} times"),
    ("at most {count}", "at most {1} times"),
    ("exactly {count}", "exactly {1} times"),
    ("at least {count} of", "at least {1} of"),
    ("at most {count} of", "at most {1} of"),
    ("exactly {count} of", "exactly {1} of"),
    ("{count} times", "?at least {1} times ?? exactly {1} times"),
];

const BARE_TIMES: Phrases = &[
    ("once", "?exactly 1 time ?? at least 1 time"),
    ("twice", "?exactly 2 times ?? at least 2 times"),
    ("{int} times|time|x", "?at least {1} times ?? exactly {1} times"),
];

const UNIT_MISSING: Phrases = &[
    ("within next {int}", "?within next {1}d"),
    ("within {int}", "?within {1}d"),
    ("older than {int}", "?older than {1}d"),
    ("for {int}", "?for {1}d"),
    ("{int} ago", "?{1}d ago"),
    ("{int} from now", "?{1}d from now"),
];

const NOT: Phrases =
    &[("!", "not"), ("no|never|without event", "not event"), ("no|without segment", "not segment"), ("except|excluding", "not")];

const ARROWS: Phrases = &[("=>|:|:=|=|then|-->|>", "->"), ("- >", "->")];

const OTHERWISE: Phrases = &[("when otherwise|else|default|others", "otherwise"), ("else|default|others|other", "otherwise")];

const REVERSED: Phrases = &[("=>", ">="), ("> =", ">="), ("< =", "<="), ("! =", "!=")];

const FIELD_AS_MEMBER: Phrases = &[
    ("field . {word}", "field {1}"),
    ("field ( {word} )", "field {1}"),
    ("field : {word}", "field {1}"),
    ("field [ {word} ]", "field {1}"),
    ("field [ {str} ]", "field {1}"),
    ("contact|customer|user|profile|person . {word}", "field {1}"),
    ("event . {word}", "event {1}"),
    ("event ( {word} )", "event {1}"),
    ("segment ( {word} )", "segment {1}"),
    ("{{ {word} }}", "field {1}"),
];

const EVENT_IN_CALL: Phrases = &[("~( event|events", "")];

const FUNCTIONS: Phrases = &[
    ("avg|mean ~(", "average"),
    ("maximum ~(", "max"),
    ("minimum ~(", "min"),
    ("total|suma ~(", "sum"),
    ("count_distinct|countdistinct|unique|uniq|nunique ~(", "distinct"),
    ("mode|most_common ~(", "most_frequent"),
    ("latest|newest|most_recent ~(", "last"),
    ("earliest|oldest ~(", "first"),
    ("length|len ~(", "size"),
    ("count distinct ~(", "distinct"),
    ("number_of|cnt|ile|liczba ~(", "count"),
];

const OTHER_LANGUAGES: Phrases = &[
    ("pole|feld|champ|campo", "field"),
    ("zdarzenie|zdarzenia|ereignis|evento|événement", "event"),
    ("wszystkie|wszystko|alle|todos", "all"),
    ("dowolne|którekolwiek|jakiekolwiek", "any"),
    ("żadne|zadne", "none"),
    ("wszyscy|każdy|kazdy", "everyone"),
    ("nikt|niemand|nadie", "nobody"),
    ("nie w", "not in"),
    ("nie|nicht", "not"),
    ("gdzie|gdy|wo|donde", "where"),
    ("jest puste|pusty|pusta", "is empty"),
    ("jest", "is"),
    ("między|miedzy|pomiędzy|zwischen", "between"),
    ("zawiera|enthält", "contains"),
    ("zaczyna się od", "starts with"),
    ("kończy się na", "ends with"),
    ("co najmniej", "at least"),
    ("przynajmniej|mindestens", "at least"),
    ("co najwyżej", "at most"),
    ("najwyżej|maksymalnie|höchstens", "at most"),
    ("dokładnie|genau", "exactly"),
    ("razy|raz|mal", "times"),
    ("w ciągu ostatnich {dur}", "within {1}"),
    ("w ciągu {dur}", "within {1}"),
    ("w ostatnich {dur}", "within {1}"),
    ("przez ostatnie {dur}", "within {1}"),
    ("starsze niż {dur}", "older than {1}"),
    ("starsze niż", "older than"),
    ("{dur} temu", "{1} ago"),
    ("temu", "ago"),
    ("ponad {dur} temu", "older than {1}"),
    ("przed", "before"),
    ("po", "after"),
    ("dzisiaj|dziś", "today"),
    ("wczoraj", "yesterday"),
    ("w tym tygodniu", "this week"),
    ("w tym miesiącu", "this month"),
    ("w", "in"),
    ("i|oraz|und|y", "and"),
    ("lub|albo|oder", "or"),
    ("ma", "has"),
    ("prawda", "true"),
    ("fałsz", "false"),
    ("inaczej|pozostali", "otherwise"),
    ("kiedy", "when"),
    ("suma ~(", "sum"),
    ("liczba ~(", "count"),
    ("średnia ~(", "average"),
    ("ostatni|ostatnia|ostatnie ~(", "last"),
    ("pierwszy|pierwsza|pierwsze ~(", "first"),
];
