//! What flows into the value of an expression: of the names that it uses, those whose values are part of the result.
//!
//! A condition decides and does not flow; neither does what only makes a bool, a number or a digest.
use super::{
    ast::{Ast, AstKind, Call, ComprehensionKind, Link, Operator},
    refs::{Reference, Root, leading_steps},
    template::Template,
};
use strata_core::span::Span;

/// Something that flows into a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flow {
    /// A secret, read here.
    Secret(Span),
    /// What a name stands for.
    Name(Reference),
}

/// Functions whose result tells nothing of what they were given.
const TELL_NOTHING: &[&str] = &[
    "size",
    "sha256",
    "startsWith",
    "endsWith",
    "contains",
    "indexOf",
];

/// Everything that flows into the value of a template, in order. Names of comprehension variables are left out: what
/// they go over is named.
pub fn flows(template: &Template) -> Vec<Flow> {
    let mut walk = Walk {
        bound: Vec::new(),
        found: Vec::new(),
    };
    template.expressions().for_each(|ast| walk.go(ast));
    walk.found
}

struct Walk<'a> {
    bound: Vec<&'a str>,
    found: Vec<Flow>,
}

impl<'a> Walk<'a> {
    fn go(&mut self, ast: &'a Ast) {
        match &ast.kind {
            AstKind::Null | AstKind::Bool(_) | AstKind::Number(_) | AstKind::String(_) => {}
            AstKind::Not(_) => {}
            AstKind::Name(_) => self.chain(ast, ast.span, &[]),
            AstKind::Chain(base, links) => self.chain(base, ast.span, links),
            AstKind::Call(call) => self.call(ast, call),
            AstKind::Negate(inner) => self.go(inner),
            AstKind::Operation(first, rest) => {
                let adds = |o: &Operator| o.rank() >= Operator::Add.rank();
                if rest.iter().all(|(o, _)| adds(o)) {
                    self.go(first);
                    rest.iter().for_each(|(_, a)| self.go(a));
                }
            }
            AstKind::If(c) => {
                self.go(&c.then);
                self.go(&c.otherwise);
            }
            AstKind::List(items) => items.iter().for_each(|a| self.go(a)),
            AstKind::Map(entries) => entries.iter().for_each(|(_, v)| self.go(v)),
        }
    }

    fn call(&mut self, ast: &'a Ast, call: &'a Call) {
        match call.name.as_str() {
            "secret" => self.found.push(Flow::Secret(ast.span)),
            "has" => {}
            name if TELL_NOTHING.contains(&name) => {}
            _ => call.arguments.iter().for_each(|a| self.go(a)),
        }
    }

    fn chain(&mut self, base: &'a Ast, whole: Span, links: &'a [Link]) {
        let silent = links.iter().any(|l| match l {
            Link::Method(call) => TELL_NOTHING.contains(&call.name.as_str()),
            Link::Comprehension(c) => {
                matches!(c.kind, ComprehensionKind::All | ComprehensionKind::Exists)
            }
            _ => false,
        });
        if silent {
            return;
        }
        let (steps, _) = leading_steps(links);
        match (&base.kind, base.called_with("env")) {
            (AstKind::Name(name), _) if self.bound.contains(&name.as_str()) => {}
            (AstKind::Name(name), _) => self.name(whole, Root::Name(name.clone()), steps),
            (_, Some(env)) => {
                use super::refs::Step;
                if let Some((Step::Field(name) | Step::Key(name), rest)) = steps.split_first() {
                    let root = Root::Env {
                        env: env.to_owned(),
                        name: name.clone(),
                    };
                    self.name(whole, root, rest.to_vec());
                }
            }
            _ => self.go(base),
        }
        for link in links {
            match link {
                Link::Field { .. } | Link::Index(_) => {}
                Link::Method(call) => call.arguments.iter().for_each(|a| self.go(a)),
                Link::Comprehension(c) => {
                    self.bound.push(&c.variable);
                    self.go(&c.body);
                    self.bound.pop();
                }
            }
        }
    }

    fn name(&mut self, span: Span, root: Root, steps: Vec<super::refs::Step>) {
        self.found.push(Flow::Name(Reference {
            span,
            root,
            steps,
            guards: Vec::new(),
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{expr::parse_template, yaml};
    use std::sync::Arc;

    fn names(source: &str) -> Vec<String> {
        let (node, _) = yaml::parse(&Arc::from("f"), &format!("a: '{source}'"));
        let (template, problems) = parse_template(node.unwrap().get("a").unwrap());
        assert!(problems.is_empty(), "{problems:?}");
        flows(&template.unwrap())
            .into_iter()
            .map(|f| match f {
                Flow::Secret(_) => "secret".to_owned(),
                Flow::Name(r) => format!("{:?}", r.root),
            })
            .collect()
    }

    #[test]
    fn what_is_part_of_the_result_flows() {
        let n = |s: &str| format!("Name({s:?})");
        assert_eq!(
            names("${{ a.outputs.x }}-${{ b.outputs.y }}"),
            [n("a"), n("b")]
        );
        assert_eq!(names("${{ {\"k\": secret(\"env:X\")} }}"), ["secret"]);
        assert_eq!(names("${{ base64(a.outputs.x + \"1\") }}"), [n("a")]);
        assert_eq!(
            names("${{ a.outputs.l.map(v, v + b.outputs.y) }}"),
            [n("a"), n("b")]
        );
    }

    #[test]
    fn what_only_decides_does_not() {
        for source in [
            "${{ a.outputs.x == \"1\" }}",
            "${{ sha256(secret(\"env:X\")) }}",
            "${{ size(a.outputs.x) }}",
            "${{ !a.outputs.on }}",
            "${{ a.outputs.x.startsWith(\"b\") }}",
            "${{ has(a.outputs.x) }}",
        ] {
            assert!(names(source).is_empty(), "{source}");
        }
        assert_eq!(
            names("${{ a.outputs.on ? b.outputs.x : c.outputs.x }}"),
            ["Name(\"b\")", "Name(\"c\")"]
        );
    }
}
