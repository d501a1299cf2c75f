//! Parameters: what an entitlement takes beside its resource. Asked for, approved and held as they were given.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::name::check_foreign;

/// Values by name.
pub type Parameters = BTreeMap<String, String>;

/// The most parameters of one entitlement.
pub const MOST: usize = 16;

/// The longest name of one, in bytes.
const MOST_NAME_BYTES: usize = 64;

/// A parameter as the manifest declares it. A request must carry each one that is declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterFacts {
    /// Its name.
    pub name: String,
    /// What it is, in one line.
    pub title: String,
    /// The values that a request may carry; `None`: any text of at most 255 bytes.
    pub values: Option<Vec<String>>,
}

/// Parameters that an entitlement does not take, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unfit {
    /// What is wrong: a sentence without its capital letter.
    pub reason: String,
    /// What to do: a sentence.
    pub remedy: String,
}

impl ParameterFacts {
    /// Nothing that was sent is repeated: it could be long, or sent by mistake.
    fn check(&self, value: &str) -> Result<(), Unfit> {
        let unfit = |reason: String| Unfit { reason, remedy: format!("Give {} {}.", self.name, self.takes()) };
        check_foreign(&format!("the parameter {}", self.name), value).map_err(|e| unfit(e.to_string()))?;
        match &self.values {
            Some(values) if !values.iter().any(|v| v == value) => {
                Err(unfit(format!("the parameter {} must be {}", self.name, self.takes())))
            }
            _ => Ok(()),
        }
    }

    /// What it takes, in words: `one of read, write`.
    pub fn takes(&self) -> String {
        match &self.values {
            None => "a text of 1 to 255 bytes".to_owned(),
            Some(values) => format!("one of {}", values.iter().map(|v| word(v)).collect::<Vec<_>>().join(", ")),
        }
    }
}

/// How long all parameters of a request may be as [`line`]: they are part of a pass's right, and a verifier refuses a symbol of more than
/// 1,024 bytes.
const MOST_LINE_BYTES: usize = 512;

/// Whether `given` is exactly what `entitlement` takes: each declared parameter, no other, and a value that it may have.
pub fn check(entitlement: &str, declared: &[ParameterFacts], given: &Parameters) -> Result<(), Unfit> {
    let names: Vec<&str> = declared.iter().map(|p| p.name.as_str()).collect();
    if let Some(unknown) = given.keys().find(|name| !names.contains(&name.as_str())) {
        let unknown = if unknown.len() > MOST_NAME_BYTES { "of that name".to_owned() } else { word(unknown) };
        let remedy = if names.is_empty() { "Leave it out: it takes none.".to_owned() } else { format!("It takes: {}.", names.join(", ")) };
        return Err(Unfit { reason: format!("{entitlement} has no parameter {unknown}"), remedy });
    }
    let length = line(given).len();
    if length > MOST_LINE_BYTES {
        let reason =
            format!("the parameters are {length} bytes long when they are written down, and a pass has room for {MOST_LINE_BYTES}");
        return Err(Unfit { reason, remedy: "Give shorter values.".to_owned() });
    }
    declared.iter().try_for_each(|parameter| match given.get(&parameter.name) {
        Some(value) => parameter.check(value),
        None => Err(Unfit {
            reason: format!("{entitlement} needs the parameter {} ({})", parameter.name, parameter.title),
            remedy: format!("Give {} {}.", parameter.name, parameter.takes()),
        }),
    })
}

/// All of them in one line that no others are shown as: `level=read, team="a b"`.
pub fn line(parameters: &Parameters) -> String {
    parameters.iter().map(|(name, value)| format!("{}={}", word(name), word(value))).collect::<Vec<_>>().join(", ")
}

/// A text as one word that no other text is shown as: itself where it is plain, else quoted, with all that cannot be seen escaped.
pub fn word(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._~-:/@%+*".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) { text.to_owned() } else { format!("{text:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, &str)]) -> Parameters {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_a_pass_has_no_room_for_is_not_taken() {
        let parameter = |name: &str| ParameterFacts { name: name.to_owned(), title: name.to_owned(), values: None };
        let (declared, long) = ([parameter("a"), parameter("b"), parameter("c")], "x".repeat(170));
        let unfit = check("read", &declared, &given(&[("a", &long), ("b", &long), ("c", &long)])).unwrap_err();
        assert!(unfit.reason.contains("520 bytes"), "{}", unfit.reason);
        assert!(check("read", &declared, &given(&[("a", &long), ("b", &long), ("c", "x")])).is_ok());
    }

    #[test]
    fn exactly_what_is_declared_is_taken() {
        let parameter = |name: &str, values: Option<&[&str]>| ParameterFacts {
            name: name.to_owned(),
            title: format!("the {name}"),
            values: values.map(|v| v.iter().map(|v| (*v).to_owned()).collect()),
        };
        let declared = [parameter("level", Some(&["read", "write"])), parameter("team", None)];
        let refused = |pairs: &[(&str, &str)]| check("repo.use", &declared, &given(pairs)).unwrap_err();

        assert_eq!(check("repo.use", &declared, &given(&[("level", "read"), ("team", "a b")])), Ok(()));
        assert_eq!(check("repo.use", &[], &given(&[])), Ok(()));
        let unknown = refused(&[("level", "read"), ("team", "a"), ("lvl", "read")]);
        assert_eq!((unknown.reason.as_str(), unknown.remedy.as_str()), ("repo.use has no parameter lvl", "It takes: level, team."));
        assert_eq!(check("repo.use", &[], &given(&[("a", "b")])).unwrap_err().remedy, "Leave it out: it takes none.");
        let missing = refused(&[("team", "a")]);
        assert_eq!(missing.reason, "repo.use needs the parameter level (the level)");
        assert_eq!(missing.remedy, "Give level one of read, write.");
        let other = refused(&[("level", "Read"), ("team", "a")]);
        assert_eq!(
            (other.reason.as_str(), other.remedy.as_str()),
            ("the parameter level must be one of read, write", "Give level one of read, write.")
        );
        for bad in ["", "a\nb", "\u{202e}a", &"a".repeat(256)] {
            assert!(refused(&[("level", "read"), ("team", bad)]).reason.starts_with("the parameter team must"), "{bad:?}");
        }
        let long = refused(&[(&"x".repeat(10_000), "a")]);
        assert_eq!(long.reason, "repo.use has no parameter of that name");
    }

    #[test]
    fn no_value_is_shown_as_another() {
        assert_eq!(line(&given(&[("level", "read"), ("team", "x, level=admin")])), r#"level=read, team="x, level=admin""#);
        assert_eq!(line(&given(&[("team", "read\u{200b}")])), r#"team="read\u{200b}""#);
        assert_eq!(word("\"a\""), r#""\"a\"""#);
    }
}
