//! What expressions see: names, each a value or something whose parts are worked out when they are asked for.
use strata_core::value::Term;

/// What a name or a part of something stands for.
pub enum Item<'a> {
    /// A value.
    Term(Term),
    /// A value that somebody else holds: only the part that is used is copied.
    Ref(&'a Term),
    /// Something with parts.
    Object(Box<dyn Object + 'a>),
}

/// Something with parts that are worked out when they are asked for.
pub trait Object {
    /// A part. The message of an error says what is missing and, after `; `, the way out.
    fn get(&self, key: &str) -> Result<Item<'_>, String>;
    /// All of it as one value; `None` where that makes no sense.
    fn whole(&self) -> Option<Term> {
        None
    }
}

/// What an expression sees.
pub trait Scope {
    /// What a name stands for; `None` when there is no such name.
    fn name(&self, name: &str) -> Option<Item<'_>>;
    /// What a name stands for in another environment: `env("ENV").NAME`.
    fn env(&self, env: &str, name: &str) -> Option<Item<'_>>;
    /// The secret of `secret("…")`, named and not read.
    fn secret(&self, spec: &str) -> Result<Term, String>;
    /// What an expression sees that stands in another file than the others; `None`: the same.
    fn standing(&self, _file: &str) -> Option<Box<dyn Scope + '_>> {
        None
    }
    /// All names, to suggest one.
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}
