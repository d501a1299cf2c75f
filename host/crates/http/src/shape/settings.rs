//! Objects whose member names are not known beforehand: settings, secrets.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// The longest name of a member, in bytes.
const MOST_BYTES: usize = 128;

/// Reads an object in which each name stands once: of two values for one name, neither is to be believed.
pub(crate) fn once_each<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<BTreeMap<String, T>, D::Error> {
    d.deserialize_map(Members(PhantomData))
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = BTreeMap<String, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut out = BTreeMap::new();
        while let Some(name) = members.next_key::<String>()? {
            if name.len() > MOST_BYTES {
                return Err(Error::custom("a name has more than 128 bytes"));
            }
            if out.insert(name, members.next_value()?).is_some() {
                return Err(Error::custom("a name stands there twice"));
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_once() {
        let read = |text: &str| once_each::<_, String>(&mut serde_json::Deserializer::from_str(text));
        assert_eq!(read(r#"{"a":"1","b":"2"}"#).unwrap().len(), 2);
        assert!(read(r#"{"a":"1","a":"2"}"#).is_err());
        assert!(read(&format!(r#"{{"{}":"1"}}"#, "a".repeat(129))).is_err());
        assert!(read("[]").is_err());
    }
}
