//! `--changed-since` against a repo whose right answers are known: rounds of random changes, each asked once.
mod repo;

use super::Bench;
use crate::Failure;
use repo::{Repo, Touched};
use std::{path::Path, process::Command};

/// The tag that every round begins at.
const BASE: &str = "base";
/// Every run makes the same repo and the same changes.
const SEED: u64 = 0x5eed_1e55;

/// Where a change is when it is asked about.
#[derive(Clone, Copy)]
enum Where {
    /// Only in the work tree.
    Tree,
    /// In the index.
    Index,
    /// In a commit.
    Commit,
}

impl Bench {
    /// So many rounds.
    pub(super) fn changed(&mut self, rounds: usize) -> Result<(), Failure> {
        let temporary = tempfile::tempdir_in(&self.dir)?;
        let dir = temporary.path().join("changed");
        let mut repo = Repo::new(SEED);
        repo.write(&dir)?;
        git(&dir, &["init", "-q"])?;
        // a generated repo is no reader's
        git(&dir, &["config", "user.name", "bench"])?;
        git(&dir, &["config", "user.email", "bench@localhost"])?;
        git(&dir, &["config", "commit.gpgsign", "false"])?;
        commit(&dir)?;
        git(&dir, &["tag", BASE])?;
        let (mut changes, mut expected, mut found, mut right) = (0, 0, 0, 0);
        for round in 0..rounds {
            let (touched, kinds) = repo.change(&dir)?;
            changes += kinds.len();
            match [Where::Tree, Where::Index, Where::Commit][round % 3] {
                Where::Tree => {}
                Where::Index => git(&dir, &["add", "-A"])?,
                Where::Commit => commit(&dir)?,
            }
            let said = self.touched(&dir)?;
            for unit in said.symmetric_difference(&touched) {
                let what = if touched.contains(unit) {
                    "missed"
                } else {
                    "named in vain"
                };
                eprintln!(
                    "round {round}: {unit} was {what}; changes: {}",
                    kinds.join(", ")
                );
            }
            expected += touched.len();
            found += said.len();
            right += said.intersection(&touched).count();
            git(&dir, &["reset", "-q", "--hard", BASE])?;
            git(&dir, &["clean", "-fdq"])?;
        }
        let what = format!("changed since, {rounds} rounds, {changes} changes");
        #[allow(clippy::cast_precision_loss)]
        let n = |x: usize| x as f64;
        self.line(
            format!("{what}, units touched in truth"),
            n(expected),
            "",
            None,
        );
        self.line(format!("{what}, precision"), n(right) / n(found), "", None);
        self.line(format!("{what}, recall"), n(right) / n(expected), "", None);
        let wrong = n(found - right) + n(expected - right);
        self.line(
            format!("{what}, units missed or named in vain"),
            wrong,
            "",
            Some(0.0),
        );
        Ok(())
    }

    /// What the program says. Nothing is applied there, so no verifier is started.
    fn touched(&self, dir: &Path) -> Result<Touched, Failure> {
        let out = Command::new(&self.program)
            .arg("-C")
            .arg(dir)
            .args(["verify", "--all", "--changed-since", BASE])
            .output()?;
        let errors = String::from_utf8_lossy(&out.stderr);
        if !out.status.success() {
            return Err(format!("`strata verify` failed: {errors}").into());
        }
        let unit = |line: &str| {
            let (_, rest) = line.split_once(&format!("since {BASE}: "))?;
            Some(rest.split(' ').next()?.to_owned())
        };
        Ok(errors.lines().filter_map(unit).collect())
    }
}

fn commit(dir: &Path) -> Result<(), Failure> {
    git(dir, &["add", "-A"])?;
    git(dir, &["commit", "-qm", "change", "--allow-empty"])
}

fn git(dir: &Path, args: &[&str]) -> Result<(), Failure> {
    let out = Command::new("git").arg("-C").arg(dir).args(args).output()?;
    if out.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&out.stderr);
    Err(format!("`git {}` failed: {errors}", args.join(" ")).into())
}
