//! What an exit means when it is not a success: kinds of failure, and a line for people.
//!
//! Lines are taken from the log's tail, which is redacted, never from raw standard output.
use strata_core::engine::{Class, Exit, Failure, Finding, Got};

/// Exit code by which a program says "not now, try again" (`EX_TEMPFAIL` of sysexits.h).
pub const TRY_AGAIN: i32 = 75;

/// The failure of an invocation that did not end well; `what` is what it was doing.
pub fn failure(what: &str, got: &Got) -> Failure {
    let Got::Exit { exit, tail, .. } = got else {
        return Failure::permanent(format!("{what}: an answer came where an exit was expected"));
    };
    let (class, how) = match exit {
        Exit::Code(TRY_AGAIN) => (
            Class::Transient,
            "asks to try again (exit code 75)".to_owned(),
        ),
        Exit::Code(code) => (Class::Permanent, format!("ended with exit code {code}")),
        Exit::Signal(signal) => (Class::Transient, format!("was ended by signal {signal}")),
        // it had its time; the same again would only take as long
        Exit::TimedOut => (
            Class::Permanent,
            "was stopped after its time limit".to_owned(),
        ),
        Exit::Stopped => (Class::Cancelled, "was stopped".to_owned()),
        Exit::NotStarted(why) => (Class::Permanent, format!("could not be started: {why}")),
    };
    let said = match exit {
        Exit::Code(_) | Exit::Signal(_) | Exit::TimedOut => last_line(tail),
        _ => None,
    };
    let summary = match said {
        Some(line) => format!("{what} {how}: {line}"),
        None => format!("{what} {how}"),
    };
    Failure {
        class,
        summary,
        stale: false,
    }
}

/// As [`failure`], as a finding.
pub fn failed(what: &str, got: &Got) -> Finding {
    Finding::Failed(failure(what, got))
}

/// A failure that a retry would not mend, as a finding.
pub fn refused(summary: impl Into<String>) -> Finding {
    Finding::Failed(Failure::permanent(summary))
}

/// Did the program do its part?
pub fn succeeded(got: &Got) -> bool {
    got.code() == Some(0)
}

/// The last line that says something.
pub fn last_line(text: &str) -> Option<&str> {
    text.lines()
        .map(str::trim)
        .rfind(|line| line.chars().any(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn exit(exit: Exit, tail: &str) -> Got {
        Got::Exit {
            exit,
            stdout: vec![],
            read: BTreeMap::new(),
            kept: BTreeMap::new(),
            tail: tail.to_owned(),
            elapsed: 1,
        }
    }

    #[test]
    fn the_class_decides_about_retries_and_the_last_line_speaks() {
        let f = failure(
            "`./up.sh`",
            &exit(Exit::Code(3), "making it\nno space left\n╵\n"),
        );
        assert_eq!(f.class, Class::Permanent);
        assert_eq!(f.summary, "`./up.sh` ended with exit code 3: no space left");
        assert_eq!(
            failure("x", &exit(Exit::Code(75), "")).class,
            Class::Transient
        );
        assert_eq!(
            failure("x", &exit(Exit::TimedOut, "")).class,
            Class::Permanent
        );
        assert_eq!(
            failure("x", &exit(Exit::Stopped, "")).class,
            Class::Cancelled
        );
        let f = failure(
            "x",
            &exit(Exit::NotStarted("`tofu` is not on PATH".into()), "old"),
        );
        assert_eq!(f.summary, "x could not be started: `tofu` is not on PATH");
    }
}
