//! What strata takes for a unit beyond what the unit's tool takes.
use crate::{
    Failure,
    bench::{Bench, TIMES, count},
    generate::{self, Shape},
    measure,
};
use std::{ffi::OsStr, path::PathBuf};

/// Units of the measurement of own cost.
const EXECUTED: usize = 200;

impl Bench {
    /// What strata and its supervisor take for a unit, over what its tool takes by itself.
    pub(super) fn own_cost(&mut self) -> Result<(), Failure> {
        let shape = Shape::shared(EXECUTED, 1)?;
        // a platform for every run, and none is removed before the last one: some file systems make who writes new files
        // pay for files that somebody removed a moment ago
        let folder = tempfile::tempdir_in(&self.dir)?;
        let mut made = 0;
        let mut fresh = || -> Result<PathBuf, Failure> {
            made += 1;
            let dir = folder.path().join(made.to_string());
            generate::write(&dir, &shape, None)?;
            Ok(dir)
        };
        let apply = ["apply", "--all", "--yes", "--format", "json"];
        let whole = measure::median(TIMES, || {
            let dir = fresh()?;
            self.strata(&dir, &apply)
        })?;
        let dir = fresh()?;
        let tool = dir.join("layers/compute/c00000/apply.sh");
        let outputs = dir.join("out.json");
        let (loops, tool, outputs) = (
            format!("i=0; while [ $i -lt {EXECUTED} ]; do \"$1\"; i=$((i+1)); done"),
            tool.as_os_str(),
            outputs.as_os_str(),
        );
        let set = {
            let mut s = std::ffi::OsString::from("STRATA_OUTPUTS=");
            s.push(outputs);
            s
        };
        let args = [
            &set,
            OsStr::new("STRATA_UNIT=e000/c00000"),
            OsStr::new("sh"),
            OsStr::new("-c"),
            OsStr::new(&loops),
            OsStr::new("sh"),
            tool,
        ];
        let bare = measure::median(TIMES, || measure::once(OsStr::new("env"), &args))?;
        #[allow(clippy::cast_precision_loss)]
        let units = EXECUTED as f64;
        let own = (whole.cpu - bare.cpu) / units * 1e3;
        self.line(
            "own cost of an executed unit".to_owned(),
            own,
            "ms CPU",
            Some(1.5),
        );
        self.line(
            "its tool alone".to_owned(),
            bare.cpu / units * 1e3,
            "ms CPU",
            None,
        );
        for (calls, what) in [
            ("execve", "programs started per unit"),
            ("fsync,fdatasync", "syncs per unit"),
        ] {
            let dir = fresh()?;
            match count(&self.program, &dir, &apply, calls)? {
                Some(n) => self.line(what.to_owned(), n / units, "", None),
                None => eprintln!("strace is not installed: {what} not counted"),
            }
        }
        Ok(())
    }
}
