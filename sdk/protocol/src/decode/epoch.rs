//! Epochs, which clients of old also send as text.

use serde_json::value::RawValue;

use super::refusal::BadRequest;
use super::text::string;
use crate::MAX_SAFE_INTEGER;

/// An integer from 0 up to, but not including, 2^53, as a number or as its decimal text; `null`
/// counts as left out. A number may be spelt in any way JSON allows (`5`, `5.0`, `5e0`).
pub(super) fn epoch(value: Option<&RawValue>, field: &str) -> Result<Option<u64>, BadRequest> {
    let Some(value) = value.filter(|value| value.get() != "null") else {
        return Ok(None);
    };
    let json = value.get();
    let number = match json.as_bytes().first() {
        Some(b'"') => digits(&string(value, field)?),
        Some(b'-' | b'0'..=b'9') => digits(json).or_else(|| integral(json)),
        _ => None,
    };
    match number.filter(|number| *number <= MAX_SAFE_INTEGER) {
        Some(number) => Ok(Some(number)),
        None => {
            let problem = "must be an integer from 0 to 9007199254740991";
            Err(BadRequest::new(field, problem))
        }
    }
}

/// Decimal digits and nothing else: the parser alone would also take a sign.
fn digits(text: &str) -> Option<u64> {
    let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| all_digits)
}

/// A number with a fraction or an exponent, as JavaScript reads it, if that is an integer. Floats
/// are exact in the range that counts.
fn integral(json: &str) -> Option<u64> {
    let number: f64 = json.parse().ok()?;
    let in_range = (0.0..=MAX_SAFE_INTEGER as f64).contains(&number);
    (in_range && number.fract() == 0.0).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_however_they_are_spelt() {
        for (json, number) in [
            ("0", 0),
            ("-0", 0),
            ("5", 5),
            ("5.0", 5),
            ("50e-1", 5),
            ("\"5\"", 5),
            ("\"005\"", 5),
            ("\"\\u0035\"", 5),
            ("9007199254740991", MAX_SAFE_INTEGER),
            ("\"9007199254740991\"", MAX_SAFE_INTEGER),
        ] {
            assert_eq!(read(json), Ok(Some(number)), "{json}");
        }
        assert_eq!(read("null"), Ok(None));
    }

    #[test]
    fn everything_else_is_refused() {
        for json in [
            "-1",
            "0.5",
            "9007199254740992",
            "9007199254740991.5",
            "18446744073709551616",
            "1e400",
            "true",
            "[]",
            "{}",
            "\"\"",
            "\"+5\"",
            "\"-5\"",
            "\" 5\"",
            "\"5.0\"",
            "\"0x5\"",
            "\"٥\"",
            "\"\\ud800\"",
            "\"9007199254740992\"",
        ] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    fn read(json: &str) -> Result<Option<u64>, BadRequest> {
        let value: &RawValue = serde_json::from_str(json).unwrap();
        epoch(Some(value), "epoch")
    }
}
