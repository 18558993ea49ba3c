//! What a module needs from outside: for its providers, for its backend, and to read the states of others.
use super::identity::{backend_of, own_backend};
use crate::needs::{self, Config, catalog};
use std::collections::BTreeMap;
use strata_core::{
    need::Needs,
    span::Location,
    spec::UnitSpec,
    tree::Tree,
    value::{Term, Value},
};
use strata_syntax::terraform::{
    Backend, Module, ProviderBlock, RemoteState, Root, Setting, Shape, read_module,
};

/// Everything that is known. `inputs` are the names of what the component gives.
pub fn of(tree: &dyn Tree, spec: &UnitSpec, inputs: &[String]) -> Needs {
    let module = read_module(tree, &spec.folder);
    let reader = Reader {
        module: &module,
        spec,
        inputs,
    };
    let mut out = Needs {
        remote: reader.remote(),
        ..Needs::default()
    };
    reader.providers(&mut out);
    reader.backend(&mut out);
    for state in &module.remote_states {
        reader.remote_state(&mut out, state);
    }
    for source in &module.remote_modules {
        out.unknown
            .push((format!("module `{source}`, which is not here"), None));
    }
    out
}

struct Reader<'a> {
    module: &'a Module,
    spec: &'a UnitSpec,
    inputs: &'a [String],
}

impl Reader<'_> {
    fn providers(&self, out: &mut Needs) {
        let m = self.module;
        let blocks = m.provider_blocks.iter().map(|b| &b.name);
        let names: std::collections::BTreeSet<&String> = m.providers.iter().chain(blocks).collect();
        for name in names {
            let asked = m.requirements.iter().find(|r| r.name == *name);
            let written = asked.filter(|r| r.written.is_some());
            let entry = match written {
                Some(r) => catalog().provider(&r.source),
                None => catalog().provider_named(name),
            };
            let mine = || m.provider_blocks.iter().filter(|b| b.name == *name);
            let at = mine().next().map(|b| &b.at).or(asked.map(|r| &r.at));
            let Some(entry) = entry else {
                let source = written.map_or(name.as_str(), |r| short(&r.source));
                out.unknown
                    .push((format!("provider `{source}`"), at.cloned()));
                continue;
            };
            let configs: Vec<Config> = mine().map(|b| self.config(b)).collect();
            needs::add(out, &format!("provider `{name}`"), entry, &configs, at);
        }
    }

    fn config(&self, block: &ProviderBlock) -> Config {
        let mut config = self.settings(&block.settings, block.folder == self.spec.folder);
        let inner = block.blocks.iter();
        config
            .given
            .extend(inner.map(|(name, at)| (name.clone(), Some(at.clone()))));
        for name in overridden(self.spec, &block.name) {
            config.given.entry(name).or_insert(None);
        }
        config
    }

    fn settings(&self, settings: &BTreeMap<String, Setting>, root: bool) -> Config {
        let mut config = Config::default();
        for (name, setting) in settings {
            if setting.value == Some(Value::Null) || (root && self.is_left_out(&setting.shape)) {
                continue;
            }
            config.given.insert(name.clone(), Some(setting.at.clone()));
            if let Some(text) = setting.shape.text() {
                config.texts.insert(name.clone(), text.to_owned());
            }
        }
        config
    }

    /// Is it a variable of the root that is null unless somebody gives it, and nobody does?
    fn is_left_out(&self, shape: &Shape) -> bool {
        let Shape::Path(path) = shape else {
            return matches!(shape, Shape::Null);
        };
        let variable = self.module.variables.get(&path.name);
        path.root == Root::Variable
            && path.steps.is_empty()
            && variable.is_some_and(|v| v.default == Some(Value::Null))
            && !self.module.set_here.contains(&path.name)
            && !self.spec.options.contains_key("var-files")
            && !self.inputs.contains(&path.name)
    }

    fn backend(&self, out: &mut Needs) {
        let (kind, own) = match (&self.module.cloud, &self.module.backend) {
            (Some(cloud), _) => ("cloud".to_owned(), Some(cloud)),
            (None, Some(b)) => (b.kind.clone(), Some(b)),
            (None, None) => (backend_of(self.spec), None),
        };
        let mut config = own.map_or_else(Config::default, |b| self.settings(&b.settings, false));
        for (name, term) in own_backend(self.spec, &kind).into_iter().flatten() {
            config.given.entry(name.clone()).or_insert(None);
            if let Some(Value::String(text)) = term.plain() {
                config.texts.insert(name.clone(), text);
            }
        }
        let by = if kind == "cloud" {
            "block `cloud`".to_owned()
        } else {
            format!("backend `{kind}`")
        };
        add_backend(out, &by, &kind, config, own.map(|b| &b.at));
    }

    fn remote_state(&self, out: &mut Needs, state: &RemoteState) {
        // `tfe_outputs` reads with the provider `tfe`
        let Some(kind) = &state.backend else { return };
        let mut config = Config::default();
        if let Some(Shape::Object(fields)) = state.settings.get("config").map(|s| &s.shape) {
            for (name, shape) in fields {
                let at = state.settings.get("config").map(|s| s.at.clone());
                config.given.insert(name.clone(), at);
                if let Some(text) = shape.text() {
                    config.texts.insert(name.clone(), text.to_owned());
                }
            }
        }
        let by = format!("state `{}` in backend `{kind}`", state.name);
        add_backend(out, &by, kind, config, Some(&state.at));
    }

    /// The workspace in which the tool may run far from here, with variables of its own.
    fn remote(&self) -> Option<String> {
        let remote = |b: &&Backend| b.kind.is_empty() || b.kind == "remote";
        let m = self.module;
        let block = m.cloud.as_ref().or(m.backend.as_ref()).filter(remote)?;
        let chosen = self.spec.string("workspace");
        let named = block.text(&["workspaces", "name"]).map(str::to_owned);
        let prefix = block.text(&["workspaces", "prefix"]);
        let name = match (chosen, prefix) {
            (Some(chosen), Some(prefix)) => Some(format!("{prefix}{chosen}")),
            (Some(chosen), None) => Some(chosen),
            (None, _) => named,
        };
        Some(name.map_or_else(
            || "its remote workspace".to_owned(),
            |name| format!("workspace `{name}`"),
        ))
    }
}

fn add_backend(out: &mut Needs, by: &str, kind: &str, config: Config, at: Option<&Location>) {
    match catalog().backend(kind) {
        Some(entry) => needs::add(out, by, entry, &[config], at),
        None => out.unknown.push((by.to_owned(), at.cloned())),
    }
}

/// Arguments that `terraform.override` gives a provider.
fn overridden(spec: &UnitSpec, provider: &str) -> Vec<String> {
    let inside = |term: &Term, key: &str| match term {
        Term::Map(map) => map.get(key).cloned(),
        _ => None,
    };
    let given = spec.options.get("override");
    let block = given
        .and_then(|o| inside(o, "provider"))
        .and_then(|p| inside(&p, provider));
    match block {
        Some(Term::Map(arguments)) => arguments.into_keys().collect(),
        _ => Vec::new(),
    }
}

/// A source without the public registry.
fn short(source: &str) -> &str {
    source
        .strip_prefix("registry.terraform.io/")
        .unwrap_or(source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::tree::MemoryTree;

    fn needs(files: &[(&str, &str)], inputs: &[&str]) -> Needs {
        let spec = UnitSpec {
            folder: "m".into(),
            ..UnitSpec::default()
        };
        let inputs: Vec<String> = inputs.iter().map(|i| (*i).to_owned()).collect();
        of(&MemoryTree::new(files.iter().copied()), &spec, &inputs)
    }

    fn keys(needs: &Needs) -> Vec<&str> {
        let all = needs.needs.iter().filter(|(n, _)| !n.ways.is_empty());
        all.flat_map(|(n, _)| n.variables.keys().map(String::as_str))
            .collect()
    }

    #[test]
    fn resources_of_local_modules_count() {
        let n = needs(
            &[
                ("m/main.tf", "module \"x\" {\n  source = \"../x\"\n}\n"),
                (
                    "x/main.tf",
                    "terraform {\n  required_providers {\n    hcloud = { source = \"hetznercloud/hcloud\" }\n  }\n}\nresource \"hcloud_server\" \"a\" {}\n",
                ),
            ],
            &[],
        );
        assert_eq!(keys(&n), ["HCLOUD_TOKEN"]);
    }

    #[test]
    fn an_argument_from_a_variable_replaces_unless_it_is_null() {
        let block = "provider \"vultr\" {\n  api_key = var.key\n}\n";
        let null = format!("{block}variable \"key\" {{\n  default = null\n}}\n");
        let required = format!("{block}variable \"key\" {{}}\n");
        assert_eq!(keys(&needs(&[("m/a.tf", &null)], &[])), ["VULTR_API_KEY"]);
        for n in [
            needs(&[("m/a.tf", &null)], &["key"]),
            needs(&[("m/a.tf", &required)], &[]),
        ] {
            assert!(keys(&n).is_empty());
            assert_eq!(n.replaced[0].with, "api_key");
            assert!(n.replaced[0].at.is_some());
        }
    }

    #[test]
    fn backends_and_readers_of_states_need_credentials_too() {
        let n = needs(
            &[(
                "m/main.tf",
                "terraform {\n  backend \"s3\" {\n    region = \"x\"\n  }\n}\ndata \"terraform_remote_state\" \"net\" {\n  backend = \"consul\"\n  config = { path = \"p\" }\n}\n",
            )],
            &[],
        );
        let by: Vec<&str> = n.needs.iter().map(|(n, _)| n.by.as_str()).collect();
        assert!(by.contains(&"backend `s3`"), "{by:?}");
        assert!(by.contains(&"state `net` in backend `consul`"), "{by:?}");
        assert!(n.replaced.iter().any(|r| r.key == "AWS_REGION"));
    }

    #[test]
    fn a_cloud_block_names_its_workspace_and_its_token() {
        let n = needs(
            &[(
                "m/main.tf",
                "terraform {\n  cloud {\n    organization = \"abc\"\n    workspaces {\n      name = \"infra-dev\"\n    }\n  }\n}\n",
            )],
            &[],
        );
        assert_eq!(n.remote.as_deref(), Some("workspace `infra-dev`"));
        assert_eq!(keys(&n), ["TF_TOKEN_app_terraform_io"]);
    }

    #[test]
    fn an_inner_block_counts_and_what_is_unknown_is_said() {
        let n = needs(
            &[(
                "m/main.tf",
                "provider \"helm\" {\n  kubernetes {\n    host = \"x\"\n  }\n}\nterraform {\n  required_providers {\n    thing = { source = \"acme/thing\" }\n  }\n}\n",
            )],
            &[],
        );
        assert!(keys(&n).is_empty());
        assert_eq!(n.unknown[0].0, "provider `acme/thing`");
    }
}
