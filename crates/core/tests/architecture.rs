//! The direction of dependencies, and which crates may touch the world: read from the files themselves.
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Crate and the crates of ours that it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("strata-core", &[]),
    ("strata-syntax", &["strata-core"]),
    ("strata-engines", &["strata-core", "strata-syntax"]),
    ("strata-ops", &["strata-core", "strata-syntax"]),
    ("strata-adopt", &["strata-core", "strata-syntax"]),
    (
        "strata-bitops",
        &["strata-core", "strata-syntax", "strata-ops"],
    ),
    ("strata-plan", &["strata-core", "strata-ops"]),
    ("strata-policy", &["strata-core"]),
    ("strata-run", &["strata-core", "strata-ops", "strata-plan"]),
    ("strata-store", &["strata-core"]),
    ("strata-adapters", &["strata-core"]),
    ("strata-kubernetes", &["strata-core", "strata-syntax"]),
];

/// Crates that work on what they are given: no file, process, environment or clock of the day.
const PURE: &[&str] = &[
    "strata-core",
    "strata-syntax",
    "strata-engines",
    "strata-ops",
    "strata-adopt",
    "strata-bitops",
    "strata-plan",
    "strata-policy",
    "strata-run",
];

const WORLD: &[&str] = &[
    "std::fs",
    "std::process",
    "std::env",
    "TcpStream",
    "UdpSocket",
    "SystemTime",
    "File::open",
    "Command::new(",
];

fn crates() -> BTreeMap<String, PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a workspace");
    fs::read_dir(root)
        .expect("the folder of crates")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.join("Cargo.toml").is_file())
        .map(|p| {
            let text = fs::read_to_string(p.join("Cargo.toml")).expect("a manifest");
            let name = text
                .lines()
                .find_map(|l| l.strip_prefix("name = \""))
                .expect("a name");
            (name.trim_end_matches('"').to_owned(), p)
        })
        .collect()
}

fn dependencies(manifest: &str) -> Vec<String> {
    let from = manifest.find("[dependencies]").expect("dependencies");
    let body = &manifest[from + 14..];
    let body = &body[..body.find("\n[").unwrap_or(body.len())];
    body.lines()
        .filter_map(|l| l.split([' ', '=', '.']).next())
        .filter(|n| n.starts_with("strata-"))
        .map(str::to_owned)
        .collect()
}

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

#[test]
fn dependencies_run_one_way() {
    let crates = crates();
    for (name, allowed) in MAY_USE {
        let manifest = fs::read_to_string(crates[*name].join("Cargo.toml")).expect("a manifest");
        for used in dependencies(&manifest) {
            assert!(
                allowed.contains(&used.as_str()),
                "{name} must not use {used}"
            );
        }
    }
    for name in crates.keys().filter(|n| *n != "strata") {
        assert!(
            MAY_USE.iter().any(|(n, _)| n == name),
            "say in this test what {name} may use"
        );
    }
}

#[test]
fn pure_crates_do_not_touch_the_world() {
    let crates = crates();
    for name in PURE {
        let mut files = Vec::new();
        sources(&crates[*name].join("src"), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).expect("a source file");
            // what stands in a file's tests may use the world
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for word in WORLD {
                let found = code
                    .lines()
                    .any(|l| l.contains(word) && !l.trim_start().starts_with("//"));
                assert!(!found, "{} uses {word}", file.display());
            }
        }
    }
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    for dir in crates().values() {
        let mut files = Vec::new();
        sources(dir, &mut files);
        for file in files {
            let stem = file
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            assert!(
                !["utils", "util", "common", "helpers", "misc", "manager"].contains(&stem.as_str()),
                "{}",
                file.display()
            );
        }
    }
}
