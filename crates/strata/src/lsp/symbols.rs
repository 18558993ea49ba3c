//! The keys of a document as a tree.
use super::{here::File, positions::Lines};
use lsp_types::{DocumentSymbol, Location as Place, SymbolInformation, SymbolKind};
use serde_json::Value as Json;
use strata_core::span::Span;
use strata_ops::at::{
    document::Document,
    outline::{Outline, Step},
};

/// Deeper keys are details.
const DEEPEST: usize = 4;

/// The symbols of a document of ours.
pub fn symbols(file: &File<'_>) -> Option<Json> {
    Document::of(&file.path)?;
    let outline = Outline::of(&file.text);
    let tree = Tree {
        outline: &outline,
        text: &file.text,
        lines: file.lines(),
        below: below(&outline),
    };
    let all = tree.of(None, 0);
    let nested = file.server.client.text_document.as_ref().and_then(|t| {
        t.document_symbol
            .as_ref()?
            .hierarchical_document_symbol_support
    });
    if nested == Some(true) {
        return serde_json::to_value(all).ok();
    }
    let mut flat = Vec::new();
    flatten(file, &all, None, &mut flat);
    serde_json::to_value(flat).ok()
}

struct Tree<'a> {
    outline: &'a Outline,
    text: &'a str,
    lines: Lines<'a>,
    /// Entries by what holds them; the last list has those that nothing holds.
    below: Vec<Vec<usize>>,
}

fn below(outline: &Outline) -> Vec<Vec<usize>> {
    let count = outline.entries.len();
    let mut below = vec![Vec::new(); count + 1];
    for (i, e) in outline.entries.iter().enumerate() {
        below[e.parent.unwrap_or(count)].push(i);
    }
    below
}

impl Tree<'_> {
    #[allow(deprecated)]
    fn of(&self, parent: Option<usize>, depth: usize) -> Vec<DocumentSymbol> {
        if depth >= DEEPEST {
            return Vec::new();
        }
        let entries = &self.below[parent.unwrap_or(self.outline.entries.len())];
        let one = |i: &usize| {
            let e = &self.outline.entries[*i];
            let children = self.of(Some(*i), depth + 1);
            let name = match &e.step {
                Step::Key(name) if !name.is_empty() => name.clone(),
                Step::Key(_) => return None,
                Step::Item if children.is_empty() => return None,
                Step::Item => "-".to_owned(),
            };
            let value = self.text.get(e.value.start as usize..e.value.end as usize);
            let detail = value.filter(|v| !v.is_empty() && !v.contains('\n'));
            let end = e.end.max(e.value.end).max(e.key.end);
            Some(DocumentSymbol {
                name,
                detail: detail.map(str::to_owned),
                kind: kind(depth, !children.is_empty()),
                tags: None,
                deprecated: None,
                range: self.lines.range(Span::new(e.key.start, end)),
                selection_range: self.lines.range(e.key),
                children: (!children.is_empty()).then_some(children),
            })
        };
        entries.iter().filter_map(one).collect()
    }
}

fn kind(depth: usize, has_children: bool) -> SymbolKind {
    match (depth, has_children) {
        (0, true) => SymbolKind::NAMESPACE,
        (_, true) => SymbolKind::OBJECT,
        _ => SymbolKind::PROPERTY,
    }
}

#[allow(deprecated)]
fn flatten(
    file: &File<'_>,
    symbols: &[DocumentSymbol],
    inside: Option<&str>,
    out: &mut Vec<SymbolInformation>,
) {
    for s in symbols {
        out.push(SymbolInformation {
            name: s.name.clone(),
            kind: s.kind,
            tags: None,
            deprecated: None,
            location: Place {
                uri: file.uri.clone(),
                range: s.range,
            },
            container_name: inside.map(str::to_owned),
        });
        flatten(
            file,
            s.children.as_deref().unwrap_or_default(),
            Some(&s.name),
            out,
        );
    }
}
