//! Which names are used, and where.
use super::*;

fn names(text: &str) -> Vec<String> {
    let (found, problems) = template(text);
    references(&found.unwrap_or_else(|| panic!("{problems:?}")))
        .iter()
        .map(shown)
        .collect()
}
fn shown(r: &Reference) -> String {
    let mut out = match &r.root {
        Root::Name(name) => name.clone(),
        Root::Env { env, name } => format!("{env}/{name}"),
    };
    for step in &r.steps {
        match step {
            Step::Field(f) => out.push_str(&format!(".{f}")),
            Step::Key(k) => out.push_str(&format!("[{k}]")),
            Step::Index(_) => out.push_str("[…]"),
        }
    }
    out
}

#[test]
fn references_are_free_names_with_their_steps() {
    assert_eq!(
        names("'${{ net.outputs.zones.map(z, z + base.x).join(\"\") }}'"),
        ["net.outputs.zones", "base.x"]
    );
    assert_eq!(
        names("'${{ env(\"org\").domain.outputs.zone }}'"),
        ["org/domain.outputs.zone"]
    );
    assert_eq!(
        names("'${{ vpc[each.key].outputs[\"odd id\"] }}'"),
        ["vpc[…].outputs[odd id]", "each.key"]
    );
    assert_eq!(
        names("'${{ vpc[\"*\"].outputs.id }} ${{ a - b }}'"),
        ["vpc[*].outputs.id", "a", "b"]
    );
    assert_eq!(
        names("'${{ xs.map(x, ys.filter(y, y == x && x != z)) }}'"),
        ["xs", "ys", "z"]
    );
    assert_eq!(names("'${{ [x].map(x, x) }}'"), ["x"]);
    assert_eq!(names("'${{ size({\"k\": a.b}) + -c }}'"), ["a.b", "c"]);
}

#[test]
fn a_conditional_makes_references_for_the_branch_that_is_taken() {
    let text = "'${{ values.aws ? (values.big ? a.outputs.x : b.outputs.x) : c.outputs.x }}'";
    let found = template(text).0.unwrap();
    let taken = |aws: Option<bool>, big: Option<bool>| -> Vec<String> {
        let is = |ast: &Ast| {
            if references_of(ast)[0].steps == [Step::Field("aws".into())] {
                aws
            } else {
                big
            }
        };
        let all = references_where(&found, &is);
        all.iter()
            .map(shown)
            .filter(|s| s.contains("outputs"))
            .collect()
    };
    assert_eq!(taken(Some(true), Some(false)), ["b.outputs.x"]);
    assert_eq!(taken(Some(false), None), ["c.outputs.x"]);
    assert_eq!(taken(None, Some(true)), ["a.outputs.x", "c.outputs.x"]);
}

#[test]
fn places_of_references_are_places_in_the_file() {
    let text = "a: 'ä ''x'' ${{ net.outputs.id }} ${{ vpc[\"k\"].outputs.z.trim() }}'\n";
    let (node, _) = yaml::parse(&Arc::from("f.yaml"), text);
    let found = parse_template(node.unwrap().get("a").unwrap()).0.unwrap();
    let places: Vec<&str> = references(&found)
        .iter()
        .map(|r| &text[r.span.start as usize..r.span.end as usize])
        .collect();
    assert_eq!(places, ["net.outputs.id", "vpc[\"k\"].outputs.z"]);
}

#[test]
fn secrets_are_listed_apart() {
    let found = template("'${{ secret(\"env:A\") }}${{ x ? secret(y) : 1 }}'")
        .0
        .unwrap();
    let specs: Vec<Option<String>> = secrets(&found).into_iter().map(|s| s.spec).collect();
    assert_eq!(specs, [Some("env:A".to_owned()), None]);
}
