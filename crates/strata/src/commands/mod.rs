//! The commands, one file each: resolve, check, act, report.
mod add;
mod adopt;
mod apply;
mod batch;
mod bench;
mod bitops;
mod check;
mod chosen;
mod destroy;
mod diff;
mod drift;
mod env;
mod exec;
mod explain;
mod forget;
mod graph;
mod hand_off;
mod history;
mod import;
mod init;
mod outputs;
pub mod pipeline;
mod plan;
mod planning;
mod policy;
mod render;
mod resume;
mod run;
mod schema;
mod shell;
mod status;
mod unlock;
pub mod variables;
mod verify;

pub use explain::shown;

use crate::{
    args::{Args, Command},
    formats, lsp,
    problem::Problem,
};

/// Runs what was typed; gives the exit code.
pub fn dispatch(args: Args) -> Result<u8, Problem> {
    let global = args.global;
    formats::check(&args.command, global.format)?;
    match args.command {
        Command::Init {
            name,
            preset,
            ci,
            from_bitops,
            yes,
            dry_run,
        } => init::run(
            &global,
            &init::Wanted {
                name,
                preset,
                ci,
                from_bitops,
                yes,
                dry_run,
            },
        ),
        Command::Check {
            env,
            all_flavors,
            against,
        } => check::run(&global, &env, all_flavors, against.as_deref()),
        Command::Plan {
            env,
            which,
            how,
            flavor,
            out,
            exit_code,
            refresh,
        } => plan::run(
            &global,
            &plan::Wanted {
                env: &env,
                which: &which,
                how: &how,
                flavor: &flavor,
                out: out.as_deref(),
                exit_code,
                refresh,
            },
        ),
        Command::Apply {
            env,
            which,
            how,
            yes,
            expect,
            refresh,
        } => apply::run(&global, env, &which, &how, yes, expect.as_deref(), refresh),
        Command::Destroy {
            env,
            which,
            orphans,
            protected,
            yes,
            parallelism,
        } => destroy::run(
            &global,
            &destroy::Wanted {
                env,
                which,
                orphans,
                protected,
                yes,
                parallelism,
            },
        ),
        Command::Resume {
            env,
            approve,
            refuse,
            parallelism,
        } => resume::run(&global, env.as_deref(), &approve, &refuse, parallelism),
        Command::Verify {
            env,
            which,
            parallelism,
        } => verify::run(&global, &env, &which, parallelism),
        Command::Status { env } => status::run(&global, &env),
        Command::Outputs { of, name, reveal } => {
            outputs::run(&global, &of, name.as_deref(), reveal)
        }
        Command::Variables(wanted) => variables::run(&global, &wanted),
        Command::Graph { env, dot } => graph::run(&global, &env, dot),
        Command::Drift {
            env,
            which,
            parallelism,
        } => drift::run(&global, &env, &which, parallelism),
        Command::Exec { unit, command } => exec::run(&global, &unit, &command),
        Command::Adopt {
            env,
            which,
            parallelism,
        } => adopt::run(&global, &env, &which, parallelism),
        Command::Diff { env, against } => diff::run(&global, &env, &against),
        Command::Render { env, to } => render::run(&global, &env, &to),
        Command::Explain { of } => explain::run(&global, &of),
        Command::Forget { unit, yes } => forget::run(&global, &unit, yes),
        Command::Add(wanted) => add::run(&global, &wanted),
        Command::Import(what) => import::run(&global, &what),
        Command::Policy(what) => policy::run(&global, what),
        Command::HandOff(what) => hand_off::run(&global, what),
        Command::History { of, limit } => history::run(&global, of.as_deref(), limit),
        Command::Env(what) => env::run(&global, what),
        Command::Unlock { env } => unlock::run(&global, &env),
        Command::Schema { kind } => schema::run(&kind),
        Command::Bitops(what) => bitops::run(&global, &what),
        Command::Lsp => lsp::run(),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man { dir } => shell::man(&dir),
    }
}
