//! The files that a user writes, decoded. One module per file kind; the keys of each are a closed list.
mod cluster;
pub mod component;
pub mod contract;
pub mod environment;
mod layers;
pub mod meaning;
mod outputs;
pub mod platform;

pub use cluster::speaks_to_a_cluster;
pub use component::Component;
pub use contract::Contract;
pub use environment::EnvironmentFile;
pub use platform::Platform;
