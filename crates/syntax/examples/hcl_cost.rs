//! What it costs to read Terraform modules: `cargo run --release -p strata-syntax --example hcl_cost -- [MEGABYTES]`.
//!
//! Root modules of real size call shared local modules. *Cold* parses every file, *warm* finds what was made of each
//! by its content, *again* is warm with folders shared between the roots.
use std::{
    borrow::Cow,
    collections::HashMap,
    fmt::Write,
    fs,
    sync::{Arc, Mutex},
};
use strata_core::tree::{MemoryTree, Tree, TreeError, TreeFile};
use strata_syntax::terraform::{Folders, problems};

/// Keeps what was derived, by form and content, as a tree on disk does.
struct Keeps {
    tree: MemoryTree,
    kept: Mutex<HashMap<(String, String), &'static [u8]>>,
}

impl Tree for Keeps {
    fn files(&self) -> &[TreeFile] {
        self.tree.files()
    }
    fn read(&self, path: &str) -> Result<Arc<[u8]>, TreeError> {
        self.tree.read(path)
    }
    fn derived(
        &self,
        path: &str,
        form: &str,
        make: &mut dyn FnMut(&str) -> Vec<u8>,
    ) -> Result<Cow<'_, [u8]>, TreeError> {
        let file = self.file(path).expect("a file of the tree");
        let key = (form.to_owned(), file.digest.to_string());
        let mut kept = self.kept.lock().expect("no panic under the lock");
        if let Some(known) = kept.get(&key) {
            return Ok(Cow::Borrowed(known));
        }
        let made: &'static [u8] = Vec::leak(make(&self.text(path)?));
        kept.insert(key, made);
        Ok(Cow::Borrowed(made))
    }
}

/// A resource as real modules have them, about 900 bytes.
fn resource(out: &mut String, n: usize) {
    let _ = write!(
        out,
        r#"
# Nodes of group {n}; sizes are by environment
resource "aws_launch_template" "node_{n}" {{
  count       = var.create && local.enabled_{n} ? 1 : 0
  name_prefix = "${{var.name}}-{n}-"
  image_id    = coalesce(var.image_id, data.aws_ami.this_{n}[0].id)
  user_data   = base64encode(templatefile("${{path.module}}/user-data.tftpl", {{
    cluster  = var.name
    endpoint = try(var.settings.endpoint, null)
    labels   = join(",", [for k, v in var.tags : "${{k}}=${{v}}"])
  }}))

  dynamic "block_device_mappings" {{
    for_each = var.disks
    content {{
      device_name = block_device_mappings.value.name
      ebs {{
        volume_size           = lookup(block_device_mappings.value, "size", 50)
        volume_type           = "gp3"
        delete_on_termination = true
        encrypted             = true
      }}
    }}
  }}

  tag_specifications {{
    resource_type = "instance"
    tags          = merge(var.tags, {{ Name = format("%s-%02d", var.name, {n}) }})
  }}

  lifecycle {{
    create_before_destroy = true
  }}
}}
"#
    );
}

fn variables(out: &mut String) {
    for (name, ty, default) in [
        ("name", "string", "\"x\""),
        ("create", "bool", "true"),
        ("image_id", "string", "null"),
        ("tags", "map(string)", "{}"),
        (
            "disks",
            "list(object({\n    name = string\n    size = optional(number, 50)\n  }))",
            "[]",
        ),
        ("settings", "any", "{}"),
    ] {
        let _ = write!(
            out,
            "variable \"{name}\" {{\n  description = \"What the {name} of this stage is, as its owners wrote it down.\"\n  type        = {ty}\n  default     = {default}\n}}\n\n"
        );
    }
}

/// The files of about so many megabytes, and the folders of the root modules.
fn generate(megabytes: usize) -> (Vec<(String, String)>, Vec<String>) {
    let (mut files, mut roots, mut size) = (Vec::new(), Vec::new(), 0);
    for m in 0..10 {
        let mut main = String::new();
        (0..6).for_each(|n| resource(&mut main, n));
        for n in 0..6 {
            let _ = writeln!(
                main,
                "locals {{\n  enabled_{n} = var.create\n}}\ndata \"aws_ami\" \"this_{n}\" {{}}"
            );
        }
        let mut vars = String::new();
        variables(&mut vars);
        files.push((format!("modules/m{m}/main.tf"), main));
        files.push((format!("modules/m{m}/variables.tf"), vars));
        let out = "output \"id\" {\n  value = var.name\n}\n".to_owned();
        files.push((format!("modules/m{m}/outputs.tf"), out));
        files.push((format!("modules/m{m}/user-data.tftpl"), String::new()));
    }
    while size < megabytes << 20 {
        let r = roots.len();
        let (mut main, mut vars) = (format!("# stage {r}\n"), format!("# stage {r}\n"));
        (0..12).for_each(|n| resource(&mut main, n));
        for n in 0..12 {
            let _ = write!(
                main,
                "locals {{\n  enabled_{n} = var.create && length(var.tags) > {n}\n}}\ndata \"aws_ami\" \"this_{n}\" {{\n  owners = [\"self\"]\n}}\n"
            );
        }
        for m in 0..4 {
            let _ = write!(
                main,
                "module \"part_{m}\" {{\n  source = \"../../modules/m{}\"\n  name   = \"${{var.name}}-{m}\"\n  tags   = var.tags\n}}\noutput \"part_{m}\" {{\n  value = module.part_{m}.id\n}}\n",
                (r + m) % 10
            );
        }
        variables(&mut vars);
        size += main.len() + vars.len();
        files.push((format!("stages/s{r}/main.tf"), main));
        files.push((format!("stages/s{r}/variables.tf"), vars));
        files.push((format!("stages/s{r}/user-data.tftpl"), String::new()));
        roots.push(format!("stages/s{r}"));
    }
    (files, roots)
}

/// CPU time of this process in seconds.
fn cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<f64> = after
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|n| n.parse().ok())
        .collect();
    ticks.iter().sum::<f64>() / 100.0
}

fn main() {
    let megabytes = std::env::args().nth(1).and_then(|a| a.parse().ok());
    let (files, roots) = generate(megabytes.unwrap_or(50));
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    let tree = Keeps {
        tree: MemoryTree::new(files.iter().map(|(p, t)| (p.as_str(), t.as_str()))),
        kept: Mutex::default(),
    };
    println!(
        "{:.1} MB in {} files, {} roots",
        bytes as f64 / 1e6,
        files.len(),
        roots.len()
    );
    for round in ["cold", "warm"] {
        let start = cpu();
        let folders = Folders::new(&tree);
        let (mut found, mut outputs) = (0, 0);
        for root in &roots {
            let module = folders.module(root);
            found += problems(&module).len();
            outputs += module.outputs.len();
        }
        println!(
            "{round}: {:.2} s CPU, {found} findings, {outputs} outputs",
            cpu() - start
        );
    }
    let start = cpu();
    for root in &roots {
        let module = strata_syntax::terraform::read_module(&tree, root);
        assert!(!module.incomplete);
    }
    println!(
        "warm, each root alone, without findings: {:.2} s CPU",
        cpu() - start
    );
    let kept = tree.kept.lock().expect("no panic under the lock");
    let size: usize = kept.values().map(|v| v.len()).sum();
    println!("kept: {:.1} MB", size as f64 / 1e6);
}
