//! YAML text to a [`Node`], with everything that is wrong with it.
//!
//! What a configuration file needs of YAML 1.2 and no more: one document (several where a tool's file may hold several),
//! texts as keys, anchors within a budget, merge keys. A fault on a line with `${{` is answered with the fixed line.
mod align;
mod brackets;
mod build;
pub mod edit;
mod emit;
mod scalars;
mod traps;

pub use emit::emit;

use crate::node::{Node, Origin};
use build::Builder;
use saphyr_parser::{Event, Parser, ScanError};
use strata_core::{
    diagnostic::Diagnostic,
    span::{Location, Span},
};

/// The deepest nesting that is read.
pub const MAX_DEPTH: usize = 64;
/// How many nodes all aliases of a file may make together.
pub const MAX_ALIASED: usize = 100_000;
/// How many faulty lines with `${{` are looked for in one file.
const MAX_FAULTS: usize = 16;

/// Reads one document. The tree is missing when the text can't be read as YAML; an empty file has no tree and no
/// problem. Diagnostics may come with a tree (a duplicate key).
pub fn parse(file: &Origin, text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    if let Some(problem) = too_large(file, text) {
        return (None, vec![problem]);
    }
    let mut problems = Vec::new();
    let mut patched: Option<String> = None;
    for _ in 0..MAX_FAULTS {
        let source = patched.as_deref().unwrap_or(text);
        let (nodes, found, fault) = read(file, source, false);
        let Some((at, message)) = fault else {
            problems.extend(found);
            return (nodes.into_iter().next(), problems);
        };
        // a value with `${{` is known to be at fault: say so, blank it, and look for more
        if let Some(trap) = traps::around(source, at) {
            problems.push(traps::diagnostic(file, text, &trap, &message));
            match trap.blanked(source) {
                Some(blanked) => patched = Some(blanked),
                None => return (None, problems),
            }
            continue;
        }
        problems.extend(found);
        problems.push(syntax_error(file, text, at, &message));
        return (None, problems);
    }
    (None, problems)
}

/// Reads every document of a file, empty ones left out. After a fault of syntax there is nothing to go by: what was
/// read before it is not given either.
pub fn documents(file: &Origin, text: &str) -> (Vec<Node>, Vec<Diagnostic>) {
    if let Some(problem) = too_large(file, text) {
        return (Vec::new(), vec![problem]);
    }
    let (nodes, mut problems, fault) = read(file, text, true);
    if let Some((at, message)) = fault {
        problems.push(syntax_error(file, text, at, &message));
        return (Vec::new(), problems);
    }
    (nodes, problems)
}

fn too_large(file: &Origin, text: &str) -> Option<Diagnostic> {
    u32::try_from(text.len()).is_err().then(|| {
        Diagnostic::error("yaml::too-large", "the file is larger than 4 GiB")
            .at(Location::file(file.clone()))
    })
}

type Fault = Option<(u32, String)>;

fn read(file: &Origin, text: &str, many: bool) -> (Vec<Node>, Vec<Diagnostic>, Fault) {
    let (source, bom) = match text.strip_prefix('\u{feff}') {
        Some(rest) => (rest, 3),
        None => (text, 0),
    };
    let mut builder = Builder::new(file, text, source, bom);
    if many {
        builder = builder.of_many();
    }
    let mut parser = Parser::new_from_str(source);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((Event::StreamEnd, _)) => break,
            Ok((event, span)) => {
                let span = builder.span(&span);
                if !builder.event(event, span) {
                    break;
                }
            }
            Err(e) => {
                let at = builder.offset(e.marker().index());
                return (Vec::new(), builder.problems, Some((at, reason(&e))));
            }
        }
    }
    let (nodes, problems) = builder.finish();
    (nodes, problems, None)
}

fn reason(error: &ScanError) -> String {
    let info = error.info();
    if info.contains("tab") || info.contains('\t') {
        return "a tab stands where YAML wants spaces".to_owned();
    }
    info.to_owned()
}

fn syntax_error(file: &Origin, text: &str, at: u32, message: &str) -> Diagnostic {
    let end = text.len() as u32;
    let at = at.min(end);
    let span = Span::new(at, char_end(text, at));
    let line = traps::line_of(text, at);
    let problem = Diagnostic::error("yaml::syntax", format!("this is not YAML: {message}"))
        .at(Location::new(file.clone(), span));
    // a list or map that is not closed is found at the end of the file, and begins long before
    if text[at as usize..].trim().is_empty()
        && message.starts_with("while parsing a flow")
        && let Some((at, mark)) = brackets::open(text)
    {
        let span = Span::new(at, at + 1);
        return Diagnostic::error(
            "yaml::syntax",
            format!("this is not YAML: `{mark}` is not closed"),
        )
        .at(Location::new(file.clone(), span));
    }
    let indent = &text[line.clone()];
    let tab = indent.len() - indent.trim_start_matches(' ').len();
    if indent[tab..].starts_with('\t') {
        let tab = (line.start + tab) as u32;
        return problem
            .at(Location::new(file.clone(), Span::new(tab, tab + 1)))
            .help("indent with spaces, not with tabs");
    }
    problem
}

fn char_end(text: &str, at: u32) -> u32 {
    let mut end = (at as usize + 1).min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    end as u32
}

#[cfg(test)]
mod tests;
