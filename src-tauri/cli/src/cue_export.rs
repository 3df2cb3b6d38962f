//! `cue export`: cues as a file that can be kept, read and applied.

use std::path::Path;

use cuetower_engine::desk::wire::PortableCues;
use serde_json::json;

use crate::args::{CueExportArgs, CueFormat};
use crate::cuefile;
use crate::owner::Owner;
use crate::show::{complain, hand_out, say};

pub async fn obey(owner: &Owner, args: CueExportArgs) -> Result<(), String> {
    let by_name = args.output.as_deref().and_then(cuefile::format_of);
    if let Some(path) = &args.output {
        may_be_written(path, args.format.or(by_name), args.force)?;
    }
    let format = args.format.or(by_name).unwrap_or(CueFormat::Json);
    let PortableCues { cues, left_out, notes } =
        owner.ask_for_long("cues_export", json!({ "names": args.cue })).await?;
    let text = cuefile::write(&cues, format);
    match &args.output {
        None => hand_out(&text),
        Some(path) => {
            std::fs::write(path, &text)
                .map_err(|error| format!("{} could not be written: {error}.", path.display()))?;
            let cues = if cues.len() == 1 { "1 cue".to_owned() } else { format!("{} cues", cues.len()) };
            say(&format!("{cues} written to {}", path.display()));
        }
    }
    // Beside the file, which may be on standard output.
    for cue in left_out {
        complain(&format!("{} is left out: {}. `--cue` brings it along.", cue.name, cue.why));
    }
    for note in notes {
        complain(&note);
    }
    Ok(())
}

/// Before the tower is asked. `.yaml` would hold JSON, and is not read back.
fn may_be_written(path: &Path, format: Option<CueFormat>, force: bool) -> Result<(), String> {
    if format.is_none() && path.extension().is_some() {
        return Err(format!(
            "{} would be neither JSON nor TOML: end it with .json or .toml, or say --format.",
            path.display()
        ));
    }
    // A device, such as /dev/stdout, is there always.
    if !force && path.is_file() {
        return Err(format!("{} is there already. Name another file, or say --force.", path.display()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_nobody_could_read_back_or_that_is_there_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let refused = may_be_written(&at("x.yaml"), None, true).unwrap_err();
        assert!(refused.contains(".json or .toml"), "{refused}");
        assert_eq!(may_be_written(&at("x.yaml"), Some(CueFormat::Json), false), Ok(()));
        assert_eq!(may_be_written(&at("x"), None, false), Ok(()));
        std::fs::write(at("x.toml"), "").unwrap();
        let refused = may_be_written(&at("x.toml"), Some(CueFormat::Toml), false).unwrap_err();
        assert!(refused.ends_with("is there already. Name another file, or say --force."), "{refused}");
        assert_eq!(may_be_written(&at("x.toml"), Some(CueFormat::Toml), true), Ok(()));
    }
}
