//! Where secrets come from, as a seam.
use crate::value::{SecretRef, Value};

/// Reads secrets just before they are used.
pub trait SecretStore: Send + Sync {
    /// The secret. A generated one is made at the first call and stays the same.
    fn read(&self, secret: &SecretRef) -> Result<Value, SecretError>;
    /// Something that changes when the secret changes and tells nothing about it (a keyed digest, a version).
    fn revision(&self, secret: &SecretRef) -> Result<String, SecretError>;
}

/// Does the name of a variable say that it holds a credential?
pub fn is_telling(name: &str) -> bool {
    const PARTS: &[&str] = &[
        "SECRET",
        "TOKEN",
        "PASSWORD",
        "PASSWD",
        "PRIVATE_KEY",
        "API_KEY",
        "ACCESS_KEY",
        "CREDENTIAL",
    ];
    let name = name.to_ascii_uppercase();
    PARTS.iter().any(|part| name.contains(part))
}

/// A secret could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SecretError {
    /// It is not there.
    #[error("there is no secret `{0}`; {1}")]
    Missing(String, String),
    /// It could not be opened or read.
    #[error("cannot read the secret `{0}`: {1}")]
    Unreadable(String, String),
}
