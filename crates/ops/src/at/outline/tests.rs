use super::*;

/// What is at `^`.
fn at(marked: &str) -> String {
    let byte = marked.find('^').unwrap();
    let text = marked.replace('^', "");
    let place = Outline::of(&text).place(&text, byte);
    let path: Vec<&str> = place
        .path
        .iter()
        .map(|s| match s {
            Step::Key(k) => k.as_str(),
            Step::Item => "-",
        })
        .collect();
    let word = &text[place.word.start as usize..place.word.end as usize];
    format!("{:?} {} <{word}>", place.spot, path.join("/"))
}

#[test]
fn keys_and_values_are_found_wherever_they_stand() {
    for (text, want) in [
        ("inp^uts:\n  a: 1\n", "Key  <inputs>"),
        ("inputs:\n  a^: 1\n", "Key inputs <a>"),
        ("inputs:\n  a: one tw^o # x\n", "Value inputs/a <one two>"),
        ("inputs:\n  a: ^\nb: 1\n", "Value inputs/a <>"),
        (
            "inputs: {a: 1, b: ${{ x.^ }}}\n",
            "Value inputs/b <${{ x. }}>",
        ),
        (
            "inputs: {a: '${{ x.^ }}', b: 2}\n",
            "Value inputs/a <'${{ x. }}'>",
        ),
        ("inputs: {a: ^}\n", "Value inputs/a <>"),
        ("inputs: {a: 1, ^}\n", "Open inputs <>"),
        ("inputs: {a: 1, b^}\n", "Open inputs <b>"),
        ("after: [x, y^]\n", "Open after/- <y>"),
        ("after: [^]\n", "Open after <>"),
        ("after:\n  - x^\n", "Open after/- <x>"),
        ("after:\n- x^\n", "Open after/- <x>"),
        ("after:\n  - ^\n", "Open after/- <>"),
        (
            "defaults:\n  - engine: an^sible\n    timeout: {ap^ply: 1m}\n",
            "Value defaults/-/engine <ansible>",
        ),
        (
            "defaults:\n  - engine: x\n    timeout: {a^pply: 1m}\n",
            "Key defaults/-/timeout <apply>",
        ),
        (
            "a:\n  b: |\n    text ${{ x^ }}\n    more\nc: 1\n",
            "Value a/b <    text ${{ x }}\n    more>",
        ),
        ("a:\n  b: |\n    text\nc^: 1\n", "Key  <c>"),
        ("\"a b^\": 1\n", "Key  <a b>"),
        ("a: http://x^\n", "Value a <http://x>"),
    ] {
        let first = text.find('^').unwrap();
        let text = format!("{}^{}", &text[..first], text[first + 1..].replace('^', ""));
        assert_eq!(at(&text), want, "{text}");
    }
}

#[test]
fn what_is_half_typed_has_its_place() {
    for (text, want) in [
        ("engine: script\nin^", "Open  <in>"),
        (
            "engine: script\ninputs:\n  wo^\nenv: {}\n",
            "Open inputs <wo>",
        ),
        ("engine: script\ninputs:\n  ^\nenv: {}\n", "Open inputs <>"),
        ("inputs:\n  a: 1\n^", "Open  <>"),
        ("inputs:\n  a: 1\n  ^", "Open inputs <>"),
        (
            "inputs:\n  a: ${{ vpc.outputs.^\n  b: 2\n",
            "Value inputs/a <${{ vpc.outputs.>",
        ),
        (
            "inputs: {a: ${{ vpc.outputs.^\nb: 2\n",
            "Value inputs/a <${{ vpc.outputs.>",
        ),
        (
            "inputs:\n  a: \"${{ vpc.^\n  b: 2\n",
            "Value inputs/a <\"${{ vpc.>",
        ),
        ("inputs:\n  a: 'x\n  b^: 2\n", "Key inputs <b>"),
        ("components:\n  web: {inp^\n", "Open components/web <inp>"),
        ("^", "Open  <>"),
        ("a: [x, {b: ^\n", "Value a/-/b <>"),
    ] {
        assert_eq!(at(text), want, "{text}");
    }
}

#[test]
fn no_text_panics() {
    let text = "a: {b: [\"ü\", 'x''y', ${{ f }}, {c: |\n  - - d: >\n      😀\n \"q\n: :\n-\n!t &a *b\n]}}: [\n'";
    let mut pieces = Vec::new();
    for (from, _) in text.char_indices() {
        for (to, _) in text.char_indices().filter(|(to, _)| *to >= from) {
            pieces.push(&text[from..to]);
        }
    }
    for piece in pieces {
        let outline = Outline::of(piece);
        for at in 0..=piece.len() {
            let place = outline.place(piece, at);
            assert!(place.word.end as usize <= piece.len());
        }
    }
}
