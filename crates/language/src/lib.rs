//! Readers of what users write: YAML and JSON as trees that keep what was written, expressions, types, HCL.
//!
//! Not here: what keys a file may have (`strata-ops`), what a tool's file means for a unit (`strata-engines`).
pub mod expr;
pub mod hcl;
pub mod json;
pub mod node;
pub mod packer;
pub mod scalar;
pub mod terraform;
pub mod ty;
pub mod yaml;
