//! Generations of a name. A successor cannot have the name of what it replaces while that is still
//! there, so each generation of a default name is another: `shop-dev-web`, `shop-dev-web-r2`, …

/// Which generation of a default name a name is; the first is the name itself. `limit` is how long
/// names may be.
pub fn generation(base: &str, name: &str, limit: usize) -> Option<u32> {
    if name == base {
        return Some(1);
    }
    let (_, number) = name.rsplit_once("-r")?;
    let number = number.parse().ok().filter(|&number| number > 1)?;
    (nth(base, number, limit) == name).then_some(number)
}

/// A generation of a default name, cut to the limit.
pub fn nth(base: &str, generation: u32, limit: usize) -> String {
    if generation < 2 {
        return base.to_owned();
    }
    let suffix = format!("-r{generation}");
    if base.len() + suffix.len() <= limit {
        return format!("{base}{suffix}");
    }
    // The end of a name tells it from its neighbours: what has to go goes before it.
    let tail = base.len().saturating_sub(7);
    let tail = (tail..base.len()).find(|&at| base.is_char_boundary(at)).unwrap_or(base.len());
    let mut head = limit.saturating_sub(suffix.len() + base.len() - tail).min(tail);
    while !base.is_char_boundary(head) {
        head -= 1;
    }
    format!("{}{}{suffix}", &base[..head], &base[tail..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_count_up_and_are_recognised() {
        assert_eq!(nth("shop-dev-web", 1, 32), "shop-dev-web");
        assert_eq!(nth("shop-dev-web", 3, 32), "shop-dev-web-r3");
        assert_eq!(generation("shop-dev-web", "shop-dev-web", 32), Some(1));
        assert_eq!(generation("shop-dev-web", "shop-dev-web-r12", 32), Some(12));
        assert_eq!(generation("shop-dev-web", "shop-dev-web-r1", 32), None);
        assert_eq!(generation("shop-dev-web", "shop-dev-web-red", 32), None);
        assert_eq!(generation("shop-dev-web", "other-r2", 32), None);
    }

    #[test]
    fn a_long_name_keeps_its_end_and_fits() {
        let base = "shop-production-service-a-1f00ba";
        let second = nth(base, 2, 32);
        assert_eq!(second, "shop-production-servic-1f00ba-r2");
        assert_eq!((base.len(), second.len()), (32, 32));
        assert_eq!(generation(base, &second, 32), Some(2));
    }
}
