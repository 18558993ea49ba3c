//! Components from a catalog with real Terraform and Ansible.
use super::Repo;
use crate::sandbox::{Sandbox, ansible_here, terraform_here};

#[test]
fn a_component_of_strata_yaml_needs_no_folder_and_terraform_sees_its_catalog_alone() {
    if !terraform_here() {
        return;
    }
    let s = Sandbox::new(&[(
        "layers/base/ours/main.tf",
        "output \"secret\" { value = 1 }\n",
    )]);
    s.edit(
        "strata.yaml",
        "layers:",
        "components: {net: {source: ../catalog//parts/net, version: 1.0.0, layer: middle, inputs: {cidr: 10.0.0.0/16}}}\nlayers:",
    );
    let repo = Repo::new(&s.beside("catalog"));
    repo.write(
        "parts/net/main.tf",
        "variable \"cidr\" { type = string }\nmodule \"inner\" {\n  source = \"../../shared\"\n  cidr = var.cidr\n}\noutput \"net\" { value = module.inner.net }\n",
    );
    repo.write(
        "shared/main.tf",
        "variable \"cidr\" { type = string }\noutput \"net\" { value = cidrsubnet(var.cidr, 8, 1) }\n",
    );
    repo.commit("1.0.0");
    // the folder that the mount is in is nothing that a module could count on
    repo.write(
        "parts/net/main.tf",
        "module \"inner\" { source = \"../../../../../layers/base/ours\" }\noutput \"net\" { value = 1 }\n",
    );
    repo.commit("2.0.0");
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["check"]);
    s.ends(0, &["apply", "dev", "--only", "net", "--yes"]);
    assert_eq!(s.outputs("dev/net")["net"], "10.0.1.0/24");
    // a required input is asked for as of any component
    s.edit("strata.yaml", ", inputs: {cidr: 10.0.0.0/16}", "");
    s.ends(3, &["check"]).says("input::missing").says("cidr");
    s.edit("strata.yaml", "version: 1.0.0", "version: 2.0.0");
    s.ends(0, &["import", "lock"]);
    s.ends(3, &["check"]).says("terraform::missing-module");
}

#[test]
fn a_playbook_of_a_catalog_is_given_what_a_module_of_it_says_of_each_instance() {
    if !terraform_here() || !ansible_here() {
        return;
    }
    let s = Sandbox::new(&[
        (
            "environments/dev.yaml",
            "values: {regions: {a: {cidr: 10.0.0.0/16}, b: {cidr: 10.1.0.0/16}}}\n",
        ),
        (
            "contracts/network.yaml",
            "version: 1.0.0\noutputs: {net: string}\n",
        ),
        (
            "layers/base/net/component.yaml",
            "source: ../catalog//net\nversion: 1.0.0\ninstances: '${{ values.regions }}'\ninputs: {cidr: '${{ each.value.cidr }}'}\n",
        ),
        (
            "layers/top/hello/component.yaml",
            "source: ../catalog//hello\nversion: 1.0.0\ninputs: {greeting: '${{ net[\"b\"].outputs.net }}'}\n",
        ),
    ]);
    let repo = Repo::new(&s.beside("catalog"));
    repo.write(
        "net/main.tf",
        "variable \"cidr\" { type = string }\noutput \"net\" { value = cidrsubnet(var.cidr, 8, 1) }\n",
    );
    // what it is, the catalog says: whoever deploys it need not know
    repo.write(
        "net/component.yaml",
        "protect: [destroy]\nprovides: {network: {net: '${{ self.net }}'}}\n",
    );
    repo.write(
        "hello/site.yml",
        "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n  - ansible.builtin.set_stats: {data: {word: '{{ greeting }}'}, per_host: false}\n",
    );
    repo.write(
        "hello/component.yaml",
        "outputs: {word: {type: string, from: stats}}\n",
    );
    repo.commit("1.0.0");
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["check"]);
    s.ends(0, &["apply", "dev", "--yes"])
        .says("net: files in dev/net[\"a\"], dev/net[\"b\"] from ../catalog at 1.0.0");
    assert_eq!(s.outputs("dev/hello")["word"], "10.1.1.0/24");
    s.ends(5, &["destroy", "dev", "--yes"]).says("is protected");
    s.ends(0, &["apply", "dev", "--yes"]).says("nothing to do");
}
