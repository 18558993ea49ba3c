//! A unit as its engine sees it: everything an operations repo says of it, resolved.
use crate::{ty::Type, value::Term};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an engine is given of a unit. Terms in it may name secrets; none holds one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitSpec {
    /// Name of the engine.
    pub engine: String,
    /// The component's folder, relative to the platform's root.
    pub folder: String,
    /// The engine's own block (`terraform:`, `script:` …), with expressions resolved.
    #[serde(default)]
    pub options: BTreeMap<String, Term>,
    /// Process variables.
    #[serde(default)]
    pub env: BTreeMap<String, Term>,
    /// Variables that hold the path of a 0600 file with this content.
    #[serde(default)]
    pub files: BTreeMap<String, Term>,
    /// The cluster that its engine speaks to: the text of a kubeconfig, or a map with `kubeconfig` or `endpoint`. Like a
    /// credential, it is in no fingerprint; where the cluster is, is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Term>,
    /// A unit of this platform says in its outputs where the cluster is: when that leads to another one, it was made anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cluster_from_unit: bool,
    /// Outputs that the tool cannot declare.
    #[serde(default)]
    pub outputs: BTreeMap<String, OutputSpec>,
    /// A command that looks for drift in the place of the engine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observe: Vec<String>,
    /// Verifiers, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verify: Vec<Term>,
    /// Time limits in milliseconds by verb (`plan`, `apply`, `destroy`, `verify`).
    #[serde(default)]
    pub timeout: BTreeMap<String, u64>,
    /// Processes that the tool leaves behind are wanted: they are not ended with the step.
    #[serde(default)]
    pub leaves_processes: bool,
}

impl UnitSpec {
    /// The time limit of a verb in milliseconds: what was written, else `default`.
    pub fn limit(&self, verb: &str, default: u64) -> u64 {
        self.timeout.get(verb).copied().unwrap_or(default)
    }
    /// An option that is a list of texts.
    pub fn strings(&self, option: &str) -> Option<Vec<String>> {
        match self.options.get(option)?.plain()? {
            crate::value::Value::List(l) => {
                l.iter().map(crate::value::Value::scalar_text).collect()
            }
            v => v.scalar_text().map(|t| vec![t]),
        }
    }
    /// An option that is a text.
    pub fn string(&self, option: &str) -> Option<String> {
        self.options.get(option)?.plain()?.scalar_text()
    }
}

/// An output that a component declares itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputSpec {
    /// Its type.
    pub ty: Type,
    /// Is it kept encrypted?
    #[serde(default)]
    pub sensitive: bool,
    /// Where the engine finds it.
    #[serde(default)]
    pub from: OutputFrom,
}

/// Where a declared output is found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputFrom {
    /// Where this engine usually has them: `$STRATA_OUTPUTS`, `set_stats`, the answer of a hand-off.
    #[default]
    Engine,
    /// A file in the work folder: its text, or for an artifact the file itself.
    File(String),
    /// A JSON file in the work folder and a JSON pointer into it.
    Json(String, String),
    /// An object of the cluster (`KIND/NAME`, `KIND/NAMESPACE/NAME`) and a JSON pointer into it.
    Lookup(String, String),
}
