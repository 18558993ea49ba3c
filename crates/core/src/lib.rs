//! The words of the product as types, and the seams between its parts.
//!
//! Everything here is plain data or a trait: no file, process, clock or environment is touched.
//! Every other crate depends on this one; this one depends on none of them.
//!
//! - [`name`], [`span`], [`diagnostic`]: what things are called, where they stand, what is wrong with them.
//! - [`value`], [`ty`]: what flows between units, as far as it is known.
//! - [`layer`], [`interface`], [`need`], [`spec`]: what a platform is made of, resolved.
//! - [`duration`]: how long, as people write it.
//! - [`repo`]: other repositories and the states of them that a lock names.
//! - [`proposal`], [`plan`], [`event`]: what will be done, what was approved, what happened.
//! - [`engine`], [`executor`], [`store`], [`tree`], [`secret`], [`cluster`]: the seams.
pub mod cluster;
pub mod diagnostic;
pub mod digest;
pub mod duration;
pub mod engine;
pub mod event;
pub mod executor;
pub mod exit;
pub mod glob;
pub mod interface;
pub mod layer;
pub mod name;
pub mod need;
pub mod plan;
pub mod proposal;
pub mod repo;
pub mod secret;
pub mod span;
pub mod spec;
pub mod store;
pub mod tree;
pub mod ty;
pub mod value;
