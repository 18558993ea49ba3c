//! Terms to what a tool gets, just before it gets it: secrets are read here, and kept files become paths here.
use crate::redact::Known;
use std::collections::BTreeSet;
use strata_core::{
    digest::Digest,
    engine::{Artifact, Content, Generated, Root},
    executor::ExecutorError,
    secret::SecretStore,
    store::Store,
    value::{SecretRef, Term, Unresolved, Value},
};

/// A map with this key stands for a kept file: its value is the digest, and a tool gets the path of the file. Other
/// keys (`file`, `size`) are for people.
pub const ARTIFACT: &str = "strata-artifact";

/// Renders terms and remembers which secrets it read.
pub(super) struct Renderer<'a> {
    /// Where secrets come from.
    pub secrets: &'a dyn SecretStore,
    /// Where kept files are.
    pub blobs: &'a dyn Store,
    /// The values that were read.
    pub known: &'a mut Known,
    /// Their names.
    pub named: &'a mut BTreeSet<SecretRef>,
}

impl Renderer<'_> {
    /// The value of a term as a tool gets it.
    pub fn value(&mut self, term: &Term) -> Result<Value, ExecutorError> {
        let resolved = term.resolve(&mut |secret: &SecretRef| {
            let value = self.secrets.read(secret)?;
            self.known.add_value(&value);
            self.named.insert(secret.clone());
            Ok(value)
        });
        let value = resolved.map_err(|e| match e {
            Unresolved::Secret(e) => ExecutorError::Secret(e),
            Unresolved::Open(output) => {
                ExecutorError::Open(format!("{}.{}", output.unit, output.path.join(".")))
            }
        })?;
        self.with_paths(value)
    }
    /// The text of a term as a variable or file carries it: scalars as they are, the rest as JSON; nothing for null.
    pub fn text(&mut self, term: &Term) -> Result<Option<String>, ExecutorError> {
        Ok(match self.value(term)? {
            Value::Null => None,
            value => Some(
                value
                    .scalar_text()
                    .unwrap_or_else(|| value.to_json().to_string()),
            ),
        })
    }
    /// The bytes of a generated file.
    pub fn content(&mut self, file: &Generated) -> Result<Vec<u8>, ExecutorError> {
        guard(file)?;
        Ok(match &file.content {
            Content::Text(text) => text.clone().into_bytes(),
            Content::Term(term) => self.text(term)?.unwrap_or_default().into_bytes(),
            Content::Json(term) => self.value(term)?.to_json().to_string().into_bytes(),
            Content::Artifact(artifact) => self.blobs.blob(artifact).map_err(other)?,
        })
    }

    /// The one place where kept files become paths.
    fn with_paths(&self, value: Value) -> Result<Value, ExecutorError> {
        Ok(match value {
            Value::Map(map) => match artifact(&map) {
                Some(digest) => {
                    let path = self.blobs.blob_path(&digest).map_err(other)?;
                    Value::String(path.to_string_lossy().into_owned())
                }
                None => Value::Map(
                    map.into_iter()
                        .map(|(k, v)| Ok((k, self.with_paths(v)?)))
                        .collect::<Result<_, ExecutorError>>()?,
                ),
            },
            Value::List(list) => Value::List(
                list.into_iter()
                    .map(|v| self.with_paths(v))
                    .collect::<Result<_, _>>()?,
            ),
            value => value,
        })
    }
}

fn artifact(map: &std::collections::BTreeMap<String, Value>) -> Option<Digest> {
    Digest::parse(map.get(ARTIFACT)?.as_str()?)
}

/// Secrets only into the private folder: an engine that asks for more has a bug.
fn guard(file: &Generated) -> Result<(), ExecutorError> {
    let secret = match &file.content {
        Content::Text(_) => false,
        Content::Term(term) | Content::Json(term) => term.is_secret(),
        Content::Artifact(Artifact { sensitive, .. }) => *sensitive,
    };
    if secret && file.at.root != Root::Private {
        return Err(ExecutorError::Other(format!(
            "the generated file `{}` holds secrets and would not be private",
            file.at.path
        )));
    }
    Ok(())
}

fn other(e: impl std::fmt::Display) -> ExecutorError {
    ExecutorError::Other(e.to_string())
}
