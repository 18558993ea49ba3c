//! Types of expressions, as far as they are certain.
use super::{
    folder::Folder,
    shape::{Path, Root, Shape, Step},
};
use std::{cell::RefCell, collections::HashMap, sync::Arc};
use strata_core::ty::{Field, Type};

/// The longest way through values that lead to others.
const MAX_DEPTH: u32 = 64;
/// The largest type, in its parts: lists of lists of the same value grow without end.
const MAX_PARTS: usize = 2000;

/// Tells types in the folders of one root.
pub(super) struct Types<'a> {
    folders: HashMap<&'a str, &'a Arc<Folder>>,
    /// Types of local values and outputs; one that is being worked out is unknown to itself.
    known: RefCell<HashMap<(&'a str, Root, &'a str), Type>>,
    depth: RefCell<u32>,
}

impl<'a> Types<'a> {
    pub(super) fn new(folders: &'a [Arc<Folder>]) -> Self {
        Self {
            folders: folders.iter().map(|f| (f.path.as_str(), f)).collect(),
            known: RefCell::default(),
            depth: RefCell::new(0),
        }
    }

    /// The type of an expression in a folder.
    pub(super) fn of(&self, folder: &'a Folder, shape: &'a Shape) -> Type {
        if *self.depth.borrow() > MAX_DEPTH {
            return Type::Any;
        }
        *self.depth.borrow_mut() += 1;
        let ty = self.of_shape(folder, shape);
        *self.depth.borrow_mut() -= 1;
        ty
    }

    fn of_shape(&self, folder: &'a Folder, shape: &'a Shape) -> Type {
        match shape {
            Shape::Unknown | Shape::Null => Type::Any,
            Shape::Bool(_) => Type::Bool,
            Shape::Number(_) => Type::Number,
            Shape::Text(_) | Shape::Template(_) => Type::String,
            Shape::Of(ty) => ty.clone(),
            Shape::List(items) => {
                let items = self.all(folder, items.iter());
                items.map_or(Type::Any, Type::Tuple)
            }
            Shape::Object(fields) => {
                let Some(types) = self.all(folder, fields.iter().map(|(_, v)| v)) else {
                    return Type::Any;
                };
                let fields = fields
                    .iter()
                    .zip(types)
                    .map(|((name, _), ty)| (name.clone(), Field::required(ty)));
                Type::Object(fields.collect())
            }
            Shape::Each(item) => Type::List(Box::new(self.of(folder, item))),
            Shape::EachByKey(item) => Type::Map(Box::new(self.of(folder, item))),
            Shape::Either(a, b) => match (a.as_ref(), b.as_ref()) {
                (Shape::Null, other) | (other, Shape::Null) => self.of(folder, other),
                (a, b) => {
                    let (a, b) = (self.of(folder, a), self.of(folder, b));
                    if a == b { a } else { Type::Any }
                }
            },
            Shape::Path(path) => self.of_path(folder, path),
        }
    }

    /// The types of several, unless they are too large together.
    fn all(
        &self,
        folder: &'a Folder,
        shapes: impl Iterator<Item = &'a Shape>,
    ) -> Option<Vec<Type>> {
        let mut size = 0;
        shapes
            .map(|shape| {
                let ty = self.of(folder, shape);
                size += parts(&ty);
                (size < MAX_PARTS).then_some(ty)
            })
            .collect()
    }

    fn of_path(&self, folder: &'a Folder, path: &'a Path) -> Type {
        match path.root {
            Root::Workspace => Type::String,
            Root::Variable => {
                let ty = folder
                    .variables
                    .get(&path.name)
                    .and_then(|v| v.fact.ty.as_ref());
                // what may be missing where it is given is there when it is used
                ty.map_or(Type::Any, |ty| along(&ty.settled(), &path.steps))
            }
            Root::Local => {
                let Some(local) = folder.locals.get(&path.name) else {
                    return Type::Any;
                };
                let ty = self.kept(folder, Root::Local, &path.name, || {
                    self.of(folder, &local.fact.value.shape)
                });
                along(&ty, &path.steps)
            }
            Root::Module => {
                let Some(call) = folder.calls.get(&path.name) else {
                    return Type::Any;
                };
                let steps = match (path.steps.as_slice(), call.fact.many) {
                    ([_, rest @ ..], true) => rest,
                    (steps, false) => steps,
                    _ => return Type::Any,
                };
                let Some((Step::Field(output), rest)) = steps.split_first() else {
                    return Type::Any;
                };
                let inner = super::link::local_path(&folder.path, &call.fact)
                    .and_then(|p| self.folders.get(p.as_str()).copied());
                let Some(inner) = inner else {
                    return Type::Any;
                };
                along(&self.of_output(inner, output), rest)
            }
        }
    }

    /// The type of an output of a folder.
    pub(super) fn of_output(&self, folder: &'a Folder, name: &str) -> Type {
        let Some((name, output)) = folder.outputs.get_key_value(name) else {
            return Type::Any;
        };
        self.kept(folder, Root::Module, name, || match &output.fact.value {
            Some(value) => self.of(folder, &value.shape),
            None => Type::Any,
        })
    }

    fn kept(
        &self,
        folder: &'a Folder,
        root: Root,
        name: &'a str,
        make: impl FnOnce() -> Type,
    ) -> Type {
        let key = (folder.path.as_str(), root, name);
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        self.known.borrow_mut().insert(key, Type::Any);
        let ty = make();
        self.known.borrow_mut().insert(key, ty.clone());
        ty
    }
}

/// The type of a part of something.
fn along(ty: &Type, steps: &[Step]) -> Type {
    let mut ty = ty.clone();
    for step in steps {
        ty = match (ty, step) {
            (Type::List(item), Step::Position(_) | Step::Computed) => *item,
            (Type::Map(item), Step::Field(_) | Step::Computed) => *item,
            (Type::Tuple(mut items), Step::Position(i)) if (*i as usize) < items.len() => {
                items.swap_remove(*i as usize)
            }
            (Type::Object(mut fields), Step::Field(name)) => match fields.remove(name) {
                Some(field) => field.ty,
                None => return Type::Any,
            },
            _ => return Type::Any,
        };
    }
    ty
}

/// How many parts a type has.
fn parts(ty: &Type) -> usize {
    1 + match ty {
        Type::List(item) | Type::Map(item) => parts(item),
        Type::Tuple(items) => items.iter().map(parts).sum(),
        Type::Object(fields) => fields.values().map(|f| parts(&f.ty)).sum(),
        _ => 0,
    }
}
