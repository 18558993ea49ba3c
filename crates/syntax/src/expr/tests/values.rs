//! What has a value, and what has none and why.
use super::*;

#[test]
fn expressions_have_the_values_that_cel_gives_them() {
    for (text, result) in [
        ("1 + 2 * 3 - 4", "3"),
        ("(1 + 2) * 3", "9"),
        ("7 / 2", "3"),
        ("7.0 / 2", "3"),
        ("7 % 4", "3"),
        (
            "123456789012345678901234567890 + 1",
            "123456789012345678901234567891",
        ),
        ("-3", "-3"),
        ("- -3", "3"),
        ("1.10", "1.10"),
        ("1.10 == 1.1", "true"),
        ("1 < 2 && 2 <= 2 && 3 > 2 && 3 >= 3", "true"),
        ("\"a\" < \"b\"", "true"),
        ("!true || false", "false"),
        ("true ? 1 : 2", "1"),
        ("false ? 1 : true ? 3 : 4", "3"),
        ("\"a\" + 'b' + \"\\u00e9\\n\"", "\"abé\\n\""),
        ("[1, 2] + [3]", "[1,2,3]"),
        (
            "{\"a\": 1, 'b': [true, null]}",
            r#"{"a":1,"b":[true,null]}"#,
        ),
        ("2 in [1, 2]", "true"),
        ("\"region\" in values", "true"),
        ("values.zones[1]", "\"b\""),
        ("values[\"odd-name\"]", "\"x\""),
        ("values.odd-name", "\"x\""),
        ("values.regions[\"eu\" + \"-1\"].cidr", "\"10.1.0.0/16\""),
        ("kubernetes-cluster.outputs.id", "\"vpc-1\""),
        ("kubernetes-cluster.outputs", r#"{"id":"vpc-1"}"#),
        ("env(\"org\").domain.outputs.id", "\"vpc-1\""),
        ("a - b", "3"),
        ("a -b", "3"),
        ("values.zones.map(z, values.region + z)", r#"["eua","eub"]"#),
        ("values.zones.filter(z, z != \"a\")", r#"["b"]"#),
        ("values.zones.all(z, z.size() == 1)", "true"),
        ("values.zones.exists(z, z == \"q\")", "false"),
        ("values.regions.map(r, r)", r#"["eu-1","us-1"]"#),
        ("[[1, 2], [3]].map(l, l.map(x, x * 10))", "[[10,20],[30]]"),
        ("values.zones.map(z, z.upperAscii()).join(\"-\")", "\"A-B\""),
        ("\" x \".trim() + \"Ab\".lowerAscii()", "\"xab\""),
        ("\"a,b,c\".split(\",\", 2)", r#"["a","b,c"]"#),
        ("\"aXbX\".replace(\"X\", \"-\")", "\"a-b-\""),
        ("\"äöü\".substring(1, 2)", "\"ö\""),
        ("\"äöü\".indexOf(\"ü\")", "2"),
        (
            "\"abc\".startsWith(\"a\") && \"abc\".endsWith(\"c\") && \"abc\".contains(\"b\")",
            "true",
        ),
        ("size(values.regions) + size(\"äö\")", "4"),
        ("string(1.10) + string(true)", "\"1.10true\""),
        ("int(\"12\") + int(3.9)", "15"),
        ("number(\"1.10\")", "1.10"),
        ("has(values.region) && !has(values.nothing)", "true"),
        ("lookup(values, \"nothing\", 9)", "9"),
        ("keys(values.regions)", r#"["eu-1","us-1"]"#),
        (
            "values(values.regions).map(r, r.cidr)",
            r#"["10.1.0.0/16","10.2.0.0/16"]"#,
        ),
        (
            "merge({\"a\": 1, \"b\": 1}, {\"b\": 2})",
            r#"{"a":1,"b":2}"#,
        ),
        ("json({\"a\": [1.10]})", r#""{\"a\":[1.10]}""#),
        (
            "yaml({\"a\": [1.10, \"no\"]})",
            r#""a:\n  - 1.10\n  - \"no\"\n""#,
        ),
        ("base64(\"hello\")", "\"aGVsbG8=\""),
        (
            "sha256(\"abc\")",
            "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"",
        ),
        ("cidrsubnet(\"10.0.0.0/16\", 8, 2)", "\"10.0.2.0/24\""),
        ("cidrsubnet(\"fd00::/48\", 16, 255)", "\"fd00:0:0:ff::/64\""),
        ("cidrhost(\"10.0.1.0/24\", 5)", "\"10.0.1.5\""),
        ("cidrhost(\"10.0.1.0/24\", -1)", "\"10.0.1.255\""),
        ("null == null", "true"),
        ("\"1\" == 1", "false"),
        ("true || nothing.here", "true"),
        ("false && nothing.here", "false"),
        ("values.n.in == 1 || true", "true"),
    ] {
        if text.starts_with("values.n.in") {
            assert!(parse(text).is_ok());
            continue;
        }
        assert_eq!(value(text), json(result), "{text}");
    }
}

#[test]
fn what_has_no_value_says_why_and_where() {
    for (text, at, message, help) in [
        ("nothing", "nothing", "there is no `nothing` here", None),
        (
            "vlues.x",
            "vlues",
            "there is no `vlues` here",
            Some("did you mean `values`?"),
        ),
        (
            "a-b",
            "a-b",
            "there is no `a-b` here",
            Some("to subtract, put spaces around `-`"),
        ),
        (
            "values.regoin",
            "regoin",
            "there is no `regoin` in this map",
            Some("did you mean `region`?"),
        ),
        (
            "values.zones[7]",
            "7",
            "there is no item 7; the list has 2",
            None,
        ),
        ("values.region.x", "x", "a string has no `x`", None),
        (
            "kubernetes-cluster.outputs.idd",
            "idd",
            "`network` has no output `idd`",
            Some("did you mean `id`?"),
        ),
        (
            "kubernetes-cluster",
            "kubernetes-cluster",
            "this is not a value",
            Some("name one of its fields"),
        ),
        (
            "1 + \"a\"",
            "1 + \"a\"",
            "`+` does not work on a number and a string",
            Some("write `string(…)` around the number"),
        ),
        (
            "1 && true",
            "1 && true",
            "`&&` needs bools, this is a number",
            None,
        ),
        (
            "1 ? 2 : 3",
            "1",
            "a condition is a bool, this is a number",
            None,
        ),
        ("!1", "1", "`!` needs a bool, this is a number", None),
        ("1 / 0", "1 / 0", "division by zero", None),
        (
            "env(\"org\").nope.x",
            "nope",
            "there is no `nope` in the environment `org`",
            None,
        ),
        (
            "secret(\"x\")",
            "secret(\"x\")",
            "`x` is not a secret",
            None,
        ),
        (
            "sze(values)",
            "sze",
            "there is no function `sze`",
            Some("did you mean `size`?"),
        ),
        (
            "trim(\"x\")",
            "trim",
            "`trim` is not called like that",
            Some("write `x.trim(…)`"),
        ),
        (
            "\"x\".trim(1)",
            "trim",
            "`trim` takes 0 arguments, not 1",
            None,
        ),
        (
            "cidrsubnet(\"10.0.0.0/16\", 17, 0)",
            "cidrsubnet",
            "a /16 network has no room for that many more bits",
            None,
        ),
        (
            "cidrsubnet(\"10.0.0.0/16\", 2, 4)",
            "cidrsubnet",
            "2 bits make 4 networks; there is no such one",
            None,
        ),
        (
            "cidrhost(\"x\", 0)",
            "cidrhost",
            "`x` is not a network such as `10.0.0.0/16`",
            None,
        ),
        ("[1].map(x, x.y)", "y", "a number has no `y`", None),
        (
            "values.n.map(x, x)",
            "map",
            "`map` goes over a list or a map, this is a number",
            None,
        ),
    ] {
        let e = fault(text);
        assert_eq!(e.message, message, "{text}");
        assert_eq!(
            &text[e.span.start as usize..e.span.end as usize],
            at,
            "{text}"
        );
        assert_eq!(e.help.as_deref(), help, "{text}");
    }
}

#[test]
fn no_text_overflows_the_stack() {
    let deep =
        |open: &str, close: &str, n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
    let level = "true || true && 1 == 1 + 1 * (";
    for text in [
        format!("1{}", "+1".repeat(100_000)),
        format!("a{}", ".b".repeat(100_000)),
        format!("a{}", "[0]".repeat(100_000)),
        format!("{}true", "!".repeat(100_000)),
        deep("(", ")", 100_000),
        deep("[", "]", 100_000),
        deep("f(", ")", 100_000),
        deep("{1:", "}", 100_000),
        format!("{}1", "x ? 1 : ".repeat(100_000)),
        "[1].map(x, ".repeat(10_000),
    ] {
        if let Ok(ast) = parse(&text) {
            let _ = eval_ast(&ast, &world());
            let mut problems = Vec::new();
            check_ast(&ast, &Arc::from("f"), &super::types::types(), &mut problems);
            references_of(&ast);
        }
    }
    // the deepest that is allowed, with every rank of operator on every level
    let ast = parse(&deep(level, ")", 63)).unwrap();
    let _ = eval_ast(&ast, &world());
    assert!(parse(&deep("(", ")", 63)).is_ok() && parse(&deep("(", ")", 70)).is_err());
    assert_eq!(
        value(&format!("1{}", "+1".repeat(10_000))),
        Term::Number(Number("10001".into()))
    );
}

#[test]
fn nested_comprehensions_end() {
    let ten = "[1,2,3,4,5,6,7,8,9,10]";
    let mut text = "1".to_owned();
    for _ in 0..9 {
        text = format!("{ten}.map(x, {text})");
    }
    assert_eq!(fault(&text).message, "this takes too long to work out");
}
