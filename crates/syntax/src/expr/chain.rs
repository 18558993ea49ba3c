//! The chain of names around a place in an expression that need not be finished: for editors, which ask while it is
//! being typed. Nothing here is an error; what makes no sense has no chain.
use super::lexer::{Lexer, Token};
use strata_core::span::Span;

/// A word of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// As it is written so far.
    pub text: String,
    /// Where it stands in the text, without quotes.
    pub span: Span,
    /// What it is.
    pub form: WordForm,
}

/// What a word of a chain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordForm {
    /// The name that a chain begins with.
    Name,
    /// `env("NAME")`, which a chain begins with too.
    Environment,
    /// The name of a function, or of a method when it follows a dot.
    Call,
    /// `.name`
    Field,
    /// `["key"]`
    Key,
    /// `[` with nothing after it yet.
    Bracket,
    /// `[expression]`: its own names are another chain.
    Index,
}

/// The chain that a byte of `text` stands in, with the position of its word. The expression stands between `start` and
/// `end`; a byte at the end of a word belongs to it.
pub fn chain_at(text: &str, start: usize, end: usize, at: usize) -> Option<(Vec<Word>, usize)> {
    let text = text.get(..end)?;
    text.get(start..)?;
    let mut lexer = Lexer::new(text, start);
    let mut tokens = Vec::new();
    let mut faults = Vec::new();
    loop {
        let token = lexer.next(&mut faults);
        if token.0 == Token::End || token.1 == token.2 {
            break;
        }
        tokens.push(token);
    }
    let mut walk = Walk {
        text,
        tokens,
        next: 0,
        at,
        outer: Vec::new(),
        chain: Vec::new(),
        found: None,
    };
    walk.all();
    walk.found
}

struct Walk<'a> {
    text: &'a str,
    tokens: Vec<(Token<'a>, usize, usize)>,
    next: usize,
    at: usize,
    /// Chains that are interrupted by brackets.
    outer: Vec<Vec<Word>>,
    chain: Vec<Word>,
    found: Option<(Vec<Word>, usize)>,
}

impl<'a> Walk<'a> {
    fn mark(&self, ahead: usize) -> Option<u8> {
        match self.tokens.get(self.next + ahead) {
            Some((Token::Mark(mark), ..)) => Some(*mark),
            _ => None,
        }
    }
    /// The text in the quotes of a token; a quote that is not closed reaches to the end.
    fn quoted(&self, ahead: usize) -> Option<(String, Span)> {
        let (token, start, end) = self.tokens.get(self.next + ahead)?;
        let inner = match token {
            Token::String(_) => (start + 1, end - 1),
            Token::Unknown if self.text[*start..].starts_with(['"', '\'']) => (start + 1, *end),
            _ => return None,
        };
        let text = self.text.get(inner.0..inner.1)?.to_owned();
        Some((text, Span::new(inner.0 as u32, inner.1 as u32)))
    }
    fn push(&mut self, text: impl Into<String>, span: Span, form: WordForm) {
        self.chain.push(Word {
            text: text.into(),
            span,
            form,
        });
    }
    /// The chain ends here: is it the one that is asked for?
    fn finish(&mut self) {
        let chain = std::mem::take(&mut self.chain);
        let at = self.at as u32;
        let hit = chain
            .iter()
            .rposition(|w| w.span.start <= at && at <= w.span.end && w.form != WordForm::Index);
        if let (Some(i), None) = (hit, &self.found) {
            self.found = Some((chain, i));
        }
    }
    fn all(&mut self) {
        while let Some((token, start, end)) = self.tokens.get(self.next).cloned() {
            self.next += 1;
            let span = Span::new(start as u32, end as u32);
            match token {
                Token::Name(name) => self.begin(name, span),
                Token::Mark(b'.') if !self.chain.is_empty() => self.field(end),
                Token::Mark(b'[') => self.bracket(end),
                Token::Mark(b'(' | b'{') => {
                    self.finish();
                    self.outer.push(Vec::new());
                }
                Token::Mark(b']' | b')' | b'}') => {
                    self.finish();
                    self.chain = self.outer.pop().unwrap_or_default();
                }
                _ => self.finish(),
            }
        }
        self.finish();
        while let Some(chain) = self.outer.pop() {
            self.chain = chain;
            self.finish();
        }
    }
    fn begin(&mut self, name: &'a str, span: Span) {
        self.finish();
        if self.mark(0) != Some(b'(') {
            return self.push(name, span, WordForm::Name);
        }
        if name == "env"
            && let Some((text, inner)) = self.quoted(1)
        {
            self.next += 2;
            if self.mark(0) == Some(b')') {
                self.next += 1;
            }
            return self.push(text, inner, WordForm::Environment);
        }
        self.push(name, span, WordForm::Call);
    }
    fn field(&mut self, end: usize) {
        let Some((Token::Name(name), from, to)) = self.tokens.get(self.next).cloned() else {
            let here = Span::new(end as u32, end as u32);
            return self.push("", here, WordForm::Field);
        };
        // what stands on another line or after a space was not typed as a part of this
        if from > end && self.at <= from {
            let here = Span::new(end as u32, end as u32);
            self.push("", here, WordForm::Field);
            return self.finish();
        }
        self.next += 1;
        let form = if self.mark(0) == Some(b'(') {
            WordForm::Call
        } else {
            WordForm::Field
        };
        self.push(name, Span::new(from as u32, to as u32), form);
    }
    fn bracket(&mut self, end: usize) {
        if self.chain.is_empty() {
            return self.outer.push(Vec::new());
        }
        if let Some((text, span)) = self.quoted(0) {
            self.next += 1;
            if self.mark(0) == Some(b']') {
                self.next += 1;
            }
            return self.push(text, span, WordForm::Key);
        }
        let here = Span::new(end as u32, end as u32);
        if self.mark(0) == Some(b']') || self.next >= self.tokens.len() {
            self.next += usize::from(self.mark(0) == Some(b']'));
            return self.push("", here, WordForm::Bracket);
        }
        self.push("", here, WordForm::Index);
        let chain = std::mem::take(&mut self.chain);
        self.outer.push(chain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of the chain at `^`, the one that is meant in brackets.
    fn at(marked: &str) -> String {
        let place = marked.find('^').unwrap();
        let text = marked.replace('^', "");
        match chain_at(&text, 0, text.len(), place) {
            None => "none".to_owned(),
            Some((words, i)) => {
                let shown = words.iter().enumerate().map(|(n, w)| {
                    let text = format!("{:?} {}", w.form, w.text);
                    if n == i { format!("<{text}>") } else { text }
                });
                shown.collect::<Vec<_>>().join(", ")
            }
        }
    }

    #[test]
    fn the_word_that_is_being_typed_is_found_with_what_is_before_it() {
        for (text, want) in [
            (" vpc.outputs.^", "Name vpc, Field outputs, <Field >"),
            (" vpc.outp^uts.id", "Name vpc, <Field outputs>, Field id"),
            ("1 + vp^", "<Name vp>"),
            ("vpc[\"e^", "Name vpc, <Key e>"),
            ("vpc[^", "Name vpc, <Bracket >"),
            ("vpc[each.k^].outputs.id", "Name each, <Field k>"),
            (
                "vpc[each.key].outputs.i^",
                "Name vpc, Index , Field outputs, <Field i>",
            ),
            ("env(\"o^\").dns", "<Environment o>, Field dns"),
            ("env(\"org\").d^", "Environment org, <Field d>"),
            ("env(\"o^", "<Environment o>"),
            ("cidrsub^net(values.a, 1)", "<Call cidrsubnet>"),
            ("f(values.a^, 1)", "Name values, <Field a>"),
            ("merge(values.^, b)", "Name values, <Field >"),
            ("name.spl^it(\",\")", "Name name, <Call split>"),
            ("{\"a\": values.x^}", "Name values, <Field x>"),
            ("a. ^ b", "none"),
            ("\"text vpc^\"", "none"),
            ("^", "none"),
        ] {
            assert_eq!(at(text), want, "{text}");
        }
    }

    #[test]
    fn no_text_and_no_place_panics() {
        let text = "a.b[\"ü\"].c(d, e[f.g]) ${{ }} \\ ]])) env(\"x\").é '";
        for start in 0..=text.len() + 1 {
            for end in 0..=text.len() + 1 {
                let _ = chain_at(text, start, end, usize::midpoint(start, end));
            }
        }
    }
}
