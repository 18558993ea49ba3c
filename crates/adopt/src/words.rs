//! Words of paths: which name environments, regions, tests, examples, and which say nothing.

/// Environments beyond doubt.
const SURE: &[&str] = &[
    "dev",
    "develop",
    "development",
    "devel",
    "qa",
    "uat",
    "stage",
    "staging",
    "stg",
    "preprod",
    "preproduction",
    "prod",
    "production",
    "prd",
    "sandbox",
    "sbx",
    "nonprod",
    "nonproduction",
    "nprd",
    "acc",
    "acceptance",
];
/// Environments where others stand beside them.
const BESIDE: &[&str] = &[
    "test",
    "testing",
    "tst",
    "demo",
    "live",
    "lab",
    "local",
    "ci",
    "int",
    "integration",
    "perf",
    "dr",
    "canary",
    "preview",
];
/// Folders in which every folder is an environment.
const HOLD_ENVIRONMENTS: &[&str] = &["environments", "environment", "envs", "env", "live"];
/// Folders whose environments have to be known words.
const MAY_HOLD: &[&str] = &[
    "clusters",
    "overlays",
    "accounts",
    "workspaces",
    "deployments",
    "targets",
];
/// What stands beside environments and serves them all.
const SHARED: &[&str] = &[
    "global",
    "_global",
    "shared",
    "_shared",
    "common",
    "_common",
    "mgmt",
    "management",
    "org",
    "root",
    "core",
    "hub",
    "network-hub",
];
/// What stands beside environments and is none.
const NONE: &[&str] = &[
    "modules",
    "module",
    "base",
    "bases",
    "templates",
    "_templates",
    "_envcommon",
    "components",
];
/// Names that say nothing about what is in a folder.
const GENERIC: &[&str] = &[
    "terraform",
    "tf",
    "tofu",
    "opentofu",
    "infra",
    "infrastructure",
    "iac",
    "main",
    "src",
    "deploy",
    "deployment",
    "deployments",
    "stacks",
    "stack",
    "layers",
    "projects",
    "ops",
    "platform",
    "cloud",
    "aws",
    "azure",
    "gcp",
    "google",
    "root",
    "base",
    "overlays",
    "live",
    "helm",
    "chart",
    "charts",
    "kustomize",
    "k8s",
    "kubernetes",
    "manifests",
    "ansible",
    "playbooks",
    "packer",
    "cloudformation",
    "cfn",
    "templates",
    "gitops",
    "environments",
    "environment",
    "envs",
    "env",
    "clusters",
    "stages",
    "accounts",
    "workspaces",
    "regions",
    "targets",
    "config",
    "provision",
];
/// Why what is in a folder is none of the platform's.
const SKIPPED: &[(&[&str], &str)] = &[
    (
        &[
            "vendor",
            "vendored",
            "third_party",
            "third-party",
            ".external_modules",
            ".terraform",
            "node_modules",
        ],
        "comes from elsewhere",
    ),
    (
        &[
            "test",
            "tests",
            "testing",
            "spec",
            "fixtures",
            "fixture",
            "testdata",
            "test-fixtures",
            "molecule",
            "e2e",
        ],
        "tests",
    ),
    (
        &[
            "example",
            "examples",
            "_examples",
            "sample",
            "samples",
            "docs",
            "doc",
        ],
        "examples",
    ),
];

/// Is this the name of an environment beyond doubt, by one of its parts?
pub fn is_environment(name: &str) -> bool {
    environment_in(name).is_some()
}

/// The part of a name that is an environment: `prod` of `acme-prod`, `non-prod` of `net-non-prod`.
pub fn environment_in(name: &str) -> Option<&str> {
    let mut at = 0;
    let mut found: Option<(usize, usize)> = None;
    for part in name.split(['-', '_', '.', '/']) {
        let end = at + part.len();
        if SURE.contains(&part.to_ascii_lowercase().as_str()) {
            // `non-prod` is another one than `prod`
            let before = name.get(..at.saturating_sub(1)).unwrap_or("");
            let prefix = ["non", "pre"].into_iter().find(|p| {
                before
                    .rsplit(['-', '_', '.', '/'])
                    .next()
                    .is_some_and(|last| last.eq_ignore_ascii_case(p))
            });
            let start = at - prefix.map_or(0, |p| p.len() + 1);
            // two of them in one name say nothing
            if found.replace((start, end)).is_some() {
                return None;
            }
        }
        at = end + 1;
    }
    found.and_then(|(start, end)| name.get(start..end))
}

/// Is this an environment where others stand beside it?
pub fn beside_others(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    BESIDE.contains(&name.as_str())
}

/// Is every folder in this one an environment?
pub fn holds_environments(name: &str) -> bool {
    HOLD_ENVIRONMENTS.contains(&name.to_ascii_lowercase().as_str())
}

/// May folders in this one be environments?
pub fn may_hold(name: &str) -> bool {
    MAY_HOLD.contains(&name.to_ascii_lowercase().as_str())
}

/// Does it serve all environments that it stands beside?
pub fn is_shared(name: &str) -> bool {
    SHARED.contains(&name.to_ascii_lowercase().as_str())
}

/// Is it no environment though it stands among them?
pub fn is_none(name: &str) -> bool {
    NONE.contains(&name.to_ascii_lowercase().as_str())
}

/// Does a name say nothing of its content?
pub fn is_generic(name: &str) -> bool {
    GENERIC.contains(&name.to_ascii_lowercase().as_str())
}

/// Why a folder of this name is left out.
pub fn skipped(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    if lower.contains("{{") || lower.contains("cookiecutter") {
        return Some("a template of files");
    }
    SKIPPED
        .iter()
        .find(|(names, _)| names.contains(&lower.as_str()))
        .map(|(_, why)| *why)
        .or_else(|| lower.starts_with('.').then_some("belongs to a program"))
}

/// Is it a region: `eu-west-1`, `europe-west4`, `westeurope`?
pub fn is_region(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_digit());
    let numbered = digits.len() < lower.len();
    let stem = digits.trim_end_matches('-');
    const SIDES: &[&str] = &[
        "north",
        "south",
        "east",
        "west",
        "central",
        "northeast",
        "northwest",
        "southeast",
        "southwest",
    ];
    let parts: Vec<&str> = stem.split('-').collect();
    let side = |p: &&str| SIDES.contains(p);
    match parts.as_slice() {
        // eu-west-1, us-gov-west-1
        [area, .., last] if numbered => {
            side(last) && area.len() <= 12 && area.chars().all(|c| c.is_ascii_alphabetic())
        }
        // westeurope, eastus2, northcentralus
        [one] => {
            const AREAS: &[&str] = &[
                "europe",
                "us",
                "asia",
                "uk",
                "india",
                "japan",
                "australia",
                "africanorth",
            ];
            SIDES.iter().any(|s| {
                one.strip_prefix(s).is_some_and(|rest| {
                    let rest = rest.strip_prefix("central").unwrap_or(rest);
                    AREAS.contains(&rest)
                }) || one
                    .strip_suffix(s)
                    .is_some_and(|rest| AREAS.contains(&rest))
            })
        }
        _ => false,
    }
}

/// A name without what orders folders: `0-bootstrap`, `10_network`.
pub fn unnumbered(name: &str) -> (&str, Option<&str>) {
    let rest = name.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = &name[..name.len() - rest.len()];
    match rest.strip_prefix(['-', '_', '.']) {
        Some(rest) if !number.is_empty() && !rest.is_empty() => (rest, Some(number)),
        _ => (name, None),
    }
}

/// A name that a component, an environment or a layer may have; nothing when no letter is left.
pub fn name(text: &str) -> Option<String> {
    let clean: String = text
        .to_lowercase()
        .chars()
        .map(|c| match c {
            c if c.is_ascii_alphanumeric() || c == '_' => c,
            _ => '-',
        })
        .collect();
    let first = clean.find(|c: char| c.is_ascii_alphabetic())?;
    let mut out = String::new();
    for c in clean[first..].chars().take(80) {
        if c != '-' || !out.ends_with('-') {
            out.push(c);
        }
    }
    let out = out.trim_end_matches('-').to_owned();
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_are_found_in_names() {
        for (name, env) in [
            ("dev", Some("dev")),
            ("acme-prod", Some("prod")),
            ("prod/network/terraform.tfstate", Some("prod")),
            ("net-non-prod", Some("non-prod")),
            ("pre-production", Some("pre-production")),
            ("device", None),
            ("dev-to-prod", None),
            ("", None),
        ] {
            assert_eq!(environment_in(name), env, "{name}");
        }
    }

    #[test]
    fn regions_are_told_from_other_names() {
        for yes in [
            "eu-west-1",
            "us-gov-west-1",
            "europe-west4",
            "westeurope",
            "eastus2",
            "northcentralus",
            "uksouth",
        ] {
            assert!(is_region(yes), "{yes}");
        }
        for no in ["vpc", "prod", "web-1", "east", "europe", "", "1"] {
            assert!(!is_region(no), "{no}");
        }
    }

    #[test]
    fn names_are_made_of_what_names_may_hold() {
        assert_eq!(name("1-Org Ünit_x--y-").as_deref(), Some("org-nit_x-y"));
        assert_eq!(name("42"), None);
        assert_eq!(unnumbered("0-bootstrap"), ("bootstrap", Some("0")));
        assert_eq!(unnumbered("2fa"), ("2fa", None));
    }
}
