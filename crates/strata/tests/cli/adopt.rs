//! `strata init` in repos that have a platform already: what it proposes, and what `check` then finds.
//!
//! A file in `adopt/` begins with a sentence about the repo; `-- PATH --` begins a file of it. `-- expect proposal --`
//! is what `init --dry-run` prints. `-- expect check --` are the findings of `check` after `init --yes`, as
//! `CODE FILE:LINE MESSAGE`; without it there must be none. With `STRATA_GOLDEN` in the environment the proposals are
//! written anew, to be read before they are committed.
use crate::sandbox::Sandbox;
use serde_json::Value as Json;
use std::{collections::BTreeMap, fs, path::PathBuf};

/// One repo.
struct Case {
    path: PathBuf,
    /// The file up to what is expected.
    given: String,
    files: Vec<(String, String)>,
    proposal: String,
    check: String,
}

fn case(name: &str) -> Case {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cli/adopt/{name}.txt"));
    let text = fs::read_to_string(&path).expect("a repo");
    let mut parts: Vec<(String, String)> = Vec::new();
    let mut given = String::new();
    let mut inside = None;
    for line in text.split_inclusive('\n') {
        let mark = line
            .trim_end()
            .strip_prefix("-- ")
            .and_then(|l| l.strip_suffix(" --"));
        // a proposal has marks of its own
        match mark.filter(|m| inside.is_none() || m.starts_with("expect ")) {
            Some(path) => {
                parts.push((path.to_owned(), String::new()));
                inside = path.starts_with("expect ").then_some(());
            }
            None => {
                if let Some((_, body)) = parts.last_mut() {
                    body.push_str(line);
                }
            }
        }
        if inside.is_none() {
            given.push_str(line);
        }
    }
    let mut expected: BTreeMap<String, String> = parts
        .extract_if(.., |(p, _)| p.starts_with("expect "))
        .collect();
    Case {
        path,
        given,
        files: parts,
        proposal: expected.remove("expect proposal").unwrap_or_default(),
        check: expected.remove("expect check").unwrap_or_default(),
    }
}

impl Case {
    /// A sandbox with the files of the repo.
    fn sandbox(&self) -> Sandbox {
        let s = Sandbox::empty();
        for (path, text) in &self.files {
            s.write(path, text);
        }
        s
    }

    /// Compares what is proposed and what is found with what is expected.
    fn judge(&self) {
        let s = self.sandbox();
        let proposed = s.ends(0, &["init", "--dry-run", "--name", "shop"]).out;
        let again = s.ends(0, &["init", "--dry-run", "--name", "shop"]).out;
        assert_eq!(proposed, again, "the same files give the same proposal");
        assert!(
            !s.root().join("strata.yaml").exists(),
            "nothing was written"
        );
        s.ends(0, &["init", "--yes", "--name", "shop"]);
        for (path, text) in &self.files {
            let now = fs::read_to_string(s.root().join(path)).expect("a file of the repo");
            assert_eq!(&now, text, "{path} is as it was");
        }
        let found = findings(&s);
        if std::env::var_os("STRATA_GOLDEN").is_some() {
            let mut text = format!("{}-- expect proposal --\n{proposed}", self.given);
            if !found.is_empty() {
                text.push_str(&format!("-- expect check --\n{found}"));
            }
            fs::write(&self.path, text).expect("the repo's file");
            return;
        }
        let name = self.path.display();
        assert_eq!(proposed, self.proposal, "the proposal for {name}");
        assert_eq!(found, self.check, "what check finds in {name}");
    }
}

/// What `check` finds, a line each.
fn findings(s: &Sandbox) -> String {
    let json = s.run(&["check", "--format", "json"]).json();
    let text = |j: &Json| j.as_str().unwrap_or_default().to_owned();
    let mut out = String::new();
    for d in json["diagnostics"].as_array().expect("a list of findings") {
        let at = &d["at"];
        let line = at["line"].as_u64().unwrap_or_default();
        out.push_str(&format!(
            "{} {}:{line} {}\n",
            text(&d["code"]),
            text(&at["file"]),
            text(&d["message"])
        ));
    }
    out
}

#[test]
fn nothing_is_written_before_somebody_said_yes() {
    let s = case("live").sandbox();
    s.ends(4, &["init"]).says("--yes");
    assert!(!s.root().join("strata.yaml").exists());
    assert!(!s.root().join("environments").exists());
    assert!(!s.root().join(".gitignore").exists());
    s.ends(0, &["init", "--yes"]);
    s.ends(2, &["init", "--yes"]).says("already");
}

#[test]
fn a_preset_that_is_asked_for_is_taken() {
    let s = case("live").sandbox();
    let out = s.ends(0, &["init", "--dry-run", "--preset", "bigbang"]).out;
    assert!(
        out.contains("layers: bigbang") && out.contains("layer: infrastructure"),
        "{out}"
    );
    s.ends(2, &["init", "--dry-run", "--preset", "none"])
        .says("presets are");
}

#[test]
fn an_empty_folder_gets_a_first_component() {
    let s = Sandbox::empty();
    let out = s.ends(0, &["init", "--dry-run", "--name", "shop"]).out;
    assert!(
        out.contains("-- layers/application/hello/hello.sh --"),
        "{out}"
    );
    assert!(!s.root().join("strata.yaml").exists());
    s.ends(0, &["init", "--name", "shop"]);
    s.ends(0, &["check"]);
}

#[test]
fn a_pipeline_comes_with_a_proposal_too() {
    let s = case("live").sandbox();
    s.ends(0, &["init", "--yes", "--ci", "github"])
        .says(".github/workflows/strata.yml");
    assert!(s.root().join("strata.yaml").exists());
}

#[test]
fn odd_names_and_files_that_are_no_text_end_nothing() {
    let s = Sandbox::empty();
    s.write("1 Ünïcode/env/on.tfvars", "a = ");
    s.write(
        "1 Ünïcode/main.tf",
        "resource \"a\" \"b\" {\nterraform { backend \"s3\" {",
    );
    s.write(
        "file/main.tf",
        "provider \"aws\" {}\noutput \"x\" { value = 1 }\n",
    );
    s.write("values/main.tf.json", "[1, 2");
    s.write("null/Chart.yaml", "{{ x }}: [");
    s.write("a/kustomization.yaml", "- - -\n&a [*a]");
    s.write("a: b/site.yml", "\u{0}");
    s.write(
        "q'\"#/main.tf",
        "provider \"aws\" {}\nresource \"aws_vpc\" \"x\" {}\n",
    );
    fs::write(s.root().join("file/binary.tf"), [0xff_u8, 0xfe, 0]).expect("a file");
    s.ends(0, &["init", "--yes", "--name", "shop"]);
    let codes = findings(&s);
    // which cluster its manifests are for is nothing that the files say
    let own = |l: &&str| {
        (l.contains(" strata.yaml:") || l.contains(" environments/"))
            && !l.starts_with("cluster::missing ")
    };
    let broken: Vec<&str> = codes.lines().filter(own).collect();
    assert!(broken.is_empty(), "{broken:?}");
}

macro_rules! repos {
    ($($name:ident: $file:literal,)*) => {
        $(#[test]
        fn $name() {
            case($file).judge();
        })*

        #[test]
        fn every_repo_is_tried() {
            let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cli/adopt");
            for entry in fs::read_dir(folder).expect("the repos") {
                let path = entry.expect("an entry").path();
                let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
                assert!([$($file),*].contains(&stem.as_str()), "no test tries {stem}");
            }
        }
    };
}

repos! {
    one_folder_for_several_environments: "workspaces",
    a_folder_for_each_environment: "environment-folders",
    live_environment_region: "live",
    cloud_blocks: "cloud",
    a_backend_file_for_each_environment: "backend-files",
    the_gitops_starter: "gitops-starter",
    clusters_of_flux: "flux",
    flux_that_is_started_elsewhere: "flux-started-elsewhere",
    an_application_of_applications: "argocd",
    charts_overlays_images_playbooks_and_stacks: "charts-and-overlays",
    numbered_stages: "stages",
    a_root_at_the_root: "at-the-root",
    folders_that_strata_reads_already: "taken",
    broken_terraform: "broken-terraform",
    broken_gitops: "broken-gitops",
    broken_charts_and_playbooks: "broken-charts",
}
