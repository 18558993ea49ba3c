//! Outputs that a component declares itself: a type, or where they are found.
use super::{cluster::speaks_to_a_cluster, contract::parse_type};
use crate::decode::{Fields, Problems, expected};
use litemap::LiteMap;
use strata_core::{
    diagnostic::Diagnostic,
    span::Location,
    spec::{OutputFrom, OutputSpec},
};
use strata_syntax::node::{Kind, Node};

/// An output that is looked up where nobody can, and one from a Secret that would be shown.
pub(super) fn misplaced(
    outputs: &LiteMap<String, (Location, OutputSpec)>,
    engine: &str,
    problems: &mut Problems,
) {
    for (name, (at, output)) in outputs {
        let OutputFrom::Lookup(object, _) = &output.from else {
            continue;
        };
        let problem = if !speaks_to_a_cluster(engine) {
            Diagnostic::error(
                "output::lookup",
                format!("engine `{engine}` speaks to no cluster: `{name}` cannot be looked up"),
            )
            .help("write the value to a file and use `{json: 'PATH#/pointer'}`")
        } else if object.starts_with("Secret/") && !output.sensitive {
            Diagnostic::error(
                "output::lookup",
                format!("`{name}` comes from a Secret and would be shown"),
            )
            .help("add `sensitive: true`")
        } else {
            continue;
        };
        problems.push(problem.at(at.clone()));
    }
}

/// All of them by name.
pub(super) fn outputs(
    f: &Fields<'_>,
    problems: &mut Problems,
) -> LiteMap<String, (Location, OutputSpec)> {
    f.entries("outputs", problems)
        .into_iter()
        .map(|(name, at, node)| (name.to_owned(), (at, output(node, problems))))
        .collect()
}

fn output(node: &Node, problems: &mut Problems) -> OutputSpec {
    if !matches!(node.kind, Kind::Map(_)) {
        return OutputSpec {
            ty: parse_type(node, problems),
            ..OutputSpec::default()
        };
    }
    let f = Fields::of(
        Some(node),
        "an output",
        &["type", "sensitive", "from", "description"],
        problems,
    );
    OutputSpec {
        ty: f
            .get("type")
            .map(|n| parse_type(n, problems))
            .unwrap_or_default(),
        sensitive: f.flag("sensitive", problems).unwrap_or(false),
        from: f
            .get("from")
            .map(|n| output_from(n, problems))
            .unwrap_or_default(),
    }
}

fn output_from(node: &Node, problems: &mut Problems) -> OutputFrom {
    if let Some(word) = node.as_str() {
        if word != "stats" {
            problems.push(expected(
                node,
                "`from`",
                "`stats`, `{file: PATH}`, `{json: 'PATH#/pointer'}` or `{lookup: 'KIND/NAME#/pointer'}`",
            ));
        }
        return OutputFrom::Engine;
    }
    let f = Fields::of(Some(node), "`from`", &["file", "json", "lookup"], problems);
    if let Some(path) = f.text("file", problems) {
        return OutputFrom::File(path);
    }
    for key in ["json", "lookup"] {
        let Some(text) = f.text(key, problems) else {
            continue;
        };
        let (at, pointer) = text.split_once('#').unwrap_or((&text, ""));
        let parts = at.split('/').filter(|part| !part.is_empty()).count();
        let whole = key == "json" && parts > 0 || (2..=3).contains(&parts);
        if !whole || !(pointer.is_empty() || pointer.starts_with('/')) {
            let node = f.get(key).expect("just read");
            let want = match key {
                "json" => "`PATH#/pointer`; a pointer begins with `/`",
                _ => {
                    "an object and a pointer, such as `Service/web#/spec/clusterIP` or `Secret/NAMESPACE/NAME#/data/key`"
                }
            };
            problems.push(expected(node, &format!("`from.{key}`"), want));
        }
        let (at, pointer) = (at.to_owned(), pointer.to_owned());
        return match key {
            "json" => OutputFrom::Json(at, pointer),
            _ => OutputFrom::Lookup(at, pointer),
        };
    }
    OutputFrom::Engine
}
