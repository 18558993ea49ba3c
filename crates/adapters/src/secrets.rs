//! Where secrets come from: our environment, files, ones that are made once, sensitive outputs of units.
//!
//! Values are read at every call and kept nowhere. A revision is a keyed digest of the value, so that it tells a
//! change and nothing else.
use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use strata_core::{
    diagnostic::Diagnostic,
    name::Address,
    secret::{SecretError, SecretStore},
    store::Store,
    value::{SecretRef, Value},
};

/// Most bytes of a secret file.
const LARGEST: u64 = 1 << 20;

/// How many characters a generated secret has.
const GENERATED: usize = 32;

/// The stores `env`, `file`, `generate` and `output`.
pub struct Secrets {
    store: Arc<dyn Store>,
    root: PathBuf,
    warnings: Mutex<BTreeMap<PathBuf, Diagnostic>>,
}

impl Secrets {
    /// `root` is the platform's folder: `file:` paths that are not absolute begin there.
    pub fn new(store: Arc<dyn Store>, root: impl Into<PathBuf>) -> Self {
        Self {
            store,
            root: root.into(),
            warnings: Mutex::default(),
        }
    }
    /// What a user should know about the secrets read so far: files that other users can read.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        let warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.values().cloned().collect()
    }

    fn file(&self, secret: &SecretRef) -> Result<Value, SecretError> {
        let path = self.root.join(&secret.key);
        let unreadable = |why: &dyn ToString| {
            let why = format!("{}: {}", path.display(), why.to_string());
            SecretError::Unreadable(shown(secret), why)
        };
        let file = fs::File::open(&path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => {
                SecretError::Missing(shown(secret), format!("make the file {}", path.display()))
            }
            _ => unreadable(&e),
        })?;
        let meta = file.metadata().map_err(|e| unreadable(&e))?;
        if !meta.is_file() {
            return Err(unreadable(&"it is not a file"));
        }
        self.warn_if_open(&path, meta.mode());
        let mut text = String::new();
        file.take(LARGEST + 1)
            .read_to_string(&mut text)
            .map_err(|e| unreadable(&e))?;
        if text.len() as u64 > LARGEST {
            return Err(unreadable(&"it has more than 1 MiB"));
        }
        // an editor's line end is not part of a secret; the ones inside a key file are
        if let Some(line) = text.strip_suffix('\n')
            && !line.contains('\n')
        {
            text = line.strip_suffix('\r').unwrap_or(line).to_owned();
        }
        Ok(Value::String(text))
    }

    fn warn_if_open(&self, path: &Path, mode: u32) {
        // the six bits of group and others
        if mode.trailing_zeros() >= 6 {
            return;
        }
        let said = format!("other users can read the secret file `{}`", path.display());
        let warning = Diagnostic::warning("secret::open-file", said)
            .help(format!("chmod 600 {}", path.display()));
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.insert(path.to_owned(), warning);
    }

    fn output(&self, secret: &SecretRef) -> Result<Value, SecretError> {
        let name = shown(secret);
        let unreadable =
            |why: &dyn ToString| SecretError::Unreadable(name.clone(), why.to_string());
        let (unit, output) = secret
            .key
            .rsplit_once('#')
            .ok_or_else(|| unreadable(&"write it as ADDRESS#OUTPUT"))?;
        let unit: Address = unit
            .parse()
            .map_err(|e: strata_core::name::NotAnAddress| unreadable(&e))?;
        let applied = self.store.applied(&unit).map_err(|e| unreadable(&e))?;
        let missing = |why: String| SecretError::Missing(name.clone(), why);
        let applied = applied.ok_or_else(|| missing(format!("{unit} was not applied yet")))?;
        let found = applied.outputs.get(output);
        let found = found.ok_or_else(|| missing(format!("{unit} has no output `{output}`")))?;
        Ok(found.value.clone())
    }

    fn generated(&self, secret: &SecretRef) -> Result<Value, SecretError> {
        let mut problem = None;
        let mut make = || {
            random_text().unwrap_or_else(|e| {
                problem = Some(e.to_string());
                String::new()
            })
        };
        let found = self.store.generated(&secret.key, &mut make);
        match (problem, found) {
            (Some(why), _) => Err(SecretError::Unreadable(shown(secret), why)),
            (None, Ok(text)) => Ok(Value::String(text)),
            (None, Err(e)) => Err(SecretError::Unreadable(shown(secret), e.to_string())),
        }
    }
}

impl SecretStore for Secrets {
    fn read(&self, secret: &SecretRef) -> Result<Value, SecretError> {
        let value = match secret.store.as_str() {
            "env" => variable(secret),
            "file" => self.file(secret),
            "generate" => self.generated(secret),
            "output" => self.output(secret),
            other => Err(SecretError::Unreadable(
                shown(secret),
                format!(
                    "there is no secret store `{other}`; there are env, file, generate and output"
                ),
            )),
        }?;
        part(secret, value)
    }
    fn revision(&self, secret: &SecretRef) -> Result<String, SecretError> {
        let value = self.read(secret)?;
        let bytes = serde_json::to_vec(&value).expect("plain data serialises");
        Ok(self.store.keyed(&bytes).to_string())
    }
}

fn variable(secret: &SecretRef) -> Result<Value, SecretError> {
    match std::env::var(&secret.key) {
        Ok(text) => Ok(Value::String(text)),
        Err(std::env::VarError::NotPresent) => Err(SecretError::Missing(
            shown(secret),
            format!("set the variable {}", secret.key),
        )),
        Err(std::env::VarError::NotUnicode(_)) => Err(SecretError::Unreadable(
            shown(secret),
            "it is not text in UTF-8".to_owned(),
        )),
    }
}

/// The named part of a secret; a text that holds JSON is looked into.
fn part(secret: &SecretRef, value: Value) -> Result<Value, SecretError> {
    if secret.path.is_empty() {
        return Ok(value);
    }
    let value = match value {
        Value::String(text) => serde_json::from_str(&text).map_err(|_| {
            let why = format!("it is not JSON, so it has no `{}`", secret.path.join("."));
            SecretError::Unreadable(shown(secret), why)
        })?,
        value => value,
    };
    value.at(&secret.path).cloned().ok_or_else(|| {
        let why = format!("it holds no `{}`", secret.path.join("."));
        SecretError::Missing(shown(secret), why)
    })
}

/// What a secret is called in messages.
fn shown(secret: &SecretRef) -> String {
    format!("{}:{}", secret.store, secret.key)
}

/// Random characters that mean nothing to a shell, a URL or a configuration file.
fn random_text() -> Result<String, getrandom::Error> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = [0u8; GENERATED];
    loop {
        getrandom::fill(&mut bytes)?;
        let text: String = bytes
            .iter()
            .map(|b| ALPHABET[usize::from(b & 63)] as char)
            .collect();
        // programs take a word that begins with `-` for an option
        if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Ok(text);
        }
    }
}
