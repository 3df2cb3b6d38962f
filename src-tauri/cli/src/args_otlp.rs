//! The arguments of `otlp …`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum OtlpCommand {
    /// Where runs go as traces, and how that goes
    Show,
    /// What came in that belongs to no known run, by agent and day
    Apart {
        /// Its alone
        #[arg(long)]
        agent: Option<String>,
    },
    /// Send every run that ends from now on to this collector (OTLP over HTTP)
    Set {
        /// Such as http://localhost:4318; without a path it gets /v1/traces
        url: String,
        /// As in `Authorization=Bearer {{secret:NAME}}`; may be said several times
        #[arg(long = "header", value_name = "NAME=VALUE", value_parser = header)]
        headers: Vec<(String, String)>,
    },
    /// Send no runs any more
    Off,
}

fn header(written: &str) -> Result<(String, String), String> {
    let (name, value) = written.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::header;

    #[test]
    fn a_header_is_split_at_its_first_equals_sign() {
        assert_eq!(header("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert!(header("A").is_err());
    }
}
