//! What the target of guests that speak HTTP answers, byte for byte, by the path that was asked for.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::site::{KEY, TOKEN};

/// What is no answer.
const NONSENSE: [&str; 8] = [
    "SSH-2.0-OpenSSH_9.9\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
    "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\nx",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffffffff\r\nx",
    "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\ncut off",
    "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    "HTTP/9.9 200 OK\r\nx y: z\r\n\r\n",
];

/// A step of an answer.
pub(super) enum Step {
    /// These bytes.
    Send(Vec<u8>),
    /// These, again and again, until nobody takes them.
    Endless(Vec<u8>),
    /// These, each time that the test says so.
    Drip(Vec<u8>),
    /// Nothing more, and the connection stays.
    Silence,
    /// The connection ends.
    Close,
}

/// The answer to a request, which is here as it came. `treasure` is where nothing may go.
pub(super) fn answer(request: &str, treasure: &str) -> Vec<Step> {
    let mut words = request.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let send = |bytes: String| vec![Step::Send(bytes.into_bytes())];
    match path.strip_prefix("/v1/").unwrap_or(path) {
        "redirect" => send(reply("302 Found", &[("location", treasure)], "")),
        "redirect-with-token" => {
            send(reply("302 Found", &[("location", &format!("/callback?access_token={}#{TOKEN}", percent(TOKEN, true)))], ""))
        }
        "header" => send(reply("200 OK", &telling_headers(), "ok")),
        "pieces" => pieces(),
        "trailer" => send(format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-token\r\n\r\n2\r\nok\r\n0\r\nx-token: {TOKEN}\r\n\r\n"
        )),
        "error" => send(reply("403 Forbidden", &[("x-request", TOKEN)], &format!("the token {TOKEN} may not do this"))),
        "endless" => vec![Step::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()), Step::Endless(vec![b'x'; 64 * 1024])],
        "headers" => {
            let many: Vec<(String, &str)> = (0..500).map(|n| (format!("x-{n}"), "1")).collect();
            let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            send(reply("200 OK", &many, "ok"))
        }
        "bomb" => send(reply("200 OK", &[("content-encoding", "gzip")], "\u{1f}not that anybody would unpack it")),
        "packed" => send("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n".to_owned()),
        "head" => vec![Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()), Step::Endless(b"x-more: and more\r\n".repeat(100))],
        "hints" => vec![Step::Drip(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".to_vec())],
        "stall" => vec![Step::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbeginning".to_vec()), Step::Silence],
        "drip" => vec![Step::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()), Step::Drip(b"x".to_vec())],
        "silent" => vec![Step::Silence],
        "long" => send(reply("200 OK", &[], &"x".repeat(200_000))),
        "close" => vec![Step::Send(reply("200 OK", &[("connection", "close")], "ok").into_bytes()), Step::Close],
        "/keys" if request.contains("x-size: huge\r\n") => {
            send(reply("201 Created", &[], &format!(r#"{{"key":{{"id":"k1","secret":"{}"}}}}"#, "k".repeat(1 << 20))))
        }
        "/keys" if method == "POST" => {
            send(reply("201 Created", &[("x-key", KEY)], &format!(r#"{{"key":{{"id":"k1","secret":"{KEY}"}},"again":"{KEY}"}}"#)))
        }
        "/keys" => send(reply("200 OK", &[("x-key", KEY)], &format!("[{KEY}, {}]", STANDARD.encode(KEY)))),
        other if other.starts_with("nonsense-") => {
            let one = NONSENSE[other.trim_start_matches("nonsense-").parse::<usize>().unwrap()];
            vec![Step::Send(one.as_bytes().to_vec()), Step::Close]
        }
        other => match other.strip_prefix("in-") {
            Some(spelling) => vec![Step::Send([reply_head(spelled(spelling).len()).into_bytes(), spelled(spelling)].concat())],
            None => send(reply("200 OK", &[], request)),
        },
    }
}

fn reply(status: &str, headers: &[(&str, &str)], body: &str) -> String {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

fn reply_head(length: usize) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n")
}

/// Headers that repeat the token: in values, in a name, and where credentials and sessions usually stand.
fn telling_headers() -> Vec<(&'static str, &'static str)> {
    let kept = |text: String| -> &'static str { text.leak() };
    vec![
        ("x-token", TOKEN),
        ("x-basic", kept(STANDARD.encode(format!("broker:{TOKEN}")))),
        (kept(format!("x-{}", percent(TOKEN, false))), "1"),
        ("set-cookie", kept(format!("session={}", percent(TOKEN, true)))),
        ("www-authenticate", kept(format!("Bearer realm={TOKEN}"))),
        ("authorization", kept(format!("Bearer {TOKEN}"))),
        ("x-bytes", kept(TOKEN.bytes().map(|b| format!("{b:02X}")).collect())),
    ]
}

/// The token, one byte a piece.
fn pieces() -> Vec<Step> {
    let mut steps = vec![Step::Send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec())];
    let text = format!("before {TOKEN} after, and {TOKEN}");
    steps.extend(text.chars().map(|c| Step::Send(format!("1\r\n{c}\r\n").into_bytes())));
    steps.push(Step::Send(b"0\r\n\r\n".to_vec()));
    steps
}

/// The token in this spelling.
fn spelled(spelling: &str) -> Vec<u8> {
    let unicode = |upper: bool| -> String {
        let escape = |c: char| if upper { format!("\\u{:04X}", u32::from(c)) } else { format!("\\u{:04x}", u32::from(c)) };
        TOKEN.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { escape(c) }).collect()
    };
    let text = match spelling {
        "json" => serde_json::to_string(TOKEN).unwrap(),
        "json-slash" => serde_json::to_string(TOKEN).unwrap().replace('/', "\\/"),
        "json-unicode" => unicode(false),
        "json-unicode-upper" => unicode(true),
        "html" => TOKEN.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"),
        "percent" => percent(TOKEN, true),
        "percent-lower" => percent(TOKEN, false),
        "form" => url::form_urlencoded::byte_serialize(TOKEN.as_bytes()).collect(),
        "base64" => STANDARD.encode(TOKEN),
        "base64-url" => URL_SAFE_NO_PAD.encode(TOKEN),
        "base64-basic" => STANDARD.encode(format!("u:{TOKEN}")),
        "base64-line" => STANDARD.encode(format!("Authorization: Bearer {TOKEN}\r\nHost: x\r\n")),
        "hex" => TOKEN.bytes().map(|b| format!("{b:02x}")).collect(),
        "hex-upper" => TOKEN.bytes().map(|b| format!("{b:02X}")).collect(),
        "utf-16" => return TOKEN.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        other => panic!("no spelling {other}"),
    };
    text.into_bytes()
}

fn percent(text: &str, upper: bool) -> String {
    let escape = |c: char| if upper { format!("%{:02X}", u32::from(c)) } else { format!("%{:02x}", u32::from(c)) };
    text.chars().map(|c| if c.is_ascii_alphanumeric() || "-._~".contains(c) { c.to_string() } else { escape(c) }).collect()
}
