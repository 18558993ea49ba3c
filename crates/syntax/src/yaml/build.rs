//! Events of the YAML parser to a tree: a stack instead of recursion, anchors within a budget, merge keys.
use super::{MAX_ALIASED, MAX_DEPTH, scalars::foreign};
use crate::node::{Entry, FEW, Kind, Map, Node, Origin, Style};
use saphyr_parser::{Event, Tag};
use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};
use strata_core::{
    diagnostic::Diagnostic,
    span::{Location, Span},
};

/// Takes events and makes a tree.
pub(super) struct Builder<'a> {
    pub(super) file: &'a Origin,
    pub(super) text: &'a str,
    /// Byte offset of every character, when some are longer than a byte.
    chars: Option<Vec<u32>>,
    /// Bytes before the first character that the parser sees.
    bom: u32,
    open: Vec<Open>,
    /// Finished documents; one unless several may stand in the file.
    roots: Vec<Node>,
    /// May several documents stand in the file?
    many: bool,
    documents: usize,
    anchors: HashMap<usize, Anchored>,
    aliased: usize,
    pub(super) problems: Vec<Diagnostic>,
}

/// A list or map that isn't closed yet.
struct Open {
    start: u32,
    anchor: usize,
    tag: Option<String>,
    nodes: usize,
    depth: usize,
    body: Body,
}

enum Body {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        key: Option<(String, Span, bool)>,
        merged: Vec<Node>,
        index: HashMap<String, usize>,
    },
}

struct Anchored {
    node: Node,
    nodes: usize,
    depth: usize,
}

/// A finished node with its size and depth.
struct Done {
    node: Node,
    nodes: usize,
    depth: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(file: &'a Origin, text: &'a str, source: &str, bom: u32) -> Self {
        let chars = (!source.is_ascii()).then(|| {
            source
                .char_indices()
                .map(|(i, _)| i as u32)
                .chain([source.len() as u32])
                .collect()
        });
        Self {
            file,
            text,
            chars,
            bom,
            open: Vec::new(),
            roots: Vec::new(),
            many: false,
            documents: 0,
            anchors: HashMap::new(),
            aliased: 0,
            problems: Vec::new(),
        }
    }
    /// The same for a file in which several documents may stand.
    pub(super) fn of_many(mut self) -> Self {
        self.many = true;
        self
    }
    /// The byte offset of a character.
    pub(super) fn offset(&self, index: usize) -> u32 {
        let at = match &self.chars {
            Some(chars) => chars.get(index).or(chars.last()).copied().unwrap_or(0),
            None => index as u32,
        };
        (at + self.bom).min(self.text.len() as u32)
    }
    /// The bytes of a span of characters.
    pub(super) fn span(&self, span: &saphyr_parser::Span) -> Span {
        let start = self.offset(span.start.index());
        Span::new(start, self.offset(span.end.index()).max(start))
    }
    pub(super) fn finish(self) -> (Vec<Node>, Vec<Diagnostic>) {
        (self.roots, self.problems)
    }
    fn error(&mut self, code: &str, message: impl Into<String>, span: Span) {
        self.problems
            .push(Diagnostic::error(code, message).at(Location::new(self.file.clone(), span)));
    }

    /// Takes an event; false when it makes no sense to go on.
    pub(super) fn event(&mut self, event: Event<'_>, span: Span) -> bool {
        match event {
            Event::DocumentStart(_) => return self.document(span),
            Event::Scalar(text, style, anchor, tag) => {
                let node = self.scalar(&text, style, tag, span);
                return self.done(
                    Done {
                        node,
                        nodes: 1,
                        depth: 0,
                    },
                    anchor,
                );
            }
            Event::SequenceStart(anchor, tag) => {
                return self.enter(Body::List(Vec::new()), anchor, tag, span);
            }
            Event::MappingStart(anchor, tag) => {
                let body = Body::Map {
                    entries: Vec::new(),
                    key: None,
                    merged: Vec::new(),
                    index: HashMap::new(),
                };
                return self.enter(body, anchor, tag, span);
            }
            Event::SequenceEnd | Event::MappingEnd => return self.leave(span),
            Event::Alias(anchor) => return self.alias(anchor, span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        true
    }

    fn document(&mut self, span: Span) -> bool {
        self.documents += 1;
        if self.many {
            // an anchor ends with its document
            self.anchors.clear();
        } else if self.documents > 1 {
            self.error(
                "yaml::documents",
                "the file holds more than one document",
                span,
            );
            if let Some(problem) = self.problems.last_mut() {
                problem.help = Some("write one document a file; remove the `---`".to_owned());
            }
            return false;
        }
        true
    }

    fn enter(&mut self, body: Body, anchor: usize, tag: Option<Cow<'_, Tag>>, span: Span) -> bool {
        if self.open.len() >= MAX_DEPTH {
            self.error(
                "yaml::depth",
                format!("nested deeper than {MAX_DEPTH} levels"),
                span,
            );
            return false;
        }
        let tag = tag.and_then(|t| foreign(&t));
        self.open.push(Open {
            start: span.start,
            anchor,
            tag,
            nodes: 1,
            depth: 0,
            body,
        });
        true
    }

    fn leave(&mut self, span: Span) -> bool {
        let Some(open) = self.open.pop() else {
            return true;
        };
        let end = self.trimmed_end(open.start, span.end);
        let kind = match open.body {
            Body::List(items) => Kind::List(items),
            Body::Map {
                mut entries,
                merged,
                ..
            } => {
                fill_in(&mut entries, merged);
                Kind::Map(Map { entries })
            }
        };
        let node = Node {
            span: Span::new(open.start, end),
            kind,
            tag: open.tag,
            origin: self.file.clone(),
        };
        self.done(
            Done {
                node,
                nodes: open.nodes,
                depth: open.depth + 1,
            },
            open.anchor,
        )
    }

    /// A block's end is reported where the next thing begins; people see the last character that is not blank.
    pub(super) fn trimmed_end(&self, start: u32, end: u32) -> u32 {
        let Some(text) = self.text.get(start as usize..end as usize) else {
            return end;
        };
        let last_lines = text.trim_end();
        start + last_lines.len() as u32
    }

    fn alias(&mut self, anchor: usize, span: Span) -> bool {
        let Some(found) = self.anchors.get(&anchor) else {
            self.error("yaml::alias", "this alias refers to itself", span);
            return false;
        };
        self.aliased += found.nodes;
        if self.aliased > MAX_ALIASED {
            self.error(
                "yaml::aliases",
                format!("aliases make more than {MAX_ALIASED} values"),
                span,
            );
            return false;
        }
        if self.open.len() + found.depth > MAX_DEPTH {
            self.error(
                "yaml::depth",
                format!("aliases nest deeper than {MAX_DEPTH} levels"),
                span,
            );
            return false;
        }
        let done = Done {
            node: found.node.clone(),
            nodes: found.nodes,
            depth: found.depth,
        };
        self.done(done, 0)
    }

    /// Puts a finished node where it belongs.
    fn done(&mut self, done: Done, anchor: usize) -> bool {
        if anchor > 0 {
            let kept = Anchored {
                node: done.node.clone(),
                nodes: done.nodes,
                depth: done.depth,
            };
            self.aliased += done.nodes;
            if self.aliased > MAX_ALIASED * 4 {
                self.error(
                    "yaml::aliases",
                    "too many anchors inside each other",
                    done.node.span,
                );
                return false;
            }
            self.anchors.insert(anchor, kept);
        }
        let Some(open) = self.open.last_mut() else {
            // between `---` and `---` nothing is a document that says nothing
            let nothing = self.many || done.node.span.start == done.node.span.end;
            let empty = done.node.is_null() && nothing;
            if !empty && (self.many || self.roots.is_empty()) {
                self.roots.push(done.node);
            }
            return true;
        };
        open.nodes += done.nodes;
        open.depth = open.depth.max(done.depth);
        match &mut open.body {
            Body::List(items) => items.push(done.node),
            Body::Map { key, .. } if key.is_none() => {
                let span = done.node.span;
                let Kind::Scalar(scalar) = done.node.kind else {
                    *key = Some((String::new(), span, false));
                    self.error("yaml::key", "a key must be a text", span);
                    return true;
                };
                let merges = scalar.style == Style::Plain && scalar.text == "<<";
                *key = Some((scalar.text, span, merges));
            }
            Body::Map {
                entries,
                key,
                merged,
                index,
            } => {
                let Some((key, key_span, merges)) = key.take() else {
                    return true;
                };
                if merges {
                    return take_merged(done.node, merged, &mut self.problems);
                }
                if let Some(first) = position(entries, index, &key) {
                    let problem = duplicate(&entries[first], &key, key_span, self.file);
                    self.problems.push(problem);
                    return true;
                }
                entries.push(Entry {
                    key,
                    key_span,
                    value: done.node,
                });
            }
        }
        true
    }
}

fn duplicate(first: &Entry, key: &str, span: Span, file: &Origin) -> Diagnostic {
    Diagnostic::error(
        "yaml::duplicate-key",
        format!("the key `{key}` stands twice"),
    )
    .at(Location::new(file.clone(), span))
    .related(
        Location::new(file.clone(), first.key_span),
        "it stands here first",
    )
    .help("keep one of them")
}

/// Where a key stands already; a large map is indexed as it grows.
fn position(entries: &[Entry], index: &mut HashMap<String, usize>, key: &str) -> Option<usize> {
    if entries.len() <= FEW {
        return entries.iter().position(|e| e.key == key);
    }
    for (i, entry) in entries.iter().enumerate().skip(index.len()) {
        index.insert(entry.key.clone(), i);
    }
    index.get(key).copied()
}

/// A merge key gives what the map doesn't say itself; of several, the first wins.
fn fill_in(entries: &mut Vec<Entry>, merged: Vec<Node>) {
    if merged.is_empty() {
        return;
    }
    let mut said: HashSet<String> = entries.iter().map(|e| e.key.clone()).collect();
    for node in merged {
        let Kind::Map(map) = node.kind else { continue };
        let new = map
            .entries
            .into_iter()
            .filter(|e| said.insert(e.key.clone()));
        entries.extend(new);
    }
}

/// The value of `<<`: a map, or a list of maps.
fn take_merged(node: Node, merged: &mut Vec<Node>, problems: &mut Vec<Diagnostic>) -> bool {
    let location = node.location();
    let wrong = match node.kind {
        Kind::Map(_) => {
            merged.push(node);
            false
        }
        Kind::List(items) => {
            let all_maps = items.iter().all(|n| n.as_map().is_some());
            merged.extend(items.into_iter().filter(|n| n.as_map().is_some()));
            !all_maps
        }
        Kind::Scalar(_) => true,
    };
    if wrong {
        problems.push(
            Diagnostic::error("yaml::merge-key", "`<<` takes a map or a list of maps").at(location),
        );
    }
    true
}
