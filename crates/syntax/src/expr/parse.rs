//! Text to tree. Chains are loops and nesting is bounded, so no text overflows the stack.
use super::ast::{Ast, AstKind, Each, Op, Step};
use strata_core::span::Span;

/// How deep parts may stand in each other.
const DEPTH: u32 = 64;
/// How long a path may be.
const PATH: usize = 512;

/// What is wrong in an expression, as an offset into its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Where.
    pub at: Span,
    /// What.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
}

/// The tree of a text, and what is wrong with it.
pub fn parse(text: &str) -> (Ast, Vec<ParseError>) {
    let mut p = Parser { text, bytes: text.as_bytes(), at: 0, depth: 0, errors: Vec::new() };
    let tree = p.condition();
    p.space();
    if p.at < p.bytes.len() && p.errors.is_empty() {
        p.error(p.at, p.bytes.len(), "this is not part of the expression", None);
    }
    (tree, p.errors)
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: u32,
    errors: Vec<ParseError>,
}

impl Parser<'_> {
    fn error(&mut self, from: usize, to: usize, message: &str, help: Option<&str>) {
        if self.errors.len() < 8 {
            self.errors.push(ParseError {
                at: Span::new(from as u32, to as u32),
                message: message.to_owned(),
                help: help.map(str::to_owned),
            });
        }
    }
    /// Gives up: one error is enough.
    fn stop(&mut self) {
        self.at = self.bytes.len();
    }
    fn space(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }
    fn eat(&mut self, token: &str) -> bool {
        self.space();
        let found = self.text[self.at..].starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }
    fn expect(&mut self, token: &str) {
        if !self.eat(token) {
            self.error(self.at, self.at, &format!("expected `{token}`"), None);
        }
    }
    fn node(&self, start: usize, kind: AstKind) -> Ast {
        Ast { at: Span::new(start as u32, self.at as u32), kind }
    }
    fn bad(&self, start: usize) -> Ast {
        Ast { at: Span::new(start as u32, start as u32), kind: AstKind::Bad }
    }
    /// One level deeper, if there is room.
    fn nested<T>(&mut self, otherwise: T, f: impl FnOnce(&mut Self) -> T) -> T {
        if self.depth >= DEPTH {
            self.error(self.at, self.at, &format!("nested deeper than {DEPTH} levels"), None);
            self.stop();
            return otherwise;
        }
        self.depth += 1;
        let out = f(self);
        self.depth -= 1;
        out
    }

    fn condition(&mut self) -> Ast {
        let start = self.at;
        let condition = self.chain(1);
        if !self.eat("?") {
            return condition;
        }
        let bad = self.bad(start);
        self.nested(bad, |p| {
            let yes = p.condition();
            if !p.eat(":") {
                p.error(p.at, p.at, "expected `:` and the value of the other case", None);
            }
            let no = p.condition();
            let at = Span::new(condition.at.start, no.at.end.max(condition.at.start));
            Ast { at, kind: AstKind::If(Box::new(condition), Box::new(yes), Box::new(no)) }
        })
    }

    fn operator(&mut self, strength: u8) -> Option<Op> {
        self.space();
        let rest = &self.text[self.at..];
        for (text, op, s) in Op::ALL {
            let word_goes_on = *op == Op::In && rest[2.min(rest.len())..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
            if *s == strength && rest.starts_with(text) && !word_goes_on {
                self.at += text.len();
                return Some(*op);
            }
        }
        None
    }

    fn chain(&mut self, strength: u8) -> Ast {
        if strength > 5 {
            return self.unary();
        }
        let first = self.chain(strength + 1);
        let mut rest = Vec::new();
        while let Some(op) = self.operator(strength) {
            rest.push((op, self.chain(strength + 1)));
        }
        match rest.last() {
            None => first,
            Some((_, last)) => {
                let at = Span::new(first.at.start, last.at.end.max(first.at.start));
                Ast { at, kind: AstKind::Chain(Box::new(first), rest) }
            }
        }
    }

    fn unary(&mut self) -> Ast {
        self.space();
        let start = self.at;
        let mut signs = Vec::new();
        while let Some(sign @ (b'!' | b'-')) = self.bytes.get(self.at) {
            if *sign == b'!' && self.bytes.get(self.at + 1) == Some(&b'=') {
                break;
            }
            signs.push(*sign);
            self.at += 1;
            self.space();
            if signs.len() > DEPTH as usize {
                self.error(start, self.at, "too many signs", None);
                self.stop();
                return self.bad(start);
            }
        }
        let mut tree = self.postfix();
        for sign in signs.iter().rev() {
            let at = Span::new(start as u32, tree.at.end);
            let inner = Box::new(tree);
            tree = Ast { at, kind: if *sign == b'!' { AstKind::Not(inner) } else { AstKind::Neg(inner) } };
        }
        tree
    }

    /// `-` inside a name belongs to the name (Nix's rule); subtraction needs a space.
    fn name(&mut self) -> Option<String> {
        self.space();
        let (b, start) = (self.bytes, self.at);
        if !b.get(start).is_some_and(|c| c.is_ascii_alphabetic() || *c == b'_') {
            return None;
        }
        let mut end = start + 1;
        while b.get(end).is_some_and(|c| {
            c.is_ascii_alphanumeric()
                || *c == b'_'
                || (*c == b'-' && b.get(end + 1).is_some_and(|n| n.is_ascii_alphanumeric() || *n == b'_'))
        }) {
            end += 1;
        }
        self.at = end;
        Some(self.text[start..end].to_owned())
    }

    fn postfix(&mut self) -> Ast {
        let mut tree = self.primary();
        let start = tree.at.start as usize;
        for _ in 0..PATH {
            if self.eat(".") {
                let Some(name) = self.name() else {
                    self.error(self.at, self.at, "expected a name after `.`", Some("odd names stand in brackets: [\"a b\"]"));
                    return tree;
                };
                tree = if self.eat("(") { self.method(start, tree, name) } else { self.step(start, tree, Step::Field(name)) };
            } else if self.eat("[") {
                let bad = self.bad(self.at);
                let index = self.nested(bad, Self::condition);
                self.expect("]");
                let step = match index.kind {
                    AstKind::String(key) => Step::Key(key),
                    _ => Step::Index(Box::new(index)),
                };
                tree = self.step(start, tree, step);
            } else {
                return tree;
            }
        }
        self.error(self.at, self.at, "the path is too long", None);
        self.stop();
        tree
    }

    fn step(&self, start: usize, tree: Ast, step: Step) -> Ast {
        let kind = match tree.kind {
            AstKind::Path(base, mut steps) => {
                steps.push(step);
                AstKind::Path(base, steps)
            }
            kind => AstKind::Path(Box::new(Ast { at: tree.at, kind }), vec![step]),
        };
        self.node(start, kind)
    }

    fn method(&mut self, start: usize, tree: Ast, name: String) -> Ast {
        let how = match name.as_str() {
            "map" => Some(Each::Map),
            "filter" => Some(Each::Filter),
            "all" => Some(Each::All),
            "exists" => Some(Each::Exists),
            _ => None,
        };
        let Some(how) = how else {
            let args = self.list(")");
            return self.node(start, AstKind::Method(Box::new(tree), name, args));
        };
        let var = self.name().unwrap_or_else(|| {
            self.error(self.at, self.at, "expected a name for the element", Some("as in `list.map(x, x.name)`"));
            String::new()
        });
        self.expect(",");
        let bad = self.bad(self.at);
        let body = self.nested(bad, Self::condition);
        self.expect(")");
        self.node(start, AstKind::Each { over: Box::new(tree), how, var, body: Box::new(body) })
    }

    fn list(&mut self, end: &str) -> Vec<Ast> {
        self.nested(Vec::new(), |p| {
            let mut out = Vec::new();
            while !p.eat(end) {
                let before = p.at;
                out.push(p.condition());
                if p.eat(",") {
                    continue;
                }
                p.expect(end);
                if p.at == before {
                    p.stop();
                }
                break;
            }
            out
        })
    }

    fn primary(&mut self) -> Ast {
        self.space();
        let start = self.at;
        let Some(first) = self.bytes.get(start).copied() else {
            self.error(start, start, "expected a value", None);
            return self.bad(start);
        };
        match first {
            b'(' => {
                self.at += 1;
                let bad = self.bad(start);
                let tree = self.nested(bad, Self::condition);
                self.expect(")");
                tree
            }
            b'[' => {
                self.at += 1;
                let items = self.list("]");
                self.node(start, AstKind::List(items))
            }
            b'{' => self.map(start),
            b'"' | b'\'' => self.string(start, first),
            b'0'..=b'9' => {
                let dot = |p: &Self| {
                    p.bytes.get(p.at) == Some(&b'.') && p.bytes.get(p.at + 1).is_some_and(u8::is_ascii_digit)
                };
                while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) || dot(self) {
                    self.at += 1;
                }
                let text = self.text[start..self.at].to_owned();
                self.node(start, AstKind::Number(text))
            }
            _ => match self.name() {
                Some(name) => self.word(start, name),
                None => {
                    let width = self.text[start..].chars().next().map_or(1, char::len_utf8);
                    self.error(start, start + width, "expected a value", None);
                    self.stop();
                    self.bad(start)
                }
            },
        }
    }

    fn word(&mut self, start: usize, name: String) -> Ast {
        match name.as_str() {
            "true" => self.node(start, AstKind::Bool(true)),
            "false" => self.node(start, AstKind::Bool(false)),
            "null" => self.node(start, AstKind::Null),
            _ => {
                let end = self.at;
                if self.eat("(") {
                    let args = self.list(")");
                    return self.node(start, AstKind::Call(name, args));
                }
                self.at = end;
                self.node(start, AstKind::Name(name))
            }
        }
    }

    fn map(&mut self, start: usize) -> Ast {
        self.at += 1;
        let entries = self.nested(Vec::new(), |p| {
            let mut out = Vec::new();
            while !p.eat("}") {
                let before = p.at;
                let key = p.chain(1);
                if !p.eat(":") {
                    p.error(p.at, p.at, "expected `:` after the key", None);
                }
                let value = p.condition();
                out.push((key, value));
                if p.eat(",") {
                    continue;
                }
                p.expect("}");
                if p.at == before {
                    p.stop();
                }
                break;
            }
            out
        });
        self.node(start, AstKind::Map(entries))
    }

    fn string(&mut self, start: usize, quote: u8) -> Ast {
        self.at += 1;
        let mut out = String::new();
        loop {
            let Some(c) = self.text[self.at..].chars().next() else {
                self.error(start, self.at, "this text is not closed", Some("where the value holds ` #` or `: `, quote the whole value in YAML"));
                break;
            };
            self.at += c.len_utf8();
            if c == quote as char {
                break;
            }
            if c != '\\' {
                out.push(c);
                continue;
            }
            let Some(escaped) = self.text[self.at..].chars().next() else { continue };
            self.at += escaped.len_utf8();
            match escaped {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                '\\' | '"' | '\'' | '$' => out.push(escaped),
                other => {
                    let at = self.at;
                    self.error(at - other.len_utf8() - 1, at, &format!("`\\{other}` is no escape"), Some("a backslash is written `\\\\`"));
                }
            }
        }
        self.node(start, AstKind::String(out))
    }
}
