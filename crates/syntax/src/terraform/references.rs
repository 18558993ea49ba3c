//! What the expressions of a file refer to, by name and place.
use super::facts::{ModuleUse, OutputUse, References, Source};
use crate::hcl::{Kind, Token, guarded};
use std::collections::HashMap;
use strata_core::span::Span;

/// Names that a loop or a `dynamic` block may give to something of its own.
const ROOTS: &[&str] = &["var", "local", "module", "data"];

/// Tokens in which the end of a bracket is looked for.
const FAR: usize = 2000;

/// Gathers references, each name once with all its places.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) out: References,
    variables: HashMap<String, usize>,
    locals: HashMap<String, usize>,
}

impl Gathered {
    fn name(&mut self, variable: bool, name: &str, span: Span) {
        let (index, names) = if variable {
            (&mut self.variables, &mut self.out.variables)
        } else {
            (&mut self.locals, &mut self.out.locals)
        };
        if let Some(i) = index.get(name) {
            names[*i].1.push(span);
        } else {
            index.insert(name.to_owned(), names.len());
            names.push((name.to_owned(), vec![span]));
        }
    }
}

/// Tokens without line ends, and their text.
pub(super) struct Code<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: &'a [Token],
    /// Every place is this one: in JSON the bytes of a text are not those of the file.
    pub(super) place: Option<Span>,
}

impl<'a> Code<'a> {
    fn word(&self, at: usize) -> Option<&'a str> {
        let token = self.tokens.get(at).filter(|t| t.kind == Kind::Word)?;
        Some(&self.text[token.range.clone()])
    }
    fn is(&self, at: usize, mark: u8) -> bool {
        self.tokens
            .get(at)
            .is_some_and(|t| t.kind == Kind::Mark(mark))
    }
    /// `.name`
    fn field(&self, at: usize) -> Option<&'a str> {
        self.word(at + 1).filter(|_| self.is(at, b'.'))
    }
    fn span(&self, from: usize, to: usize) -> Span {
        if let Some(place) = self.place {
            return place;
        }
        let (from, to) = (
            &self.tokens[from],
            &self.tokens[to.min(self.tokens.len() - 1)],
        );
        Span::new(from.range.start as u32, to.range.end as u32)
    }
    /// What follows the bracket that opens at a token.
    fn past_bracket(&self, at: usize) -> usize {
        let mut open = 0_u32;
        for (i, token) in self.tokens.iter().enumerate().skip(at).take(FAR) {
            match token.kind {
                Kind::Mark(b'[' | b'(' | b'{') | Kind::TextOpen | Kind::InsertOpen => open += 1,
                Kind::Mark(b']' | b')' | b'}') | Kind::TextClose | Kind::InsertClose => {
                    open = open.saturating_sub(1);
                    if open == 0 {
                        return i + 1;
                    }
                }
                _ => {}
            }
        }
        (at + FAR).min(self.tokens.len())
    }
    /// `.name` or `["name"]`, with the token after it.
    fn member(&self, at: usize) -> Option<(&'a str, usize)> {
        if let Some(name) = self.field(at) {
            return Some((name, at + 2));
        }
        let text = self
            .tokens
            .get(at + 2)
            .filter(|t| t.kind == Kind::Literal)?;
        let closed = self.tokens.get(at + 3)?.kind == Kind::TextClose;
        (self.is(at, b'[') && closed && self.is(at + 4, b']'))
            .then(|| (&self.text[text.range.clone()], at + 5))
    }

    /// Gathers what is referred to. In blocks of addresses (`moved`, `import`) a `module.x` is none that has to be.
    /// What the value comes from goes to `sources`, when somebody wants to know.
    pub(super) fn gather(
        &self,
        addresses: bool,
        out: &mut Gathered,
        mut sources: Option<&mut Vec<Source>>,
    ) {
        // up to these tokens, nothing is a reference, or nothing makes the value sensitive
        let (mut skip, mut open) = (0, 0);
        for i in 0..self.tokens.len() {
            let Some(word) = self.word(i) else { continue };
            if i < skip || (i > 0 && self.is(i - 1, b'.')) {
                continue;
            }
            let mut from = |source: Source| {
                if i >= open
                    && let Some(all) = sources.as_deref_mut()
                    && !all.contains(&source)
                {
                    all.push(source);
                }
            };
            match word {
                "var" | "local" => {
                    if let Some(name) = self.field(i + 1) {
                        let variable = word == "var";
                        out.name(variable, name, self.span(i, i + 2));
                        from(if variable {
                            Source::Variable(name.to_owned())
                        } else {
                            Source::Local(name.to_owned())
                        });
                    }
                }
                "module" => {
                    if let Some(used) = self.module(i) {
                        from(Source::Module(used.call.clone(), used.output.clone()));
                        if !addresses {
                            out.out.modules.push(used);
                        }
                    }
                }
                "data" => self.data(i, out, &mut from),
                "for" => {
                    let second = self.word(i + 3).filter(|_| self.is(i + 2, b','));
                    let names = [self.word(i + 1), second];
                    out.hide(names.into_iter().flatten());
                }
                "iterator" if self.is(i + 1, b'=') => out.hide(self.word(i + 2)),
                "dynamic" => {
                    let label = self.tokens.get(i + 2).filter(|t| t.kind == Kind::Literal);
                    out.hide(label.map(|t| &self.text[t.range.clone()]));
                    if self.is(i + 4, b'{') {
                        let end = self.past_bracket(i + 4);
                        out.out.dynamic.push(self.span(i, end - 1));
                    }
                }
                "ignore_changes" if self.is(i + 1, b'=') && self.is(i + 2, b'[') => {
                    skip = self.past_bracket(i + 2);
                }
                "nonsensitive" | "issensitive" if i >= open && self.is(i + 1, b'(') => {
                    open = self.past_bracket(i + 1);
                }
                "sensitive" if self.is(i + 1, b'(') => from(Source::Sensitive),
                _ if word.contains('_') && sources.is_some() => {
                    if let Some(name) = self.field(i + 1)
                        && i >= open
                        && let Some(all) = sources.as_deref_mut()
                    {
                        all.push(Source::Other(format!("{word}.{name}")));
                    }
                }
                _ => {}
            }
        }
    }

    /// `module.m`, `module.m.out`, `module.m["k"].out`
    fn module(&self, at: usize) -> Option<ModuleUse> {
        let call = self.field(at + 1)?;
        let (mut next, mut keyed) = (at + 3, false);
        if self.is(next, b'[') {
            keyed = true;
            next = self.past_bracket(next);
        }
        let output = self.field(next);
        let last = if output.is_some() { next + 1 } else { at + 2 };
        Some(ModuleUse {
            call: call.to_owned(),
            keyed,
            output: output.map(str::to_owned),
            guarded: output.is_some() && guarded(self.text, self.tokens, at),
            span: self.span(at, last),
        })
    }

    /// `data.terraform_remote_state.x.outputs.y`, `data.tfe_outputs.x.values.y`, and any other data.
    fn data(&self, at: usize, out: &mut Gathered, from: &mut dyn FnMut(Source)) {
        let (Some(kind), Some(name)) = (self.field(at + 1), self.field(at + 3)) else {
            return;
        };
        from(Source::Other(format!("data.{kind}.{name}")));
        if !matches!(kind, "terraform_remote_state" | "tfe_outputs") {
            return;
        }
        let mut next = at + 5;
        if self.is(next, b'[') {
            next = self.past_bracket(next);
        }
        let part = self.field(next);
        let output = part
            .filter(|p| matches!(*p, "outputs" | "values" | "nonsensitive_values"))
            .and_then(|_| self.member(next + 2));
        let last = output.map_or(at + 4, |(_, end)| end - 1);
        if part.is_some_and(|p| !matches!(p, "outputs" | "values" | "nonsensitive_values")) {
            return;
        }
        out.out.states.push(OutputUse {
            kind: kind.to_owned(),
            name: name.to_owned(),
            output: output.map(|(name, _)| name.to_owned()),
            span: self.span(at, last),
        });
    }
}

impl Gathered {
    fn hide<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) {
        for name in names {
            if ROOTS.contains(&name) && !self.out.hidden.iter().any(|h| h == name) {
                self.out.hidden.push(name.to_owned());
            }
        }
    }
}
