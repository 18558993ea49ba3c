//! Why a command could not do what was asked: one place for message, hints and exit code.
use std::fmt::Display;
use strata_core::{diagnostic::Diagnostic, executor::ExecutorError, exit, store::StoreError};
use strata_run::driver::RunError;

/// A command that ends with an error.
#[derive(Debug)]
pub struct Problem {
    /// The exit code.
    pub code: u8,
    /// What went wrong.
    pub message: String,
    /// What to do about it.
    pub hints: Vec<String>,
}

impl Problem {
    /// With a code of [`exit`].
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hints: Vec::new(),
        }
    }
    /// The command line asks for something that is not there.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(exit::USAGE, message)
    }
    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
    /// The files are not valid; the diagnostics were shown.
    pub fn invalid(problems: &[Diagnostic]) -> Self {
        let n = problems.iter().filter(|p| p.is_error()).count();
        let s = if n == 1 { "" } else { "s" };
        Self::new(exit::INVALID, format!("{n} error{s}; nothing was started"))
    }
    /// An operation on a file failed.
    pub fn io(doing: impl Display, error: &std::io::Error) -> Self {
        let problem = Self::new(exit::ERROR, format!("cannot {doing}: {error}"));
        match error.kind() {
            std::io::ErrorKind::StorageFull => {
                problem.hint("free some space on that disk, then run the same command again")
            }
            std::io::ErrorKind::PermissionDenied => {
                problem.hint("check the owner and mode of that file or folder")
            }
            _ => problem,
        }
    }
    /// Prints it to standard error.
    pub fn print(&self, color: bool) {
        let (bold, end) = if color {
            ("\x1b[1;31m", "\x1b[0m")
        } else {
            ("", "")
        };
        if !self.message.is_empty() {
            eprintln!("{bold}error{end}: {}", self.message);
        }
        for hint in &self.hints {
            eprintln!("\n  hint: {hint}");
        }
    }
}

impl From<StoreError> for Problem {
    fn from(e: StoreError) -> Self {
        let text = e.to_string();
        match e {
            StoreError::Held { env, .. } => Self::new(exit::DENIED, text).hint(format!(
                "wait for it, or watch it with `strata status {env}`"
            )),
            StoreError::Fenced(_) => {
                Self::new(exit::FAILED, text).hint("run `strata status` to see who acts now")
            }
            _ => Self::new(exit::ERROR, text),
        }
    }
}
impl From<RunError> for Problem {
    fn from(e: RunError) -> Self {
        match e {
            RunError::Store(e) => e.into(),
            RunError::Illegal(e) => Self::new(exit::ERROR, e.to_string())
                .hint("the journal was written by another version or damaged; `strata apply` makes a new plan"),
        }
    }
}
impl From<ExecutorError> for Problem {
    fn from(e: ExecutorError) -> Self {
        Self::new(exit::FAILED, e.to_string())
    }
}
