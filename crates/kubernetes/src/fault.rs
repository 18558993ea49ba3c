//! What a refusal of the API server means: whether it may pass, and what people are told.
use crate::immutable;
use serde_json::Value as Json;
use strata_core::engine::Class;

/// Something did not work. The first line says what, the others why and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Will it pass?
    pub class: Class,
    /// Lines for people.
    pub lines: Vec<String>,
}

impl Fault {
    /// One that does not pass.
    pub fn permanent(line: impl Into<String>) -> Self {
        Self {
            class: Class::Permanent,
            lines: vec![line.into()],
        }
    }
    /// One that may pass.
    pub fn transient(line: impl Into<String>) -> Self {
        Self {
            class: Class::Transient,
            lines: vec![line.into()],
        }
    }
    /// One for something that is not there, and that somebody else may make.
    pub fn absent(line: impl Into<String>) -> Self {
        Self {
            class: Class::Absent,
            lines: vec![line.into()],
        }
    }
    /// With one more line below.
    #[must_use]
    pub fn more(mut self, line: impl Into<String>) -> Self {
        self.lines.push(format!("  {}", line.into()));
        self
    }
    /// Several as one. It passes only if all may, and nothing is but absent only if all else may pass.
    pub fn all(faults: Vec<Self>) -> Option<Self> {
        let all = |these: &[Class]| faults.iter().all(|f| these.contains(&f.class));
        let class = if all(&[Class::Transient]) {
            Class::Transient
        } else if all(&[Class::Transient, Class::Absent]) {
            Class::Absent
        } else {
            Class::Permanent
        };
        let lines: Vec<String> = faults.into_iter().flat_map(|f| f.lines).collect();
        (!lines.is_empty()).then_some(Self { class, lines })
    }
}

/// A refusal, as the API server says it (`Status`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status; 0 when the server could not be reached.
    pub code: u16,
    /// `Conflict`, `Forbidden`, `Invalid` …
    pub reason: String,
    /// What it says.
    pub message: String,
    /// Type, message and field of each cause.
    pub causes: Vec<Cause>,
    /// Seconds that it asks to wait.
    pub retry_after: Option<u64>,
}

/// One cause of a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// `FieldManagerConflict`, `FieldValueInvalid` …
    pub kind: String,
    /// What it says.
    pub message: String,
    /// The field.
    pub field: String,
}

impl Refusal {
    /// From a `Status` in JSON.
    pub fn from_json(code: u16, json: &Json) -> Self {
        let text = |v: &Json, key: &str| {
            let found = v.get(key).and_then(Json::as_str);
            found.unwrap_or_default().to_owned()
        };
        let details = &json["details"];
        let causes = details["causes"].as_array().into_iter().flatten();
        Self {
            code: json["code"].as_u64().map_or(code, |c| c as u16),
            reason: text(json, "reason"),
            message: text(json, "message"),
            causes: causes
                .map(|c| Cause {
                    kind: text(c, "reason"),
                    message: text(c, "message"),
                    field: text(c, "field"),
                })
                .collect(),
            retry_after: details["retryAfterSeconds"].as_u64().filter(|s| *s > 0),
        }
    }
    /// Nobody answered.
    pub fn unreachable(why: impl Into<String>) -> Self {
        Self {
            message: why.into(),
            ..Self::default()
        }
    }
    /// Is the thing not there?
    pub fn is_missing(&self) -> bool {
        self.code == 404
    }
    /// Is it in the way of another field manager?
    pub fn is_owned(&self) -> bool {
        self.code == 409 && self.owners().next().is_some()
    }
    /// The other field managers that it is in the way of.
    pub fn owners(&self) -> impl Iterator<Item = &str> {
        let conflicts = self
            .causes
            .iter()
            .filter(|c| c.kind == "FieldManagerConflict");
        conflicts.map(|c| c.message.split('"').nth(1).unwrap_or("another manager"))
    }
    /// Could a webhook not be asked? It may come up yet.
    pub fn webhook(&self) -> Option<&str> {
        let (_, rest) = self.message.split_once("failed calling webhook \"")?;
        rest.split('"').next()
    }
    /// Is a field unknown, or of another type than it must be? Which; the server says so as if it were its own fault.
    fn mistyped(&self) -> Option<String> {
        let (_, fields) = self
            .message
            .split_once("failed to create typed patch object")?;
        let (_, fields) = fields.split_once("): ")?;
        let field = fields.trim_start_matches("errors:").trim();
        // the wording of a library: `got &value.valueUnstructured{Value:true}`
        Some(
            field
                .replace("&value.valueUnstructured{Value:", "")
                .replace('}', ""),
        )
    }
    /// May the same request work in a moment?
    pub fn may_pass(&self) -> bool {
        match self.code {
            0 | 429 | 502 | 503 | 504 => true,
            409 => !self.is_owned() && self.reason != "AlreadyExists",
            500 => {
                self.mistyped().is_none()
                    && (self.webhook().is_some() || self.reason == "InternalError")
            }
            // rights that were granted a moment ago, an account that is being made
            403 => {
                self.message.contains("cache has not been synced")
                    || self.message.contains("not yet ready to handle request")
            }
            _ => false,
        }
    }
    /// In words, about an object of a file: `Deployment shop/web`.
    pub fn about(&self, object: &str, file: &str) -> Fault {
        let place = if file.is_empty() {
            String::new()
        } else {
            format!(" ({file})")
        };
        let class = if self.may_pass() {
            Class::Transient
        } else {
            Class::Permanent
        };
        let fault = |line: String| Fault {
            class,
            lines: vec![line],
        };
        if self.is_owned() {
            return self.owned(object, &place);
        }
        if let Some(webhook) = self.webhook() {
            return fault(format!(
                "{object}{place} is refused because the webhook `{webhook}` cannot be asked"
            ))
            .more(self.webhook_reason())
            .more("its configuration says `failurePolicy: Fail`: start what serves it, or remove the configuration");
        }
        if let Some(fields) = self.mistyped() {
            let mut fault = fault(format!("{object}{place} is not valid"))
                .more(fields.trim_start_matches('.').to_owned());
            if fields.contains("field not declared in schema") {
                fault =
                    fault.more("its kind has no such field: correct the name, or the indentation");
            }
            if fields.contains("expected string") {
                fault = fault.more("put a text into quotes: `yes`, `no`, `on`, `y` and numbers are none for Kubernetes");
            }
            return fault;
        }
        if self.message.contains("denied the request") {
            return fault(format!("{object}{place} is refused by an admission rule"))
                .more(self.message.clone());
        }
        if let Some((_, quota)) = self.message.split_once("exceeded quota: ") {
            return fault(format!(
                "{object}{place} does not fit into the quota of its namespace"
            ))
            .more(format!("quota {quota}"))
            .more("ask for less, or for a larger ResourceQuota");
        }
        if self.message.contains("because it is being terminated") {
            return fault(format!("{object}{place}: its namespace is being deleted"))
                .more("wait until it is gone, then apply again");
        }
        if let Some(fields) = immutable::fields(self) {
            let names: Vec<String> = fields.iter().map(|(f, _)| format!("`{f}`")).collect();
            let first = format!(
                "{object}{place} must be replaced: {} cannot change",
                names.join(", ")
            );
            let said = fields.iter().map(|(f, said)| format!("{f}: {said}"));
            return said
                .fold(fault(first), Fault::more)
                .more("delete the object, or give it another name");
        }
        match self.code {
            0 => fault(format!(
                "{object}{place}: the cluster does not answer: {}",
                self.message
            )),
            401 => refused_account(&self.message),
            403 => fault(format!("{object}{place}: not allowed"))
                .more(self.message.clone())
                .more("give the account of `cluster:` that right"),
            422 | 400 => {
                let mut f = fault(format!("{object}{place} is not valid"));
                for cause in &self.causes {
                    f = f.more(format!("{}: {}", cause.field, cause.message));
                }
                if self.causes.is_empty() {
                    f = f.more(self.message.clone());
                }
                f
            }
            code => fault(format!("{object}{place}: {} ({code})", self.message)),
        }
    }
    fn webhook_reason(&self) -> String {
        match self.message.rsplit_once("\": ") {
            Some((_, why)) => why.to_owned(),
            None => self.message.clone(),
        }
    }
    fn owned(&self, object: &str, place: &str) -> Fault {
        let mut fault = Fault::permanent(format!(
            "{object}{place}: fields of it belong to another manager"
        ));
        for cause in self
            .causes
            .iter()
            .filter(|c| c.kind == "FieldManagerConflict")
        {
            let field = cause.field.trim_start_matches('.');
            let by = cause.message.split('"').nth(1).unwrap_or("another manager");
            fault = fault.more(format!("`{field}` belongs to `{by}`"));
        }
        fault
            .more("leave these fields out of the files and they stay as they are, or take them over with `force-conflicts: true`")
    }
}

/// The account of `cluster:` is not known to the cluster.
pub fn refused_account(message: &str) -> Fault {
    Fault::permanent("the cluster does not accept the credentials of `cluster:` (401)")
        .more(if message.is_empty() { "Unauthorized" } else { message })
        .more("the token has expired, or is for another cluster: give a new one, or an `exec:` that makes one each time")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refusal(code: u16, reason: &str, message: &str) -> Refusal {
        Refusal::from_json(
            code,
            &json!({"code": code, "reason": reason, "message": message}),
        )
    }

    #[test]
    fn a_conflict_names_the_other_manager_and_the_fields() {
        let r = Refusal::from_json(
            409,
            &json!({"code": 409, "reason": "Conflict", "message": "Apply failed", "details": {"causes": [
                {"reason": "FieldManagerConflict", "message": "conflict with \"kubectl-scale\" using apps/v1", "field": ".spec.replicas"}]}}),
        );
        assert!(r.is_owned() && !r.may_pass());
        let f = r.about("Deployment a/b", "b.yaml:1");
        assert_eq!(f.lines[1], "  `spec.replicas` belongs to `kubectl-scale`");
        assert!(f.lines[2].contains("force-conflicts: true"));
    }

    #[test]
    fn what_may_pass_is_told_from_what_does_not() {
        let webhook = r#"Internal error occurred: failed calling webhook "w.example.com": failed to call webhook: Post "https://x": dial tcp 10.0.0.1:443: connect: connection refused"#;
        let r = refusal(500, "InternalError", webhook);
        assert_eq!((r.webhook(), r.may_pass()), (Some("w.example.com"), true));
        let f = r.about("ConfigMap a/b", "");
        assert!(f.lines[0].contains("`w.example.com`"), "{f:?}");
        assert!(f.lines[1].contains("connection refused"), "{f:?}");
        for (r, passes) in [
            (Refusal::unreachable("refused"), true),
            (refusal(429, "TooManyRequests", ""), true),
            (
                refusal(409, "Conflict", "the object has been modified"),
                true,
            ),
            (refusal(403, "Forbidden", "User \"x\" cannot patch"), false),
            (refusal(401, "Unauthorized", "Unauthorized"), false),
            (refusal(422, "Invalid", "x"), false),
        ] {
            assert_eq!(r.may_pass(), passes, "{r:?}");
        }
    }

    #[test]
    fn a_field_of_another_type_does_not_pass() {
        let message = "failed to create typed patch object (n/a; /v1, Kind=ConfigMap): .data.key: expected string, got &value.valueUnstructured{Value:true}";
        let r = refusal(500, "", message);
        assert!(!r.may_pass());
        let lines = r.about("ConfigMap n/a", "a.yaml:1").lines;
        assert_eq!(lines[0], "ConfigMap n/a (a.yaml:1) is not valid");
        assert_eq!(lines[1], "  data.key: expected string, got true");
        assert!(lines[2].contains("quotes"));
        let message = "failed to create typed patch object (n/a; /v1, Kind=ConfigMap): .datta: field not declared in schema";
        let lines = refusal(500, "", message).about("ConfigMap n/a", "").lines;
        assert_eq!(lines[1], "  datta: field not declared in schema");
        assert!(lines[2].contains("no such field"), "{lines:?}");
        assert_eq!(lines.len(), 3, "{lines:?}");
    }

    #[test]
    fn quota_and_termination_are_said_plainly() {
        let say = |message| {
            refusal(403, "Forbidden", message)
                .about("Pod a/b", "p.yaml:1")
                .lines
        };
        let quota = say(
            "pods \"b\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1",
        );
        assert!(
            quota[0].contains("does not fit into the quota"),
            "{quota:?}"
        );
        assert_eq!(
            quota[1],
            "  quota small, requested: pods=1, used: pods=1, limited: pods=1"
        );
        let gone =
            say("unable to create new content in namespace a because it is being terminated");
        assert!(
            gone[0].contains("its namespace is being deleted"),
            "{gone:?}"
        );
    }
}
