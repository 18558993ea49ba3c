//! `strata exec`: a command in a unit's work folder, with its variables and files.
use super::{planning, run};
use crate::{args::Global, context::Context, problem::Problem, wire};
use strata_core::{
    engine::{Act, Exit, Got, Invocation, Verb},
    executor::{Handle, Line, SessionSpec},
    exit,
    name::Address,
};
use strata_run::driver::Workbench as _;

/// Runs it; gives the command's own exit code.
pub fn run(global: &Global, unit: &str, command: &[String]) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    let c = cx.composed()?;
    let unit: Address = unit
        .parse()
        .map_err(|e: strata_core::name::NotAnAddress| Problem::usage(e.to_string()))?;
    let position = c
        .position(&unit)
        .ok_or_else(|| Problem::usage(format!("there is no unit {unit}")))?;
    let store = cx.store()?;
    let mut selected = vec![false; c.units.len()];
    selected[position] = true;
    let bench = planning::bench(&cx, &c, &selected, &store)?;
    let mut prepared = bench
        .prepare(&unit)
        .map_err(|e| Problem::new(exit::FAILED, format!("{unit} is not ready: {e}")))?;
    prepared.task.verb = Verb::Apply;
    // nobody knows whether the command writes
    let leases = run::take(store.as_ref(), &[unit.env.to_string()], "exec")?;
    let generation = leases[unit.env.as_ref()].generation;
    let id = format!("exec-{}", run::new_id());
    let executor = wire::executor(
        &cx.state_dir(),
        &id,
        wire::secrets(&cx.root, &store),
        store.clone(),
        cx.mask(),
    )?;
    let engine = cx.engine(&prepared.task.spec.engine);
    let opened = executor.open(SessionSpec {
        unit: unit.clone(),
        tree: prepared.tree.clone(),
        files: prepared.files.clone(),
        folder: prepared.task.spec.folder.clone(),
        workspace: engine.workspace(&prepared.task),
        env: prepared.task.spec.env.clone(),
        secret_files: prepared.task.spec.files.clone(),
        passthrough: prepared.passthrough.clone(),
    });
    let (mut session, _) = match opened {
        Ok(opened) => opened,
        Err(e) => {
            run::release(store.as_ref(), &leases);
            return Err(e.into());
        }
    };
    let mut invocation = Invocation::new(
        "exec",
        &command[0],
        command[1..].iter().map(|a| a.as_str().into()),
    );
    // with the variables that its engine gives to an apply
    if let (_, Act::Run(first)) = engine.begin(&prepared.task, &Got::Open { kept: vec![] }) {
        invocation.env = first.env;
    }
    let handle = Handle {
        run: id,
        unit,
        attempt: 1,
        n: 1,
        generation,
    };
    let got = session.run(&invocation, &handle, &mut |line: Line<'_>| {
        if line.error {
            eprintln!("{}", line.text);
        } else {
            println!("{}", line.text);
        }
    });
    run::release(store.as_ref(), &leases);
    match got? {
        Got::Exit {
            exit: Exit::Code(code),
            ..
        } => Ok(u8::try_from(code).unwrap_or(exit::ERROR)),
        Got::Exit {
            exit: Exit::NotStarted(why),
            ..
        } => Err(Problem::new(exit::FAILED, why)),
        Got::Exit { exit, .. } => Err(Problem::new(
            exit::FAILED,
            format!("the command ended with {exit:?}"),
        )),
        _ => Ok(exit::DONE),
    }
}
