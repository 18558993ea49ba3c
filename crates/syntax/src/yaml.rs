//! YAML to [`Node`]: anchors expanded within a budget, duplicate keys and the usual traps named.
use crate::node::{Entry, Kind, Map, Node, Origin, Scalar, Style};
use saphyr_parser::{Event, Parser, ScalarStyle, Span as Marks};
use std::collections::HashMap;
use strata_core::{
    diagnostic::Diagnostic,
    span::{Location, Span},
};

/// Nodes that aliases may add before it is called a bomb.
const ALIAS_BUDGET: usize = 100_000;
/// How deep maps and lists may stand in each other.
const DEPTH: usize = 128;

/// The document of a file, and what is wrong with it. An empty file has no document.
pub fn parse(file: &Origin, text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    let mut b = Builder {
        file: file.clone(),
        text,
        offsets: (!text.is_ascii()).then(|| text.char_indices().map(|(i, _)| i as u32).collect()),
        anchors: HashMap::new(),
        budget: ALIAS_BUDGET,
        stack: Vec::new(),
        root: None,
        problems: Vec::new(),
        documents: 0,
    };
    if u32::try_from(text.len()).is_err() {
        b.problems.push(Diagnostic::error("yaml::size", "the file is larger than 4 GiB").at(Location::file(file.clone())));
        return (None, b.problems);
    }
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, marks)) => {
                if !b.event(event, marks) {
                    break;
                }
            }
            Err(e) => {
                let at = b.byte(e.marker().index());
                let problem = b.syntax(at, e.info());
                b.problems.push(problem);
                // what was read so far would only cause errors that are none
                b.root = None;
                break;
            }
        }
    }
    (b.root, b.problems)
}

enum Frame {
    List { items: Vec<Node>, start: u32, anchor: usize, tag: Option<String> },
    Map { map: Map, key: Option<(String, Span)>, merges: Vec<Node>, start: u32, anchor: usize, tag: Option<String> },
}

struct Builder<'a> {
    file: Origin,
    text: &'a str,
    offsets: Option<Vec<u32>>,
    anchors: HashMap<usize, Node>,
    budget: usize,
    stack: Vec<Frame>,
    root: Option<Node>,
    problems: Vec<Diagnostic>,
    documents: usize,
}

impl Builder<'_> {
    /// The byte of a character: the scanner counts characters.
    fn byte(&self, index: usize) -> u32 {
        match &self.offsets {
            None => index.min(self.text.len()) as u32,
            Some(o) => o.get(index).copied().unwrap_or(self.text.len() as u32),
        }
    }
    fn span(&self, marks: Marks) -> Span {
        let (start, end) = (self.byte(marks.start.index()), self.byte(marks.end.index()));
        Span::new(start, end.max(start))
    }
    fn at(&self, span: Span) -> Location {
        Location::new(self.file.clone(), span)
    }

    fn event(&mut self, event: Event<'_>, marks: Marks) -> bool {
        let tag = |t: Option<std::borrow::Cow<'_, saphyr_parser::Tag>>| t.map(|t| format!("{}{}", t.handle, t.suffix));
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let span = self.span(marks);
                    self.problems.push(
                        Diagnostic::error("yaml::documents", "only one document is read from this file")
                            .at(self.at(span))
                            .help("remove the `---` and what follows it"),
                    );
                    return false;
                }
            }
            Event::Scalar(text, style, anchor, t) => {
                let mut span = self.span(marks);
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::Single,
                    ScalarStyle::DoubleQuoted => Style::Double,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                if style == Style::Plain {
                    // a plain scalar may be reported with the white space after it
                    let written = &self.text[span.start as usize..span.end as usize];
                    span.end = span.start + written.trim_end().len() as u32;
                }
                let node = Node {
                    span,
                    kind: Kind::Scalar(Scalar { text: text.into_owned(), style }),
                    tag: tag(t),
                    origin: self.file.clone(),
                };
                self.cut_expression(&node);
                self.put(node, anchor);
            }
            Event::SequenceStart(anchor, t) => {
                let start = self.span(marks).start;
                self.stack.push(Frame::List { items: Vec::new(), start, anchor, tag: tag(t) });
                return self.depth(start);
            }
            Event::MappingStart(anchor, t) => {
                let start = self.span(marks).start;
                let (map, merges) = (Map::default(), Vec::new());
                self.stack.push(Frame::Map { map, key: None, merges, start, anchor, tag: tag(t) });
                return self.depth(start);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(marks),
            Event::Alias(id) => {
                let Some(node) = self.anchors.get(&id).cloned() else {
                    let span = self.span(marks);
                    self.problems.push(Diagnostic::error("yaml::alias", "this alias names no anchor").at(self.at(span)));
                    return true;
                };
                let size = size(&node);
                if size > self.budget {
                    let span = self.span(marks);
                    self.problems.push(
                        Diagnostic::error("yaml::alias", "aliases make this file too large").at(self.at(span)),
                    );
                    return false;
                }
                self.budget -= size;
                self.put(node, 0);
            }
            _ => {}
        }
        true
    }

    fn depth(&mut self, at: u32) -> bool {
        if self.stack.len() <= DEPTH {
            return true;
        }
        self.problems.push(
            Diagnostic::error("yaml::depth", format!("nested deeper than {DEPTH} levels")).at(self.at(Span::new(at, at))),
        );
        self.root = None;
        false
    }

    fn close(&mut self, marks: Marks) {
        let end = self.span(marks).end;
        let frame = self.stack.pop().expect("an end follows its start");
        let (kind, start, anchor, tag) = match frame {
            Frame::List { items, start, anchor, tag } => (Kind::List(items), start, anchor, tag),
            Frame::Map { mut map, merges, start, anchor, tag, .. } => {
                for merged in merges {
                    if let Kind::Map(m) = merged.kind {
                        for e in m.entries {
                            if map.get(&e.key).is_none() {
                                map.entries.push(e);
                            }
                        }
                    }
                }
                (Kind::Map(map), start, anchor, tag)
            }
        };
        let written = &self.text[start as usize..(end as usize).max(start as usize)];
        let end = start + written.trim_end().len() as u32;
        let node = Node { span: Span::new(start, end), kind, tag, origin: self.file.clone() };
        self.put(node, anchor);
    }

    fn put(&mut self, node: Node, anchor: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Map { map, key, merges, .. }) => match key.take() {
                None => match node.as_str() {
                    Some(text) => *key = Some((text.to_owned(), node.span)),
                    None => {
                        *key = Some((String::new(), node.span));
                        let text = &self.text[node.span.start as usize..node.span.end as usize];
                        let mut problem = Diagnostic::error("yaml::key", "a key must be a text").at(node.location());
                        if text.starts_with("{{") || text.starts_with('{') {
                            problem = problem.help("an expression is written in single quotes: '${{ … }}'");
                        }
                        self.problems.push(problem);
                    }
                },
                Some((name, _)) if name == "<<" => match node.kind {
                    Kind::List(items) => merges.extend(items),
                    _ => merges.push(node),
                },
                Some((name, span)) => {
                    if let Some(first) = map.entries.iter().find(|e| e.key == name) {
                        self.problems.push(
                            Diagnostic::error("yaml::duplicate-key", format!("`{name}` stands here twice"))
                                .at(Location::new(self.file.clone(), span))
                                .related(Location::new(self.file.clone(), first.key_span), "first here"),
                        );
                    } else {
                        map.entries.push(Entry { key: name, key_span: span, value: node });
                    }
                }
            },
        }
    }

    /// `${{ "x # y" }}` without quotes ends at the ` #`; `{a: ${{ x }}}` is cut at the brace.
    fn cut_expression(&mut self, node: &Node) {
        let Kind::Scalar(s) = &node.kind else { return };
        if s.style != Style::Plain || !s.text.contains("${{") || s.text.matches("${{").count() <= s.text.matches("}}").count() {
            return;
        }
        self.problems.push(
            Diagnostic::error("yaml::unquoted-expression", "YAML ends this value before its `}}`")
                .at(node.location())
                .help(self.quoted_line(node.span.start)),
        );
    }

    /// The line of a byte, with its expression in single quotes.
    fn quoted_line(&self, at: u32) -> String {
        let at = (at as usize).min(self.text.len());
        let start = self.text[..at].rfind('\n').map_or(0, |i| i + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let (Some(open), Some(close)) = (line.find("${{"), line.rfind("}}")) else {
            return "write the value in single quotes: '${{ … }}'".to_owned();
        };
        if close < open {
            return "write the value in single quotes: '${{ … }}'".to_owned();
        }
        let expression = line[open..close + 2].replace('\'', "''");
        format!("write it in single quotes: {}'{}'{}", line[..open].trim_start(), expression, &line[close + 2..])
    }

    fn syntax(&self, at: u32, info: &str) -> Diagnostic {
        let problem = Diagnostic::error("yaml::syntax", info.to_owned()).at(self.at(Span::new(at, at)));
        let before = &self.text[..(at as usize).min(self.text.len())];
        // the scanner may only notice on the next line
        let mut lines = before.rsplit('\n');
        let mut offset = before.len();
        for _ in 0..2 {
            let Some(part) = lines.next() else { break };
            let start = offset - part.len();
            let line = self.text[start..].lines().next().unwrap_or_default();
            if line.contains("${{") {
                return problem.help(self.quoted_line(start as u32));
            }
            offset = start.saturating_sub(1);
        }
        if before.ends_with('\t') || self.text[at as usize..].starts_with('\t') {
            return problem.help("YAML is indented with spaces, not with tabs");
        }
        problem
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::Scalar(_) => 0,
        Kind::List(items) => items.iter().map(size).sum(),
        Kind::Map(map) => map.entries.iter().map(|e| size(&e.value)).sum(),
    }
}
