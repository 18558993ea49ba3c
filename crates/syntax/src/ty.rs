//! Terraform's type grammar to a [`Type`], and `artifact` for a file that is kept by digest.
use strata_core::{
    diagnostic::suggest,
    span::Span,
    ty::{Field, Fields, Type},
};

/// The deepest nesting of a type.
const MAX_DEPTH: u32 = 64;

/// The type that a text spells, or where (in bytes of the text) and why it spells none. Comments and line breaks are
/// fine, quoted keywords (`"string"`, as very old modules have them) too.
pub fn parse(text: &str) -> Result<Type, (Span, String)> {
    let text = match text
        .trim()
        .strip_prefix('"')
        .and_then(|t| t.strip_suffix('"'))
    {
        Some(inner) if !inner.contains('"') => inner,
        _ => text,
    };
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
    };
    let ty = reader.ty()?;
    reader.blanks();
    if reader.at < text.len() {
        return Err(reader.wrong("nothing may follow the type"));
    }
    Ok(ty)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

type Found<T> = Result<T, (Span, String)>;

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
    fn wrong(&self, why: impl Into<String>) -> (Span, String) {
        let width = self.rest().chars().next().map_or(0, char::len_utf8);
        (
            Span::new(self.at as u32, (self.at + width) as u32),
            why.into(),
        )
    }
    /// Passes over blanks and comments.
    fn blanks(&mut self) {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            let rest = self.rest();
            if rest.starts_with('#') || rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.at += rest.find("*/").map_or(rest.len(), |i| i + 2);
            } else {
                return;
            }
        }
    }
    fn eat(&mut self, mark: char) -> bool {
        self.blanks();
        let found = self.rest().starts_with(mark);
        if found {
            self.at += mark.len_utf8();
        }
        found
    }
    fn expect(&mut self, mark: char) -> Found<()> {
        if self.eat(mark) {
            Ok(())
        } else {
            Err(self.wrong(format!("expected `{mark}`")))
        }
    }
    fn word(&mut self) -> Option<&'a str> {
        self.blanks();
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')))
            .unwrap_or(rest.len());
        if end == 0 {
            return None;
        }
        self.at += end;
        Some(&rest[..end])
    }
    /// The name of a field, with or without quotes.
    fn field_name(&mut self) -> Found<&'a str> {
        let quoted = self.eat('"');
        let Some(name) = self.word() else {
            return Err(self.wrong("expected the name of a field"));
        };
        if quoted && !self.rest().starts_with('"') {
            return Err(self.wrong("expected `\"`"));
        }
        self.at += usize::from(quoted);
        Ok(name)
    }

    fn ty(&mut self) -> Found<Type> {
        self.blanks();
        let start = self.at;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.wrong(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let Some(word) = self.word() else {
            return Err(self.wrong("expected a type"));
        };
        let ty = match word {
            "string" => Type::String,
            "number" => Type::Number,
            "bool" => Type::Bool,
            "any" => Type::Any,
            "artifact" => Type::Artifact,
            "list" | "set" => Type::List(Box::new(self.inner()?)),
            "map" => Type::Map(Box::new(self.inner()?)),
            "tuple" => self.tuple()?,
            "object" => self.object()?,
            _ => {
                let names = [
                    "string", "number", "bool", "any", "list", "set", "map", "tuple", "object",
                    "artifact",
                ];
                let near = suggest(word, names).map_or(String::new(), |s| format!("; {s}"));
                let span = Span::new(start as u32, self.at as u32);
                return Err((span, format!("there is no type `{word}`{near}")));
            }
        };
        self.depth -= 1;
        Ok(ty)
    }

    /// `(type)`; a bare `list` is a list of anything.
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
        let mut items = Vec::new();
        while !self.eat(']') {
            items.push(self.ty()?);
            if !self.eat(',') {
                self.expect(']')?;
                break;
            }
        }
        self.expect(')')?;
        Ok(Type::Tuple(items))
    }

    fn object(&mut self) -> Found<Type> {
        self.expect('(')?;
        self.expect('{')?;
        let mut fields = Fields::new();
        while !self.eat('}') {
            let name = self.field_name()?;
            if !self.eat(':') {
                self.expect('=')?;
            }
            let field = self.field()?;
            fields.insert(name.to_owned(), field);
            let line = self.at;
            // a comma or a line break stands between fields
            if !self.eat(',')
                && !self.text[line..self.at].contains('\n')
                && !self.rest().starts_with('}')
            {
                return Err(self.wrong("expected `,` or `}`"));
            }
        }
        self.expect(')')?;
        Ok(Type::Object(fields))
    }

    /// A type, or `optional(type, default)`.
    fn field(&mut self) -> Found<Field> {
        self.blanks();
        let after = self.rest().strip_prefix("optional").map(str::trim_start);
        if !after.is_some_and(|a| a.starts_with('(')) {
            return Ok(Field::required(self.ty()?));
        }
        self.at += "optional".len();
        self.expect('(')?;
        let ty = self.ty()?;
        let mut field = Field::optional(ty);
        if self.eat(',') {
            let start = self.at;
            self.default_value()?;
            let default = crate::hcl::literal(&self.text[start..self.at]);
            field.default = default.map(Box::new);
        }
        self.expect(')')?;
        Ok(field)
    }

    /// Passes over the default of an optional field, up to the bracket that ends it.
    fn default_value(&mut self) -> Found<()> {
        let mut depth = 0_u32;
        for token in crate::hcl::Scanner::from(self.text, self.at) {
            match token.kind {
                crate::hcl::Kind::Mark(b'(' | b'[' | b'{') if token.depth == 0 => depth += 1,
                crate::hcl::Kind::Mark(b')' | b']' | b'}') if token.depth == 0 => {
                    let Some(less) = depth.checked_sub(1) else {
                        self.at = token.range.start;
                        return Ok(());
                    };
                    depth = less;
                }
                _ => {}
            }
        }
        Err(self.wrong("the default is not closed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_terraform_writes_them() {
        for (text, shown) in [
            ("string", "string"),
            (" any ", "unknown"),
            ("artifact", "artifact"),
            ("\"string\"", "string"),
            ("list", "list(unknown)"),
            ("list(map(number))", "list(map(number))"),
            ("set(string)", "list(string)"),
            ("tuple([string, bool])", "tuple([string, bool])"),
            ("tuple([])", "tuple([])"),
            ("object({})", "object({})"),
            (
                "object({a = string, b = bool})",
                "object({a = string, b = bool})",
            ),
            (
                "object({\n  # the name\n  a = string // why\n  \"b\" : optional(list(number), [1, 2]) /* x */\n  c = optional(object({ d = any }), { d = \")\" }),\n})",
                "object({a = string, b = optional(list(number), [1,2]), c = optional(object({d = unknown}), {\"d\":\")\"})})",
            ),
            ("object({optional = string})", "object({optional = string})"),
        ] {
            assert_eq!(
                parse(text).map(|t| t.to_string()).as_deref(),
                Ok(shown),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_type_says_where_and_why() {
        for (text, start, why) in [
            ("", 0, "expected a type"),
            (
                "strin",
                0,
                "there is no type `strin`; did you mean `string`?",
            ),
            ("list(", 5, "expected a type"),
            ("list(string", 11, "expected `)`"),
            ("object({a})", 9, "expected `=`"),
            ("object({a = string b = string})", 19, "expected `,` or `}`"),
            ("string string", 7, "nothing may follow the type"),
            ("tuple(string)", 6, "expected `[`"),
            ("object({\"é: string})", 11, "expected `\"`"),
            (
                "object({a = optional(string, [",
                28,
                "the default is not closed",
            ),
        ] {
            let (span, found) = parse(text).unwrap_err();
            assert_eq!((span.start, found.as_str()), (start, why), "{text}");
        }
        assert!(parse(&"list(".repeat(100_000)).is_err());
    }
}
