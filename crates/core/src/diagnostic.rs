//! What is wrong with a user's files, as data: gathered, sorted, shown in any form.
use crate::span::Location;
use serde::{Deserialize, Serialize};

/// How bad it is. Errors stop `plan` and `apply`; warnings never do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The files can't mean what they say.
    Error,
    /// Probably not what was meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// One finding: a stable code, what is wrong, where, and the way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Stable name such as `reference::unknown-output`.
    pub code: String,
    /// One sentence, lower case, no full stop.
    pub message: String,
    /// Where it stands, when it stands in a file.
    pub at: Option<Location>,
    /// Other places that matter, each with what it has to do with it.
    pub related: Vec<(Location, String)>,
    /// What to do about it.
    pub help: Option<String>,
    /// The option of its engine's block that it is about, until somebody who knows places gives it one.
    #[serde(skip)]
    pub option: Option<String>,
}

impl Diagnostic {
    /// An error with a code and a message.
    pub fn error(code: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }
    /// A warning with a code and a message.
    pub fn warning(code: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }
    /// A note with a code and a message.
    pub fn note(code: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message)
    }
    fn new(severity: Severity, code: &str, message: impl Into<String>) -> Self {
        Self {
            severity,
            code: code.to_owned(),
            message: message.into(),
            at: None,
            related: Vec::new(),
            help: None,
            option: None,
        }
    }
    /// The same, about an option of its engine's block.
    #[must_use]
    pub fn about(mut self, option: &str) -> Self {
        self.option = Some(option.to_owned());
        self
    }
    /// The same, with its place.
    #[must_use]
    pub fn at(mut self, at: Location) -> Self {
        self.at = Some(at);
        self
    }
    /// The same, with its place if there is one.
    #[must_use]
    pub fn at_opt(mut self, at: Option<Location>) -> Self {
        self.at = at;
        self
    }
    /// The same, with a way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
    /// The same, with a way out if there is one.
    #[must_use]
    pub fn help_opt(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }
    /// The same, with a way out where it has none.
    #[must_use]
    pub fn help_if_none(mut self, help: &str) -> Self {
        self.help.get_or_insert_with(|| help.to_owned());
        self
    }
    /// The same, with one more place that matters.
    #[must_use]
    pub fn related(mut self, at: Location, why: impl Into<String>) -> Self {
        self.related.push((at, why.into()));
        self
    }
    /// Does it stop a plan?
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The closest of some names, as a ready sentence, when one is close enough to be a slip.
pub fn suggest<'a>(name: &str, among: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, among).map(|near| format!("did you mean `{near}`?"))
}

/// The closest of some names, when one is close enough to be a slip.
pub fn nearest<'a>(name: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    among
        .into_iter()
        .map(|other| (distance(name, other), other))
        .min()
        .filter(|(d, _)| *d <= 1 + name.chars().count() / 4)
        .map(|(_, other)| other)
}

/// Edit distance in which a swap of neighbours counts as one (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 8 || a.len() > 100 {
        return usize::MAX;
    }
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_suggested_and_a_stranger_is_not() {
        let names = ["outputs", "inputs", "enabled"];
        assert_eq!(
            suggest("ouptuts", names),
            Some("did you mean `outputs`?".into())
        );
        assert_eq!(
            suggest("enabld", names),
            Some("did you mean `enabled`?".into())
        );
        assert_eq!(suggest("colour", names), None);
    }
}
