//! From the files of an operations repo to a checked, composed platform.
//!
//! - [`decode`]: closed lists of keys over parsed YAML; every problem is gathered.
//! - [`document`]: the files a user writes, one module each.
//! - [`field`]: a value that may hold expressions.
//! - [`load`]: finds the files, reads them, finds the components.
//! - [`compose`]: every unit of every environment, with its dependencies.
//! - [`check`]: rules over the composition, one file each.
//!
//! Not here: reading a disk (a [`strata_core::tree::Tree`] is given), what tools declare (engines say it), plans.
pub mod check;
pub mod compose;
pub mod decode;
pub mod document;
pub mod field;
pub mod load;
pub mod scope;
