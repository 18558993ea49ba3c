//! What is found in HCL, whatever stands around it.
use super::*;
use std::sync::Arc;

fn file() -> Origin {
    Arc::from("main.tf")
}
fn found(text: &str) -> (Vec<String>, Vec<Diagnostic>) {
    let (blocks, problems) = blocks(&file(), text);
    let shown = |b: &Block| {
        std::iter::once(b.ident.clone())
            .chain(b.labels.clone())
            .collect::<Vec<_>>()
            .join(" ")
    };
    (blocks.iter().map(shown).collect(), problems)
}

#[test]
fn blocks_are_found_between_everything_that_looks_like_one() {
    let text = r#"# variable "no" {}
// variable "no" {}
/* variable "no" {
*/
variable "a" {}
resource "x" "y" {
  text = "} ${foo("}", { a = "}" })} \" {"
  doc  = <<-EOT
    variable "fake" {
    ${join(",", [for k, v in x : "${k}}"])}
  EOT
  more = <<EOT
}}}
EOT
  # }
  for_each = { for k, v in x : k =>
    v }
}
locals { a = 1 }
module m { source = "./m" }
output "é" {
  value = "%{ if true }}%{ endif }"
}
"#;
    let (names, problems) = found(text);
    assert_eq!(
        names,
        [
            "variable a",
            "resource x y",
            "locals",
            "module m",
            "output é"
        ]
    );
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_fine() {
    let text = "\u{feff}variable \"a\" {\r\n  default = <<EOT\r\nx }\r\nEOT\r\n}\r\nvariable \"b\" {\r\n}\r\n";
    assert_eq!(found(text).0, ["variable a", "variable b"]);
}

#[test]
fn what_is_not_closed_loses_only_itself() {
    let (names, problems) = found("variable \"a\" {\n  default = \"x\n}\nvariable \"b\" {}\n");
    assert_eq!((names.len(), problems.len()), (2, 0));
    let (names, problems) =
        found("variable \"a\" {\n  default = {\n\nvariable \"b\" {\n}\noutput \"c\" {\n}\n");
    assert_eq!(names, ["variable a", "variable b", "output c"]);
    assert!(
        problems.len() == 1 && !problems[0].is_error(),
        "{problems:?}"
    );
    let (names, problems) = found(
        "variable \"a\" {}\n)))\nvariable \"b\" {}\n= 3\nvariable \"c\" \"d\n{}\nx \"y\" {}\n",
    );
    assert!(
        names.contains(&"variable b".to_owned()) && names.contains(&"x y".to_owned()),
        "{names:?}"
    );
    assert!(problems.iter().all(|p| !p.is_error()) && !problems.is_empty());
}

#[test]
fn attributes_know_their_expressions_and_places() {
    let text = "x = 1\nb \"l\" {\n  one = 1 # why\n  two = [\n    1,\n  ]\n  three = \"${a}\" // no\n  inner \"i\" { four = 4 }\n  five = cond ? \"a\" : f({\n    x = 1\n  })\n}\n";
    let (top, problems) = body(&file(), text);
    assert!(problems.is_empty());
    assert_eq!(
        top.value("x"),
        Some(Value::Number(strata_core::value::Number("1".into())))
    );
    let (inner, problems) = top.blocks[0].read(text);
    assert!(problems.is_empty(), "{problems:?}");
    let shown: Vec<(&str, &str)> = inner.attributes.iter().map(|a| (a.name, a.text)).collect();
    assert_eq!(
        shown,
        [
            ("one", "1"),
            ("two", "[\n    1,\n  ]"),
            ("three", "\"${a}\""),
            ("five", "cond ? \"a\" : f({\n    x = 1\n  })")
        ]
    );
    for a in &inner.attributes {
        assert_eq!(&text[a.span.start as usize..a.span.end as usize], a.text);
        assert_eq!(
            &text[a.name_span.start as usize..a.name_span.end as usize],
            a.name
        );
    }
    assert_eq!(inner.blocks[0].label(), "i");
    assert_eq!(
        inner.blocks[0]
            .read(text)
            .0
            .value("four")
            .unwrap()
            .scalar_text()
            .as_deref(),
        Some("4")
    );
    assert_eq!(
        &text[top.blocks[0].header.start as usize..top.blocks[0].header.end as usize],
        "b \"l\""
    );
}

#[test]
fn what_expressions_look_at_is_found_and_comments_are_not() {
    let text = r#"
    # file("no.txt")
    a = file("a.txt")
    b = templatefile("${path.module}/t/b.tpl", { x = file("${path.root}/c.txt") })
    c = "x ${filebase64("d.bin")} file(\"no\")"
    d = fileset(path.module, "*.yaml")
    e = file(var.path)
    f = file("/etc/passwd")
    g = "${terraform.workspace}-${timestamp()}"
    h = abspath(path.cwd)
    i = "terraform.workspace"
    j = provider::x::file("no2.txt")
    k = file("${path.module}/${var.x}")
    provisioner "local-exec" { command = "rm" }
    "#;
    let u = uses(text);
    let files: Vec<(&str, bool)> = u
        .files
        .iter()
        .map(|f| (f.path.as_str(), f.from_root))
        .collect();
    assert_eq!(
        files,
        [
            ("", false),
            ("a.txt", true),
            ("c.txt", true),
            ("d.bin", true),
            ("no2.txt", true),
            ("t/b.tpl", false)
        ]
    );
    assert_eq!(
        u.computed.iter().map(String::as_str).collect::<Vec<_>>(),
        ["file(\"/etc/passwd\")", "file(…)"]
    );
    assert_eq!(
        u.changing.iter().map(String::as_str).collect::<Vec<_>>(),
        ["abspath()", "timestamp()"]
    );
    assert!(u.workspace && u.working_directory && u.provisioners.contains("local-exec"));
    assert!(!uses("a = \"terraform.workspace\" # terraform.workspace\n").workspace);
}

/// Constructs of real modules; every one has to be found whole.
#[test]
fn constructs_of_real_modules() {
    for text in [
        "output \"a\" {\n  value = { for k, v in local.x : k =>\n    v.id if v != null }\n}\n",
        "output \"a\" {\n  value = try(var.x[\"a\"].b[*].c, null) == null ? {} : { (var.k) = \"v\" }\n}\n",
        "variable \"a\" {\n  type = object({\n    # the name\n    name = string // x\n    tags = optional(map(string), {})\n  })\n  default = null\n  validation {\n    condition     = can(regex(\"^[a-z]{1,3}$\", var.a.name))\n    error_message = \"Bad: ${var.a.name}.\"\n  }\n}\n",
        "resource \"a\" \"b\" {\n  dynamic \"c\" {\n    for_each = var.x\n    content { d = c.value }\n  }\n  lifecycle { ignore_changes = [tags] }\n}\n",
        "locals {\n  t = <<-\"EOT\"\n  x = 1\n}\n",
        "variable \"a\" { default = <<EOT\n%{ for x in [\"}\"] ~}\n${x}\n%{ endfor ~}\nEOT\n}\n",
        "import {\n  to = a.b[\"c\"]\n  id = \"d\"\n}\n",
        "a \"b\" {\n  c = \"$${not} %%{not} ${\"${\"deep\"}\"}\"\n}\n",
        "moved {\n  from = a.b\n  to   = a.c\n}\ncheck \"x\" {\n  assert {\n    condition = 1 <= 2 && !false\n    error_message = \"\"\n  }\n}\n",
    ] {
        let (blocks, problems) = blocks(&file(), text);
        assert!(
            problems.is_empty() && !blocks.is_empty(),
            "{text}\n{problems:?}"
        );
        for block in &blocks {
            walk(block, text, &mut |b, _| {
                assert!(b.read(text).1.is_empty(), "{text}\n{:?}", b.read(text).1);
            });
        }
        assert_eq!(
            blocks.last().unwrap().span.end as usize,
            text.trim_end().len(),
            "{text}"
        );
    }
}
