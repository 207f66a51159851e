//! Numbers as one reads them: no more digits than tell them apart.

/// Each number with as many digits as show by how much it differs from the others: five, or two
/// more than they have in common.
pub(super) fn figures<const N: usize>(numbers: [f64; N]) -> [String; N] {
    let differ = |digits: usize| {
        let rounded = numbers.map(|x| format!("{x:.digits$e}"));
        (1..N).all(|at| rounded[at] != rounded[0] || numbers[at] == numbers[0])
    };
    let common = (1..17).find(|&digits| differ(digits)).unwrap_or(17);
    let digits = (common + 2).clamp(4, 17);
    numbers.map(|x| one(x, digits))
}

/// A number with so many digits behind the first.
fn one(x: f64, digits: usize) -> String {
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    let scientific = format!("{x:.digits$e}");
    let exponent = scientific.split_once('e').and_then(|(_, e)| e.parse::<i32>().ok());
    let shorter = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    match exponent {
        Some(exponent @ -4..7) => {
            let digits = i32::try_from(digits).unwrap_or(17) - exponent;
            shorter(&format!("{x:.*}", usize::try_from(digits).unwrap_or(0)))
        }
        _ => match scientific.split_once('e') {
            Some((digits, exponent)) => format!("{}e{exponent}", shorter(digits)),
            None => scientific,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::figures;

    #[test]
    fn digits_show_the_difference_and_no_more() {
        assert_eq!(figures([1.184_635_058_015_710_6]), ["1.1846"]);
        assert_eq!(figures([2.0, -0.5]), ["2", "-0.5"]);
        assert_eq!(figures([1.000_000_1, 1.0]), ["1.0000001", "1"]);
        assert_eq!(figures([1.234_567_891_2, 1.234_567_812_3]), ["1.234567891", "1.234567812"]);
        assert_eq!(figures([1e-9, 6.25e20]), ["1e-9", "6.25e20"]);
        assert_eq!(figures([f64::NAN, 0.0]), ["NaN", "0"]);
        assert_eq!(figures([123_456.789]), ["123457"]);
    }
}
