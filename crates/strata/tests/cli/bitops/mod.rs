//! Whole repos of BitOps (`tests/bitops/*.repo`), run from end to end with real Terraform and Ansible. Helm's cluster
//! and AWS cannot be had here: scripts that write down what they were asked stand in for `helm` and `aws`.
//!
//! What each test expects follows from BitOps' own pages and source, not from what strata printed.
mod composed;
mod deploy;
mod life;
mod tools;

use crate::sandbox::{Done, Sandbox};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

/// A repo by name.
fn repo(name: &str) -> Sandbox {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/bitops")
        .join(format!("{name}.repo"));
    let text = fs::read_to_string(path).expect("the repo");
    let sandbox = Sandbox::empty();
    let mut file: Option<(String, String)> = None;
    let write = |file: Option<(String, String)>| {
        if let Some((path, text)) = file {
            sandbox.write(&path, &text);
        }
    };
    for line in text.split_inclusive('\n') {
        let mark = line.trim_end();
        match mark.strip_prefix("-- ").and_then(|l| l.strip_suffix(" --")) {
            Some(path) => write(file.replace((path.to_owned(), String::new()))),
            None => {
                if let Some((_, body)) = &mut file {
                    body.push_str(line);
                }
            }
        }
    }
    write(file);
    sandbox
}

/// With programs that stand in for real ones.
fn with_programs(sandbox: Sandbox, programs: &[(&str, &str)]) -> Sandbox {
    let bin = sandbox.beside("bin");
    fs::create_dir(&bin).expect("a folder for programs");
    for (name, text) in programs {
        let file = bin.join(name);
        fs::write(&file, text).expect("a program");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("its mode");
    }
    let path = format!(
        "{}:{}",
        bin.display(),
        std::env::var("PATH").expect("a PATH")
    );
    sandbox.with_path(path)
}

/// Writes down how it is called and knows no release; says a version.
const HELM: &str = r#"#!/bin/bash
case "$1" in
  version) echo v3.18.6 ;;
  status) [ -f "$WORLD/release-$2" ] && cat "$WORLD/release-$2" || { echo "Error: release: not found" >&2; exit 1; } ;;
  *) echo "helm $*" | sed "s#$ROOT_DIR/##g" >> "$LEDGER"; [ -n "$KUBECONFIG" ] && echo "  with ${KUBECONFIG#"$ROOT_DIR"/}" >> "$LEDGER"; true ;;
esac
"#;

/// Knows the stacks for which there is a file.
const AWS: &str = r#"#!/bin/bash
[ "$1" = --version ] && { echo aws-cli/2.15.0; exit; }
name=$(echo "$*" | sed -n 's/.*--stack-name \([^ ]*\).*/\1/p')
echo "aws $*" | sed "s#$ROOT_DIR/##g" >> "$LEDGER"
case "$2" in
  describe-stacks) [ -f "$WORLD/stack-$name" ] || { echo "An error occurred (ValidationError): Stack with id $name does not exist" >&2; exit 254; } ;;
  update-stack) [ -f "$WORLD/new" ] || { echo "An error occurred (ValidationError): No updates are to be performed." >&2; exit 254; } ;;
  create-stack) touch "$WORLD/stack-$name" ;;
  delete-stack) rm -f "$WORLD/stack-$name" ;;
esac
"#;

/// `strata bitops deploy` with variables of BitOps.
fn deploy(s: &Sandbox, code: i32, variables: &[(&str, &str)]) -> Done {
    let mut command = s.command(&["bitops", "deploy"]);
    command.envs(variables.iter().copied());
    let done = Done::of(&command.output().expect("strata starts"));
    assert_eq!(
        done.code, code,
        "--- output\n{}\n--- errors\n{}",
        done.out, done.err
    );
    done
}

/// The environment as BitOps is told it.
fn of(env: &str) -> (&str, &str) {
    ("BITOPS_ENVIRONMENT", env)
}
