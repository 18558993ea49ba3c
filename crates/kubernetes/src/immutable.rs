//! Fields that cannot change once an object is there: the server refuses, and only a new object can have them.
//!
//! Kubernetes has no reason of its own for it: a refusal is known by its words. An object is replaced only where its own
//! file asks for that, as with Flux, kapp and Argo CD: what is lost with it is known to who wrote it.
use crate::fault::{Cause, Refusal};
use serde_json::Value as Json;

/// The annotation of an object that may be deleted and made again.
pub const REPLACE: &str = "strata.dev/replace";

/// How the parts of Kubernetes say it.
const WORDS: [&str; 5] = [
    "immutable",
    "may not change",
    "may not be changed",
    "cannot change",
    "can not be changed",
];

/// Does the file of an object ask for its replacement?
pub fn is_asked_for(object: &Json) -> bool {
    object["metadata"]["annotations"][REPLACE] == "true"
}

/// The fields that cannot change, each with what the server says, if nothing else stands against it. Values are left out:
/// it shows whole objects, with what is secret in them.
pub fn fields(refusal: &Refusal) -> Option<Vec<(String, String)>> {
    let causes = &refusal.causes;
    let all = refusal.code == 422 && !causes.is_empty() && causes.iter().all(is_fixed);
    all.then(|| {
        let one = |cause: &Cause| (cause.field.clone(), words(&cause.message).to_owned());
        let mut fields: Vec<(String, String)> = causes.iter().map(one).collect();
        fields.dedup();
        fields
    })
}

fn is_fixed(cause: &Cause) -> bool {
    let said = words(&cause.message);
    let lower = said.to_lowercase();
    let updates = lower.starts_with("updates to ") && lower.contains("forbidden");
    updates || WORDS.iter().any(|word| lower.contains(word))
}

/// What is said of the field, without its value: `Invalid value: …: field is immutable`.
fn words(message: &str) -> &str {
    let message = message.trim();
    let message = message.strip_prefix("Forbidden: ").unwrap_or(message);
    match message.strip_prefix("Invalid value: ") {
        Some(rest) => rest.rsplit_once(": ").map_or("invalid", |(_, said)| said),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// As a real API server (1.34) says it.
    fn said(field: &str, message: &str) -> Option<Vec<(String, String)>> {
        fields(&Refusal::from_json(
            422,
            &json!({"code": 422, "reason": "Invalid", "details": {"causes": [{"reason": "FieldValueInvalid", "message": message, "field": field}]}}),
        ))
    }

    #[test]
    fn what_cannot_change_is_known_by_its_words() {
        for (field, message) in [
            (
                "spec.selector",
                "Invalid value: {\"matchLabels\":{\"app\":\"b\"}}: field is immutable",
            ),
            (
                "spec.template",
                "Invalid value: {\"password\": \"sesame\"}: field is immutable",
            ),
            (
                "spec",
                "Forbidden: updates to statefulset spec for fields other than 'replicas', 'template' are forbidden",
            ),
            (
                "spec.clusterIPs[0]",
                "Invalid value: [\"None\"]: may not change once set",
            ),
            (
                "data",
                "Forbidden: field is immutable when `immutable` is set",
            ),
            (
                "parameters",
                "Forbidden: updates to parameters are forbidden.",
            ),
            (
                "roleRef",
                "Invalid value: {\"kind\":\"Role\"}: cannot change roleRef",
            ),
            (
                "spec",
                "Forbidden: spec is immutable after creation except resources.requests",
            ),
        ] {
            let found = said(field, message).unwrap_or_else(|| panic!("{message}"));
            assert_eq!(found[0].0, field);
            assert!(!found[0].1.contains("sesame"), "{found:?}");
        }
        assert_eq!(
            said(
                "spec.replicas",
                "Invalid value: -1: must be greater than or equal to 0"
            ),
            None
        );
    }

    #[test]
    fn with_another_fault_a_new_object_is_no_way_out() {
        let refusal = Refusal::from_json(
            422,
            &json!({"code": 422, "details": {"causes": [
                {"message": "Invalid value: {}: field is immutable", "field": "spec.selector"},
                {"message": "Required value", "field": "spec.template.spec.containers"}]}}),
        );
        assert_eq!(fields(&refusal), None);
    }
}
