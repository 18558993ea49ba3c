//! What an engine asks of a session with a Kubernetes cluster, and what it answers.
//!
//! A session is this program itself under [`COMMAND`], started as a tool ([`ITSELF`](crate::engine::ITSELF)): engines are
//! pure, and what speaks to an API server is not. The request is a private file, since it holds credentials; the answer is
//! one JSON object on standard output. Progress goes to standard error, and so does every word about a failure, in lines
//! that begin with [`SAID`]: they may hold what a pod logged, and only standard error is redacted.
use crate::{
    engine::{Class, Failure, Millis},
    proposal::Change,
    value::{Term, Value},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The hidden command: `strata __kubernetes REQUEST [FILE…]`, with the files that hold the objects.
pub const COMMAND: &str = "__kubernetes";

/// How a line of standard error begins that tells of the failure.
pub const SAID: &str = "! ";

/// The name under which an engine notes the cluster among its outputs: no name that can be declared, so no expression
/// reads it and nobody is shown it.
pub const NOTE: &str = ".cluster";

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// What would an apply change?
    Plan,
    /// Make the objects so, remove what is no longer among them, wait until all are ready.
    Apply,
    /// Wait until the objects are ready; change nothing.
    Wait,
    /// What differs from the objects, and who changed it?
    Observe,
    /// Only what is looked up.
    Outputs,
    /// Remove what the inventory lists, and wait until it is gone.
    Destroy,
    /// Is it the cluster that was noted? Then a kubeconfig for other tools is written to the first file.
    Kubeconfig,
    /// The objects as they are, in the answer's `found`.
    Read,
    /// What the cluster serves, in the answer's `serves`.
    Kinds,
}

/// What is asked of a session. What it knows of the cluster and what may be secret is beside it: see [`Request::term`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Request {
    /// What.
    pub ask: Ask,
    /// Whose objects they are: the platform's id.
    #[serde(default)]
    pub platform: String,
    /// And the unit's address.
    pub unit: String,
    /// Where objects go that name no namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// What was noted of the cluster at an earlier apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noted: Option<Noted>,
    /// Another cluster than the noted one is no mistake: this platform made it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub follow: bool,
    /// How long to wait until objects are ready or gone, and how long to try again what may pass; 0: not at all.
    pub wait: Millis,
    /// Remove what was applied and is no longer among the objects.
    pub prune: bool,
    /// Take fields over that belong to others.
    pub force_conflicts: bool,
    /// Apply what was there before when the new does not get ready.
    #[serde(default)]
    pub rollback: bool,
    /// What is looked up when all is ready, by name: `Service/web#/spec/clusterIP`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lookups: BTreeMap<String, String>,
    /// Keep an inventory in the cluster. Without one, nothing is pruned and nothing can be destroyed.
    pub inventory: bool,
    /// Objects of Flux and Argo CD are told to look now, and are ready when they did; they are in the answer's `found`.
    #[serde(default)]
    pub hand_over: bool,
    /// Another tool applies the objects, in the older way: what the server takes from that and not from us is no fault.
    /// Fields that it does not know, and items of a list that are there twice.
    #[serde(default)]
    pub by_another: bool,
}

impl Request {
    /// The content of the request's file. `inputs` replace `${NAME}` in the objects; `hide` is shown nowhere.
    pub fn term(
        &self,
        cluster: Option<&Term>,
        inputs: &BTreeMap<String, Term>,
        hide: Vec<Term>,
    ) -> Term {
        let json = serde_json::to_value(self).expect("plain data");
        let mut term = match Term::from(Value::from_json(json)) {
            Term::Map(map) => map,
            _ => BTreeMap::new(),
        };
        term.insert("cluster".to_owned(), cluster.cloned().unwrap_or(Term::Null));
        term.insert("inputs".to_owned(), Term::Map(inputs.clone()));
        term.insert("hide".to_owned(), Term::List(hide));
        Term::Map(term)
    }
}

/// A cluster, as an engine notes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Noted {
    /// The UID of its namespace `kube-system`: another cluster has another one.
    pub identity: String,
    /// Its address, for messages.
    pub endpoint: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// The namespace in which the inventory is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<String>,
}

/// What a session answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The cluster, when it was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Noted>,
    /// What would be done to each object, was done, or differs.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// Why it did not work; its words are on standard error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Class>,
    /// What was looked up. Some of it may be secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, serde_json::Value>,
    /// Objects that were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<serde_json::Value>,
    /// What the cluster serves: `apps/v1`, `apps/v1/Deployment`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub serves: Vec<String>,
    /// What it cost.
    #[serde(default)]
    pub cost: Cost,
}

/// What a session cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Requests to the API server, failed ones included.
    pub calls: u64,
    /// Of them, those for one object alone.
    pub single: u64,
}

impl Answer {
    /// The failure, if it is one: its words are taken from the redacted end of the log.
    pub fn failure(&self, tail: &str) -> Option<Failure> {
        let class = self.failed?;
        let said: Vec<&str> = tail
            .lines()
            .filter_map(|line| line.strip_prefix(SAID))
            .collect();
        let summary = if said.is_empty() {
            "the cluster did not do it".to_owned()
        } else {
            said.join("\n")
        };
        Some(Failure {
            class,
            summary,
            stale: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_keeps_secrets_as_names() {
        let request = Request {
            ask: Ask::Plan,
            platform: "p".into(),
            unit: "dev/web".into(),
            namespace: None,
            noted: None,
            follow: false,
            wait: 0,
            prune: true,
            force_conflicts: false,
            rollback: false,
            lookups: BTreeMap::new(),
            inventory: true,
            hand_over: false,
            by_another: false,
        };
        let secret = Term::Secret(crate::value::SecretRef {
            store: "env".into(),
            key: "K".into(),
            path: vec![],
        });
        let term = request.term(Some(&secret), &BTreeMap::new(), vec![]);
        assert!(term.is_secret());
        let Term::Map(mut map) = term else {
            panic!("a map")
        };
        for beside in ["cluster", "inputs", "hide"] {
            assert!(map.remove(beside).is_some());
        }
        let json = Term::Map(map).plain().expect("no secret is left").to_json();
        assert_eq!(serde_json::from_value::<Request>(json).unwrap(), request);
    }

    #[test]
    fn a_failure_speaks_with_the_lines_that_are_redacted() {
        let answer = Answer {
            failed: Some(Class::Transient),
            ..Answer::default()
        };
        let failure = answer
            .failure("applied a\n! b is not ready\n!   log: x\n")
            .unwrap();
        assert_eq!(failure.summary, "b is not ready\n  log: x");
        assert_eq!(Answer::default().failure("! no"), None);
    }
}
