//! Small operations repos, each in one text file: broken ones with exactly the findings that `check` must give, sound
//! ones with none.
//!
//! A file begins with a sentence about it; `-- PATH --` begins a file of the repo. In a broken one the last part is
//! `-- expect --`: for each finding a line `SEVERITY CODE FILE:LINE:COLUMN-LINE:COLUMN MESSAGE`, then `  also PLACE
//! WHY` for related places and `  help: TEXT`. Every expectation is written by hand from what the rule promises.
mod codes;

use std::{fmt::Write as _, fs, path::Path, sync::Arc};
use strata_core::{
    diagnostic::{Diagnostic, Severity},
    engine::DynEngine,
    span::{Location, line_column},
    tree::{MemoryTree, Tree},
};

/// One repo.
struct Case {
    name: String,
    files: Vec<(String, String)>,
    expect: Option<String>,
}

fn cases(folder: &str) -> Vec<Case> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(folder);
    let mut paths: Vec<_> = fs::read_dir(&dir)
        .expect("the corpus is there")
        .map(|e| e.expect("readable").path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|p| {
            let text = fs::read_to_string(p).expect("text");
            case(
                p.file_stem().expect("named").to_string_lossy().into_owned(),
                &text,
            )
        })
        .collect()
}

fn case(name: String, text: &str) -> Case {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        let mark = line.trim_end();
        match mark.strip_prefix("-- ").and_then(|l| l.strip_suffix(" --")) {
            Some(path) => files.push((path.to_owned(), String::new())),
            None => {
                if let Some((_, body)) = files.last_mut() {
                    body.push_str(line);
                }
            }
        }
    }
    let expect = files
        .iter()
        .position(|(p, _)| p == "expect")
        .map(|i| files.remove(i).1);
    Case {
        name,
        files,
        expect,
    }
}

/// Findings as the expectations spell them.
fn spelled(tree: &dyn Tree, problems: &[Diagnostic]) -> String {
    let place = |at: &Location| {
        let text = tree.text(&at.file).unwrap_or_default();
        let (line, column) = line_column(&text, at.span.start);
        let (last, end) = line_column(&text, at.span.end);
        match at.span.end {
            0 => at.file.to_string(),
            _ => format!("{}:{line}:{column}-{last}:{end}", at.file),
        }
    };
    let mut out = String::new();
    for p in problems {
        let severity = match p.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let at = p.at.as_ref().map_or_else(|| "-".to_owned(), place);
        let _ = writeln!(out, "{severity} {} {at} {}", p.code, p.message);
        for (at, why) in &p.related {
            let _ = writeln!(out, "  also {} {why}", place(at));
        }
        if let Some(help) = &p.help {
            let _ = writeln!(out, "  help: {}", help.replace('\n', "\n        "));
        }
    }
    out
}

/// What `check` finds in a repo. Scripts are executable when they begin with `#!`.
fn findings(case: &Case) -> String {
    let files = case.files.iter().map(|(p, t)| (p.as_str(), t.as_str()));
    let tree: Arc<dyn Tree> = Arc::new(MemoryTree::new(files));
    let engines: Vec<Arc<dyn DynEngine>> =
        strata_engines::all().into_iter().map(Arc::from).collect();
    let settings = strata_bitops::Settings::default();
    let (platform, mut problems) = match strata_bitops::platform(&tree, &settings) {
        Some((platform, reading)) => (platform, reading.problems),
        None => (tree, Vec::new()),
    };
    let (c, more) = strata_ops::read(platform, &engines);
    problems.extend(more);
    problems.sort_by_key(|p| p.severity);
    spelled(c.loaded.tree.as_ref(), &problems)
}

#[test]
fn broken_repos_give_exactly_what_is_expected() {
    let all = cases("broken");
    let mut wrong = String::new();
    for case in &all {
        let found = findings(case);
        let expected = case.expect.as_deref().unwrap_or_default();
        assert!(!expected.trim().is_empty(), "{} expects nothing", case.name);
        if found.trim_end() != expected.trim_end() {
            let _ = writeln!(
                wrong,
                "=== {}\n--- expected\n{expected}\n--- found\n{found}",
                case.name
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn sound_repos_give_nothing() {
    let mut wrong = String::new();
    for case in cases("sound") {
        assert!(case.expect.is_none(), "{} is sound", case.name);
        let found = findings(&case);
        if !found.is_empty() {
            let _ = writeln!(wrong, "=== {}\n{found}", case.name);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
