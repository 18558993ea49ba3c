//! Layers of a platform and the presets that ship as data.
use serde::{Deserialize, Serialize};

/// A named level of the platform.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// Its number, for people (`-1` … `7`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What lives and dies together with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<String>,
    /// How often it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_of_change: Option<String>,
    /// Where the truth about it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_of_truth: Option<String>,
    /// What it is about, in a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Name of a preset and its layers, lowest first: name, number, rate of change, description.
pub type Preset = (
    &'static str,
    &'static [(&'static str, &'static str, &'static str, &'static str)],
);

/// The presets, lowest layer first.
pub const PRESETS: &[Preset] = &[
    (
        "osi",
        &[
            (
                "billing",
                "-1",
                "yearly",
                "accounts, budgets, registries: who pays",
            ),
            (
                "privilege",
                "0",
                "rarely",
                "who may change the platform itself",
            ),
            (
                "cluster-network",
                "1",
                "rarely",
                "private addresses and tunnels between nodes",
            ),
            (
                "permissions",
                "2",
                "monthly",
                "operational access of people and automation",
            ),
            ("compute", "3", "weekly", "machines"),
            (
                "storage",
                "4",
                "weekly",
                "databases, volumes, backup and restore",
            ),
            (
                "application-network",
                "5",
                "weekly",
                "names, certificates, load balancers, filters",
            ),
            ("application", "6", "daily", "the applications"),
            (
                "integration",
                "7",
                "daily",
                "applications that work together",
            ),
        ],
    ),
    (
        "bigbang",
        &[
            ("image", "1", "monthly", "hardened machine images"),
            (
                "infrastructure",
                "2",
                "monthly",
                "networks, machines, supporting services",
            ),
            ("kubernetes", "3", "monthly", "a Kubernetes distribution"),
            (
                "cluster-services",
                "4",
                "weekly",
                "the services that every cluster has",
            ),
            ("applications", "5", "daily", "the applications"),
        ],
    ),
];

/// The layers of a preset, lowest first.
pub fn preset(name: &str) -> Option<Vec<Layer>> {
    let (_, layers) = PRESETS.iter().find(|(n, _)| *n == name)?;
    Some(
        layers
            .iter()
            .map(|(name, number, rate, description)| Layer {
                name: (*name).to_owned(),
                number: Some((*number).to_owned()),
                rate_of_change: Some((*rate).to_owned()),
                description: Some((*description).to_owned()),
                ..Layer::default()
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_osi_preset_has_the_layers_of_its_source() {
        let names: Vec<String> = preset("osi").unwrap().into_iter().map(|l| l.name).collect();
        assert_eq!(names.first().unwrap(), "billing");
        assert_eq!(names.last().unwrap(), "integration");
        assert_eq!(names.len(), 9);
        assert!(preset("none").is_none());
    }
}
