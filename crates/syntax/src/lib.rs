//! Readers of what users write: YAML and JSON as trees that keep what was written, expressions, types, HCL.
//!
//! Not here: what keys a file may have (`strata-ops`), what a tool's file means (`strata-engines`).
pub mod expr;
pub mod node;
pub mod ty;
pub mod yaml;
