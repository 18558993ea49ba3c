//! Types that are certain, and values that follow from what is written out.
use super::*;
use strata_core::value::Value;

/// The type of an output with this expression.
fn ty(expression: &str) -> String {
    let text = format!(
        r#"
variable "s" {{ type = string }}
variable "n" {{ type = number }}
variable "o" {{ type = object({{ a = list(string), b = optional(map(bool)) }}) }}
variable "t" {{ type = tuple([string, number]) }}
variable "u" {{}}
locals {{
  name = "x-${{var.s}}"
  deep = {{ a = [1, 2], "b c" = var.o }}
  me   = local.you
  you  = local.me
}}
module "one" {{ source = "./m" }}
module "two" {{
  source   = "./m"
  for_each = {{}}
}}
output "it" {{
  value = {expression}
}}
"#
    );
    let inner = "output \"id\" { value = format(\"%s\", 1) }\noutput \"all\" { value = [for x in [1] : { a = x == 1 }] }\n";
    let tree = MemoryTree::new([("main.tf", text.as_str()), ("m/main.tf", inner)]);
    let module = read_module(&tree, "");
    assert!(!module.incomplete, "{expression}: {:?}", module.problems);
    module.outputs["it"].ty.to_string()
}

#[test]
fn types_of_expressions_are_told_where_they_are_certain() {
    for (expression, shown) in [
        ("\"a\"", "string"),
        ("1.5", "number"),
        ("-1e-3", "number"),
        ("3-var.n", "number"),
        ("true", "bool"),
        ("null", "unknown"),
        ("\"${var.n}\"", "number"),
        ("\"${var.n}x\"", "string"),
        ("\"%{ if true }a%{ endif }\"", "string"),
        ("<<-EOT\n    ${var.n}\n  EOT\n", "string"),
        ("[1, \"a\", var.u]", "tuple([number, string, unknown])"),
        (
            "{ a = 1, b : [true] }",
            "object({a = number, b = tuple([bool])})",
        ),
        ("{ a = 1\n b = 2 }", "object({a = number, b = number})"),
        ("{ (var.s) = 1 }", "map(unknown)"),
        ("{ \"${var.s}\" = 1 }", "map(unknown)"),
        ("[for x in var.u : tostring(x)]", "list(string)"),
        (
            "{ for k, v in var.u : k =>\n  length(v)... if v }",
            "map(unknown)",
        ),
        ("{ for k, v in var.u : k => length(v) }", "map(number)"),
        ("[for var in var.u : var.n]", "list(unknown)"),
        ("var.s", "string"),
        ("var.u", "unknown"),
        ("var.u.a", "unknown"),
        ("var.o.a", "list(string)"),
        ("var.o.a[0]", "string"),
        ("var.o[\"b\"][\"k\"]", "bool"),
        ("var.t[1]", "number"),
        ("var.t.0", "string"),
        ("var.t[7]", "unknown"),
        ("var.o.a[*].x", "list(unknown)"),
        ("var.o.a.*.x[0]", "unknown"),
        ("local.name", "string"),
        ("local.deep.a", "tuple([number, number])"),
        ("local.deep[\"b c\"].a", "list(string)"),
        ("local.me", "unknown"),
        ("module.one.id", "string"),
        ("module.one.all", "list(object({a = bool}))"),
        ("module.two[\"k\"].id", "string"),
        ("module.two.id", "unknown"),
        ("module.one.nope", "unknown"),
        ("var.n > 1 && !var.u", "bool"),
        ("var.n * 2 == 4 ? \"a\" : \"b\"", "string"),
        ("var.u ? \"a\" : null", "string"),
        ("var.u ? \"a\" : 1", "unknown"),
        ("(var.n)", "number"),
        ("-var.n", "number"),
        ("jsonencode(var.u)", "string"),
        ("join(\",\", var.u...)", "string"),
        ("length(var.u)", "number"),
        ("toset([\"a\", \"b${var.n}\"])", "list(string)"),
        ("concat(var.u, [])", "list(unknown)"),
        ("merge(var.u, {})", "map(unknown)"),
        ("try(var.s, \"x\")", "string"),
        ("try(var.s, 1)", "unknown"),
        ("sensitive(var.s)", "string"),
        ("provider::x::y(var.s)", "unknown"),
        ("aws_x.y.id", "unknown"),
        ("each.key", "string"),
        ("path.module", "string"),
        ("terraform.workspace", "string"),
    ] {
        assert_eq!(ty(expression), shown, "{expression}");
    }
}

#[test]
fn values_follow_from_what_is_written_out_and_what_is_given() {
    let text = r#"
variable "env" {}
locals {
  base = { bucket = "b-${local.part}", other = var.env }
  part = "x\n\u00e9$${y}"
  key  = "${var.env}/${terraform.workspace}/net"
}
data "terraform_remote_state" "net" {
  backend = "s3"
  config = {
    bucket = local.base.bucket
    key    = local.key
  }
}
"#;
    let module = read_module(&MemoryTree::new([("main.tf", text)]), "");
    let state = &module.remote_states[0];
    assert!(state.computed && state.settings["config"].value.is_none());
    let shape = &state.settings["config"].shape;
    let given = std::collections::BTreeMap::from([("env".to_owned(), Value::from("dev"))]);
    assert_eq!(module.value(shape, &given, None), None);
    let value = module.value(shape, &given, Some("eu")).unwrap();
    assert_eq!(
        value.to_json().to_string(),
        "{\"bucket\":\"b-x\\né${y}\",\"key\":\"dev/eu/net\"}"
    );
}
