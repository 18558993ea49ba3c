//! Tools whose files are read and checked, and that are not run yet: CloudFormation.
//!
//! A component of such an engine takes part in `check` with its interface and its findings; a plan of it says plainly
//! that this version does not run it.
use crate::{declared, outcome::refused};
use serde::{Deserialize, Serialize};
use strata_core::{
    diagnostic::Diagnostic,
    engine::{Engine, Got, Task, ToolQuestion, Turn, Workspace},
    interface::Interface,
    spec::UnitSpec,
    tree::Tree,
};
use strata_syntax::cloudformation;

/// One of these engines.
pub struct Described {
    name: &'static str,
    options: &'static [(&'static str, &'static str)],
    recognise: for<'a> fn(&'a dyn Tree, &str) -> Option<&'a str>,
    read: fn(&dyn Tree, &str) -> (Interface, Vec<Diagnostic>),
}

/// Nothing has to be remembered.
#[derive(Debug, Serialize, Deserialize)]
pub struct Nothing;

/// All of them.
pub fn all() -> Vec<Described> {
    vec![Described {
        name: "cloudformation",
        options: &[
            ("stack", "name of the stack"),
            ("template", "the template, when the folder has several"),
            ("capabilities", "capabilities that the template needs"),
        ],
        recognise: cloudformation::recognise,
        read: |tree, folder| {
            let facts = cloudformation::read(tree, folder);
            let mut interface = cloudformation::interface(&facts);
            interface.marks_secrets = true;
            (interface, cloudformation::problems(tree, &facts))
        },
    }]
}

/// Nobody knows what it takes.
fn open(reads: Vec<String>) -> Interface {
    Interface {
        open_inputs: true,
        reads,
        ..Interface::default()
    }
}

impl Engine for Described {
    type State = Nothing;

    fn name(&self) -> &'static str {
        self.name
    }
    fn tool(&self) -> Option<ToolQuestion> {
        None
    }
    fn recognise<'a>(&self, tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
        (self.recognise)(tree, folder)
    }
    fn options(&self) -> &'static [(&'static str, &'static str)] {
        self.options
    }
    fn interface(&self, tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
        let here = (self.recognise)(tree, &spec.folder).is_some();
        let (mut interface, problems) = if here {
            (self.read)(tree, &spec.folder)
        } else {
            (open(Vec::new()), Vec::new())
        };
        interface.outputs.extend(declared::interface(spec));
        (interface, problems)
    }
    fn workspace(&self, _task: &Task) -> Workspace {
        Workspace::default()
    }
    fn begin(&self, _task: &Task, _open: &Got) -> Turn<Nothing> {
        Turn::finish(Nothing, refused(unsupported(self.name)))
    }
    fn next(&self, _task: &Task, state: Nothing, _got: &Got) -> Turn<Nothing> {
        Turn::finish(state, refused(unsupported(self.name)))
    }
}

fn unsupported(name: &str) -> String {
    format!(
        "this version of strata checks `{name}` and does not run it yet; run it from a `script` component"
    )
}
