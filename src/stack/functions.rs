//! The functions of expressions: those of the language, and ours.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cel::extractors::Arguments;
use cel::{Context, Env, ExecutionError, FunctionContext, Value, extensions};
use ipnet::IpNet;

use super::evaluate::to_json;
use crate::kind::bundle;

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    for extension in [extensions::strings, extensions::lists, extensions::math] {
        // Only a name that is there twice could be refused.
        let _ = env.add_extension(extension);
    }
    Arc::new(env)
});

/// The language with the extensions that we take.
pub fn environment() -> &'static Arc<Env> {
    &ENVIRONMENT
}

/// The variables by which functions know where they are called.
pub const REGION: &str = "@region";
/// The folder of the stack file.
pub const FOLDER: &str = "@folder";

/// Our own functions.
pub const OURS: [&str; 8] =
    ["cidr.subnet", "cidr.host", "file", "zip", "json", "base64", "zones", "env"];

const GLOBAL: [&str; 31] = [
    "bool",
    "bytes",
    "double",
    "duration",
    "dyn",
    "has",
    "int",
    "matches",
    "size",
    "string",
    "timestamp",
    "type",
    "uint",
    "math.greatest",
    "math.least",
    "math.abs",
    "math.ceil",
    "math.floor",
    "math.round",
    "math.trunc",
    "math.sign",
    "math.sqrt",
    "math.isNaN",
    "math.isInf",
    "math.isFinite",
    "math.bitAnd",
    "math.bitOr",
    "math.bitXor",
    "math.bitNot",
    "strings.quote",
    "lists.range",
];

const METHODS: [&str; 48] = [
    "all",
    "exists",
    "existsOne",
    "exists_one",
    "filter",
    "map",
    "contains",
    "endsWith",
    "startsWith",
    "matches",
    "size",
    "charAt",
    "format",
    "indexOf",
    "join",
    "lastIndexOf",
    "lowerAscii",
    "quote",
    "replace",
    "reverse",
    "split",
    "substring",
    "trim",
    "upperAscii",
    "distinct",
    "first",
    "flatten",
    "last",
    "range",
    "slice",
    "sort",
    "sortBy",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "greatest",
    "least",
    "abs",
    "ceil",
    "floor",
    "round",
];

/// All functions, as they are called.
pub fn names() -> impl Iterator<Item = &'static str> {
    OURS.into_iter().chain(GLOBAL).chain(METHODS)
}

/// Whether there is such a function.
pub fn is_known(name: &str) -> bool {
    OURS.contains(&name) || GLOBAL.contains(&name) || METHODS.contains(&name)
}

/// Whether values have such a function.
pub fn is_method(name: &str) -> bool {
    METHODS.contains(&name)
}

/// Whether a name holds functions rather than a value.
pub fn is_namespace(name: &str) -> bool {
    matches!(name, "cidr" | "math" | "strings" | "lists")
}

/// Whether a name is a type of the language: `type(x) == string`.
pub fn is_type(name: &str) -> bool {
    ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"]
        .contains(&name)
}

type Answer = Result<Value, ExecutionError>;

fn fail<T>(function: &str, message: impl ToString) -> Result<T, ExecutionError> {
    Err(ExecutionError::function_error(function, message))
}

/// What all contexts have: our functions.
static FUNCTIONS: LazyLock<Context<'static, 'static>> = LazyLock::new(|| {
    let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
    // Only a name of the language itself could be refused.
    let _ = context.add_function("cidr.subnet", cidr_subnet);
    let _ = context.add_function("cidr.host", cidr_host);
    let _ = context.add_function("file", file);
    let _ = context.add_function("zip", zip);
    let _ = context.add_function("json", json);
    let _ = context.add_function("base64", base64);
    let _ = context.add_function("zones", zones);
    let _ = context.add_function("env", env);
    context
});

/// A context with our functions, called in a region, with files of a folder.
pub fn context(region: &str, folder: &str) -> Context<'static, 'static> {
    let mut context = FUNCTIONS.new_inner_scope();
    context.add_variable_from_value(REGION, region.to_owned());
    context.add_variable_from_value(FOLDER, folder.to_owned());
    context
}

fn variable(ftx: &FunctionContext, name: &str) -> String {
    match ftx.ptx.get_variable(name).map(|value| Value::try_from(value.as_ref())) {
        Some(Ok(Value::String(text))) => text.to_string(),
        _ => String::new(),
    }
}

fn net(function: &str, text: &str) -> Result<IpNet, ExecutionError> {
    text.parse()
        .or_else(|_| fail(function, format!("`{text}` is not a CIDR range such as `10.0.0.0/16`")))
}

/// The `index`-th range with `bits` more bits of prefix.
fn cidr_subnet(range: Arc<String>, bits: i64, index: i64) -> Answer {
    const NAME: &str = "cidr.subnet";
    let net = net(NAME, &range)?;
    let Some(prefix) = u8::try_from(bits)
        .ok()
        .and_then(|bits| net.prefix_len().checked_add(bits))
        .filter(|prefix| *prefix <= net.max_prefix_len())
    else {
        return fail(NAME, format!("`{range}` has no room for {bits} more bits of prefix"));
    };
    let (total, first) = match net.network() {
        IpAddr::V4(address) => (32, u128::from(u32::from(address))),
        IpAddr::V6(address) => (128, u128::from(address)),
    };
    // A range has 2^bits parts, each of 2^(total - prefix) addresses.
    let parts = 1_u128.checked_shl(u32::from(prefix - net.prefix_len())).unwrap_or(u128::MAX);
    let size = total - u32::from(prefix);
    let start = u128::try_from(index)
        .ok()
        .filter(|index| *index < parts)
        .and_then(|index| first.checked_add(index.checked_shl(size).unwrap_or(0)));
    let found = start.and_then(|start| match net {
        IpNet::V4(_) => u32::try_from(start).ok().map(|start| Ipv4Addr::from(start).to_string()),
        IpNet::V6(_) => Some(Ipv6Addr::from(start).to_string()),
    });
    let found = found.map(|start| format!("{start}/{prefix}"));
    found.map_or_else(
        || fail(NAME, format!("`{range}` split by {bits} bits has no part {index}")),
        |found| Ok(found.into()),
    )
}

/// The `index`-th address of a range.
fn cidr_host(range: Arc<String>, index: i64) -> Answer {
    const NAME: &str = "cidr.host";
    let net = net(NAME, &range)?;
    let found = match (net, u32::try_from(index)) {
        (IpNet::V4(net), Ok(index)) => u32::from(net.network())
            .checked_add(index)
            .map(Ipv4Addr::from)
            .filter(|address| net.contains(address))
            .map(|address| address.to_string()),
        (IpNet::V6(net), Ok(index)) => u128::from(net.network())
            .checked_add(u128::from(index))
            .map(Ipv6Addr::from)
            .filter(|address| net.contains(address))
            .map(|address| address.to_string()),
        (_, Err(_)) => None,
    };
    found.map_or_else(
        || fail(NAME, format!("`{range}` has no address {index}")),
        |found| Ok(found.into()),
    )
}

/// What is at a path beside or below the stack file.
fn inside(ftx: &FunctionContext, name: &str, path: &str) -> Result<PathBuf, ExecutionError> {
    let folder = variable(ftx, FOLDER);
    let folder = if folder.is_empty() { "." } else { &folder };
    let cannot = |error: std::io::Error| format!("`{path}` cannot be read: {error}");
    let base = Path::new(folder).canonicalize().map_err(cannot);
    let plain = Path::new(folder).join(path);
    // A link in the folder is somebody's wish; only what the path itself says may not lead out.
    let stays = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    match (base, plain.canonicalize().map_err(cannot)) {
        (Ok(base), Ok(full)) if stays || full.starts_with(&base) => Ok(plain),
        (Ok(_), Ok(_)) => fail(name, format!("`{path}` is outside the folder of the stack file")),
        (Err(message), _) | (_, Err(message)) => fail(name, message),
    }
}

/// The text of a file beside or below the stack file.
fn file(ftx: &FunctionContext, path: Arc<String>) -> Answer {
    const NAME: &str = "file";
    match std::fs::read_to_string(inside(ftx, NAME, &path)?) {
        Ok(text) => Ok(text.into()),
        Err(error) => fail(NAME, format!("`{path}` cannot be read: {error}")),
    }
}

/// A folder beside or below the stack file as code for a function: where it is, and the hash of the
/// zip file that is made of it.
fn zip(ftx: &FunctionContext, path: Arc<String>) -> Answer {
    const NAME: &str = "zip";
    let folder = inside(ftx, NAME, &path)?;
    match bundle::zip(&folder) {
        Ok(file) => {
            let facts = [("folder", folder.display().to_string()), ("sha256", bundle::hash(&file))];
            Ok(HashMap::from(facts).into())
        }
        Err(error) => fail(NAME, format!("`{path}` cannot be zipped: {error}")),
    }
}

fn json(value: Value) -> Answer {
    match to_json(&value) {
        Ok(value) => Ok(value.to_string().into()),
        Err(message) => fail("json", message),
    }
}

fn base64(text: Arc<String>) -> Answer {
    Ok(STANDARD.encode(text.as_bytes()).into())
}

/// The names of the region's first zones.
fn zones(ftx: &FunctionContext, count: i64) -> Answer {
    let region = variable(ftx, REGION);
    let letters = ["a", "b", "c", "d", "e", "f"];
    match usize::try_from(count) {
        Ok(count) if count <= letters.len() => {
            let names = letters[..count].iter().map(|letter| format!("{region}{letter}"));
            Ok(Value::List(Arc::new(names.map(Value::from).collect())))
        }
        _ => fail("zones", format!("no region has {count} zones")),
    }
}

/// An environment variable of the process, or what to take when it is not set.
fn env(Arguments(arguments): Arguments) -> Answer {
    const NAME: &str = "env";
    match arguments.as_slice() {
        [Value::String(name)] => match std::env::var(name.as_str()) {
            Ok(text) => Ok(text.into()),
            Err(_) => fail(
                NAME,
                format!(
                    "the environment variable `{name}` is not set; \
                     `env(\"{name}\", \"…\")` gives a default"
                ),
            ),
        },
        [Value::String(name), default] => {
            Ok(std::env::var(name.as_str()).map_or_else(|_| default.clone(), Value::from))
        }
        _ => fail(NAME, "takes a name, and a default if you like"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(answer: Answer) -> Option<String> {
        match answer {
            Ok(Value::String(text)) => Some(text.to_string()),
            _ => None,
        }
    }

    #[test]
    fn ranges_are_split() {
        let split =
            |range: &str, bits, index| text(cidr_subnet(Arc::new(range.to_owned()), bits, index));
        assert_eq!(split("10.0.0.0/16", 8, 0).as_deref(), Some("10.0.0.0/24"));
        assert_eq!(split("10.0.0.0/16", 8, 255).as_deref(), Some("10.0.255.0/24"));
        assert_eq!(split("10.0.0.0/16", 8, 256), None);
        assert_eq!(split("10.0.0.0/16", 17, 0), None);
        assert_eq!(split("10.0.0.0/16", 8, -1), None);
        assert_eq!(split("10.0.0.0/16", 0, 0).as_deref(), Some("10.0.0.0/16"));
        assert_eq!(split("2001:db8::/56", 8, 2).as_deref(), Some("2001:db8:0:2::/64"));
        assert_eq!(split("::/0", 128, 5).as_deref(), Some("::5/128"));
    }

    #[test]
    fn hosts_are_counted() {
        let host = |range: &str, index| text(cidr_host(Arc::new(range.to_owned()), index));
        assert_eq!(host("10.0.1.0/24", 5).as_deref(), Some("10.0.1.5"));
        assert_eq!(host("10.0.1.0/24", 256), None);
    }
}
