//! Templates: Packer's images, CloudFormation's stacks.
use crate::{
    found::{Environments, Found, Line, quoted},
    layers::{self, Content, Guess, Kind},
    survey::Survey,
    words,
};
use std::collections::BTreeSet;
use strata_core::{engine::DynEngine, tree::Tree};
use strata_syntax::cloudformation::{self, Template};

/// Parameters that usually hold the name of the environment.
const NAMES_ENVIRONMENT: &[&str] = &[
    "Environment",
    "EnvironmentName",
    "Env",
    "EnvName",
    "EnvType",
    "EnvironmentType",
    "Stage",
];

/// Folders with a template of Packer.
pub fn packer(tree: &dyn Tree, survey: &Survey, engine: &dyn DynEngine) -> Vec<Found> {
    let fits = survey
        .folders
        .iter()
        .filter(|f| engine.recognise(tree, f).is_some());
    fits.map(|folder| {
        let mut found = Found::new(
            folder,
            "packer",
            "Packer template",
            survey.places.read(folder),
        );
        if found.environments == Environments::Every {
            found.environments = Environments::Shared(None);
        }
        found.guess = Guess::sure(Kind::Image, "it builds a machine image");
        found
    })
    .collect()
}

/// Templates of CloudFormation that no other nests.
pub fn cloudformation(tree: &dyn Tree, survey: &Survey) -> Vec<Found> {
    let mut nested: BTreeSet<String> = BTreeSet::new();
    let mut read = Vec::new();
    for folder in survey
        .folders
        .iter()
        .filter(|f| cloudformation::recognise(tree, f).is_some())
    {
        let facts = cloudformation::read(tree, folder);
        nested.extend(
            facts
                .templates
                .values()
                .flat_map(|t| &t.nested)
                .filter_map(|n| n.path.clone()),
        );
        read.push((folder, facts));
    }
    let mut out = Vec::new();
    for (folder, facts) in read {
        let own = |p: &&String| p.rsplit_once('/').map_or("", |(f, _)| f) == folder.as_str();
        let outer: Vec<&String> = facts
            .templates
            .keys()
            .filter(own)
            .filter(|p| !nested.contains(*p))
            .collect();
        for path in &outer {
            out.push(stack(
                survey,
                folder,
                path,
                &facts.templates[*path],
                outer.len() > 1,
            ));
        }
    }
    out
}

fn stack(survey: &Survey, folder: &str, path: &str, template: &Template, several: bool) -> Found {
    let name = path.rsplit('/').next().unwrap_or(path);
    let what = format!("CloudFormation template `{name}`");
    let mut found = Found::new(folder, "cloudformation", what, survey.places.read(folder));
    let content = Content {
        resources: template
            .resources
            .values()
            .map(|r| as_word(&r.kind))
            .collect(),
        modules: Vec::new(),
    };
    let stem = name.split('.').next().unwrap_or(name).to_owned();
    let mut words_of_path = found.place.rest.clone();
    if several {
        found
            .options
            .insert("template".to_owned(), Line::plain(quoted(name)));
        words_of_path.push(stem.clone());
        found.called = Some(stem);
    }
    found.guess = layers::guess(&words_of_path, &content);
    let asked = template
        .parameters
        .iter()
        .find(|(n, _)| NAMES_ENVIRONMENT.contains(&n.as_str()));
    if let Some((parameter, p)) = asked
        && found.place.env.is_none()
    {
        let allowed: Vec<&str> = p.allowed.iter().map(|a| a.text.as_str()).collect();
        let all_known = allowed
            .iter()
            .all(|a| words::is_environment(a) || words::beside_others(a));
        if allowed.len() > 1 && all_known {
            found.environments =
                Environments::Named(allowed.iter().filter_map(|a| words::name(a)).collect());
        }
        found
            .inputs
            .insert(parameter.clone(), Line::plain("'${{ env.name }}'"));
    } else if found.environments == Environments::Every {
        found.environments = Environments::Shared(None);
    }
    found
}

/// `AWS::RDS::DBInstance` in the spelling of Terraform's provider, as far as layers are told by it.
fn as_word(kind: &str) -> String {
    let lower = kind
        .to_ascii_lowercase()
        .replace("aws::", "aws_")
        .replace("::", "_");
    for (from, to) in [
        ("aws_rds_", "aws_db_"),
        ("aws_ec2_vpc", "aws_vpc"),
        ("aws_ec2_subnet", "aws_subnet"),
        ("aws_ec2_routetable", "aws_route_table"),
        ("aws_ec2_route", "aws_route"),
        ("aws_ec2_internetgateway", "aws_internet_gateway"),
        ("aws_ec2_natgateway", "aws_nat_gateway"),
        ("aws_ec2_eip", "aws_eip"),
        ("aws_ec2_securitygroup", "aws_security_group"),
        ("aws_ec2_instance", "aws_instance"),
        ("aws_ec2_launch", "aws_launch"),
        ("aws_elasticloadbalancing", "aws_lb"),
        ("aws_certificatemanager", "aws_acm"),
        ("aws_ecs_service", "aws_ecs_service"),
    ] {
        if let Some(rest) = lower.strip_prefix(from) {
            return format!("{to}{rest}");
        }
    }
    lower
}
