//! Programs that are started and awaited, and what they said when they failed.
use crate::Failure;
use std::process::{Command, Output, Stdio};

/// Runs `PROGRAM ARGUMENTS…`, words separated by blanks; it must succeed. What it printed is the answer.
pub fn run(words: &str) -> Result<String, Failure> {
    let mut words = words.split(' ');
    let mut command = Command::new(words.next().unwrap_or_default());
    finish(command.args(words))
}

/// Runs a command to its end; it must succeed. What it printed is the answer.
pub fn finish(command: &mut Command) -> Result<String, Failure> {
    let out = output(command)?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        return Err(format!("{}: {}\n{}", shown(command), out.status, said.trim_end()).into());
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// The same for a command that may fail.
pub fn output(command: &mut Command) -> Result<Output, Failure> {
    command
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("{}: {e}", shown(command)).into())
}

/// Program and arguments, for messages.
pub fn shown(command: &Command) -> String {
    let mut text = command.get_program().display().to_string();
    for arg in command.get_args() {
        text.push(' ');
        text.push_str(&arg.display().to_string());
    }
    text
}
