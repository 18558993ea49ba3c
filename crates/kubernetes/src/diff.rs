//! What differs between two states of an object, in lines for people.
//!
//! Lists whose items have names are compared by name, as the server merges them. Values of secrets are never shown, only
//! that they change; nor is anything that a caller hides.
use crate::object;
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;
use strata_core::secret::is_telling;

/// Longer values are cut.
const LONGEST: usize = 160;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Where, for people: `spec.containers[web].image`.
    pub path: String,
    /// Where, step by step: keys, and `[name]` or `[3]` in lists.
    pub steps: Vec<String>,
    /// What was; nothing when it was not there.
    pub from: Option<String>,
    /// What will be; nothing when it goes.
    pub to: Option<String>,
}

impl Difference {
    /// As a line.
    pub fn line(&self) -> String {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) if from == to => format!("{}: {to}", self.path),
            (Some(from), Some(to)) => format!("{}: {from} -> {to}", self.path),
            (None, Some(to)) => format!("+ {}: {to}", self.path),
            (Some(from), None) => format!("- {}: {from}", self.path),
            (None, None) => self.path.clone(),
        }
    }
}

/// What must not be shown.
#[derive(Clone, Debug, Default)]
pub struct Hidden(Vec<String>);

impl Hidden {
    /// Texts that may appear nowhere; very short ones are words rather than secrets.
    pub fn new(texts: impl IntoIterator<Item = String>) -> Self {
        Self(texts.into_iter().filter(|t| t.len() >= 4).collect())
    }
    fn is_in(&self, text: &str) -> bool {
        self.0.iter().any(|secret| text.contains(secret.as_str()))
    }
}

/// An object without what the server adds for itself.
pub fn bare(json: &Json) -> Json {
    let mut json = json.clone();
    let Some(map) = json.as_object_mut() else {
        return json;
    };
    map.remove("status");
    if let Some(metadata) = map.get_mut("metadata").and_then(Json::as_object_mut) {
        for noise in [
            "managedFields",
            "resourceVersion",
            "generation",
            "uid",
            "creationTimestamp",
            "selfLink",
        ] {
            metadata.remove(noise);
        }
        if let Some(annotations) = metadata
            .get_mut("annotations")
            .and_then(Json::as_object_mut)
        {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
            annotations.remove("deployment.kubernetes.io/revision");
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
    json
}

/// What differs. Both sides come from the server, so what it fills in by itself is on both and is no difference.
pub fn between(from: &Json, to: &Json, hidden: &Hidden) -> Vec<Difference> {
    let mut walk = Walk {
        secret: object::key(to).what.kind == "Secret" || object::key(from).what.kind == "Secret",
        hidden,
        out: Vec::new(),
        steps: Vec::new(),
    };
    walk.any(Some(&bare(from)), Some(&bare(to)));
    walk.out
}

/// What an object that is new is made of, as far as its file says it.
pub fn of_new(to: &Json, hidden: &Hidden) -> Vec<Difference> {
    let mut bare = bare(to);
    if let Some(map) = bare.as_object_mut() {
        for said in ["apiVersion", "kind"] {
            map.remove(said);
        }
        if let Some(metadata) = map.get_mut("metadata").and_then(Json::as_object_mut) {
            metadata.remove("name");
            metadata.remove("namespace");
            if metadata.is_empty() {
                map.remove("metadata");
            }
        }
    }
    let mut walk = Walk {
        secret: object::key(to).what.kind == "Secret",
        hidden,
        out: Vec::new(),
        steps: Vec::new(),
    };
    // of an object that says nothing more there is nothing to show
    if bare.as_object().is_some_and(|map| !map.is_empty()) {
        walk.leaves(&bare);
    }
    walk.out
}

struct Walk<'a> {
    secret: bool,
    hidden: &'a Hidden,
    out: Vec<Difference>,
    steps: Vec<String>,
}

impl Walk<'_> {
    fn any(&mut self, from: Option<&Json>, to: Option<&Json>) {
        match (from, to) {
            (Some(a), Some(b)) if a == b => {}
            (Some(Json::Object(a)), Some(Json::Object(b))) => self.maps(a, b),
            (Some(Json::Array(a)), Some(Json::Array(b))) => self.lists(a, b),
            // a map that appears is told by what is in it
            (None, Some(Json::Object(b))) if !b.is_empty() => self.maps(&Map::new(), b),
            (Some(Json::Object(a)), None) if !a.is_empty() => self.maps(a, &Map::new()),
            (a, b) => self.say(a, b),
        }
    }
    fn maps(&mut self, a: &Map<String, Json>, b: &Map<String, Json>) {
        let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        for key in keys {
            self.steps.push(key.clone());
            self.any(a.get(key), b.get(key));
            self.steps.pop();
        }
    }
    fn lists(&mut self, a: &[Json], b: &[Json]) {
        let scalars = |l: &[Json]| l.iter().all(|v| !v.is_object() && !v.is_array());
        if scalars(a) && scalars(b) {
            return self.say(Some(&Json::from(a)), Some(&Json::from(b)));
        }
        if let (Some(x), Some(y)) = (names(a), names(b)) {
            let mut order = x.clone();
            order.extend(y.iter().filter(|n| !x.contains(n)));
            for name in order {
                let item = |names: &[&str], list: &[Json]| {
                    let i = names.iter().position(|n| *n == name)?;
                    list.get(i).cloned()
                };
                self.steps.push(format!("[{name}]"));
                let (from, to) = (item(&x, a), item(&y, b));
                match (&from, &to) {
                    (Some(_), Some(_)) => self.any(from.as_ref(), to.as_ref()),
                    _ => self.say(from.as_ref(), to.as_ref()),
                }
                self.steps.pop();
            }
            return;
        }
        for i in 0..a.len().max(b.len()) {
            self.steps.push(format!("[{i}]"));
            self.any(a.get(i), b.get(i));
            self.steps.pop();
        }
    }
    fn leaves(&mut self, json: &Json) {
        match json {
            Json::Object(map) if !map.is_empty() => {
                for (key, value) in map {
                    self.steps.push(key.clone());
                    self.leaves(value);
                    self.steps.pop();
                }
            }
            other => self.say(None, Some(other)),
        }
    }
    fn say(&mut self, from: Option<&Json>, to: Option<&Json>) {
        let both = from.is_some() && to.is_some();
        let hide = self.hides();
        let show = |value: &Json| {
            let text = value.to_string();
            if hide || self.hidden.is_in(&text) {
                return if both { "changed (hidden)" } else { "(hidden)" }.to_owned();
            }
            shorten(&text)
        };
        self.out.push(Difference {
            path: path(&self.steps),
            steps: self.steps.clone(),
            from: from.map(show),
            to: to.map(show),
        });
    }
    /// Values of a Secret, and of what calls itself one: `env[DB_PASSWORD].value`, `data.password`.
    fn hides(&self) -> bool {
        let step = |i: usize| self.steps.get(i).map_or("", String::as_str);
        if matches!(step(0), "data" | "stringData") {
            return self.secret || is_telling(step(1));
        }
        let n = self.steps.len();
        let last_applied = step(1) == "annotations" && self.secret;
        last_applied || (n >= 2 && step(n - 1) == "value" && is_telling(step(n - 2)))
    }
}

/// Names of a list's items, when each has one of its own.
fn names(list: &[Json]) -> Option<Vec<&str>> {
    let names: Vec<&str> = list
        .iter()
        .map(|item| item.get("name").and_then(Json::as_str))
        .collect::<Option<_>>()?;
    let different: BTreeSet<&str> = names.iter().copied().collect();
    (different.len() == names.len()).then_some(names)
}

fn path(steps: &[String]) -> String {
    let mut out = String::new();
    for step in steps {
        if step.starts_with('[') {
            out.push_str(step);
        } else if step.contains(['.', '/']) {
            out.push_str(&format!("[{step}]"));
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(step);
        }
    }
    out
}

fn shorten(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let mut end = LONGEST;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}… ({} bytes)", &text[..end], text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lines(from: Json, to: Json) -> Vec<String> {
        let hidden = Hidden::new(["tops3cret".to_owned()]);
        between(&from, &to, &hidden)
            .iter()
            .map(Difference::line)
            .collect()
    }

    #[test]
    fn a_person_reads_what_changes_and_no_noise() {
        let from = json!({"kind": "Deployment", "metadata": {"name": "a", "resourceVersion": "1", "generation": 2, "managedFields": []},
            "spec": {"replicas": 1, "containers": [{"name": "web", "image": "a:1"}, {"name": "side", "image": "s"}]}, "status": {"x": 1}});
        let to = json!({"kind": "Deployment", "metadata": {"name": "a", "resourceVersion": "2", "labels": {"app.io/x": "y"}},
            "spec": {"replicas": 2, "containers": [{"name": "new", "image": "n"}, {"name": "web", "image": "a:2", "args": ["x"]}]}});
        assert_eq!(
            lines(from, to),
            [
                r#"+ metadata.labels[app.io/x]: "y""#,
                r#"+ spec.containers[web].args: ["x"]"#,
                r#"spec.containers[web].image: "a:1" -> "a:2""#,
                r#"- spec.containers[side]: {"image":"s","name":"side"}"#,
                r#"+ spec.containers[new]: {"image":"n","name":"new"}"#,
                "spec.replicas: 1 -> 2",
            ]
        );
    }

    #[test]
    fn secrets_are_said_to_change_and_never_shown() {
        let secret = |v: &str| json!({"kind": "Secret", "metadata": {"name": "s"}, "data": {"k": v}, "type": "Opaque"});
        assert_eq!(
            lines(secret("YQ=="), secret("Yg==")),
            ["data.k: changed (hidden)"]
        );
        let map = |k: &str, v: &str| json!({"kind": "ConfigMap", "metadata": {"name": "s"}, "data": {k: v}});
        assert_eq!(
            lines(map("url", "a"), map("url", "x tops3cret y")),
            [r#"data.url: "a" -> changed (hidden)"#]
        );
        assert_eq!(
            lines(map("password", "a"), map("password", "b")),
            ["data.password: changed (hidden)"]
        );
        let env = |v: &str| json!({"spec": {"env": [{"name": "DB_PASSWORD", "value": v}, {"name": "A", "value": v}]}});
        assert_eq!(
            lines(env("1"), env("2")),
            [
                "spec.env[DB_PASSWORD].value: changed (hidden)",
                r#"spec.env[A].value: "1" -> "2""#
            ]
        );
        let new = of_new(&secret("YQ=="), &Hidden::default());
        let new: Vec<String> = new.iter().map(Difference::line).collect();
        assert_eq!(new, ["+ data.k: (hidden)", r#"+ type: "Opaque""#]);
    }

    #[test]
    fn long_values_are_cut() {
        let to = json!({"kind": "ConfigMap", "data": {"a": "é".repeat(200)}});
        let line = lines(json!({"kind": "ConfigMap"}), to).remove(0);
        assert!(line.ends_with("… (402 bytes)"), "{line}");
    }
}
