//! Platforms of any size: script components in layers, wired by references, with a few inputs from values.
use crate::Failure;
use std::{fmt::Write as _, fs, os::unix::fs::PermissionsExt as _, path::Path};

/// Layers that the components are spread over, lowest first, as in the preset `osi`.
const LAYERS: [&str; 4] = ["compute", "storage", "application-network", "application"];

/// What a platform looks like.
pub struct Shape {
    components: usize,
    environments: usize,
}

impl Shape {
    /// Components that all environments share.
    pub fn shared(units: usize, environments: usize) -> Result<Self, Failure> {
        if environments == 0 || units == 0 || !units.is_multiple_of(environments) {
            return Err(format!(
                "{units} units cannot be spread evenly over {environments} environments"
            )
            .into());
        }
        Ok(Self {
            components: units / environments,
            environments,
        })
    }
    /// A folder for every unit.
    pub fn folders(units: usize) -> Result<Self, Failure> {
        Self::shared(units, 1)
    }
    /// How many units it has.
    pub const fn units(&self) -> usize {
        self.components * self.environments
    }
    /// How many units take a value from one of the layer below.
    pub fn edges(&self) -> usize {
        let above = |c: &usize| self.upstream(*c).is_some();
        (0..self.components).filter(above).count() * self.environments
    }
    /// How many components of the layer below a component stands above, if it does not stand in the lowest.
    fn upstream(&self, component: usize) -> Option<usize> {
        let width = self.components.div_ceil(LAYERS.len());
        component.checked_sub(width)
    }
    fn layer(&self, component: usize) -> &'static str {
        LAYERS[component / self.components.div_ceil(LAYERS.len())]
    }
}

/// Writes a platform; every unit's tool sleeps so many seconds when that is given.
pub fn write(dir: &Path, shape: &Shape, sleep: Option<&str>) -> Result<(), Failure> {
    put(
        &dir.join("strata.yaml"),
        "platform: generated\nid: 67656e6572617465\nlayers: osi\n",
        false,
    )?;
    for env in 0..shape.environments {
        let text = format!("values:\n  region: region-{env}\n  size: {}\n", env + 1);
        put(
            &dir.join(format!("environments/e{env:03}.yaml")),
            &text,
            false,
        )?;
    }
    let wait = sleep.map_or_else(String::new, |s| format!("sleep {s}\n"));
    // shell built-ins only: one process for every unit
    let tool = format!(
        "#!/bin/sh\n{wait}echo '{{\"id\": \"'\"$STRATA_UNIT\"'\"}}' > \"$STRATA_OUTPUTS\"\n"
    );
    for c in 0..shape.components {
        let mut text = "engine: script\ninputs:\n  region: '${{ values.region }}'\n  size: '${{ values.size }}'\n  name: '${{ env.name }}-${{ unit.name }}'\n".to_owned();
        if let Some(up) = shape.upstream(c) {
            writeln!(text, "  upstream: '${{{{ c{up:05}.outputs.id }}}}'")?;
        }
        text.push_str("outputs: {id: string}\nscript:\n  apply: [./apply.sh]\n");
        let folder = dir.join(format!("layers/{}/c{c:05}", shape.layer(c)));
        put(&folder.join("component.yaml"), &text, false)?;
        put(&folder.join("apply.sh"), &tool, true)?;
    }
    Ok(())
}

fn put(path: &Path, text: &str, executable: bool) -> Result<(), Failure> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(|e| format!("cannot make `{}`: {e}", parent.display()))?;
    fs::write(path, text).map_err(|e| format!("cannot write `{}`: {e}", path.display()))?;
    if executable {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
