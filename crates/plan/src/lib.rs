//! From a composition to a plan.
pub mod prepared;
