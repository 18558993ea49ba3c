//! Which program every engine drives on this machine, and its version. A program is asked once, until it changes.
use crate::{context::Context, problem::Problem};
use std::{
    collections::{BTreeSet, HashMap},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use strata_core::{
    engine::{Tool, ToolQuestion},
    exit,
    store::Store,
};
use strata_ops::{compose::Composition, document::platform::ToolChoice};

/// The tools of all engines that selected units use. Missing or too old ones are errors, all at once.
pub fn find(
    cx: &Context,
    c: &Composition,
    selected: &[bool],
    store: &dyn Store,
) -> Result<HashMap<String, Tool>, Problem> {
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for (i, u) in c.units.iter().enumerate().filter(|(i, _)| selected[*i]) {
        let _ = i;
        used.insert(&c.variant(u).component.engine);
    }
    let known = store.notes("tool")?;
    let mut out = HashMap::new();
    let mut missing: Vec<Problem> = Vec::new();
    let none = ToolChoice::default();
    let mut asked: BTreeSet<String> = BTreeSet::new();
    let variants: BTreeSet<u32> = c
        .units
        .iter()
        .enumerate()
        .filter(|(i, _)| selected[*i])
        .map(|(_, u)| u.variant)
        .collect();
    for v in variants {
        let component = &c.variants[v as usize].component;
        if component.verify.is_empty() {
            continue;
        }
        for question in strata_engines::verify::tools(&strata_ops::compose::verify_spec(component))
        {
            if asked.insert(question.programs.join(","))
                && let Err(p) = one("verify", &question, &none, &known, store)
            {
                missing.push(p);
            }
        }
    }
    for name in used {
        let Some(question) = cx.engine(name).tool() else {
            continue;
        };
        let default = ToolChoice::default();
        let choice = c.loaded.platform.tools.get(name).unwrap_or(&default);
        match one(name, &question, choice, &known, store) {
            Ok(tool) => drop(out.insert(name.to_owned(), tool)),
            Err(p) => missing.push(p),
        }
    }
    if missing.is_empty() {
        Ok(out)
    } else {
        let mut all = missing.remove(0);
        for p in missing {
            all.hints.push(p.message);
            all.hints.extend(p.hints);
        }
        Err(all)
    }
}

fn one(
    engine: &str,
    question: &ToolQuestion,
    choice: &ToolChoice,
    known: &std::collections::BTreeMap<String, String>,
    store: &dyn Store,
) -> Result<Tool, Problem> {
    let programs = choice
        .program
        .clone()
        .map_or_else(|| question.programs.clone(), |p| vec![p]);
    let Some((program, path)) = programs.iter().find_map(|p| Some((p.clone(), on_path(p)?))) else {
        return Err(Problem::new(
            exit::FAILED,
            format!(
                "engine `{engine}` needs `{}`, which is not on PATH",
                programs.join("` or `")
            ),
        )
        .hint(question.install));
    };
    let version = version(&path, question, known, store)?;
    let wanted = choice.version.as_ref().map(|(v, _)| v.as_str());
    if !at_least(&version, question.minimum) {
        return Err(Problem::new(
            exit::FAILED,
            format!(
                "`{program}` is {version}; engine `{engine}` needs {} or later",
                question.minimum
            ),
        )
        .hint(question.install));
    }
    if let Some(wanted) = wanted
        && !satisfies(&version, wanted)
    {
        return Err(Problem::new(
            exit::FAILED,
            format!("`{program}` is {version}; `strata.yaml` asks for {wanted}"),
        )
        .hint("install that version, or change `tools:` in `strata.yaml`"));
    }
    Ok(Tool { program, version })
}

/// A program as a shell would find it.
fn on_path(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Path::new(program).is_file().then(|| PathBuf::from(program));
    }
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|d| d.join(program))
        .find(|p| p.is_file())
}

fn version(
    path: &Path,
    question: &ToolQuestion,
    known: &std::collections::BTreeMap<String, String>,
    store: &dyn Store,
) -> Result<String, Problem> {
    let meta = std::fs::metadata(path)
        .map_err(|e| Problem::io(format!("look at `{}`", path.display()), &e))?;
    let key = format!(
        "{}:{}:{}:{}",
        path.display(),
        meta.size(),
        meta.mtime_nsec() + meta.mtime() * 1_000_000_000,
        meta.ino()
    );
    if let Some(version) = known.get(&key) {
        return Ok(version.clone());
    }
    let ask = |args: &[&str]| -> Result<Option<String>, Problem> {
        let out = Command::new(path)
            .args(args)
            .env("CHECKPOINT_DISABLE", "1")
            .stdin(Stdio::null())
            .output()
            .map_err(|e| Problem::io(format!("start `{}`", path.display()), &e))?;
        let text = [out.stdout, out.stderr].concat();
        Ok(first_version(&String::from_utf8_lossy(&text)))
    };
    let mut found = ask(&question.args)?;
    if found.is_none() && question.args.len() > 1 {
        // a program in the place of the usual one may know fewer words (`kustomize version`, `kubectl version --client`)
        found = ask(&question.args[..1])?;
    }
    let version = found.ok_or_else(|| {
        Problem::new(
            exit::FAILED,
            format!(
                "`{} {}` does not print a version",
                path.display(),
                question.args.join(" ")
            ),
        )
        .hint(question.install)
    })?;
    store.note("tool", &[(&key, &version)])?;
    Ok(version)
}

/// The first thing in a text that looks like a version.
fn first_version(text: &str) -> Option<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-' || c == '+'))
        .map(|w| w.trim_start_matches('v'))
        .find(|w| w.starts_with(|c: char| c.is_ascii_digit()) && w.contains('.'))
        .map(|w| w.trim_end_matches('.').to_owned())
}

fn numbers(version: &str) -> Vec<u64> {
    version
        .split(['.', '-', '+'])
        .map_while(|p| p.parse().ok())
        .collect()
}

fn at_least(version: &str, minimum: &str) -> bool {
    numbers(version) >= numbers(minimum)
}

/// Terraform's version constraints: `=`, `!=`, `>`, `>=`, `<`, `<=`, `~>`, joined by commas.
fn satisfies(version: &str, constraints: &str) -> bool {
    let have = padded(&numbers(version));
    constraints
        .split(',')
        .map(str::trim)
        .filter(|c| !c.is_empty())
        .all(|c| {
            let at = c.find(|ch: char| ch.is_ascii_digit()).unwrap_or(0);
            let (op, want) = (c[..at].trim(), numbers(&c[at..]));
            let full = padded(&want);
            match op {
                "" | "=" => have == full,
                "!=" => have != full,
                ">" => have > full,
                ">=" => have >= full,
                "<" => have < full,
                "<=" => have <= full,
                "~>" => {
                    let fixed = want.len().saturating_sub(1).max(1);
                    have >= full && have[..fixed] == full[..fixed]
                }
                _ => false,
            }
        })
}

fn padded(v: &[u64]) -> [u64; 4] {
    let mut out = [0; 4];
    for (slot, n) in out.iter_mut().zip(v) {
        *slot = *n;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_tools_print() {
        for (text, version) in [
            ("Terraform v1.11.4\non linux_amd64", "1.11.4"),
            ("OpenTofu v1.10.10", "1.10.10"),
            ("ansible-playbook [core 2.14.18]", "2.14.18"),
            ("OpenSCAP command line tool (oscap) 1.3.7", "1.3.7"),
            ("1.6.6+ds2", "1.6.6+ds2"),
        ] {
            assert_eq!(first_version(text).as_deref(), Some(version), "{text}");
        }
    }

    #[test]
    fn constraints_are_terraforms() {
        assert!(satisfies("1.11.4", "~> 1.10") && !satisfies("2.0.0", "~> 1.10"));
        assert!(satisfies("1.10.9", "~> 1.10.2") && !satisfies("1.11.0", "~> 1.10.2"));
        assert!(satisfies("1.11.4", ">= 1.3, < 2.0") && !satisfies("1.2", ">= 1.3"));
    }
}
