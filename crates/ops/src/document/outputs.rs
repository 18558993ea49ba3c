//! Outputs that a component declares itself: a type, or where they are found.
use super::{contract::parse_type, platform::not_yet};
use crate::decode::{Fields, Problems, expected};
use litemap::LiteMap;
use strata_core::{
    span::Location,
    spec::{OutputFrom, OutputSpec},
};
use strata_syntax::node::{Kind, Node};

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
                "`stats`, `{file: PATH}` or `{json: 'PATH#/pointer'}`",
            ));
        }
        return OutputFrom::Engine;
    }
    let f = Fields::of(Some(node), "`from`", &["file", "json", "lookup"], problems);
    if let Some(n) = f.get("lookup") {
        problems.push(not_yet(
            n,
            "lookup",
            "write the value to a file and use `{json: 'PATH#/pointer'}`",
        ));
    }
    if let Some(path) = f.text("file", problems) {
        return OutputFrom::File(path);
    }
    if let Some(text) = f.text("json", problems) {
        let (path, pointer) = text.split_once('#').unwrap_or((&text, ""));
        if path.is_empty() || !(pointer.is_empty() || pointer.starts_with('/')) {
            let node = f.get("json").expect("just read");
            let want = "`PATH#/pointer`; a pointer begins with `/`";
            problems.push(expected(node, "`from.json`", want));
        }
        return OutputFrom::Json(path.to_owned(), pointer.to_owned());
    }
    OutputFrom::Engine
}
