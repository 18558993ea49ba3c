//! Engines against the real tools, and against what the real tools once said.
//!
//! A test that needs a tool which is not there says so and passes; `STRATA_REQUIRE_TOOLS=1` makes it fail, as the
//! test command of the README does. `STRATA_RECORD=1` writes the transcripts that [`transcript`] replays.
mod ansible;
mod bench;
mod handoff;
mod kubectl;
mod packer;
mod script;
mod session;
mod terraform;
mod transcript;
mod verify;
