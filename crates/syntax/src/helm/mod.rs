//! A Helm chart, read from its own files: which values it takes, what it depends on, what its templates look at.
//!
//! Templates are not rendered. A value is an input with the type of `values.schema.json`, else with the kind that its
//! default shows; it is required only where a template that always runs asks for it by `required` and nothing gives it.
mod chart;
mod check;
mod given;
mod schema;
mod template;
mod values;

pub use check::problems;
pub use given::{Refused, refused};
pub use values::give;

use crate::said::{Said, within};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::Diagnostic,
    interface::{Input, Interface},
    span::Location,
    tree::Tree,
};

/// How deeply charts in charts are read.
const DEEPEST: usize = 8;

/// A chart that a chart depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependency {
    /// Its name.
    pub name: Option<Said>,
    /// The name of its values in this chart, when it is another.
    pub alias: Option<Said>,
    /// The version that is asked for.
    pub version: Option<Said>,
    /// Where it comes from; nothing for a chart in `charts/`.
    pub repository: Option<Said>,
    /// The value that turns it on.
    pub condition: Option<Said>,
    /// Its folder, for `file://` inside of the platform or an unpacked chart in `charts/`.
    pub folder: Option<String>,
    /// Is there a packed chart in `charts/`?
    pub packed: bool,
    /// The chart itself, where it is here.
    pub chart: Option<Box<HelmFacts>>,
    /// Where it is named.
    pub at: Option<Location>,
}

impl Dependency {
    /// The key of its values.
    pub fn key(&self) -> Option<&str> {
        let named = self.alias.as_ref().or(self.name.as_ref());
        named.map(|s| s.text.as_str())
    }
}

/// A template's look at a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueUse {
    /// The keys after `.Values`.
    pub path: Vec<String>,
    /// Where it stands.
    pub at: Location,
    /// Does the template ask for it by `required`?
    pub required: bool,
    /// Does nothing stand around it that could leave it out?
    pub always: bool,
    /// Do `values.yaml` or the schema know it?
    pub known: bool,
}

/// What says the types of values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TypedBy {
    /// `values.schema.json`
    Schema,
    /// The defaults in `values.yaml`: their kind, which a template may not insist on.
    Defaults,
    /// Nothing.
    #[default]
    Nothing,
}

/// A chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HelmFacts {
    /// Its folder.
    pub folder: String,
    /// `name`
    pub name: Option<Said>,
    /// `version`
    pub version: Option<Said>,
    /// `appVersion`
    pub app_version: Option<Said>,
    /// `kubeVersion`
    pub kube_version: Option<Said>,
    /// Is it a library, which renders nothing itself?
    pub library: bool,
    /// Charts that it depends on, by its files or by what lies in `charts/`.
    pub dependencies: Vec<Dependency>,
    /// Values by name.
    pub inputs: BTreeMap<String, Input>,
    /// What says their types.
    pub typed_by: TypedBy,
    /// Does the schema refuse other values?
    pub closed: bool,
    /// What the templates look at.
    pub uses: Vec<ValueUse>,
    /// Files of the chart that templates read, by literal name.
    pub files: Vec<Said>,
    /// Named templates that it defines.
    pub defines: Vec<Said>,
    /// Named templates that it takes in, by literal name.
    pub includes: Vec<Said>,
    /// Charts that lead back to themselves, as folders with the place of the last step.
    pub cycle: Option<(Vec<String>, Location)>,
    /// Some of it could not be read, so there may be more.
    pub incomplete: bool,
    /// What could not be read, as warnings.
    pub unread: Vec<Diagnostic>,
}

/// The file that makes a folder a chart.
pub fn recognise<'a>(tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
    tree.file(&within(folder, "Chart.yaml"))
        .map(|f| f.path.as_ref())
}

/// Reads the chart in a folder.
pub fn read(tree: &dyn Tree, folder: &str) -> HelmFacts {
    let folder = if folder == "." { "" } else { folder };
    chart::read(tree, folder, &mut Vec::new())
}

/// What a chart takes. It gives nothing by itself: what is to be known of the release is asked of the cluster.
pub fn interface(facts: &HelmFacts) -> Interface {
    let mut found = Interface {
        inputs: facts.inputs.clone(),
        open_inputs: !facts.closed || facts.incomplete,
        ..Interface::default()
    };
    let fact =
        |name: &str, said: &Option<Said>| said.as_ref().map(|s| (name.to_owned(), s.text.clone()));
    found.facts.extend(fact("chart", &facts.name));
    found.facts.extend(fact("version", &facts.version));
    let typed = match facts.typed_by {
        TypedBy::Schema => "schema",
        TypedBy::Defaults => "defaults",
        TypedBy::Nothing => "nothing",
    };
    found.facts.insert("typed-by".to_owned(), typed.to_owned());
    outside(facts, &facts.folder, &mut found);
    found.reads.sort();
    found.reads.dedup();
    found.uncovered.sort();
    found.uncovered.dedup();
    found
}

/// Folders outside of the chart's own, and charts from elsewhere.
fn outside(facts: &HelmFacts, root: &str, found: &mut Interface) {
    for dependency in &facts.dependencies {
        if let Some(folder) = &dependency.folder {
            let own = root.is_empty() || folder.starts_with(&format!("{root}/"));
            if !own {
                found.reads.push(folder.clone());
            }
        } else if let (Some(repository), false) = (&dependency.repository, dependency.packed) {
            let text = |s: &Option<Said>| s.as_ref().map_or(String::new(), |s| s.text.clone());
            let chart = format!(
                "chart {}/{} {}",
                repository.text.trim_end_matches('/'),
                text(&dependency.name),
                text(&dependency.version)
            );
            found.uncovered.push(chart.trim_end().to_owned());
        }
        if let Some(chart) = &dependency.chart {
            outside(chart, root, found);
        }
    }
}

#[cfg(test)]
mod tests;
