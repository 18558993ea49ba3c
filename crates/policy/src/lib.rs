//! Policy: Rego rules over what a platform is composed of and over what a plan would do. Texts in, findings out.
//!
//! Rules follow the conventions of conftest: `deny`, `violation` and `warn`, with or without a suffix, in any package
//! give messages; `exception` takes some back. The documents that they see are in [`input`].
mod document;
pub mod input;
mod load;
mod outcome;
mod place;
mod policies;
mod rules;
mod suite;

pub use document::Document;
pub use load::{DataFile, PolicyFile, Sources};
pub use outcome::{Evaluated, Finding};
pub use policies::{Input, LIMIT, Policies};
pub use suite::{Test, Verdict, run};

/// Stable names of what this crate finds.
pub mod code {
    /// A rule denies.
    pub const DENY: &str = "policy::deny";
    /// A rule warns.
    pub const WARN: &str = "policy::warn";
    /// What a rule says is taken back by an exception.
    pub const EXCEPTION: &str = "policy::exception";
    /// A policy is not Rego, or names what is not there.
    pub const SYNTAX: &str = "policy::syntax";
    /// A data file cannot be used.
    pub const DATA: &str = "policy::data";
    /// A rule fails while it is evaluated, or runs too long.
    pub const EVALUATION: &str = "policy::evaluation";
    /// A rule gives something that is not a set of messages.
    pub const RESULT: &str = "policy::result";
}
