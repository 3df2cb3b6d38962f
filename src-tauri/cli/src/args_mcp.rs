//! The arguments of `mcp`, as clap reads them. Part of `args`.

use clap::Args;

/// The Model Context Protocol over standard input and output, for clients that start a program
///
/// Carries each message to the `/mcp` of the running tower:
///
///   { "mcpServers": { "cuetower": { "command": "cuetowerctl", "args": ["mcp"],
///                                   "env": { "CUETOWER_API_KEY": "cue_sk_…" } } } }
///
/// In a program that the tower started for a run, the run's own token (CUETOWER_TOKEN) is enough.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct McpArgs {
    /// The variable that holds the API key
    #[arg(long, value_name = "NAME", default_value = "CUETOWER_API_KEY")]
    pub key_env: String,
    /// The tower's agents' door [default: of a run's token CUETOWER_URL, else the tower on --data]
    #[arg(long)]
    pub url: Option<String>,
}
