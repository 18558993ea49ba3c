//! Reads a file into facts: what HCL and JSON have in common.
use super::{
    expression,
    facts::{ArgumentFact, Expr, FileFacts, ReadFact, Said, Source},
    references::{Code, Gathered},
};
use crate::{
    hcl::{self, Kind, Scanner, Token, Uses},
    node::Origin,
};
use std::ops::Range;
use strata_core::{
    diagnostic::Diagnostic,
    span::{Location, Span},
};

/// Words of one block that are kept as names of files it may write.
const MAX_WRITTEN: usize = 200;

/// Gathers the facts of one file.
pub(super) struct FileReader<'t> {
    pub(super) origin: &'t Origin,
    pub(super) text: &'t str,
    pub(super) facts: FileFacts,
    gathered: Gathered,
    uses: Uses,
    tokens: Vec<Token>,
}

/// What a stretch of code is looked through for.
#[derive(Clone, Copy, Default)]
pub(super) struct Look {
    /// `module.x` in it is an address, not something that has to be there.
    pub(super) addresses: bool,
    /// Its texts may name files that it writes.
    pub(super) writes: bool,
}

impl<'t> FileReader<'t> {
    pub(super) fn new(origin: &'t Origin, text: &'t str) -> Self {
        Self {
            origin,
            text,
            facts: FileFacts::default(),
            gathered: Gathered::default(),
            uses: Uses::default(),
            tokens: Vec::new(),
        }
    }
    pub(super) fn unreadable(&mut self, problems: impl IntoIterator<Item = Diagnostic>) {
        self.facts.problems.extend(problems);
    }
    pub(super) fn location(&self, at: Span) -> Location {
        Location::new(self.origin.clone(), at)
    }

    fn tokens(&mut self, range: Range<usize>) {
        let end = range.end.min(self.text.len());
        self.tokens.clear();
        let scanner = Scanner::from(&self.text[..end], range.start);
        self.tokens.extend(scanner);
    }

    /// Looks through the body of a block without reading it.
    pub(super) fn look(&mut self, body: Span, look: Look, sources: Option<&mut Vec<Source>>) {
        self.tokens(body.start as usize..body.end as usize);
        self.tokens.retain(|t| t.kind != Kind::Newline);
        self.gather(self.text, None, look, sources);
    }

    /// An attribute of a block.
    pub(super) fn attribute(&mut self, a: &hcl::Attribute) -> Expr {
        self.tokens(a.span.start as usize..a.span.end as usize);
        let shape = expression::shape(self.text, &self.tokens);
        self.tokens.retain(|t| t.kind != Kind::Newline);
        let mut sources = Vec::new();
        self.gather(self.text, None, Look::default(), Some(&mut sources));
        Expr {
            shape: shape.unwrap_or_default().shortened(),
            at: a.span,
            sources,
        }
    }
    pub(super) fn argument(&mut self, a: &hcl::Attribute) -> ArgumentFact {
        ArgumentFact {
            name: a.name.to_owned(),
            at: a.name_span,
            value: self.attribute(a),
        }
    }

    /// A text with insertions that stands at a place of a JSON file.
    pub(super) fn template(&mut self, text: &str, at: Span, look: Look) -> Expr {
        self.tokens.clear();
        self.tokens.extend(Scanner::template(text));
        let shape = expression::template(text, &self.tokens);
        self.tokens.retain(|t| t.kind != Kind::Newline);
        let mut sources = Vec::new();
        self.gather(text, Some(at), look, Some(&mut sources));
        Expr {
            shape: shape.unwrap_or_default().shortened(),
            at,
            sources,
        }
    }

    fn gather(
        &mut self,
        text: &str,
        place: Option<Span>,
        look: Look,
        sources: Option<&mut Vec<Source>>,
    ) {
        let code = Code {
            text,
            tokens: &self.tokens,
            place,
        };
        code.gather(look.addresses, &mut self.gathered, sources);
        hcl::uses_of(text, &self.tokens, &mut self.uses);
        if let Some(at) = place {
            self.reads(Some(at));
        }
        if look.writes {
            self.words(text);
        }
    }

    /// Notes the words of the texts in this code as names of files that may be written here.
    fn words(&mut self, text: &str) {
        let literals = self.tokens.iter().filter(|t| t.kind == Kind::Literal);
        let literals: Vec<&str> = literals.map(|t| &text[t.range.clone()]).collect();
        literals.into_iter().for_each(|l| self.note_text(l));
    }
    pub(super) fn note_text(&mut self, text: &str) {
        let words = text.split(|c: char| c.is_whitespace() || "'\"=>;|&".contains(c));
        let names = words
            .filter_map(|w| w.rsplit('/').next())
            .filter(|n| !n.is_empty() && n.len() < 100);
        let names = names.take(MAX_WRITTEN).map(str::to_owned);
        self.facts.written.extend(names);
    }

    /// Does the code that was looked through last say this word before a sign or a text?
    pub(super) fn says(&self, word: &str) -> bool {
        self.tokens
            .iter()
            .any(|t| t.kind == Kind::Word && &self.text[t.range.clone()] == word)
    }
    /// The word after `name =` in the code that was looked through last.
    pub(super) fn word_of(&self, name: &str) -> Option<&'t str> {
        let text = self.text;
        let found = self.tokens.windows(3).find(|t| {
            t[0].kind == Kind::Word
                && &text[t[0].range.clone()] == name
                && t[1].kind == Kind::Mark(b'=')
                && t[2].kind == Kind::Word
        })?;
        Some(&text[found[2].range.clone()])
    }
    pub(super) fn note_words(&mut self) {
        self.words(self.text);
    }

    fn reads(&mut self, place: Option<Span>) {
        let files = std::mem::take(&mut self.uses.files);
        self.facts.reads.extend(files.into_iter().map(|f| ReadFact {
            path: f.path,
            from_root: f.from_root,
            function: f.function,
            at: place.unwrap_or(f.span),
            guarded: f.guarded,
            pattern: f.pattern,
        }));
    }

    pub(super) fn dynamic(&mut self, at: Span) {
        self.gathered.out.dynamic.push(at);
    }
    pub(super) fn provisioners(&mut self, names: Vec<String>) {
        self.uses.provisioners.extend(names);
    }

    /// What code reads that no block of it was looked through for.
    pub(super) fn look_everywhere(&mut self) {
        hcl::uses_of(self.text, &self.all(), &mut self.uses);
    }
    fn all(&self) -> Vec<Token> {
        Scanner::new(self.text)
            .filter(|t| t.kind != Kind::Newline)
            .collect()
    }

    /// The provider that a resource type belongs to; the built-in one needs no plug-in.
    pub(super) fn provider_of(&mut self, kind: &str, named: Option<&str>) {
        let name = named.unwrap_or_else(|| kind.split('_').next().unwrap_or_default());
        let known = self.facts.used_providers.iter().any(|p| p == name);
        if !name.is_empty() && name != "terraform" && !known {
            self.facts.used_providers.push(name.to_owned());
        }
    }

    pub(super) fn finish(mut self) -> FileFacts {
        self.reads(None);
        let Self {
            mut facts,
            gathered,
            uses,
            ..
        } = self;
        facts.references = gathered.out;
        facts.computed = uses.computed.into_iter().collect();
        facts.changing = uses.changing.into_iter().collect();
        facts.provisioners = uses.provisioners.into_iter().collect();
        facts.workspace = uses.workspace;
        facts.working_directory = uses.working_directory;
        facts.written.sort_unstable();
        facts.written.dedup();
        facts
    }
}

/// The text of an expression that is one, with its place.
pub(super) fn said(value: &Expr) -> Option<Said> {
    value.shape.text().map(|text| Said {
        text: text.to_owned(),
        at: value.at,
    })
}
