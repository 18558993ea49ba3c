//! From a composition and what was applied to a plan. Pure: facts go in, a schedule comes out.
//!
//! - [`select`]: which units are meant.
//! - [`changed`]: which units a change of files touches, and why.
//! - [`recorded`]: what was applied last, as expressions see it.
//! - [`prepared`], [`prepare`]: a unit with real inputs and its fingerprint.
//! - [`schedule`]: what stands still, what can be planned now, what is deferred.
//! - [`foresee`]: what can be said of units whose inputs this plan may change.
//! - [`makers`]: what a unit may wait for whose tool misses something.
//! - [`others`]: what of a plan is of other repositories.
//! - [`swap`]: what another flavor would mean.
//! - [`destroy`]: the same from what was applied, in reverse.
//!
//! Not here: running the tools that plan (`strata-run`), asking anybody.
pub mod changed;
pub mod destroy;
pub mod foresee;
pub mod graph;
pub mod makers;
pub mod others;
pub mod prepare;
pub mod prepared;
pub mod recorded;
pub mod schedule;
pub mod select;
pub mod swap;
