//! `strata variables`: what the platform needs from outside, and whether it is there. No value is read but to see that
//! it is not empty, and none is ever shown.
use crate::{
    args::Global,
    context::Context,
    formats::Format,
    problem::Problem,
    view::variables::{self as view, Shown},
};
use clap::Args;
use std::path::{Path, PathBuf};
use strata_core::exit;
use strata_ops::variables::{World, gather, judge};

/// What the command line asks for.
#[derive(Args, Debug)]
pub struct Wanted {
    /// Environments; default: all
    env: Vec<String>,
    /// Only what something still lacks
    #[arg(long)]
    missing: bool,
    /// End with 7 when something is certain to lack
    #[arg(long)]
    exit_code: bool,
    /// As a file `.env` to be filled in
    #[arg(long)]
    env_template: bool,
}

/// This process and its files.
struct Here<'a> {
    root: &'a Path,
}

impl World for Here<'_> {
    fn is_set(&self, key: &str) -> bool {
        std::env::var_os(key).is_some_and(|value| !value.is_empty())
    }
    fn has_file(&self, path: &str) -> bool {
        let path: PathBuf = self.root.join(path);
        path.is_file()
    }
}

/// Runs it.
pub fn run(global: &Global, wanted: &Wanted) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    if wanted.env_template && global.format != Format::Human {
        return Err(
            Problem::usage("`--env-template` is a format of its own").hint("leave `--format` out")
        );
    }
    let c = cx.composed()?;
    let envs = cx.envs(&c, &wanted.env, wanted.env.is_empty())?;
    let table = gather(&c, &envs);
    let judged = judge(&table, &Here { root: &cx.root });
    let lacking = judged.iter().any(|j| j.missing);
    let shown = Shown {
        platform: &c.loaded.platform.name,
        envs: &envs,
        rows: table
            .rows
            .iter()
            .zip(&judged)
            .filter(|(_, j)| !wanted.missing || j.open)
            .collect(),
        whole: !wanted.missing,
        table: &table,
        tree: c.loaded.tree.as_ref(),
    };
    let text = if wanted.env_template {
        view::template::page(&shown)
    } else {
        match global.format {
            Format::Json => view::data::page(&shown),
            Format::Markdown => view::markdown::page(&shown),
            _ => view::human::page(&shown),
        }
    };
    print!("{text}");
    Ok(if wanted.exit_code && lacking {
        exit::PENDING
    } else {
        exit::DONE
    })
}
