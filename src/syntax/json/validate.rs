//! Whether a JSON value has the form that the types describe: the published schema is what is checked against, so the two
//! cannot disagree. Knows the words of JSON Schema that the types give rise to.

use std::collections::HashMap;

use regex::Regex;
use serde_json::{Map, Value};

/// What is wrong with a value, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mismatch {
    /// JSON pointer.
    pub pointer: String,
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
}

/// The first place at which a value differs from a schema, if there is one.
pub(super) fn mismatch(schema: &Value, value: &Value) -> Option<Mismatch> {
    let mut validator = Validator { root: schema, patterns: HashMap::new(), path: Vec::new() };
    validator.check(schema, value).err().map(|(message, help)| {
        let step = |step: &Step<'_>| match step {
            Step::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Step::Index(index) => format!("/{index}"),
        };
        Mismatch { pointer: validator.path.iter().map(step).collect(), message, help }
    })
}

struct Validator<'a> {
    root: &'a Value,
    patterns: HashMap<&'a str, Option<Regex>>,
    /// Where the value stands that is looked at, or that was wrong.
    path: Vec<Step<'a>>,
}

#[derive(Debug)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// Message and help.
type Checked = Result<(), (String, String)>;

impl<'a> Validator<'a> {
    fn check(&mut self, schema: &'a Value, value: &'a Value) -> Checked {
        let mut known = Vec::new();
        self.check_known(schema, value, &mut known)?;
        Ok(())
    }

    /// Checks, and adds the members that the schema has a word for.
    fn check_known(&mut self, schema: &'a Value, value: &'a Value, known: &mut Vec<&'a str>) -> Checked {
        let Some(schema) = schema.as_object() else { return Ok(()) };
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let root = self.root;
            if let Some(target) = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer)) {
                self.check_known(target, value, known)?;
            }
        }
        if let Some(types) = schema.get("type") {
            of_type(types, value)?;
        }
        one_of_words(schema, value)?;
        match value {
            Value::String(text) => self.text(schema, text)?,
            Value::Array(items) => self.items(schema, items)?,
            Value::Object(members) => self.members(schema, value, members, known)?,
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, schema: &'a Map<String, Value>, text: &str) -> Checked {
        let Some(pattern) = schema.get("pattern").and_then(Value::as_str) else { return Ok(()) };
        let regex = self.patterns.entry(pattern).or_insert_with(|| Regex::new(pattern).ok());
        if regex.as_ref().is_some_and(|regex| !regex.is_match(text)) {
            let what = schema.get("description").and_then(Value::as_str).unwrap_or_default();
            let mut words = what.trim_end_matches('.').chars();
            let what: String = words.next().into_iter().flat_map(char::to_lowercase).chain(words).collect();
            return Err((format!("`{text}` cannot stand here"), what));
        }
        Ok(())
    }

    fn items(&mut self, schema: &'a Map<String, Value>, items: &'a [Value]) -> Checked {
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        if (items.len() as u64) < least {
            return Err((format!("{} items, but at least {least} are wanted", items.len()), String::new()));
        }
        if let Some(each) = schema.get("items") {
            for (index, item) in items.iter().enumerate() {
                self.path.push(Step::Index(index));
                self.check(each, item)?;
                self.path.pop();
            }
        }
        Ok(())
    }

    fn members(
        &mut self,
        schema: &'a Map<String, Value>,
        value: &'a Value,
        members: &'a Map<String, Value>,
        known: &mut Vec<&'a str>,
    ) -> Checked {
        let root = self.root;
        if let Some(forms) = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array) {
            self.form(forms, value, members, known)?;
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (key, property) in properties.into_iter().flatten() {
            known.push(key);
            if let Some(member) = members.get(key) {
                self.path.push(Step::Key(key));
                self.check(resolved(root, property), member)?;
                self.path.pop();
            }
        }
        for required in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(required) {
                let all = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                return Err((format!("`{required}` is missing"), format!("the fields here are {all}")));
            }
        }
        let closed = |word| schema.get(word).and_then(Value::as_bool) == Some(false);
        if closed("additionalProperties") || closed("unevaluatedProperties") {
            for key in members.keys() {
                if !known.contains(&key.as_str()) {
                    self.path.push(Step::Key(key));
                    let near = crate::check::nearest(key, known.iter().copied());
                    let all = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                    let help = match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("the fields here are {all}"),
                    };
                    return Err((format!("unknown field `{key}`"), help));
                }
            }
        }
        Ok(())
    }

    /// The form of an object that its `type` names.
    fn form(
        &mut self,
        forms: &'a [Value],
        value: &'a Value,
        members: &'a Map<String, Value>,
        known: &mut Vec<&'a str>,
    ) -> Checked {
        let root = self.root;
        // An optional object: the form, or null.
        let objects = || forms.iter().map(|form| resolved(root, form)).filter(|form| form.get("type") != Some(&"null".into()));
        let tag = |form: &'a Value| form.pointer("/properties/type/const").and_then(Value::as_str);
        if let Some(only) = objects().next().filter(|form| tag(form).is_none()) {
            return self.check_known(only, value, known);
        }
        let Some(given) = members.get("type") else {
            return Err(("`type` is missing: it says what this is".to_owned(), names(objects().filter_map(tag))));
        };
        let given = given.as_str();
        if let Some(form) = objects().find(|form| tag(form) == given) {
            return self.check_known(form, value, known);
        }
        self.path.push(Step::Key("type"));
        let near = given.and_then(|given| crate::check::nearest(given, objects().filter_map(tag)));
        let shown = given.map_or("this".to_owned(), |given| format!("`{given}`"));
        let help = near.map_or_else(|| names(objects().filter_map(tag)), |near| format!("did you mean `{near}`?"));
        Err((format!("{shown} is no type that can stand here"), help))
    }
}

fn names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    format!("the types here are {}", names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
}

fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema.get("$ref").and_then(Value::as_str).filter(|_| schema.as_object().is_some_and(|s| s.len() == 1));
    target.and_then(|target| root.pointer(target.strip_prefix('#')?)).unwrap_or(schema)
}

/// `const` and `enum`.
fn one_of_words(schema: &Map<String, Value>, value: &Value) -> Checked {
    if let Some(wanted) = schema.get("const")
        && wanted != value
    {
        return Err((format!("{value} cannot stand here"), format!("write {wanted}")));
    }
    let consts = |forms: &Vec<Value>| forms.iter().map(|form| form.get("const").cloned()).collect::<Option<Vec<_>>>();
    let words = match (schema.get("enum"), schema.get("oneOf")) {
        (Some(words), _) => words.as_array().cloned(),
        (None, Some(forms)) => forms.as_array().and_then(consts),
        (None, None) => None,
    };
    match words {
        Some(words) if !words.contains(value) => {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            Err((format!("{value} cannot stand here"), format!("write one of {}", words.join(", "))))
        }
        _ => Ok(()),
    }
}

fn of_type(types: &Value, value: &Value) -> Checked {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let matches = |wanted: &str| wanted == found || wanted == "integer" && value.is_u64();
    let wanted: Vec<&str> = match types {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    // What is not there is left out; null says nothing.
    if wanted.iter().any(|wanted| matches(wanted)) && found != "null" {
        return Ok(());
    }
    let wanted: Vec<&str> = wanted.into_iter().filter(|wanted| *wanted != "null").collect();
    let help = if found == "null" { "leave out what is not there" } else { "" };
    Err((format!("a JSON {} is wanted here, and this is {found}", wanted.join(" or ")), help.to_owned()))
}
