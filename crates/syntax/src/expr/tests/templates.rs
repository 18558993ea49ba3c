//! Texts with expressions in them.
use super::*;

#[test]
fn a_template_keeps_the_type_of_a_single_expression_and_makes_text_of_the_rest() {
    assert_eq!(filled("'${{ values.n }}'").unwrap(), json("3"));
    assert_eq!(filled("'${{values.n}}'").unwrap(), json("3"));
    assert_eq!(filled("'${{ values.n }} '").unwrap(), json("\"3 \""));
    assert_eq!(
        filled("'a ${{ values.n }} b ${{ values.on }}'").unwrap(),
        json("\"a 3 b true\"")
    );
    assert_eq!(
        filled("'$${{ x }} is ${{ values.n }}'").unwrap(),
        json("\"${{ x }} is 3\"")
    );
    assert_eq!(
        filled("'$${{ values.n }}'").unwrap(),
        json("\"${{ values.n }}\"")
    );
    assert_eq!(
        filled("'{{ jinja }} ${HOME} ${{ values.n }}'").unwrap(),
        json("\"{{ jinja }} ${HOME} 3\"")
    );
    assert_eq!(
        filled("'${{ {\"a\": {\"b\": 1}} }}'").unwrap(),
        json(r#"{"a":{"b":1}}"#)
    );
    assert_eq!(filled("'${{ \"}}\" }}'").unwrap(), json("\"}}\""));
    assert_eq!(filled("|\n  ${{ values.n }}\n").unwrap(), json("3"));
    assert_eq!(
        filled("|\n  a ${{ values.n }}\n  b\n").unwrap(),
        json("\"a 3\\nb\\n\"")
    );
    assert!(template("plain ${HOME} {{ x }}").0.is_none());
    let e = filled("'x ${{ values.zones }}'").unwrap_err();
    assert_eq!(e.help.as_deref(), Some("write `json(…)` around it"));
}

#[test]
fn faults_of_syntax_have_a_place_and_a_way_out() {
    for (text, at, message) in [
        ("'a ${{ x'", "${{ x", "`${{` is not closed"),
        ("'${{ x y }}'", "y", "`y` is not expected here"),
        ("'${{ x and y }}'", "and", "`and` is not expected here"),
        ("'${{ x | upper }}'", "|", "`|` is not expected here"),
        ("'${{ x. }}'", "}", "expected a name after `.`"),
        ("'${{ (x }}'", "}", "expected `)`"),
        (
            "'${{ x ? 1 }}'",
            "}",
            "expected `:` and the value for the other case",
        ),
        ("'${{ }}'", "}", "expected a value"),
        ("'${{ \"x }}'", "\"x }}", "this string is not closed"),
        (
            "'${{ \"\\q\" }}'",
            "\\q",
            "`\\q` is not an escape; a backslash is written `\\\\`",
        ),
        ("'it''s ${{ x[''k''] ! }}'", "!", "`!` is not expected here"),
    ] {
        let (found, problems) = template(text);
        assert!(
            found.is_none() && problems.len() == 1,
            "{text} {problems:?}"
        );
        let span = problems[0].at.as_ref().unwrap().span;
        assert_eq!(problems[0].message, message, "{text}");
        assert_eq!(&text[span.start as usize..span.end as usize], at, "{text}");
    }
    let (_, problems) = template("'${{ x y }} ${{ z. }}'");
    assert_eq!(problems.len(), 2);
    assert_eq!(
        template("'${{ a and b }}'").1[0].help.as_deref(),
        Some("write `&&`")
    );
}
