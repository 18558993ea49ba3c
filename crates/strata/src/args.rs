//! What can be typed. Every command has an example in its help.
mod add;
mod bitops;
mod env;
mod hand_off;
mod import;
mod policy;
mod which;

pub use add::Add;
pub use bitops::Bitops;
pub use env::Env;
pub use hand_off::HandOff;
pub use import::Import;
pub use policy::Policy;
pub use which::{How, Named, Which};

use crate::{
    commands::{pipeline::Service, variables::Wanted as Variables},
    formats::Format,
};
use clap::{ArgAction, Args as ClapArgs, Parser, Subcommand};
use std::path::PathBuf;

const EXAMPLES: &str = "Examples:
  strata init                      make a platform here
  strata check                     is everything that fits together there?
  strata plan dev                  what would be done
  strata apply dev                 show it, ask, do it
  strata status                    how every unit stands

Exit codes: 0 done · 2 usage · 3 files invalid · 4 waiting for a person · 5 refused
            6 drift found · 7 changes pending, variables missing (--exit-code) · 10 failed · 130 cancelled";

/// Deploys whole platforms, layer by layer, from an operations repo.
#[derive(Parser, Debug)]
#[command(name = "strata", version, after_help = EXAMPLES, max_term_width = 100, disable_help_subcommand = true)]
pub struct Args {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every command.
#[derive(ClapArgs, Debug, Clone)]
pub struct Global {
    /// Run as if started in DIR; the platform is the nearest folder upward with a `strata.yaml`
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub dir: Option<PathBuf>,
    /// Never use colour
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Never fetch: of other repositories, what `strata.lock` and the cache or `vendor/` have
    #[arg(long, global = true, env = "STRATA_OFFLINE", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new())]
    pub offline: bool,
    /// How results are written; not every command has every format
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "human",
        global = true,
        hide_default_value = true
    )]
    pub format: Format,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make a platform here: from what lies in the folder, or with a first environment and component
    #[command(
        after_help = "Examples:\n  mkdir shop && cd shop && strata init\n  strata init --dry-run         in a repo of Terraform, Helm, Flux …: show what would be written\n  strata init --yes             write it without asking\n  strata init --ci github       also a pipeline; only that where the platform exists\n  strata init --from-bitops     in a repo of BitOps: the same in strata's own files\n\nNothing that exists is moved or overwritten."
    )]
    Init {
        /// Name of the platform; default: the folder's
        #[arg(long)]
        name: Option<String>,
        /// Layers to begin with; default: what fits what lies here, else `osi`
        #[arg(long)]
        preset: Option<String>,
        /// Also a pipeline: check every push, plan on the pull request, apply that plan after the merge
        #[arg(long, value_name = "SERVICE")]
        ci: Option<Service>,
        /// Write what a repo of BitOps says in strata's own files, beside its own
        #[arg(long, conflicts_with_all = ["preset", "ci"])]
        from_bitops: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Only print what would be written
        #[arg(long, conflicts_with_all = ["yes", "ci"])]
        dry_run: bool,
    },
    /// Check the whole repo from its files alone; no tool is started
    #[command(
        after_help = "Examples:\n  strata check\n  strata check --all-flavors\n  strata check --against main\n  strata check --format json\n  strata check --format sarif > strata.sarif\n\nFormats: human, json, markdown, github, gitlab, azure, sarif"
    )]
    Check {
        /// Environments; default: all
        env: Vec<String>,
        /// Also try every flavor of every contract wherever it could be picked
        #[arg(long)]
        all_flavors: bool,
        /// Also tell how contracts and outputs differ from this revision of git
        #[arg(long, value_name = "REV")]
        against: Option<String>,
    },
    /// Show what an apply would do
    #[command(
        after_help = "Examples:\n  strata plan dev\n  strata plan dev --out p && strata apply dev p\n  strata plan dev --only web+ --exit-code\n  strata plan dev --flavor load-balancer=nginx\n  strata plan --all --changed-since main\n  strata plan dev --format html > plan.html\n\nFormats: human, json, markdown, html"
    )]
    Plan {
        /// Environments
        env: Vec<String>,
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        how: How,
        /// Look at another flavor than the files pick: what a swap would do
        #[arg(long, value_name = "CONTRACT=COMPONENT", action = ArgAction::Append, conflicts_with = "out")]
        flavor: Vec<String>,
        /// Save the plan, to be applied as it is
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// End with 7 when there are changes
        #[arg(long)]
        exit_code: bool,
        /// Look at what is: ask every tool, also where nothing changed
        #[arg(long)]
        refresh: bool,
    },
    /// Show the plan, ask, and apply it
    #[command(
        after_help = "Examples:\n  strata apply dev\n  strata apply org dev --yes\n  strata apply dev p            exactly the saved plan\n  strata apply dev --yes --expect DIGEST"
    )]
    Apply {
        /// Environments, then a plan file if one was saved
        env: Vec<String>,
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        how: How,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Go on only if the plan has this digest
        #[arg(long, value_name = "DIGEST")]
        expect: Option<String>,
        /// Look at what is: ask every tool, also where nothing changed
        #[arg(long)]
        refresh: bool,
    },
    /// Destroy what was applied, in reverse
    #[command(
        after_help = "Examples:\n  strata destroy dev\n  strata destroy dev --only web+\n  strata destroy dev --orphans"
    )]
    Destroy {
        /// Environments
        env: Vec<String>,
        #[command(flatten)]
        which: Named,
        /// Only what is no longer in the files
        #[arg(long)]
        orphans: bool,
        /// Also this protected unit
        #[arg(long, value_name = "UNIT", action = ArgAction::Append)]
        protected: Vec<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// How many units at the same time
        #[arg(long, value_name = "N", default_value_t = 4)]
        parallelism: usize,
    },
    /// Go on with a run that was cut off or waits
    #[command(
        after_help = "Examples:\n  strata resume\n  strata resume dev\n  strata resume dev --approve dev/vpc"
    )]
    Resume {
        /// One of its environments; default: the last unfinished run
        env: Option<String>,
        /// Let this unit go on though its real plan goes beyond what was approved, or its fate is unknown
        #[arg(long, value_name = "UNIT", action = ArgAction::Append)]
        approve: Vec<String>,
        /// Refuse what this unit wants
        #[arg(long, value_name = "UNIT", action = ArgAction::Append)]
        refuse: Vec<String>,
        /// How many units at the same time
        #[arg(long, value_name = "N", default_value_t = 4)]
        parallelism: usize,
    },
    /// Run all verifiers of what is applied
    #[command(after_help = "Example:\n  strata verify dev")]
    Verify {
        /// Environments
        env: Vec<String>,
        #[command(flatten)]
        which: Which,
        /// How many units at the same time
        #[arg(long, value_name = "N", default_value_t = 4)]
        parallelism: usize,
    },
    /// Show how every unit stands
    #[command(after_help = "Example:\n  strata status dev")]
    Status {
        /// Environments; default: all
        env: Vec<String>,
    },
    /// Show recorded outputs; no tool is started
    #[command(
        after_help = "Examples:\n  strata outputs dev\n  strata outputs dev/postgres host\n  strata outputs dev/postgres connection --reveal"
    )]
    Outputs {
        /// Environment or unit
        of: String,
        /// One output, printed bare
        name: Option<String>,
        /// Show sensitive outputs too
        #[arg(long)]
        reveal: bool,
    },
    /// Show where every input of a unit comes from, or whose a file is and which units see it
    #[command(
        after_help = "Examples:\n  strata explain dev/web\n  strata explain dev/web.title\n  strata explain 'dev/vpc[\"eu-1\"].cidr'\n  strata explain modules/net/main.tf             whose it is, and which units see it\n  strata explain obs@1.2.0:layers/base/prom/up.sh\n  strata explain prod/helm/web/values.yaml       in a repo of BitOps: the layers of a file and of its values"
    )]
    Explain {
        /// Unit, or one input of it: `ENV/NAME.INPUT`; or a file, as findings name it
        of: String,
    },
    /// Show how an environment, resolved, differs from a revision of git, another environment, or another lock
    #[command(
        after_help = "Examples:\n  strata diff prod --against main       what a change of a pin does\n  strata diff qa --against prod\n  strata diff prod --against old.lock\n\nFormats: human, json"
    )]
    Diff {
        /// The environment
        env: String,
        /// An environment, a lock file (its path from the platform's folder), or a revision of git
        #[arg(long, value_name = "ENV|FILE|REV")]
        against: String,
    },
    /// Write an environment out as it is composed: the files of every unit, what it is given, where each comes from
    #[command(
        after_help = "Example:\n  strata render prod out      writes out/UNIT/files and out/UNIT/unit.json\n\nFormats: human, json"
    )]
    Render {
        /// The environment
        env: String,
        /// A folder that is empty or not there
        to: PathBuf,
    },
    /// List every variable and credential that the platform needs from outside; no value is shown
    #[command(
        after_help = "Examples:\n  strata variables\n  strata variables prod --missing --exit-code\n  strata variables --format markdown > VARIABLES.md\n  strata variables dev --env-template > .env\n\nFormats: human, json, markdown"
    )]
    Variables(Variables),
    /// Show what depends on what
    #[command(
        after_help = "Examples:\n  strata graph dev\n  strata graph dev --dot | dot -Tsvg > graph.svg"
    )]
    Graph {
        /// Environments; default: all
        env: Vec<String>,
        /// In the language of Graphviz
        #[arg(long)]
        dot: bool,
    },
    /// Look whether what is still is as it was applied
    #[command(after_help = "Example:\n  strata drift dev       ends with 6 when something differs")]
    Drift {
        /// Environments
        env: Vec<String>,
        #[command(flatten)]
        which: Named,
        /// How many units at the same time
        #[arg(long, value_name = "N", default_value_t = 4)]
        parallelism: usize,
    },
    /// Run a command in a unit's work folder, with its variables and files
    #[command(after_help = "Example:\n  strata exec dev/vpc -- terraform state list")]
    Exec {
        /// The unit
        unit: String,
        /// The command
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Take over what exists already: read outputs and plan for real; what does not differ is recorded as applied
    #[command(after_help = "Example:\n  strata adopt dev")]
    Adopt {
        /// Environments
        env: Vec<String>,
        #[command(flatten)]
        which: Which,
        /// How many units at the same time
        #[arg(long, value_name = "N", default_value_t = 4)]
        parallelism: usize,
    },
    /// Forget a unit without destroying it
    #[command(after_help = "Example:\n  strata forget dev/old-vpc")]
    Forget {
        /// Units
        #[arg(required = true)]
        unit: Vec<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// One more component: from a catalog, or like one that is there
    #[command(
        after_help = "Examples:\n  strata add vpc --from https://github.com/example/catalog//modules/vpc@1.4.0 --layer network --input cidr=10.0.0.0/16\n  strata add cache --from ../catalog//redis        its last release\n  strata add worker --like web\n  strata add worker --like web --dry-run           only show what would be written\n\nWhat would be written is shown and checked first. Nothing is overwritten."
    )]
    Add(Add),
    /// Environments and components of other repositories: which commits they are, and their files
    #[command(subcommand)]
    Import(Import),
    /// Rules of your own over the platform and over what a plan would do
    #[command(subcommand)]
    Policy(Policy),
    /// Steps that people do
    #[command(name = "hand-off", subcommand)]
    HandOff(HandOff),
    /// Run a repo of BitOps as its container does
    #[command(subcommand)]
    Bitops(Bitops),
    /// Past runs, or one of them: its events, or a page with graph and Gantt chart
    #[command(
        after_help = "Examples:\n  strata history\n  strata history RUN --format json\n  strata history RUN --format html > run.html\n\nFormats: human, json; for a run also html"
    )]
    History {
        /// A run, or an environment
        of: Option<String>,
        /// How many runs
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Environments
    #[command(subcommand)]
    Env(Env),
    /// Give a lease back whose holder is gone
    #[command(after_help = "Example:\n  strata unlock dev")]
    Unlock {
        /// The environment
        env: String,
    },
    /// JSON Schemas of the files that a user writes, of plans and of what `check` finds
    #[command(
        after_help = "Examples:\n  strata schema component > component.schema.json\n  strata schema plan"
    )]
    Schema {
        /// `platform`, `environment`, `component`, `contract`, `plan`, `diagnostics` or `policy-input`
        kind: String,
    },
    /// Speak with an editor: a language server over standard input and output
    #[command(
        after_help = "Example:\n  strata lsp       started by the editor; docs/editors.md has its settings"
    )]
    Lsp,
    /// Completions for a shell
    #[command(after_help = "Example:\n  strata completions bash > /etc/bash_completion.d/strata")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write manual pages
    #[command(hide = true)]
    Man {
        /// The folder
        dir: PathBuf,
    },
}
