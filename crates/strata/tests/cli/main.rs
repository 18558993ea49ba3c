//! The program from outside: its commands on small platforms, with real processes.
mod bad_input;
mod crash;
mod gates;
mod hand_off;
mod life;
mod policy;
mod references;
mod revisions;
mod sandbox;
mod stopping;
mod terraform;
mod words;
