//! What a rule gives, as findings.
use crate::code;
use serde_json::{Map, Value as Json};
use strata_core::{
    diagnostic::{Diagnostic, Severity},
    span::Location,
};

/// A message of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// An error denies.
    pub severity: Severity,
    /// The rule: `data.PACKAGE.NAME`.
    pub rule: String,
    /// What it says.
    pub message: String,
    /// The unit that it names itself.
    pub unit: Option<String>,
    /// What else it says, without `msg`, `unit` and a severity of ours.
    pub metadata: Map<String, Json>,
    /// The definition that says it.
    pub at: Location,
    /// Is it taken back by an exception?
    pub excepted: bool,
}

impl Finding {
    /// Does it stop a plan?
    pub fn denies(&self) -> bool {
        self.severity == Severity::Error && !self.excepted
    }
    /// For people: about a unit, at the place that describes the unit.
    pub fn diagnostic(&self, unit: Option<&str>, at: Option<Location>) -> Diagnostic {
        let who = unit.map(|u| format!("{u}: ")).unwrap_or_default();
        let text = self.message.trim().replace('\n', " ");
        let message = format!("{who}{text} ({})", self.rule);
        let (mut found, why) = match self.severity {
            _ if self.excepted => (
                Diagnostic::note(code::EXCEPTION, message),
                "excepted from this rule",
            ),
            Severity::Error => (
                Diagnostic::error(code::DENY, message),
                "denied by this rule",
            ),
            Severity::Warning => (
                Diagnostic::warning(code::WARN, message),
                "warned by this rule",
            ),
            Severity::Note => (Diagnostic::note(code::WARN, message), "said by this rule"),
        };
        found = match at {
            Some(at) => found.at(at).related(self.at.clone(), why),
            None => found.at(self.at.clone()),
        };
        let more: Vec<String> = self
            .metadata
            .iter()
            .map(|(k, v)| match v {
                Json::String(s) => format!("{k}: {s}"),
                v => format!("{k}: {v}"),
            })
            .collect();
        found.help_opt((!more.is_empty()).then(|| more.join(", ")))
    }
}

/// What all rules say of a document.
#[derive(Clone, Debug, Default)]
pub struct Evaluated {
    /// Messages.
    pub findings: Vec<Finding>,
    /// Rules that could not be evaluated, or that gave something that is no set of messages.
    pub problems: Vec<Diagnostic>,
}

/// Turns one message of a rule into a finding.
pub(crate) fn finding(
    rule: &str,
    severity: Severity,
    message: Json,
    at: Location,
) -> Result<Finding, Diagnostic> {
    let wrong = |what: String| {
        Diagnostic::error(code::RESULT, what)
            .at(at.clone())
            .help("a message is a text, or an object with the text under `msg`")
    };
    let mut finding = Finding {
        severity,
        rule: rule.to_owned(),
        message: String::new(),
        unit: None,
        metadata: Map::new(),
        at: at.clone(),
        excepted: false,
    };
    match message {
        Json::String(text) => finding.message = text,
        Json::Object(mut fields) => {
            let Some(Json::String(text)) = fields.remove("msg") else {
                return Err(wrong(format!("`{rule}` gives an object without `msg`")));
            };
            finding.message = text;
            if let Some(Json::String(unit)) = fields.get("unit") {
                finding.unit = Some(unit.clone());
                fields.remove("unit");
            }
            let own = match fields.get("severity").and_then(Json::as_str) {
                Some("error") => Some(Severity::Error),
                Some("warning") => Some(Severity::Warning),
                Some("note") => Some(Severity::Note),
                _ => None,
            };
            if let Some(own) = own {
                finding.severity = own;
                fields.remove("severity");
            }
            finding.metadata = fields;
        }
        other => {
            return Err(wrong(format!(
                "`{rule}` gives {} as a message",
                kind(&other)
            )));
        }
    }
    Ok(finding)
}

/// The kind of a value, in words.
pub(crate) fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(true) => "true",
        Json::Bool(false) => "false",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
