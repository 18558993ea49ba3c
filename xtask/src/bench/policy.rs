//! Policy on lines of its own: over every unit at `check`, and over the units that change at `plan`.
use super::{Bench, TIMES};
use crate::{Failure, measure};
use std::{fs, path::Path};

/// Five rules as people write them; none denies.
const RULES: &str = r#"package main

deny_region contains msg if {
	not startswith(input.unit.inputs.region, "region-")
	msg := sprintf("%v is in %v", [input.unit.address, input.unit.inputs.region])
}

deny_engine contains "only scripts" if not input.unit.engine in {"script", "terraform"}

deny_size contains "too large" if input.unit.inputs.size > 1000000

deny_name contains "a name is made of small letters" if not regex.match(`^[a-z0-9-]+$`, input.unit.name)

warn_delete contains msg if {
	input.kind == "plan"
	some change in input.step.changes
	change.action in {"delete", "replace"}
	msg := change.object
}
"#;

impl Bench {
    /// On a platform of so many units in so many environments, all applied.
    pub(super) fn policy(&mut self, dir: &Path, units: usize, envs: usize) -> Result<(), Failure> {
        let rules = dir.join("policy/main.rego");
        let _ = fs::remove_file(&rules);
        let what = format!("5 rules over {units} units");
        let (without, with) = self.pair(dir, &rules, &["check"])?;
        self.line(
            format!("policy at check, {what}"),
            with - without,
            "s CPU",
            None,
        );
        let (without, with) = self.pair(dir, &rules, &["plan", "--all"])?;
        let none = format!("policy at plan, {what}, none of them changed");
        self.line(none, with - without, "s CPU", None);
        // the last component is in the highest layer: nothing waits for it
        let tool = format!("layers/application/c{:05}/apply.sh", units / envs - 1);
        let tool = dir.join(tool);
        let text = fs::read_to_string(&tool)?;
        fs::write(&tool, format!("{text}# changed\n"))?;
        let changed = self.pair(dir, &rules, &["plan", "--all"]);
        fs::write(&tool, text)?;
        let (without, with) = changed?;
        let some = format!("policy at plan, {what}, {envs} of them changed");
        self.line(some, with - without, "s CPU", None);
        Ok(())
    }

    /// CPU seconds of a command without the rules and with them.
    fn pair(&self, dir: &Path, rules: &Path, args: &[&str]) -> Result<(f64, f64), Failure> {
        let cost = || {
            self.strata(dir, args)?;
            measure::median(TIMES, || self.strata(dir, args))
        };
        let without = cost()?.cpu;
        let folder = rules.parent().unwrap_or(dir);
        fs::create_dir_all(folder)?;
        fs::write(rules, RULES)?;
        let with = cost();
        fs::remove_dir_all(folder)?;
        Ok((without, with?.cpu))
    }
}
