//! CPU time and peak memory of a command with all its descendants.
//!
//! The command runs below a copy of this program that has no other children and adopts orphans, so what the kernel
//! says of "all ended children" is exactly that command, its supervisor and its tools.
use crate::Failure;
use nix::{
    errno::Errno,
    sys::{
        resource::{UsageWho, getrusage},
        time::{TimeVal, TimeValLike as _},
        wait::wait,
    },
};
use std::{
    ffi::OsStr,
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

/// The hidden command under which this program measures one other.
pub const CHILD: &str = "__measure";

/// What a command cost.
#[derive(Clone, Debug)]
pub struct Cost {
    /// CPU seconds, user and system.
    pub cpu: f64,
    /// Seconds by the clock.
    pub wall: f64,
    /// Peak memory of the largest process, in MB.
    pub peak: f64,
    /// What it printed.
    pub stdout: String,
}

/// Runs `PROGRAM ARGS…` once; it must succeed.
pub fn once(program: &OsStr, args: &[&OsStr]) -> Result<Cost, Failure> {
    let me = std::env::current_exe()?;
    let out = Command::new(me)
        .arg(CHILD)
        .arg(program)
        .args(args)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()?;
    let shown = || {
        format!(
            "{} {}",
            program.display(),
            args.join(OsStr::new(" ")).display()
        )
    };
    let errors = String::from_utf8_lossy(&out.stderr);
    if !out.status.success() {
        let last: Vec<&str> = errors.lines().rev().take(8).collect();
        return Err(format!("`{}` failed: {}", shown(), last.join("\n")).into());
    }
    let numbers = errors.lines().last().unwrap_or_default();
    let numbers: Vec<f64> = numbers
        .split(' ')
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let [cpu, wall, peak] = numbers[..] else {
        return Err(format!("`{}` was not measured", shown()).into());
    };
    Ok(Cost {
        cpu,
        wall,
        peak,
        stdout: String::from_utf8_lossy(&out.stdout).into_owned(),
    })
}

/// The median of CPU, wall and peak, each for itself, of so many runs.
pub fn median(
    times: usize,
    mut run: impl FnMut() -> Result<Cost, Failure>,
) -> Result<Cost, Failure> {
    let mut all = (0..times).map(|_| run()).collect::<Result<Vec<_>, _>>()?;
    let mut middle = |of: fn(&Cost) -> f64| {
        all.sort_by(|a, b| of(a).total_cmp(&of(b)));
        of(&all[all.len() / 2])
    };
    let (cpu, wall, peak) = (middle(|c| c.cpu), middle(|c| c.wall), middle(|c| c.peak));
    Ok(Cost {
        cpu,
        wall,
        peak,
        stdout: all.pop().map(|c| c.stdout).unwrap_or_default(),
    })
}

/// CPU seconds of this process so far.
pub fn own_cpu() -> f64 {
    getrusage(UsageWho::RUSAGE_SELF)
        .map_or(0.0, |u| seconds(u.user_time()) + seconds(u.system_time()))
}

#[allow(clippy::cast_precision_loss)]
fn seconds(t: TimeVal) -> f64 {
    t.num_microseconds() as f64 / 1e6
}

/// Runs a command, waits for it and everything that it left behind, prints the figures as the last line of errors.
pub fn child(args: &[String]) -> ExitCode {
    let Some((program, args)) = args.split_first() else {
        return ExitCode::from(2);
    };
    let _ = nix::sys::prctl::set_child_subreaper(true);
    let start = Instant::now();
    let status = match Command::new(program).args(args).status() {
        Ok(status) => status,
        Err(e) => {
            eprintln!("cannot start `{program}`: {e}");
            return ExitCode::FAILURE;
        }
    };
    let wall = start.elapsed().as_secs_f64();
    while !matches!(wait(), Err(Errno::ECHILD)) {}
    let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else {
        return ExitCode::FAILURE;
    };
    let cpu = seconds(usage.user_time()) + seconds(usage.system_time());
    #[allow(clippy::cast_precision_loss)]
    let peak = usage.max_rss() as f64 / 1024.0;
    eprintln!("\n{cpu} {wall} {peak}");
    u8::try_from(status.code().unwrap_or(1)).map_or(ExitCode::FAILURE, ExitCode::from)
}
