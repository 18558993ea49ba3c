//! Environments of other repositories, as part of one of ours.
//!
//! - [`wish`]: what an environment says of an import.
//! - [`lock`]: `strata.lock`, which commit and content every import is.
//! - [`source`]: what a component says of where its files are; `catalog` finds them.
//! - [`gather`]: all imports of a platform, also those of imports, each with its files.
//! - [`mount`]: files of other repositories beside ours, at paths that no file of ours can have.
//!
//! Pure: the files of another repository come from the platform's own tree ([`strata_core::tree::Tree::foreign`]), or
//! from where they were vendored in it. What units an import has is worked out where all units are, in `compose`.
pub(crate) mod catalog;
pub mod gather;
pub mod lock;
pub mod mount;
pub mod source;
pub mod wish;

pub use gather::{Gathered, Guest, Wanted};
pub use lock::{Entry, Lock};
pub use source::Origin;
pub use wish::Wish;

/// Name of the file that says what every import is.
pub const LOCK_FILE: &str = "strata.lock";
/// The folder of vendored trees.
pub const VENDOR: &str = "vendor/strata";

/// Files of another repository in a unit of ours: what a plan says of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// The unit: `prod/terraform`.
    pub unit: String,
    /// What the import is called, with its environment: `prod/eks`.
    pub import: String,
    /// Whose files they are.
    pub pin: strata_core::repo::Pin,
    /// Those of them that run as scripts.
    pub scripts: Vec<String>,
}
