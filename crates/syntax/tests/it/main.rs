//! What holds for every text, whatever stands in it.
mod mutations;
mod readers;
