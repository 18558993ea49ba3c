//! The functions as they are shown to who writes an expression.
use super::{Form, Kind, Signature, TABLE};

/// A function as it is shown to who writes an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Is it asked of a value (`x.f()`)?
    pub method: bool,
    /// How it is called and what it gives: `x.split(string, number?) → list(string)`.
    pub signature: String,
}

/// Every function that an expression can call.
pub fn all() -> Vec<Function> {
    const OWN: &[(&str, bool, &str)] = &[
        (
            "env",
            false,
            "env(\"NAME\") → the components of another environment",
        ),
        (
            "secret",
            false,
            "secret(\"env:NAME\" | \"file:PATH\" | \"generate:NAME\") → string",
        ),
        ("has", false, "has(a.b.c) → bool"),
        ("map", true, "x.map(v, EXPRESSION) → list"),
        ("filter", true, "x.filter(v, CONDITION) → list"),
        ("all", true, "x.all(v, CONDITION) → bool"),
        ("exists", true, "x.exists(v, CONDITION) → bool"),
    ];
    let own = OWN.iter().map(|(name, method, signature)| Function {
        name,
        method: *method,
        signature: (*signature).to_owned(),
    });
    own.chain(TABLE.iter().map(Signature::shown)).collect()
}

impl Signature {
    pub(super) fn shown(&self) -> Function {
        let method = self.form == Form::Method;
        let kind = |k: Kind| match k {
            Kind::Sequence => "string|list".to_owned(),
            Kind::Sized => "string|list|map".to_owned(),
            other => other.ty().to_string().replace("unknown", "any"),
        };
        let mut given: Vec<String> = self
            .parameters
            .iter()
            .enumerate()
            .map(|(i, k)| format!("{}{}", kind(*k), if i < self.required { "" } else { "?" }))
            .collect();
        if self.repeats {
            given.push("…".to_owned());
        }
        let (object, given) = match (method, given.split_first()) {
            (true, Some((_, rest))) => ("x.", rest.join(", ")),
            _ => ("", given.join(", ")),
        };
        Function {
            name: self.name,
            method,
            signature: format!("{object}{}({given}) → {}", self.name, kind(self.result)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_say_what_is_given_and_what_comes_out() {
        let all = all();
        let of = |name: &str| &all.iter().find(|f| f.name == name).unwrap().signature;
        assert_eq!(of("split"), "x.split(string, number?) → list(string)");
        assert_eq!(of("cidrhost"), "cidrhost(string, number) → string");
        assert_eq!(of("merge"), "merge(map(any), …) → map(any)");
    }
}
