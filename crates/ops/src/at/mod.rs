//! What stands at a place of a document, and what could: for editors. Lookups in texts and compositions, nothing else.
//!
//! - [`outline`]: a YAML text taken apart, also one that is half typed.
//! - [`document`]: which of the files it is, and what a place in it is about.
//! - [`expression`]: the chain of names at a place inside `${{ … }}`.
//! - [`view`], [`thing`] and `words`: what names stand for, seen from a unit.
//! - [`candidates`]: the keys and values that fit a place; `elsewhere`: those of other repositories.
//! - [`places`]: where something is declared, and where it is used.
pub mod candidates;
pub mod document;
mod elsewhere;
pub mod expression;
pub mod outline;
pub mod places;
pub mod thing;
pub mod view;
mod words;

#[cfg(test)]
mod tests;
