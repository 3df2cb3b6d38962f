//! `support`: one file to send along with a question. It says what is in it before it is written. Nothing of what agents and cues
//! say is in it, and no secret: of the store the schema and counts, of the log what the tower itself says.

mod parts;

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use cuetower_engine::clock::{Clock as _, SystemClock};
use cuetower_engine::private;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::args::SupportArgs;
use crate::show::{say, say_json};
use crate::tower::Options;

use parts::Part;

/// The folder that everything is in once it is taken out.
const INSIDE: &str = "cuetower-support";

pub async fn obey(args: SupportArgs, data: Option<PathBuf>, as_json: bool) -> Result<(), String> {
    let folder = Options { data: data.clone(), ..Options::default() }.folder().map_err(|error| error.to_string())?;
    let now = SystemClock::new().now();
    let day = now.utc().unwrap_or_default().format("%Y-%m-%d").to_string();
    let path = args.output.unwrap_or_else(|| PathBuf::from(format!("cuetower-support-{day}.tar.gz")));
    let parts = parts::all(&folder, data, args.vault.kind()).await;
    if !as_json {
        let width = parts.iter().map(|part| part.name.len()).max().unwrap_or(0);
        let listed: Vec<String> = parts.iter().map(|part| format!("  {:width$}  {}", part.name, part.about)).collect();
        let never = "No secret, no payload, no prompt, and nothing that an agent reported is in it.";
        say(&format!("In the bundle:\n{}\n{never}", listed.join("\n")));
    }
    let told: Vec<_> =
        parts.iter().map(|part| json!({ "name": part.name, "about": part.about, "bytes": part.text.len() })).collect();
    if args.list {
        if as_json {
            say_json(&json!({ "parts": told }));
        }
        return Ok(());
    }
    let seconds = u64::try_from(now.0 / 1_000).unwrap_or(0);
    let unwritable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!("{} is there already. Name another file with --output.", path.display())
        }
        _ => format!("{} could not be written: {error}.", path.display()),
    };
    written(&path, &parts, seconds).map_err(unwritable)?;
    let whole = std::path::absolute(&path).unwrap_or(path);
    if as_json {
        say_json(&json!({ "path": whole, "parts": told }));
    } else {
        say(&format!("Written: {}\nLook into it before you send it: `tar -xzOf {0} | less`.", whole.display()));
    }
    Ok(())
}

/// For its owner's eyes until he sends it; what is there already stays.
fn written(path: &Path, parts: &[Part], seconds: u64) -> std::io::Result<()> {
    let file: File = private::options().write(true).create_new(true).open(path)?;
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::default()));
    for part in parts {
        let mut header = tar::Header::new_gnu();
        header.set_size(part.text.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(seconds);
        archive.append_data(&mut header, format!("{INSIDE}/{}", part.name), part.text.as_bytes())?;
    }
    archive.into_inner()?.finish()?.flush()
}
