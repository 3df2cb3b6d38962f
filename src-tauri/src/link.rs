//! Links from outside, `cuetower://run/ID`: read strictly. A link shows a place of the window and can do nothing else.

use cuetower_engine::notify::Opens;

use crate::shell;

const SCHEME: &str = "cuetower://";
/// Nothing that Cuetower hands out is longer.
const LINK_BYTES_MAX: usize = 600;
const ID_BYTES_MAX: usize = 100;
const NAME_CHARS_MAX: usize = 200;
/// Rooms without an inside.
const ROOMS: &[&str] = &["board", "gates", "agents", "costs", "alerts", "secrets", "settings"];

/// Whether this argument is a link rather than an option: right or wrong, nobody else reads it.
pub fn is_one(argument: &str) -> bool {
    argument.get(..9).is_some_and(|scheme| scheme.eq_ignore_ascii_case("cuetower:"))
}

/// Where in the window it leads ("#/run/ID"). The error is half a sentence for the log.
pub fn place(link: &str) -> Result<String, &'static str> {
    if link.len() > LINK_BYTES_MAX {
        return Err("it is longer than any link of Cuetower's");
    }
    // Hosts are written small by whoever tidies an address.
    let rest = link
        .get(..SCHEME.len())
        .filter(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
        .map(|scheme| &link[scheme.len()..])
        .ok_or("it does not begin with cuetower://")?;
    let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
    // An address without a path gets a slash from some.
    let path = path.strip_suffix('/').unwrap_or(path);
    match (path.split_once('/'), query) {
        (None, None) if ROOMS.contains(&path) => Ok(format!("#/{path}")),
        (None, _) => Err("there is no such place"),
        (Some(("run", id)), None) => known(Opens::Run(plain_id(id)?)),
        (Some(("gate", id)), None) => known(Opens::Gate(plain_id(id)?)),
        (Some(("cue", id)), None) => cue(&plain_id(id)?),
        (Some(("agent", name)), query) => known(agent(name, query)?),
        (Some(_), _) => Err("there is no such place"),
    }
}

fn known(opens: Opens) -> Result<String, &'static str> {
    shell::place(&opens).ok_or("there is no such place")
}

/// "#/cue/new" is the form for one that there is not yet.
fn cue(id: &str) -> Result<String, &'static str> {
    if id == "new" { Err("it names no cue") } else { Ok(format!("#/cue/{id}")) }
}

/// `NAME`, with `?account=ID` for one of another account's.
fn agent(name: &str, query: Option<&str>) -> Result<Opens, &'static str> {
    let name = decoded(name)?;
    let hidden = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(hidden) {
        return Err("it names no agent");
    }
    let account = match query {
        None => None,
        Some(query) => Some(plain_id(query.strip_prefix("account=").ok_or("it asks for more than a place")?)?),
    };
    Ok(Opens::Agent { name, account })
}

/// As all ids are: of letters, digits, `-` and `_`.
fn plain_id(text: &str) -> Result<String, &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_one = !text.is_empty() && text.len() <= ID_BYTES_MAX && text.bytes().all(plain);
    is_one.then(|| text.to_owned()).ok_or("it holds no id")
}

/// What `encodeURIComponent` wrote.
fn decoded(text: &str) -> Result<String, &'static str> {
    let wrong = "it is not encoded as a link is";
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16)).ok_or(wrong);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).map_err(|_| wrong)?
            }
            b'/' | b'#' | b'\\' => return Err(wrong),
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_place_that_the_page_knows() {
        let uuid = "0b7e1f3a-8f6d-4c43-9a55-3d9f7c1b2a10";
        for (link, hash) in [
            (format!("cuetower://run/{uuid}"), format!("#/run/{uuid}")),
            ("cuetower://cue/cue_a1b2c3d4e5f6".into(), "#/cue/cue_a1b2c3d4e5f6".into()),
            ("cuetower://gate/gate_4f/".into(), "#/gates/gate_4f".into()),
            ("cuetower://agent/lead%2Fscout%20%C3%A9".into(), "#/agents/lead%2Fscout%20%C3%A9".into()),
            ("cuetower://agent/scout?account=acc_1".into(), "#/agents/scout?account=acc_1".into()),
            ("cuetower://alerts".into(), "#/alerts".into()),
            ("CueTower://board/".into(), "#/board".into()),
            ("cuetower://settings".into(), "#/settings".into()),
        ] {
            assert_eq!(place(&link), Ok(hash), "{link}");
            assert!(is_one(&link));
        }
    }

    #[test]
    fn what_is_not_exactly_such_a_link_leads_nowhere() {
        let long = format!("cuetower://agent/{}", "a".repeat(201));
        let longer = format!("cuetower://run/{}", "a".repeat(1000));
        for link in [
            "cuetower:",
            "cuetower:/run/x",
            "cuetower://",
            "cuetower://run",
            "cuetower://run/",
            "cuetower://run//x",
            "cuetower://run/x/y",
            "cuetower://run/../secrets",
            "cuetower://run/%2e%2e",
            "cuetower://run/x?edit",
            "cuetower://run/x#/secrets",
            "cuetower://run/<script>",
            "cuetower://gate/g?answer=approve",
            "cuetower://gate/g/approve",
            "cuetower://cue/new",
            "cuetower://cue/new?from=cue_1",
            "cuetower://alerts?x",
            "cuetower://ALERTS",
            "cuetower://fire/cue_1",
            "cuetower://settings/keys/new",
            "cuetower://user@run/x",
            "cuetower://run:80/x",
            "cuetower://agent/",
            "cuetower://agent/a%",
            "cuetower://agent/a%g0",
            "cuetower://agent/%ff",
            "cuetower://agent/a%00",
            "cuetower://agent/a%E2%80%AEb",
            "cuetower://agent/a?account=acc_1&x=1",
            "cuetower://agent/a?name=b",
            "cuetower://run/x\n",
            "javascript:alert(1)",
            "",
            &long,
            &longer,
        ] {
            assert!(place(link).is_err(), "{link}: {:?}", place(link));
        }
        assert!(!is_one("--hidden") && !is_one("status") && !is_one("cuetowers") && is_one("CUETOWER:x"));
        assert!(!is_one("cuetowe\u{e9}:"), "it is not cut within a letter");
    }
}
