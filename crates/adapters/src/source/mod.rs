//! Where the files of an operations repo come from. A folder on this machine, or that folder at a
//! revision of its git repository, or what other repositories hold at a commit.
mod attached;
mod cache;
mod derived;
mod directory;
mod imports;
mod repository;
mod revision;
mod shared;

pub use directory::{DirectoryTree, SKIPPED};
pub use imports::{ImportCache, ImportError, Reference, Resolved};
pub use revision::{RevisionError, RevisionTree};
