//! Reads an entry of `verify:`: its keys, what they must be, and which nobody knows.
use std::{collections::BTreeMap, fmt};
use strata_core::{
    diagnostic::suggest,
    engine::Millis,
    value::{Term, Value},
};

/// Why an entry can't be used.
#[derive(Debug, PartialEq)]
pub enum Bad {
    /// It is wrong, whatever its inputs will be; and perhaps what was meant.
    Invalid(String, Option<String>),
    /// A part of it is not known yet, or is a secret.
    Open(String),
}

impl Bad {
    /// It is wrong.
    pub fn invalid(why: impl Into<String>) -> Self {
        Self::Invalid(why.into(), None)
    }
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(why, Some(help)) => write!(f, "{why}; {help}"),
            Self::Invalid(why, None) | Self::Open(why) => f.write_str(why),
        }
    }
}

/// The keys of one entry.
pub struct Keys<'a> {
    kind: &'static str,
    map: &'a BTreeMap<String, Term>,
}

impl<'a> Keys<'a> {
    /// The keys of a map, all of them known.
    pub fn of(kind: &'static str, term: &'a Term, known: &[&str]) -> Result<Self, Bad> {
        let Term::Map(map) = term else {
            return Err(Bad::invalid(format!("`{kind}` is a map")));
        };
        for name in map.keys() {
            if !known.contains(&name.as_str()) {
                let why = format!("`{kind}` has no key `{name}`");
                return Err(Bad::Invalid(why, suggest(name, known.iter().copied())));
            }
        }
        Ok(Self { kind, map })
    }
    /// A term that may hold anything, secrets too.
    pub fn term(&self, name: &str) -> Option<&'a Term> {
        self.map.get(name).filter(|term| **term != Term::Null)
    }
    fn plain(&self, name: &str) -> Result<Option<Value>, Bad> {
        let Some(term) = self.term(name) else {
            return Ok(None);
        };
        let open = || {
            Bad::Open(format!(
                "`{}.{name}` is not known, or is a secret",
                self.kind
            ))
        };
        term.plain().ok_or_else(open).map(Some)
    }
    fn wrong(&self, name: &str, want: &str) -> Bad {
        Bad::invalid(format!("`{}.{name}` has to be {want}", self.kind))
    }
    /// A text.
    pub fn text(&self, name: &str) -> Result<Option<String>, Bad> {
        let text = |value: Value| {
            value
                .scalar_text()
                .ok_or_else(|| self.wrong(name, "a text"))
        };
        self.plain(name)?.map(text).transpose()
    }
    /// A text that has to be there.
    pub fn need(&self, name: &str) -> Result<String, Bad> {
        self.text(name)?
            .ok_or_else(|| Bad::invalid(format!("`{}` needs `{name}`", self.kind)))
    }
    /// A number.
    pub fn number<N: std::str::FromStr>(&self, name: &str) -> Result<Option<N>, Bad> {
        let number = |text: String| text.parse().map_err(|_| self.wrong(name, "a number"));
        self.text(name)?.map(number).transpose()
    }
    /// A time such as `2m`, in milliseconds.
    pub fn time(&self, name: &str) -> Result<Option<Millis>, Bad> {
        let time = |text: String| {
            millis(&text).ok_or_else(|| self.wrong(name, "a time such as `30s`, `2m` or `1h`"))
        };
        self.text(name)?.map(time).transpose()
    }
    /// A text or a list of texts.
    pub fn texts(&self, name: &str) -> Result<Vec<String>, Bad> {
        self.term(name)
            .map_or(Ok(vec![]), |term| Self::texts_of(name, term))
    }
    /// A list, of maps for example.
    pub fn list(&self, name: &str) -> Result<&'a [Term], Bad> {
        match self.term(name) {
            None => Ok(&[]),
            Some(Term::List(list)) => Ok(list),
            Some(_) => Err(self.wrong(name, "a list")),
        }
    }
    /// A term that is a text or a list of texts, not empty.
    pub fn texts_of(name: &str, term: &Term) -> Result<Vec<String>, Bad> {
        let wrong = || Bad::invalid(format!("`{name}` has to be a list of texts"));
        let texts = match term
            .plain()
            .ok_or_else(|| Bad::Open(format!("`{name}` is not known, or is a secret")))?
        {
            Value::List(list) => list
                .iter()
                .map(Value::scalar_text)
                .collect::<Option<Vec<_>>>()
                .ok_or_else(wrong)?,
            scalar => vec![scalar.scalar_text().ok_or_else(wrong)?],
        };
        if texts.first().is_none_or(String::is_empty) {
            Err(wrong())
        } else {
            Ok(texts)
        }
    }
}

/// `500ms`, `30s`, `2m`, `1h`; a bare number is seconds.
fn millis(text: &str) -> Option<Millis> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number: Millis = text[..digits].parse().ok()?;
    let unit = match &text[digits..] {
        "ms" => 1,
        "s" | "" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_slips() {
        assert_eq!(
            (millis("2m"), millis("30"), millis("x"), millis("2d")),
            (Some(120_000), Some(30_000), None, None)
        );
        let term = Term::Map(BTreeMap::from([("staus".to_owned(), Term::Null)]));
        let bad = Keys::of("http", &term, &["url", "status"]).err().unwrap();
        assert_eq!(
            bad.to_string(),
            "`http` has no key `staus`; did you mean `status`?"
        );
    }
}
