//! The table of calls to AWS.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;

use super::Report;

impl Report {
    /// How often each operation was called, retries included: to the standard error, since it is
    /// about the command and not its result.
    pub fn calls(&self, table: &BTreeMap<(String, String), u64>) {
        let total: u64 = table.values().sum();
        if self.is_json() {
            let calls: Vec<_> = table
                .iter()
                .map(|((service, operation), count)| {
                    json!({ "service": service, "operation": operation, "calls": count })
                })
                .collect();
            self.note(&json!({ "stats": { "calls": calls, "total": total } }).to_string());
            return;
        }
        let width = table.keys().map(|(service, _)| service.len()).max().unwrap_or_default();
        let mut text = String::from("Calls to AWS:\n");
        for ((service, operation), count) in table {
            let _ = writeln!(text, "  {count:>4}  {service:width$}  {operation}");
        }
        let _ = write!(text, "  {total:>4}  in all");
        self.note(&text);
    }
}
