//! Terraform of real size: `check` over many roots that call shared modules, cold, warm, and after one edit.
use super::{Bench, TIMES};
use crate::{Failure, measure};
use std::{fmt::Write as _, fs, path::Path};

/// Roots for each shared module.
const SHARING: usize = 70;

impl Bench {
    /// About so many megabytes of HCL.
    pub(super) fn hcl(&mut self, megabytes: usize, full: bool) -> Result<(), Failure> {
        let dir = self.dir.join(format!("hcl-{megabytes}"));
        if !dir.join("strata.yaml").exists() {
            write(&dir, megabytes << 20)?;
        }
        // what is learnt of files is kept there; nothing is applied
        let state = dir.join(".strata");
        fs::create_dir_all(&state)?;
        let ask = |b: &Self| {
            let cost = b.strata(&dir, &["check", "--format", "json"])?;
            let found: serde_json::Value = serde_json::from_str(&cost.stdout)?;
            match found["diagnostics"].as_array() {
                Some(list) if list.is_empty() => Ok(cost),
                _ => Err(Failure::from(format!(
                    "sound modules were expected; check says:\n{}",
                    cost.stdout
                ))),
            }
        };
        let cold = measure::median(3, || {
            for name in ["files", "derived"] {
                let _ = fs::remove_file(state.join(name));
            }
            ask(self)
        })?;
        // what was touched a moment ago is not believed yet
        std::thread::sleep(std::time::Duration::from_millis(200));
        ask(self)?;
        let warm = measure::median(TIMES, || ask(self))?;
        let file = dir.join("layers/compute/r00001/main.tf");
        let text = fs::read_to_string(&file)?;
        let mut edits = 0;
        let edited = measure::median(TIMES, || {
            edits += 1;
            fs::write(&file, format!("{text}# edit {edits}\n"))?;
            ask(self)
        });
        fs::write(&file, text)?;
        let what = format!("check, {megabytes} MB of HCL");
        self.line(
            format!("{what}, cold"),
            cold.cpu,
            "s CPU",
            full.then_some(3.0),
        );
        self.line(
            format!("{what}, warm"),
            warm.cpu,
            "s CPU",
            full.then_some(0.3),
        );
        let over = (edited?.cpu - warm.cpu) * 1e3;
        self.line(
            format!("{what}, one file edited, over warm"),
            over,
            "ms CPU",
            None,
        );
        Ok(())
    }
}

/// Roots of about 14 KB in three files each, and the modules that they share.
fn write(dir: &Path, bytes: usize) -> Result<(), Failure> {
    let put = |path: String, text: &str| -> Result<usize, Failure> {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap_or(dir))?;
        fs::write(path, text)?;
        Ok(text.len())
    };
    put(
        "strata.yaml".into(),
        "platform: generated\nid: 68636c\nlayers: osi\n",
    )?;
    put("environments/dev.yaml".into(), "values: {}\n")?;
    let (mut written, mut root) = (0, 0);
    while written < bytes {
        let module = root / SHARING;
        if root % SHARING == 0 {
            let mut text = String::new();
            block(&mut text, 12, "inner")?;
            written += put(format!("modules/m{module:04}/main.tf"), &text)?;
        }
        let folder = format!("layers/compute/r{root:05}");
        let mut main =
            format!("module \"shared\" {{\n  source = \"../../../modules/m{module:04}\"\n}}\n\n");
        block(&mut main, 40, "outer")?;
        written += put(format!("{folder}/main.tf"), &main)?;
        root += 1;
    }
    Ok(())
}

/// So many variables, each used by a resource and given out.
fn block(text: &mut String, many: usize, word: &str) -> Result<(), Failure> {
    for i in 0..many {
        writeln!(
            text,
            r#"variable "{word}_{i}" {{
  description = "Settings of part {i}, as the platform wants them"
  type = object({{
    name    = string
    ports   = optional(list(number), [80, 443])
    labels  = optional(map(string), {{}})
  }})
  default = {{
    name = "{word}-{i}"
  }}
}}

resource "terraform_data" "{word}_{i}" {{
  input = {{
    name   = "${{var.{word}_{i}.name}}-${{length(var.{word}_{i}.ports)}}"
    labels = merge(var.{word}_{i}.labels, {{ part = "{i}" }})
  }}
}}

output "{word}_{i}" {{
  value = terraform_data.{word}_{i}.id
}}
"#
        )?;
    }
    Ok(())
}
