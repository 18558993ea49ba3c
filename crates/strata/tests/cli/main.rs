//! The program from outside: its commands on small platforms, with real processes.
mod adopt;
mod bad_input;
mod crash;
mod gates;
mod hand_off;
mod json_schema;
mod life;
mod pipelines;
mod references;
mod revisions;
mod sandbox;
mod schemas;
mod stopping;
mod terraform;
mod views;
mod words;
