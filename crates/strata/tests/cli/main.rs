//! The program from outside: its commands on small platforms, with real processes.
mod bad_input;
mod crash;
mod gates;
mod hand_off;
mod json_schema;
mod life;
mod pipelines;
mod policy;
mod references;
mod revisions;
mod sandbox;
mod schemas;
mod stopping;
mod terraform;
mod variables;
mod views;
mod words;
