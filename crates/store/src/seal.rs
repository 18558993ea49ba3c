//! Encryption at rest with one age identity (X25519), and digests that only its owner can make.
//!
//! It protects the files of the store where they are copied to (backups, images, CI caches) without the key. It does
//! not protect them from who can read the key.
use crate::durable;
use age::{
    Decryptor, Encryptor,
    secrecy::ExposeSecret,
    stream::{StreamReader, StreamWriter},
    x25519::{Identity, Recipient},
};
use std::{
    fmt, fs,
    io::{Read, Write},
    iter,
    path::Path,
};
use strata_core::{digest::Digest, store::StoreError};

/// Says for ever what the key for digests is derived for.
const DIGEST_CONTEXT: &str = "strata 2026-01 store: key of keyed digests";

/// Seals and opens with one identity.
pub struct Seal {
    identity: Identity,
    recipient: Recipient,
    digest_key: [u8; 32],
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seal({})", self.recipient)
    }
}

impl Seal {
    fn new(identity: Identity) -> Self {
        let secret = identity.to_string();
        Self {
            recipient: identity.to_public(),
            digest_key: blake3::derive_key(DIGEST_CONTEXT, secret.expose_secret().as_bytes()),
            identity,
        }
    }
    /// With a new identity that is kept nowhere.
    pub fn ephemeral() -> Self {
        Self::new(Identity::generate())
    }
    /// With the identity in a file as `age-keygen` writes it: lines that begin with `#` are comments.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let shown = path.display();
        let text =
            fs::read_to_string(path).map_err(durable::io(format!("read the key {shown}")))?;
        let mut lines = text
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty() && !l.starts_with('#'));
        let damaged = |why: &str| StoreError::Damaged {
            path: shown.to_string(),
            why: why.to_owned(),
        };
        let line = lines
            .next()
            .ok_or_else(|| damaged("the key file is empty; put the key back from a backup"))?;
        // never the parser's own words: they could quote the key
        let identity = line.parse::<Identity>().map_err(|_| {
            damaged(
                "it holds no age identity (`AGE-SECRET-KEY-1…`); put the key back from a backup",
            )
        })?;
        Ok(Self::new(identity))
    }
    /// Makes an identity and keeps it in a file that only its owner may read.
    pub fn make(path: &Path) -> Result<Self, StoreError> {
        let made = Self::ephemeral();
        let secret = made.identity.to_string();
        let text = format!(
            "# seals the sensitive part of this store; without it that part is lost\n# public key: {}\n{}\n",
            made.recipient,
            secret.expose_secret()
        );
        durable::write(path, text.as_bytes(), 0o600)?;
        Ok(made)
    }

    /// The public part: says which key a store needs, and opens nothing.
    pub fn public(&self) -> String {
        self.recipient.to_string()
    }
    /// Digest under a key that is derived from the identity: equal for equal bytes, and no use for guessing them.
    pub fn keyed(&self, bytes: &[u8]) -> Digest {
        Digest::keyed(&self.digest_key, bytes)
    }
    /// Sealed bytes.
    pub fn seal(&self, plain: &[u8]) -> Vec<u8> {
        age::encrypt(&self.recipient, plain).expect("writing to memory works")
    }
    /// Opened bytes; `what` names them in the error.
    pub fn unseal(&self, sealed: &[u8], what: &str) -> Result<Vec<u8>, StoreError> {
        age::decrypt(&self.identity, sealed).map_err(|e| StoreError::Damaged {
            path: what.to_owned(),
            why: format!("it can't be opened with this store's key: {e}"),
        })
    }
    /// Seals what is written; call `finish` at the end.
    pub fn sealing<W: Write>(&self, to: W) -> std::io::Result<StreamWriter<W>> {
        Encryptor::with_recipients(iter::once(&self.recipient as _))
            .expect("there is a recipient")
            .wrap_output(to)
    }
    /// Opens what is read; `what` names it in the error.
    pub fn unsealing<R: Read>(&self, from: R, what: &str) -> Result<StreamReader<R>, StoreError> {
        Decryptor::new(from)
            .and_then(|d| d.decrypt(iter::once(&self.identity as _)))
            .map_err(|e| StoreError::Damaged {
                path: what.to_owned(),
                why: format!("it can't be opened with this store's key: {e}"),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_sealed_opens_again_and_only_with_its_key() {
        let seal = Seal::ephemeral();
        let sealed = seal.seal(b"hunter2");
        assert!(!sealed.windows(7).any(|w| w == b"hunter2"));
        assert_eq!(seal.unseal(&sealed, "x").unwrap(), b"hunter2");
        let e = Seal::ephemeral()
            .unseal(&sealed, "store.db: prod/dns")
            .unwrap_err();
        assert!(e.to_string().contains("prod/dns"), "{e}");
    }

    #[test]
    fn a_kept_key_is_the_same_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let new = Seal::make(&path).unwrap();
        let opened = Seal::open(&path).unwrap();
        assert_eq!(new.public(), opened.public());
        assert_eq!(new.keyed(b"x"), opened.keyed(b"x"));
        assert_ne!(new.keyed(b"x"), Seal::ephemeral().keyed(b"x"));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_bad_key_is_said_without_showing_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        for text in ["", "# only words\n", "AGE-SECRET-KEY-1BROKEN\n"] {
            fs::write(&path, text).unwrap();
            let e = Seal::open(&path).unwrap_err().to_string();
            assert!(e.contains("key") && !e.contains("BROKEN"), "{e}");
        }
        assert!(!format!("{:?}", Seal::ephemeral()).contains("SECRET"));
    }
}
