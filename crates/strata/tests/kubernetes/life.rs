//! Plan, apply, change, and what is left alone.
use crate::ground::{COMPONENT, Ground, IMAGE, SPACE, config, deployment};

#[test]
fn objects_are_planned_applied_and_then_left_alone() {
    let Some(g) = Ground::new(
        "life",
        &[
            (
                "layers/top/web/component.yaml",
                &format!("{COMPONENT}inputs: {{n: 1, word: '${{{{ secret(\"file:word\") }}}}'}}\n"),
            ),
            ("layers/top/web/a.yaml", SPACE),
            (
                "layers/top/web/b/web.yaml",
                &deployment("web", 1, IMAGE, "sleep 1000").replace("replicas: 1", "replicas: ${n}"),
            ),
            (
                "layers/top/web/c.yaml",
                "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {key: in-the-file}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {said: 'he said ${word}'}\n",
            ),
            ("word", "sesame-open"),
        ],
    ) else {
        return;
    };
    let plan = g.ends(0, &["plan", "dev"]);
    plan.says("4 to create").says("Deployment.apps t-life/web");
    plan.never_says("sesame-open").never_says("in-the-file");
    g.ends(0, &["apply", "dev", "--yes"])
        .says("created Deployment.apps t-life/web")
        .never_says("sesame-open");
    assert_eq!(
        g.field("configmap", "c", ".data.said"),
        "he said sesame-open"
    );
    // it waited until it was ready
    assert_eq!(g.field("deployment", "web", ".status.readyReplicas"), "1");
    // what is unchanged starts nothing
    let again = g.ends(0, &["apply", "dev", "--yes"]);
    again.says("nothing to do").never_says("plan …");
    g.ends(0, &["drift", "dev"]);
    // what the engine notes for itself is no output, and no kubeconfig is left
    g.ends(0, &["outputs", "dev"]).never_says("identity");
    let key = crate::ground::text(&g.platform.root().join("kubeconfig"));
    let key = key
        .split("\"client-key-data\": \"")
        .nth(1)
        .and_then(|k| k.split('"').next());
    let kept = g.platform.stored_with(key.expect("a key"));
    assert!(kept.is_empty(), "{kept:?}");
    // a change is told by its fields
    g.edit("layers/top/web/component.yaml", "n: 1", "n: 0");
    g.edit("layers/top/web/c.yaml", "in-the-file", "another-one");
    g.ends(0, &["plan", "dev"])
        .says("spec.replicas: 1 -> 0")
        .says("changed (hidden)")
        .says("2 to update")
        .never_says("another-one");
    g.ends(0, &["apply", "dev", "--yes"])
        .says("updated Deployment.apps t-life/web")
        .never_says("updated ConfigMap");
    g.ends(0, &["destroy", "dev", "--yes"])
        .says("removed Namespace t-life");
    assert!(
        g.does(&["get", "namespace", "t-life", "--ignore-not-found"])
            .is_empty()
    );
}

const DEFINITION: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.life.example.com}
spec:
  group: life.example.com
  scope: Namespaced
  names: {kind: Gadget, plural: gadgets}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties: {spec: {type: object, required: [size], properties: {size: {type: integer}}}}
";

const GADGET: &str =
    "apiVersion: life.example.com/v1\nkind: Gadget\nmetadata: {name: g}\nspec: {size: 1}\n";

#[test]
fn a_definition_and_its_objects_come_in_one_plan() {
    let files: &[(&str, &str)] = &[
        ("layers/top/web/component.yaml", COMPONENT),
        ("layers/top/web/a.yaml", SPACE),
        ("layers/top/web/definition.yaml", DEFINITION),
        ("layers/top/web/gadget.yaml", GADGET),
    ];
    let Some(g) = Ground::new("define", files) else {
        return;
    };
    g.does(&[
        "delete",
        "crd",
        "gadgets.life.example.com",
        "--ignore-not-found",
    ]);
    g.edit("layers/top/web/gadget.yaml", "size: 1", "sise: 1");
    g.ends(10, &["plan", "dev"])
        .says("does not fit the definition beside it")
        .says("`spec.size` is missing")
        .says("did you mean `size`?");
    g.edit("layers/top/web/gadget.yaml", "sise: 1", "size: 1");
    g.ends(0, &["plan", "dev"])
        .says("Gadget.life.example.com t-define/g")
        .says("3 to create");
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(g.field("gadgets", "g", ".spec.size"), "1");
    g.ends(0, &["destroy", "dev", "--yes"]);
    assert!(
        g.does(&[
            "get",
            "crd",
            "gadgets.life.example.com",
            "--ignore-not-found"
        ])
        .is_empty()
    );
}

#[test]
fn a_kustomization_is_built_and_what_it_no_longer_makes_goes() {
    let files: &[(&str, &str)] = &[
        (
            "layers/top/web/component.yaml",
            "kustomize: {namespace: NS}\n",
        ),
        (
            "layers/top/web/kustomization.yaml",
            "resources: [../_base]\nnamespace: NS\nnamePrefix: x-\n",
        ),
        (
            "layers/top/_base/kustomization.yaml",
            "configMapGenerator: [{name: c, literals: [a=1]}]\n",
        ),
    ];
    let Some(g) = Ground::with_space("kustom", files) else {
        return;
    };
    g.ends(0, &["apply", "dev", "--yes"])
        .says("created ConfigMap t-kustom/x-c-");
    let names = || g.does(&["-n", "t-kustom", "get", "configmap", "-o", "name"]);
    let before = names();
    g.edit("layers/top/_base/kustomization.yaml", "a=1", "a=2");
    g.ends(0, &["plan", "dev"])
        .says("1 to create")
        .says("1 to delete");
    g.ends(0, &["apply", "dev", "--yes"])
        .says("removed ConfigMap t-kustom/x-c-");
    let after = names();
    assert_ne!(before, after);
    assert_eq!(after.matches("x-c-").count(), 1, "{after}");
    g.edit(
        "layers/top/_base/kustomization.yaml",
        "literals",
        "litterals",
    );
    g.ends(10, &["plan", "dev"])
        .says("the kustomization cannot be built")
        .says("litterals");
}

#[test]
fn what_is_wrong_with_files_is_said_with_its_line() {
    let twice = format!("{}---\n{}", config("a", "x"), config("a", "y"));
    let files: &[(&str, &str)] = &[
        ("layers/top/web/component.yaml", COMPONENT),
        ("layers/top/web/x.yaml", &twice),
    ];
    let Some(g) = Ground::with_space("wrong", files) else {
        return;
    };
    g.ends(10, &["plan", "dev"])
        .says("ConfigMap t-wrong/a is there twice: x.yaml:1 and x.yaml:6");
    g.write(
        "layers/top/web/x.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndatta: {a: b}\n",
    );
    g.ends(10, &["plan", "dev"])
        .says("ConfigMap t-wrong/a (x.yaml:1)")
        .says("datta: field not declared in schema")
        .says("its kind has no such field");
    g.write("layers/top/web/x.yaml", &config("a", "yes"));
    g.ends(10, &["plan", "dev"])
        .says("ConfigMap t-wrong/a (x.yaml:1) is not valid")
        .says("data.key: expected string, got true")
        .says("put a text into quotes");
    g.write("layers/top/web/x.yaml", "kind: ConfigMap\n");
    g.ends(10, &["plan", "dev"])
        .says("x.yaml:1: this is no object");
}

#[test]
fn parts_of_objects_are_outputs() {
    let outputs = "outputs:
  address: {type: string, from: {lookup: 'Service/web#/spec/clusterIP'}}
  port: {type: number, from: {lookup: 'Service/NS/web#/spec/ports/0/port'}}
  password: {type: string, sensitive: true, from: {lookup: 'Secret/s#/data/key'}}
";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 8080}], selector: {app: web}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {key: hush-hush}\n";
    let files: &[(&str, &str)] = &[
        (
            "layers/top/web/component.yaml",
            &format!("{COMPONENT}{outputs}"),
        ),
        ("layers/top/web/a.yaml", service),
    ];
    let Some(g) = Ground::with_space("lookup", files) else {
        return;
    };
    g.ends(0, &["apply", "dev", "--yes"])
        .never_says("hush-hush");
    let address = g.field("service", "web", ".spec.clusterIP");
    let said = g
        .ends(0, &["outputs", "dev/web", "--format", "json"])
        .json();
    assert_eq!(said["address"], serde_json::json!(address));
    assert_eq!(said["port"], serde_json::json!(8080));
    g.ends(0, &["outputs", "dev/web", "password", "--reveal"])
        .says("hush-hush");
    assert!(
        g.platform
            .stored_with("hush-hush")
            .iter()
            .all(|p| p.ends_with("a.yaml"))
    );
    // a store that was lost is made again from what is there
    std::fs::remove_dir_all(g.platform.root().join(".strata")).unwrap();
    g.ends(0, &["adopt", "dev"]);
    g.ends(0, &["outputs", "dev/web"]).says(&address);
    g.ends(0, &["apply", "dev", "--yes"]).says("nothing to do");
    g.edit(
        "layers/top/web/component.yaml",
        "Service/web#",
        "Service/wed#",
    );
    g.edit("layers/top/web/component.yaml", "60s", "1s");
    g.ends(10, &["apply", "dev", "--yes"])
        .says("the output `address` cannot be looked up: there is no Service t-lookup/wed");
}

#[test]
fn what_does_not_get_ready_goes_back_to_what_was_there() {
    let probe = "name: main, readinessProbe: {exec: {command: [test, '!', -e, /failed]}},";
    let web = deployment("web", 1, IMAGE, "sleep 1000").replace("name: main,", probe);
    let files: &[(&str, &str)] = &[
        (
            "layers/top/web/component.yaml",
            "engine: kubectl\nkubectl: {namespace: NS, wait: 90s, rollback: true}\n",
        ),
        ("layers/top/web/a.yaml", &web),
        ("layers/top/web/b.yaml", &config("b", "old")),
        ("layers/top/web/c.yaml", &config("c", "x")),
    ];
    let Some(g) = Ground::with_space("back", files) else {
        return;
    };
    g.ends(0, &["apply", "dev", "--yes"]);
    g.edit(
        "layers/top/web/a.yaml",
        "sleep 1000",
        "touch /failed; sleep 1000",
    );
    // only what never comes is waited for briefly
    let component = "layers/top/web/component.yaml";
    g.edit(component, "wait: 90s", "wait: 8s");
    g.edit("layers/top/web/b.yaml", "old", "new");
    std::fs::remove_file(g.platform.root().join("layers/top/web/c.yaml")).unwrap();
    g.write("layers/top/web/d.yaml", &config("d", "x"));
    g.ends_saying(
        10,
        &["apply", "dev", "--yes"],
        &[
            "Deployment.apps t-back/web is not ready after 8 s",
            "went back to what was there before: 2 applied again, 1 removed",
        ],
    );
    assert_eq!(g.field("configmap", "b", ".data.key"), "old");
    assert!(g.has("configmap", "c") && !g.has("configmap", "d"));
    let command = g.field(
        "deployment",
        "web",
        ".spec.template.spec.containers[0].command",
    );
    assert!(!command.contains("failed"), "{command}");
    assert_eq!(g.field("deployment", "web", ".status.readyReplicas"), "1");
    // the same again is not what was applied
    g.edit(
        "layers/top/web/a.yaml",
        "touch /failed; sleep 1000",
        "sleep 2000",
    );
    g.edit(component, "wait: 8s", "wait: 90s");
    g.ends(0, &["plan", "dev"])
        .says("1 to delete")
        .says("1 to create");
    g.ends(0, &["apply", "dev", "--yes"])
        .says("removed ConfigMap t-back/c");
    assert_eq!(g.field("configmap", "b", ".data.key"), "new");
}

#[test]
fn what_another_unit_of_the_plan_makes_is_waited_for() {
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: lamps.after.example.org}\nspec:\n  group: after.example.org\n  scope: Namespaced\n  names: {plural: lamps, singular: lamp, kind: Lamp, listKind: LampList}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {watts: {type: integer}}}}}}\n";
    let lamp =
        "apiVersion: after.example.org/v1\nkind: Lamp\nmetadata: {name: desk}\nspec: {watts: 5}\n";
    let Some(g) = Ground::new(
        "after",
        &[
            (
                "layers/top/ground/component.yaml",
                "engine: kubectl\nkubectl: {namespace: default, wait: 60s}\n",
            ),
            ("layers/top/ground/space.yaml", SPACE),
            ("layers/top/ground/lamps.yaml", definition),
            ("layers/top/web/component.yaml", COMPONENT),
            ("layers/top/web/lamp.yaml", lamp),
        ],
    ) else {
        return;
    };
    // nothing says where the namespace and the kind are to come from
    g.ends(10, &["plan", "dev"]).says("could not be planned");
    g.write(
        "layers/top/web/component.yaml",
        &format!("{COMPONENT}after: [ground]\noutputs: {{watts: {{type: number, from: {{lookup: 'Lamp/desk#/spec/watts'}}}}}}\n"),
    );
    g.write(
        "layers/top/reader/component.yaml",
        "engine: script\ncluster: null\nscript: {apply: ['true']}\ninputs: {watts: '${{ web.outputs.watts }}'}\n",
    );
    g.ends(0, &["plan", "dev"])
        .says("waits for dev/ground: ")
        .says("2 deferred");
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(
        g.field("lamps.after.example.org", "desk", ".spec.watts"),
        "5"
    );
    g.ends(0, &["apply", "dev", "--yes"]).says("nothing to do");
    // who has nothing to change makes nothing
    g.write(
        "layers/top/web/bulb.yaml",
        "apiVersion: after.example.org/v1\nkind: Bulb\nmetadata: {name: desk}\n",
    );
    g.ends(10, &["plan", "dev"])
        .says("serves no `Bulb`")
        .says("could not be planned");
    // what is given by somebody who waits may change, so it is said that it is assumed to stay
    g.write(
        "layers/top/ground/bulbs.yaml",
        &definition.replace("lamp", "bulb").replace("Lamp", "Bulb"),
    );
    g.ends(0, &["plan", "dev"])
        .says("waits for dev/ground: ")
        .says("if dev/web.watts stays as it is");
    g.ends(0, &["apply", "dev", "--yes"]);
    g.ends(0, &["destroy", "dev", "--yes"]);
}
