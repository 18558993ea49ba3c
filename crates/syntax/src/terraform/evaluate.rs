//! Values that follow from what is written out: local values, texts with insertions, given variables.
use super::{
    folder::Folder,
    shape::{Path, Root, Shape, Step},
};
use std::{cell::Cell, collections::BTreeMap};
use strata_core::value::Value;

/// The longest way through values that lead to others.
const MAX_DEPTH: u32 = 32;
/// The most values that one is made of: those that are made of the same one twice grow without end.
const MAX_STEPS: u32 = 10_000;

/// What is known where an expression stands.
pub(super) struct Known<'a> {
    pub(super) folder: &'a Folder,
    pub(super) variables: &'a BTreeMap<String, Value>,
    pub(super) workspace: Option<&'a str>,
    pub(super) steps: Cell<u32>,
}

impl Known<'_> {
    /// The value of an expression, when all of it is known.
    pub(super) fn value(&self, shape: &Shape) -> Option<Value> {
        self.steps.set(0);
        self.at(shape, 0)
    }

    fn at(&self, shape: &Shape, depth: u32) -> Option<Value> {
        self.steps.set(self.steps.get() + 1);
        if depth > MAX_DEPTH || self.steps.get() > MAX_STEPS {
            return None;
        }
        match shape {
            Shape::Path(path) => self.path(path, depth),
            Shape::Template(parts) => {
                let mut text = String::new();
                for part in parts {
                    text.push_str(&self.at(part, depth + 1)?.scalar_text()?);
                }
                Some(Value::String(text))
            }
            Shape::List(items) => {
                let items = items.iter().map(|i| self.at(i, depth + 1));
                Some(Value::List(items.collect::<Option<_>>()?))
            }
            Shape::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(k, v)| Some((k.clone(), self.at(v, depth + 1)?)));
                Some(Value::Map(fields.collect::<Option<_>>()?))
            }
            written => written.value(),
        }
    }

    fn path(&self, path: &Path, depth: u32) -> Option<Value> {
        let found = match path.root {
            Root::Workspace => self.workspace.map(Value::from),
            Root::Variable => self.variables.get(&path.name).cloned(),
            Root::Local => {
                let mut shape = &self.folder.locals.get(&path.name)?.fact.value.shape;
                let mut steps = path.steps.as_slice();
                // a part that is not asked for need not be known
                while let (Shape::Object(_), Some((Step::Field(name), rest))) =
                    (shape, steps.split_first())
                {
                    (shape, steps) = (shape.field(name)?, rest);
                }
                let value = self.at(shape, depth + 1)?;
                return part(value, steps);
            }
            Root::Module => None,
        };
        part(found?, &path.steps)
    }
}

fn part(mut value: Value, steps: &[Step]) -> Option<Value> {
    for step in steps {
        value = match (value, step) {
            (Value::Map(mut fields), Step::Field(name)) => fields.remove(name)?,
            (Value::List(mut items), Step::Position(i)) if (*i as usize) < items.len() => {
                items.swap_remove(*i as usize)
            }
            _ => return None,
        };
    }
    Some(value)
}
