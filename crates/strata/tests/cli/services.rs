//! The core services of the catalog without a cluster: charts render, objects are as their makers' definitions say, alarms
//! find somebody. With a cluster: tests/kubernetes.
use crate::{
    charts::{CHARTS, ELASTIC, ISTIO, definitions, objects, of_the_catalog, rendered},
    sandbox::{Sandbox, tagged},
};
use serde_json::{Value as Json, json};
use std::{collections::BTreeSet, fs, process::Command};
use strata_kubernetes::{
    object::Object,
    schema::{defines, faults},
};

fn values_of(chart: &str) -> &'static str {
    let found = CHARTS.iter().find(|(name, _)| *name == chart);
    found
        .unwrap_or_else(|| panic!("tests know no inputs of chart {chart}"))
        .1
}

/// The objects of a chart; nothing without helm.
fn made(chart: &str) -> Option<Vec<Object>> {
    let text = rendered(chart, values_of(chart))?;
    Some(objects(
        chart,
        &text.unwrap_or_else(|e| panic!("{chart}: {e}")),
    ))
}

fn one<'a>(objects: &'a [Object], kind: &str) -> &'a Json {
    &objects
        .iter()
        .find(|o| o.kind() == kind)
        .expect("it is there")
        .json
}

#[test]
fn each_chart_of_the_core_services_renders() {
    let folders = fs::read_dir(of_the_catalog("cluster-services")).expect("the catalog");
    for folder in folders.map(|f| f.expect("a folder").path()) {
        if !folder.join("Chart.yaml").exists() {
            continue;
        }
        let name = folder.file_name().and_then(|n| n.to_str()).expect("a name");
        let Some(objects) = made(name) else { return };
        for object in &objects {
            // what is said of a namespace is said by who takes it
            assert_eq!(object.json["metadata"]["namespace"], Json::Null, "{name}");
            let pods = &object.json["spec"]["template"]["spec"];
            for container in pods["containers"].as_array().into_iter().flatten() {
                let image = container["image"].as_str();
                assert_eq!(image, Some(format!("localhost/{name}:1").as_str()));
            }
            // no secret stands where everybody reads
            let told = object.json.to_string().contains("s3cret");
            assert!(!told || object.kind() == "Secret", "{}", object.key());
        }
        assert!(!objects.is_empty(), "{name}");
    }
}

#[test]
fn what_an_input_has_to_be_is_said() {
    for (chart, values, word) in [
        ("grafana", "{image: x}", "adminPassword"),
        (
            "fluentd",
            "{image: x, elasticsearch: {url: 'https://h:9200'}}",
            "say `user` and `password` too",
        ),
        ("elastic", "{version: latest}", "/version"),
        ("prometheus", "{image: x, rules: [weather]}", "/rules/0"),
        (
            "alertmanager",
            "{image: x, default: chat}",
            "there is no receiver \"chat\"",
        ),
        (
            "alertmanager",
            "{image: x, receivers: {duty: {email: a@b.c}}}",
            "say `mail.smarthost`",
        ),
    ] {
        let Some(done) = rendered(chart, values) else {
            return;
        };
        let said = done.expect_err("it is refused");
        assert!(said.contains(word), "{chart}: {said}");
    }
}

#[test]
fn alarms_go_to_whom_their_severity_says() {
    let Some(objects) = made("alertmanager") else {
        return;
    };
    let text = one(&objects, "Secret")["stringData"]["alertmanager.yml"].as_str();
    let config: Json = serde_json::from_str(text.expect("a text")).expect("JSON");
    let route = &config["route"];
    assert_eq!(route["receiver"], "chat");
    let to = |matcher: &str| {
        let routes = route["routes"].as_array().expect("routes");
        let found = routes.iter().find(|r| r["matchers"] == json!([matcher]));
        found.expect("a route")["receiver"].clone()
    };
    assert_eq!(to("severity=\"critical\""), "duty");
    assert_eq!(to("alertname=\"Watchdog\""), "watch");
    let receiver = |name: &str| {
        let all = config["receivers"].as_array().expect("receivers");
        all.iter()
            .find(|r| r["name"] == name)
            .expect("a receiver")
            .clone()
    };
    assert_eq!(
        receiver("chat")["webhook_configs"][0]["url"],
        "http://192.0.2.1/chat"
    );
    let duty = receiver("duty");
    assert_eq!(duty["email_configs"][0]["to"], "duty@example.org");
    assert_eq!(duty["pagerduty_configs"][0]["routing_key"], "s3cret-key");
    assert_eq!(config["global"]["smtp_auth_password"], "s3cret-word");
    // its own words win
    let own = "{image: x, config: {route: {receiver: a}, receivers: [{name: a}]}}";
    let text = rendered("alertmanager", own)
        .expect("helm")
        .expect("it renders");
    assert!(text.contains(r#"{\"receivers\":[{\"name\":\"a\"}],\"route\":{\"receiver\":\"a\"}}"#));
}

#[test]
fn each_layer_is_watched_and_each_alarm_has_its_layer() {
    let Some(prometheus) = made("prometheus") else {
        return;
    };
    let text = one(&prometheus, "ConfigMap")["data"]["rules.yml"].as_str();
    let (_, groups) = text
        .expect("a text")
        .split_once("groups: ")
        .expect("groups");
    let groups: Json = serde_json::from_str(groups).expect("JSON");
    let groups = groups.as_array().expect("groups");
    assert_eq!(groups.last().expect("one")["name"], "own");
    let mut layers = BTreeSet::new();
    let mut names = BTreeSet::new();
    for group in groups.iter().filter(|g| g["name"] != "own") {
        for rule in group["rules"].as_array().expect("rules") {
            let name = rule["alert"].as_str().expect("a name");
            assert!(names.insert(name), "{name} is there twice");
            assert!(rule["annotations"]["summary"].is_string(), "{name}");
            let severity = rule["labels"]["severity"].as_str();
            assert!(
                matches!(severity, Some("critical" | "warning" | "none")),
                "{name}"
            );
            layers.insert(
                rule["labels"]["layer"]
                    .as_str()
                    .expect("a layer")
                    .to_owned(),
            );
            if name == "ServiceDown" {
                assert_eq!(rule["for"], "7s");
            }
        }
    }
    // those that Alertmanager knows how to order
    let values = fs::read_to_string(of_the_catalog("cluster-services/alertmanager/values.yaml"));
    let values = values.expect("values");
    let ordered = values.lines().find_map(|l| l.strip_prefix("layers: "));
    let ordered = ordered.expect("layers").trim_matches(['[', ']']);
    assert_eq!(layers, ordered.split(", ").map(str::to_owned).collect());
}

#[test]
fn dashboards_of_grafana_ask_the_datasource_that_is_provisioned() {
    let Some(objects) = made("grafana") else {
        return;
    };
    let text: String = objects.iter().map(|o| o.json["data"].to_string()).collect();
    assert!(text.contains("uid: prometheus"));
    let boards = objects
        .iter()
        .find(|o| !o.json["data"]["nodes.json"].is_null());
    let boards = boards.expect("dashboards").json["data"].as_object();
    let boards = boards.expect("dashboards");
    assert!(boards.contains_key("more.json") && boards.len() > 2);
    for (name, board) in boards {
        let board: Json = serde_json::from_str(board.as_str().expect("text")).expect("JSON");
        for panel in board["panels"].as_array().into_iter().flatten() {
            assert_eq!(panel["datasource"]["uid"], "prometheus", "{name}");
            assert!(panel["targets"][0]["expr"].is_string(), "{name}");
        }
    }
}

/// Whether the makers' definitions have no fault to find with objects.
fn judged(of: (&str, &str, &str), objects: &[Object]) -> Option<Vec<String>> {
    let path = definitions(of)?;
    let text = fs::read_to_string(path).expect("definitions");
    let definitions = self::objects(of.1, &text);
    let judge = |o: &Object| {
        let definition = definitions.iter().find(|d| defines(d, o));
        faults(
            definition.unwrap_or_else(|| panic!("{} is defined", o.key())),
            o,
        )
    };
    Some(objects.iter().flat_map(judge).collect())
}

#[test]
fn objects_of_istio_are_as_its_definitions_say() {
    let path = of_the_catalog("cluster-services/mesh/strict.yaml");
    let text = fs::read_to_string(path).expect("the policy");
    let Some(said) = judged(ISTIO, &objects("strict.yaml", &text)) else {
        return;
    };
    assert!(said.is_empty(), "{said:?}");
    let wrong = text.replace("STRICT", "STRONG");
    assert!(
        !judged(ISTIO, &objects("strict.yaml", &wrong))
            .expect("it is there")
            .is_empty()
    );
}

#[test]
fn objects_of_elastic_are_as_its_definitions_say() {
    let Some(made) = made("elastic") else { return };
    let kinds: Vec<&str> = made.iter().map(Object::kind).collect();
    assert_eq!(kinds, ["Elasticsearch", "Kibana"]);
    let Some(said) = judged(ELASTIC, &made) else {
        return;
    };
    assert!(said.is_empty(), "{said:?}");
    let mut wrong = made;
    wrong[0].json["spec"]["nodeSets"][0]["count"] = json!("three");
    wrong[1].json["spec"]["instances"] = json!(1);
    assert_eq!(judged(ELASTIC, &wrong).expect("it is there").len(), 2);
}

/// The catalog's README shows how each is taken: what it shows fits together.
#[test]
fn components_are_taken_as_the_readme_shows() {
    let s = Sandbox::empty();
    let catalog = s.beside("catalog");
    let from = of_the_catalog("..");
    let mut copy = Command::new("cp");
    assert!(
        copy.arg("-r")
            .arg(&from)
            .arg(&catalog)
            .status()
            .expect("cp")
            .success()
    );
    tagged(&catalog);
    s.write(
        "strata.yaml",
        "platform: shop\nlayers: {preset: bigbang}\ndefaults:\n- {layer: cluster-services, cluster: '${{ secret(\"file:kubeconfig\") }}'}\n",
    );
    s.write(
        "environments/dev.yaml",
        "values:\n  images:\n    istiod: {inputs: {go: istiod}}\n    istio-proxy: {inputs: {go: istio-proxy}}\n    elastic-operator: {inputs: {go: elastic-operator}}\n    argocd: {inputs: {go: argocd}}\n    alertmanager: {inputs: {packages: [prometheus-alertmanager]}}\n",
    );
    let readme = fs::read_to_string(from.join("README.md")).expect("a page");
    let mut shown = Vec::new();
    for block in readme.split("```yaml\n# ").skip(1) {
        let (text, _) = block.split_once("```").expect("an end");
        let (path, text) = text.split_once('\n').expect("a path");
        if path.starts_with("layers/") {
            let source = "https://git.example/strata.git//catalog/cluster-services/";
            // or the chart that comes with the image
            let made = "chart: '${{ service-image[";
            assert!(text.contains(source) || text.contains(made), "{path}");
            s.write(path, &text.replace(source, "../catalog//"));
            shown.push(path.split('/').nth(2).expect("a name").to_owned());
        }
    }
    assert!(shown.len() > 5, "{shown:?}");
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["check"]).says("everything fits");
}

/// Big Bang's receiver of alarms, as its scripts start it.
#[test]
fn the_receiver_of_big_bang_writes_down_what_it_is_told() {
    let wget = |args: &[&str]| Command::new("busybox").arg("wget").args(args).output();
    if wget(&["--help"]).is_err() {
        eprintln!("skipped: there is no busybox");
        return;
    }
    let s = Sandbox::empty();
    let scripts =
        of_the_catalog("../../../examples/bigbang/layers/cluster-services/alarm-receiver");
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    let port = port.expect("a free port").port().to_string();
    let run = |script: &str| {
        let mut run = Command::new(scripts.join(script));
        run.current_dir(&scripts).env("STRATA_STATE", s.root());
        run.env("STRATA_OUTPUTS", s.beside("outputs.json"));
        run.env("STRATA_INPUT_ADDRESS", "127.0.0.1")
            .env("STRATA_INPUT_PORT", &port);
        run.status().expect("bash is there").success()
    };
    assert!(run("up.sh"));
    let outputs = fs::read_to_string(s.beside("outputs.json")).expect("outputs");
    let outputs: Json = serde_json::from_str(&outputs).expect("JSON");
    let url = outputs["url"].as_str().expect("a text");
    let told = |text: &str| wget(&["-q", "-O", "-", "--post-data", text, url]).expect("busybox");
    let heard = told("{\"status\": \"firing\",\n \"a\": \"$(id) %s\"}");
    told("{\"status\": \"resolved\"}");
    assert!(run("check.sh") && run("up.sh"), "it starts again");
    assert!(run("down.sh") && !run("check.sh"));
    assert!(heard.status.success());
    // each on a line, as it came
    let log = fs::read_to_string(outputs["log"].as_str().expect("a text")).expect("a log");
    let expected = "{\"status\": \"firing\", \"a\": \"$(id) %s\"}\n{\"status\": \"resolved\"}\n";
    assert_eq!(log, expected);
}
