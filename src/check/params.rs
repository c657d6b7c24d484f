//! Params: typed constants, which `--set` may override.

use std::collections::HashMap;

use super::Options;
use super::names::Names;
use super::suggest::nearest;
use super::typed::Constant;
use crate::diag::{Diagnostic, codes};
use crate::schema::Scalar;
use crate::syntax::ast::Statement;
use crate::syntax::ast::{Expr, ExprKind, ParamDef, ParamValue, Point as AstPoint};
use crate::syntax::{Sources, Span, parse};
use crate::time::{self, Point};

/// All params by name.
#[derive(Default)]
pub(super) struct Params {
    params: HashMap<String, Param>,
}

/// A param with its constant; `None` when that was wrong, which has been reported.
pub(super) struct Param {
    pub span: Span,
    pub value: Option<ParamConstant>,
}

/// The value of a param.
#[derive(Debug, Clone)]
pub(super) enum ParamConstant {
    One(Constant),
    List(Vec<Constant>),
}

/// The type of a param.
#[derive(Clone, Copy)]
struct ParamType {
    scalar: Scalar,
    list: bool,
}

impl Params {
    pub fn get(&self, name: &str) -> Option<&Param> {
        self.params.get(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.params.keys().map(String::as_str)
    }
}

/// Reads every param, overrides applied.
pub(super) fn resolve(
    sources: &mut Sources,
    names: &Names<'_>,
    options: Options<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Params {
    let mut params = Params::default();
    let mut reader = Reader { zone: options.schema.timezone, diagnostics };
    for definition in &names.params {
        let value = reader.param_type(definition).and_then(|ty| match override_of(definition, options) {
            Some((name, text)) => reader.overridden(sources, name, text, &definition.ty.value, ty),
            None => reader.value(&definition.value, ty, definition.ty.span),
        });
        params.params.insert(definition.name.value.clone(), Param { span: definition.name.span, value });
    }
    for (name, value) in options.overrides {
        if !params.params.contains_key(name) {
            let source = sources.add("--set", &format!("{name}={value}"));
            let mut diagnostic =
                Diagnostic::new(codes::E0206, Span::new(source, 0, name.len()), format!("the script has no param `${name}`"));
            if let Some(near) = nearest(name, params.names()) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            }
            reader.diagnostics.push(diagnostic);
        }
    }
    params
}

fn override_of<'o>(definition: &ParamDef, options: Options<'o>) -> Option<(&'o str, &'o str)> {
    // The last one wins, as with other command-line options.
    options
        .overrides
        .iter()
        .rev()
        .find(|(name, _)| *name == definition.name.value)
        .map(|(name, value)| (name.as_str(), value.as_str()))
}

struct Reader<'d> {
    zone: chrono_tz::Tz,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn param_type(&mut self, definition: &ParamDef) -> Option<ParamType> {
        let name = definition.ty.value.as_str();
        let (scalar, list) = match name.strip_prefix("list<").and_then(|rest| rest.strip_suffix('>')) {
            Some(element) => (element, true),
            None => (name, false),
        };
        let scalar = match scalar {
            "text" => Scalar::Text,
            "number" => Scalar::Number { decimals: crate::schema::MAX_DECIMALS },
            "bool" => Scalar::Bool,
            "date" => Scalar::Date,
            "time" => Scalar::Time,
            _ => {
                let message = format!("unknown type `{name}`");
                let mut diagnostic = Diagnostic::new(codes::E0211, definition.ty.span, message);
                if let Some(near) = nearest(scalar, ["text", "number", "bool", "date", "time"]) {
                    diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
                }
                self.diagnostics.push(
                    diagnostic
                        .help("the types are `text`, `number`, `bool`, `date`, `time` and lists of them, such as `list<text>`"),
                );
                return None;
            }
        };
        Some(ParamType { scalar, list })
    }

    fn value(&mut self, value: &ParamValue, ty: ParamType, ty_span: Span) -> Option<ParamConstant> {
        match (value, ty.list) {
            (ParamValue::One(expr), false) => self.constant(expr, ty.scalar, ty_span).map(ParamConstant::One),
            (ParamValue::List(list), true) => {
                let items: Vec<_> = list.items.iter().map(|item| self.constant(item, ty.scalar, ty_span)).collect();
                items.into_iter().collect::<Option<Vec<_>>>().map(ParamConstant::List)
            }
            (ParamValue::One(expr), true) => {
                self.wrong(expr.span, "a list is needed here", ty_span, "write it in brackets: `[...]`");
                None
            }
            (ParamValue::List(list), false) => {
                self.wrong(
                    list.span,
                    "one value is needed here, not a list",
                    ty_span,
                    &format!("make the type `list<{}>`", ty.scalar),
                );
                None
            }
        }
    }

    fn constant(&mut self, expr: &Expr, scalar: Scalar, ty_span: Span) -> Option<Constant> {
        let constant = match &expr.kind {
            ExprKind::Number(n) => Constant::Number(*n),
            ExprKind::Text(text) => Constant::Text(text.clone()),
            ExprKind::Bool(b) => Constant::Bool(*b),
            ExprKind::Point(AstPoint::Resolved(point)) => Constant::Point(point.clone()),
            ExprKind::Point(AstPoint::Instant(text)) => match time::parse_instant(text, self.zone) {
                Ok(ms) => Constant::Point(Point::Instant(ms)),
                Err(error) => {
                    self.diagnostics.push(Diagnostic::new(codes::E0106, expr.span, error.to_string()));
                    return None;
                }
            },
            _ => {
                self.wrong(expr.span, "a param holds a literal", ty_span, "write a literal such as `30` or `\"Hiszpania\"`");
                return None;
            }
        };
        if !constant.fits(scalar) {
            self.wrong(
                expr.span,
                &format!("this is {}, but the param is a {scalar}", constant.kind()),
                ty_span,
                "change the value or the type",
            );
            return None;
        }
        Some(constant)
    }

    fn wrong(&mut self, span: Span, message: &str, ty_span: Span, help: &str) {
        self.diagnostics.push(Diagnostic::new(codes::E0305, span, message).label(ty_span, "the type is given here").help(help));
    }

    /// `--set name=text`: the text is a literal of the type; a text needs no quotes.
    fn overridden(
        &mut self,
        sources: &mut Sources,
        name: &str,
        text: &str,
        ty_name: &str,
        ty: ParamType,
    ) -> Option<ParamConstant> {
        if matches!(ty, ParamType { scalar: Scalar::Text, list: false }) {
            return Some(ParamConstant::One(Constant::Text(crate::value::nfc(text).into_owned())));
        }
        let source = sources.add("--set", &format!("param ${name}: {ty_name} = {text}"));
        let script = sources.get(source).map(|s| s.text.clone()).unwrap_or_default();
        let (script, errors) = parse(&script, source);
        let Some(Statement::Param(definition)) = script.statements.first().filter(|_| errors.is_empty()) else {
            let end = sources.get(source).map_or(0, |s| s.text.len());
            let span = Span::new(source, end - text.len(), end);
            self.wrong(
                span,
                &format!("`{text}` is not a {ty_name}"),
                Span::new(source, 0, end - text.len()),
                "write the value as it would stand in the script",
            );
            return None;
        };
        let definition = definition.clone();
        self.value(&definition.value, ty, definition.ty.span)
    }
}
