//! Lists and objects, and the loops that make them.
use super::{expression::Reader, shape::Shape};
use crate::hcl::{Kind, Token};

/// More items than this are not kept one by one.
const MANY: usize = 4096;

/// The key of an object.
enum Key {
    Name(String),
    Computed,
}

impl Reader<'_> {
    pub(super) fn list(&mut self) -> Option<Shape> {
        if self.is_loop() {
            return self.each(b']');
        }
        let mut items = Vec::new();
        while !self.eat(b']') {
            items.push(self.expression()?);
            if !self.eat(b',') {
                self.expect(b']')?;
                break;
            }
        }
        Some(if items.len() > MANY {
            Shape::Each(Box::default())
        } else {
            Shape::List(items)
        })
    }

    /// `for x in …`, not a key that is called `for`.
    fn is_loop(&mut self) -> bool {
        self.blank_lines();
        let is = |t: Option<&Token>, kind: Kind| t.is_some_and(|t| t.kind == kind);
        self.peek().is_some_and(|t| self.slice(t) == "for") && is(self.token(1), Kind::Word)
    }

    fn each(&mut self, close: u8) -> Option<Shape> {
        self.lines = false;
        self.at += 1;
        let names = self.scope.len();
        let first = self.word()?;
        let second = if self.eat(b',') { self.word() } else { None };
        if self.word()? != "in" {
            return None;
        }
        self.expression()?;
        self.expect(b':')?;
        self.scope.push(first);
        self.scope.extend(second);
        let mut item = self.expression()?;
        let by_key = self.mark() == Some(b'=') && self.after() == Some(b'>');
        if by_key {
            self.at += 2;
            item = self.expression()?;
        }
        while self.eat(b'.') {
            item = Shape::Unknown;
        }
        if self.peek().is_some_and(|t| self.slice(t) == "if") {
            self.at += 1;
            self.expression()?;
        }
        self.scope.truncate(names);
        self.expect(close)?;
        let item = Box::new(item);
        Some(if by_key {
            Shape::EachByKey(item)
        } else {
            Shape::Each(item)
        })
    }

    pub(super) fn object(&mut self) -> Option<Shape> {
        if self.is_loop() {
            return self.each(b'}');
        }
        let (mut fields, mut computed) = (Vec::new(), false);
        loop {
            self.blank_lines();
            if self.eat(b'}') {
                break;
            }
            let key = self.key()?;
            if !self.eat(b':') {
                self.expect(b'=')?;
            }
            let value = self.expression()?;
            match key {
                Key::Name(key) => fields.push((key, value)),
                Key::Computed => computed = true,
            }
            if !self.eat(b',') && self.mark() != Some(b'}') {
                self.peek().filter(|t| t.kind == Kind::Newline)?;
            }
        }
        Some(if computed || fields.len() > MANY {
            Shape::EachByKey(Box::default())
        } else {
            Shape::Object(fields)
        })
    }

    /// The key of an object: a name, or one that has to be computed.
    fn key(&mut self) -> Option<Key> {
        let token = self.peek()?;
        if token.kind == Kind::Word && matches!(self.after(), Some(b'=' | b':')) {
            self.at += 1;
            return Some(Key::Name(self.slice(token).to_owned()));
        }
        Some(match self.operation()? {
            Shape::Text(t) | Shape::Number(t) => Key::Name(t),
            _ => Key::Computed,
        })
    }
}
