//! Broken files of other tools: no reader panics, every place is a part of its file, and the answer is the same again.
use super::mutations::rounds;
use strata_core::{
    diagnostic::Diagnostic,
    span::Location,
    tree::{MemoryTree, Tree},
};
use strata_syntax::{
    ansible, argocd, cloudformation, flux, helm, kubernetes, kustomize, own::Own, packer,
};

const CHARTS: &[&str] = &[
    "apiVersion: v2\nname: é\nversion: 1.0.0\ntype: application\ndependencies:\n- {name: a, version: 1, repository: 'file://../c', alias: b, condition: a.b}\n",
    "a: {b: [1, {c: ''}], é: ~}\nb: !x y\nglobal: {z: |\n  t}\n",
    "{\"$ref\": \"#/definitions/a\", \"required\": [\"a\"], \"definitions\": {\"a\": {\"properties\": {\"a\": {\"$ref\": \"#/definitions/a\"}, \"b\": {\"type\": [\"string\", \"null\"]}}, \"additionalProperties\": false}}}",
    "{{- /* c */ -}}{{ if .Values.é.b }}{{ required \"m }}\" .Values.a.c | quote }}{{ end }}{{ with .x }}{{ $.Values.a }}{{ index .Values \"a\" \"b\" }}{{ .Files.Get `f` }}{{ include \"t\" . }}{{ define \"t\" }}{{ end }}",
];
const TEMPLATES: &[&str] = &[
    "Parameters:\n  A: {Type: CommaDelimitedList, Default: 'a,b', AllowedValues: [a]}\nConditions: {C: !Equals [!Ref A, {Condition: C}]}\nResources:\n  R:\n    Type: AWS::X::Y\n    DependsOn: [R, é]\n    Properties:\n      P: !Sub ['${A}${R.é}${!x}', {x: !GetAtt R.Arn}]\n      Q: !If [C, !ImportValue x, !FindInMap [M, a, b]]\n      T: {'Fn::Sub': \"${Z}\\n\"}\n  S: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: t.yaml, Parameters: {A: 1}}}\nOutputs: {O: {Value: !Ref R, Export: {Name: !Sub '${A}-x'}}}\n",
    "{\"Transform\": [\"AWS::Serverless-2016-10-31\"], \"Resources\": {\"é\": {\"Type\": \"AWS::X::Y\", \"Properties\": {\"a\": {\"Fn::GetAtt\": [\"é\", \"b\"]}, \"c\": {\"Fn::Join\": [\"\", [{\"Ref\": \"n\"}]]}}}}}",
];
const OBJECTS: &[&str] = &[
    "resources: [a.yaml, ../k, 'https://x/y', é]\nnamespace: n\nnamePrefix: p-\nconfigMapGenerator: [{files: [k=a.yaml], envs: [.env]}]\npatches: [{path: a.yaml}]\nhelmCharts: [{name: c, valuesFile: v.yaml}]\ncomponents: [.]\n",
    "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: é, namespace: flux-system}\nspec: {path: ./k, sourceRef: {kind: GitRepository, name: flux-system}, dependsOn: [{name: b}], postBuild: {substituteFrom: [{kind: Secret, name: s}]}, targetNamespace: t}\n---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: b}\nspec: {dependsOn: [{name: b}], chart: {spec: {chart: ./c, sourceRef: {kind: GitRepository, name: flux-system}}}, values: {a: 1}}\n---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: flux-system}\nspec: {url: 'https://x/y.git', ref: {branch: main}}\n",
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: é, annotations: {argocd.argoproj.io/sync-wave: x}}\nspec: {project: q, sources: [{repoURL: 'git@x:y.git', path: k, helm: {valueFiles: [$v/a.yaml, /é]}}, {repoURL: 'https://x/y', ref: v}], destination: {server: a, name: b}}\n---\napiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: p}\n---\napiVersion: v1\nkind: List\nitems: [{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, spec: {generators: [{matrix: {generators: [{git: {repoURL: 'https://x/y', directories: [{path: 'é/*'}]}}]}}], template: {spec: {}}}}]\n",
];
const BOOKS: &[&str] = &[
    "- import_playbook: site.yml\n- hosts: é\n  vars: {a: '{{ b }}', k: !vault x}\n  vars_files: [v.yml, [a, b]]\n  vars_prompt: [{name: p}]\n  roles: [r, {role: r, x: 1}]\n  tasks:\n  - block: [{include_tasks: t.yml}, {template: src=é.j2 dest=x}]\n    rescue: [{include_role: {name: r, tasks_from: t}}]\n  - set_stats: {data: {o: 1}}\n  - script: x.sh -a\n",
    "argument_specs: {main: {options: {a: {type: list, elements: dict, options: {b: {required: true}}}, é: {choices: [1], default: x, no_log: true}}}}\ndependencies: [r, {role: é}]\n",
    "- include_tasks: ../tasks/main.yml\n- include_vars: v.yml\n- copy: {src: f/, remote_src: no}\n- import_role: {name: r}\n",
];
const IMAGES: &[&str] = &[
    "{\"variable\": {\"é\": [{\"type\": \"list(string)\", \"default\": [\"${x}\"]}]}, \"source\": {\"a\": {\"b\": {}}}, \"build\": {\"sources\": [\"source.a.c\"], \"provisioner\": {\"file\": [{\"source\": \"é\"}]}}}",
    "{\"variables\": {\"a\": null}, \"sensitive-variables\": [\"a\"], \"builders\": [{\"type\": \"é\"}], \"provisioners\": [{\"type\": \"shell\", \"scripts\": [\"x.sh\"]}]}",
    "source \"a\" \"b\" {}\nbuild {\n  sources = [\"source.a.é\", \"x\n  provisioner \"shell\" { script = \"é.sh\" }\n}\n",
];

/// Every place that is said is a part of its file.
fn sound(tree: &MemoryTree, problems: &[Diagnostic]) {
    let inside = |at: &Location| {
        let text = tree.text(&at.file).unwrap_or_default();
        let range = at.span.start as usize..at.span.end as usize;
        assert!(text.get(range).is_some(), "{at:?} is no part of {text:?}");
    };
    for problem in problems {
        let related = problem.related.iter().map(|(at, _)| at);
        problem.at.iter().chain(related).for_each(inside);
    }
}

fn own() -> Own {
    Own {
        urls: vec!["https://x/y".to_owned()],
        ..Own::default()
    }
}

#[test]
fn charts_never_panic() {
    rounds(CHARTS, 1_500, &mut |text| {
        for broken in 0..CHARTS.len() {
            let mut parts = CHARTS.to_vec();
            parts[broken] = text;
            let tree = MemoryTree::new([
                ("c/Chart.yaml", parts[0]),
                ("c/values.yaml", parts[1]),
                ("c/values.schema.json", parts[2]),
                ("c/templates/t.yaml", parts[3]),
                ("c/charts/d/Chart.yaml", CHARTS[0]),
            ]);
            let facts = helm::read(&tree, "c");
            sound(&tree, &helm::problems(&tree, &facts));
            facts
                .uses
                .iter()
                .for_each(|u| sound(&tree, &[Diagnostic::note("", "").at(u.at.clone())]));
            helm::interface(&facts);
        }
    });
}

#[test]
fn templates_of_stacks_never_panic() {
    rounds(TEMPLATES, 3_000, &mut |text| {
        let tree = MemoryTree::new([
            ("t.yaml", text),
            ("t.json", text),
            ("u.template", TEMPLATES[0]),
        ]);
        let facts = cloudformation::read(&tree, "");
        sound(&tree, &cloudformation::problems(&tree, &facts));
        let places = facts.templates.values().flat_map(|t| &t.references);
        places.for_each(|r| sound(&tree, &[Diagnostic::note("", "").at(r.at.clone())]));
        cloudformation::interface(&facts);
        cloudformation::recognise(&tree, "");
    });
}

#[test]
fn objects_of_clusters_never_panic() {
    rounds(OBJECTS, 400, &mut |text| {
        for broken in 0..OBJECTS.len() {
            let mut parts = OBJECTS.to_vec();
            parts[broken] = text;
            let tree = MemoryTree::new([
                ("k/kustomization.yaml", parts[0]),
                ("k/a.yaml", parts[1]),
                ("b.yaml", parts[2]),
            ]);
            sound(
                &tree,
                &kustomize::problems(&tree, &kustomize::read(&tree, "k")),
            );
            for folder in ["", "k"] {
                let facts = flux::read(&tree, folder, &own());
                sound(&tree, &flux::problems(&tree, &facts, &own()));
                let facts = argocd::read(&tree, folder);
                sound(&tree, &argocd::problems(&tree, &facts, &own()));
                flux::recognise(&tree, folder);
                argocd::recognise(&tree, folder);
            }
            kubernetes::objects(&tree, "b.yaml");
        }
    });
}

#[test]
fn playbooks_never_panic() {
    rounds(BOOKS, 1_500, &mut |text| {
        for broken in 0..BOOKS.len() {
            let mut parts = BOOKS.to_vec();
            parts[broken] = text;
            let tree = MemoryTree::new([
                ("site.yml", parts[0]),
                ("roles/r/meta/main.yml", parts[1]),
                ("roles/r/tasks/main.yml", parts[2]),
                ("group_vars/all.yml", "a: 1\n"),
            ]);
            let facts = ansible::read(&tree, "");
            sound(&tree, &ansible::problems(&tree, &facts));
            ansible::interface(&facts);
        }
    });
}

#[test]
fn images_never_panic() {
    rounds(IMAGES, 3_000, &mut |text| {
        let tree = MemoryTree::new([("a.pkr.json", text), ("b.json", text), ("c.pkr.hcl", text)]);
        let template = packer::read_template(&tree, "");
        sound(&tree, &packer::problems(&tree, "", &template));
    });
}

#[test]
fn deep_and_wide_files_end() {
    let deep = "[".repeat(5_000) + "\n";
    let braces = "{\"Fn::If\": [\"C\", ".repeat(2_000);
    let bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";
    let actions = "{{ if .Values.a }}".repeat(20_000);
    for text in [deep.as_str(), &braces, bomb, &actions] {
        let tree = MemoryTree::new([
            ("Chart.yaml", text),
            ("values.yaml", text),
            ("values.schema.json", text),
            ("templates/a.yaml", text),
            ("kustomization.yaml", text),
            ("site.yml", text),
            ("t.json", text),
        ]);
        helm::read(&tree, "");
        cloudformation::read(&tree, "");
        kustomize::read(&tree, "");
        flux::read(&tree, "", &own());
        argocd::read(&tree, "");
        ansible::read(&tree, "");
        packer::read_template(&tree, "");
    }
}

#[test]
fn long_chains_and_wide_fans_end() {
    let mut files: Vec<(String, String)> = Vec::new();
    for i in 0..400 {
        let next = format!("resources: [../k{}, ../k{}]\n", i + 1, i + 2);
        files.push((format!("k{i}/kustomization.yaml"), next));
        let chart = format!(
            "name: c{i}\nversion: 1.0.0\ndependencies: [{{name: c, version: 1, repository: 'file://../c{}'}}]\n",
            i + 1
        );
        files.push((format!("c{i}/Chart.yaml"), chart));
        let tasks = format!(
            "- include_tasks: t{0}.yml\n- include_tasks: t{1}.yml\n- include_tasks: t{0}.yml\n",
            i + 1,
            i + 2
        );
        files.push((format!("t{i}.yml"), tasks));
    }
    files.push((
        "site.yml".to_owned(),
        "- hosts: a\n  tasks: [{include_tasks: t0.yml}]\n".to_owned(),
    ));
    let tree = MemoryTree::new(files.iter().map(|(p, t)| (p.as_str(), t.as_str())));
    let found = kustomize::read(&tree, "k0");
    assert!(
        found.kustomizations.len() > 60 && found.open,
        "more is there than is followed"
    );
    assert!(!helm::read(&tree, "c0").dependencies.is_empty());
    assert!(!ansible::read(&tree, "").specified);
}
