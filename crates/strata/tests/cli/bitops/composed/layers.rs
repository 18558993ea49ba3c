//! What lies above what, what comes along, and where it is said.
use super::{CONFIG, catalog, chart, entry, item, one, with_tools};
use crate::sandbox::terraform_here;
use std::fs;

#[test]
fn later_entries_defaults_and_the_environment_win_in_this_order() {
    if !terraform_here() {
        return;
    }
    let layers = ["a", "b", "c", "d", "e"];
    let names = layers.map(|n| {
        format!("variable \"{n}\" {{ type = string }}\noutput \"{n}\" {{ value = var.{n} }}\n")
    });
    let (s, base) = one(
        &[
            ("eks/terraform/bitops.config.yaml", CONFIG),
            ("eks/terraform/main.tf", &names.concat()),
            // each layer says what it is, in all that it and lower ones may still say
            (
                "_default/terraform/terraform.tfvars",
                "a = \"its default\"\nb = \"its default\"\nc = \"its default\"\nd = \"its default\"\ne = \"its default\"\n",
            ),
            (
                "eks/terraform/terraform.tfvars",
                "b = \"eks\"\nc = \"eks\"\nd = \"eks\"\ne = \"eks\"\n",
            ),
            (
                "more/terraform/terraform.tfvars",
                "c = \"more\"\nd = \"more\"\ne = \"more\"\n",
            ),
        ],
        &item("base", "more", ""),
    );
    s.write(
        "_default/terraform/terraform.tfvars",
        "d = \"our default\"\ne = \"our default\"\n",
    );
    s.write("prod/terraform/terraform.tfvars", "e = \"prod\"\n");
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["apply", "prod", "--yes"]);
    let got = s.outputs("prod/terraform");
    // `more` has its repo's default under it too
    let said = layers.map(|n| got[n].as_str().expect("a text").to_owned());
    assert_eq!(
        said,
        ["its default", "its default", "more", "our default", "prod"]
    );
    s.ends(0, &["explain", "prod/terraform"])
        .says("prod/terraform/terraform.tfvars")
        .says("`eks` of https://github.com/bitops-operations-repos/base at 1.0");
    drop(base);
    s.ends(0, &["destroy", "prod", "--yes"]);
}

#[test]
fn entries_of_entries_come_below_them_and_shared_folders_come_too() {
    let (s, base) = one(
        &[
            (
                "eks/bitops.config.yaml",
                "default-environments:\n- environment: common\nbitops:\n  logging: {masks: [{search: secret, replace: '***'}]}\n  fail_fast: false\n",
            ),
            ("eks/terraform/bitops.config.yaml", CONFIG),
            (
                "eks/terraform/main.tf",
                "output \"size\" { value = var.size }\noutput \"zone\" { value = var.zone }\n",
            ),
            ("eks/terraform/terraform.tfvars", "size = \"large\"\n"),
            (
                "common/terraform/variables.tf",
                "variable \"size\" {}\nvariable \"zone\" {}\n",
            ),
            (
                "common/terraform/terraform.tfvars",
                "size = \"small\"\nzone = \"a\"\n",
            ),
            ("_modules/net/main.tf", "output \"net\" { value = 1 }\n"),
        ],
        "",
    );
    s.write("prod/terraform/use.tf", "module \"net\" { source = \"../../_modules/net\" }\noutput \"net\" { value = module.net.net }\n");
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["check"])
        .says("`fail_fast` of an import is not obeyed");
    // vendored, the files need neither the repos nor a cache
    s.ends(0, &["import", "vendor"]);
    fs::remove_dir_all(base.dir()).expect("the repo");
    fs::remove_dir_all(s.beside("home/.cache")).expect("the cache");
    s.ends(0, &["import", "verify", "--offline"]);
    s.ends(0, &["check", "--offline"]);
    if !terraform_here() {
        return;
    }
    s.ends(0, &["apply", "prod", "--yes"]);
    let got = s.outputs("prod/terraform");
    assert_eq!(
        (got["size"].as_str(), got["zone"].as_str()),
        (Some("large"), Some("a"))
    );
    assert_eq!(got["net"], 1);
}

#[test]
fn each_environment_sees_the_shared_folders_of_its_own_version() {
    if !terraform_here() {
        return;
    }
    let module = |n: u32| format!("output \"net\" {{ value = {n} }}\n");
    let (s, base) = one(
        &[
            ("eks/terraform/bitops.config.yaml", CONFIG),
            (
                "eks/terraform/main.tf",
                "module \"net\" { source = \"../../_modules/net\" }\noutput \"net\" { value = module.net.net }\n",
            ),
            ("_modules/net/main.tf", &module(1)),
            (
                "_scripts/tell.sh",
                "echo \"one $BITOPS_ENVIRONMENT\" >> \"$LEDGER\"\n",
            ),
        ],
        "  hooks: allow\n",
    );
    // a hook of ours that runs a script of theirs
    for env in ["prod", "dev"] {
        s.write(
            &format!("{env}/terraform/bitops.after-deploy.d/tell.sh"),
            "bash \"$BITOPS_TEMPDIR/_scripts/tell.sh\"\n",
        );
    }
    base.write("_modules/net/main.tf", &module(2));
    base.write(
        "_scripts/tell.sh",
        "echo \"two $BITOPS_ENVIRONMENT\" >> \"$LEDGER\"\n",
    );
    base.commit("2.0");
    // a folder of the root of ours that is no environment is there for both
    s.write("modules/x/main.tf", "output \"x\" { value = \"ours\" }\n");
    let ours =
        "module \"x\" { source = \"../../modules/x\" }\noutput \"x\" { value = module.x.x }\n";
    s.write("prod/terraform/use.tf", ours);
    let newer = entry("base", "eks", "  hooks: allow\n").replace("1.0", "2.0");
    s.write("dev/bitops.config.yaml", &newer);
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["check"]);
    s.ends(0, &["plan", "prod"])
        .says("its scripts run: _scripts/tell.sh");
    s.ends(0, &["apply", "prod", "--yes"]);
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("prod/terraform")["net"], 1);
    assert_eq!(s.outputs("prod/terraform")["x"], "ours");
    assert_eq!(s.outputs("dev/terraform")["net"], 2);
    assert_eq!(s.ledger(), ["one prod", "two dev"]);
    s.ends(0, &["apply", "prod", "--yes"]).says("nothing to do");
    crate::bitops::deploy(&s, 0, &[crate::bitops::of("dev")])
        .says("its scripts run: _scripts/tell.sh");
    assert_eq!(s.ledger().last().expect("a line"), "two dev");
    assert_eq!(s.ledger().len(), 3);
    s.ends(0, &["explain", "_scripts/tell.sh"])
        .says("`eks` of https://github.com/bitops-operations-repos/base at 1.0 (eks@1.0:_scripts/tell.sh)")
        .says("`eks` of https://github.com/bitops-operations-repos/base at 2.0 (eks@2.0:_scripts/tell.sh)");
    // what is wrong in such a file is said where it lies
    base.write(
        "_modules/net/main.tf",
        "output \"net\" { value = var.nowhere }\n",
    );
    base.commit("3.0");
    s.write("dev/bitops.config.yaml", &newer.replace("2.0", "3.0"));
    s.ends(0, &["import", "lock"]);
    s.ends(3, &["check"]).says("eks@3.0:_modules/net/main.tf:1");
    s.write("dev/bitops.config.yaml", &newer);
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["destroy", "prod", "--yes"]);
    s.ends(0, &["destroy", "dev", "--yes"]);
}

#[test]
fn an_environment_of_the_same_name_lies_below_ours() {
    let (s, base) = one(&[("eks/terraform/bitops.config.yaml", CONFIG)], "");
    base.write("prod/terraform/bitops.config.yaml", CONFIG);
    base.write("prod/terraform/main.tf", "variable \"a\" {}\n");
    base.write("prod/terraform/bitops.before-deploy.d/x.sh", "true\n");
    base.commit("1.1");
    let ours = entry("base", "prod", "").replace("1.0", "1.1");
    s.write("prod/bitops.config.yaml", &ours);
    s.write("prod/terraform/main.tf", "variable \"b\" {}\n");
    s.write("prod/terraform/bitops.after-deploy.d/ours.sh", "true\n");
    s.ends(0, &["import", "lock"]).says("prod/base-prod: ");
    // theirs is theirs, and ours is ours
    s.ends(3, &["check"])
        .says("`prod` of https://github.com/bitops-operations-repos/base at 1.1 runs scripts here: `prod/terraform/bitops.before-deploy.d/x.sh`")
        .never_says("ours.sh");
    s.write("prod/bitops.config.yaml", &(ours + "  hooks: allow\n"));
    s.ends(0, &["check"]);
    s.ends(
        0,
        &["render", "prod", s.beside("out").to_str().expect("a path")],
    );
    let file = |name: &str| {
        fs::read_to_string(s.beside(&format!("out/terraform/files/prod/terraform/{name}")))
    };
    assert_eq!(file("main.tf").expect("theirs"), "variable \"a\" {}\n");
    assert_eq!(
        file("main.tf.prod.tf").expect("ours"),
        "variable \"b\" {}\n"
    );
}

#[test]
fn an_entry_that_is_met_twice_lies_at_its_lowest_place_as_we_want_it() {
    let (s, base) = one(
        &[
            (
                "eks/bitops.config.yaml",
                &entry("common", "common", "  hooks: allow\n"),
            ),
            ("eks/terraform/bitops.config.yaml", CONFIG),
            (
                "eks/terraform/main.tf",
                "variable \"a\" {}\noutput \"a\" { value = var.a }\n",
            ),
            ("eks/terraform/terraform.tfvars", "a = \"eks\"\n"),
        ],
        &item("common", "common", "  exclude: [terraform/no.sh]\n"),
    );
    let common = catalog(&s, "common");
    common.write("common/terraform/terraform.tfvars", "a = \"common\"\n");
    common.write("common/terraform/no.sh", "echo no\n");
    common.write(
        "common/terraform/bitops.before-deploy.d/x.sh",
        "echo x >> \"$LEDGER\"\n",
    );
    common.commit("1.0");
    s.ends(0, &["import", "lock"]).says("2 imports; 2 locked");
    // what an import allows its own imports is not allowed by us
    s.ends(3, &["check"])
        .says("import::hooks")
        .says("list this environment in yours with `hooks: allow`");
    let ours = |more: &str| entry("base", "eks", "") + &item("common", "common", more);
    s.write(
        "prod/bitops.config.yaml",
        &ours("  hooks: allow\n  exclude: [terraform/no.sh]\n"),
    );
    s.ends(0, &["check"]);
    // listed last, it would win; but `eks` is made upon it
    s.ends(0, &["explain", "prod/terraform/terraform.tfvars"])
        .says("a = \"eks\"")
        .says("from `eks` of https://github.com/bitops-operations-repos/base at 1.0")
        .says("over `common` of https://github.com/bitops-operations-repos/common at 1.0");
    s.ends(2, &["explain", "prod/terraform/no.sh"]);
    // at another commit the nearest wins
    common.write(
        "common/terraform/terraform.tfvars",
        "a = \"newer\"\nb = 1\n",
    );
    common.commit("2.0");
    let newer =
        ours("  hooks: allow\n").replace("common\n  version: 1.0", "common\n  version: 2.0");
    s.write("prod/bitops.config.yaml", &newer);
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["check"]);
    s.ends(0, &["explain", "prod/terraform/terraform.tfvars"])
        .says("a = \"newer\"")
        .never_says("common at 1.0");
    drop(base);
}

#[test]
fn files_and_their_values_say_where_they_come_from() {
    let s = with_tools(one(&[], "").0);
    let base = catalog(&s, "base");
    chart(&base, "eks", "web", "image: {name: web, tag: '1'}\n");
    base.write(
        "_default/helm/web/values.yaml",
        "image: {name: none}\nreplicas: 1\n",
    );
    base.commit("2.0");
    s.write(
        "prod/bitops.config.yaml",
        &entry("base", "eks", "").replace("1.0", "2.0"),
    );
    s.write("_default/helm/web/values.yaml", "replicas: 2\n");
    s.write("prod/helm/web/values.yaml", "image: {tag: '2'}\n");
    s.write(
        "prod/helm/web/bitops.config.yaml",
        "helm: {cli: {timeout: 9s}}\n",
    );
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["check"]);
    let repo = "https://github.com/bitops-operations-repos/base at 2.0";
    s.ends(0, &["explain", "prod/helm/web/values.yaml"])
        .says(&format!("image.name = \"web\"\n    from `eks` of {repo} (eks@2.0:eks/helm/web/values.yaml)\n    over the defaults of `eks` of {repo} (eks@2.0:_default/helm/web/values.yaml)"))
        .says("image.tag = \"2\"\n    from `prod` (prod/helm/web/values.yaml)")
        .says("replicas = 2\n    from `_default` (_default/helm/web/values.yaml)");
    s.ends(0, &["explain", "prod/helm/web"])
        .says(&format!(
            "cli.namespace = apps\n    `eks` of {repo} (eks@2.0:eks/helm/web/bitops.config.yaml)"
        ))
        .says("cli.timeout = 9s\n    `prod` (prod/helm/web/bitops.config.yaml)")
        .says(&format!(
            "prod/helm/web/Chart.yaml\n    from `eks` of {repo}"
        ));
    let json = s
        .ends(
            0,
            &["explain", "prod/helm/web/values.yaml", "--format", "json"],
        )
        .json();
    assert_eq!(json["layers"].as_array().expect("layers").len(), 4);
    assert_eq!(json["layers"][0]["version"], "2.0");
    assert_eq!(json["values"][1]["key"], "image.tag");
    assert_eq!(json["values"][1]["from"]["layer"], "prod");
    s.ends(0, &["explain", "prod/bitops.config.yaml"])
        .says("from `prod` (prod/bitops.config.yaml)");
    s.ends(2, &["explain", "prod/helm/web/nothing.yaml"]);
    // composed, and compared with another state
    let out = s.beside("out");
    s.ends(0, &["render", "prod", out.to_str().expect("a path")]);
    let unit = fs::read_to_string(out.join("helm.2fweb/unit.json")).expect("the unit");
    let unit: serde_json::Value = serde_json::from_str(&unit).expect("JSON");
    let files = &unit["files"];
    assert_eq!(
        files["prod/helm/web/Chart.yaml"],
        "eks@2.0:eks/helm/web/Chart.yaml"
    );
    assert_eq!(
        files["prod/helm/web/values.yaml"],
        "prod/helm/web/values.yaml (merged)"
    );
    fs::copy(s.root().join("strata.lock"), s.root().join("old.lock")).expect("a copy");
    base.write(
        "eks/helm/web/values.yaml",
        "image: {name: other, tag: '1'}\n",
    );
    base.commit_only();
    base.git(&["tag", "-f", "2.0"]);
    s.ends(5, &["import", "lock"]).says("moved");
    s.ends(0, &["import", "update", "eks"]).says("prod/eks: ");
    s.ends(0, &["diff", "prod", "--against", "old.lock"])
        .says("~ helm/web")
        .says("values.yaml");
    s.ends(0, &["diff", "prod", "--against", "strata.lock"])
        .says("is the same as");
}

#[test]
fn a_later_file_of_a_lower_layer_does_not_win_over_an_earlier_one_of_ours() {
    let s = with_tools(one(&[], "").0);
    let base = catalog(&s, "base");
    chart(&base, "eks", "web", "replicas: 1\n");
    base.write("eks/helm/web/values-versions.yaml", "image: {tag: '1'}\n");
    base.write("eks/helm/web/values-files/more.yaml", "more: theirs\n");
    base.commit("2.0");
    s.write(
        "prod/bitops.config.yaml",
        &entry("base", "eks", "").replace("1.0", "2.0"),
    );
    s.ends(0, &["import", "lock"]);
    let given = || {
        s.ends(0, &["apply", "prod", "--yes"]);
        let line = s.ledger().into_iter().rfind(|l| l.contains(" upgrade "));
        let line = line.expect("an upgrade");
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let after = |i: usize| words[i].rsplit_once("helm/web/").map(|(_, f)| f.to_owned());
        let files = (1..words.len()).filter(|i| words[i - 1] == "-f");
        files.filter_map(after).collect::<Vec<_>>()
    };
    let theirs = [
        "values.yaml",
        "values-versions.yaml",
        "values-files/more.yaml",
    ];
    assert_eq!(given(), theirs);
    s.write("prod/helm/web/values.yaml", "image: {tag: '2'}\n");
    let ours = [&theirs[..], &["values.prod.yaml"]].concat();
    assert_eq!(given(), ours);
    let last = s
        .root()
        .join(".strata/work/prod/+bitops/prod/helm/web/values.prod.yaml");
    assert_eq!(
        fs::read_to_string(last).expect("ours"),
        "image: {tag: '2'}\n"
    );
}
