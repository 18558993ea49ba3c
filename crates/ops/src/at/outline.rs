//! What stands where in a YAML text, read tolerantly: also of a text that YAML itself cannot read, since it is being
//! typed. Keys, items and scalars with their places; no meaning, no problems.
mod read;

use read::Reader;
use strata_core::span::Span;

/// A step to a part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The value of a key.
    Key(String),
    /// An item of a list.
    Item,
}

impl Step {
    /// The key; `-` for an item.
    pub fn word(&self) -> &str {
        match self {
            Self::Key(key) => key,
            Self::Item => "-",
        }
    }
}

/// A key or an item with what it holds.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What holds it.
    pub parent: Option<usize>,
    /// How it is reached from there.
    pub step: Step,
    /// The key without its quotes, or the dash.
    pub key: Span,
    /// Its scalar, empty where none is written (yet).
    pub value: Span,
    /// Where everything that belongs to it ends.
    pub end: u32,
    /// The column at which it begins.
    indent: usize,
    /// Does it stand in `{…}` or `[…]`?
    flow: bool,
}

/// A word of which only more typing will tell whether it is a key or a value.
#[derive(Clone, Debug)]
struct Loose {
    parent: Option<usize>,
    span: Span,
}

/// `{…}` or `[…]`.
#[derive(Clone, Debug)]
struct Flow {
    parent: Option<usize>,
    span: Span,
}

/// A text, taken apart.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// Its entries in order.
    pub entries: Vec<Entry>,
    loose: Vec<Loose>,
    flows: Vec<Flow>,
}

/// What a place in a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A key that has its colon.
    Key,
    /// The value of a key.
    Value,
    /// A key or a value is about to be written.
    Open,
}

/// A place in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it is.
    pub spot: Spot,
    /// What leads to the map or list that the key is in, or to the value.
    pub path: Vec<Step>,
    /// The word that stands there, without quotes.
    pub word: Span,
}

impl Outline {
    /// Of a text; of one of more than 4 GiB nothing is said.
    pub fn of(text: &str) -> Self {
        if u32::try_from(text.len()).is_err() {
            return Self::default();
        }
        Reader::read(text)
    }

    /// What leads to an entry, itself included.
    pub fn path(&self, entry: Option<usize>) -> Vec<Step> {
        let mut path = Vec::new();
        let mut next = entry;
        while let Some(i) = next {
            path.push(self.entries[i].step.clone());
            next = self.entries[i].parent;
        }
        path.reverse();
        path
    }

    /// What is at a byte of the text that it was made of.
    pub fn place(&self, text: &str, at: usize) -> Place {
        let byte = at as u32;
        let within = |s: &Span| s.start <= byte && byte <= s.end;
        let place = |spot, entry, word| Place {
            spot,
            path: self.path(entry),
            word,
        };
        if let Some(e) = self
            .entries
            .iter()
            .rfind(|e| e.step != Step::Item && within(&e.key))
        {
            return place(Spot::Key, e.parent, e.key);
        }
        if let Some(word) = self.loose.iter().rfind(|l| within(&l.span)) {
            return place(Spot::Open, word.parent, word.span);
        }
        // an empty value reaches to the end of its line
        let line_end = |from: u32| {
            let from = from as usize;
            text.get(from..)
                .and_then(|t| t.find('\n'))
                .map_or(text.len(), |i| from + i)
        };
        let value = self.entries.iter().enumerate().rfind(|(_, e)| {
            if e.value.start < e.value.end {
                return within(&e.value);
            }
            let blank = |s: &str| s.bytes().all(|b| b == b' ' || b == b'\t');
            !e.flow
                && e.value.start <= byte
                && at <= line_end(e.value.start)
                && text.get(e.value.start as usize..at).is_some_and(blank)
                && byte > e.key.end
        });
        if let Some((i, e)) = value {
            let word = if e.value.start < e.value.end {
                e.value
            } else {
                Span::new(byte, byte)
            };
            let spot = if e.step == Step::Item {
                Spot::Open
            } else {
                Spot::Value
            };
            return place(spot, Some(i), word);
        }
        let here = Span::new(byte, byte);
        let flow = self
            .flows
            .iter()
            .filter(|f| f.span.start < byte && byte <= f.span.end)
            .max_by_key(|f| f.span.start);
        if let Some(flow) = flow {
            // after `key:` in braces its value is written
            let last = self
                .entries
                .iter()
                .enumerate()
                .rfind(|(_, e)| e.flow && e.key.end < byte && e.parent == flow.parent);
            let after_colon = last.filter(|(_, e)| {
                e.step != Step::Item
                    && e.value.start == e.value.end
                    && text
                        .get(e.value.start as usize..at)
                        .is_some_and(|s| s.trim().is_empty())
            });
            return match after_colon {
                Some((i, _)) => place(Spot::Value, Some(i), here),
                None => place(Spot::Open, flow.parent, here),
            };
        }
        let line = text
            .get(..at)
            .and_then(|t| t.rfind('\n'))
            .map_or(0, |i| i + 1);
        let column = at.saturating_sub(line);
        let before = self
            .entries
            .iter()
            .rposition(|e| !e.flow && e.key.start < byte);
        let mut parent = before;
        while let Some(i) = parent {
            if self.entries[i].indent < column {
                break;
            }
            parent = self.entries[i].parent;
        }
        place(Spot::Open, parent, here)
    }
}

#[cfg(test)]
mod tests;
