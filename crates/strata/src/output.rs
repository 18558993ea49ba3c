//! Standard output and error for a program that must not stop because nobody reads it any more.
//!
//! The standard macros panic when a pipe is closed (`strata graph | head`) and when a disk is full. Here a reader that
//! went away is no error: a run goes on. Anything else that keeps results from being written is said at the end.
use std::{
    fmt::Arguments,
    io::{self, ErrorKind, Write as _},
    sync::OnceLock,
};

static LOST: OnceLock<String> = OnceLock::new();

/// Writes to standard output.
pub fn out(text: Arguments<'_>) {
    note(io::stdout().lock().write_fmt(text));
}

/// Writes to standard error; where that fails there is nobody to tell.
pub fn err(text: Arguments<'_>) {
    let _ = io::stderr().lock().write_fmt(text);
}

/// Writes what is still held back; why results could not be written, if they could not.
pub fn finish() -> Option<&'static str> {
    note(io::stdout().lock().flush());
    LOST.get().map(String::as_str)
}

fn note(done: io::Result<()>) {
    if let Err(e) = done
        && e.kind() != ErrorKind::BrokenPipe
    {
        let _ = LOST.set(e.to_string());
    }
}

/// Like the standard macro; see [`crate::output`].
macro_rules! print {
    ($($text:tt)*) => { $crate::output::out(format_args!($($text)*)) };
}
/// Like the standard macro; see [`crate::output`].
macro_rules! println {
    () => { $crate::output::out(format_args!("\n")) };
    ($($text:tt)*) => { $crate::output::out(format_args!("{}\n", format_args!($($text)*))) };
}
/// Like the standard macro; see [`crate::output`].
macro_rules! eprint {
    ($($text:tt)*) => { $crate::output::err(format_args!($($text)*)) };
}
/// Like the standard macro; see [`crate::output`].
macro_rules! eprintln {
    () => { $crate::output::err(format_args!("\n")) };
    ($($text:tt)*) => { $crate::output::err(format_args!("{}\n", format_args!($($text)*))) };
}
