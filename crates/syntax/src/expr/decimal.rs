//! Decimal numbers without loss: what `f64` can't hold, Terraform can.
//!
//! As in CEL, whole numbers divide to whole numbers (towards zero). With a fraction in one of them, a division has 30
//! digits after the point.
use super::eval::Wrong;
use std::{cmp::Ordering, fmt};

/// The longest number that is computed with, in digits.
const MAX_DIGITS: usize = 1000;
/// Digits after the point of a division that doesn't come out even.
const DIVISION_DIGITS: usize = 30;

/// `digits` × 10^-`scale`, most significant digit first, without leading zeros.
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    scale: usize,
}

impl Decimal {
    /// From `-12.5e3`; `None` when it is no number or far too long.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty()
            || !all_digits(whole)
            || !all_digits(fraction)
            || mantissa.len() > MAX_DIGITS
        {
            return None;
        }
        let mut digits: Vec<u8> = whole
            .bytes()
            .chain(fraction.bytes())
            .map(|b| b - b'0')
            .collect();
        let scale = i64::try_from(fraction.len()).ok()? - i64::from(exponent);
        if scale.unsigned_abs() > MAX_DIGITS as u64 {
            return None;
        }
        if scale < 0 {
            digits.resize(digits.len() + usize::try_from(-scale).ok()?, 0);
        }
        Some(
            Self {
                negative,
                digits,
                scale: usize::try_from(scale).unwrap_or(0),
            }
            .normal(),
        )
    }

    /// Without leading zeros, without zeros at the end of the fraction, without a negative zero.
    fn normal(mut self) -> Self {
        let zeros = self.digits.iter().take_while(|d| **d == 0).count();
        self.digits.drain(..zeros);
        while self.scale > 0 && self.digits.last() == Some(&0) {
            self.digits.pop();
            self.scale -= 1;
        }
        if self.digits.is_empty() {
            self.scale = 0;
            self.negative = false;
        }
        self
    }

    pub(super) fn is_too_long(&self) -> bool {
        self.digits.len() > MAX_DIGITS || self.scale > MAX_DIGITS
    }
    fn is_whole(&self) -> bool {
        self.scale == 0
    }
    fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }
    /// Its digits as if its scale were a greater one.
    fn scaled(&self, scale: usize) -> Vec<u8> {
        let mut digits = self.digits.clone();
        digits.resize(digits.len() + scale - self.scale, 0);
        digits
    }
    fn negated(&self) -> Self {
        Self {
            negative: !self.negative,
            ..self.clone()
        }
        .normal()
    }

    pub(super) fn add(&self, other: &Self) -> Self {
        let scale = self.scale.max(other.scale);
        let (a, b) = (self.scaled(scale), other.scaled(scale));
        let (negative, digits) = if self.negative == other.negative {
            (self.negative, plus(&a, &b))
        } else if compare(&a, &b).is_ge() {
            (self.negative, minus(&a, &b))
        } else {
            (other.negative, minus(&b, &a))
        };
        Self {
            negative,
            digits,
            scale,
        }
        .normal()
    }
    pub(super) fn subtract(&self, other: &Self) -> Self {
        self.add(&other.negated())
    }
    pub(super) fn multiply(&self, other: &Self) -> Self {
        let mut out = vec![0u32; self.digits.len() + other.digits.len()];
        for (i, x) in self.digits.iter().rev().enumerate() {
            for (j, y) in other.digits.iter().rev().enumerate() {
                out[i + j] += u32::from(x * y);
                // carried at once, so that no sum grows
                let carry = out[i + j] / 10;
                out[i + j] %= 10;
                out[i + j + 1] += carry;
            }
        }
        let mut carry = 0;
        let mut digits: Vec<u8> = Vec::with_capacity(out.len());
        for digit in out {
            let sum = digit + carry;
            digits.push((sum % 10) as u8);
            carry = sum / 10;
        }
        digits.reverse();
        Self {
            negative: self.negative != other.negative,
            digits,
            scale: self.scale + other.scale,
        }
        .normal()
    }
    pub(super) fn divide(&self, other: &Self) -> Result<Self, Wrong> {
        if other.is_zero() {
            return Err(Wrong::new("division by zero"));
        }
        let places = if self.is_whole() && other.is_whole() {
            0
        } else {
            DIVISION_DIGITS
        };
        let scale = self.scale.max(other.scale);
        let (mut a, b) = (self.scaled(scale), other.scaled(scale));
        a.resize(a.len() + places, 0);
        let (digits, _) = long_division(&a, &b);
        Ok(Self {
            negative: self.negative != other.negative,
            digits,
            scale: places,
        }
        .normal())
    }
    pub(super) fn remainder(&self, other: &Self) -> Result<Self, Wrong> {
        if other.is_zero() {
            return Err(Wrong::new("division by zero"));
        }
        if !self.is_whole() || !other.is_whole() {
            return Err(Wrong::new("`%` needs whole numbers"));
        }
        let (_, digits) = long_division(&self.digits, &other.digits);
        Ok(Self {
            negative: self.negative,
            digits,
            scale: 0,
        }
        .normal())
    }
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (negative, _) => {
                let scale = self.scale.max(other.scale);
                let order = compare(&self.scaled(scale), &other.scaled(scale));
                if negative { order.reverse() } else { order }
            }
        }
    }
    /// The whole part, towards zero.
    pub(super) fn truncated(&self) -> Self {
        let whole = self.digits.len().saturating_sub(self.scale);
        Self {
            negative: self.negative,
            digits: self.digits[..whole].to_vec(),
            scale: 0,
        }
        .normal()
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text: String = self.digits.iter().map(|d| char::from(b'0' + d)).collect();
        while text.len() <= self.scale {
            text.insert(0, '0');
        }
        if self.scale > 0 {
            text.insert(text.len() - self.scale, '.');
        }
        write!(f, "{}{text}", if self.negative { "-" } else { "" })
    }
}

fn trimmed(digits: &[u8]) -> &[u8] {
    &digits[digits.iter().take_while(|d| **d == 0).count()..]
}
fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (trimmed(a), trimmed(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}
fn plus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(a.len().max(b.len()) + 1);
    let mut carry = 0;
    let digit = |n: &[u8], i: usize| n.len().checked_sub(i + 1).map_or(0, |at| n[at]);
    for i in 0..=a.len().max(b.len()) {
        let sum = digit(a, i) + digit(b, i) + carry;
        out.push(sum % 10);
        carry = sum / 10;
    }
    out.reverse();
    out
}
/// `a - b`, where `a` is not the smaller one.
fn minus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(a.len());
    let mut borrow = 0;
    for i in 0..a.len() {
        let x = a[a.len() - i - 1];
        let y = b.len().checked_sub(i + 1).map_or(0, |at| b[at]) + borrow;
        borrow = u8::from(x < y);
        out.push(x + 10 * borrow - y);
    }
    out.reverse();
    out
}
/// Quotient and remainder of whole numbers.
fn long_division(a: &[u8], b: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut quotient = Vec::with_capacity(a.len());
    let mut rest: Vec<u8> = Vec::new();
    for digit in a {
        rest.push(*digit);
        let mut times = 0;
        while compare(&rest, b).is_ge() {
            rest = trimmed(&minus(&rest, b)).to_vec();
            times += 1;
        }
        quotient.push(times);
    }
    (quotient, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compute(a: &str, op: char, b: &str) -> String {
        let (a, b) = (Decimal::parse(a).unwrap(), Decimal::parse(b).unwrap());
        match op {
            '+' => a.add(&b),
            '-' => a.subtract(&b),
            '*' => a.multiply(&b),
            '/' => a.divide(&b).unwrap(),
            _ => a.remainder(&b).unwrap(),
        }
        .to_string()
    }

    #[test]
    fn nothing_is_lost() {
        for (a, op, b, result) in [
            (
                "123456789012345678901234567890",
                '+',
                "1",
                "123456789012345678901234567891",
            ),
            ("0.1", '+', "0.2", "0.3"),
            ("1", '-', "1.5", "-0.5"),
            ("-5", '+', "5", "0"),
            (
                "99999999999999999999",
                '*',
                "99999999999999999999",
                "9999999999999999999800000000000000000001",
            ),
            ("-1.5", '*', "2", "-3"),
            ("7", '/', "2", "3"),
            ("-7", '/', "2", "-3"),
            ("7.0", '/', "2", "3"),
            ("7.5", '/', "2", "3.75"),
            ("1", '/', "0.3", "3.333333333333333333333333333333"),
            ("-7", '%', "3", "-1"),
            ("1e3", '+', "1E-2", "1000.01"),
            ("100", '%', "7", "2"),
        ] {
            assert_eq!(compute(a, op, b), result, "{a} {op} {b}");
        }
    }

    #[test]
    fn small_numbers_agree_with_the_machine() {
        for a in -25i64..25 {
            for b in -25i64..25 {
                let (x, y) = (a.to_string(), b.to_string());
                assert_eq!(compute(&x, '+', &y), (a + b).to_string());
                assert_eq!(compute(&x, '-', &y), (a - b).to_string());
                assert_eq!(compute(&x, '*', &y), (a * b).to_string());
                if b != 0 {
                    assert_eq!(compute(&x, '/', &y), (a / b).to_string());
                    assert_eq!(compute(&x, '%', &y), (a % b).to_string());
                }
                let order = Decimal::parse(&x)
                    .unwrap()
                    .compare(&Decimal::parse(&y).unwrap());
                assert_eq!(order, a.cmp(&b));
            }
        }
    }

    #[test]
    fn far_too_long_numbers_are_refused() {
        assert!(Decimal::parse("1e999999999").is_none());
        assert!(Decimal::parse("1e-999999999").is_none());
        assert!(Decimal::parse(&"9".repeat(2000)).is_none());
    }
}
