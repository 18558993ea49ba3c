//! Which units a command means: `--only [+]NAME[+]`, `--layer NAME`.
use strata_core::diagnostic::suggest;
use strata_ops::compose::Composition;

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Environments.
    pub envs: Vec<String>,
    /// Components or units; `+` before: with what they need; `+` after: with what needs them.
    pub only: Vec<String>,
    /// Layers.
    pub layers: Vec<String>,
    /// Of these units only, by position.
    pub among: Option<Vec<usize>>,
}

/// One mark for every unit.
pub fn select(c: &Composition, s: &Selection) -> Result<Vec<bool>, String> {
    let mut in_env = vec![false; c.units.len()];
    let mut envs = Vec::new();
    for name in &s.envs {
        envs.push(c.env_named(name).ok_or_else(|| {
            let names = c.environments().iter().map(|e| e.name.as_ref());
            format!(
                "there is no environment `{name}`; {}",
                suggest(name, names.clone()).unwrap_or_else(|| format!(
                    "environments are: {}",
                    names.collect::<Vec<_>>().join(", ")
                ))
            )
        })? as u32);
    }
    for (i, u) in c.units.iter().enumerate() {
        in_env[i] = envs.contains(&(c.home(u) as u32));
    }
    let mut marks = if s.only.is_empty() {
        in_env.clone()
    } else {
        vec![false; c.units.len()]
    };
    for word in &s.only {
        mark(c, word, &in_env, &mut marks)?;
    }
    if let Some(among) = &s.among {
        let mut kept = vec![false; c.units.len()];
        for unit in among {
            kept[*unit] = marks[*unit];
        }
        marks = kept;
    }
    if !s.layers.is_empty() {
        for l in &s.layers {
            if c.loaded.platform.layer(l).is_none() {
                let names: Vec<&str> = c
                    .loaded
                    .platform
                    .layers
                    .iter()
                    .map(|l| l.layer.name.as_str())
                    .collect();
                return Err(format!(
                    "there is no layer `{l}`; layers are: {}",
                    names.join(", ")
                ));
            }
        }
        for (i, u) in c.units.iter().enumerate() {
            marks[i] &= s.layers.iter().any(|l| l == c.layer(u));
        }
    }
    Ok(marks)
}

fn mark(c: &Composition, word: &str, in_env: &[bool], marks: &mut [bool]) -> Result<(), String> {
    let name = word.trim_start_matches('+').trim_end_matches('+');
    let named: Vec<usize> = (0..c.units.len())
        .filter(|i| {
            let a = &c.units[*i].address;
            in_env[*i]
                && (a.name.as_ref() == name
                    || a.local() == name
                    || a.to_string() == name
                    || name
                        .parse()
                        .is_ok_and(|other: strata_core::name::Address| other == *a))
        })
        .collect();
    if named.is_empty() {
        let names: Vec<&str> = (0..c.units.len())
            .filter(|i| in_env[*i])
            .map(|i| c.units[i].address.name.as_ref())
            .collect();
        let help = suggest(name, names).map_or_else(String::new, |s| format!("; {s}"));
        return Err(format!("no unit `{name}` in these environments{help}"));
    }
    let mut todo = named.clone();
    if word.starts_with('+') {
        while let Some(i) = todo.pop() {
            for d in &c.units[i].deps {
                let to = d.unit as usize;
                if in_env[to] && !marks[to] {
                    marks[to] = true;
                    todo.push(to);
                }
            }
        }
    }
    if word.ends_with('+') {
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); c.units.len()];
        for (j, u) in c.units.iter().enumerate().filter(|(j, _)| in_env[*j]) {
            u.deps.iter().for_each(|d| users[d.unit as usize].push(j));
        }
        let mut todo = named.clone();
        let mut seen = vec![false; c.units.len()];
        while let Some(i) = todo.pop() {
            for j in &users[i] {
                if !seen[*j] {
                    seen[*j] = true;
                    marks[*j] = true;
                    todo.push(*j);
                }
            }
        }
    }
    for i in named {
        marks[i] = true;
    }
    Ok(())
}
