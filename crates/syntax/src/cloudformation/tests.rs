//! Templates as people write them, in YAML and JSON.
use super::*;
use strata_core::tree::MemoryTree;

const VPC: &str = "AWSTemplateFormatVersion: '2010-09-09'
Parameters:
  EnvironmentName: {Type: String, Description: A prefix.}
  Cidr: {Type: String, Default: 10.192.0.0/16, AllowedPattern: '^[0-9./]+$'}
  Subnets: {Type: CommaDelimitedList, Default: '10.192.10.0/24, 10.192.11.0/24'}
  Count: {Type: Number, Default: 2, MinValue: 1}
  Password: {Type: String, NoEcho: true}
  Zone: {Type: 'List<AWS::EC2::AvailabilityZone::Name>'}
  Tier: {Type: String, Default: dev, AllowedValues: [dev, prod]}
Conditions:
  IsProd: !Equals [!Ref Tier, prod]
  Both: !And [!Condition IsProd, {Condition: IsProd}]
Mappings:
  Sizes: {dev: {type: t3.small}}
Resources:
  VPC:
    Type: AWS::EC2::VPC
    Properties:
      CidrBlock: !Ref Cidr
      Tags: [{Key: Name, Value: !Sub '${EnvironmentName}-${AWS::Region}'}]
  Gateway:
    Type: AWS::EC2::InternetGateway
    Condition: IsProd
  Attachment:
    Type: AWS::EC2::VPCGatewayAttachment
    DependsOn: [VPC]
    Properties:
      VpcId: !GetAtt VPC.VpcId
      Size: !FindInMap [Sizes, !Ref Tier, type]
      Peer: !ImportValue core-vpc
      Other:
        Fn::ImportValue: !Sub '${EnvironmentName}-dns'
      Data:
        Fn::Base64: !Sub
          - |
            #!/bin/bash
            echo ${name} ${!literal} ${VPC}
          - {name: !If [IsProd, !Ref Gateway, !Ref 'AWS::NoValue']}
Outputs:
  VpcId:
    Value: !Ref VPC
    Export: {Name: !Sub '${AWS::StackName}-VPC'}
  Fixed: {Value: !GetAtt [VPC, CidrBlock], Export: {Name: fixed-cidr}}
";

fn found(files: &[(&str, &str)], folder: &str) -> Vec<(String, String)> {
    let tree = MemoryTree::new(files.iter().copied());
    let facts = read(&tree, folder);
    problems(&tree, &facts)
        .into_iter()
        .map(|p| {
            let at = p.at.unwrap();
            let text = tree.text(&at.file).unwrap();
            let part = text[at.span.start as usize..at.span.end as usize].to_owned();
            (
                format!("{} {part}", p.code.trim_start_matches("cloudformation::")),
                p.help.unwrap_or_default(),
            )
        })
        .collect()
}

#[test]
fn a_template_says_what_it_takes_and_gives() {
    let files = [("net/vpc.yaml", VPC), ("net/values.yaml", "a: 1\n")];
    let tree = MemoryTree::new(files);
    assert_eq!(recognise(&tree, "net"), Some("net/vpc.yaml"));
    let facts = read(&tree, "net");
    let face = interface(&facts);
    let shown: Vec<String> = face
        .inputs
        .iter()
        .map(|(n, i)| format!("{n}{} {}", if i.optional { "" } else { "!" }, i.ty))
        .collect();
    assert_eq!(
        shown,
        [
            "Cidr string",
            "Count number",
            "EnvironmentName! string",
            "Password! string",
            "Subnets list(string)",
            "Tier string",
            "Zone! list(string)"
        ]
    );
    assert!(face.inputs["Password"].sensitive && !face.open_inputs && !face.open_outputs);
    assert_eq!(
        face.inputs["Subnets"]
            .default
            .as_ref()
            .unwrap()
            .to_json()
            .to_string(),
        r#"["10.192.10.0/24","10.192.11.0/24"]"#
    );
    assert_eq!(
        face.uncovered,
        ["import core-vpc", "import ${EnvironmentName}-dns"]
    );
    let template = &facts.templates["net/vpc.yaml"];
    let export = |name: &str| template.outputs[name].export.clone().unwrap();
    assert!(export("Fixed").literal && !export("VpcId").literal);
    assert_eq!(export("VpcId").name.text, "${AWS::StackName}-VPC");
    assert_eq!(found(&files, "net"), []);
}

#[test]
fn names_that_nothing_declares_are_said_with_what_was_meant() {
    let text = VPC
        .replace("!Ref Cidr", "!Ref Cdr")
        .replace("${VPC}\n", "${VPCs}\n")
        .replace("!GetAtt VPC.VpcId", "!GetAtt Vpc.VpcId")
        .replace("[VPC]", "VCP")
        .replace("[Sizes,", "[Size,")
        .replace("Condition: IsProd}", "Condition: IsPrd}")
        .replace("!If [IsProd", "!If [Prod")
        .replace("'${EnvironmentName}-dns'", "'${EnvName}-dns'");
    let found = found(&[("t.yaml", &text)], "");
    let shown: Vec<&str> = found.iter().map(|(c, _)| c.as_str()).collect();
    assert_eq!(
        shown,
        [
            "unknown-reference VCP",
            "unknown-reference IsPrd",
            "unknown-reference Cdr",
            "unknown-reference Vpc.VpcId",
            "unknown-reference Size",
            "unknown-reference EnvName",
            "unknown-reference VPCs",
            "unknown-reference Prod"
        ]
    );
    let help: Vec<&str> = found.iter().map(|(_, h)| h.as_str()).collect();
    assert_eq!(
        help[0..3],
        [
            "did you mean `VPC`?",
            "did you mean `IsProd`?",
            "did you mean `Cidr`?"
        ]
    );
}

#[test]
fn json_is_read_as_yaml_is() {
    let json = "{\n\t\"Parameters\": {\"Name\": {\"Type\": \"String\", \"Default\": \"c\", \"AllowedValues\": [\"a\", \"b\"]}},\n\t\"Resources\": {\"Vpc\": {\"Type\": \"AWS::EC2::VPC\", \"Properties\": {\"Tags\": [{\"Fn::Join\": [\"-\", [{\"Ref\": \"Nam\"}, {\"Fn::Sub\": \"x-${Vcp.Id}\"}]]}]}}},\n\t\"Outputs\": {\"Id\": {\"Value\": {\"Fn::GetAtt\": [\"Vpc\", \"VpcId\"]}}}\n}";
    for path in ["t.json", "t.template"] {
        assert_eq!(
            found(&[(path, json)], ""),
            [
                (
                    "unknown-reference \"Nam\"".to_owned(),
                    "did you mean `Name`?".to_owned()
                ),
                (
                    "unknown-reference Vcp.Id".to_owned(),
                    "did you mean `Vpc`?".to_owned()
                ),
                (
                    "default-not-allowed \"c\"".to_owned(),
                    "did you mean `a`?".to_owned()
                ),
            ]
        );
    }
}

#[test]
fn macros_open_a_template() {
    let text = |transform: &str| {
        format!(
            "Transform: {transform}\nResources:\n  Fn:\n    Type: AWS::Serverless::Function\n    Properties: {{Role: !GetAtt FnRole.Arn, Api: !Ref ServerlessRestApi, X: !Ref Fx}}\n"
        )
    };
    let sam = text("AWS::Serverless-2016-10-31");
    assert_eq!(
        found(&[("t.yaml", &sam)], ""),
        [(
            "unknown-reference Fx".to_owned(),
            "did you mean `Fn`?".to_owned()
        )]
    );
    assert_eq!(
        found(
            &[("t.yaml", &text("[AWS::Serverless-2016-10-31, Mine]"))],
            ""
        ),
        []
    );
    let tree = MemoryTree::new([("t.yaml", text("Mine").as_str())]);
    assert!(interface(&read(&tree, "")).open_outputs);
}

#[test]
fn stacks_in_stacks_are_followed() {
    let root = "Resources:
  Net:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: ../net/vpc.yaml
      Parameters: {EnvironmentName: x, Pasword: y}
  Gone: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ../net/vcp.yaml}}
  Far: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: !Sub 'https://${Bucket}/x'}}
  Use: {Type: 'AWS::X::Y', Properties: {A: !GetAtt Net.Outputs.VpcId, B: !GetAtt Net.Outputs.VpcIds}}
Parameters: {Bucket: {Type: String}}
";
    let files = [("app/root.yaml", root), ("net/vpc.yaml", VPC)];
    let found = found(&files, "app");
    let shown: Vec<&str> = found.iter().map(|(c, _)| c.as_str()).collect();
    assert_eq!(
        shown,
        [
            "unknown-parameter Pasword",
            "missing-parameter ../net/vpc.yaml",
            "missing-parameter ../net/vpc.yaml",
            "unknown-output Net.Outputs.VpcIds",
            "missing-template ../net/vcp.yaml",
        ]
    );
    assert_eq!(found[4].1, "did you mean `../net/vpc.yaml`?");
    let facts = read(&MemoryTree::new(files), "app");
    assert_eq!(facts.main.as_deref(), Some("app/root.yaml"));
    assert_eq!(interface(&facts).reads, ["net/vpc.yaml"]);
}

#[test]
fn resources_that_need_each_other_are_a_cycle() {
    let text = "Resources:\n  A: {Type: 'AWS::X::Y', Properties: {P: !Ref B}}\n  B: {Type: 'AWS::X::Y', DependsOn: A}\n  C: {Type: 'AWS::X::Y', Properties: {P: !If [K, !Ref C, x]}}\nConditions: {K: !Equals [a, b]}\n";
    let tree = MemoryTree::new([("t.yaml", text)]);
    let found = problems(&tree, &read(&tree, ""));
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].message,
        "resources need each other: `A` → `B` → `A`"
    );
}
