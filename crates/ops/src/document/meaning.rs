//! What the keys of the files mean, in a sentence each: for schemas and for editors. Keys that this version refuses
//! have no meaning here.

/// A key and what it means.
pub type Meaning = (&'static str, &'static str);

/// Keys of an import.
pub const IMPORT: &[Meaning] = &[
    ("repo", "where it is; without it, this repository"),
    ("environment", "which environment of it; required"),
    ("version", "a tag, a branch or a commit; with `repo`"),
    ("as", "its name here; usual: the environment's"),
    ("layer", "the layer of all its units; usual: its own layers"),
    (
        "exclude",
        "components that are not wanted: names, `*` stands for anything",
    ),
    (
        "values",
        "in the place of its own values; they may use ours",
    ),
    ("hooks", "`allow`: its scripts may run"),
    (
        "signed",
        "`true`: the tag of its version has to be signed by somebody that git knows",
    ),
];

/// Keys of `strata.yaml`.
pub const PLATFORM: &[Meaning] = &[
    ("platform", "name of the platform; required"),
    (
        "id",
        "keeps the platform apart from others with the same name; written by `init`",
    ),
    (
        "layers",
        "a preset (`osi`, `bigbang`), a list, or `{preset, add, set, remove}`; lowest first",
    ),
    (
        "layer-order",
        "`edges` (usual): only references order units. `strict`: a layer waits for all lower ones",
    ),
    (
        "tools",
        "program and version of each engine's tool: checked, never installed",
    ),
    (
        "backend",
        "the Terraform backend of roots that have none; may use `values`, `env`, `unit`",
    ),
    (
        "defaults",
        "keys of components, each for some `layer` and `engine`; all that match merge, later wins",
    ),
    (
        "components",
        "components by name, with `path` and `layer`, for folders outside of `layers/`",
    ),
    (
        "passthrough",
        "names of variables of your environment that every tool gets",
    ),
];

/// Keys of an environment.
pub const ENVIRONMENT: &[Meaning] = &[
    ("extends", "environments that it builds upon, left to right"),
    (
        "shared",
        "`true`: only components that name it are in it, such as `org`",
    ),
    (
        "uses",
        "environments where names are looked up that are not found here",
    ),
    (
        "imports",
        "environments of this or other repositories, each at a locked version",
    ),
    (
        "values",
        "facts that expressions read; a value may use other values",
    ),
    (
        "flavors",
        "`{CONTRACT: COMPONENT}`: which component provides a contract here",
    ),
    (
        "components",
        "`{NAME: {…}}`: the same keys as `component.yaml`, only here",
    ),
    (
        "gates",
        "`{replan: create-only}`: what a unit may do that could not be planned before the approval",
    ),
    ("description", "for people"),
];

/// Keys of a component.
pub const COMPONENT: &[Meaning] = &[
    (
        "engine",
        "the engine; needed where the folder fits none or two",
    ),
    (
        "source",
        "where its files are: `REPO//FOLDER` with a `version`, or a folder of this repository",
    ),
    (
        "version",
        "the tag, branch or commit of its `source`; an environment may say another",
    ),
    ("hooks", "`allow`: scripts of its `source` may run"),
    (
        "signed",
        "`true`: the tag of its `version` has to be signed by somebody that git knows",
    ),
    (
        "layer",
        "its layer; in `layers/LAYER/NAME` it need not be said",
    ),
    ("path", "its folder, in `strata.yaml`"),
    (
        "environments",
        "which have it; when it is not said: the layer's, else all that are not `shared`",
    ),
    ("enabled", "an expression; `false`: it is not there"),
    (
        "suspend",
        "`true`: kept as it is, not run, its outputs still serve",
    ),
    (
        "instances",
        "a map: one unit per key, with `each.key` and `each.value`; or a list of keys",
    ),
    (
        "after",
        "units to wait for without taking data from them: `NAME`, `ENV/NAME`, `layer:NAME`",
    ),
    ("inputs", "what the tool is given"),
    ("env", "process variables"),
    (
        "files",
        "variables that hold the path of a private file with this content",
    ),
    (
        "cluster",
        "the cluster that its engine speaks to: a kubeconfig, or `{kubeconfig, context}`, or `{endpoint, ca, token}` or `exec`",
    ),
    (
        "outputs",
        "outputs that the tool cannot declare: a type, or `{type, sensitive, from, description}`",
    ),
    (
        "provides",
        "`{CONTRACT: {output: '${{ self.x }}'}}`: contracts, from its own outputs",
    ),
    ("verify", "verifiers: `command`, `http`, `openscap`"),
    (
        "observe",
        "a command that looks for drift in the place of the engine",
    ),
    ("protect", "`[destroy, replace]`: what is refused"),
    (
        "timeout",
        "`{plan, apply, destroy, verify, observe}`, such as `90s`, `15m`, `2h`",
    ),
    (
        "retry",
        "`{attempts: 3}`: tries of a step whose failure may pass",
    ),
    (
        "reads",
        "other files that it may see: paths and globs, relative to its folder",
    ),
    ("leaves-processes", "`true`: what it starts stays"),
    ("description", "for people"),
];

/// Keys of a contract.
pub const CONTRACT: &[Meaning] = &[
    ("version", "its version; a breaking change needs a new one"),
    (
        "outputs",
        "what every flavor promises: a type, or `{type, sensitive, description}`",
    ),
    ("description", "for people"),
];

/// Keys of a layer.
pub const LAYER: &[Meaning] = &[
    ("name", "name of the layer"),
    ("number", "its number, for people"),
    ("before", "the layer that an added one stands below of"),
    ("after", "the layer that an added one stands on"),
    ("owner", "who owns it, for people"),
    ("lifecycle", "for people"),
    ("rate-of-change", "for people"),
    ("source-of-truth", "for people"),
    ("description", "for people"),
    (
        "environments",
        "environments of its components that name none",
    ),
    ("instances", "instances of its components that have none"),
];

/// Keys of an output.
pub const OUTPUT: &[Meaning] = &[
    (
        "type",
        "its type: `string`, `number`, `bool`, `any`, `list(…)`, `map(…)`, `object({…})`, `artifact`",
    ),
    ("sensitive", "`true`: kept encrypted and never shown"),
    (
        "from",
        "`stats`, `{file: PATH}`, `{json: 'PATH#/pointer'}` or `{lookup: 'KIND/NAME#/pointer'}`",
    ),
    ("description", "for people"),
];

/// Keys of `from` of an output.
pub const FROM: &[Meaning] = &[
    (
        "file",
        "the text of a file, or with type `artifact` the file itself",
    ),
    ("json", "`PATH#/pointer`: a part of a JSON file"),
    (
        "lookup",
        "`KIND/NAME#/pointer` or `KIND/NAMESPACE/NAME#/pointer`: a part of an object of the cluster",
    ),
];

/// Keys of `layers` in `strata.yaml`.
pub const LAYERS: &[Meaning] = &[
    ("preset", "the layers to begin with"),
    ("add", "more layers, each with `before` or `after`"),
    ("set", "`{LAYER: {…}}`: describes layers"),
    ("remove", "layers that are not wanted"),
];

/// Keys of a tool.
pub const TOOL: &[Meaning] = &[
    ("program", "the program, when not the engine's own choice"),
    ("version", "the version it must have, such as `~> 1.10`"),
];

/// Keys of `timeout`.
pub const TIMEOUT: &[Meaning] = &[
    ("plan", "such as `15m`"),
    ("apply", "such as `2h`; an hour when it is not said"),
    ("destroy", "such as `2h`"),
    ("verify", "such as `90s`"),
    ("observe", "such as `90s`"),
];

/// Keys of `retry`.
pub const RETRY: &[Meaning] = &[
    ("attempts", "how often it is tried, the first time included"),
    ("on", "`transient`: failures that may pass, the only kind"),
];

/// Keys of `gates`.
pub const GATES: &[Meaning] = &[(
    "replan",
    "`create-only` (usual), `update` or `any`: what a unit may do that could not be planned before the approval",
)];

/// Verifiers.
pub const VERIFIERS: &[Meaning] = &[
    (
        "command",
        "a program and its arguments: it has to end with 0",
    ),
    ("http", "an address that has to answer as described"),
    ("openscap", "a profile that a host has to fulfil"),
];

/// What a key means.
pub fn of(list: &[Meaning], key: &str) -> Option<&'static str> {
    list.iter().find(|(k, _)| *k == key).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{component, contract, environment, platform};

    #[test]
    fn only_keys_that_exist_have_a_meaning() {
        for (meanings, keys) in [
            (PLATFORM, platform::KEYS),
            (ENVIRONMENT, environment::KEYS),
            (COMPONENT, component::KEYS),
            (CONTRACT, contract::KEYS),
            (VERIFIERS, component::VERIFIERS),
        ] {
            for (key, _) in meanings {
                assert!(keys.contains(key), "{key}");
            }
        }
    }
}
