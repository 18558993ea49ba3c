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
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305,
    aead::{Aead as _, Payload},
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

/// And the key for rows.
const ROW_CONTEXT: &str = "strata 2026-11 store: key of sealed rows";

/// Bytes before the sealed ones of a row, drawn anew for each.
const NONCE: usize = 24;

/// Seals and opens with one identity.
pub struct Seal {
    identity: Identity,
    recipient: Recipient,
    digest_key: [u8; 32],
    rows: XChaCha20Poly1305,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seal({})", self.recipient)
    }
}

impl Seal {
    fn new(identity: Identity) -> Self {
        let secret = identity.to_string();
        let derived = |what| blake3::derive_key(what, secret.expose_secret().as_bytes());
        Self {
            recipient: identity.to_public(),
            digest_key: derived(DIGEST_CONTEXT),
            rows: XChaCha20Poly1305::new(&derived(ROW_CONTEXT).into()),
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
    /// A sealed row: under a key that is derived from the identity, since who writes rows has that anyway and there
    /// are many. `place` is where the row belongs: it opens nowhere else.
    pub fn seal_row(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|e| StoreError::Io {
            doing: "draw random bytes".to_owned(),
            why: e.to_string(),
        })?;
        let (msg, aad) = (plain, place.as_bytes());
        let sealed = self.rows.encrypt(&nonce.into(), Payload { msg, aad });
        let sealed = sealed.expect("only a row of many gigabytes is refused");
        Ok([&nonce[..], &sealed].concat())
    }
    /// An opened row; `what` names it in the error.
    pub fn unseal_row(
        &self,
        place: &str,
        sealed: &[u8],
        what: &str,
    ) -> Result<Vec<u8>, StoreError> {
        let opened = sealed
            .split_first_chunk::<NONCE>()
            .and_then(|(nonce, msg)| {
                let aad = place.as_bytes();
                self.rows
                    .decrypt(&(*nonce).into(), Payload { msg, aad })
                    .ok()
            });
        opened.ok_or_else(|| StoreError::Damaged {
            path: what.to_owned(),
            why: "it can't be opened with this store's key".to_owned(),
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
    fn a_row_opens_at_its_place_and_only_with_its_key() {
        let seal = Seal::ephemeral();
        let sealed = seal.seal_row("prod/dns", b"hunter2").unwrap();
        assert_ne!(sealed, seal.seal_row("prod/dns", b"hunter2").unwrap());
        assert!(!sealed.windows(7).any(|w| w == b"hunter2"));
        let open = |seal: &Seal, place: &str, bytes: &[u8]| seal.unseal_row(place, bytes, "x");
        assert_eq!(open(&seal, "prod/dns", &sealed).unwrap(), b"hunter2");
        assert!(open(&seal, "prod/web", &sealed).is_err());
        assert!(open(&Seal::ephemeral(), "prod/dns", &sealed).is_err());
        for end in 0..sealed.len() {
            assert!(open(&seal, "prod/dns", &sealed[..end]).is_err());
        }
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
