//! Names of models, as providers and those who resell them write them.

/// Of a name in the table, in characters.
const NAME_CHARS_MAX: usize = 200;
/// Words before a model's name that say who made it or passes it on, and change no price. Whoever runs other people's
/// models at prices of their own (Groq, Together, …) is not among them: those prices stand under the whole name.
const MAKERS: [&str; 40] = [
    "openai/",
    "anthropic/",
    "google/",
    "gemini/",
    "models/",
    "publishers/google/models/",
    "publishers/anthropic/models/",
    "vertex_ai/",
    "vertexai/",
    "google-vertex/",
    "azure/",
    "azure_ai/",
    "bedrock/",
    "bedrock_converse/",
    "converse/",
    "openrouter/",
    "litellm/",
    "litellm_proxy/",
    "mistral/",
    "mistralai/",
    "deepseek/",
    "xai/",
    "x-ai/",
    "cohere/",
    "openai:",
    "anthropic:",
    "google:",
    "google-gla:",
    "google-vertex:",
    "mistral:",
    "deepseek:",
    "us.",
    "us-gov.",
    "eu.",
    "apac.",
    "jp.",
    "au.",
    "global.",
    "anthropic.",
    "openai.",
];
/// How versions stand at the end of a name, the longest first; `#` is a digit.
const VERSIONS: [&str; 16] = [
    "-####-##-##",
    "@####-##-##",
    "-########",
    "@########",
    "-##-####",
    "@default",
    "-latest",
    ":latest",
    "@latest",
    "-##-##",
    "-####",
    "-v#:#",
    "-###",
    "@###",
    "-v1",
    ":0",
];

/// Why a table cannot have this name of a model; None: it can.
#[must_use]
pub fn name_trouble(name: &str) -> Option<&'static str> {
    let named = name.strip_suffix('*').unwrap_or(name);
    if named.trim().is_empty() {
        return Some("Name the model, as its calls report it; `gpt-4o*` stands for all names that begin so.");
    }
    if named.contains('*') {
        return Some("A `*` stands at the end of the name alone.");
    }
    if name.chars().count() > NAME_CHARS_MAX {
        return Some("A model's name has at most 200 characters.");
    }
    name.chars().any(char::is_control).then_some("A model's name has no control characters.")
}

/// The one way to write a name, by which names are compared.
#[must_use]
pub fn plain_name(model: &str) -> String {
    let model = model.trim().to_lowercase();
    // arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-…
    match model.strip_prefix("arn:aws").and_then(|arn| arn.split_once('/')) {
        Some((_, name)) => name.to_owned(),
        None => model,
    }
}

/// What a reported name may stand under, the most exact first.
pub(super) fn candidates(model: &str) -> Vec<String> {
    let plain = plain_name(model);
    let writings = std::iter::successors(Some(plain.as_str()), |name| without_maker(name));
    let versions = writings.flat_map(|name| std::iter::successors(Some(name), |name| without_version(name)));
    let mut found: Vec<String> = Vec::new();
    for name in versions {
        if !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
    }
    found
}

fn without_maker(name: &str) -> Option<&str> {
    MAKERS.iter().find_map(|maker| name.strip_prefix(maker)).filter(|rest| !rest.is_empty())
}

fn without_version(name: &str) -> Option<&str> {
    VERSIONS.iter().find_map(|shape| without_tail(name, shape)).filter(|rest| !rest.is_empty())
}

/// What stands before a tail of this shape, in which `#` is a digit.
fn without_tail<'a>(name: &'a str, shape: &str) -> Option<&'a str> {
    let (before, tail) = name.split_at_checked(name.len().checked_sub(shape.len())?)?;
    let fits = |(byte, wanted): (u8, u8)| if wanted == b'#' { byte.is_ascii_digit() } else { byte == wanted };
    tail.bytes().zip(shape.bytes()).all(fits).then_some(before)
}
