//! Every code that a finding can have has a page in `docs/diagnostics/` and a case here.
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Codes that no case can give, and why.
const WITHOUT_CASE: &[(&str, &str)] = &[
    (
        "file::unreadable",
        "a file that is no text cannot stand in a case",
    ),
    ("source::unusable", "about folders on a disk"),
    ("secret::open-file", "said when a secret is read"),
    ("yaml::too-large", "needs a file of 4 GiB"),
    ("json::syntax", OTHER_TOOLS),
    ("json::duplicate-key", OTHER_TOOLS),
    ("argocd::missing-path", ADDRESS),
    ("argocd::missing-file", ADDRESS),
    ("contract::breaking", REVISION),
    ("contract::compatible", REVISION),
    ("contract::new", REVISION),
    ("output::breaking", REVISION),
    ("output::compatible", REVISION),
    ("input::recorded-type", "needs what the last apply recorded"),
    (
        "import::digest",
        "names digests that only the program computes",
    ),
    (
        "import::no-platform",
        "nothing locks what is no operations repo",
    ),
    ("policy::data", POLICY),
    ("policy::deny", POLICY),
    ("policy::evaluation", POLICY),
    ("policy::exception", POLICY),
    ("policy::result", POLICY),
    ("policy::syntax", POLICY),
    ("policy::warn", POLICY),
];
const OTHER_TOOLS: &str = "what a tool's own JSON has wrong is said with `hcl::unreadable`";
const ADDRESS: &str = "needs the address of the platform's repository, which no file says";
const REVISION: &str = "needs a revision to compare with";
const POLICY: &str = "policies are asked by the program, with cases of their own";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push(path);
        }
    }
}

/// Texts of the form `"word::word"` in the sources of all crates.
fn codes() -> BTreeSet<String> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(root().join("crates")).expect("crates") {
        let src = entry.expect("an entry").path().join("src");
        if src.is_dir() {
            files(&src, &mut sources);
        }
    }
    let mut out = BTreeSet::new();
    let of_tests = |p: &Path| {
        p.iter().any(|part| part == "tests") || p.file_name().is_some_and(|n| n == "tests.rs")
    };
    let rust = |p: &&PathBuf| p.extension().is_some_and(|e| e == "rs") && !of_tests(p);
    for path in sources.iter().filter(rust) {
        let text = fs::read_to_string(path).expect("text");
        out.extend(text.split('"').filter(|s| is_code(s)).map(str::to_owned));
    }
    out
}

fn is_code(text: &str) -> bool {
    let word = |w: &str| {
        // codes of one letter stand in for others in unit tests
        w.len() > 1
            && w.starts_with(|c: char| c.is_ascii_lowercase())
            && w.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    matches!(text.split_once("::"), Some((topic, name)) if word(topic) && word(name))
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let folder = root().join("docs/diagnostics");
    let mut pages = Vec::new();
    files(&folder, &mut pages);
    let index = fs::read_to_string(folder.join("README.md")).expect("the index");
    let mut pages: BTreeMap<String, PathBuf> = pages
        .into_iter()
        .map(|p| {
            (
                p.file_name().expect("named").to_string_lossy().into_owned(),
                p,
            )
        })
        .collect();
    pages.remove("README.md");
    let mut wrong = Vec::new();
    for code in codes() {
        let name = format!("{}.md", code.replace("::", "-"));
        match pages.remove(&name) {
            None => wrong.push(format!("{code} has no page docs/diagnostics/{name}")),
            Some(path) => {
                let text = fs::read_to_string(path).expect("text");
                if !text.starts_with(&format!("# {code}\n")) {
                    wrong.push(format!("{name} does not begin with `# {code}`"));
                }
                if !index.contains(&format!("[{code}]({name})")) {
                    wrong.push(format!("{code} is not in docs/diagnostics/README.md"));
                }
            }
        }
    }
    wrong.extend(
        pages
            .into_keys()
            .map(|n| format!("no code belongs to the page {n}")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_of_check_has_a_case() {
    let cases = super::cases("broken");
    let given: BTreeSet<&str> = cases
        .iter()
        .filter_map(|c| c.expect.as_deref())
        .flat_map(str::lines)
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    let excused = |code: &str| WITHOUT_CASE.iter().any(|(c, _)| *c == code);
    let codes = codes();
    for code in &codes {
        let there = given.contains(code.as_str());
        assert!(there || excused(code), "no case gives {code}");
        assert!(
            !(there && excused(code)),
            "{code} has a case and needs no excuse"
        );
    }
    for (code, why) in WITHOUT_CASE {
        assert!(codes.contains(*code), "{code} is gone ({why})");
    }
}

#[test]
fn pages_name_cases_that_are_there() {
    let mut pages = Vec::new();
    files(&root().join("docs/diagnostics"), &mut pages);
    let names: BTreeSet<String> = super::cases("broken").into_iter().map(|c| c.name).collect();
    for page in pages {
        let text = fs::read_to_string(&page).expect("text");
        let named = text
            .lines()
            .find_map(|l| l.strip_prefix("Case: `")?.split('`').next());
        if let Some(name) = named {
            assert!(
                names.contains(name),
                "{}: there is no case `{name}`",
                page.display()
            );
        }
    }
}
