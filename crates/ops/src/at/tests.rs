//! Lookups on a small platform in memory, with one engine.
use super::{
    candidates, document::Document, expression::inside, outline::Outline, places, view::View,
};
use crate::{compose::Composition, read};
use std::sync::Arc;
use strata_core::{
    diagnostic::Diagnostic,
    engine::{Act, DynEngine, Got, Task, ToolQuestion, Workspace},
    interface::{Input, Interface, OutputDecl},
    need::Needs,
    span::{Location, Span},
    spec::UnitSpec,
    tree::{MemoryTree, Tree},
    ty::Type,
};

/// Reads `NAME: TYPE` lines of a file as inputs and outputs.
struct Lines;

impl DynEngine for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }
    fn tool(&self) -> Option<ToolQuestion> {
        None
    }
    fn recognise<'a>(&self, tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
        let files = tree.below(folder).iter();
        files
            .map(|f| f.path.as_ref())
            .find(|p| p.ends_with("/lines"))
    }
    fn options(&self) -> &'static [(&'static str, &'static str)] {
        &[("loud", "says it aloud")]
    }
    fn interface(&self, tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
        let path = format!("{}/lines", spec.folder);
        let text = tree.text(&path).unwrap_or_default();
        let mut out = Interface::default();
        let mut start = 0;
        for line in text.lines() {
            let at = Span::new(start, start + line.len() as u32);
            start += line.len() as u32 + 1;
            let mut words = line.split(' ');
            let (Some(kind), Some(name)) = (words.next(), words.next()) else {
                continue;
            };
            let at = Some(Location::new(path.as_str(), at));
            if kind == "in" {
                let input = Input {
                    ty: Type::String,
                    description: Some(format!("the {name}")),
                    optional: true,
                    at,
                    ..Input::default()
                };
                out.inputs.insert(name.to_owned(), input);
            } else {
                let output = OutputDecl {
                    ty: Type::Number,
                    sensitive: kind == "secret",
                    at,
                };
                out.outputs.insert(name.to_owned(), output);
            }
        }
        (out, Vec::new())
    }
    fn needs(&self, _: &dyn Tree, _: &UnitSpec, _: &[String]) -> Needs {
        Needs::default()
    }
    fn identities(&self, _: &Task, _: &Interface) -> Vec<String> {
        Vec::new()
    }
    fn claims(&self, _: &Task) -> Vec<String> {
        Vec::new()
    }
    fn workspace(&self, _: &Task) -> Workspace {
        Workspace::default()
    }
    fn begin(&self, _: &Task, _: &Got) -> (String, Act) {
        unreachable!("nothing runs here")
    }
    fn next(&self, _: &Task, _: &str, _: &Got) -> Result<(String, Act), serde_json::Error> {
        unreachable!("nothing runs here")
    }
    fn progress(&self, _: &str, _: &str) -> Option<String> {
        None
    }
}

const WEB: &str = "layers/top/web/component.yaml";

fn composition(web: &str) -> Composition {
    let tree = MemoryTree::new([
        ("strata.yaml", "platform: p\nlayers: [base, top]\n"),
        ("environments/_base.yaml", "values: {size: 3}\n"),
        (
            "environments/dev.yaml",
            "extends: [_base]\nvalues: {name: dev, net: {cidr: 10.0.0.0/8}}\n",
        ),
        ("environments/org.yaml", "shared: true\n"),
        ("contracts/balancer.yaml", "outputs: {port: number}\n"),
        ("layers/base/vpc/lines", "in name\nout id\nsecret key\n"),
        ("layers/base/pools/lines", "out node\n"),
        (
            "layers/base/pools/component.yaml",
            "instances: {a: {size: 1}, b: {size: 2}}\n",
        ),
        ("layers/base/nginx/lines", "out p\n"),
        (
            "layers/base/nginx/component.yaml",
            "provides: {balancer: {port: '${{ self.p }}'}}\n",
        ),
        ("layers/top/web/lines", "in title\nin vpc\n"),
        (WEB, web),
    ]);
    let engines: Vec<Arc<dyn DynEngine>> = vec![Arc::new(Lines)];
    read(Arc::new(tree), &engines).0
}

/// What could stand at `^` in an expression of an input of `web`, and what the word there stands for.
fn expression(marked: &str) -> (Vec<String>, Option<String>) {
    let c = composition("inputs: {}\n");
    let at = marked.find('^').unwrap();
    let text = marked.replace('^', "");
    let span = Span::new(0, text.len() as u32);
    let (words, i) = inside(&text, span, at).unwrap().chain.unwrap();
    let view = View::component(&c, None, Some("web"));
    let parts = if i == 0 {
        view.names()
    } else {
        let before = view.resolve(&words[..i]);
        before.map_or_else(Vec::new, |t| view.parts(&t))
    };
    let what = view.resolve(&words[..=i]).map(|t| {
        let ty = view.ty(&t).map_or_else(String::new, |t| format!(": {t}"));
        format!("{}{ty}", view.what(&t))
    });
    (parts.into_iter().map(|p| p.name).collect(), what)
}

#[test]
fn names_have_the_parts_that_there_are() {
    for (text, want) in [
        ("${{ vpc.^ }}", "outputs"),
        ("${{ vpc.outputs.^ }}", "id key"),
        ("${{ values.^ }}", "name net size"),
        ("${{ values.net.^ }}", "cidr"),
        ("${{ pools[\"^", "a b *"),
        ("${{ pools[\"a\"].outputs.^", "node"),
        ("${{ pools[values.name].outputs.^", "node"),
        ("${{ balancer.outputs.^", "port"),
        ("${{ env(\"dev\").vpc.outputs.^", "id key"),
        ("${{ env.^", "name"),
        ("${{ nobody.^", ""),
    ] {
        assert_eq!(expression(text).0.join(" "), want, "{text}");
    }
    let (names, _) = expression("${{ v^ }}");
    for name in ["vpc", "pools", "nginx", "balancer", "values", "self"] {
        assert!(names.iter().any(|n| n == name), "{name} in {names:?}");
    }
}

#[test]
fn words_stand_for_things_with_a_type() {
    for (text, want) in [
        ("${{ vpc.outputs.i^d }}", "output `id` of `dev/vpc`: number"),
        (
            "${{ v^pc.outputs.id }}",
            "component `vpc` (lines, layer base)",
        ),
        (
            "${{ pools[\"*\"].outputs.n^ode }}",
            "output `node` of every instance of `pools`: map(number)",
        ),
        (
            "${{ balancer.outputs.p^ort }}",
            "output `port` of the contract `balancer`, here of `dev/nginx`: number",
        ),
        ("${{ values.s^ize }}", "value `size` of `dev`: number"),
        ("${{ env(\"o^rg\") }}", "environment `org`"),
    ] {
        assert_eq!(expression(text).1.as_deref(), Some(want), "{text}");
    }
    assert_eq!(expression("${{ vpc.outputs.n^o }}").1, None);
}

#[test]
fn declarations_and_uses_are_found_across_files() {
    let web = "inputs: {title: 'x ${{ values.size }}', vpc: '${{ vpc.outputs.id }}'}\n";
    let c = composition(web);
    let view = View::component(&c, None, Some("web"));
    let span = Span::new(0, web.len() as u32);
    let at = web.find("outputs.id").unwrap() + 9;
    let (words, i) = inside(web, span, at).unwrap().chain.unwrap();
    let output = view.resolve(&words[..=i]).unwrap();
    let places = view.declared(&output);
    assert_eq!(places[0].file.as_ref(), "layers/base/vpc/lines");
    assert_eq!(places[0].span, Span::new(8, 14));
    let found = places::declared_at(&c, "layers/base/vpc/lines", 10).unwrap();
    assert_eq!((found.name.as_str(), found.input), ("id", false));
    let uses = places::uses_of_output(&c, Some("vpc"), None, "id");
    assert_eq!(uses.len(), 1);
    let used = &web[uses[0].span.start as usize..uses[0].span.end as usize];
    assert_eq!((uses[0].file.as_ref(), used), (WEB, "vpc.outputs.id"));
    assert_eq!(places::uses_of_value(&c, "size").len(), 1);
    assert_eq!(
        places::uses_of_output(&c, Some("nginx"), None, "p").len(),
        1
    );
    let value = places::value_places(&c, "dev", "size");
    assert_eq!(value[0].file.as_ref(), "environments/_base.yaml");
    let file = places::component_file(&c, "vpc").unwrap();
    assert_eq!(file.file.as_ref(), "layers/base/vpc/lines");
}

/// What could stand at `^` of a file: keys, then values.
fn fits(path: &str, marked: &str) -> (String, String) {
    let c = composition("inputs: {}\n");
    let at = marked.find('^').unwrap();
    let text = marked.replace('^', "");
    let place = Outline::of(&text).place(&text, at);
    let document = Document::of(path).unwrap();
    let (subject, rest) = document.subject(&c, &place.path);
    let view = View::of(&c, &document, &subject);
    let names = |list: Vec<candidates::Candidate>| {
        let names: Vec<String> = list.into_iter().map(|c| c.name).collect();
        names.join(" ")
    };
    (
        names(candidates::keys(&view, &document, &subject, rest)),
        names(candidates::values(&view, &document, &subject, rest)),
    )
}

#[test]
fn keys_and_values_fit_their_place() {
    let has = |list: &str, word: &str| list.split(' ').any(|w| w == word);
    let (keys, _) = fits(WEB, "inputs:\n  ^\n");
    assert_eq!(keys, "title vpc");
    let (keys, _) = fits(WEB, "^");
    assert!(
        has(&keys, "inputs")
            && has(&keys, "lines")
            && has(&keys, "source")
            && !has(&keys, "monitors"),
        "{keys}"
    );
    assert_eq!(fits(WEB, "lines: {^}").0, "loud");
    assert_eq!(fits(WEB, "layer: ^").1, "base top");
    assert_eq!(fits(WEB, "environments: [^]").1, "dev org");
    assert_eq!(fits(WEB, "provides:\n  balancer: {^}").0, "port");
    assert!(has(&fits(WEB, "after:\n  - ^").1, "layer:base"));
    let dev = "environments/dev.yaml";
    assert_eq!(fits(dev, "extends: [^]").1, "_base org");
    assert_eq!(fits(dev, "flavors: {balancer: ^}").1, "nginx");
    assert_eq!(fits(dev, "components: {web: {inputs: {^}}}").0, "title vpc");
    let (keys, _) = fits(dev, "imports:\n- environment: x\n  ^\n");
    assert!(has(&keys, "repo") && has(&keys, "signed"), "{keys}");
    assert_eq!(fits(dev, "imports: [{environment: ^}]").1, "org");
    assert_eq!(fits(dev, "imports: [{layer: ^}]").1, "base top");
    assert_eq!(fits(dev, "imports: [{hooks: ^}]").1, "allow deny");
    assert_eq!(fits(WEB, "hooks: ^").1, "allow deny");
    assert!(has(&fits("strata.yaml", "layers: ^").1, "osi"));
    assert!(has(&fits("strata.yaml", "defaults:\n  - ^").0, "timeout"));
    assert!(has(
        &fits("contracts/x.yaml", "outputs: {a: ^}").1,
        "string"
    ));
}
