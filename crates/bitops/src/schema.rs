//! The keys of a tool: BitOps' `bitops.schema.yaml`, of the tools it brings and of plugins.
use std::sync::Arc;
use strata_core::{diagnostic::Diagnostic, span::Location};
use strata_syntax::{node::Node, yaml};

/// Words that mean something in a schema, so no key can be called like this.
const RESERVED: &[&str] = &[
    "type",
    "properties",
    "parameter",
    "export_env",
    "default",
    "required",
    "enabled",
    "dash_type",
    "description",
];

/// What kind of value a key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A list of texts.
    List,
    /// A text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Flag,
}

impl Kind {
    /// As BitOps finds it: by parts of the word, in this order.
    fn of(word: &str) -> Option<Self> {
        let word = word.to_lowercase();
        let kinds = [
            ("list", Self::List),
            ("string", Self::Text),
            ("int", Self::Number),
            ("bool", Self::Flag),
        ];
        kinds
            .into_iter()
            .find(|(part, _)| word.contains(part))
            .map(|(_, kind)| kind)
    }
    /// What it wants, for messages.
    pub fn wants(self) -> &'static str {
        match self {
            Self::List => "a list of texts",
            Self::Text => "a text",
            Self::Number => "a whole number",
            Self::Flag => "`true` or `false`",
        }
    }
}

/// One key of a tool.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Where it stands below the tool's name: `cli`, `stack-action`.
    pub path: Vec<String>,
    /// What it holds.
    pub kind: Kind,
    /// The word on the tool's command line.
    pub parameter: Option<String>,
    /// The variable that carries it.
    pub export: Option<String>,
    /// What it is when nobody says.
    pub default: Option<Node>,
    /// Must somebody say it?
    pub required: bool,
}

impl Leaf {
    /// As it is written: `cli.stack-action`.
    pub fn key(&self) -> String {
        self.path.join(".")
    }
    /// The last word of it: BitOps' variables know no more.
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
    /// Is it a word of the command line?
    pub fn is_cli(&self) -> bool {
        self.path.first().is_some_and(|p| p == "cli")
    }
}

/// The keys of a tool.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The tool: the first word of its configuration.
    pub root: String,
    /// Its keys, in order.
    pub leaves: Vec<Leaf>,
}

/// The schema of a tool that BitOps brings.
pub fn builtin(tool: &str) -> Option<Schema> {
    let text = match tool {
        "terraform" => include_str!("../data/terraform.yaml"),
        "ansible" => include_str!("../data/ansible.yaml"),
        "helm" => include_str!("../data/helm.yaml"),
        "cloudformation" => include_str!("../data/cloudformation.yaml"),
        "azure" => include_str!("../data/azure.yaml"),
        "gcp" => include_str!("../data/gcp.yaml"),
        _ => return None,
    };
    let origin: Arc<str> = format!("{tool}.yaml").into();
    let (node, _) = yaml::parse(&origin, text);
    Schema::read(node.as_ref()?, &mut Vec::new())
}

impl Schema {
    /// From the text of a schema file.
    pub fn read(node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let root = node.as_map().and_then(|m| m.entries.first());
        let Some(root) = root else {
            problems.push(
                Diagnostic::error(
                    "bitops::wrong-kind",
                    "a schema begins with the name of its plugin",
                )
                .at(node.location()),
            );
            return None;
        };
        let mut leaves = Vec::new();
        walk(
            &root.value,
            &root.key,
            &mut Vec::new(),
            &mut leaves,
            problems,
        );
        Some(Self {
            root: root.key.clone(),
            leaves,
        })
    }
    /// A key.
    pub fn leaf(&self, key: &str) -> Option<&Leaf> {
        self.leaves.iter().find(|l| l.key() == key)
    }
}

fn walk(
    node: &Node,
    root: &str,
    path: &mut Vec<String>,
    out: &mut Vec<Leaf>,
    problems: &mut Vec<Diagnostic>,
) {
    let Some(properties) = node.get("properties").and_then(Node::as_map) else {
        return;
    };
    for entry in &properties.entries {
        let nested = entry.value.get("properties").is_some();
        let word = entry.key.as_str();
        if RESERVED.contains(&word)
            || word == root
            || (!path.is_empty() && ["cli", "options"].contains(&word))
        {
            problems.push(
                Diagnostic::warning(
                    "bitops::wrong-kind",
                    format!("`{word}` is a word of schemas, so no key can be called like this"),
                )
                .at(Location::new(entry.value.origin.clone(), entry.key_span))
                .help("give the key another name"),
            );
            continue;
        }
        path.push(entry.key.clone());
        if nested {
            walk(&entry.value, root, path, out, problems);
        } else {
            out.extend(leaf(&entry.value, path, problems));
        }
        path.pop();
    }
}

fn leaf(node: &Node, path: &[String], problems: &mut Vec<Diagnostic>) -> Option<Leaf> {
    let text = |key: &str| {
        node.get(key)
            .filter(|n| !n.is_null())
            .and_then(Node::as_str)
            .map(str::to_owned)
    };
    let word = text("type").unwrap_or_default();
    if word == "object" {
        return None;
    }
    let Some(kind) = Kind::of(&word) else {
        problems.push(
            Diagnostic::error(
                "bitops::wrong-kind",
                format!("`{}` has no type that BitOps knows", path.join(".")),
            )
            .at(node.location())
            .help("write `type: string`, `integer`, `boolean` or `list`"),
        );
        return None;
    };
    Some(Leaf {
        path: path.to_vec(),
        kind,
        parameter: text("parameter"),
        export: text("export_env"),
        default: node.get("default").filter(|n| !n.is_null()).cloned(),
        required: text("required").is_some_and(|r| r.eq_ignore_ascii_case("true")),
    })
}
