//! What stands in files, read into data that keeps its places: YAML, JSON, HCL, types and expressions.
//!
//! Pure: text in, trees and diagnostics out. No file is opened here (a [`strata_core::tree::Tree`] is handed in), no
//! process is started. Not here: what keys a file may have (`strata-ops`), what a tool's file means for a unit
//! (`strata-engines`).
//!
//! - [`node`]: one tree for YAML and JSON, with places, and how two trees merge.
//! - [`yaml`], [`json`]: text to tree.
//! - [`kept`]: what was parsed once is not parsed again.
//! - [`expr`]: `${{ … }}`: templates, references, types, evaluation.
//! - [`ty`]: Terraform's type grammar.
//! - [`hcl`]: top-level blocks of HCL, one by one, so that one bad block does not lose a file.
//! - [`terraform`], [`packer`], [`cloudformation`], [`helm`], [`ansible`]: what a module, template, chart or playbook
//!   takes and gives.
//! - [`kustomize`], [`flux`], [`argocd`]: what is applied to a cluster, and what leads to what.
//! - [`said`], [`kubernetes`], [`own`], [`cycle`]: what these share: texts with places, objects, whose repository it is.
pub mod ansible;
pub mod argocd;
pub mod cloudformation;
pub mod cycle;
pub mod expr;
pub mod flux;
pub mod hcl;
pub mod helm;
pub mod json;
pub mod kept;
pub mod kubernetes;
pub mod kustomize;
pub mod node;
pub mod own;
pub mod packer;
pub mod said;
pub mod scalar;
pub mod terraform;
pub mod ty;
pub mod yaml;
