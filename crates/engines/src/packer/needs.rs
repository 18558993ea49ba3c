//! What a template needs from outside: for its builders, and for variables that it takes from the environment itself.
use crate::needs::{self, Config, catalog};
use strata_core::{
    need::{Need, Needs, Variable},
    spec::UnitSpec,
    tree::Tree,
};
use strata_syntax::packer::read_template;

/// Everything that is known. `inputs` are the names of what the component gives.
pub fn of(tree: &dyn Tree, spec: &UnitSpec, inputs: &[String]) -> Needs {
    let template = read_template(tree, &spec.folder);
    let mut out = Needs::default();
    for (source, settings) in &template.settings {
        let kind = source.split('.').next().unwrap_or(source);
        let at = settings.values().next();
        let Some(entry) = catalog().builder(kind) else {
            out.unknown.push((format!("builder `{kind}`"), at.cloned()));
            continue;
        };
        let given = settings.iter().map(|(k, at)| (k.clone(), Some(at.clone())));
        let config = Config {
            given: given.collect(),
            ..Config::default()
        };
        needs::add(&mut out, &format!("builder `{kind}`"), entry, &[config], at);
    }
    for (key, name) in &template.environment {
        let variable = template.variables.get(name);
        if inputs.contains(name) || template.set_here.contains(name) {
            continue;
        }
        let read = Variable {
            sensitive: variable.is_some_and(|v| v.sensitive),
            about: variable
                .and_then(|v| v.description.clone())
                .unwrap_or_else(|| format!("Default of the variable `{name}`")),
        };
        let need = Need {
            by: format!("variable `{name}`"),
            variables: [(key.clone(), read)].into(),
            source: "https://developer.hashicorp.com/packer/docs/templates/hcl_templates/functions/contextual/env"
                .to_owned(),
            ..Need::default()
        };
        out.needs.push((need, variable.map(|v| v.at.clone())));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::tree::MemoryTree;

    #[test]
    fn builders_and_defaults_from_the_environment() {
        let tree = MemoryTree::new([(
            "p/a.pkr.hcl",
            "variable \"pw\" {\n  default   = env(\"BUILD_PW\")\n  sensitive = true\n}\nsource \"hcloud\" \"a\" {}\nsource \"amazon-ebs\" \"b\" {\n  region = \"x\"\n}\nsource \"acme\" \"c\" {}\n",
        )]);
        let spec = UnitSpec {
            folder: "p".into(),
            ..UnitSpec::default()
        };
        let n = of(&tree, &spec, &[]);
        let keys: Vec<&str> = n
            .needs
            .iter()
            .flat_map(|(n, _)| n.variables.keys().map(String::as_str))
            .collect();
        for key in ["HCLOUD_TOKEN", "AWS_ACCESS_KEY_ID", "BUILD_PW"] {
            assert!(keys.contains(&key), "{key}: {keys:?}");
        }
        assert!(!keys.contains(&"AWS_REGION"));
        assert_eq!(n.unknown[0].0, "builder `acme`");
        assert!(of(&tree, &spec, &["pw".to_owned()]).needs.len() < n.needs.len());
    }

    #[test]
    fn templates_in_json_say_the_same() {
        let tree = MemoryTree::new([(
            "p/a.json",
            r#"{"variables": {"pw": "{{env `BUILD_PW`}}"}, "builders": [{"type": "vultr", "api_key": "x"}]}"#,
        )]);
        let spec = UnitSpec {
            folder: "p".into(),
            ..UnitSpec::default()
        };
        let n = of(&tree, &spec, &[]);
        assert_eq!(n.needs.len(), 1);
        assert_eq!(n.replaced[0].key, "VULTR_API_KEY");
    }
}
