//! Exit codes of the program. They are part of its interface: a pipeline may rely on them.

/// All that was asked for is done.
pub const DONE: u8 = 0;
/// A bug, or an error that has no code of its own.
pub const ERROR: u8 = 1;
/// The command line could not be understood.
pub const USAGE: u8 = 2;
/// The files of the operations repo are not valid.
pub const INVALID: u8 = 3;
/// The run did everything else and now waits for a person.
pub const WAITING: u8 = 4;
/// A policy or a protection refused.
pub const DENIED: u8 = 5;
/// Drift was found.
pub const DRIFT: u8 = 6;
/// There are changes to apply (`plan --exit-code`), or variables are missing (`variables --exit-code`).
pub const PENDING: u8 = 7;
/// A step of the run failed.
pub const FAILED: u8 = 10;
/// Nobody knows whether an interrupted step ran.
pub const UNKNOWN: u8 = 11;
/// The user stopped the run.
pub const CANCELLED: u8 = 130;

/// Code, name and meaning of every exit code; the documentation is made from this list.
pub const ALL: &[(u8, &str, &str)] = &[
    (DONE, "done", "all that was asked for is done"),
    (ERROR, "error", "an error without a code of its own"),
    (USAGE, "usage", "the command line could not be understood"),
    (
        INVALID,
        "invalid",
        "the files of the operations repo are not valid",
    ),
    (
        WAITING,
        "waiting",
        "everything else is done; a person has to act",
    ),
    (
        DENIED,
        "denied",
        "a policy, a protection, a stale plan or a digest that differs refused",
    ),
    (DRIFT, "drift", "what is differs from what was applied"),
    (
        PENDING,
        "pending",
        "there are changes to apply (`plan --exit-code`), or variables are missing (`variables --exit-code`)",
    ),
    (FAILED, "failed", "a step of the run failed"),
    (
        UNKNOWN,
        "unknown",
        "nobody knows whether an interrupted step ran; somebody has to look",
    ),
    (CANCELLED, "cancelled", "stopped by the user"),
];
