//! HTTP digest authentication, RFC 7616: `qop=auth` with MD5 or SHA-256, the part of it that Atlas's
//! API keys need.

use std::fmt::Write;

use regex::Regex;

/// What a server says in `WWW-Authenticate: Digest …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// How often the nonce was used.
    count: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    fn hash(self, text: &str) -> String {
        match self {
            Self::Md5 => hex(&<md5::Md5 as md5::Digest>::digest(text)),
            Self::Sha256 => hex(&<sha2::Sha256 as sha2::Digest>::digest(text)),
        }
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Challenge {
    /// Reads the header; `None` for another scheme, or for what this does not do.
    pub fn read(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        let pattern = Regex::new(r#"([A-Za-z-]+)\s*=\s*(?:"([^"]*)"|([^\s,]+))"#).ok()?;
        let value = |wanted: &str| {
            let mut found = pattern.captures_iter(rest);
            let found = found.find(|found| found[1].eq_ignore_ascii_case(wanted))?;
            Some(found.get(2).or_else(|| found.get(3))?.as_str().to_owned())
        };
        let has_auth = value("qop")?.split(',').any(|each| each.trim() == "auth");
        let algorithm = match value("algorithm").map(|name| name.to_ascii_uppercase()).as_deref() {
            None | Some("MD5") => Algorithm::Md5,
            Some("SHA-256") => Algorithm::Sha256,
            Some(_) => return None,
        };
        has_auth.then_some(Self {
            realm: value("realm")?,
            nonce: value("nonce")?,
            opaque: value("opaque"),
            algorithm,
            count: 0,
        })
    }

    /// The `Authorization` header of the next request. `client_nonce` is new for each.
    pub fn answer(
        &mut self,
        user: &str,
        password: &str,
        method: &str,
        uri: &str,
        client_nonce: &str,
    ) -> String {
        self.count += 1;
        let Self { realm, nonce, opaque, algorithm, count } = self;
        let who = algorithm.hash(&format!("{user}:{realm}:{password}"));
        let what = algorithm.hash(&format!("{method}:{uri}"));
        let response =
            algorithm.hash(&format!("{who}:{nonce}:{count:08x}:{client_nonce}:auth:{what}"));
        let opaque = opaque.as_ref().map(|it| format!(", opaque=\"{it}\"")).unwrap_or_default();
        format!(
            "Digest username=\"{user}\", realm=\"{realm}\", uri=\"{uri}\", algorithm={}, \
             nonce=\"{nonce}\", nc={count:08x}, cnonce=\"{client_nonce}\", qop=auth, \
             response=\"{response}\"{opaque}",
            algorithm.name()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7616, section 3.9.1.
    fn example(algorithm: &str) -> String {
        let header = format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        );
        Challenge::read(&header).expect("a challenge").answer(
            "Mufasa",
            "Circle of Life",
            "GET",
            "/dir/index.html",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        )
    }

    #[test]
    fn answers_are_those_of_the_rfc() {
        let md5 = example("MD5");
        assert!(md5.contains("response=\"8ca523f5e9506fed4657c9700eebdbec\""), "{md5}");
        assert!(md5.contains("nc=00000001") && md5.contains("opaque=\"FQhe/"), "{md5}");
        let sha = example("SHA-256");
        let response = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        assert!(sha.contains(response), "{sha}");
    }

    #[test]
    fn a_nonce_counts_and_other_schemes_are_left_alone() {
        let header = r#"Digest realm="MMS Public API", domain="", nonce="a", algorithm=MD5, qop="auth", stale=false"#;
        let mut challenge = Challenge::read(header).expect("a challenge");
        challenge.answer("user", "password", "GET", "/", "c");
        let second = challenge.answer("user", "password", "GET", "/", "d");
        assert!(second.contains("nc=00000002"), "{second}");
        assert_eq!(Challenge::read("Basic realm=\"x\""), None);
        assert_eq!(Challenge::read("Digest realm=\"x\", nonce=\"y\", qop=\"auth-int\""), None);
    }
}
