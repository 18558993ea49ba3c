//! Where the files of an operations repo come from. A folder on this machine, or that folder at a
//! revision of its git repository.
mod cache;
mod derived;
mod directory;
mod repository;
mod revision;
mod shared;

pub use directory::{DirectoryTree, SKIPPED};
pub use revision::{RevisionError, RevisionTree};
