//! What is read of YAML, and what is said about what is wrong with it.
use super::*;
use crate::node::Kind;
use std::sync::Arc;

fn read(text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    parse(&Arc::from("f.yaml"), text)
}
fn good(text: &str) -> Node {
    let (node, problems) = read(text);
    assert!(problems.is_empty(), "{text}\n{problems:#?}");
    node.unwrap()
}
/// The only problem with a text, and the part of the text that it points at.
fn bad(text: &str) -> (Diagnostic, &str) {
    let (_, problems) = read(text);
    assert_eq!(problems.len(), 1, "{text}\n{problems:#?}");
    let problem = problems.into_iter().next().unwrap();
    let span = problem.at.as_ref().unwrap().span;
    (problem, &text[span.start as usize..span.end as usize])
}
fn part<'t>(text: &'t str, node: &Node) -> &'t str {
    &text[node.span.start as usize..node.span.end as usize]
}

#[test]
fn every_part_knows_its_bytes() {
    let text = "# comment\nname: \"dé 😀\"\nlist:\n  - one\n  - {k: 'v'}\nnext: plain text # comment\nblock: |\n  a\n  b\nlast: é\n";
    let root = good(text);
    assert_eq!(part(text, root.get("name").unwrap()), "\"dé 😀\"");
    let list = root.get("list").unwrap();
    assert_eq!(part(text, &list.as_list().unwrap()[0]), "one");
    let map = &list.as_list().unwrap()[1];
    assert_eq!(part(text, map), "{k: 'v'}");
    assert_eq!(part(text, map.get("k").unwrap()), "'v'");
    assert_eq!(part(text, root.get("next").unwrap()), "plain text");
    assert_eq!(part(text, root.get("last").unwrap()), "é");
    assert_eq!(root.get("block").unwrap().as_str(), Some("a\nb\n"));
    let key = root.as_map().unwrap().entry("next").unwrap().key_span;
    assert_eq!(&text[key.start as usize..key.end as usize], "next");
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_fine() {
    let text = "\u{feff}a: é\r\nb: 2\r\n";
    let root = good(text);
    assert_eq!(part(text, root.get("a").unwrap()), "é");
    assert_eq!(part(text, root.get("b").unwrap()), "2");
}

#[test]
fn what_is_missing_is_null_and_an_empty_file_is_nothing() {
    assert!(read("").0.is_none() && read("# only\n").0.is_none() && read("").1.is_empty());
    let root = good("a:\nb: ~\nc: ''\n");
    assert!(root.get("a").unwrap().is_null() && root.get("b").unwrap().is_null());
    assert!(!root.get("c").unwrap().is_null());
    assert_eq!(root.get("a").unwrap().as_str(), Some(""));
}

#[test]
fn a_key_that_stands_twice_is_named_with_both_places() {
    let text = "a: 1\nb: 2\na: 3\n";
    let (problem, at) = bad(text);
    assert_eq!((problem.code.as_str(), at), ("yaml::duplicate-key", "a"));
    assert_eq!(problem.at.unwrap().span.start, 10);
    assert_eq!(problem.related[0].0.span.start, 0);
}

#[test]
fn anchors_and_merge_keys() {
    let root = good(
        "base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\ntwo:\n  <<: [{x: 5}, *b]\nlist: [*b, *b]\n",
    );
    assert_eq!(
        root.get("use").unwrap().to_value().to_json().to_string(),
        r#"{"x":1,"y":3}"#
    );
    assert_eq!(
        root.get("two").unwrap().to_value().to_json().to_string(),
        r#"{"x":5,"y":2}"#
    );
    assert_eq!(bad("a: {<<: 1}\n").0.code, "yaml::merge-key");
    assert_eq!(bad("a: &x [*x]\n").0.code, "yaml::alias");
    assert_eq!(good("'<<': 1\n").get("<<").unwrap().as_str(), Some("1"));
}

#[test]
fn a_bomb_of_aliases_is_defused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let all = vec![format!("*a{}", i - 1); 10].join(", ");
        text.push_str(&format!("a{i}: &a{i} [{all}]\n"));
    }
    assert_eq!(read(&text).1[0].code, "yaml::aliases");
}

#[test]
fn what_nests_too_deeply_is_refused() {
    for text in [
        "[".repeat(100_000),
        "{a: ".repeat(1000),
        "- ".repeat(5000),
        format!("{}x", "a:\n ".repeat(3)),
    ] {
        let (_, problems) = read(&text);
        assert!(!problems.is_empty(), "{}", &text[..20]);
    }
    let chain = (1..80).fold("a0: &a0 [x]\n".to_owned(), |t, i| {
        format!("{t}a{i}: &a{i} [*a{}]\n", i - 1)
    });
    assert_eq!(read(&chain).1[0].code, "yaml::depth");
}

#[test]
fn one_document_a_file() {
    assert!(read("---\na: 1\n").1.is_empty());
    assert_eq!(bad("a: 1\n---\nb: 2\n").0.code, "yaml::documents");
}

#[test]
fn tabs_are_named() {
    let (problem, _) = bad("a:\n\tb: 1\n");
    assert_eq!(problem.code, "yaml::syntax");
    assert_eq!(
        problem.help.as_deref(),
        Some("indent with spaces, not with tabs"),
        "{problem:?}"
    );
}

#[test]
fn tags_of_the_core_schema_are_obeyed_and_others_kept() {
    let root = good("a: !!str 1.10\nb: !Ref x\nc: !Sub\n  k: v\nd: !!int 3\n");
    assert_eq!(root.get("a").unwrap().to_value(), "1.10".into());
    assert_eq!(root.get("b").unwrap().tag.as_deref(), Some("!Ref"));
    assert_eq!(root.get("c").unwrap().tag.as_deref(), Some("!Sub"));
    assert!(root.get("d").unwrap().tag.is_none());
}

#[test]
fn a_key_is_a_text() {
    assert_eq!(bad("? [a]\n: 1\n").0.code, "yaml::key");
    let root = good("1.10: a\ntrue: b\n");
    assert!(root.get("1.10").is_some() && root.get("true").is_some());
}

/// An expression that YAML doesn't read as it was meant, and the line that the help gives.
fn trap(text: &str, line: &str) {
    let (problem, _) = bad(text);
    assert_eq!(
        problem.help.as_deref(),
        Some(format!("write `{line}`").as_str()),
        "{text}\n{problem:#?}"
    );
    // the line that is given is right
    assert!(read(&format!("{line}\n")).1.is_empty(), "{line}");
}

#[test]
fn an_expression_without_quotes_is_answered_with_the_fixed_line() {
    trap(
        "a: ${{ x ? \"y\" : \"z\" }}\n",
        "a: '${{ x ? \"y\" : \"z\" }}'",
    );
    trap(
        "- ${{ x ? 'y' : 'z' }} # why\n",
        "- '${{ x ? ''y'' : ''z'' }}' # why",
    );
    trap("a: {b: ${{ x }}}\n", "a: {b: '${{ x }}'}");
    trap("a: [${{ x }}, '${{ y }}']\n", "a: ['${{ x }}', '${{ y }}']");
    trap("a: ${{ \"x # y\" }}\n", "a: '${{ \"x # y\" }}'");
    trap("- name: ${{ {\"a\": 1} }}\n", "- name: '${{ {\"a\": 1} }}'");
}

#[test]
fn all_expressions_without_quotes_are_found_at_once_and_the_rest_is_read() {
    let text = "a: ${{ x ? 1 : 2 }}\nb: fine\nc: ${{ y ? 3 : 4 }}\na2: [1]\nb: twice\n";
    let (node, problems) = read(text);
    let codes: Vec<&str> = problems.iter().map(|p| p.code.as_str()).collect();
    assert_eq!(
        codes,
        [
            "yaml::unquoted-expression",
            "yaml::unquoted-expression",
            "yaml::duplicate-key"
        ]
    );
    let at = |i: usize| problems[i].at.as_ref().unwrap().span;
    assert_eq!(
        &text[at(1).start as usize..at(1).end as usize],
        "${{ y ? 3 : 4 }}"
    );
    assert_eq!(node.unwrap().get("b").unwrap().as_str(), Some("fine"));
}

#[test]
fn an_expression_without_traps_needs_no_quotes() {
    let root = good("a: ${{ x.y }}\nb: x-${{ y }}-z\n");
    assert_eq!(root.get("a").unwrap().as_str(), Some("${{ x.y }}"));
}

/// Every character of every expression is where it says it is.
#[test]
fn characters_of_a_scalar_know_their_bytes() {
    let texts = [
        "a: ${{ äb.c }}",
        "a: 'it''s ${{ x[''k''] }} é ${{ y }}'",
        "a: \"é\\n\\u00e9 \\\"${{ x[\\\"k\\\"] }}\\\" ${{ y }}\"",
        "a: |\n  first ${{ one }}\n  second ${{ two }}\n",
        "a: >-\n    folded ${{ one }}\n    more ${{ two }}\n\n    end ${{ three }}\n",
        "a: plain ${{ one }}\n   goes on ${{ two }}\n",
        "a: 'single ${{ one }}\n\n  goes on ${{ two }}'\n",
        "- \"x ${{ one }}\\\n   joined ${{ two }}\"\n",
        "a: |2-\n   indented ${{ one }}\n",
    ];
    for text in texts {
        let root = good(text);
        let node = match &root.kind {
            Kind::Map(m) => m.get("a").unwrap(),
            Kind::List(l) => &l[0],
            Kind::Scalar(_) => &root,
        };
        let value = node.as_str().unwrap();
        for (i, c) in value
            .char_indices()
            .filter(|(_, c)| c.is_ascii_alphanumeric() || "${}".contains(*c))
        {
            let at = node.place(i as u32) as usize;
            assert_eq!(
                text[at..].chars().next(),
                Some(c),
                "{text}\n{i} of {value:?} is at {at}"
            );
        }
    }
}

#[test]
fn a_large_map_is_read_and_merged_quickly_and_its_duplicates_are_found() {
    let line = |i: usize| format!("k{i}: {i}\n");
    let mut text: String = (0..30_000).map(line).collect();
    text.push_str("k7: again\nk29999: again\n");
    let (node, problems) = read(&text);
    assert_eq!(problems.len(), 2);
    let node = node.unwrap();
    let merged = crate::node::merge(&node, &node);
    assert_eq!(merged.as_map().unwrap().entries.len(), 30_000);
    let lines: String = (0..500).map(|i| format!("  {}", line(i))).collect();
    let root = good(&format!("a: &a\n{lines}b:\n  <<: *a\n  k3: mine\n"));
    assert_eq!(
        root.get("b").unwrap().get("k3").unwrap().as_str(),
        Some("mine")
    );
    assert_eq!(
        root.get("a").unwrap().as_map().unwrap().entries.len(),
        root.get("b").unwrap().as_map().unwrap().entries.len()
    );
}

#[test]
fn several_documents_are_read_where_several_may_stand() {
    let text = "# head\n---\na: &x 1\nb: *x\n---\n# nothing\n---\nc: é\n...\n---\nd: !Ref e\n";
    let (found, problems) = documents(&Arc::from("f.yaml"), text);
    assert!(problems.is_empty(), "{problems:#?}");
    assert_eq!(found.len(), 3);
    assert_eq!(part(text, found[1].get("c").unwrap()), "é");
    assert_eq!(found[2].get("d").unwrap().tag.as_deref(), Some("!Ref"));
    let (found, problems) = documents(&Arc::from("f.yaml"), "a: 1\n---\nb: c: d\n");
    assert!(found.is_empty() && problems.len() == 1, "{problems:#?}");
    assert!(
        documents(&Arc::from("f.yaml"), "a: &x 1\n---\nb: *x\n")
            .0
            .len()
            < 2
    );
}

#[test]
fn aliases_of_all_documents_share_one_budget() {
    let bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n---\n".repeat(1000);
    let (found, problems) = documents(&Arc::from("f.yaml"), &bomb);
    assert!(found.len() < 20, "{}", found.len());
    assert_eq!(problems.len(), 1);
}
