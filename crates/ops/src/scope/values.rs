//! Values of an environment that may use each other.
use super::{Record, missing};
use crate::field::{FieldMap, unknown};
use std::cell::{Cell, RefCell};
use strata_core::value::Term;
use strata_syntax::expr::{Item, Object, Scope};

/// What the values of an environment see.
pub struct ValueScope<'a> {
    env: &'a str,
    platform: &'a str,
    fields: &'a FieldMap,
    /// Values that are being worked out, the one that was asked for first.
    open: RefCell<Vec<&'a str>>,
    /// The one that was asked for needs itself.
    circle: Cell<bool>,
}

impl<'a> ValueScope<'a> {
    /// Of the value `name` of an environment.
    pub fn new(env: &'a str, platform: &'a str, fields: &'a FieldMap, name: &'a str) -> Self {
        Self {
            env,
            platform,
            fields,
            open: RefCell::new(vec![name]),
            circle: Cell::new(false),
        }
    }
    /// A circle is said of its first value by name; of all others it is only known that something is wrong.
    fn closed(&self, key: &str) -> Result<Item<'_>, String> {
        let open = self.open.borrow();
        let first = open.iter().min().is_some_and(|least| *least == key);
        if open.first().is_none_or(|root| *root != key) || !first {
            return Ok(Item::Term(unknown()));
        }
        self.circle.set(true);
        let path = open.join(" → ");
        Err(format!(
            "`values.{key}` is made from itself; write one of these out: {path} → {key}"
        ))
    }
}

struct ValueFields<'s, 'a>(&'s ValueScope<'a>);

impl Object for ValueFields<'_, '_> {
    fn get(&self, key: &str) -> Result<Item<'_>, String> {
        let scope = self.0;
        let Some((name, field)) = scope.fields.iter().find(|(k, _)| k.as_str() == key) else {
            let names = scope.fields.keys().map(String::as_str);
            return Err(missing("values", key, names));
        };
        if scope.open.borrow().contains(&key) {
            return scope.closed(key);
        }
        scope.open.borrow_mut().push(name);
        let term = field.eval(scope);
        scope.open.borrow_mut().pop();
        match term {
            Err(circle) if scope.circle.get() => Err(match circle.help {
                Some(help) => format!("{}; {help}", circle.message),
                None => circle.message,
            }),
            // it is said of that value itself
            Err(_) => Ok(Item::Term(unknown())),
            Ok(term) => Ok(Item::Term(term)),
        }
    }
}

impl Scope for ValueScope<'_> {
    fn name(&self, name: &str) -> Option<Item<'_>> {
        Some(match name {
            "values" => Item::Object(Box::new(ValueFields(self))),
            "env" => Item::Object(Box::new(Record("env", vec![("name", self.env)]))),
            "platform" => Item::Object(Box::new(Record("platform", vec![("name", self.platform)]))),
            _ => return None,
        })
    }
    fn env(&self, _: &str, _: &str) -> Option<Item<'_>> {
        None
    }
    fn secret(&self, _: &str) -> Result<Term, String> {
        Err("a secret cannot be a value; use it in `inputs`, `env` or `files`".to_owned())
    }
}
