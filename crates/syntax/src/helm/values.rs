//! Values of a chart as inputs: from the schema, the defaults, the charts inside, and what templates insist on.
use super::{
    HelmFacts, TypedBy,
    chart::yaml,
    schema::{Schema, shape},
};
use crate::{
    kept,
    node::Node,
    said::{entries, place, unreadable, within},
};
use strata_core::{
    interface::{Input, Interface},
    tree::Tree,
    ty::{Field, Fields, Type},
};

pub(super) fn read(tree: &dyn Tree, facts: &mut HelmFacts) {
    let path = within(&facts.folder, "values.yaml");
    let defaults = match tree.file(&path) {
        Some(_) => yaml(tree, &path, facts),
        None => None,
    };
    if defaults.is_some() {
        facts.typed_by = TypedBy::Defaults;
    }
    let schema = schema(tree, facts);
    if let Some(node) = &schema {
        facts.by_schema(node, defaults.as_ref());
    }
    facts.by_defaults(defaults.as_ref());
    facts.by_charts();
    facts.by_uses(defaults.as_ref());
}

fn schema(tree: &dyn Tree, facts: &mut HelmFacts) -> Option<Node> {
    let path = within(&facts.folder, "values.schema.json");
    tree.file(&path)?;
    let node = kept::json(tree, &path).ok().and_then(|(node, _)| node);
    if node.is_none() {
        facts.incomplete = true;
        facts.unread.push(unreadable("helm::unreadable", &path));
    }
    node
}

impl HelmFacts {
    fn by_schema(&mut self, node: &Node, defaults: Option<&Node>) {
        let schema = Schema::new(node);
        self.typed_by = TypedBy::Schema;
        self.closed = schema.is_closed();
        for property in schema.properties() {
            let given = defaults.and_then(|d| d.get(&property.entry.key));
            let mut ty = property.ty;
            if let Some(given) = given {
                fill(&mut ty, given);
            }
            let text = |key: &str| property.schema.get(key).and_then(Node::as_str);
            let input = Input {
                ty,
                optional: !property.required || given.is_some_and(|n| !n.is_null()),
                default: None,
                sensitive: text("format") == Some("password"),
                description: text("description").map(str::to_owned),
                at: Some(place(property.entry)),
            };
            self.inputs.insert(property.entry.key.clone(), input);
        }
    }
    fn by_defaults(&mut self, defaults: Option<&Node>) {
        for entry in entries(defaults) {
            let value = (!entry.value.is_null()).then(|| entry.value.to_value());
            if let Some(known) = self.inputs.get_mut(&entry.key) {
                known.default = value;
                continue;
            }
            let input = Input {
                ty: match self.typed_by {
                    // a schema that leaves a value out leaves it open
                    TypedBy::Schema => Type::Any,
                    _ => shape(&entry.value),
                },
                optional: true,
                default: value,
                at: Some(place(entry)),
                ..Input::default()
            };
            self.inputs.insert(entry.key.clone(), input);
        }
    }
    /// Values of the charts inside, which this chart may be given too. What both say is unknown, since they merge.
    fn by_charts(&mut self) {
        for dependency in &self.dependencies {
            let Some(key) = dependency.key() else {
                continue;
            };
            let ty = match &dependency.chart {
                Some(chart) if !chart.inputs.is_empty() => {
                    let fields = chart
                        .inputs
                        .iter()
                        .map(|(name, input)| (name.clone(), Field::optional(input.ty.clone())));
                    Type::Object(fields.collect())
                }
                _ => Type::Any,
            };
            let at = dependency.at.clone();
            self.inputs
                .entry(key.to_owned())
                .and_modify(|known| known.ty = Type::Any)
                .or_insert_with(|| Input {
                    ty,
                    optional: true,
                    at,
                    ..Input::default()
                });
        }
        // every chart takes `global`, for the charts inside
        if self.closed || !self.dependencies.is_empty() {
            self.inputs
                .entry("global".to_owned())
                .or_insert_with(|| Input {
                    optional: true,
                    ..Input::default()
                });
        }
    }
    fn by_uses(&mut self, defaults: Option<&Node>) {
        let mut uses = std::mem::take(&mut self.uses);
        for found in &mut uses {
            let ty = self.inputs.get(&found.path[0]).map(|i| &i.ty);
            found.known = ty.is_some_and(|ty| knows(ty, &found.path[1..]));
            let wanted = found.required && found.always && !self.library;
            if wanted && !given(defaults, &found.path) && !self.incomplete {
                let input = self
                    .inputs
                    .entry(found.path[0].clone())
                    .or_insert_with(|| Input {
                        at: Some(found.at.clone()),
                        ..Input::default()
                    });
                input.optional = false;
                insist(&mut input.ty, &found.path[1..]);
            }
        }
        self.uses = uses;
    }
}

/// Does a type know a path inside it? What is unknown may have it.
fn knows(ty: &Type, path: &[String]) -> bool {
    match (ty, path.split_first()) {
        (Type::Object(fields), Some((key, rest))) => {
            fields.get(key).is_some_and(|f| knows(&f.ty, rest))
        }
        _ => true,
    }
}

/// Do the defaults give a value that `required` takes?
fn given(defaults: Option<&Node>, path: &[String]) -> bool {
    let found = path
        .iter()
        .try_fold(defaults, |node, key| node.map(|n| n.get(key)));
    found
        .flatten()
        .is_some_and(|n| !n.is_null() && n.as_str() != Some(""))
}

/// Makes a path inside a type one that must be there.
fn insist(ty: &mut Type, path: &[String]) {
    let Some((key, rest)) = path.split_first() else {
        return;
    };
    if *ty == Type::Any {
        *ty = Type::Object(Fields::new());
    }
    if let Type::Object(fields) = ty {
        let field = fields
            .entry(key.clone())
            .or_insert(Field::required(Type::Any));
        field.optional = false;
        insist(&mut field.ty, rest);
    }
}

/// Takes values into account that are given beside the inputs: what they give is asked for no more.
pub fn give(interface: &mut Interface, values: &Node) {
    for entry in entries(Some(values)) {
        if let Some(input) = interface
            .inputs
            .get_mut(&entry.key)
            .filter(|_| !entry.value.is_null())
        {
            input.optional = true;
            fill(&mut input.ty, &entry.value);
        }
    }
}

/// What the defaults give need not be given again.
fn fill(ty: &mut Type, defaults: &Node) {
    if let Type::Object(fields) = ty {
        for entry in entries(Some(defaults)) {
            if let Some(field) = fields
                .get_mut(&entry.key)
                .filter(|_| !entry.value.is_null())
            {
                field.optional = true;
                fill(&mut field.ty, &entry.value);
            }
        }
    }
}
