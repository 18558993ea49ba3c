//! What is read of YAML, and what is said about what is wrong with it.
