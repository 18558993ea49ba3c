//! A Terraform or OpenTofu root module, read from its own files: what it takes, what it gives, and what it reads.
//!
//! Not a re-implementation of Terraform: nothing is evaluated, and what can't be read makes the module
//! [`incomplete`](Module::incomplete), never invalid.
//!
//! In two steps: [`file_facts`] makes of one file what is kept by its content, and [`read_module`] links the facts of a
//! folder and of the local modules that it calls. [`problems`] tells what is certainly wrong with it.
mod arguments;
mod collections;
mod entries;
mod evaluate;
mod expression;
mod facts;
mod files;
mod folder;
mod functions;
mod json;
mod link;
mod module;
mod native;
mod problems;
mod reading;
mod references;
mod repeated;
mod sensitive;
mod settings;
mod shape;
mod sources;
mod states;
mod texts;
mod types;
mod variable_file;
mod versions;

pub(crate) use files::direct;

pub use facts::FileFacts;
pub use link::{Folders, read_module};
pub use module::{
    Backend, Call, Local, Module, ModuleOutput, ModuleVariable, ProviderBlock, RemoteState,
    Requirement, Setting, Variable,
};
pub use problems::problems;
pub use shape::{Path, Root, Shape, Step};
pub use variable_file::{SetValue, VariableFile, variable_file};

use crate::node::Origin;

/// What one module file says: HCL, or by its name JSON. Depends on nothing else, so it can be kept by content.
pub fn file_facts(origin: &Origin, text: &str) -> FileFacts {
    let mut facts = if origin.ends_with(".json") {
        json::facts(origin, text)
    } else {
        native::facts(origin, text)
    };
    facts.misfits = problems::defaults::of_file(origin, &facts.variables);
    facts
}

#[cfg(test)]
mod tests;
