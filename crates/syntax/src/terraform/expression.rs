//! HCL expressions to shapes: one pass over the tokens, nothing is evaluated.
use super::{
    functions,
    shape::{Path, Root, Shape, Step},
};
use crate::hcl::{Kind, Token};
use strata_core::ty::Type;

/// The deepest nesting that is read.
const MAX_DEPTH: u32 = 64;

/// The shape of an expression, or nothing when these tokens are none that is known here.
pub(super) fn shape(text: &str, tokens: &[Token]) -> Option<Shape> {
    let mut reader = Reader::new(text, tokens);
    let shape = reader.expression()?;
    reader.lines = false;
    reader.peek().is_none().then_some(shape)
}

/// The shape of a text that stands for itself, with insertions.
pub(super) fn template(text: &str, tokens: &[Token]) -> Option<Shape> {
    Reader::new(text, tokens).parts(false)
}

pub(super) struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token],
    pub(super) at: usize,
    depth: u32,
    /// Does the end of a line end an expression?
    pub(super) lines: bool,
    /// Names that loops around this place give.
    pub(super) scope: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, tokens: &'a [Token]) -> Self {
        Self {
            text,
            tokens,
            at: 0,
            depth: 0,
            lines: true,
            scope: Vec::new(),
        }
    }
    pub(super) fn token(&self, ahead: usize) -> Option<&'a Token> {
        self.tokens.get(self.at + ahead)
    }
    pub(super) fn peek(&mut self) -> Option<&'a Token> {
        if !self.lines {
            self.blank_lines();
        }
        self.token(0)
    }
    pub(super) fn blank_lines(&mut self) {
        while self.token(0).is_some_and(|t| t.kind == Kind::Newline) {
            self.at += 1;
        }
    }
    pub(super) fn slice(&self, token: &Token) -> &'a str {
        &self.text[token.range.clone()]
    }
    pub(super) fn mark(&mut self) -> Option<u8> {
        match self.peek()?.kind {
            Kind::Mark(m) => Some(m),
            _ => None,
        }
    }
    pub(super) fn after(&self) -> Option<u8> {
        match self.token(1)?.kind {
            Kind::Mark(m) => Some(m),
            _ => None,
        }
    }
    pub(super) fn eat(&mut self, mark: u8) -> bool {
        let found = self.mark() == Some(mark);
        self.at += usize::from(found);
        found
    }
    pub(super) fn expect(&mut self, mark: u8) -> Option<()> {
        self.eat(mark).then_some(())
    }
    pub(super) fn word(&mut self) -> Option<&'a str> {
        let token = self.peek().filter(|t| t.kind == Kind::Word)?;
        self.at += 1;
        Some(self.slice(token))
    }

    /// What stands between brackets, where line ends mean what is said here.
    pub(super) fn within<T>(
        &mut self,
        lines: bool,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let around = std::mem::replace(&mut self.lines, lines);
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let found = read(self);
        self.depth -= 1;
        self.lines = around;
        found
    }

    pub(super) fn expression(&mut self) -> Option<Shape> {
        let first = self.operation()?;
        if !self.eat(b'?') {
            return Some(first);
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let yes = self.expression()?;
        self.expect(b':')?;
        let no = self.expression()?;
        self.depth -= 1;
        Some(Shape::Either(Box::new(yes), Box::new(no)))
    }

    /// Operands with operators between them: what comes out is told by the operators alone.
    pub(super) fn operation(&mut self) -> Option<Shape> {
        let first = self.unary()?;
        let (mut any, mut logical) = (false, false);
        while let Some(mark) = self.mark() {
            let (width, truth) = match (mark, self.after()) {
                (b'=' | b'!' | b'<' | b'>', Some(b'=')) => (2, true),
                (b'&', Some(b'&')) | (b'|', Some(b'|')) => (2, true),
                (b'<' | b'>', _) => (1, true),
                (b'+' | b'-' | b'*' | b'/' | b'%', _) => (1, false),
                _ => break,
            };
            self.at += width;
            any = true;
            logical |= truth;
            self.unary()?;
        }
        Some(match (any, logical) {
            (false, _) => first,
            (true, true) => Shape::Of(Type::Bool),
            (true, false) => Shape::Of(Type::Number),
        })
    }

    fn unary(&mut self) -> Option<Shape> {
        let (mut minus, mut not) = (0_u32, false);
        loop {
            if self.eat(b'-') {
                minus += 1;
            } else if self.mark() == Some(b'!') && self.after() != Some(b'=') {
                self.at += 1;
                not = true;
            } else {
                break;
            }
        }
        let operand = self.postfix()?;
        Some(match operand {
            _ if not => Shape::Of(Type::Bool),
            operand if minus == 0 => operand,
            Shape::Number(n) if minus == 1 => Shape::Number(format!("-{n}")),
            _ => Shape::Of(Type::Number),
        })
    }

    fn postfix(&mut self) -> Option<Shape> {
        let mut shape = self.term()?;
        loop {
            match self.mark() {
                // `...` after the last argument of a call
                Some(b'.') if self.after() == Some(b'.') => return Some(shape),
                Some(b'.') if self.after() == Some(b'*') => {
                    self.at += 2;
                    return self.splat(false);
                }
                Some(b'.') => {
                    self.at += 1;
                    let name = self.word()?;
                    let step = match name.parse() {
                        Ok(position) => Step::Position(position),
                        Err(_) => Step::Field(name.to_owned()),
                    };
                    shape = step_into(shape, step);
                }
                Some(b'[') => {
                    self.at += 1;
                    let inner = self.within(false, |r| {
                        if r.mark() == Some(b'*') && r.after() == Some(b']') {
                            r.at += 2;
                            return Some(None);
                        }
                        let index = r.expression()?;
                        r.expect(b']')?;
                        Some(Some(index))
                    })?;
                    let step = match inner {
                        None => return self.splat(true),
                        Some(Shape::Text(name)) => Step::Field(name),
                        Some(Shape::Number(n)) => n.parse().map_or(Step::Computed, Step::Position),
                        Some(_) => Step::Computed,
                    };
                    shape = step_into(shape, step);
                }
                _ => return Some(shape),
            }
        }
    }

    /// What follows `[*]` or `.*` goes into every item; `[…]` after `.*` picks one of them.
    fn splat(&mut self, full: bool) -> Option<Shape> {
        let mut picked = false;
        loop {
            match self.mark() {
                Some(b'.') if self.after() != Some(b'.') => {
                    self.at += 1;
                    if !self.eat(b'*') {
                        self.word()?;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    picked |= !full;
                    self.within(false, |r| {
                        if !r.eat(b'*') {
                            r.expression()?;
                        }
                        r.expect(b']')
                    })?;
                }
                _ => break,
            }
        }
        Some(if picked {
            Shape::Unknown
        } else {
            Shape::Each(Box::default())
        })
    }

    fn term(&mut self) -> Option<Shape> {
        let token = self.peek()?;
        match token.kind {
            Kind::Word => self.named(),
            Kind::TextOpen => {
                let heredoc = self.slice(token).starts_with('<');
                self.at += 1;
                let text = self.within(false, |r| r.parts(!heredoc))?;
                // the indentation of a long text is nobody's business here
                Some(if heredoc {
                    Shape::Of(Type::String)
                } else {
                    text
                })
            }
            Kind::Mark(b'(') => {
                self.at += 1;
                self.within(false, |r| {
                    let inner = r.expression()?;
                    r.expect(b')')?;
                    Some(inner)
                })
            }
            Kind::Mark(b'[') => {
                self.at += 1;
                self.within(false, Self::list)
            }
            Kind::Mark(b'{') => {
                self.at += 1;
                self.within(true, Self::object)
            }
            _ => None,
        }
    }

    /// A number, a keyword, a call or a path.
    fn named(&mut self) -> Option<Shape> {
        let start = self.peek()?.range.start;
        let word = self.word()?;
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return Some(Shape::Number(self.number(start, word)));
        }
        match word {
            "true" => return Some(Shape::Bool(true)),
            "false" => return Some(Shape::Bool(false)),
            "null" => return Some(Shape::Null),
            _ => {}
        }
        let mut name = word;
        // `provider::name::function`
        while self.mark() == Some(b':') && self.after() == Some(b':') {
            self.at += 2;
            self.word()?;
            name = "";
        }
        if self.eat(b'(') {
            return self.within(false, |r| r.call(name));
        }
        if self.scope.contains(&word) {
            return Some(Shape::Unknown);
        }
        let next = match (self.mark(), self.token(1)) {
            (Some(b'.'), Some(t)) if t.kind == Kind::Word => self.slice(t),
            _ => return Some(Shape::Unknown),
        };
        let root = match (word, next) {
            ("var", _) => Root::Variable,
            ("local", _) => Root::Local,
            ("module", _) => Root::Module,
            ("terraform" | "tofu", "workspace") => Root::Workspace,
            ("path", "module" | "root" | "cwd") | ("each", "key") => {
                self.at += 2;
                return Some(Shape::Of(Type::String));
            }
            ("count", "index") => {
                self.at += 2;
                return Some(Shape::Of(Type::Number));
            }
            _ => return Some(Shape::Unknown),
        };
        self.at += 2;
        Some(Shape::Path(Path {
            root,
            name: next.to_owned(),
            steps: Vec::new(),
        }))
    }

    fn number(&mut self, start: usize, whole: &str) -> String {
        if let (Some(dot), Some(rest)) = (self.token(0), self.token(1))
            && dot.kind == Kind::Mark(b'.')
            && dot.range.start == start + whole.len()
            && rest.range.start == dot.range.end
            && self.slice(rest).starts_with(|c: char| c.is_ascii_digit())
        {
            self.at += 2;
            return self.text[start..rest.range.end].to_owned();
        }
        whole.to_owned()
    }

    fn call(&mut self, name: &str) -> Option<Shape> {
        let (mut arguments, mut spread) = (Vec::new(), false);
        while !self.eat(b')') {
            arguments.push(self.expression()?);
            while self.eat(b'.') {
                spread = true;
            }
            if !self.eat(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Some(functions::result(name, arguments, spread))
    }
}

/// The part of something; only of a path it is known where it leads.
fn step_into(shape: Shape, step: Step) -> Shape {
    match (shape, step) {
        (Shape::Path(mut path), step) if path.root != Root::Workspace => {
            path.steps.push(step);
            Shape::Path(path)
        }
        _ => Shape::Unknown,
    }
}
