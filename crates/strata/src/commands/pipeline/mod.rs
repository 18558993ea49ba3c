//! `strata init --ci`: a pipeline that checks every push, plans on the pull request, and applies exactly that plan
//! after the merge.
use crate::{
    context::{repo_root, write_file},
    problem::Problem,
    view::shown::shell_word,
};
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// Whose pipeline.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// GitHub Actions: .github/workflows/strata.yml
    Github,
    /// GitLab: .gitlab-ci.yml
    Gitlab,
    /// Azure Pipelines: azure-pipelines.yml
    Azure,
}

impl Service {
    /// The file, from the root of the repo.
    pub fn file(self) -> &'static str {
        match self {
            Self::Github => ".github/workflows/strata.yml",
            Self::Gitlab => ".gitlab-ci.yml",
            Self::Azure => "azure-pipelines.yml",
        }
    }
    fn template(self) -> &'static str {
        match self {
            Self::Github => include_str!("github.yml"),
            Self::Gitlab => include_str!("gitlab.yml"),
            Self::Azure => include_str!("azure.yml"),
        }
    }
    /// What the user still has to do.
    fn to_do(self) -> &'static [&'static str] {
        match self {
            Self::Github => &[
                "a self-hosted runner with the label `strata`, with strata, gh and your tools on its path;",
                "it keeps the state in ~/strata, so one machine only, and a backup of that folder",
                "protect the default branch: pull requests only, up to date before the merge",
                "credentials of your tools: in the runner's environment, or as `env:` of the jobs plan and apply",
            ],
            Self::Gitlab => &[
                "a runner (shell executor) with the tag `strata`, with strata, curl, jq and your tools on its path;",
                "it keeps the state in ~/strata, so one machine only, and a backup of that folder",
                "a masked CI/CD variable STRATA_TOKEN: a project access token with the scope `api`",
                "protect the default branch: merge requests only, pipelines must succeed",
                "credentials of your tools: as CI/CD variables",
            ],
            Self::Azure => &[
                "an agent pool `strata` with one agent, with strata, curl, jq and your tools on its path;",
                "it keeps the state in ~/strata, so one machine only, and a backup of that folder",
                "a pipeline made from this file, and a branch policy on main that builds pull requests with it",
                "the build service may contribute to pull requests (for the comment)",
                "credentials of your tools: as variables of the pipeline",
            ],
        }
    }
}

/// A pipeline that can be written.
pub struct Pipeline {
    service: Service,
    repo: PathBuf,
    inside: String,
}

impl Pipeline {
    /// For the platform in a folder. A pipeline file that is there already is an error: it is never overwritten.
    pub fn new(service: Service, platform: &Path) -> Result<Self, Problem> {
        let repo = repo_root(platform).unwrap_or(platform);
        let file = repo.join(service.file());
        if file.exists() || file.is_symlink() {
            return Err(Problem::usage(format!(
                "`{}` exists already; nothing was written",
                file.display()
            ))
            .hint("move it away, or add the jobs to it by hand: docs/ci.md tells what they do"));
        }
        let inside = platform.strip_prefix(repo).unwrap_or(Path::new(""));
        Ok(Self {
            service,
            repo: repo.to_owned(),
            inside: inside.to_string_lossy().into_owned(),
        })
    }
    /// Writes it, and says what is left to do.
    pub fn write(&self, platform: &str) -> Result<(), Problem> {
        let file = self.repo.join(self.service.file());
        let parent = file.parent().unwrap_or(&self.repo);
        std::fs::create_dir_all(parent)
            .map_err(|e| Problem::io(format!("make `{}`", parent.display()), &e))?;
        write_file(&file, text(self.service, &self.inside, platform).as_bytes())?;
        eprintln!("wrote {}", self.service.file());
        if self.repo_is_elsewhere() {
            eprintln!("      in {}", self.repo.display());
        }
        eprintln!("\nthe pipeline needs:");
        for line in self.service.to_do() {
            eprintln!("  - {line}");
        }
        Ok(())
    }
    fn repo_is_elsewhere(&self) -> bool {
        !self.inside.is_empty()
    }
}

/// The file, for a platform in a folder of the repo.
fn text(service: Service, inside: &str, platform: &str) -> String {
    let (strata, state) = if inside.is_empty() {
        ("strata".to_owned(), ".strata".to_owned())
    } else {
        (
            format!("strata -C {}", shell_word(inside)),
            shell_word(&format!("{inside}/.strata")),
        )
    };
    let platform: String = platform
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    service
        .template()
        .replace("{{strata}}", &strata)
        .replace("{{state}}", &state)
        .replace("{{platform}}", &platform)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;
    use strata_core::diagnostic::Diagnostic;
    use strata_syntax::{
        node::{Kind, Node},
        yaml,
    };

    const ALL: [Service; 3] = [Service::Github, Service::Gitlab, Service::Azure];

    fn scalars(node: &Node, out: &mut Vec<String>) {
        match &node.kind {
            Kind::Scalar(scalar) => out.push(scalar.text.clone()),
            Kind::List(list) => list.iter().for_each(|n| scalars(n, out)),
            Kind::Map(map) => map.entries.iter().for_each(|e| scalars(&e.value, out)),
        }
    }

    fn texts(service: Service, inside: &str) -> Vec<String> {
        let text = text(service, inside, "my shop");
        assert!(!text.contains("{{s") && !text.contains("{{p"), "{text}");
        let (node, problems): (_, Vec<Diagnostic>) = yaml::parse(&"pipeline.yml".into(), &text);
        assert!(problems.is_empty(), "{problems:?}");
        let mut out = Vec::new();
        scalars(&node.expect("a document"), &mut out);
        out
    }

    /// The words of a command up to a redirection or the next command, without quotes.
    fn words(command: &str) -> Vec<String> {
        let end = |w: &&str| !matches!(*w, ">" | "||" | "&&" | "|" | ";");
        let all = command.split_whitespace().take_while(end);
        all.map(|w| w.trim_matches(['"', '\'']).to_owned())
            .collect()
    }

    #[test]
    fn the_pipelines_are_yaml_and_use_commands_that_exist() {
        for service in ALL {
            for inside in ["", "ops/my platform"] {
                let mut verbs = Vec::new();
                for script in texts(service, inside) {
                    for line in script.lines().map(str::trim) {
                        let Some(rest) = line.strip_prefix("strata ") else {
                            continue;
                        };
                        // the only word with a space is the folder
                        let rest = rest.replace("'ops/my platform'", "ops");
                        let args = std::iter::once("strata".to_owned()).chain(words(&rest));
                        let args = crate::args::Args::try_parse_from(args)
                            .unwrap_or_else(|e| panic!("{line}: {e}"));
                        crate::formats::check(&args.command, args.global.format)
                            .expect("a format that it has");
                        assert_eq!(args.global.dir.is_some(), !inside.is_empty());
                        verbs.push(crate::formats::of(&args.command).0);
                    }
                }
                verbs.dedup();
                assert_eq!(verbs, ["check", "plan", "apply"], "{service:?}");
            }
        }
    }
}
