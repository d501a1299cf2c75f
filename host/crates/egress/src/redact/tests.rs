//! What `redact` must do.

use super::*;

fn needles() -> Needles {
    let needles = Needles::default();
    needles.add("hush-hush-42");
    needles.add("hush-hush-42-and-more");
    needles.add("a \"b\"/c");
    needles
}

#[test]
fn a_secret_is_found_in_every_form_it_comes_back_in() {
    let needles = needles();
    for form in [
        "hush-hush-42".to_owned(),
        STANDARD.encode("hush-hush-42"),
        hex::encode("hush-hush-42"),
        hex::encode("hush-hush-42").to_uppercase(),
        "a \"b\"/c".to_owned(),
        r#"a \"b\"/c"#.to_owned(),
        "a%20%22b%22%2Fc".to_owned(),
        "a+%22b%22%2Fc".to_owned(),
    ] {
        assert_eq!(needles.redact_text(&format!("x{form}y")), "x(secret)y", "{form}");
    }
    assert_eq!(needles.redact_text("hush-hush-42-and-more"), "(secret)", "the longest one wins");
    assert_eq!(needles.redact_text("hush-hush-4"), "hush-hush-4");
}

#[test]
fn a_secret_is_found_inside_of_a_longer_base64() {
    let needles = needles();
    for before in ["", "u", "u:", "Bearer ", "Authorization: "] {
        for after in ["", "\n", "\r\n", ", more"] {
            let coded = STANDARD.encode(format!("{before}hush-hush-42{after}"));
            let clean = needles.redact_text(&coded);
            assert!(clean.contains("(secret)") && clean.len() <= coded.len() - 6, "{before:?} {after:?}: {clean}");
        }
    }
}

#[test]
fn a_name_of_a_header_can_hold_a_secret() {
    let needles = Needles::default();
    needles.add("Hush-Hush/42");
    for name in ["x-hush-hush%2f42", "hush-hush%2F42-x"] {
        assert!(needles.are_in_lower_case(name), "{name}");
    }
    assert!(!needles.are_in_lower_case("x-hush-hush-43"));
}

#[test]
fn a_secret_in_pieces_is_found_and_nothing_else_is_lost() {
    let text = "before hush-hush-hush-hush-42 hush-hush-42-and-mor after";
    let wanted = "before hush-hush-(secret) (secret)-and-mor after";
    for size in 1..text.len() {
        let mut redactor = needles().redactor();
        let mut out: Vec<u8> = text.as_bytes().chunks(size).flat_map(|piece| redactor.push(piece).unwrap()).collect();
        out.extend(redactor.finish().unwrap());
        assert_eq!(String::from_utf8(out).unwrap(), wanted, "pieces of {size}");
    }
}

#[test]
fn an_escaped_secret_in_pieces_is_found_too() {
    let text = r#"1 a%20\"b&quot;\/c & a\u0020"b"/"#;
    for size in 1..text.len() {
        let mut redactor = needles().redactor();
        let mut out: Vec<u8> = text.as_bytes().chunks(size).flat_map(|piece| redactor.push(piece).unwrap()).collect();
        out.extend(redactor.finish().unwrap());
        assert_eq!(String::from_utf8(out).unwrap(), r#"1 (secret) & a\u0020"b"/"#, "pieces of {size}");
    }
}

#[test]
fn what_is_too_short_is_not_looked_for() {
    let needles = Needles::default();
    needles.add("abc");
    needles.add("");
    assert_eq!(needles.redact_text("abc"), "abc");
}

#[test]
fn nearly_a_secret_over_and_over_is_withheld() {
    let needles = Needles { left: Arc::new(AtomicU64::new(1_000_000)), ..Needles::default() };
    let secret = format!("{}x", "a".repeat(8 * 1024));
    needles.add(&secret);
    let text = "a".repeat(64 * 1024);
    let refused = needles.redactor().whole(text.as_bytes()).unwrap_err();
    assert!(matches!(&refused, Refusal::Withheld(why) if why.contains("takes too long")), "{refused}");
    assert!(needles.redactor().whole(text.as_bytes()).is_err(), "what is spent is spent for the whole call");
    assert_eq!(needles.redact_text(&secret), "(withheld: it may hold a secret)");
    assert!(needles.are_in_lower_case("aaaaaaaa"), "a name that cannot be searched is not passed on");
    assert_eq!(needles.redact_text("nothing like it"), "nothing like it");
}

#[test]
fn many_secrets_cost_no_more_than_one() {
    let needles = Needles::default();
    for number in 0..300 {
        needles.add(&format!("token-{number:03}-{}", "z".repeat(30)));
    }
    let text = "token-299 \\n &amp; ".repeat(10_000);
    assert_eq!(needles.redact_text(&text), text);
    let spent = MOST_STEPS - needles.left.load(Ordering::Relaxed);
    assert!(spent < 20 * 10_000, "{spent}");
}

#[test]
fn a_usual_answer_of_any_size_is_within_what_may_be_spent() {
    let needles = Needles::default();
    for (number, letter) in ('a'..='p').enumerate() {
        needles.add(&format!("{letter}{letter}{number}-{}", "zyxwv".repeat(90)));
    }
    let line = r#"{"name":"somebody","value":[1,2,3],"url":"https:\/\/x.example\/a%20b","text":"one\ntwo \u00e4 &amp; \"three\""},"#;
    let text = line.repeat(128 * 1024 / line.len());
    assert_eq!(needles.redact_text(&text), text);
    let spent = MOST_STEPS - needles.left.load(Ordering::Relaxed);
    // A call may receive 16 MiB.
    assert!(spent > 0 && spent * 128 < MOST_STEPS, "{spent}");
}
