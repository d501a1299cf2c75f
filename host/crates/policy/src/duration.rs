//! Lengths of time as policies write them: a whole number and one unit, `90s`, `30m`, `1h`, `7d`.

use hallpass_domain::clock::Millis;

/// What a length of time must be, for error texts.
pub(crate) const EXPECTED: &str = "a whole number above zero and one unit of s, m, h, d, at most 3650d: \"30m\"";

const UNITS: [(&str, Millis); 4] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
const MOST: Millis = 3_650 * 86_400_000;

/// The milliseconds of `text`; `None` where it is not as [`EXPECTED`] says.
pub(crate) fn parse(text: &str) -> Option<Millis> {
    let (suffix, unit) = UNITS.iter().find(|(suffix, _)| text.ends_with(suffix))?;
    let number = text.strip_suffix(suffix)?;
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    number.parse::<Millis>().ok()?.checked_mul(*unit).filter(|ms| (1..=MOST).contains(ms))
}

/// The shortest text that [`parse`] reads back; milliseconds where it takes them.
pub(crate) fn show(ms: Millis) -> String {
    UNITS
        .iter()
        .find(|(_, unit)| ms >= *unit && ms.is_multiple_of(*unit))
        .map_or_else(|| format!("{ms}ms"), |(suffix, unit)| format!("{}{suffix}", ms / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_and_one_unit_or_nothing() {
        for (text, ms) in [("1s", 1_000), ("30m", 1_800_000), ("1h", 3_600_000), ("7d", 604_800_000), ("3650d", MOST)] {
            assert_eq!(parse(text), Some(ms), "{text}");
            assert_eq!(show(ms), text);
        }
        for bad in
            ["", "0m", "m", "30", "1h30m", "-1m", "+1m", "1.5h", " 1m", "1 m", "1M", "PT30M", "3651d", "99999999999999999999d", "１m"]
        {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
        assert_eq!(show(90_000), "90s");
        assert_eq!(show(1_500), "1500ms");
    }
}
