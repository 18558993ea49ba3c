//! Outputs as rows show them: values in clear, of sensitive ones a keyed digest.
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use strata_core::{digest::Digest, value::Output};

/// The text of [`strata_core::store::AppliedRow::outputs`]: `{"x": {"value": 1}, "y": {"sensitive": "DIGEST"}}`.
/// `keyed` is [`strata_core::store::Store::keyed`].
pub fn recorded_outputs(
    outputs: &BTreeMap<String, Output>,
    keyed: &dyn Fn(&[u8]) -> Digest,
) -> String {
    let shown: Map<String, Json> = outputs
        .iter()
        .map(|(name, output)| {
            let value = output.value.to_json();
            let (key, value) = if output.sensitive {
                let digest = keyed(value.to_string().as_bytes());
                ("sensitive", Json::String(digest.to_string()))
            } else {
                ("value", value)
            };
            (
                name.clone(),
                Json::Object(Map::from_iter([(key.to_owned(), value)])),
            )
        })
        .collect();
    Json::Object(shown).to_string()
}

/// [`strata_core::store::AppliedRow::outputs_digest`] of a text made by [`recorded_outputs`].
pub fn outputs_digest(recorded: &str) -> Digest {
    Digest::of(recorded.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::value::Value;

    #[test]
    fn a_sensitive_value_counts_and_is_not_shown() {
        let of = |secret: &str| {
            let outputs = BTreeMap::from([
                (
                    "a".to_owned(),
                    Output {
                        value: Value::from("plain"),
                        sensitive: false,
                        ty: None,
                    },
                ),
                (
                    "b".to_owned(),
                    Output {
                        value: Value::from(secret),
                        sensitive: true,
                        ty: None,
                    },
                ),
            ]);
            recorded_outputs(&outputs, &|b| Digest::keyed(&[1; 32], b))
        };
        let (one, two) = (of("hunter2"), of("hunter3"));
        assert!(
            one.starts_with(r#"{"a":{"value":"plain"},"b":{"sensitive":""#),
            "{one}"
        );
        assert!(!one.contains("hunter"));
        assert_ne!(outputs_digest(&one), outputs_digest(&two));
    }
}
