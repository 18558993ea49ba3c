//! Terraform's type grammar.
use std::collections::BTreeMap;
use strata_core::{
    span::Span,
    ty::{Field, Type},
};

/// The type that a text spells, or where and why it spells none.
pub fn parse(text: &str) -> Result<Type, (Span, String)> {
    let mut p = Parser { text, at: 0, depth: 0 };
    let ty = p.ty()?;
    p.space();
    if p.at < text.len() {
        return Err(p.wrong("nothing may follow the type"));
    }
    Ok(ty)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

type Found<T> = Result<T, (Span, String)>;

impl Parser<'_> {
    fn wrong(&self, what: &str) -> (Span, String) {
        (Span::new(self.at as u32, self.text.len() as u32), what.to_owned())
    }
    fn space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }
    fn eat(&mut self, token: char) -> bool {
        self.space();
        let found = self.text[self.at..].starts_with(token);
        if found {
            self.at += token.len_utf8();
        }
        found
    }
    fn expect(&mut self, token: char) -> Found<()> {
        if self.eat(token) { Ok(()) } else { Err(self.wrong(&format!("expected `{token}`"))) }
    }
    fn word(&mut self) -> Found<String> {
        self.space();
        let rest = &self.text[self.at..];
        let quoted = rest.starts_with('"');
        let body = rest.strip_prefix('"').unwrap_or(rest);
        let end = body.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(body.len());
        if end == 0 {
            return Err(self.wrong("expected a name"));
        }
        self.at += end + if quoted { 2 } else { 0 };
        self.at = self.at.min(self.text.len());
        Ok(body[..end].to_owned())
    }

    fn ty(&mut self) -> Found<Type> {
        self.depth += 1;
        if self.depth > 64 {
            return Err(self.wrong("nested too deeply"));
        }
        let word = self.word()?;
        let ty = match word.as_str() {
            "string" => Type::String,
            "number" => Type::Number,
            "bool" => Type::Bool,
            "any" => Type::Any,
            "artifact" => Type::Artifact,
            "list" | "set" => Type::List(Box::new(self.inner()?)),
            "map" => Type::Map(Box::new(self.inner()?)),
            "tuple" => self.tuple()?,
            "object" => self.object()?,
            _ => return Err((Span::new(0, self.at as u32), format!("there is no type `{word}`"))),
        };
        self.depth -= 1;
        Ok(ty)
    }

    /// `(type)`; `list` alone is a list of anything.
    fn inner(&mut self) -> Found<Type> {
        if !self.eat('(') {
            return Ok(Type::Any);
        }
        let ty = self.ty()?;
        self.expect(')')?;
        Ok(ty)
    }

    fn tuple(&mut self) -> Found<Type> {
        self.expect('(')?;
        self.expect('[')?;
        let mut out = Vec::new();
        while !self.eat(']') {
            out.push(self.ty()?);
            if !self.eat(',') {
                self.expect(']')?;
                break;
            }
        }
        self.expect(')')?;
        Ok(Type::Tuple(out))
    }

    fn object(&mut self) -> Found<Type> {
        self.expect('(')?;
        self.expect('{')?;
        let mut out = BTreeMap::new();
        while !self.eat('}') {
            let name = self.word()?;
            if !self.eat('=') {
                self.expect(':')?;
            }
            let before = self.at;
            let optional = self.word().is_ok_and(|w| w == "optional");
            let field = if optional {
                self.expect('(')?;
                let ty = self.ty()?;
                if self.eat(',') {
                    self.skip_default()?;
                }
                self.expect(')')?;
                Field { ty, optional: true }
            } else {
                self.at = before;
                Field { ty: self.ty()?, optional: false }
            };
            out.insert(name, field);
            self.eat(',');
        }
        self.expect(')')?;
        Ok(Type::Object(out))
    }

    /// A default inside `optional(type, default)`: anything up to the closing bracket.
    fn skip_default(&mut self) -> Found<()> {
        let (mut depth, mut quoted, mut escaped) = (0_i32, false, false);
        for (i, c) in self.text[self.at..].char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ if quoted => {}
                '(' | '[' | '{' => depth += 1,
                ')' if depth == 0 => {
                    self.at += i;
                    return Ok(());
                }
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
        }
        Err(self.wrong("expected `)`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_terraform_writes_them() {
        for (text, shown) in [
            ("string", "string"),
            ("list(map(number))", "list(map(number))"),
            ("set(string)", "list(string)"),
            ("tuple([string, bool])", "tuple([string, bool])"),
            (
                "object({\n  a = string\n  b = optional(list(number), [1, 2])\n})",
                "object({a = string, b = optional(list(number))})",
            ),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), shown);
        }
        for bad in ["", "strin", "list(", "object({a})", "string string", "tuple(string)"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
