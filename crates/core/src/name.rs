//! Names and addresses. The layer is an attribute of a unit, never part of its identity.
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{cell::RefCell, fmt, str::FromStr, sync::Arc};

/// Names that expressions use themselves and that nothing else may have.
pub const RESERVED: &[&str] = &[
    "values", "env", "secret", "each", "self", "unit", "flavors", "file", "platform",
];

/// Why `name` can't be the name of an environment, a component or a contract; `None` when it can.
pub fn name_problem(name: &str) -> Option<String> {
    // nearly all names are fine, and journals have many
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let begins = |b: &u8| b.is_ascii_alphabetic() || *b == b'_';
    if name.as_bytes().first().is_some_and(begins)
        && name.bytes().all(plain)
        && !name.ends_with('-')
        && name.len() <= 100
    {
        return None;
    }
    let mut chars = name.chars();
    let Some(first) = chars.next() else {
        return Some("a name must not be empty".to_owned());
    };
    if !(first.is_ascii_alphabetic() || first == '_') {
        return Some(format!("`{name}` must begin with a letter"));
    }
    if let Some(c) = chars.find(|c| !(c.is_ascii_alphanumeric() || *c == '_' || *c == '-')) {
        return Some(format!(
            "`{name}` holds `{c}`; letters, digits, `-` and `_` are allowed"
        ));
    }
    if name.ends_with('-') {
        return Some(format!("`{name}` must not end with `-`"));
    }
    if name.len() > 100 {
        return Some("a name has 100 characters at most".to_owned());
    }
    None
}

/// `ENV/NAME` or `ENV/NAME["key"]`: what a unit is called everywhere and for ever.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The environment.
    pub env: Arc<str>,
    /// The component (with an import: `ALIAS/NAME`).
    pub name: Arc<str>,
    /// The instance, of a component that has some.
    pub key: Option<Arc<str>>,
}

impl Address {
    /// An address without an instance key.
    pub fn new(env: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self {
            env: env.into(),
            name: name.into(),
            key: None,
        }
    }
    /// The same with an instance key.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<Arc<str>>) -> Self {
        self.key = Some(key.into());
        self
    }
    /// Without the environment: `NAME` or `NAME["key"]`.
    pub fn local(&self) -> String {
        match &self.key {
            Some(key) => format!("{}[{}]", self.name, quoted(key)),
            None => self.name.to_string(),
        }
    }
    /// A name for a folder or file: unique, without characters that mean something to a shell or a path.
    pub fn file_name(&self) -> String {
        let mut out = String::new();
        let plain = |out: &mut String, text: &str| {
            for b in text.bytes() {
                match b {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => out.push(b as char),
                    _ => out.push_str(&format!(".{b:02x}")),
                }
            }
        };
        plain(&mut out, &self.name);
        if let Some(key) = &self.key {
            out.push('@');
            plain(&mut out, key);
        }
        out
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text serialises")
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.env, self.name)?;
        if let Some(key) = &self.key {
            write!(f, "[{}]", quoted(key))?;
        }
        Ok(())
    }
}
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address; write ENV/NAME or ENV/NAME[\"key\"]")]
pub struct NotAnAddress(pub String);

impl FromStr for Address {
    type Err = NotAnAddress;
    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let bad = || NotAnAddress(text.to_owned());
        let find = |text: &str, what: u8| text.bytes().position(|b| b == what);
        let at = find(text, b'/').ok_or_else(bad)?;
        let (env, rest) = (&text[..at], &text[at + 1..]);
        let (name, key) = match find(rest, b'[') {
            None => (rest, None),
            Some(at) => {
                let (name, key) = (&rest[..at], &rest[at + 1..]);
                let key = key.strip_suffix(']').ok_or_else(bad)?;
                // a shell eats the quotes, so a bare key is fine too
                let key = serde_json::from_str::<String>(key).unwrap_or_else(|_| key.to_owned());
                (name, Some(key))
            }
        };
        let parts_ok = name
            .split('/')
            .all(|p| !p.is_empty() && name_problem(p).is_none());
        if env.is_empty() || name_problem(env).is_some() || name.is_empty() || !parts_ok {
            return Err(bad());
        }
        Ok(Self {
            env: shared(env),
            name: name.into(),
            key: key.map(Into::into),
        })
    }
}

/// The name of an environment. Who reads addresses reads many of one environment after the other: they share it.
fn shared(env: &str) -> Arc<str> {
    thread_local!(static LAST: RefCell<Arc<str>> = RefCell::new(Arc::from("")));
    LAST.with_borrow_mut(|last| {
        if **last != *env {
            *last = env.into();
        }
        last.clone()
    })
}
impl Serialize for Address {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_str(Written)
    }
}

/// Reads an address where its text stands: journals have many.
struct Written;

impl de::Visitor<'_> for Written {
    type Value = Address;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address")
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Address, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_as_it_is_written() {
        for text in [
            "prod/network",
            "prod/vpc[\"eu-1\"]",
            "dev/obs/grafana",
            "d/x[\"a\\\"b/c\"]",
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!(
            "p/v[eu-1]".parse::<Address>().unwrap().to_string(),
            "p/v[\"eu-1\"]"
        );
        for text in [
            "",
            "prod",
            "prod/",
            "/x",
            "../x",
            "prod/../x",
            "prod/a b",
            "p/v[\"x\"",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn file_names_differ_where_addresses_differ() {
        let name = |t: &str| t.parse::<Address>().unwrap().file_name();
        assert_eq!(name("d/a/b"), "a.2fb");
        assert_ne!(name("d/x[\"a/b\"]"), name("d/x[\"a.2fb\"]"));
    }

    #[test]
    fn names_are_checked() {
        assert!(name_problem("kubernetes-cluster").is_none());
        assert!(name_problem("_base").is_none());
        for bad in ["1a", "a b", "a.", "a-", ".."] {
            assert!(name_problem(bad).is_some(), "{bad}");
        }
    }
}
