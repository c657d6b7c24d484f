//! Growing: new fields, events and attributes join at the end; what is there keeps its type.

use super::{Column, Schema};

impl Schema {
    /// This schema with what `wanted` has beyond it. Closed sets and descriptions are taken from `wanted`.
    ///
    /// # Errors
    /// One sentence for each change that a store cannot follow.
    ///
    /// ```
    /// use segql::schema::toml::parse;
    /// let old = parse("[fields.a]\ntype = \"text\"").unwrap();
    /// let new = parse("[fields.b]\ntype = \"bool\"").unwrap();
    /// assert_eq!(old.grown(&new).unwrap().fields.len(), 2);
    /// assert!(old.grown(&parse("[fields.a]\ntype = \"number\"").unwrap()).is_err());
    /// ```
    pub fn grown(&self, wanted: &Self) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut grown = self.clone();
        if wanted.timezone != self.timezone {
            let message = format!(
                "the time zone is {} in the store and {} in the schema; a store keeps its zone, import into a new one",
                self.timezone, wanted.timezone
            );
            problems.push(message);
        }
        grow(&mut grown.fields, &wanted.fields, "field", &mut problems);
        for lint in &wanted.allowed_lints {
            if !grown.allowed_lints.contains(lint) {
                grown.allowed_lints.push(lint.clone());
            }
        }
        for event in &wanted.events {
            match grown.events.iter_mut().find(|e| e.name == event.name) {
                Some(known) => {
                    if event.description.is_some() {
                        known.description.clone_from(&event.description);
                    }
                    grow(&mut known.attributes, &event.attributes, &format!("attribute of `{}`", event.name), &mut problems);
                }
                None => grown.events.push(event.clone()),
            }
        }
        if problems.is_empty() { Ok(grown) } else { Err(problems) }
    }
}

fn grow(columns: &mut Vec<Column>, wanted: &[Column], what: &str, problems: &mut Vec<String>) {
    for column in wanted {
        match columns.iter_mut().find(|c| c.name == column.name) {
            Some(known) if known.ty == column.ty => *known = column.clone(),
            Some(known) => {
                problems.push(format!("the {what} `{}` is {} in the store and {} in the schema; a type cannot change, so use another name or a new store", column.name, described(known), described(column)));
            }
            None => columns.push(column.clone()),
        }
    }
}

fn described(column: &Column) -> String {
    match column.ty.scalar() {
        super::Scalar::Number { decimals } => format!("{} with {decimals} decimals", column.ty),
        _ => column.ty.to_string(),
    }
}
