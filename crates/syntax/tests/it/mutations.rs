//! Broken texts: no reader panics, every place is inside its file and between characters.
use std::sync::Arc;
use strata_core::{
    diagnostic::Diagnostic,
    span::Span,
    tree::{MemoryTree, Tree},
    value::Term,
};
use strata_syntax::{
    expr::{self, Item, Scope, TypeScope},
    hcl, json,
    node::{Kind, Node, merge},
    packer, terraform, ty, yaml,
};

const YAML: &[&str] = &[
    "# é\nextends: [{name: dev, imports: true}]\nvalues: &v {account: \"1\\u00e9\\n\", regions: {eu-1: {cidr: 10.1.0.0/16}}}\ncomponents:\n  vpc:\n    <<: *v\n    inputs: {cidr: '${{ values.regions[each.key].cidr }}'}\n    text: |-\n      a ${{ x.y }}\n      b\n    folded: >\n      one ${{ z }}\n      two\n",
    "a: ${{ x ? \"y\" : 'z' }}\nb: {c: ${{ d }}}\n- e\n? [f]\n: !Ref g\nh: \"${{ \\\"i\\\" }}\" # ${{ j\nk: ${{ \"l # m\" }}\n",
    "---\n😀: 'it''s ${{ a }}'\nlist:\n- 1.10\n- ~\n-\n  - x\n...\n",
];
const JSON: &[&str] = &[
    "\u{feff}{\"a\": [1.10, -3e5, true, null], \"é\\u00e9\\ud83d\\ude00\": {\"b\": \"${{ c }}\\n\"}}\n",
];
const EXPRESSIONS: &[&str] = &[
    "values.zones.map(z, z + \"é\").filter(x, x != 'a').join(\",\") + string(-1.5e3 * 2 % 7)",
    "a ? b[c[\"d\"]].e : !f && g in [1, 2] || {\"h\": i} == null",
    "cidrsubnet(\"10.0.0.0/16\", 8, 2) + cidrhost('fd00::/64', -1).substring(1, 2) + secret(\"env:X\") + env(\"o\").d.e",
    "json(merge({\"a\": values}, {\"b\": [1.10]})) + yaml(values) + base64(\"x\") + sha256(\"y\") + lookup(values, \"q\", 1)",
];
const TYPES: &[&str] = &[
    "object({ \"a\" = optional(list(map(string)), { x = \"é)\" }) # c\n b : tuple([bool, set(any)]) })",
];
const HCL: &[&str] = &[
    "variable \"é\" {\n  type = list(object({ a = string }))\n  default = [{ a = \"${x}$${y}\" }, 1.10]\n}\nlocals {\n  t = <<-EOT\n    ${join(\",\", [for k, v in x : \"}\"])}\n  EOT\n  f = file(\"${path.module}/x\") # \"\n}\nterraform {\n  backend \"s3\" { key = \"k\" }\n  required_providers { a = { source = \"b/c\" } }\n}\nmodule \"m\" { source = \"./m\" }\n",
    "source \"null\" \"a\" {}\nbuild {\n  sources = [\"source.null.a\"]\n}\nvariables {\n  x = { a = -1 }\n}\n/* open",
    "variable \"a\" {\n  type = string\n}\nlocals {\n  é = { a : var.a, (var.b) = [for x in local.é : nonsensitive(x.y)...] }\n}\nmodule \"m\" {\n  source = \"./m\"\n  a = local.é[0].b\n  providers = { aws = aws.x }\n}\noutput \"o\" {\n  value = try(module.m[0].o, module.m.*.o, \"%{ if true ~}é\\u00e9${~ 5-1 ~}%{ endif }\")\n}\ndata \"terraform_remote_state\" \"s\" {\n  config = { k = data.terraform_remote_state.s[\"é\"].outputs[\"x\"].y }\n}\nresource \"local_file\" \"f\" {\n  provider = p.q\n  content = true ? file(\n    \"x\") : fileset(path.root, \"*\")\n  lifecycle { ignore_changes = [var.a] }\n}\n",
];

/// A small generator of numbers (xorshift): the same in every run.
struct Random(u64);
impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (n.max(1) as u64)).unwrap_or(0)
    }
}

/// A text with a few characters taken out, doubled, moved or put in.
fn broken(text: &str, random: &mut Random) -> String {
    const BITS: &[&str] = &[
        "\"",
        "'",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "${",
        "${{",
        "}}",
        "\n",
        "\t",
        "  ",
        ":",
        ": ",
        "- ",
        "#",
        " #",
        "*a",
        "&a ",
        "<<: ",
        "<<EOT\n",
        "EOT\n",
        "=",
        ".",
        ",",
        "é",
        "😀",
        "\u{feff}",
        "\0",
        "\\",
        "\\u",
        "!",
        "%",
        "?",
        "|",
        ">",
        "0",
        "e9",
        "-",
        "/*",
        "//",
        "\r\n",
        "\r",
        "\u{2028}",
        "---\n",
        "optional(",
        ".map(x, ",
    ];
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=random.below(4) {
        let at = random.below(chars.len() + 1);
        let len = random.below(12).min(chars.len() - at);
        match random.below(5) {
            0 => drop(chars.drain(at..at + len)),
            1 => {
                let piece: Vec<char> = chars[at..at + len].to_vec();
                let to = random.below(chars.len() + 1);
                chars.splice(to..to, piece);
            }
            2 => chars.truncate(at),
            _ => {
                let bit = BITS[random.below(BITS.len())];
                chars.splice(at..at, bit.chars());
            }
        }
    }
    chars.into_iter().collect()
}

pub fn rounds(sources: &[&str], count: usize, check: &mut dyn FnMut(&str)) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for i in 0..count {
        check(&broken(sources[i % sources.len()], &mut random));
    }
    sources.iter().for_each(|s| check(s));
}

fn inside(text: &str, span: Span) {
    assert!(
        text.get(span.start as usize..span.end as usize).is_some(),
        "{span:?} is no part of {text:?}"
    );
}
fn places(text: &str, problems: &[Diagnostic]) {
    for p in problems {
        p.at.iter()
            .chain(p.related.iter().map(|(at, _)| at))
            .for_each(|at| inside(text, at.span));
    }
}

/// The same for findings in several files.
fn places_of(tree: &MemoryTree, problems: &[Diagnostic]) {
    for p in problems {
        for at in p.at.iter().chain(p.related.iter().map(|(at, _)| at)) {
            inside(&tree.text(&at.file).unwrap(), at.span);
        }
    }
}

struct Nothing;
impl Scope for Nothing {
    fn name(&self, name: &str) -> Option<Item<'_>> {
        let zones = || Term::List(vec![Term::String("é".into()), Term::String("b".into())]);
        match name {
            "values" => Some(Item::Term(Term::Map(
                [("zones".to_owned(), zones())].into(),
            ))),
            "a" => Some(Item::Term(Term::Bool(true))),
            "g" => Some(Item::Term(Term::Null)),
            _ => None,
        }
    }
    fn env(&self, _: &str, _: &str) -> Option<Item<'_>> {
        None
    }
    fn secret(&self, spec: &str) -> Result<Term, String> {
        Err(format!("no {spec}"))
    }
}
impl TypeScope for Nothing {
    fn name(&self, name: &str) -> Option<strata_core::ty::Type> {
        ty::parse(if name == "values" {
            "object({zones = list(string)})"
        } else {
            "any"
        })
        .ok()
    }
    fn env(&self, _: &str, _: &str) -> Option<strata_core::ty::Type> {
        None
    }
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

fn whole_tree(text: &str, node: &Node) {
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        inside(text, node.span);
        match &node.kind {
            Kind::List(items) => open.extend(items),
            Kind::Map(map) => {
                map.entries.iter().for_each(|e| inside(text, e.key_span));
                open.extend(map.entries.iter().map(|e| &e.value));
            }
            Kind::Scalar(_) => {
                let (template, problems) = expr::parse_template(node);
                places(text, &problems);
                let Some(template) = template else { continue };
                expr::references(&template)
                    .iter()
                    .for_each(|r| inside(text, r.span));
                expr::secrets(&template)
                    .iter()
                    .for_each(|s| inside(text, s.span));
                let mut problems = Vec::new();
                expr::check(&template, &Nothing, &mut problems);
                places(text, &problems);
                if let Err(e) = expr::eval(&template, &Nothing) {
                    inside(text, e.span);
                }
            }
        }
    }
}

#[test]
fn yaml_never_panics_and_places_are_places() {
    rounds(YAML, 20_000, &mut |text| {
        let (node, problems) = yaml::parse(&Arc::from("f.yaml"), text);
        places(text, &problems);
        if let Some(node) = node {
            whole_tree(text, &node);
            let merged = merge(&node, &node);
            assert!(merged.to_value().to_json().to_string().len() < 10_000_000);
        }
    });
}

#[test]
fn json_never_panics_and_agrees_with_another_reader() {
    rounds(JSON, 20_000, &mut |text| {
        let (node, problems) = json::parse(&Arc::from("f.json"), text);
        places(text, &problems);
        if let Some(node) = &node {
            whole_tree(text, node);
        }
        let other: Result<serde_json::Value, _> =
            serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
        if let (Ok(other), Some(node)) = (&other, &node) {
            let duplicate = problems.iter().any(|p| p.code == "json::duplicate-key");
            assert!(duplicate || node.to_value().to_json() == *other, "{text:?}");
        }
        let mine = problems.iter().all(|p| p.code != "json::syntax") && node.is_some();
        assert_eq!(mine, other.is_ok(), "{text:?}: {problems:?} {other:?}");
    });
}

#[test]
fn expressions_never_panic_and_places_are_places() {
    rounds(EXPRESSIONS, 20_000, &mut |text| match expr::parse(text) {
        Ok(ast) => {
            inside(text, ast.span);
            if let Err(e) = expr::eval_ast(&ast, &Nothing) {
                inside(text, e.span);
            }
            let mut problems = Vec::new();
            expr::check_ast(&ast, &Arc::from("f"), &Nothing, &mut problems);
            places(text, &problems);
            expr::references_of(&ast)
                .iter()
                .for_each(|r| inside(text, r.span));
        }
        Err(errors) => {
            assert!(!errors.is_empty());
            errors.iter().for_each(|e| inside(text, e.span));
        }
    });
}

#[test]
fn types_never_panic_and_places_are_places() {
    rounds(TYPES, 20_000, &mut |text| match ty::parse(text) {
        Ok(found) => {
            // what is shown reads as it was
            if !found.to_string().contains("unknown") {
                assert_eq!(
                    ty::parse(&found.to_string()).as_ref(),
                    Ok(&found),
                    "{text:?}"
                );
            }
        }
        Err((span, _)) => inside(text, span),
    });
}

#[test]
fn hcl_never_panics_and_is_never_called_wrong() {
    rounds(HCL, 10_000, &mut |text| {
        let file = Arc::from("d/main.tf");
        let (body, problems) = hcl::body(&file, text);
        places(text, &problems);
        assert!(problems.iter().all(|p| !p.is_error()));
        for a in &body.attributes {
            inside(text, a.span);
            hcl::literal(a.text);
        }
        for block in &body.blocks {
            inside(text, block.span);
            inside(text, block.body);
            hcl::walk(block, text, &mut |b, inner| {
                inside(text, b.header);
                inner.attributes.iter().for_each(|a| {
                    assert_eq!(&text[a.span.start as usize..a.span.end as usize], a.text);
                });
            });
        }
        let tree = MemoryTree::new([
            ("d/main.tf", text),
            ("d/x.pkr.hcl", text),
            ("d/x.auto.tfvars", text),
            ("d/m/main.tf", text),
            ("m/main_override.tf", text),
        ]);
        let module = terraform::read_module(&tree, "d");
        assert!(module.problems.iter().all(|p| !p.is_error()));
        places_of(&tree, &terraform::problems(&module));
        for output in module.outputs.values() {
            module.value(&output.shape, &std::collections::BTreeMap::new(), None);
        }
        packer::read_template(&tree, "d");
    });
}

#[test]
fn json_modules_never_panic() {
    let source = "{\"variable\": {\"a\": {\"type\": \"string\", \"default\": \"${file(\\\"x\\\")}\"}}, \"terraform\": [{\"backend\": {\"s3\": {}}}], \"module\": {\"m\": [{\"source\": \"./\"}]}, \"builders\": [{\"type\": \"null\"}]}";
    rounds(&[source], 5_000, &mut |text| {
        let tree = MemoryTree::new([
            ("d/main.tf.json", text),
            ("d/t.json", text),
            ("d/terraform.tfvars.json", text),
        ]);
        let module = terraform::read_module(&tree, "d");
        assert!(module.problems.iter().all(|p| !p.is_error()));
        places_of(&tree, &terraform::problems(&module));
        packer::read_template(&tree, "d");
    });
}

#[test]
fn hostile_modules_cost_what_their_size_says() {
    for part in [
        "a {\n",
        "a \"b\" {",
        "a = [",
        "a = {\n",
        "a = \"${",
        "a = <<E\n${",
        "output \"o\" { value = ",
        "locals {\n a = (",
        "nonsensitive(",
        "module.a[",
        "try(module.a.b, ",
        "? module.a.b :",
        "ignore_changes = [",
        "data.terraform_remote_state.a[",
        "\"",
        "/*",
        "<<E\n",
        "-",
        "!",
        "1.",
    ] {
        let bulk = part.repeat(20_000 / part.len());
        for text in [bulk.clone(), format!("locals {{\n  x = {bulk}\n}}\n")] {
            let tree = MemoryTree::new([("main.tf", text.as_str())]);
            terraform::problems(&terraform::read_module(&tree, ""));
        }
        let json = serde_json::json!({ "locals": { "x": bulk } }).to_string();
        let tree = MemoryTree::new([("main.tf.json", json.as_str())]);
        terraform::problems(&terraform::read_module(&tree, ""));
    }
    // values that lead to each other, and to many
    let mut text = String::from("locals {\n  a0 = [local.a1, local.b]\n  b = local.b\n");
    for n in 1..2000 {
        text += &format!("  a{n} = [local.a{0}, local.a{0}]\n", n + 1);
    }
    text += "}\noutput \"o\" { value = local.a0 }\n";
    let tree = MemoryTree::new([("main.tf", text.as_str())]);
    terraform::problems(&terraform::read_module(&tree, ""));
}
