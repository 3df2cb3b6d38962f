//! `cue export`: cues as a file that can be kept, read and applied.

use cuetower_engine::desk::wire::PortableCues;
use serde_json::json;

use crate::args::{CueExportArgs, CueFormat};
use crate::cuefile;
use crate::owner::Owner;
use crate::show::{complain, hand_out, say};

pub async fn obey(owner: &Owner, args: CueExportArgs) -> Result<(), String> {
    let by_name = args.output.as_deref().and_then(cuefile::format_of);
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
