//! What is said before anything runs.
use super::*;

pub(super) struct Types(BTreeMap<String, Type>);
impl TypeScope for Types {
    fn name(&self, name: &str) -> Option<Type> {
        self.0.get(name).cloned()
    }
    fn env(&self, env: &str, name: &str) -> Option<Type> {
        (env == "org").then(|| self.0.get(name).cloned()).flatten()
    }
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}
pub(super) fn types() -> Types {
    let ty = |t: &str| crate::ty::parse(t).unwrap();
    Types(BTreeMap::from([
        (
            "net".to_owned(),
            ty("object({outputs = object({id = string, zones = list(string), count = number})})"),
        ),
        (
            "vpc".to_owned(),
            ty("map(object({outputs = object({id = string})}))"),
        ),
        (
            "values".to_owned(),
            ty("object({on = bool, region = string, regions = map(object({cidr = string}))})"),
        ),
        ("a".to_owned(), Type::Number),
        ("b".to_owned(), Type::Number),
    ]))
}
fn checked(text: &str) -> (Type, Vec<Diagnostic>) {
    let mut problems = Vec::new();
    let ast = parse(text).unwrap_or_else(|e| panic!("{text}: {e:?}"));
    let ty = check_ast(&ast, &Arc::from("f"), &types(), &mut problems);
    (ty, problems)
}

#[test]
fn types_follow_from_the_types_of_names() {
    for (text, ty) in [
        ("net.outputs.id", "string"),
        ("net.outputs.zones[0]", "string"),
        ("net.outputs.zones.map(z, z.size())", "list(number)"),
        ("net.outputs.zones.filter(z, z != \"a\")", "list(string)"),
        ("vpc[values.region].outputs.id", "string"),
        ("vpc[\"*\"].outputs.id", "map(string)"),
        ("values.on ? net.outputs.id : \"x\"", "string"),
        ("values.on ? 1 : \"x\"", "unknown"),
        ("a - b * 2 > 3", "bool"),
        ("\"x\" + net.outputs.id", "string"),
        (
            "values(values.regions).map(r, r.cidr).join(\",\")",
            "string",
        ),
        ("{\"k\": a}", "object({k = number})"),
        ("env(\"org\").net.outputs.count", "number"),
        ("has(values.nothing)", "bool"),
        ("secret(\"env:X\").field", "unknown"),
    ] {
        let (found, problems) = checked(text);
        assert!(problems.is_empty(), "{text}: {problems:?}");
        assert_eq!(found.to_string(), ty, "{text}");
    }
}

#[test]
fn what_is_ill_typed_is_said_with_a_way_out() {
    for (text, message, help) in [
        (
            "net.outputs.idd",
            "there is no `idd`",
            Some("did you mean `id`?"),
        ),
        (
            "netw.outputs.id",
            "there is no `netw` here",
            Some("did you mean `net`?"),
        ),
        (
            "a-b",
            "there is no `a-b` here",
            Some("to subtract, put spaces around `-`"),
        ),
        (
            "a + \"x\"",
            "`+` does not work on a number and a string",
            Some("write `string(…)` around the number"),
        ),
        (
            "\"x\" + a",
            "`+` does not work on a string and a number",
            Some("write `string(…)` around the number"),
        ),
        (
            "a && values.on",
            "`&&` does not work on a number and a bool",
            None,
        ),
        ("a ? 1 : 2", "a condition is a bool, this is a number", None),
        ("a.x", "a number has no fields", None),
        (
            "a == \"x\"",
            "`==` does not work on a number and a string",
            None,
        ),
        (
            "net.outputs.zones[\"x\"]",
            "a list is indexed by a number, this is a string",
            None,
        ),
        (
            "values.on.map(x, x)",
            "`map` goes over a list or a map, not a bool",
            None,
        ),
        (
            "net.outputs.zones.filter(z, z)",
            "`filter` needs a bool, this is a string",
            None,
        ),
        ("a.trim()", "`trim` needs a string, this is a number", None),
        (
            "\"x\".trimm()",
            "there is no function `trimm`",
            Some("did you mean `trim`?"),
        ),
        (
            "cidrhost(\"x\")",
            "`cidrhost` takes 2 arguments, not 1",
            None,
        ),
        (
            "env(\"org\").nope.x",
            "there is no `nope` in the environment `org`",
            None,
        ),
    ] {
        let (_, problems) = checked(text);
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        assert_eq!(problems[0].message, message, "{text}");
        assert_eq!(problems[0].help.as_deref(), help, "{text}");
    }
    assert_eq!(checked("nope1 + nope2").1.len(), 2);
}
