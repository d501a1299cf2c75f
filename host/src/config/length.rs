//! Lengths of time as people write them: `20s`, `5m`, `1h`, `1d`.

use std::fmt;
use std::str::FromStr;

use hallpass_domain::Millis;
use serde::Deserialize;

const UNITS: [(&str, Millis); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
/// Ten years: what is longer is a mistake.
const MOST: Millis = 3_650 * 86_400_000;

/// A length of time in milliseconds: a whole number above zero and one of `ms`, `s`, `m`, `h`, `d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Length(pub Millis);

/// Text that is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no length of time: write a whole number and a unit, such as 20s, 5m, 1h or 1d")]
pub struct LengthError(String);

impl FromStr for Length {
    type Err = LengthError;
    fn from_str(text: &str) -> Result<Self, LengthError> {
        let split = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .and_then(|(_, length)| number.parse::<Millis>().ok()?.checked_mul(*length))
            .filter(|ms| (1..=MOST).contains(ms))
            .map(Self)
            .ok_or_else(|| LengthError(text.chars().take(40).collect()))
    }
}

impl TryFrom<String> for Length {
    type Error = LengthError;
    fn try_from(text: String) -> Result<Self, LengthError> {
        text.parse()
    }
}

impl fmt::Display for Length {
    /// The largest unit that divides it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.iter().rev().find(|(_, length)| self.0 >= *length && self.0.is_multiple_of(*length));
        match unit {
            Some((name, length)) => write!(f, "{}{name}", self.0 / length),
            None => write!(f, "{}ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_a_whole_number_and_one_unit() {
        for (text, ms) in [("20s", 20_000), ("5m", 300_000), ("1h", 3_600_000), ("2d", 172_800_000), ("250ms", 250)] {
            assert_eq!(text.parse(), Ok(Length(ms)));
            assert_eq!(Length(ms).to_string(), text);
        }
        for bad in ["", "5", "m", "0m", "-5m", "+5m", "1.5h", "5 m", "5M", "1h30m", "９m", "99999999999999999999d", "3651d", "5µs"] {
            assert!(bad.parse::<Length>().is_err(), "{bad:?}");
        }
        assert_eq!(Length(90_000).to_string(), "90s");
    }
}
