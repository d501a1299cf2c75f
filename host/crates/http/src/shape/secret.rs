//! Secrets on the wire: the only two places where one becomes or leaves JSON.

use std::borrow::Cow;
use std::fmt;

use hallpass_domain::secret::SecretText;
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// A secret that comes in. What does not fit is refused without being repeated.
pub struct SecretInput(pub SecretText);

/// A secret that goes out, once, to whoever it is for.
pub struct SecretOutput(pub SecretText);

impl<'de> Deserialize<'de> for SecretInput {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_string(Text).map(Self)
    }
}

impl<'de> Deserialize<'de> for SecretOutput {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_string(Text).map(Self)
    }
}

impl Serialize for SecretOutput {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.0.expose())
    }
}

/// For clients that send one.
impl Serialize for SecretInput {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.0.expose())
    }
}

/// Reads text. The defaults of a visitor would put a value of another type into the error.
struct Text;

impl Text {
    fn other<E: Error>(self) -> E {
        E::invalid_type(Unexpected::Other("something else"), &self)
    }
}

impl Visitor<'_> for Text {
    type Value = SecretText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SecretText, E> {
        Ok(SecretText::new(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<SecretText, E> {
        Ok(SecretText::new(text))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<SecretText, E> {
        Err(self.other())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<SecretText, E> {
        Err(self.other())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<SecretText, E> {
        Err(self.other())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<SecretText, E> {
        Err(self.other())
    }
}

fn schema(write_only: bool) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)));
    if write_only { text.write_only(true) } else { text.read_only(true) }.into()
}

impl PartialSchema for SecretInput {
    fn schema() -> RefOr<Schema> {
        schema(true)
    }
}

impl PartialSchema for SecretOutput {
    fn schema() -> RefOr<Schema> {
        schema(false)
    }
}

impl ToSchema for SecretInput {
    fn name() -> Cow<'static, str> {
        "SecretInput".into()
    }
}

impl ToSchema for SecretOutput {
    fn name() -> Cow<'static, str> {
        "SecretOutput".into()
    }
}
