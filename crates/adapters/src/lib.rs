//! Everything that touches the machine: files of an operations repo, processes, secrets, signals, clocks.
//!
//! Each module is one adapter behind a seam of `strata-core` (or a small thing that the binary needs):
//!
//! - [`source`]: an operations repo in a folder, digested with a cache.
//! - [`process`]: the executor that runs tools on this machine; [`supervisor`]: the process that outlives us for it.
//! - [`redact`], [`secrets`]: known secrets never reach a log; where they come from.
//! - [`blobtree`]: a set of files as one blob.
//! - [`durable`]: files that are as before or whole.
//! - [`clock`], [`interrupt`], [`lock`]: time, Ctrl-C, locks that the kernel frees when a process dies.
//!
//! It is not the store (crate `strata-store`) and decides nothing about a run.
pub mod blobtree;
pub mod clock;
pub mod durable;
pub mod interrupt;
pub mod lock;
pub mod process;
pub mod redact;
pub mod secrets;
pub mod source;
pub mod supervisor;
