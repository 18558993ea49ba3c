//! Where the files of an operations repo come from. Today: a folder on this machine.
mod cache;
mod derived;
mod directory;

pub use directory::DirectoryTree;
