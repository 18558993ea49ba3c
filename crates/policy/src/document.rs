//! JSON as rules see it: cheap to share, so that facts about an environment are made once for all its units.
use regorus::Value;
use serde::Serialize;
use std::collections::BTreeMap;

/// A document for rules. Cloning it copies nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document(pub(crate) Value);

impl Document {
    /// From anything that is JSON.
    pub fn of(data: &impl Serialize) -> Self {
        let json = serde_json::to_value(data).unwrap_or_default();
        Self(serde_json::from_value(json).unwrap_or(Value::Null))
    }
    /// The fields of two objects in one; those of `other` win.
    #[must_use]
    pub fn merged(&self, other: &Self) -> Self {
        let fields = [self, other]
            .into_iter()
            .filter_map(|d| d.0.as_object().ok())
            .flat_map(|o| o.iter().map(|(k, v)| (k.clone(), v.clone())));
        Self(Value::from(fields.collect::<BTreeMap<_, _>>()))
    }
    /// A list of documents.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self(Value::from(
            items.into_iter().map(|d| d.0).collect::<Vec<_>>(),
        ))
    }
    /// An object of documents.
    pub fn object<K: Into<String>>(fields: impl IntoIterator<Item = (K, Self)>) -> Self {
        let fields = fields
            .into_iter()
            .map(|(k, d)| (Value::from(k.into()), d.0))
            .collect::<BTreeMap<_, _>>();
        Self(Value::from(fields))
    }
    /// As JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::to_value(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_are_put_together_and_numbers_stay() {
        let a = Document::of(&json!({"a": 1, "b": {"x": 1.5}}));
        let b = Document::of(&json!({"b": [123_456_789_012_345_678_u64]}));
        assert_eq!(
            a.merged(&b).json().to_string(),
            r#"{"a":1,"b":[123456789012345678]}"#
        );
        let all = Document::object([("list", Document::list([a, b]))]).json();
        assert_eq!(all["list"][0]["b"]["x"].to_string(), "1.5");
    }
}
