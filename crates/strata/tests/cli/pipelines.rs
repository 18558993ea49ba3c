//! `strata init --ci`: which file it writes where, and that it overwrites nothing.
use crate::{
    sandbox::{STRATA, Sandbox},
    views,
};
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};
use strata_syntax::{node::Node, yaml};

const FILES: [(&str, &str); 3] = [
    ("github", ".github/workflows/strata.yml"),
    ("gitlab", ".gitlab-ci.yml"),
    ("azure", "azure-pipelines.yml"),
];

#[test]
fn a_new_platform_gets_its_pipeline() {
    for (service, file) in FILES {
        let s = Sandbox::empty();
        s.ends(0, &["init", "--name", "shop", "--ci", service])
            .says(file)
            .says("the pipeline needs:");
        let text = fs::read_to_string(s.root().join(file)).expect("the pipeline");
        assert!(text.contains("strata check --format"), "{text}");
        assert!(text.contains("strata plan --all --format markdown"));
        assert!(text.contains("strata apply --all --yes --expect \"$DIGEST\""));
        assert!(text.contains("$HOME/strata/shop"));
        s.ends(0, &["check"]);
    }
}

#[test]
fn a_platform_that_exists_gets_only_the_pipeline_at_the_root_of_its_repo() {
    let s = Sandbox::new(&[]);
    fs::create_dir(s.beside(".git")).expect("a repo around it");
    for (service, file) in FILES {
        s.ends(0, &["init", "--ci", service]);
        let text = fs::read_to_string(s.beside(file)).expect("the pipeline");
        assert!(text.contains("strata -C ops check --format"), "{text}");
        assert!(text.contains("ops/.strata") && text.contains("$HOME/strata/demo"));
        assert!(!s.root().join(file).exists());
    }
    assert!(!s.root().join("layers").exists());
}

#[test]
fn a_pipeline_that_exists_is_kept() {
    for (service, file) in FILES {
        let s = Sandbox::empty();
        s.write(file, "mine");
        s.ends(2, &["init", "--ci", service])
            .says("exists already")
            .says("nothing was written");
        assert!(!s.root().join("strata.yaml").exists());
        assert_eq!(
            fs::read_to_string(s.root().join(file)).expect("mine"),
            "mine"
        );
    }
}

/// The shell scripts of a pipeline, each with what stands beside it.
fn scripts(file: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(file).expect("the pipeline");
    let (node, problems) = yaml::parse(&"pipeline.yml".into(), &text);
    assert!(problems.is_empty(), "{problems:?}");
    let mut out = Vec::new();
    gather(&node.expect("a document"), &mut out);
    out
}

fn gather(node: &Node, out: &mut Vec<(String, String)>) {
    let text = |node: Option<&Node>| node.and_then(Node::as_str).unwrap_or_default().to_owned();
    for item in node.as_list().into_iter().flatten() {
        gather(item, out);
    }
    let Some(map) = node.as_map() else { return };
    let name = [node.get("name"), node.get("displayName")];
    let name = text(name.into_iter().flatten().next());
    for key in ["run", "bash", "script", "after_script"] {
        match node.get(key) {
            Some(one) if one.as_str().is_some() => out.push((name.clone(), text(Some(one)))),
            Some(list) => {
                let list = list.as_list().expect("a list of scripts");
                out.extend(list.iter().map(|s| (name.clone(), text(Some(s)))));
            }
            None => {}
        }
    }
    for entry in &map.entries {
        gather(&entry.value, out);
    }
}

#[test]
fn every_script_of_a_pipeline_is_one_for_a_shell() {
    for (service, file) in FILES {
        let s = Sandbox::empty();
        s.ends(0, &["init", "--name", "shop", "--ci", service]);
        let scripts = scripts(&s.root().join(file));
        assert!(scripts.len() > 3, "{service}: {scripts:?}");
        for (name, script) in scripts {
            assert!(
                !script.contains("${{"),
                "{name}: text of others in a script"
            );
            let checked = Command::new("bash").args(["-n", "-c", &script]).output();
            let checked = checked.expect("bash starts");
            let said = String::from_utf8_lossy(&checked.stderr);
            assert!(
                checked.status.success() && said.is_empty(),
                "{said}\n{script}"
            );
        }
    }
}

/// Runs a script of the pipeline as a runner does: another checkout, the same home.
fn step(s: &Sandbox, checkout: &str, script: &str, digest: &str) -> Output {
    let program = Path::new(STRATA).parent().expect("its folder");
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", program.display());
    let mut command = Command::new("bash");
    command
        .args(["-e", "-o", "pipefail", "-c", script])
        .current_dir(s.beside(checkout))
        .env_clear()
        .env("PATH", path)
        .env("HOME", s.beside("home"))
        .env("RUNNER_TEMP", s.beside("tmp"))
        .env("LEDGER", s.beside("ledger"))
        .env("DIGEST", digest);
    command.output().expect("bash starts")
}

#[test]
fn what_the_pull_request_planned_is_applied_from_another_checkout_or_refused() {
    let s = views::sound();
    fs::remove_dir_all(s.root().join("layers/base/account")).expect("nobody to wait for");
    s.ends(0, &["init", "--ci", "github"]);
    let copy = |to: &str| {
        let mut command = Command::new("cp");
        command.arg("-r").arg(s.root()).arg(s.beside(to));
        assert!(command.status().expect("cp starts").success());
    };
    copy("request");
    copy("merged");
    let scripts = scripts(&s.root().join(FILES[0].1));
    let script = |name: &str| {
        let named = scripts.iter().find(|(n, _)| n == name);
        named.unwrap_or_else(|| panic!("no `{name}`")).1.as_str()
    };
    let digest = || {
        for name in ["Check", "Find the state", "Plan", "Keep the digest"] {
            let done = step(&s, "request", script(name), "");
            assert!(done.status.success(), "{name}: {done:?}");
        }
        let kept = fs::read_to_string(s.beside("tmp/digest")).expect("the digest");
        kept.trim().to_owned()
    };
    let approved = digest();
    assert_eq!(approved.len(), 64);
    assert!(
        step(&s, "merged", script("Find the state"), "")
            .status
            .success()
    );
    let applied = step(&s, "merged", script("Apply"), &approved);
    assert!(applied.status.success(), "{applied:?}");
    assert_eq!(s.ledger().len(), 5);
    assert_ne!(digest(), approved, "another plan: nothing is left to do");
    // something else reached the default branch
    let values = s.beside("merged/layers/base/net/component.yaml");
    let text = fs::read_to_string(&values).expect("a component");
    fs::write(&values, text.replace("word: net", "word: other")).expect("a change");
    let refused = step(&s, "merged", script("Apply"), &approved);
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    assert_eq!(s.ledger().len(), 5);
}
