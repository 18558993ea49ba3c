//! What a hundred times as many units cost: `check` and a first plan for each unit and edge, small against large.
//!
//! The figure is the power of the growth: 1 when the cost grows as units and edges do, 2 when it grows as their square.
//! Sorting alone would give 1.1 here.
use super::Bench;
use crate::{
    Failure,
    generate::{self, Shape},
    measure,
};
use std::fs;

/// How much larger the large platform is.
const TIMES_LARGER: usize = 100;

impl Bench {
    /// Two platforms of each shape, the larger one of so many units.
    pub(super) fn growth(&mut self, units: usize, full: bool) -> Result<(), Failure> {
        for (name, shape) in [
            ("100 components in each environment", shared as Make),
            ("a folder for every unit", Shape::folders),
        ] {
            let small = self.each(&shape(units / TIMES_LARGER)?)?;
            let large = self.each(&shape(units)?)?;
            for (command, small, large) in [
                ("check", small.check, large.check),
                ("first plan", small.plan, large.plan),
            ] {
                let what = format!("{command}, {units} units, {name}");
                self.line(what.clone(), large, "µs CPU per unit and edge", None);
                // the costs are those of one unit or edge each: equal ones are linear growth
                #[allow(clippy::cast_precision_loss)]
                let power = 1.0 + (large / small).ln() / (TIMES_LARGER as f64).ln();
                self.line(
                    format!("{what}, power of the growth from {}", units / TIMES_LARGER),
                    power,
                    "",
                    full.then_some(1.1),
                );
            }
        }
        Ok(())
    }

    /// What one unit or edge costs, in microseconds.
    fn each(&self, shape: &Shape) -> Result<Each, Failure> {
        let temporary = tempfile::tempdir_in(&self.dir)?;
        let dir = temporary.path().join("growth");
        generate::write(&dir, shape, None)?;
        // what is learnt of files is kept there; nothing is applied
        fs::create_dir_all(dir.join(".strata"))?;
        #[allow(clippy::cast_precision_loss)]
        let many = (shape.units() + shape.edges()) as f64;
        let ask = |args: &[&str]| {
            self.strata(&dir, args)?;
            Ok::<_, Failure>(measure::median(3, || self.strata(&dir, args))?.cpu * 1e6 / many)
        };
        Ok(Each {
            check: ask(&["check"])?,
            plan: ask(&["plan", "--all"])?,
        })
    }
}

type Make = fn(usize) -> Result<Shape, Failure>;

struct Each {
    check: f64,
    plan: f64,
}

fn shared(units: usize) -> Result<Shape, Failure> {
    Shape::shared(units, units / 100)
}
