//! Intrinsic functions in a template: what they name.
use super::{By, Reference, Template, template};
use crate::{
    node::{Kind, Node},
    said::{self, Said, entries},
};
use strata_core::{span::Location, tree::Tree};

/// Functions that only work on values.
const FUNCTIONS: [&str; 20] = [
    "And",
    "Base64",
    "Cidr",
    "Contains",
    "EachMemberEquals",
    "EachMemberIn",
    "Equals",
    "GetAZs",
    "GetStackOutput",
    "Join",
    "Length",
    "Not",
    "Or",
    "RefAll",
    "Select",
    "Split",
    "ToJsonString",
    "Transform",
    "ValueOf",
    "ValueOfAll",
];

/// An intrinsic function and its argument: by tag (`!Ref x`) or by key (`{"Ref": "x"}`).
pub(super) fn call(node: &Node) -> Option<(&str, &Node)> {
    if let Some(tag) = &node.tag {
        return Some((tag.trim_start_matches('!'), node));
    }
    let [entry] = entries(Some(node)) else {
        return None;
    };
    let name = match entry.key.as_str() {
        key @ ("Ref" | "Condition") => key,
        key => key.strip_prefix("Fn::")?,
    };
    Some((name, &entry.value))
}

/// Finds every reference in the sections that may have them.
pub(super) fn gather(tree: &dyn Tree, root: &Node, out: &mut Template) {
    let mut walk = Walk {
        tree,
        out,
        from: None,
        loose: true,
        conditions: true,
    };
    for entry in entries(root.get("Conditions")) {
        walk.node(&entry.value, &[]);
    }
    walk.conditions = false;
    for entry in entries(root.get("Resources")) {
        let conditional = entry.value.get("Condition").is_some();
        walk.from = Some(entry.key.clone());
        for part in entries(Some(&entry.value)) {
            walk.loose = conditional || part.key != "Properties";
            if !matches!(part.key.as_str(), "Condition" | "DependsOn" | "Type") {
                walk.node(&part.value, &[]);
            }
        }
    }
    walk.from = None;
    walk.loose = true;
    if let Some(outputs) = root.get("Outputs") {
        walk.node(outputs, &[]);
    }
}

struct Walk<'w> {
    tree: &'w dyn Tree,
    out: &'w mut Template,
    from: Option<String>,
    loose: bool,
    /// Inside of `Conditions`, where `Condition` names one.
    conditions: bool,
}

impl Walk<'_> {
    /// A node; `own` are names that a substitution around it gives itself.
    fn node(&mut self, node: &Node, own: &[&str]) {
        let Some((name, inner)) = call(node) else {
            return self.parts(node, own);
        };
        match name {
            "Ref" => {
                if let Some(said) = Said::of(inner) {
                    self.refer(By::Ref, &said.text, None, said.at);
                }
            }
            "GetAtt" => self.attribute(inner, own),
            "Sub" => self.substitution(inner, own),
            "ImportValue" => {
                let text = if inner.tag.as_deref() == Some("!ImportValue") {
                    Said::of(inner).map(|name| super::Shared {
                        name,
                        literal: true,
                    })
                } else {
                    template::shared(inner)
                };
                self.out.imports.extend(text);
                self.argument(node, inner, own);
            }
            "If" => {
                let loose = std::mem::replace(&mut self.loose, true);
                self.named(By::Condition, inner, own);
                self.loose = loose;
            }
            "FindInMap" => self.named(By::Mapping, inner, own),
            "Condition" if self.conditions || node.tag.is_some() => {
                if let Some(said) = Said::of(inner) {
                    self.refer(By::Condition, &said.text, None, said.at);
                }
            }
            _ => {
                // what a macro puts here is not in the file
                self.out.open |= name == "Transform" || name.starts_with("ForEach");
                // a tag of another tool
                self.out.open |= node.tag.is_some() && !FUNCTIONS.contains(&name);
                self.argument(node, inner, own);
            }
        }
    }
    /// What a function is given: of a tag that is the node itself, of which only the parts are left to look at.
    fn argument(&mut self, node: &Node, inner: &Node, own: &[&str]) {
        if node.tag.is_some() {
            self.parts(inner, own);
        } else {
            self.node(inner, own);
        }
    }
    fn parts(&mut self, node: &Node, own: &[&str]) {
        match &node.kind {
            Kind::Scalar(_) => {}
            Kind::List(items) => items.iter().for_each(|n| self.node(n, own)),
            Kind::Map(map) => {
                for entry in &map.entries {
                    self.out.open |=
                        entry.key.starts_with("Fn::ForEach") || entry.key == "Fn::Transform";
                    self.node(&entry.value, own);
                }
            }
        }
    }
    fn refer(&mut self, by: By, name: &str, attribute: Option<&str>, at: Location) {
        self.out.references.push(Reference {
            by,
            name: name.to_owned(),
            attribute: attribute.map(str::to_owned),
            from: self.from.clone(),
            loose: self.loose,
            at,
        });
    }
    /// A list that begins with a name.
    fn named(&mut self, by: By, inner: &Node, own: &[&str]) {
        let Some((first, rest)) = inner.as_list().and_then(<[Node]>::split_first) else {
            return self.parts(inner, own);
        };
        match Said::of(first).filter(|_| first.tag.is_none()) {
            Some(said) => self.refer(by, &said.text, None, said.at),
            None => self.node(first, own),
        }
        rest.iter().for_each(|n| self.node(n, own));
    }
    /// `A.B.C`, or a list of the name and the attribute.
    fn attribute(&mut self, inner: &Node, own: &[&str]) {
        if let Some(text) = inner.as_str() {
            let (name, attribute) = text.split_once('.').unwrap_or((text, ""));
            let at = said::part(inner, 0, text.len());
            self.refer(By::GetAtt, name, Some(attribute), at);
        } else if let Some([name, attribute, ..]) = inner.as_list() {
            if let Some(said) = Said::of(name).filter(|_| name.tag.is_none()) {
                let literal = attribute.as_str().filter(|_| attribute.tag.is_none());
                self.refer(By::GetAtt, &said.text, literal, said.at);
            }
            self.node(attribute, own);
        }
    }
    fn substitution(&mut self, inner: &Node, own: &[&str]) {
        let (text, values) = match inner.as_list() {
            Some([text, values, ..]) => (text, Some(values)),
            Some([text]) => (text, None),
            _ => (inner, None),
        };
        let mut names: Vec<&str> = own.to_vec();
        names.extend(entries(values).iter().map(|e| e.key.as_str()));
        if let Some(written) = text.as_str() {
            for (start, name) in variables(written) {
                let (first, attribute) = match name.split_once('.') {
                    Some((first, attribute)) => (first, Some(attribute)),
                    None => (name, None),
                };
                if names.contains(&name) {
                    continue;
                }
                let exact = said::part(text, start + 2, start + 2 + name.len());
                let at = if exact == text.location() {
                    let mut at = template::find(self.tree, text, &format!("${{{name}}}"));
                    if at != exact {
                        at.span = strata_core::span::Span::new(at.span.start + 2, at.span.end - 1);
                    }
                    at
                } else {
                    exact
                };
                self.refer(By::Sub, first, attribute, at);
            }
        }
        if let Some(values) = values {
            self.parts(values, own);
        }
    }
}

/// Each `${Name}` of a text with its place; `${!Name}` and what is no name are left out.
fn variables(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices("${").filter_map(|(start, _)| {
        let rest = &text[start + 2..];
        let name = &rest[..rest.find('}')?];
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == ':';
        (!name.is_empty() && name.chars().all(fine)).then_some((start, name))
    })
}
