//! `a.b["c"][d].e(f)`: the type of a name and of each step after it.
use super::{
    Checker,
    rules::{is_instances, literal_key, missing},
};
use crate::expr::{
    ast::{Ast, AstKind, Link},
    functions::Form,
};
use strata_core::{span::Span, ty::Type};

impl<'a> Checker<'a> {
    pub(super) fn chain(&mut self, base: &'a Ast, links: &'a [Link]) -> Type {
        let mut links = links.iter();
        let mut ty = match (base.called_with("env"), &base.kind) {
            (Some(env), _) => {
                let Some(first) = links.next() else {
                    return Type::Any;
                };
                match literal_key(first) {
                    Some((name, span)) => match self.names.env(env, name) {
                        Some(ty) => ty,
                        None => self.say(
                            span,
                            format!("there is no `{name}` in the environment `{env}`"),
                            None,
                        ),
                    },
                    None => Type::Any,
                }
            }
            (None, AstKind::Call(call)) if call.name == "env" => return Type::Any,
            _ => self.ty(base),
        };
        // after `["*"]`, `.outputs.NAME` is asked of every instance and gives a map; what follows is asked of that map
        let mut of_all = false;
        let mut asked = 0;
        // said of the whole, where a name is all that stands before
        let mut whole = match &base.kind {
            AstKind::Name(name) => Some(name.as_str()),
            _ => None,
        };
        for link in links {
            let whole = whole.take();
            if of_all && asked == 2 {
                of_all = false;
                ty = Type::Map(Box::new(ty));
            }
            asked += usize::from(of_all);
            ty = match link {
                Link::Field { name, span } => self.field(&ty, whole, name, *span),
                Link::Index(index) if index.as_str() == Some("*") && is_instances(&ty) => {
                    of_all = true;
                    let Type::Map(inner) = ty else {
                        return Type::Any;
                    };
                    *inner
                }
                Link::Index(index) => self.index(&ty, whole, index),
                Link::Method(call) => {
                    let object = if std::mem::take(&mut of_all) {
                        Type::Map(Box::new(ty))
                    } else {
                        ty
                    };
                    let mut given = vec![(base.span, object)];
                    given.extend(call.arguments.iter().map(|a| (a.span, self.ty(a))));
                    self.function(call, Form::Method, &given)
                }
                Link::Comprehension(c) => {
                    let object = if std::mem::take(&mut of_all) {
                        Type::Map(Box::new(ty))
                    } else {
                        ty
                    };
                    self.comprehension(&object, c)
                }
            };
        }
        if of_all { Type::Map(Box::new(ty)) } else { ty }
    }

    fn field(&mut self, ty: &Type, whole: Option<&str>, name: &str, span: Span) -> Type {
        match ty {
            Type::Any => Type::Any,
            Type::Map(inner) => (**inner).clone(),
            Type::Object(fields) => match fields.get(name) {
                Some(field) => field.ty.clone(),
                None => {
                    let message = match whole {
                        Some(whole) => self.names.lacks(whole, name),
                        None => format!("there is no `{name}`"),
                    };
                    self.say(span, message, missing(name, fields))
                }
            },
            other => self.say(span, format!("{} has no fields", other.said()), None),
        }
    }

    fn index(&mut self, ty: &Type, whole: Option<&str>, index: &'a Ast) -> Type {
        if let (Type::Object(_) | Type::Map(_), Some(key)) = (ty, index.as_str()) {
            return self.field(ty, whole, key, index.span);
        }
        match ty {
            Type::List(inner) => {
                self.wants(index, &Type::Number, "a list is indexed by");
                (**inner).clone()
            }
            Type::Tuple(items) => {
                self.wants(index, &Type::Number, "a tuple is indexed by");
                match &index.kind {
                    AstKind::Number(n) => match n.0.parse::<usize>().ok().map(|i| items.get(i)) {
                        Some(Some(ty)) => ty.clone(),
                        _ => self.say(
                            index.span,
                            format!(
                                "there is no item {}; there are {}, from 0 on",
                                n.0,
                                items.len()
                            ),
                            None,
                        ),
                    },
                    _ => Type::Any,
                }
            }
            Type::Map(inner) => {
                self.ty(index);
                (**inner).clone()
            }
            Type::Object(_) | Type::Any => {
                self.ty(index);
                Type::Any
            }
            other => self.say(index.span, format!("{} has no items", other.said()), None),
        }
    }
}
