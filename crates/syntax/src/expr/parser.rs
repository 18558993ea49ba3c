//! Tokens to an expression. Recursion only where something is nested, 64 levels at most.
use super::{
    ast::{Ast, AstKind, Call, Comprehension, ComprehensionKind, Conditional, Link, Operator},
    lexer::{Fault, Lexer, Token},
};
use strata_core::{span::Span, value::Number};

/// The deepest nesting of an expression.
pub const MAX_DEPTH: u32 = 64;
/// The most steps of one chain, such as `a.b.c`.
const MAX_LINKS: usize = 512;

/// A fault in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Where it stands, in bytes of the file.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// What could be read of an expression.
pub(super) struct Read {
    /// The expression, when nothing is wrong with it.
    pub(super) ast: Option<Ast>,
    /// Where what follows it begins, in bytes of the text.
    pub(super) end: usize,
    /// What is wrong.
    pub(super) errors: Vec<ParseError>,
}

/// Reads tokens from a text and makes an expression.
struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token<'a>,
    /// Bytes of the current token.
    start: usize,
    end: usize,
    /// End of the token before.
    last: usize,
    depth: u32,
    place: &'a dyn Fn(usize) -> u32,
    faults: Vec<Fault>,
    errors: Vec<ParseError>,
}

/// Nothing could be made of the text, and it was said why.
struct Stop;
type Parsed<T = Ast> = Result<T, Stop>;

/// Reads the expression that begins at a byte of a text; `place` says where a byte of the text stands in the file.
pub(super) fn read(text: &str, from: usize, place: &dyn Fn(usize) -> u32) -> Read {
    let mut p = Parser {
        lexer: Lexer::new(text, from),
        token: Token::End,
        start: from,
        end: from,
        last: from,
        depth: 0,
        place,
        faults: Vec::new(),
        errors: Vec::new(),
    };
    p.advance();
    let ast = p.conditional().ok();
    // a fault inside a token explains what follows from it, so it alone is said
    if !p.faults.is_empty() {
        p.errors.clear();
    }
    for fault in std::mem::take(&mut p.faults) {
        let span = p.span(fault.start, fault.end);
        p.errors.push(ParseError {
            span,
            message: fault.message,
            help: None,
        });
    }
    Read {
        ast: ast.filter(|_| p.errors.is_empty()),
        end: p.start,
        errors: p.errors,
    }
}

impl<'a> Parser<'a> {
    fn span(&self, start: usize, end: usize) -> Span {
        let from = (self.place)(start);
        // the end of what stands before, not the start of what follows: an escape may stand between
        let to = if end > start {
            (self.place)(end - 1) + 1
        } else {
            from
        };
        Span::new(from, to.max(from))
    }
    fn advance(&mut self) -> Token<'a> {
        self.last = self.end;
        let (token, start, end) = self.lexer.next(&mut self.faults);
        (self.start, self.end) = (start, end);
        std::mem::replace(&mut self.token, token)
    }
    fn eat(&mut self, mark: u8) -> bool {
        let found = self.token == Token::Mark(mark);
        if found {
            self.advance();
        }
        found
    }
    fn stop<T>(&mut self, message: impl Into<String>, help: Option<&str>) -> Parsed<T> {
        let span = self.span(self.start, self.end);
        self.errors.push(ParseError {
            span,
            message: message.into(),
            help: help.map(str::to_owned),
        });
        Err(Stop)
    }
    fn expect(&mut self, mark: u8) -> Parsed<()> {
        if self.eat(mark) {
            Ok(())
        } else {
            self.stop(format!("expected `{}`", mark as char), None)
        }
    }
    fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.stop(format!("nested deeper than {MAX_DEPTH} levels"), None);
        }
        Ok(())
    }
    fn nested(&mut self) -> Parsed {
        self.enter()?;
        let ast = self.conditional()?;
        self.depth -= 1;
        Ok(ast)
    }

    fn conditional(&mut self) -> Parsed {
        let start = self.start;
        let condition = self.operation(1)?;
        if !self.eat(b'?') {
            return Ok(condition);
        }
        let then = self.nested()?;
        if !self.eat(b':') {
            return self.stop("expected `:` and the value for the other case", None);
        }
        let otherwise = self.nested()?;
        let kind = AstKind::If(Box::new(Conditional {
            condition,
            then,
            otherwise,
        }));
        Ok(Ast {
            span: self.span(start, self.last),
            kind,
        })
    }

    fn operation(&mut self, rank: u8) -> Parsed {
        if rank > 5 {
            return self.unary();
        }
        let start = self.start;
        let first = self.operation(rank + 1)?;
        let mut rest: Vec<(Operator, Ast)> = Vec::new();
        while let Token::Operator(operator) = self.token {
            if operator.rank() != rank {
                break;
            }
            self.advance();
            rest.push((operator, self.operation(rank + 1)?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(Ast {
            span: self.span(start, self.last),
            kind: AstKind::Operation(Box::new(first), rest),
        })
    }

    fn unary(&mut self) -> Parsed {
        let mut signs: Vec<(bool, usize)> = Vec::new();
        loop {
            match self.token {
                Token::Not => signs.push((true, self.start)),
                Token::Operator(Operator::Subtract) => signs.push((false, self.start)),
                _ => break,
            }
            self.enter()?;
            self.advance();
        }
        let mut ast = self.chain()?;
        for (not, start) in signs.into_iter().rev() {
            self.depth -= 1;
            let inner = Box::new(ast);
            let kind = if not {
                AstKind::Not(inner)
            } else {
                AstKind::Negate(inner)
            };
            ast = Ast {
                span: self.span(start, self.last),
                kind,
            };
        }
        Ok(ast)
    }

    fn chain(&mut self) -> Parsed {
        let start = self.start;
        let base = self.primary()?;
        let mut links = Vec::new();
        loop {
            let link = if self.eat(b'.') {
                self.member()?
            } else if self.eat(b'[') {
                let index = self.nested()?;
                self.expect(b']')?;
                Link::Index(index)
            } else {
                break;
            };
            links.push(link);
            if links.len() > MAX_LINKS {
                return self.stop(format!("more than {MAX_LINKS} steps in a row"), None);
            }
        }
        if links.is_empty() {
            return Ok(base);
        }
        Ok(Ast {
            span: self.span(start, self.last),
            kind: AstKind::Chain(Box::new(base), links),
        })
    }

    /// What follows a dot.
    fn member(&mut self) -> Parsed<Link> {
        let name = match &self.token {
            Token::Name(name) => (*name).to_owned(),
            // after a dot it can only be a name
            Token::Operator(Operator::In) => "in".to_owned(),
            _ => {
                let help = "other names stand in brackets: `x[\"1st name\"]`";
                return self.stop("expected a name after `.`", Some(help));
            }
        };
        self.advance();
        let span = self.span(self.last - name.len(), self.last);
        if !self.eat(b'(') {
            return Ok(Link::Field { name, span });
        }
        match ComprehensionKind::named(&name) {
            Some(kind) => self.comprehension(kind, span).map(Link::Comprehension),
            None => Ok(Link::Method(Call {
                name,
                name_span: span,
                arguments: self.items(b')')?,
            })),
        }
    }

    fn comprehension(&mut self, kind: ComprehensionKind, name_span: Span) -> Parsed<Comprehension> {
        let Token::Name(variable) = self.token else {
            let example = format!("write `.{}(x, …)`", kind.name());
            return self.stop("expected the name of a variable", Some(&example));
        };
        let variable = variable.to_owned();
        self.advance();
        self.expect(b',')?;
        let body = Box::new(self.nested()?);
        self.expect(b')')?;
        Ok(Comprehension {
            kind,
            name_span,
            variable,
            body,
        })
    }

    /// Items up to a closing mark; a comma may stand after the last.
    fn items(&mut self, end: u8) -> Parsed<Vec<Ast>> {
        let mut items = Vec::new();
        while !self.eat(end) {
            items.push(self.nested()?);
            if !self.eat(b',') {
                self.expect(end)?;
                break;
            }
        }
        Ok(items)
    }

    fn map(&mut self) -> Parsed<Vec<(Ast, Ast)>> {
        let mut entries = Vec::new();
        while !self.eat(b'}') {
            let key = self.nested()?;
            if !self.eat(b':') {
                return self.stop("expected `:` after the key", None);
            }
            entries.push((key, self.nested()?));
            if !self.eat(b',') {
                self.expect(b'}')?;
                break;
            }
        }
        Ok(entries)
    }

    fn primary(&mut self) -> Parsed {
        let start = self.start;
        let kind = match &self.token {
            Token::Mark(b'(') => {
                self.advance();
                let inner = self.nested()?;
                self.expect(b')')?;
                return Ok(inner);
            }
            Token::Mark(b'[') => {
                self.advance();
                AstKind::List(self.items(b']')?)
            }
            Token::Mark(b'{') => {
                self.advance();
                AstKind::Map(self.map()?)
            }
            Token::Mark(_) | Token::Operator(_) | Token::Not | Token::End | Token::Unknown => {
                return self.stop("expected a value", None);
            }
            Token::Name(_) | Token::Number(_) | Token::String(_) => self.word()?,
        };
        Ok(Ast {
            span: self.span(start, self.last),
            kind,
        })
    }

    fn word(&mut self) -> Parsed<AstKind> {
        let start = self.start;
        Ok(match self.advance() {
            Token::String(s) => AstKind::String(s),
            Token::Number(n) => AstKind::Number(Number(n.to_owned())),
            Token::Name("true") => AstKind::Bool(true),
            Token::Name("false") => AstKind::Bool(false),
            Token::Name("null") => AstKind::Null,
            Token::Name(name) => {
                let name_span = self.span(start, self.last);
                if self.eat(b'(') {
                    AstKind::Call(Call {
                        name: name.to_owned(),
                        name_span,
                        arguments: self.items(b')')?,
                    })
                } else {
                    AstKind::Name(name.to_owned())
                }
            }
            _ => return self.stop("expected a value", None),
        })
    }
}
