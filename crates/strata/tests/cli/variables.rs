//! The table of variables: what a platform needs from outside.
use super::sandbox::Sandbox;
use serde_json::Value as Json;

/// Every key of the table that a starter of GitOps lists by hand: Azure, Azure DevOps, GitHub, Cloudflare, Datadog,
/// MongoDB Atlas, Vercel.
const STARTER: &[&str] = &[
    "ARM_CLIENT_ID",
    "ARM_CLIENT_SECRET",
    "ARM_SUBSCRIPTION_ID",
    "ARM_TENANT_ID",
    "AZDO_GITHUB_SERVICE_CONNECTION_PAT",
    "AZDO_ORG_SERVICE_URL",
    "AZDO_PERSONAL_ACCESS_TOKEN",
    "CLOUDFLARE_API_KEY",
    "CLOUDFLARE_EMAIL",
    "DD_API_KEY",
    "DD_APP_KEY",
    "GITHUB_TOKEN",
    "MONGODB_ATLAS_PRIVATE_KEY",
    "MONGODB_ATLAS_PUBLIC_KEY",
    "VERCEL_API_TOKEN",
];

const PLATFORM: &str = "platform: abc
id: abc
layers: [infrastructure, delivery]
passthrough: [GITHUB_TOKEN, CLOUDFLARE_API_KEY, CLOUDFLARE_EMAIL, EDITOR]
defaults: [{engine: terraform, terraform: {workspace: '${{ env.name }}'}}]
components:
  infra: {path: infra, layer: infrastructure, inputs: {admin_password: external}}
  dns: {path: dns, layer: delivery, inputs: {sendgrid_key: '${{ secret(\"env:MAIL_KEY_\" + env.name) }}'}}
  devops: {path: devops, layer: delivery, files: {NETRC: '${{ secret(\"file:netrc\") }}'}}
";

const INFRA: &str = r#"terraform {
  required_providers {
    azurerm      = { source = "hashicorp/azurerm" }
    mongodbatlas = { source = "mongodb/mongodbatlas" }
    datadog      = { source = "DataDog/datadog" }
    tfe          = { source = "hashicorp/tfe" }
  }
  cloud {
    organization = "abc"
    workspaces {
      name = "dev"
    }
  }
}
provider "azurerm" {
  features {}
}
variable "admin_password" {
  type        = string
  sensitive   = true
  description = "Password of the <b>administrator</b>."
}
"#;

const DNS: &str = r#"terraform {
  required_providers {
    cloudflare = { source = "cloudflare/cloudflare" }
    sendgrid   = { source = "Trois-Six/sendgrid" }
    thing      = { source = "acme/thing" }
  }
}
variable "sendgrid_key" {
  sensitive = true
}
provider "sendgrid" {
  api_key = var.sendgrid_key
}
"#;

const DEVOPS: &str = r#"terraform {
  required_providers {
    azuredevops = { source = "microsoft/azuredevops" }
    github      = { source = "integrations/github" }
    vercel      = { source = "vercel/vercel" }
  }
}
"#;

fn starter() -> Sandbox {
    let s = Sandbox::empty();
    s.write("strata.yaml", PLATFORM);
    s.write("environments/dev.yaml", "values: {}\n");
    s.write("environments/prod.yaml", "values: {}\n");
    s.write("infra/main.tf", INFRA);
    s.write("dns/main.tf", DNS);
    s.write("devops/main.tf", DEVOPS);
    s
}

/// Runs it with some variables; gives exit code and output.
fn with(s: &Sandbox, set: &[(&str, &str)], args: &[&str]) -> (i32, String) {
    let mut command = s.command(&[&["variables"], args].concat());
    let output = command
        .envs(set.iter().copied())
        .output()
        .expect("strata starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let err = text(output.stderr);
    assert!(err.is_empty(), "{err}");
    (output.status.code().expect("a code"), text(output.stdout))
}

fn rows(s: &Sandbox, set: &[(&str, &str)]) -> Json {
    let (_, out) = with(s, set, &["--format", "json"]);
    serde_json::from_str(&out).expect("JSON")
}

fn row<'a>(all: &'a Json, key: &str) -> &'a Json {
    let rows = all["variables"].as_array().expect("rows");
    let mut found = rows.iter().filter(|r| r["key"] == key);
    found.next().unwrap_or_else(|| panic!("no {key}: {all:#}"))
}

#[test]
fn the_table_of_the_starter_is_found() {
    let s = starter();
    let (code, page) = with(&s, &[], &["--format", "markdown"]);
    assert_eq!(code, 0);
    let table: Vec<&str> = page.lines().filter(|l| l.starts_with('|')).collect();
    assert_eq!(table[0], "| Key | Sensitive | Category | Description |");
    for key in STARTER {
        let line = table
            .iter()
            .find(|l| l.starts_with(&format!("| `{key}` |")));
        let line = line.unwrap_or_else(|| panic!("no {key}\n{page}"));
        assert!(line.contains("| env |"), "{line}");
    }
    assert!(table.contains(&"| `DD_API_KEY` | X | env | API key of Datadog |"));
    assert!(table.contains(
        &"| `AZDO_ORG_SERVICE_URL` |  | env | URL of the organization in Azure DevOps |"
    ));
    // one workspace for each environment; the text of a file becomes no markup
    let dev = "| `admin_password` | X | terraform | Password of the &lt;b&gt;administrator&lt;/b&gt; (workspace `dev` of `infra`) |";
    assert!(table.contains(&dev), "{page}");
    assert!(page.contains("(workspace `prod` of `infra`)"));
    assert!(
        page.contains("`CLOUDFLARE_API_TOKEN`; or `CLOUDFLARE_API_KEY` and `CLOUDFLARE_EMAIL`; or")
    );
    assert!(
        page.contains(
            "- `SENDGRID_API_KEY`: provider `sendgrid`: `api_key` says it (dns/main.tf:12)"
        )
    );
    assert!(page.contains("- provider `acme/thing`: dev/dns, prod/dns"));
}

#[test]
fn it_tells_what_is_set_and_never_a_value() {
    let s = starter();
    let set = [
        ("CLOUDFLARE_API_KEY", "v4lue-one"),
        ("CLOUDFLARE_EMAIL", "v4lue-two"),
        ("VERCEL_API_TOKEN", "v4lue-three"),
        ("MAIL_KEY_dev", "v4lue-four"),
        ("GITHUB_OWNER", ""),
    ];
    let all = rows(&s, &set);
    assert_eq!(row(&all, "CLOUDFLARE_EMAIL")["state"], "passed-on");
    let token = row(&all, "CLOUDFLARE_API_TOKEN");
    assert_eq!(token["state"], "satisfied");
    assert_eq!(
        token["satisfied_by"],
        "CLOUDFLARE_API_KEY and CLOUDFLARE_EMAIL"
    );
    assert_eq!(
        token["alternatives"][0]["ways"][1],
        serde_json::json!(["CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL"])
    );
    assert_eq!(token["used"][0]["at"], "dns/main.tf:3");
    // its provider is known to read it, so it needs no `passthrough`
    let vercel = row(&all, "VERCEL_API_TOKEN");
    assert_eq!(
        (&vercel["state"], &vercel["missing"]),
        (&"passed-on".into(), &false.into())
    );
    // an empty variable is not set
    assert_eq!(row(&all, "GITHUB_OWNER")["state"], "not-set");
    // a secret is strata's own to read, and one for each environment here
    assert_eq!(row(&all, "MAIL_KEY_dev")["state"], "set");
    assert_eq!(row(&all, "MAIL_KEY_prod")["state"], "not-set");
    assert_eq!(row(&all, "MAIL_KEY_prod")["used"][0]["unit"], "prod/dns");
    assert_eq!(row(&all, "file:netrc")["state"], "not-set");
    assert_eq!(row(&all, "admin_password")["state"], "not-seen");
    assert_eq!(row(&all, "EDITOR")["category"], "passthrough");
    assert_eq!(row(&all, "STRATA_KEY_FILE")["category"], "strata");
    s.write("netrc", "v4lue-five");
    assert_eq!(row(&rows(&s, &set), "file:netrc")["state"], "set");
    for args in [
        &["--format", "json"][..],
        &["--format", "markdown"],
        &["--env-template"],
        &["--missing"],
        &[],
    ] {
        let (_, out) = with(&s, &set, args);
        assert!(!out.contains("v4lue"), "{out}");
    }
}

#[test]
fn what_is_missing_has_an_exit_code() {
    let s = starter();
    assert_eq!(with(&s, &[], &["dev", "--missing"]).0, 0);
    let (code, out) = with(&s, &[], &["dev", "--missing", "--exit-code"]);
    assert_eq!(code, 7);
    assert!(
        out.contains("VERCEL_API_TOKEN") && !out.contains("GITHUB_OWNER"),
        "{out}"
    );
    // what nobody can see from here, and what may come from elsewhere, is no reason
    s.write("netrc", "x");
    s.edit(
        "strata.yaml",
        "EDITOR]",
        "EDITOR, AZDO_ORG_SERVICE_URL, VERCEL_API_TOKEN]",
    );
    let set = [
        ("CLOUDFLARE_API_KEY", "x"),
        ("CLOUDFLARE_EMAIL", "x"),
        ("VERCEL_API_TOKEN", "x"),
        ("AZDO_ORG_SERVICE_URL", "x"),
        ("MAIL_KEY_dev", "x"),
    ];
    let (code, out) = with(&s, &set, &["dev", "--missing", "--exit-code"]);
    assert_eq!(code, 0, "{out}");
    assert!(
        out.contains("ARM_CLIENT_ID") && !out.contains("VERCEL_API_TOKEN"),
        "{out}"
    );
    // the other environment has a secret of its own
    assert_eq!(with(&s, &set, &["prod", "--exit-code"]).0, 7);
}

#[test]
fn the_template_can_be_read_by_a_shell() {
    let s = starter();
    let (_, out) = with(&s, &[("GITHUB_TOKEN", "v4lue")], &["--env-template"]);
    for line in out.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let (key, value) = line.split_once('=').expect("an assignment");
        assert!(value.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    }
    let has = |line: &str| out.lines().any(|l| l == line);
    assert!(has("VERCEL_API_TOKEN=") && has("MAIL_KEY_dev=") && has("CLOUDFLARE_API_TOKEN="));
    // an empty variable of another way would be in the way
    assert!(
        has("#CLOUDFLARE_EMAIL=") && has("#ARM_USE_MSI=") && has("# file:netrc: make this file")
    );
    s.ends(2, &["variables", "--env-template", "--format", "json"]);
    s.ends(2, &["variables", "nowhere"]);
}

#[test]
fn a_component_may_give_variables_itself() {
    let s = starter();
    s.edit(
        "strata.yaml",
        "dns: {",
        "dns: {env: {CLOUDFLARE_API_TOKEN: '${{ secret(\"env:CF\") }}'}, ",
    );
    let all = rows(&s, &[]);
    let rows = all["variables"].as_array().expect("rows");
    let read = rows.iter().filter(|r| r["category"] == "env");
    let keys: Vec<&str> = read.filter_map(|r| r["key"].as_str()).collect();
    assert!(
        !keys.iter().any(|k| k.starts_with("CLOUDFLARE")),
        "{keys:?}"
    );
    assert_eq!(
        row(&all, "CF")["description"],
        "The variable `CLOUDFLARE_API_TOKEN` of `dns`"
    );
    let needless = all["needless"].as_array().unwrap();
    assert!(
        needless
            .iter()
            .any(|n| n["key"] == "CLOUDFLARE_API_TOKEN" && n["with"] == "`env` of the component")
    );
}

#[test]
fn odd_names_do_no_harm() {
    let s = starter();
    s.edit(
        "strata.yaml",
        "EDITOR]",
        r#"EDITOR, "", "A=B", "1st", "x\n`rm -rf x`", "\u0000", "\e[31m|"]"#,
    );
    for args in [&["--format", "json"][..], &["--format", "markdown"], &[]] {
        let (code, out) = with(&s, &[], args);
        assert_eq!(code, 0);
        assert!(!out.contains(['\u{1b}', '\0']), "{out}");
    }
    let (_, out) = with(&s, &[], &["--env-template"]);
    for line in out.lines().filter(|l| !l.is_empty()) {
        let name = line.trim_start_matches('#').split('=').next();
        let name = name.unwrap_or_default();
        assert!(
            line.starts_with("# ")
                || line == "#"
                || (line.ends_with('=') && !name.starts_with('1'))
        );
    }
}
