//! Defaults of fields: `#[serde(default = "default::yes")]`.

/// On, unless the file says otherwise.
pub fn yes() -> bool {
    true
}

/// A number: `default::int::<30>`.
pub fn int<const N: i32>() -> i32 {
    N
}
