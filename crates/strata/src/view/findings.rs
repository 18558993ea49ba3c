//! Diagnostics as other programs want them: paths from the root of the repo, lines and columns, a lasting mark.
use std::{borrow::Cow, collections::HashMap};
use strata_core::{
    diagnostic::{Diagnostic, Severity},
    digest::Digest,
    span::{Location, line_column},
    tree::Tree,
};

/// Where something stands. Lines and columns count from 1, columns in characters; the end is exclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Path from the root of the repo.
    pub path: String,
    /// First line.
    pub line: usize,
    /// First column.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// One past the last column.
    pub end_column: usize,
}

/// A diagnostic with its places found.
#[derive(Debug)]
pub struct Finding<'a> {
    /// What was found.
    pub what: &'a Diagnostic,
    /// Where, when it stands in a file.
    pub at: Option<Place>,
    /// Other places, each with what it has to do with it.
    pub related: Vec<(Place, &'a str)>,
    /// The same from commit to commit, wherever the lines move.
    pub mark: Digest,
}

impl Finding<'_> {
    /// Message and way out.
    pub fn text(&self) -> String {
        match &self.what.help {
            Some(help) => format!("{}\nhelp: {help}", self.what.message),
            None => self.what.message.clone(),
        }
    }
    /// Its place; what stands in no file is said about `strata.yaml`, for readers that want a place.
    pub fn place_or_root(&self, prefix: &str) -> Place {
        self.at.clone().unwrap_or_else(|| Place {
            path: format!("{prefix}{}", strata_ops::load::ROOT_FILE),
            line: 1,
            column: 1,
            end_line: 1,
            end_column: 1,
        })
    }
}

/// All of them. `prefix` leads from the root of the repo to the platform: empty, or `ops/`.
pub fn find<'a>(problems: &'a [Diagnostic], tree: &dyn Tree, prefix: &str) -> Vec<Finding<'a>> {
    let mut texts: HashMap<&str, String> = HashMap::new();
    let mut place = |at: &'a Location| {
        let text = texts
            .entry(&at.file)
            .or_insert_with(|| tree.text(&at.file).unwrap_or_default());
        let (line, column) = line_column(text, at.span.start);
        let (end_line, end_column) = line_column(text, at.span.end.max(at.span.start));
        Place {
            path: match tree.shown(&at.file) {
                Cow::Borrowed(path) => format!("{prefix}{path}"),
                // it is in no file of this repository
                Cow::Owned(shown) => shown,
            },
            line,
            column,
            end_line,
            end_column,
        }
    };
    let mut seen: HashMap<(&str, &str, &str), u32> = HashMap::new();
    problems
        .iter()
        .map(|p| {
            let file = p.at.as_ref().map_or("", |at| at.file.as_ref());
            let nth = seen.entry((&p.code, file, &p.message)).or_insert(0);
            *nth += 1;
            Finding {
                mark: Digest::of_json(&(&p.code, prefix, file, &p.message, *nth)),
                at: p.at.as_ref().map(&mut place),
                related: p
                    .related
                    .iter()
                    .map(|(at, why)| (place(at), why.as_str()))
                    .collect(),
                what: p,
            }
        })
        .collect()
}

/// `2 errors, 1 warning`; `nothing found` when there is none.
pub fn count(problems: &[Diagnostic]) -> String {
    let words: Vec<String> = [
        (Severity::Error, "error"),
        (Severity::Warning, "warning"),
        (Severity::Note, "note"),
    ]
    .into_iter()
    .filter_map(|(severity, word)| {
        let n = problems.iter().filter(|p| p.severity == severity).count();
        let s = if n == 1 { "" } else { "s" };
        (n > 0).then(|| format!("{n} {word}{s}"))
    })
    .collect();
    if words.is_empty() {
        return "nothing found".to_owned();
    }
    words.join(", ")
}

/// The word for how bad it is.
pub fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::{span::Span, tree::MemoryTree};

    #[test]
    fn a_mark_stays_when_lines_move_and_differs_for_the_second_of_a_kind() {
        let at = |from| Location::new("a.yaml", Span::new(from, from + 1));
        let marks = |problems: &[Diagnostic], text: &str| -> Vec<Digest> {
            let tree = MemoryTree::new([("a.yaml", text)]);
            find(problems, &tree, "").iter().map(|f| f.mark).collect()
        };
        let one = Diagnostic::error("x::y", "wrong").at(at(0));
        let moved = Diagnostic::error("x::y", "wrong").at(at(2));
        assert_eq!(
            marks(std::slice::from_ref(&one), "a"),
            marks(&[moved], "\n\na")
        );
        let two = marks(&[one.clone(), one], "a");
        assert_ne!(two[0], two[1]);
    }

    #[test]
    fn paths_begin_at_the_root_of_the_repo() {
        let tree = MemoryTree::new([("a.yaml", "é: 1\nb: 2\n")]);
        let problem = Diagnostic::error("x::y", "wrong")
            .at(Location::new("a.yaml", Span::new(6, 7)))
            .help("write c");
        let problems = [problem, Diagnostic::note("x::z", "somewhere")];
        let found = find(&problems, &tree, "ops/");
        let place = found[0].at.clone().expect("a place");
        assert_eq!(
            (place.path.as_str(), place.line, place.column),
            ("ops/a.yaml", 2, 1)
        );
        assert_eq!((place.end_line, place.end_column), (2, 2));
        assert_eq!(found[0].text(), "wrong\nhelp: write c");
        assert_eq!(found[1].place_or_root("ops/").path, "ops/strata.yaml");
        assert_eq!(count(&problems), "1 error, 1 note");
    }
}
