//! Slips that can be put right: findings that say "did you mean …?".
use super::{here::File, positions::Lines};
use lsp_types::{CodeAction, CodeActionKind, Range, TextEdit, WorkspaceEdit};
use std::collections::HashMap;
use strata_core::{
    diagnostic::{Diagnostic, nearest},
    span::Span,
};
use strata_ops::at::outline::{Outline, Step};

/// Fixes for what was found in a range of a file.
pub fn fixes(file: &File<'_>, range: Range) -> Vec<CodeAction> {
    let lines = file.lines();
    let (from, to) = (lines.byte(range.start) as u32, lines.byte(range.end) as u32);
    let here = |p: &&Diagnostic| {
        p.at.as_ref().is_some_and(|at| {
            // the key that a finding about its value means stands on the same line
            let line = file.text.get(..at.span.start as usize);
            let line = line.and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
            at.file.as_ref() == file.path && line as u32 <= to && from <= at.span.end
        })
    };
    let problems = file.checked.problems.iter().filter(here);
    problems.filter_map(|p| fix(file, &lines, p)).collect()
}

// the keys of the map are the protocol's own type
#[allow(clippy::mutable_key_type)]
fn fix(file: &File<'_>, lines: &Lines<'_>, problem: &Diagnostic) -> Option<CodeAction> {
    let (_, rest) = problem.help.as_ref()?.split_once("did you mean `")?;
    let (meant, _) = rest.split_once('`')?;
    let span = slip(&file.text, problem, meant)?;
    let edit = TextEdit {
        range: lines.range(span),
        new_text: meant.to_owned(),
    };
    let written = file.text.get(span.start as usize..span.end as usize)?;
    Some(CodeAction {
        title: format!("Replace `{written}` by `{meant}`"),
        kind: Some(CodeActionKind::QUICKFIX),
        edit: Some(WorkspaceEdit {
            changes: Some(HashMap::from([(file.uri.clone(), vec![edit])])),
            ..WorkspaceEdit::default()
        }),
        is_preferred: Some(true),
        ..CodeAction::default()
    })
}

/// Where the word stands that is to be replaced.
fn slip(text: &str, problem: &Diagnostic, meant: &str) -> Option<Span> {
    let span = problem.at.as_ref()?.span;
    let written = text.get(span.start as usize..span.end as usize)?;
    // a sentence quotes what is wrong, and sometimes what it is wrong about
    let quoted: Vec<&str> = problem.message.split('`').skip(1).step_by(2).collect();
    let there = quoted
        .iter()
        .copied()
        .filter(|w| word(written, w).is_some());
    if let Some(wrong) = nearest(meant, there).filter(|w| *w != meant) {
        let at = word(written, wrong)?;
        let start = span.start + at as u32;
        return Some(Span::new(start, start + wrong.len() as u32));
    }
    // a finding about an entry stands at its value: the key is meant
    let outline = Outline::of(text);
    let key = outline.entries.iter().rfind(|e| {
        let name = match &e.step {
            Step::Key(name) => name.as_str(),
            Step::Item => return false,
        };
        e.key.start <= span.start && span.end <= e.end.max(e.value.end) && quoted.contains(&name)
    })?;
    Some(key.key)
}

/// The last place of a word that is not a part of another one.
fn word(text: &str, word: &str) -> Option<usize> {
    if word.is_empty() {
        return None;
    }
    let part =
        |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let bytes = text.as_bytes();
    let whole = |(i, _): &(usize, &str)| {
        let before = i.checked_sub(1).and_then(|b| bytes.get(b));
        !part(before) && !part(bytes.get(i + word.len()))
    };
    text.rmatch_indices(word).find(whole).map(|(i, _)| i)
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::span::Location;

    fn replaced(text: &str, at: &str, message: &str, meant: &str) -> Option<String> {
        let start = text.find(at).unwrap();
        let span = Span::new(start as u32, (start + at.len()) as u32);
        let problem = Diagnostic::error("x", message).at(Location::new("f", span));
        let span = slip(text, &problem, meant)?;
        let mut text = text.to_owned();
        text.replace_range(span.start as usize..span.end as usize, meant);
        Some(text)
    }

    #[test]
    fn the_word_that_is_wrong_is_replaced_and_nothing_else() {
        for (text, at, message, meant, want) in [
            (
                "a: ${{ vpc.outputs.idd }}",
                "vpc.outputs.idd",
                "`vpc` has no output `idd`",
                "id",
                "a: ${{ vpc.outputs.id }}",
            ),
            (
                "a: ${{ vcp.outputs.vcp }}",
                "vcp",
                "there is no `vcp` in `dev`",
                "vpc",
                "a: ${{ vpc.outputs.vcp }}",
            ),
            (
                "inptus: {}",
                "inptus",
                "a component has no key `inptus`",
                "inputs",
                "inputs: {}",
            ),
            (
                "inputs: {titel: x}",
                "x",
                "`web` has no input `titel`",
                "title",
                "inputs: {title: x}",
            ),
        ] {
            assert_eq!(replaced(text, at, message, meant).as_deref(), Some(want));
        }
        let nothing = replaced("a: b", "b", "something else", "c");
        assert_eq!(nothing, None);
    }
}
