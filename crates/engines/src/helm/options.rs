//! What the block `helm:` of a component says: the chart and where it comes from, the release, how to wait.
use crate::{cluster, declared};
use std::collections::BTreeMap;
use strata_core::{
    digest::Digest,
    duration::duration,
    engine::{Artifact, Millis, Task},
    spec::UnitSpec,
    value::{Term, Value},
};

/// Keys of the block.
pub const OPTIONS: &[(&str, &str)] = &[
    (
        "chart",
        "the chart, when it does not lie in the folder: a path, an archive `x.tgz`, an artifact of another unit, `oci://…`, or its name in `repo`",
    ),
    (
        "version",
        "version of a chart from elsewhere, exactly: `1.4.2`",
    ),
    ("repo", "repository of charts over HTTP"),
    (
        "login",
        "`{username: …, password: …}` for the repository or registry",
    ),
    ("plain-http", "`true`: the registry speaks HTTP without TLS"),
    (
        "release",
        "name of the release, when it is not that of the unit",
    ),
    (
        "namespace",
        "namespace of the release: `default` when it is not said",
    ),
    (
        "create-namespace",
        "`true`: the namespace is made when it is missing",
    ),
    (
        "values-files",
        "files with values, later ones win; the inputs win over all",
    ),
    (
        "atomic",
        "`false`: what failed stays, instead of going back to the last good revision",
    ),
    (
        "wait",
        "`false`: the release is done when its objects are made, ready or not",
    ),
    (
        "timeout",
        "how long to wait for the objects, and for each hook: `10m` when it is not said",
    ),
    (
        "take-ownership",
        "`true`: objects that are there already and belong to no release become part of this one",
    ),
    ("test", "`true`: the chart's tests run after each apply"),
    (
        "skip-crds",
        "`true`: definitions in the chart's folder `crds` are not made",
    ),
];

/// A chart of another unit, as people know it.
const MADE: &str = "chart";
/// How long helm waits when nothing is said.
const USUAL: Millis = 10 * 60_000;
/// The longest name of a release.
const LONGEST_NAME: usize = 53;

/// Where a chart comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chart {
    /// A folder, from the component's own; `.` for that itself.
    Folder(String),
    /// A packed chart, from the component's folder.
    Archive(String),
    /// A packed chart that another unit made; nothing while it is not made.
    Made(Option<Artifact>),
    /// A registry: `oci://…`.
    Registry(String),
    /// A name in a repository over HTTP.
    Repository {
        /// Its address.
        url: String,
        /// The chart.
        name: String,
    },
}

impl Chart {
    /// What the block says.
    pub fn of(spec: &UnitSpec) -> Self {
        match spec.options.get("chart") {
            Some(Term::Map(kept)) => return Self::Made(declared::artifact(kept)),
            Some(term) if term.plain().is_none() => return Self::Made(None),
            _ => {}
        }
        let chart = spec.string("chart").filter(|c| !c.is_empty());
        match (spec.string("repo").filter(|r| !r.is_empty()), chart) {
            (Some(url), name) => Self::Repository {
                url,
                name: name.unwrap_or_default(),
            },
            (None, None) => Self::Folder(".".to_owned()),
            (None, Some(chart)) if chart.starts_with("oci://") => Self::Registry(chart),
            (None, Some(chart)) if chart.ends_with(".tgz") => Self::Archive(chart),
            (None, Some(chart)) => Self::Folder(chart),
        }
    }
    /// Does it have to be fetched?
    pub fn is_elsewhere(&self) -> bool {
        matches!(self, Self::Registry(_) | Self::Repository { .. })
    }
    /// The name of the file that `helm pull` makes of it.
    pub fn file(&self, version: &str) -> String {
        let name = match self {
            Self::Registry(url) => url.trim_end_matches('/').rsplit('/').next().unwrap_or(url),
            Self::Repository { name, .. } => name,
            Self::Folder(path) | Self::Archive(path) => path,
            Self::Made(_) => MADE,
        };
        // a tag can't hold a `+`
        let version = match self {
            Self::Registry(_) => version.replace('+', "_"),
            _ => version.to_owned(),
        };
        format!("{name}-{version}.tgz")
    }
    /// As people know it.
    pub fn shown(&self) -> String {
        match self {
            Self::Repository { url, name } => format!("{}/{name}", url.trim_end_matches('/')),
            Self::Folder(text) | Self::Archive(text) | Self::Registry(text) => text.clone(),
            Self::Made(_) => MADE.to_owned(),
        }
    }
}

/// The version of a chart from elsewhere.
pub fn version(spec: &UnitSpec) -> String {
    spec.string("version").unwrap_or_default()
}

/// Does a version name one chart and no range of them?
pub fn is_exact(version: &str) -> bool {
    let version = version.strip_prefix('v').unwrap_or(version);
    let numbers = version.split(['-', '+']).next().unwrap_or_default();
    let number = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
    numbers.split('.').count() == 3
        && numbers.split('.').all(number)
        && !version.contains(char::is_whitespace)
}

/// The name of the release: what is said, else the unit's without what Kubernetes does not take.
pub fn release(task: &Task) -> String {
    if let Some(name) = task.spec.string("release").filter(|n| !n.is_empty()) {
        return name;
    }
    cluster::name(task, LONGEST_NAME)
}

/// Is it a name that helm and Kubernetes take?
pub fn is_release_name(name: &str) -> bool {
    let part = |p: &str| {
        !p.is_empty()
            && !p.starts_with('-')
            && !p.ends_with('-')
            && p.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    name.len() <= LONGEST_NAME && name.split('.').all(part)
}

/// The namespace of the release.
pub fn namespace(spec: &UnitSpec) -> String {
    let said = spec.string("namespace").filter(|n| !n.is_empty());
    said.unwrap_or_else(|| "default".to_owned())
}

/// Which cluster `cluster:` means, as far as that can be told from others before anything is known: its address, the unit
/// that gives it, the name of the secret.
pub fn cluster(spec: &UnitSpec) -> Option<String> {
    fn said(term: &Term) -> Option<String> {
        match term {
            Term::Hole { filled_by, .. } => Some(filled_by.unit.to_string()),
            Term::Predicted { by, .. } => Some(by.unit.to_string()),
            Term::Secret(secret) => Some(format!("{}:{}", secret.store, secret.key)),
            Term::Text(parts) => parts.iter().find_map(said),
            Term::String(text) => Some(Digest::of(text.as_bytes()).short()),
            Term::Map(map) => {
                let plain = |key: &str| map.get(key)?.plain()?.scalar_text();
                plain("endpoint").or_else(|| {
                    let cluster = said(map.get("kubeconfig").or_else(|| map.get("endpoint"))?)?;
                    Some(match plain("context") {
                        Some(context) => format!("{cluster} {context}"),
                        None => cluster,
                    })
                })
            }
            _ => None,
        }
    }
    said(spec.cluster.as_ref()?)
}

/// A switch, which may be a text too.
pub fn flag(spec: &UnitSpec, name: &str) -> Option<bool> {
    match spec.options.get(name)?.plain()? {
        Value::Bool(on) => Some(on),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// What stands in a list of files, or in a text that names one.
pub fn values_files(spec: &UnitSpec) -> Vec<String> {
    spec.strings("values-files").unwrap_or_default()
}

/// Username and password for where the chart comes from.
pub fn login(spec: &UnitSpec) -> BTreeMap<String, Term> {
    match spec.options.get("login") {
        Some(Term::Map(map)) => map
            .iter()
            .filter(|(key, _)| ["username", "password"].contains(&key.as_str()))
            .map(|(key, term)| (key.clone(), term.clone()))
            .collect(),
        _ => BTreeMap::new(),
    }
}

/// How long to wait.
pub fn timeout(spec: &UnitSpec) -> Millis {
    spec.string("timeout")
        .and_then(|text| duration(&text))
        .unwrap_or(USUAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(json: &str) -> UnitSpec {
        let options: BTreeMap<String, Value> = serde_json::from_str(json).unwrap();
        UnitSpec {
            options: options.into_iter().map(|(k, v)| (k, v.into())).collect(),
            ..UnitSpec::default()
        }
    }

    #[test]
    fn a_chart_is_a_folder_an_archive_or_elsewhere() {
        let of = |json| Chart::of(&spec(json));
        assert_eq!(of("{}"), Chart::Folder(".".into()));
        assert_eq!(of(r#"{"chart": "../web"}"#), Chart::Folder("../web".into()));
        assert_eq!(
            of(r#"{"chart": "web-1.tgz"}"#),
            Chart::Archive("web-1.tgz".into())
        );
        let registry = of(r#"{"chart": "oci://r.example/charts/web"}"#);
        assert_eq!(registry.file("1.0.0+a"), "web-1.0.0_a.tgz");
        let repository = of(r#"{"chart": "web", "repo": "https://c.example/x/"}"#);
        assert_eq!(repository.shown(), "https://c.example/x/web");
        assert_eq!(repository.file("1.0.0+a"), "web-1.0.0+a.tgz");
        assert!(registry.is_elsewhere() && repository.is_elsewhere());
        let digest = strata_core::digest::Digest::of(b"chart");
        let made = of(&format!(
            r#"{{"chart": {{"strata-artifact": "{digest}", "file": "chart.tgz", "size": 7}}}}"#
        ));
        let Chart::Made(Some(artifact)) = &made else {
            panic!("{made:?}")
        };
        assert_eq!((artifact.digest, artifact.size), (digest, 7));
        assert!(!made.is_elsewhere());
    }

    #[test]
    fn only_a_whole_version_is_exact() {
        for good in ["1.2.3", "v1.2.3", "1.2.3-rc.1", "1.2.3+k3s1"] {
            assert!(is_exact(good), "{good}");
        }
        for bad in [
            "",
            "1.2",
            "^1.2.3",
            "1.x.0",
            ">=1.0.0 <2.0.0",
            "1.2.3 || 2.0.0",
        ] {
            assert!(!is_exact(bad), "{bad}");
        }
    }

    #[test]
    fn names_are_such_as_kubernetes_takes() {
        for good in ["web", "web-1", "a.b", "1"] {
            assert!(is_release_name(good), "{good}");
        }
        for bad in ["", "Web", "-a", "a-", "a_b", "a..b", &"x".repeat(54)] {
            assert!(!is_release_name(bad), "{bad}");
        }
    }
}
