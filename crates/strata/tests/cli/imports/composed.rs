//! What was composed, shown: `strata diff` and `strata render`.
use super::{Repo, platform};
use crate::sandbox::{SAY, saying};
use std::fs;

#[test]
fn a_diff_shows_what_a_pin_does_to_the_resolved_result() {
    let s = platform("../obs");
    s.ends(0, &["import", "lock"]);
    let repo = Repo::new(&s.root());
    repo.commit_only();
    fs::copy(s.root().join("strata.lock"), s.root().join("old.lock")).unwrap();
    let obs = Repo::at(&s.beside("obs"));
    obs.write(
        "layers/base/prom/component.yaml",
        &saying("'${{ values.domain }}:9090'"),
    );
    obs.write("layers/base/prom/more.txt", "x");
    obs.commit_only();
    obs.git(&["tag", "-f", "1.2.0"]);
    s.ends(0, &["import", "update"]);
    for against in ["HEAD", "old.lock"] {
        s.ends(0, &["diff", "dev", "--against", against])
            .says("~ obs/prom")
            .says("    inputs.word: example.org → example.org:9090")
            .says("  + file layers/base/prom/more.txt")
            .says("import: ../obs at 1.2.0 (")
            .never_says("~ web");
    }
    s.ends(0, &["diff", "dev", "--against", "dev"])
        .says("is the same");
    s.write(
        "environments/qa.yaml",
        "values: {domain: other}\ncomponents: {web: {enabled: false}}\n",
    );
    let diff = s
        .ends(0, &["diff", "qa", "--against", "dev", "--format", "json"])
        .json();
    let units: Vec<&str> = diff["units"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| u["unit"].as_str().unwrap())
        .collect();
    assert_eq!(units, ["obs/grafana", "obs/prom", "web"]);
    assert_eq!(diff["units"][0]["change"], "removed");
    s.ends(2, &["diff", "dev", "--against", "nothing"])
        .says("no revision");
}

#[test]
fn a_rendered_environment_says_where_each_file_comes_from() {
    let s = platform("../obs");
    s.ends(0, &["import", "lock"]);
    let out = s.beside("out");
    let to = out.to_str().unwrap();
    s.ends(0, &["render", "dev", to]);
    let text = fs::read_to_string(out.join("obs.2fgrafana/unit.json")).unwrap();
    let unit: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(unit["import"]["version"], "1.2.0");
    assert_eq!(
        unit["files"]["layers/top/grafana/say.sh"],
        "obs@1.2.0:layers/top/grafana/say.sh"
    );
    let word = unit["inputs"]["word"].as_str().unwrap();
    assert!(word.contains("dev/obs/prom"), "{word}");
    let script = fs::read_to_string(out.join("obs.2fprom/files/layers/base/prom/say.sh")).unwrap();
    assert_eq!(script, SAY);
    assert!(out.join("web/files/layers/top/web/say.sh").is_file());
    s.ends(2, &["render", "dev", to]).says("is not empty");
}
