//! `a.b["c"][d].e(f)`: from a name step by step to a value.
use super::{Answer, Bound, Machine, Operands, Wrong, bound_term, fail, functions, hole, kind};
use crate::expr::{
    ast::{Ast, AstKind, Link},
    scope::Item,
};
use std::borrow::Cow;
use strata_core::{diagnostic::suggest, span::Span, ty::Type, value::Term};

/// The key of one step.
enum Key<'k> {
    Text(Cow<'k, str>),
    /// Not known yet, and so what stands there is not known either.
    Open(Term),
}

impl Machine<'_> {
    pub(super) fn chain(&self, base: &Ast, links: &[Link], bound: Option<&Bound<'_>>) -> Answer {
        match &base.kind {
            AstKind::Name(name) => match bound_term(bound, name) {
                Some(term) => self.links(Cow::Borrowed(term), links, bound),
                None => self.walk(self.named(name, base.span)?, base.span, links, bound),
            },
            AstKind::Call(call) if call.name == "env" && !links.is_empty() => {
                let [argument] = call.arguments.as_slice() else {
                    return fail(base.span, "`env` takes the name of one environment");
                };
                let env = match self.eval(argument, bound)? {
                    Term::String(env) => env,
                    other => {
                        let message = format!(
                            "an environment is named by a string, not by {}",
                            kind(&other)
                        );
                        return fail(argument.span, message);
                    }
                };
                self.other_environment(&env, links, bound)
            }
            _ => self.links(Cow::Owned(self.eval(base, bound)?), links, bound),
        }
    }

    fn other_environment(&self, env: &str, links: &[Link], bound: Option<&Bound<'_>>) -> Answer {
        let Some((first, rest)) = links.split_first() else {
            return fail(Span::default(), "expected a component");
        };
        let span = link_span(first);
        let Some(Key::Text(name)) = self.key(first, bound)? else {
            return fail(span, "expected the name of a component");
        };
        match self.scope.env(env, &name) {
            Some(item) => self.walk(item, span, rest, bound),
            None => fail(
                span,
                format!("there is no `{name}` in the environment `{env}`"),
            ),
        }
    }

    /// Steps into objects, as long as there are some. As deep as the chain is long.
    fn walk(
        &self,
        item: Item<'_>,
        span: Span,
        links: &[Link],
        bound: Option<&Bound<'_>>,
    ) -> Answer {
        let object = match item {
            Item::Term(term) => return self.links(Cow::Owned(term), links, bound),
            Item::Ref(term) => return self.links(Cow::Borrowed(term), links, bound),
            Item::Object(object) => object,
        };
        if let Some((first, rest)) = links.split_first() {
            match self.key(first, bound)? {
                Some(Key::Text(key)) => {
                    let inner = object
                        .get(&key)
                        .map_err(|m| Wrong::of_scope(m).at(link_span(first)))?;
                    return self.walk(inner, link_span(first), rest, bound);
                }
                Some(Key::Open(term)) => return Ok(term),
                None => {}
            }
        }
        match object.whole() {
            Some(term) => self.links(Cow::Owned(term), links, bound),
            None => Err(Wrong::new("this is not a value")
                .help("name one of its fields")
                .at(span)),
        }
    }

    /// The key of a step; `None` for a call.
    fn key<'k>(&self, link: &'k Link, bound: Option<&Bound<'_>>) -> Answer<Option<Key<'k>>> {
        match link {
            Link::Field { name, .. } => Ok(Some(Key::Text(Cow::Borrowed(name)))),
            Link::Index(index) => match index.as_str() {
                Some(key) => Ok(Some(Key::Text(Cow::Borrowed(key)))),
                None => {
                    let term = self.eval(index, bound)?;
                    let mut operands = Operands::default();
                    match operands.peel(&term) {
                        Term::String(s) => Ok(Some(Key::Text(Cow::Owned(s.clone())))),
                        Term::Number(n) => Ok(Some(Key::Text(Cow::Owned(n.0.clone())))),
                        Term::Hole { filled_by, .. } => {
                            Ok(Some(Key::Open(hole(Type::Any, filled_by))))
                        }
                        other => fail(
                            index.span,
                            format!("an index is a string or a number, not {}", kind(other)),
                        ),
                    }
                }
            },
            Link::Method(_) | Link::Comprehension(_) => Ok(None),
        }
    }

    /// Steps into a value. Only what is used is copied.
    fn links(&self, start: Cow<'_, Term>, links: &[Link], bound: Option<&Bound<'_>>) -> Answer {
        let mut current = start;
        for link in links {
            current = match link {
                Link::Method(call) => {
                    let mut arguments = vec![current.into_owned()];
                    arguments.extend(self.all(&call.arguments, bound)?);
                    Cow::Owned(functions::call(call, functions::Form::Method, &arguments)?)
                }
                Link::Comprehension(c) => Cow::Owned(self.comprehension(c, &current, bound)?),
                Link::Field { .. } | Link::Index(_) => match self.key(link, bound)? {
                    Some(Key::Text(key)) => {
                        part(current, &key).map_err(|w| w.at(link_span(link)))?
                    }
                    Some(Key::Open(term)) => return Ok(term),
                    None => current,
                },
            };
        }
        Ok(current.into_owned())
    }
}

fn link_span(link: &Link) -> Span {
    match link {
        Link::Field { span, .. } => *span,
        Link::Index(index) => index.span,
        Link::Method(call) => call.name_span,
        Link::Comprehension(c) => c.name_span,
    }
}

/// The part of a value with a key.
fn part<'t>(term: Cow<'t, Term>, key: &str) -> Result<Cow<'t, Term>, Wrong> {
    match term {
        Cow::Borrowed(Term::Map(map)) => match map.get(key) {
            Some(term) => Ok(Cow::Borrowed(term)),
            None => Err(no_key(key, map.keys())),
        },
        Cow::Owned(Term::Map(mut map)) => match map.remove(key) {
            Some(term) => Ok(Cow::Owned(term)),
            None => Err(no_key(key, map.keys())),
        },
        Cow::Borrowed(Term::List(items)) => {
            position(key, items.len()).map(|i| Cow::Borrowed(&items[i]))
        }
        Cow::Owned(Term::List(mut items)) => {
            position(key, items.len()).map(|i| Cow::Owned(items.swap_remove(i)))
        }
        other => hidden_part(other.into_owned(), key).map(Cow::Owned),
    }
}

/// The part of a value that isn't known in full, or that has no parts.
fn hidden_part(term: Term, key: &str) -> Result<Term, Wrong> {
    match term {
        Term::Hole { ty, mut filled_by } => {
            filled_by.path.push(key.to_owned());
            Ok(Term::Hole {
                ty: part_type(ty, key),
                filled_by,
            })
        }
        Term::Predicted { value, mut by } => {
            by.path.push(key.to_owned());
            let value = Box::new(part(Cow::Owned(*value), key)?.into_owned());
            Ok(Term::Predicted { value, by })
        }
        Term::Secret(mut secret) => {
            secret.path.push(key.to_owned());
            Ok(Term::Secret(secret))
        }
        other => Err(Wrong::new(format!("{} has no `{key}`", kind(&other)))),
    }
}

fn part_type(ty: Type, key: &str) -> Type {
    match ty {
        Type::Map(inner) | Type::List(inner) => *inner,
        Type::Object(mut fields) => fields.remove(key).map_or(Type::Any, |f| f.ty),
        Type::Tuple(mut items) => match key.parse::<usize>() {
            Ok(i) if i < items.len() => items.swap_remove(i),
            _ => Type::Any,
        },
        _ => Type::Any,
    }
}

fn position(key: &str, len: usize) -> Result<usize, Wrong> {
    match key.parse::<usize>() {
        Ok(i) if i < len => Ok(i),
        Ok(i) => Err(Wrong::new(format!(
            "there is no item {i}; the list has {len}"
        ))),
        Err(_) => Err(Wrong::new(format!(
            "a list has no `{key}`; its items are numbered from 0"
        ))),
    }
}

fn no_key<'k>(key: &str, keys: impl Iterator<Item = &'k String> + Clone) -> Wrong {
    let wrong = Wrong::new(format!("there is no `{key}` in this map"));
    if let Some(help) = suggest(key, keys.clone().map(String::as_str)) {
        return wrong.help(help);
    }
    let some: Vec<&str> = keys.map(String::as_str).take(10).collect();
    if some.is_empty() {
        wrong.help("it is empty")
    } else {
        wrong.help(format!("it has: {}", some.join(", ")))
    }
}
