//! Each rule, where it speaks and where it must not.
use super::*;

/// Codes and the text that each points at.
fn found<'t>(files: &[(&'t str, &'t str)]) -> Vec<(String, &'t str)> {
    let module = read_module(
        &MemoryTree::new(files.iter().copied()),
        files[0].0.rsplit_once('/').map_or("", |(f, _)| f),
    );
    let text = |path: &str| {
        files
            .iter()
            .find(|(p, _)| *p == path)
            .map_or("", |(_, t)| t)
    };
    problems(&module)
        .iter()
        .filter(|p| !p.code.starts_with("terraform::unused"))
        .map(|p| {
            let at = p.at.as_ref().expect("every finding has a place");
            let (start, end) = (at.span.start as usize, at.span.end as usize);
            let code = p.code.strip_prefix("terraform::").unwrap_or(&p.code);
            (code.to_owned(), &text(&at.file)[start..end])
        })
        .collect()
}

fn one(main: &str) -> Vec<(String, String)> {
    let found = found(&[("main.tf", main), ("m/main.tf", INNER), ("there.txt", "x")]);
    found.into_iter().map(|(c, t)| (c, t.to_owned())).collect()
}

const INNER: &str = r#"
variable "need" { type = string }
variable "n" {
  type    = number
  default = 1
}
variable "b" {
  type    = bool
  default = true
}
variable "l" {
  type    = list(string)
  default = []
}
variable "m" {
  type    = map(number)
  default = {}
}
variable "o" {
  type    = object({ a = string, b = optional(list(number)) })
  default = { a = "" }
}
variable "any" { default = null }
output "id" { value = [var.need, var.n, var.b, var.l, var.m, var.o, var.any] }
"#;

#[test]
fn names_that_are_not_declared_are_found() {
    for (main, code, at) in [
        (
            "output \"o\" { value = var.a }",
            "undeclared-variable",
            "var.a",
        ),
        (
            "output \"o\" { value = \"x ${var.a} $${var.b}\" }",
            "undeclared-variable",
            "var.a",
        ),
        (
            "resource \"a_b\" \"c\" {\n  d {\n    e = <<-E\n      ${lower(var.a)}\n    E\n  }\n}",
            "undeclared-variable",
            "var.a",
        ),
        (
            "locals { a = [for x in local.b : x.c] }",
            "undeclared-local",
            "local.b",
        ),
        (
            "output \"o\" { value = 5-local.b }",
            "undeclared-local",
            "local.b",
        ),
        (
            "output \"o\" { value = try(local.b, 1) }",
            "undeclared-local",
            "local.b",
        ),
        (
            "output \"o\" { value = module.x.id }",
            "undeclared-module",
            "module.x.id",
        ),
        (
            "resource \"a_b\" \"c\" { depends_on = [module.x] }",
            "undeclared-module",
            "module.x",
        ),
        (
            "module \"m\" {\n  source = \"./m\"\n  need = \"\"\n}\noutput \"o\" { value = module.m.nope }",
            "undeclared-output",
            "module.m.nope",
        ),
        (
            "module \"m\" {\n  source = \"./m\"\n  count = 1\n  need = \"\"\n}\noutput \"o\" { value = module.m[0].nope }",
            "undeclared-output",
            "module.m[0].nope",
        ),
    ] {
        assert_eq!(one(main), [(code.to_owned(), at.to_owned())], "{main}");
    }
}

#[test]
fn what_stands_in_a_dynamic_block_may_never_be_looked_at() {
    let main = "resource \"a_b\" \"c\" {\n  dynamic \"d\" {\n    for_each = []\n    content { e = var.x }\n  }\n  f = local.y\n}\n";
    let module = read_module(&MemoryTree::new([("main.tf", main)]), "");
    let all: Vec<_> = problems(&module)
        .into_iter()
        .map(|p| (p.is_error(), p.code))
        .collect();
    assert_eq!(
        all,
        [
            (false, "terraform::undeclared-variable".to_owned()),
            (true, "terraform::undeclared-local".to_owned())
        ]
    );
}

#[test]
fn names_that_only_look_undeclared_are_not() {
    for main in [
        "# var.a\n// local.b\n/* module.c.d */\noutput \"o\" { value = \"var.a $${local.b}\" }",
        "output \"o\" { value = [for var in [{ a = 1 }] : var.a] }",
        "output \"o\" { value = { for module, local in {} : module => local.a } }",
        "resource \"a_b\" \"c\" {\n  dynamic \"module\" {\n    for_each = []\n    content {\n      x = module.value\n    }\n  }\n}",
        "moved {\n  from = module.gone\n  to = a_b.c\n}\nremoved {\n  from = module.gone.a_b.c\n}\nimport {\n  to = module.gone.a_b.c\n  id = \"x\"\n}",
        "resource \"a_b\" \"c\" {\n  lifecycle {\n    ignore_changes = [var.x, local.y, module.z]\n  }\n}",
        "output \"o\" { value = a_b.var.x }",
        "output \"o\" { value = { var = 1, local = 2 }.var }",
        "module \"m\" {\n  source = \"./m\"\n  need = \"\"\n}\noutput \"o\" { value = [try(module.m.nope, 1), module.m[\"id\"], module.m.id] }",
        "module \"m\" {\n  source = \"./m\"\n  need = \"\"\n  for_each = {}\n}\noutput \"o\" { value = module.m.key.id }",
        "module \"m\" { source = \"hashicorp/x/y\" }\noutput \"o\" { value = module.m.anything }",
        "check \"c\" {\n  data \"http\" \"h\" {}\n  assert {\n    condition = data.http.h.ok\n    error_message = \"\"\n  }\n}",
        // what can't be read may declare anything
        "variable \"a\" {\n  default = {\n\nlocals {\n}\noutput \"o\" { value = [var.x, local.y, module.z] }",
    ] {
        assert_eq!(one(main), [], "{main}");
    }
}

#[test]
fn arguments_of_local_modules_are_checked() {
    let call = |arguments: &str| {
        one(&format!(
            "variable \"s\" {{ type = string }}\nvariable \"sl\" {{ type = set(string) }}\nvariable \"u\" {{}}\nmodule \"m\" {{\n  source = \"./m\"\n{arguments}\n}}\n"
        ))
    };
    for (arguments, code, at) in [
        ("", "missing-argument", "module \"m\""),
        ("need = 1\nned = 2", "unknown-argument", "ned"),
        ("need = []", "argument-type", "[]"),
        ("need = var.sl", "argument-type", "var.sl"),
        ("need = \"\"\nn = \"abc\"", "argument-type", "\"abc\""),
        ("need = \"\"\nn = true", "argument-type", "true"),
        ("need = \"\"\nb = \"yes\"", "argument-type", "\"yes\""),
        ("need = \"\"\nb = 1", "argument-type", "1"),
        ("need = \"\"\nl = {}", "argument-type", "{}"),
        ("need = \"\"\nl = var.s", "argument-type", "var.s"),
        ("need = \"\"\nl = [[1]]", "argument-type", "[[1]]"),
        ("need = \"\"\nm = []", "argument-type", "[]"),
        (
            "need = \"\"\nm = { a = \"x\" }",
            "argument-type",
            "{ a = \"x\" }",
        ),
        ("need = \"\"\no = { b = [] }", "argument-type", "{ b = [] }"),
        (
            "need = \"\"\no = { a = \"\", b = [\"x\"] }",
            "argument-type",
            "{ a = \"\", b = [\"x\"] }",
        ),
        (
            "need = \"\"\no = var.u ? { b = [] } : {}",
            "argument-type",
            "var.u ? { b = [] } : {}",
        ),
    ] {
        assert_eq!(
            call(arguments),
            [(code.to_owned(), at.to_owned())],
            "{arguments}"
        );
    }
    for arguments in [
        "need = null",
        "need = 1\nn = \"1\"\nb = \"true\"",
        "need = var.u\nn = var.s\nb = var.s",
        "need = \"\"\nl = [1, true, var.u]",
        "need = \"\"\nl = var.sl",
        "need = \"\"\nm = { a = 1, b = \"2\" }",
        "need = \"\"\nm = merge({}, var.u)",
        "need = \"\"\no = { a = 1, c = 2 }",
        "need = \"\"\no = merge({}, var.u)",
        "need = \"\"\no = var.u ? { a = 1 } : {}",
        "need = \"\"\nany = [1, {}]\ncount = 1\ndepends_on = []\nproviders = {}",
        "need = a_b.c.d\nl = a_b.c.d[*].e",
        "need = \"\"\nl = var.u == 1 ? [] : null",
    ] {
        assert_eq!(call(arguments), [], "{arguments}");
    }
}

#[test]
fn folders_and_files_that_are_not_there_are_found() {
    for (main, code, at) in [
        (
            "module \"m\" { source = \"./nope\" }",
            "missing-module",
            "\"./nope\"",
        ),
        (
            "locals { a = file(\"${path.module}/nope\") }",
            "missing-file",
            "\"${path.module}/nope\"",
        ),
        (
            "resource \"a_b\" \"c\" {\n  count = var.x ? 1 : 0\n  d = templatefile(\n    \"nope.tpl\", {})\n}\nvariable \"x\" {}",
            "missing-file",
            "\"nope.tpl\"",
        ),
    ] {
        assert_eq!(one(main), [(code.to_owned(), at.to_owned())], "{main}");
    }
    for main in [
        "module \"m\" { source = \"../outside\" }",
        "module \"m\" { source = \"./.terraform/x\" }",
        "locals { a = file(\"there.txt\") }",
        "locals { a = file(\"${path.root}/there.txt\") }",
        "locals { a = fileset(path.module, \"*\") }",
        "locals { a = fileset(\"${path.module}/nope\", \"*\") }",
        "locals { a = fileexists(\"nope\") ? file(\"nope\") : \"\" }",
        "locals { a = try(file(\"nope\"), \"\") }",
        "locals { a = true ? { x = file(\"nope\") } : {} }",
        "locals { a = file(\"nope-${local.b}\")\n  b = 1 }",
        "locals { a = file(\"/etc/hosts\") }",
        "locals { a = file(\"../nope\") }",
        "resource \"local_file\" \"f\" { filename = \"${path.module}/made.txt\" }\nlocals { a = file(\"${path.module}/made.txt\") }",
        "resource \"null_resource\" \"f\" {\n  provisioner \"local-exec\" { command = \"curl x > made.txt\" }\n}\nlocals { a = file(\"made.txt\") }",
        "locals { a = file(\"target/made.txt\") }",
    ] {
        assert_eq!(one(main), [], "{main}");
    }
}

#[test]
fn what_is_declared_twice_or_never_used_is_found() {
    let twice = "variable \"a\" {}\nlocals { l = var.a }\noutput \"o\" { value = local.l }\n";
    let again = "variable \"a\" {}\nlocals { l = 2 }\noutput \"o\" { value = 1 }\n";
    let all = found(&[("a.tf", twice), ("b.tf", again)]);
    assert_eq!(
        all.iter()
            .map(|(c, t)| (c.as_str(), *t))
            .collect::<Vec<_>>(),
        [
            ("duplicate", "variable \"a\""),
            ("duplicate", "output \"o\""),
            ("duplicate", "l")
        ]
    );
    assert_eq!(found(&[("a.tf", twice), ("override.tf", again)]), []);
    let unused = |main: &str| {
        let module = read_module(&MemoryTree::new([("main.tf", main)]), "");
        problems(&module)
            .into_iter()
            .map(|p| (p.code, p.severity))
            .collect::<Vec<_>>()
    };
    let warning = strata_core::diagnostic::Severity::Warning;
    assert_eq!(
        unused("variable \"a\" {}\nlocals { l = 1 }\n"),
        [
            ("terraform::unused-variable".into(), warning),
            ("terraform::unused-local".into(), warning)
        ]
    );
    for main in [
        "variable \"a\" {\n  validation {\n    condition = var.a\n    error_message = \"\"\n  }\n}",
        "variable \"a\" {}\nprovider \"x\" {\n  y { z = \"${var.a}\" }\n}",
        "variable \"a\" {}\nterraform {\n  backend \"s3\" { key = var.a }\n}",
        "variable \"a\" {}\nmodule \"m\" {\n  source = \"x/y/z\"\n  count = var.a - 1\n}",
        "variable \"a\" {}\nvariable \"b\" {\n  type = {\n",
    ] {
        assert_eq!(unused(main), [], "{main}");
    }
}

#[test]
fn values_for_what_is_no_variable_are_found() {
    let main = "variable \"name\" {}\noutput \"o\" { value = var.name }\n";
    let all = found(&[
        ("main.tf", main),
        ("terraform.tfvars", "nmae = 1\nname = 2\n"),
    ]);
    assert_eq!(all, [("unknown-in-tfvars".to_owned(), "nmae")]);
    assert_eq!(
        found(&[("main.tf", main), ("env/x.tfvars", "nmae = 1\n")]),
        []
    );
}

#[test]
fn providers_have_one_source_and_versions_that_can_hold() {
    let asks =
        |aws: &str| format!("terraform {{\n  required_providers {{\n    aws = {aws}\n  }}\n}}\n");
    let two = |root: &str, inner: &str| {
        let root = format!("module \"m\" {{ source = \"./m\" }}\n{}", asks(root));
        let tree = [
            ("main.tf".to_owned(), root),
            ("m/main.tf".to_owned(), asks(inner)),
        ];
        let module = read_module(
            &MemoryTree::new(tree.iter().map(|(p, t)| (p.as_str(), t.as_str()))),
            "",
        );
        problems(&module)
            .into_iter()
            .map(|p| (p.code.clone(), p.is_error()))
            .collect::<Vec<_>>()
    };
    let conflict = |error| vec![("terraform::conflicting-provider".to_owned(), error)];
    let of = |version: &str| format!("{{ source = \"hashicorp/aws\", version = \"{version}\" }}");
    assert_eq!(two(&of("~> 5.0"), &of("~> 4.0")), conflict(true));
    assert_eq!(two(&of("~> 5.0"), "\"< 5.0.0\""), conflict(true));
    assert_eq!(
        two(
            &of("~> 5.0"),
            "{ source = \"other/aws\", version = \"1.0\" }"
        ),
        conflict(false)
    );
    assert_eq!(two(&of("~> 5.0"), &of(">= 5.30, != 5.31.0")), []);
    assert_eq!(
        two(
            &of("~> 5.0"),
            "{ source = \"registry.opentofu.org/hashicorp/aws\" }"
        ),
        []
    );
    let unpinned = |main: &str| one(main).into_iter().map(|(c, _)| c).collect::<Vec<_>>();
    assert_eq!(
        unpinned(&asks("{ source = \"hashicorp/aws\" }")),
        ["unpinned-provider"]
    );
    assert!(
        unpinned(&asks(
            "{ source = \"hashicorp/aws\", version = local.v }\nlocals { v = 1 }"
        ))
        .is_empty()
    );
    let locked = [
        (
            "main.tf",
            "terraform {\n  required_providers {\n    aws = {}\n  }\n}\n",
        ),
        (".terraform.lock.hcl", ""),
    ];
    assert_eq!(found(&locked), []);
}

#[test]
fn a_slip_is_suggested() {
    let text = "variable \"region\" {}\noutput \"o\" { value = [var.region, var.regoin] }\n";
    let module = read_module(&MemoryTree::new([("main.tf", text)]), "");
    let help = problems(&module)[0].help.clone();
    assert_eq!(help.as_deref(), Some("did you mean `region`?"));
}

#[test]
fn modules_in_json_are_checked_too() {
    let json = r#"{"variable": {"a": {}}, "output": {"o": {"value": "${var.a} ${var.b}"}, "p": {"value": ["${local.c}", "var.d"]}}, "module": {"m": {"source": "./m", "need": [], "//": "${var.comment}"}}}"#;
    let all = found(&[("main.tf.json", json), ("m/main.tf", INNER)]);
    assert_eq!(
        all.iter()
            .map(|(c, t)| (c.as_str(), *t))
            .collect::<Vec<_>>(),
        [
            ("undeclared-variable", "\"${var.a} ${var.b}\""),
            ("undeclared-local", "\"${local.c}\""),
            ("argument-type", "[]"),
        ]
    );
}
