//! Takes a text apart. What YAML would refuse is taken as far as it goes.
use super::{Entry, Flow, Loose, Outline, Step};
use strata_core::span::Span;

/// Deeper than any document that is read.
const DEEPEST: usize = 128;

/// Goes through a text line by line; braces are gone through byte by byte.
pub(super) struct Reader<'a> {
    text: &'a str,
    out: Outline,
    /// Block entries that the next line may belong to.
    open: Vec<usize>,
}

fn span(start: usize, end: usize) -> Span {
    Span::new(start as u32, end.max(start) as u32)
}

impl<'a> Reader<'a> {
    pub(super) fn read(text: &'a str) -> Outline {
        let mut reader = Self {
            text,
            out: Outline::default(),
            open: Vec::new(),
        };
        reader.lines();
        reader.out
    }
    fn line_end(&self, from: usize) -> usize {
        let found = self.text[from..].find('\n');
        found.map_or(self.text.len(), |i| from + i)
    }
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }
    fn spaces(&self, from: usize) -> usize {
        let bytes = self.text.as_bytes();
        bytes[from..].iter().take_while(|b| **b == b' ').count()
    }

    fn lines(&mut self) {
        let mut at = if self.text.starts_with('\u{feff}') {
            3
        } else {
            0
        };
        while at < self.text.len() {
            at = self.line(at);
        }
    }

    /// Reads from the beginning of a line; where the next one to read begins.
    fn line(&mut self, start: usize) -> usize {
        let end = self.line_end(start);
        let mut at = start + self.spaces(start);
        let rest = self.text[at..end].trim_end();
        if rest.is_empty() || rest.starts_with('#') || rest == "---" {
            return end + 1;
        }
        let mut indent = at - start;
        let item = |s: &str| s == "-" || s.starts_with("- ");
        let is_item = item(rest);
        while let Some(top) = self.open.last() {
            let top = &self.out.entries[*top];
            let same = top.indent == indent && (!is_item || top.step == Step::Item);
            if top.indent > indent || same {
                self.open.pop();
            } else {
                break;
            }
        }
        while item(self.text[at..end].trim_end()) && self.open.len() < DEEPEST {
            self.add(Step::Item, span(at, at + 1), indent, at + 1);
            at += 1;
            at += self.spaces(at);
            indent = at - start;
        }
        let at = at.min(end);
        if let Some((key, after)) = key(&self.text[at..end]) {
            let name = self.text[at + key.start as usize..at + key.end as usize].to_owned();
            self.add(Step::Key(name), key.offset(at as u32), indent, at + after);
            return self.value(at + after, indent);
        }
        let parent = self.open.last().copied();
        if let Some(i) = parent
            && self.out.entries[i].step == Step::Item
            && self.out.entries[i].value.start == self.out.entries[i].value.end
        {
            let own = self.out.entries[i].indent;
            return self.value(at, own);
        }
        if matches!(self.byte(at), Some(b'{' | b'[')) {
            let own = parent.map_or(0, |i| self.out.entries[i].indent);
            return self.flow(at, own, parent);
        }
        let text_end = at + plain_end(&self.text[at..end]);
        self.out.loose.push(Loose {
            parent,
            span: span(at, text_end),
        });
        self.reach(text_end);
        end + 1
    }

    fn add(&mut self, step: Step, key: Span, indent: usize, value: usize) {
        let parent = self.open.last().copied();
        self.out.entries.push(Entry {
            parent,
            step,
            key,
            value: span(value, value),
            end: value as u32,
            indent,
            flow: false,
        });
        self.open.push(self.out.entries.len() - 1);
        self.reach(value);
    }
    /// Everything that is open reaches to here.
    fn reach(&mut self, end: usize) {
        for i in &self.open {
            self.out.entries[*i].end = end as u32;
        }
    }
    /// The value of the entry that was opened last.
    fn value(&mut self, from: usize, indent: usize) -> usize {
        let end = self.line_end(from);
        let mut at = from + self.spaces(from);
        // a tag or an anchor before it
        while matches!(self.byte(at), Some(b'!' | b'&')) && at < end {
            let word = self.text[at..end].find(' ').unwrap_or(end - at);
            at += word + self.spaces(at + word);
        }
        let own = self.open.last().copied();
        let set = |reader: &mut Self, start: usize, stop: usize| {
            if let Some(i) = own {
                reader.out.entries[i].value = span(start, stop);
            }
            reader.reach(stop);
        };
        match self.byte(at) {
            None | Some(b'\n' | b'\r' | b'#') => end + 1,
            Some(b'|' | b'>') => {
                let mut next = end + 1;
                let mut last = at;
                while next < self.text.len() {
                    let stop = self.line_end(next);
                    let blank = self.text[next..stop].trim().is_empty();
                    if !blank && self.spaces(next) <= indent {
                        break;
                    }
                    if !blank {
                        last = stop;
                    }
                    next = stop + 1;
                }
                set(self, (end + 1).min(last.max(at)), last);
                next
            }
            Some(b'{' | b'[') => self.flow(at, indent, own),
            Some(quote @ (b'"' | b'\'')) => {
                let stop = self.quoted(at, quote, indent);
                set(self, at, stop);
                self.line_end(stop.min(self.text.len())) + 1
            }
            Some(_) => {
                let stop = at + plain_end(&self.text[at..end]);
                set(self, at, stop);
                end + 1
            }
        }
    }
    /// Where lines end that can belong to something that began on a line with this indent.
    fn bound(&self, from: usize, indent: usize) -> usize {
        let mut end = self.line_end(from);
        while end < self.text.len() {
            let next = end + 1;
            let stop = self.line_end(next);
            let text = &self.text[next..stop];
            let closes = text.trim_start().starts_with(['}', ']']);
            if !text.trim().is_empty() && self.spaces(next) <= indent && !closes {
                break;
            }
            end = stop;
        }
        end
    }
    /// Where a quoted text ends; one that is not closed ends with its line.
    fn quoted(&self, at: usize, quote: u8, indent: usize) -> usize {
        let limit = self.bound(at, indent);
        closing(&self.text[at..limit], quote).map_or_else(
            || at + self.text[at..self.line_end(at)].trim_end().len(),
            |i| at + i,
        )
    }

    /// Reads `{…}` or `[…]`, which may be cut off; where the next line begins.
    fn flow(&mut self, from: usize, indent: usize, parent: Option<usize>) -> usize {
        let limit = self.bound(from, indent);
        // what holds the entries, where it began
        let mut nests: Vec<(bool, Option<usize>, usize)> = Vec::new();
        let mut at = from;
        // the entry of a map that waits for its value
        let mut waiting: Option<usize> = None;
        while at < limit {
            let Some(byte) = self.byte(at) else { break };
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => at += 1,
                b',' => {
                    waiting = None;
                    at += 1;
                }
                b'#' => at = self.line_end(at),
                b'{' | b'[' if nests.len() < DEEPEST => {
                    let holder = match (waiting.take(), nests.last()) {
                        (Some(entry), _) => Some(entry),
                        (None, None) => parent,
                        (None, Some((true, holder, _))) => *holder,
                        (None, Some((false, holder, _))) => {
                            let holder = *holder;
                            Some(self.add_flow(holder, Step::Item, span(at, at), at))
                        }
                    };
                    nests.push((byte == b'{', holder, at));
                    at += 1;
                }
                b'}' | b']' => {
                    at += 1;
                    waiting = None;
                    if let Some((_, holder, began)) = nests.pop() {
                        self.close(holder, began, at);
                    }
                    if nests.is_empty() {
                        break;
                    }
                }
                _ => at = self.flow_word(at, limit, nests.last().copied(), &mut waiting),
            }
        }
        while let Some((_, holder, began)) = nests.pop() {
            self.close(holder, began, limit + 1);
        }
        self.reach(at.min(self.text.len()));
        self.line_end(at.min(self.text.len())) + 1
    }
    fn close(&mut self, holder: Option<usize>, began: usize, end: usize) {
        self.out.flows.push(Flow {
            parent: holder,
            // behind the last bracket is outside
            span: span(began, end - 1),
        });
        if let Some(i) = holder {
            self.out.entries[i].end = end.min(self.text.len()) as u32;
        }
    }
    fn add_flow(&mut self, parent: Option<usize>, step: Step, key: Span, value: usize) -> usize {
        self.out.entries.push(Entry {
            parent,
            step,
            key,
            value: span(value, value),
            end: value as u32,
            indent: 0,
            flow: true,
        });
        self.out.entries.len() - 1
    }
    /// Reads a key, a value or an item between brackets.
    fn flow_word(
        &mut self,
        at: usize,
        limit: usize,
        nest: Option<(bool, Option<usize>, usize)>,
        waiting: &mut Option<usize>,
    ) -> usize {
        let rest = &self.text[at..limit];
        let quote = rest.as_bytes()[0];
        let is_quoted = quote == b'"' || quote == b'\'';
        let length = if is_quoted {
            closing(rest, quote).unwrap_or_else(|| rest.find('\n').unwrap_or(rest.len()))
        } else {
            flow_plain(rest, waiting.is_none())
        };
        let length = length.max(rest.chars().next().map_or(1, char::len_utf8));
        let stop = at + length;
        let (in_map, holder) = nest.map_or((false, None), |(map, holder, _)| (map, holder));
        if let Some(entry) = waiting.take() {
            self.out.entries[entry].value = span(at, stop);
            self.out.entries[entry].end = stop as u32;
            return stop;
        }
        let gap = self.spaces(stop.min(self.text.len()));
        if in_map && stop + gap < limit && self.byte(stop + gap) == Some(b':') {
            let key = if is_quoted && length >= 2 {
                span(at + 1, stop - 1)
            } else {
                span(at, stop)
            };
            let name = self.text[key.start as usize..key.end as usize].to_owned();
            let after = stop + gap + 1;
            *waiting = Some(self.add_flow(holder, Step::Key(name), key, after));
            return after;
        }
        if in_map {
            self.out.loose.push(Loose {
                parent: holder,
                span: span(at, stop),
            });
        } else {
            let item = self.add_flow(holder, Step::Item, span(at, at), at);
            self.out.entries[item].value = span(at, stop);
            self.out.entries[item].end = stop as u32;
        }
        stop
    }
}

/// How long a text in quotes is, both of them included.
fn closing(text: &str, quote: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 1,
            b if b == quote => {
                if quote == b'\'' && bytes.get(at + 1) == Some(&quote) {
                    at += 1;
                } else {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The key that a line begins with, and what comes after its colon.
fn key(line: &str) -> Option<(Span, usize)> {
    let bytes = line.as_bytes();
    let quote = *bytes.first()?;
    let (inner, mut at) = match quote {
        b'"' | b'\'' => {
            let end = closing(line, quote)?;
            (span(1, end - 1), end)
        }
        b'{' | b'[' | b'#' | b'|' | b'>' | b'&' | b'*' | b'!' | b'$' => return None,
        _ => {
            let end = (0..bytes.len()).find(|i| {
                bytes[*i] == b':' && matches!(bytes.get(i + 1), None | Some(b' ' | b'\r' | b'\t'))
            })?;
            let text = line[..end].trim_end();
            if text.contains(" #") {
                return None;
            }
            (span(0, text.len()), end)
        }
    };
    while bytes.get(at) == Some(&b' ') {
        at += 1;
    }
    (bytes.get(at) == Some(&b':') && matches!(bytes.get(at + 1), None | Some(b' ' | b'\r' | b'\t')))
        .then_some((inner, at + 1))
}

/// Where a scalar without quotes ends on its line: before a comment.
fn plain_end(line: &str) -> usize {
    let text = match line.find(" #") {
        Some(comment) => &line[..comment],
        None => line,
    };
    text.trim_end().len()
}

/// Where a scalar without quotes ends between brackets. An expression holds what would end it.
fn flow_plain(text: &str, may_be_key: bool) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if text[at..].starts_with("${{") {
            let line = text[at..].find('\n').unwrap_or(text.len() - at);
            at += text[at..at + line].find("}}").map_or(line, |i| i + 2);
            continue;
        }
        let next = bytes.get(at + 1);
        let colon = bytes[at] == b':' && matches!(next, None | Some(b' ' | b'\n' | b',' | b'}'));
        if matches!(bytes[at], b',' | b'}' | b']' | b'\n' | b'{' | b'[') || (may_be_key && colon) {
            break;
        }
        at += text[at..].chars().next().map_or(1, char::len_utf8);
    }
    text[..at].trim_end().len()
}
