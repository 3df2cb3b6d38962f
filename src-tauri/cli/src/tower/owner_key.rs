//! The owner's own key for the agents' door: kept in the vault, its hash in the store.

use cuetower_engine::Trouble;
use cuetower_engine::desk::Desk;
use cuetower_engine::handle::TowerChange;
use cuetower_engine::journal::KeyRow;
use cuetower_engine::token;
use cuetower_engine::vault::OWNER_KEY;

const SCOPES: &str = "cues report commands";

/// The key the vault keeps; where it keeps none or does not answer, a fresh one, good from now on, and the former ones end.
pub async fn ready(desk: &Desk) -> Result<String, Trouble> {
    let key = kept_or_fresh(desk).await;
    let row = KeyRow::of_owner(&key, "owner", SCOPES, desk.handle.now());
    desk.handle.tower(TowerChange::KeyAdded(Box::new(row))).await?;
    Ok(key)
}

async fn kept_or_fresh(desk: &Desk) -> String {
    // A vault that did not answer when it was opened is not waited for again; its health says so.
    if desk.vault.health().ok {
        match desk.vault.get(OWNER_KEY).await {
            Ok(Some(key)) => return key,
            Ok(None) => {
                let key = token::new_api_key();
                if desk.vault.set(OWNER_KEY, &key).await.is_ok() {
                    return key;
                }
            }
            Err(_) => {}
        }
    }
    tracing::warn!(
        "your key for the agents' door could not be kept, so it is a new one at each start, and the one of before is good \
         for 24 more hours. A keyring, or --vault file, keeps it; `cuetowerctl key` prints the one of now"
    );
    token::new_api_key()
}
