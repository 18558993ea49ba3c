//! `strata graph`: what depends on what.
use crate::{args::Global, context::Context, problem::Problem};
use serde_json::json;
use strata_core::exit;
use strata_ops::compose::Composition;

/// Runs it.
pub fn run(global: &Global, env: &[String], dot: bool) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    let c = cx.composed()?;
    let envs = if env.is_empty() {
        c.environments()
            .iter()
            .map(|e| e.name.to_string())
            .collect()
    } else {
        cx.envs(&c, env, false)?
    };
    let chosen: Vec<usize> = (0..c.units.len())
        .filter(|i| envs.iter().any(|e| e == c.units[*i].address.env.as_ref()))
        .collect();
    if dot {
        print!("{}", as_dot(&c, &chosen));
    } else if cx.json() {
        let units: Vec<_> = chosen
            .iter()
            .map(|i| {
                let u = &c.units[*i];
                let needs: Vec<_> = u
                    .deps
                    .iter()
                    .map(|d| json!({"unit": c.units[d.unit as usize].address, "data": d.data}))
                    .collect();
                json!({"unit": u.address, "layer": c.layer(u), "engine": c.variant(u).component.engine, "needs": needs})
            })
            .collect();
        println!(
            "{}",
            serde_json::to_string_pretty(&json!({"units": units})).expect("plain data")
        );
    } else {
        for env in &envs {
            println!("{env}");
            let mut layer = "";
            for u in chosen
                .iter()
                .map(|i| &c.units[*i])
                .filter(|u| u.address.env.as_ref() == env.as_str())
            {
                if layer != c.layer(u) {
                    layer = c.layer(u);
                    println!("  {layer}");
                }
                let needs: Vec<String> = u
                    .deps
                    .iter()
                    .map(|d| {
                        let other = &c.units[d.unit as usize].address;
                        if other.env == u.address.env {
                            other.local()
                        } else {
                            other.to_string()
                        }
                    })
                    .collect();
                let arrow = if needs.is_empty() {
                    String::new()
                } else {
                    format!(" ← {}", needs.join(", "))
                };
                println!("    {}{arrow}", u.address.local());
            }
        }
    }
    Ok(exit::DONE)
}

fn as_dot(c: &Composition, chosen: &[usize]) -> String {
    let quoted = |t: String| serde_json::to_string(&t).expect("text");
    let mut out = String::from("digraph platform {\n  rankdir=BT;\n  node [shape=box];\n");
    for i in chosen {
        let u = &c.units[*i];
        let name = quoted(u.address.to_string());
        out.push_str(&format!(
            "  {name} [group={}];\n",
            quoted(c.layer(u).to_owned())
        ));
        for d in &u.deps {
            let style = if d.data { "" } else { " [style=dashed]" };
            out.push_str(&format!(
                "  {name} -> {}{style};\n",
                quoted(c.units[d.unit as usize].address.to_string())
            ));
        }
    }
    out.push_str("}\n");
    out
}
