//! CloudFormation templates in YAML (with tags) and JSON: parameters, outputs, exports and imports, and what refers to
//! what. Intrinsic functions are named, not evaluated.
//!
//! A template with a macro may hold more than its file shows; what SAM makes is named after what asks for it.
mod check;
mod cycles;
mod template;
mod uses;

pub use check::problems;

use crate::{
    kept,
    node::Node,
    said::{Said, direct, entries},
};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::Diagnostic,
    interface::{Input, Interface, OutputDecl},
    span::Location,
    tree::Tree,
    ty::Type,
    value::Value,
};

/// Endings of files that may be templates.
const ENDINGS: [&str; 5] = [".yaml", ".yml", ".json", ".template", ".cfn"];
/// Names that come first where a folder has several templates.
const FIRST: [&str; 6] = [
    "template",
    "main",
    "root",
    "index",
    "stack",
    "cloudformation",
];
/// How many nested templates are followed.
const MOST: usize = 500;

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its type as the template says it: `List<AWS::EC2::Subnet::Id>`.
    pub declared: String,
    /// Its type.
    pub ty: Type,
    /// The default, a list for a list.
    pub default: Option<Value>,
    /// The default as it is written.
    pub default_said: Option<Said>,
    /// `AllowedValues`
    pub allowed: Vec<Said>,
    /// `AllowedPattern`, `MinLength`, `MaxLength`, `MinValue`, `MaxValue`, as far as they are said.
    pub constraints: BTreeMap<String, Value>,
    /// `NoEcho`
    pub no_echo: bool,
    /// `Description`
    pub description: Option<String>,
    /// Where it is declared.
    pub at: Location,
}

/// A name that stacks share: literal, or the text of a substitution (`${AWS::StackName}-vpc`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The text.
    pub name: Said,
    /// Is it all of the name?
    pub literal: bool,
}

/// An output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The name under which others import it.
    pub export: Option<Shared>,
    /// The condition that it needs.
    pub condition: Option<Said>,
    /// `Description`
    pub description: Option<String>,
    /// Where it is declared.
    pub at: Location,
}

/// A resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its type: `AWS::EC2::VPC`.
    pub kind: String,
    /// The condition that it needs.
    pub condition: Option<Said>,
    /// Where it is declared.
    pub at: Location,
}

/// How one thing refers to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// `Ref`
    Ref,
    /// `Fn::GetAtt`
    GetAtt,
    /// `${…}` in `Fn::Sub`
    Sub,
    /// A condition, by its name.
    Condition,
    /// `DependsOn`
    DependsOn,
    /// `Fn::FindInMap`
    Mapping,
}

/// A reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What kind of reference.
    pub by: By,
    /// The name it means.
    pub name: String,
    /// The attribute, where it names one: `Outputs.VpcId`.
    pub attribute: Option<String>,
    /// The resource in which it stands.
    pub from: Option<String>,
    /// Does it stand where a condition may take it away, or where it makes no order?
    pub loose: bool,
    /// Where it stands.
    pub at: Location,
}

/// A stack in a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nested {
    /// The resource.
    pub resource: String,
    /// `TemplateURL`, where it is literal.
    pub url: Option<Said>,
    /// The template, when the URL is a path in the platform.
    pub path: Option<String>,
    /// The parameters that it is given; `None` when they are computed.
    pub parameters: Option<Vec<Said>>,
}

/// One template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// Its file.
    pub path: String,
    /// Parameters by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// Outputs by name.
    pub outputs: BTreeMap<String, Output>,
    /// Resources by name.
    pub resources: BTreeMap<String, Resource>,
    /// Conditions by name.
    pub conditions: BTreeMap<String, Location>,
    /// Mappings by name.
    pub mappings: BTreeMap<String, Location>,
    /// Names that it imports.
    pub imports: Vec<Shared>,
    /// Macros that change it: `AWS::Serverless-2016-10-31`.
    pub transforms: Vec<Said>,
    /// What refers to what.
    pub references: Vec<Reference>,
    /// Stacks in it.
    pub nested: Vec<Nested>,
    /// A macro may add to it, or some of it could not be read.
    pub open: bool,
}

/// The templates of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloudFormationFacts {
    /// The folder.
    pub folder: String,
    /// The template that the others serve, when there is one.
    pub main: Option<String>,
    /// Templates of the folder and those that they nest, by path.
    pub templates: BTreeMap<String, Template>,
    /// What could not be read, as warnings.
    pub unread: Vec<Diagnostic>,
}

/// The file that makes a folder one of CloudFormation's: its main template.
pub fn recognise<'a>(tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
    let mut found: Option<(usize, &str)> = None;
    for (path, name) in candidates(tree, folder) {
        let stem = name.split('.').next().unwrap_or(name);
        let rank = FIRST
            .iter()
            .position(|f| stem.eq_ignore_ascii_case(f))
            .unwrap_or(FIRST.len());
        let better = found.is_none_or(|(best, _)| rank < best);
        if better && parse(tree, path).is_some_and(|node| is_template(&node)) {
            found = Some((rank, path));
        }
    }
    found.map(|(_, path)| path)
}

/// Reads the templates in a folder.
pub fn read(tree: &dyn Tree, folder: &str) -> CloudFormationFacts {
    let mut facts = CloudFormationFacts {
        folder: folder.to_owned(),
        ..CloudFormationFacts::default()
    };
    let mut wanted: Vec<String> = candidates(tree, folder)
        .filter(|(path, _)| parse(tree, path).is_some_and(|node| is_template(&node)))
        .map(|(path, _)| path.to_owned())
        .collect();
    while let Some(path) = wanted.pop() {
        if facts.templates.contains_key(&path) || facts.templates.len() >= MOST {
            continue;
        }
        let template = read_template(tree, &path);
        wanted.extend(template.nested.iter().filter_map(|n| {
            let path = n.path.as_ref()?;
            tree.file(path).map(|f| f.path.to_string())
        }));
        facts.templates.insert(path, template);
    }
    let inner = facts.templates.values().flat_map(|t| &t.nested);
    let inner: Vec<&str> = inner.filter_map(|n| n.path.as_deref()).collect();
    let mut outer = facts
        .templates
        .keys()
        .filter(|p| !inner.contains(&p.as_str()));
    facts.main = match (outer.next(), outer.next()) {
        (Some(one), None) => Some(one.clone()),
        _ => recognise(tree, folder).map(str::to_owned),
    };
    facts
}

/// Reads one template.
pub fn read_template(tree: &dyn Tree, path: &str) -> Template {
    template::read(tree, path)
}

/// What the main template of a folder takes and gives.
pub fn interface(facts: &CloudFormationFacts) -> Interface {
    let main = facts.main.as_ref().and_then(|m| facts.templates.get(m));
    let mut found = main.map(interface_of).unwrap_or_default();
    let own =
        |path: &str| facts.folder.is_empty() || path.starts_with(&format!("{}/", facts.folder));
    let outside = facts.templates.keys().filter(|path| !own(path));
    found.reads = outside.cloned().collect();
    found
}

/// What one template takes and gives.
pub fn interface_of(template: &Template) -> Interface {
    let inputs = template.parameters.iter().map(|(name, p)| {
        let input = Input {
            ty: p.ty.clone(),
            optional: p.default_said.is_some(),
            default: p.default.clone(),
            sensitive: p.no_echo,
            description: p.description.clone(),
            at: Some(p.at.clone()),
        };
        (name.clone(), input)
    });
    let outputs = template.outputs.iter().map(|(name, o)| {
        let output = OutputDecl {
            ty: Type::String,
            sensitive: false,
            at: Some(o.at.clone()),
        };
        (name.clone(), output)
    });
    let imported = template.imports.iter();
    let remote = template.nested.iter().filter(|n| n.path.is_none());
    Interface {
        inputs: inputs.collect(),
        outputs: outputs.collect(),
        open_inputs: template.open,
        open_outputs: template.open,
        uncovered: imported
            .map(|i| format!("import {}", i.name.text))
            .chain(remote.map(|n| format!("stack {}", n.resource)))
            .collect(),
        ..Interface::default()
    }
}

fn candidates<'a>(tree: &'a dyn Tree, folder: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    direct(tree, folder).filter(|(_, name)| ENDINGS.iter().any(|e| name.ends_with(e)))
}

/// A template as a tree: JSON by its name or its first character, else YAML.
fn parse(tree: &dyn Tree, path: &str) -> Option<Node> {
    let json = || kept::json(tree, path).ok().and_then(|(node, _)| node);
    if path.ends_with(".json") {
        return json();
    }
    // YAML reads JSON too, but for the tabs in it
    let (node, _) = kept::yaml(tree, path).ok()?;
    node.or_else(|| json().filter(|_| path.ends_with(".template")))
}

/// Has it resources of CloudFormation?
fn is_template(node: &Node) -> bool {
    let typed = |kind: &str| kind.starts_with("AWS::") || kind.starts_with("Custom::");
    let mut kinds = entries(node.get("Resources"))
        .iter()
        .filter_map(|e| e.value.get("Type").and_then(Node::as_str));
    node.get("Resources").is_some()
        && (node.get("AWSTemplateFormatVersion").is_some() || kinds.any(typed))
}

#[cfg(test)]
mod tests;
