//! A plan as every page shows it: what belongs to it besides the document, and the words for its parts.
use super::plan::counts;
use std::collections::BTreeMap;
use strata_core::{
    name::Address,
    plan::{Basis, Plan, Step},
    proposal::Action,
};

/// A plan and what a reader has to know besides.
pub struct Shown<'a> {
    /// Name of the platform.
    pub platform: &'a str,
    /// The plan.
    pub plan: &'a Plan,
    /// Layers, lowest first.
    pub layers: Vec<&'a str>,
    /// Units that could not be planned, and why.
    pub failures: &'a [(Address, String)],
    /// The command that applies exactly this.
    pub command: String,
}

impl<'a> Shown<'a> {
    /// Steps of an environment by layer, lowest first.
    pub fn stack(&self, env: &str) -> Vec<(&'a str, Vec<&'a Step>)> {
        let mut layers: BTreeMap<(usize, &str), Vec<&Step>> = BTreeMap::new();
        let plan: &'a Plan = self.plan;
        for step in plan
            .body
            .steps
            .iter()
            .filter(|s| s.unit.env.as_ref() == env)
        {
            let at = self.layers.iter().position(|l| *l == step.layer);
            layers
                .entry((at.unwrap_or(usize::MAX), &step.layer))
                .or_default()
                .push(step);
        }
        layers
            .into_iter()
            .map(|((_, layer), steps)| (layer, steps))
            .collect()
    }
    /// Why a unit could not be planned.
    pub fn failure(&self, unit: &Address) -> Option<&'a str> {
        let failures: &'a [(Address, String)] = self.failures;
        failures
            .iter()
            .find(|(u, _)| u == unit)
            .map(|(_, why)| why.as_str())
    }
    /// `3 exact · 1 deferred · 12 unchanged`.
    pub fn bases(&self) -> String {
        let count = |word: &str| {
            let steps = self.plan.body.steps.iter();
            steps.filter(|s| s.basis.word() == word).count()
        };
        let words: Vec<String> = [
            ("exact", "exact"),
            ("assumed", "assumed"),
            ("conditional", "conditional"),
            ("deferred", "deferred"),
            ("unverified", "to verify"),
            ("unchanged", "unchanged"),
        ]
        .iter()
        .map(|(basis, word)| (count(basis), word))
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
        if words.is_empty() {
            return "no units".to_owned();
        }
        words.join(" · ")
    }
    /// `2 to create, 1 to delete, 3 to run`, over all units whose plan is known.
    pub fn changes(&self) -> String {
        let steps = self.plan.body.steps.iter();
        let known = steps.filter_map(|s| s.basis.proposal());
        let words = super::plan::tally(known.flat_map(|p| &p.changes));
        if words.is_empty() {
            return if self.plan.pending().next().is_none() {
                "nothing to do".to_owned()
            } else {
                "no change that is known yet".to_owned()
            };
        }
        words.join(", ")
    }
}

/// A sign for what happens to a unit, to be read without colour.
pub fn sign(step: &Step) -> &'static str {
    match &step.basis {
        Basis::Unchanged { .. } => "=",
        Basis::Unverified { .. } => "!",
        Basis::Deferred { .. } => "?",
        basis => basis.proposal().map_or("=", |p| match p.worst() {
            Action::None | Action::Read => "=",
            Action::Create => "+",
            Action::Update => "~",
            Action::Replace => "±",
            Action::Delete => "-",
            Action::Run => "▶",
            Action::Wait => "…",
        }),
    }
}

/// What happens to a unit, in a few words.
pub fn words(step: &Step) -> String {
    match &step.basis {
        Basis::Unchanged { .. } => "unchanged".to_owned(),
        Basis::Unverified { .. } => "verify".to_owned(),
        Basis::Deferred { .. } => "deferred".to_owned(),
        basis => basis.proposal().map(counts).unwrap_or_default(),
    }
}

/// What an approval lets a deferred unit do at its turn.
pub fn covered(step: &Step) -> &'static str {
    match (step.envelope.opaque, step.envelope.worst) {
        (true, _) => "whatever it does",
        (false, Action::None | Action::Read) => "nothing that changes anything",
        (false, Action::Create) => "new things only",
        (false, Action::Update) => "new things and changes in place",
        (false, _) => "any change",
    }
}

/// The word for an action.
pub fn action(action: Action) -> &'static str {
    match action {
        Action::None => "keep",
        Action::Read => "read",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
        Action::Run => "run",
        Action::Wait => "wait",
    }
}

/// The outputs that a deferred unit waits for.
pub fn open(step: &Step) -> Vec<String> {
    let Basis::Deferred { open } = &step.basis else {
        return Vec::new();
    };
    open.iter()
        .map(|o| {
            if o.path.is_empty() {
                o.unit.to_string()
            } else {
                format!("{}.outputs.{}", o.unit, o.path.join("."))
            }
        })
        .collect()
}

/// Text of a file or a tool in one line, without what a terminal or a page would obey.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if c.is_control() => '\u{fffd}',
            // marks that turn the direction of text hide what stands there
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// The same with so many characters at most.
pub fn clipped(text: &str, most: usize) -> String {
    let text = clean(text);
    if text.chars().count() <= most {
        return text;
    }
    let mut short: String = text.chars().take(most).collect();
    short.push('…');
    short
}

/// A word for a shell.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./+@:=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_a_shell_as_they_are() {
        assert_eq!(shell_word("dev/vpc+"), "dev/vpc+");
        assert_eq!(shell_word("dev/v[\"a\"]"), "'dev/v[\"a\"]'");
        assert_eq!(shell_word("a'b"), r"'a'\''b'");
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(clean("a\nb\u{1b}[31m\u{202e}"), "a b\u{fffd}[31m\u{fffd}");
        assert_eq!(clipped("abcdef", 3), "abc…");
    }
}
