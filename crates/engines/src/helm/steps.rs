//! What is run while a dialogue stands somewhere, and what that is called in messages.
use super::{At, commands, failure, release::Restore};
use strata_core::engine::{Invocation, Task};

/// What is run for it.
pub fn start(task: &Task, at: &At) -> Invocation {
    match at {
        At::Idle | At::Status | At::Outputs => commands::status(task),
        At::Entering { .. } => commands::enter(task),
        At::Dependencies => commands::dependencies(task),
        At::RepoUpdate => commands::repo_update(task),
        At::Pull => commands::pull(task),
        At::History { .. } | At::WhatFailed { .. } => commands::history(task),
        At::Good { revision, .. } => commands::revision(task, *revision),
        At::Render { .. } => commands::render(task),
        At::Kinds { .. } => commands::kinds(task),
        At::Template { before, apis } => {
            let again = before.exists() && before.restore != Restore::Uninstall;
            commands::template(task, again, apis)
        }
        At::Definitions { .. } => commands::definitions(task),
        At::Compare { definitions, .. } => commands::compare(task, *definitions),
        At::Restore { to } => commands::back(task, *to, false),
        At::Upgrade => commands::upgrade(task),
        At::Lookups { .. } => commands::lookups(task),
        At::Failing { failure } if failure::is_of_hooks(failure) => {
            commands::recorded(task, "hooks")
        }
        At::Failing { .. } | At::Applied { .. } => commands::recorded(task, "manifest"),
        At::Why { .. } | At::Observe { .. } => commands::look(task),
        At::Back { to, .. } => commands::back(task, *to, true),
        At::Test => commands::test(task),
        At::Stays => commands::stays(task),
        At::Uninstall => commands::back(task, Restore::Uninstall, true),
    }
}

/// What it is called.
pub const fn label(at: &At) -> &'static str {
    match at {
        At::Dependencies => "dependency build",
        At::RepoUpdate => "repo update",
        At::Pull => "pull",
        At::Render { .. } => "upgrade --dry-run",
        At::Template { .. } => "template",
        At::Definitions { .. } => "show crds",
        At::Restore { .. } => "rollback",
        At::Applied { .. } => "get manifest",
        At::Uninstall => "uninstall",
        _ => "status",
    }
}
