//! What a browser may do with the page: run its own script and apply its own style, both known by their digests, and load
//! what that script loads. Nothing else, whatever a reply holds.

/// The content security policy of a page with one style and, perhaps, one script.
pub(super) fn policy(style: &str, script: Option<&str>) -> String {
    let style = format!("style-src 'sha256-{}'", base64(&sha256(style)));
    let script = script.map(|script| {
        format!(
            "; script-src 'sha256-{}' 'strict-dynamic'; require-trusted-types-for 'script'; trusted-types acb",
            base64(&sha256(script))
        )
    });
    format!("default-src 'none'; {style}{}; base-uri 'none'; form-action 'none'", script.unwrap_or_default())
}

/// SHA-256, 32 bytes.
fn sha256(text: &str) -> Vec<u8> {
    let hex = record::digest(text.as_bytes());
    hex.as_bytes().chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | value(*digit))).collect()
}

/// The value of a hexadecimal digit.
fn value(digit: u8) -> u8 {
    char::from(digit).to_digit(16).unwrap_or_default() as u8
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or_default()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place > three.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_written_as_browsers_read_them() {
        assert_eq!(base64(b"foobar"), "Zm9vYmFy");
        assert_eq!((base64(b"f"), base64(b"fo"), base64(b"")), ("Zg==".into(), "Zm8=".into(), String::new()));
        assert_eq!(base64(&sha256("")), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn a_page_without_script_allows_none() {
        assert!(!policy("a{}", None).contains("script-src"));
        assert!(policy("a{}", Some("1")).contains("'strict-dynamic'"));
    }
}
