//! `contracts/NAME.yaml`: what every flavor promises to take, to give, and to be.
use crate::{
    decode::{Fields, Problems, expected, text},
    field::Field,
};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::Diagnostic,
    interface::{Input, OutputDecl},
    span::{Location, Span},
};
use strata_syntax::node::{Kind, Node};

/// A named interface.
#[derive(Clone, Debug)]
pub struct Contract {
    /// Its name: the file's.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What every flavor takes.
    pub inputs: BTreeMap<String, Input>,
    /// What it promises.
    pub outputs: BTreeMap<String, OutputDecl>,
    /// Verifiers of whatever provides it; `self` in them is what it promises.
    pub verify: Vec<Field>,
    /// Files that they need: paths and globs, relative to its folder.
    pub reads: Vec<(String, Location)>,
    /// Its file could not be read, so nobody knows what it promises.
    pub unreadable: bool,
    /// Its file.
    pub at: Location,
}

/// Keys of the file.
pub const KEYS: &[&str] = &[
    "version",
    "description",
    "inputs",
    "outputs",
    "verify",
    "reads",
];

impl Contract {
    /// From a file that could not be read.
    pub fn broken(name: &str, at: Location) -> Self {
        Self {
            name: name.to_owned(),
            version: String::new(),
            inputs: BTreeMap::new(),
            outputs: BTreeMap::new(),
            verify: Vec::new(),
            reads: Vec::new(),
            unreadable: true,
            at,
        }
    }
    /// From its file.
    pub fn decode(name: &str, node: Option<&Node>, at: Location, problems: &mut Problems) -> Self {
        let f = Fields::of(node, "a contract", KEYS, problems);
        let mut inputs = BTreeMap::new();
        for (key, key_at, node) in f.entries("inputs", problems) {
            inputs.insert(key.to_owned(), input(node, key_at, problems));
        }
        let mut outputs = BTreeMap::new();
        for (key, key_at, node) in f.entries("outputs", problems) {
            outputs.insert(key.to_owned(), output(node, key_at, problems));
        }
        Self {
            name: name.to_owned(),
            version: f
                .text("version", problems)
                .unwrap_or_else(|| "0.0.0".to_owned()),
            inputs,
            outputs,
            verify: super::component::verify(&f, problems),
            reads: f.texts("reads", problems).unwrap_or_default(),
            unreadable: false,
            at,
        }
    }
    /// Its folder, where its verifiers run.
    pub fn folder(&self) -> &str {
        self.at.file.rsplit_once('/').map_or("", |(dir, _)| dir)
    }
}

/// A type, or `{type, description}`.
fn input(node: &Node, at: Location, problems: &mut Problems) -> Input {
    let Kind::Map(_) = &node.kind else {
        return Input {
            ty: parse_type(node, problems),
            at: Some(at),
            ..Input::default()
        };
    };
    let keys = &["type", "description"];
    let f = Fields::of(Some(node), "an input of a contract", keys, problems);
    Input {
        ty: f
            .get("type")
            .map(|n| parse_type(n, problems))
            .unwrap_or_default(),
        description: f.text("description", problems),
        at: Some(at),
        ..Input::default()
    }
}

/// A type, or `{type, sensitive}`.
fn output(node: &Node, at: Location, problems: &mut Problems) -> OutputDecl {
    if let Kind::Map(_) = &node.kind {
        let f = Fields::of(
            Some(node),
            "an output of a contract",
            &["type", "sensitive", "description"],
            problems,
        );
        return OutputDecl {
            ty: f
                .get("type")
                .map(|n| parse_type(n, problems))
                .unwrap_or_default(),
            sensitive: f.flag("sensitive", problems).unwrap_or(false),
            at: Some(at),
        };
    }
    OutputDecl {
        ty: parse_type(node, problems),
        sensitive: false,
        at: Some(at),
    }
}

/// A type in Terraform's grammar.
pub fn parse_type(node: &Node, problems: &mut Problems) -> strata_core::ty::Type {
    let Some(source) = text(node) else {
        problems.push(expected(
            node,
            "a type",
            "a text such as `string` or `list(string)`",
        ));
        return strata_core::ty::Type::Any;
    };
    match strata_syntax::ty::parse(&source) {
        Ok(ty) => ty,
        Err((span, why)) => {
            let at = Span::new(node.place(span.start), node.place(span.end));
            problems.push(
                Diagnostic::error("file::type", format!("`{source}` is not a type: {why}"))
                    .at(Location::new(node.origin.clone(), at))
                    .help("types are string, number, bool, any, artifact, list(…), map(…), object({…})"),
            );
            strata_core::ty::Type::Any
        }
    }
}
